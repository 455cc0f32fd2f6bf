"""api: REST for integrators."""
