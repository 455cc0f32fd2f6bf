"""read: how scheduled work went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from banyan.pipeline.schedule.models import Job


@dataclass(frozen=True)
class LastRun:
    """One kind of work: how it ended last, and when it is due again."""

    name: str
    due_at: datetime
    ended_at: datetime | None
    succeeded_at: datetime | None
    result: str
    """A sentence; empty before the first end."""

    @property
    def is_well(self) -> bool:
        """Whether the last end was a success, or there was none yet."""
        return self.ended_at == self.succeeded_at


def last_runs() -> list[LastRun]:
    """All kinds of work that were looked at so far, by name."""
    rows = Job.objects.order_by("name")
    return [
        LastRun(row.name, row.due_at, row.ended_at, row.succeeded_at, row.result) for row in rows
    ]
