"""amends: what people put right by hand: rewards at discretion, corrections of referrals."""
