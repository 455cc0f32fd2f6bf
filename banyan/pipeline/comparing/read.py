"""read: comparisons, how far they are, what came out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from banyan.pipeline.comparing.models import Comparison
from banyan.pipeline.comparing.report import Report, unpacked


@dataclass(frozen=True)
class ComparisonRow:
    """One comparison; `done` of `total` events, over both sides."""

    id: int
    program: str
    base_name: str
    name: str
    from_at: datetime
    until_at: datetime
    status: str
    done: int
    total: int
    reason: str
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ("done", "failed", "cancelled")

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return min(100, self.done * 100 // self.total) if self.total else 0


def comparisons(program: str, *, limit: int = 50) -> list[ComparisonRow]:
    """Those of a program, the newest first."""
    rows = Comparison.objects.filter(program=program).defer("source", "base_source", "result")
    return [_row(row) for row in rows.order_by("-id")[:limit]]


def comparison(number: int) -> ComparisonRow | None:
    """One comparison."""
    row = Comparison.objects.filter(pk=number).defer("source", "base_source", "result").first()
    return _row(row) if row else None


def report_of(number: int) -> Report | None:
    """What came out of one that is done."""
    text = Comparison.objects.filter(pk=number).values_list("result", flat=True).first()
    return unpacked(text) if text else None


def _row(row: Comparison) -> ComparisonRow:
    return ComparisonRow(
        row.pk,
        row.program,
        row.base_name,
        row.name,
        row.from_at,
        row.until_at,
        row.status,
        row.done,
        row.total,
        row.reason,
        row.asked_by,
        row.asked_at,
        row.started_at,
        row.ended_at,
    )
