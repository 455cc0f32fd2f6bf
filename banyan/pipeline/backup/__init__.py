"""backup: an installation's database as one file, and back."""
