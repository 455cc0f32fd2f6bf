"""access: keys and what each may do, idempotent replies, rate limits."""
