"""clocks: by when a dispute must be taken up and solved, and whether that time has passed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

ACCEPT_WITHIN = timedelta(hours=24)
SOLVE_WITHIN = timedelta(hours=48)
LAST_WITHIN = timedelta(hours=72)
"""The outer limit, which is what the customer is promised. All run from when it was raised or
appealed."""

Late = Literal["", "accept", "solve", "limit"]


def due(clock_from: datetime, *, is_taken_up: bool) -> datetime:
    """By when it must be taken up or, once it was, solved."""
    return clock_from + (SOLVE_WITHIN if is_taken_up else ACCEPT_WITHIN)


def late(
    clock_from: datetime, *, accepted_at: datetime | None, solved_at: datetime | None, now: datetime
) -> Late:
    """Which of the three times was missed, the last one first; empty when none was.

    A solved dispute stays marked by what it missed before it was solved.
    """
    end = solved_at or now
    if end > clock_from + LAST_WITHIN:
        return "limit"
    if end > clock_from + SOLVE_WITHIN:
        return "solve"
    taken_up_at = accepted_at or end
    return "accept" if taken_up_at > clock_from + ACCEPT_WITHIN else ""
