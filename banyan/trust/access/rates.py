"""rates: how often a key may call.

Counted in each process by itself: a row in the database for every request would cost more than the
requests do. An installation with N web processes lets through up to N times the limit.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

WINDOW_S = 60
_MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Allowance:
    """Where a caller stands in the window that is running."""

    limit: int
    remaining: int
    resets_in_s: int
    is_allowed: bool


class Meter:
    """Counts in windows of a minute, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window = -1
        self._counts: dict[int, int] = {}

    def take(self, key_id: int, *, limit: int, now_s: float, cost: int = 1) -> Allowance:
        """Count `cost` requests of the key at `now_s`, seconds of any clock that does not jump."""
        window, into_s = divmod(now_s, WINDOW_S)
        with self._lock:
            if window != self._window or len(self._counts) > _MOST_COUNTED:
                self._window, self._counts = int(window), {}
            used = self._counts.get(key_id, 0)
            is_allowed = used + cost <= limit
            if is_allowed:
                used += cost
                self._counts[key_id] = used
        return Allowance(
            limit=limit,
            remaining=max(0, limit - used),
            resets_in_s=int(WINDOW_S - into_s) or 1,
            is_allowed=is_allowed,
        )
