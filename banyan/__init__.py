"""Banyan 榕荐: referral and loyalty programs as queries over an event log."""
