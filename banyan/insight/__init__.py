"""insight: what the line brought about, in figures: metrics and experiments."""
