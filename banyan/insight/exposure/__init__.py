"""exposure: how often the pages of programs are seen, and by about how many; by whom, nobody can
tell."""
