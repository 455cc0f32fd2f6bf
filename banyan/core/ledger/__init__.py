"""ledger: where value moved: accounts, transfers, postings, balances."""
