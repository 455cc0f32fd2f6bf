"""number: whole numbers in addresses and forms."""

from __future__ import annotations

MOST_DIGITS = 18
"""More digits do not fit into a column."""


def number_of(text: str | None) -> int | None:
    """A whole number from 0 on, written in digits alone; None for anything else."""
    if text and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        return int(text)
    return None
