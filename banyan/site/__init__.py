"""site: settings, addresses and the callable that a web server runs."""
