"""payouts: cash leaves wallets for people's accounts, once, and with four eyes."""
