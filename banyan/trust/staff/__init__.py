"""staff: the people who work here, their roles and what each role may do."""
