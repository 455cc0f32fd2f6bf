"""pace: how fast the line is, live, beside limits measured in the same run."""
