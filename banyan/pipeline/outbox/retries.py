"""When a delivery that failed is attempted again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import uniform

FIRST = timedelta(seconds=5)
GROWTH = 4
LONGEST = timedelta(hours=12)
JITTER = 0.2
"""Of each wait, either way: receivers that failed together are not tried again together."""
GIVE_UP_AFTER = timedelta(days=3)
DISABLE_AFTER = timedelta(days=5)
"""Of failure without one success between."""


def next_attempt(
    attempts: int, *, since: datetime, now: datetime, retry_after_s: float | None = None
) -> datetime | None:
    """When to try again after `attempts` failures, the last at `now`; None: give up.

    5 s, 20 s, 80 s, … 12 h, 12 h, each a fifth shorter or longer by chance. A receiver that names a
    later time itself is believed, up to 12 hours.
    """
    # Beyond this many the power would only be cut to LONGEST.
    wait = min(FIRST * GROWTH ** min(attempts - 1, 10), LONGEST) * uniform(1 - JITTER, 1 + JITTER)
    if retry_after_s is not None:
        wait = max(wait, min(timedelta(seconds=retry_after_s), LONGEST))
    return now + wait if now + wait <= since + GIVE_UP_AFTER else None
