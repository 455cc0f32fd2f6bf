"""edge: event intake and the click redirect; hot, thin, in front of Django."""
