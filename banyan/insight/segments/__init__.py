"""segments: sets of customers by what is known of them, and the circle that people choose."""
