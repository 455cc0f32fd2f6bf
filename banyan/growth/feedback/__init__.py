"""feedback: what customers say back to us; here the disputes about referrals and rewards."""
