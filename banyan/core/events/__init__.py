"""events: what happened: the append-only log and its intake."""
