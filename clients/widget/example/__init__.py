"""A host site in one file, with the widget in its page."""
