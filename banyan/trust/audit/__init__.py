"""audit: who changed or read what, when and why."""
