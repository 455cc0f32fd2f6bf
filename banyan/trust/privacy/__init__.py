"""privacy: requests to see, take along or erase personal data."""
