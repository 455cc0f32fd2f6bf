"""console: where growth, sales, support, finance and legal work."""
