"""programs: what was promised: programs, published versions, links, codes."""
