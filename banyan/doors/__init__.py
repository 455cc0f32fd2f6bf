"""Where the outside comes in. No door imports another."""
