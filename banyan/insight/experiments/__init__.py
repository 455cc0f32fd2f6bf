"""experiments: what a split of people into variants is to show, and what it showed."""
