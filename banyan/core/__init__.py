"""core: keeps what the line reads and writes."""
