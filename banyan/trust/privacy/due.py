"""due: by when a person's wish must be answered."""

from __future__ import annotations

from datetime import datetime, timedelta

# Fifteen working days is the shortest term in the rules we know of (China's for apps); the month of
# Europe's is longer. Public holidays count as working days here, so the term is never too long.
WORKING_DAYS = 15
_SATURDAY = 5


def due_at(received_at: datetime) -> datetime:
    """The end of the term: the same time of day, the fifteenth day from Monday to Friday after."""
    at, left = received_at, WORKING_DAYS
    while left:
        at += timedelta(days=1)
        left -= at.weekday() < _SATURDAY
    return at
