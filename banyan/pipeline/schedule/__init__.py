"""schedule: work that is due by the clock, each time once, however many processes look."""
