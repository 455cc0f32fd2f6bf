"""Leads: contacts of friends that an advocate or the staff gave, until the friend answers."""
