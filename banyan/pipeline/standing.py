"""standing: how the installation stands, for whoever watches it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from banyan.core.events import read as log
from banyan.pipeline import alarms
from banyan.pipeline.outbox import read as outbox
from banyan.pipeline.schedule import read as schedule
from banyan.pipeline.wait import cursor_position


@dataclass(frozen=True)
class Standing:
    """The line, what waits behind it, and what somebody should look at."""

    head: int
    """The log's last position."""
    cursor: int
    """The last position decided."""
    lag_s: float
    """Seconds since the oldest event that is not decided was received; 0 when all are."""
    outbox: outbox.Backlog
    alarms: Sequence[alarms.Raised]
    jobs: Sequence[schedule.LastRun]


def standing(now: datetime) -> Standing:
    """How everything stands at `now`, by the installation's clock."""
    cursor = cursor_position()
    return Standing(
        log.head(),
        cursor,
        lag_s(cursor, now),
        outbox.backlog(),
        tuple(alarms.raised()),
        tuple(schedule.last_runs()),
    )


def lag_s(cursor: int, now: datetime) -> float:
    """Seconds since the event behind `cursor` was received; 0 when there is none."""
    waiting = log.after(cursor, 1)
    if waiting.is_empty():
        return 0.0
    received: datetime = waiting["received_at"][0]
    return max(0.0, (now - received).total_seconds())
