"""tasks: what the staff has to do, each with an owner and a date: one inbox for all of it."""
