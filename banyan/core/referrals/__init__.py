"""referrals: who brought whom, and every decision with its reason."""
