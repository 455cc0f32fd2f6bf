"""wait: until the worker has decided a position of the log."""

from __future__ import annotations

import time

from banyan.pipeline.models import Cursor

FIRST_PAUSE_S = 0.004
LONGEST_PAUSE_S = 0.05


def decided(position: int, *, timeout_s: float) -> bool:
    """Whether everything up to that position was decided before the time ran out."""
    end = time.monotonic() + timeout_s
    pause = FIRST_PAUSE_S
    while cursor_position() < position:
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE_S)
    return True


def cursor_position() -> int:
    """The last position decided."""
    return Cursor.objects.values_list("position", flat=True).filter(id=1).first() or 0
