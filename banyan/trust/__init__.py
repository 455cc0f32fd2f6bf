"""trust: keys, audit and privacy requests."""
