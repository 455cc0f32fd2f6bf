"""read: experiments as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from banyan.insight.experiments.models import Experiment
from banyan.insight.experiments.report import Metric


@dataclass(frozen=True)
class ExperimentRow:
    """One experiment; see the table."""

    number: int
    program: str
    split: str
    hypothesis: str
    metric: Metric
    audience: str
    baseline: float
    effect: float
    deviation: float | None
    alpha: float
    power: float
    size: int
    starts_on: date
    ends_on: date
    made_by: str
    made_at: datetime
    ended_by: str
    ended_at: datetime | None
    winner: str
    conclusion: str
    draft: int | None
    version: int | None


def experiments(*, program: str = "") -> list[ExperimentRow]:
    """All of a program, or of all, those that run first, then the newest."""
    rows = Experiment.objects.order_by("-id")
    if program:
        rows = rows.filter(program=program)
    found = [_row(row) for row in rows]
    return sorted(found, key=lambda one: one.ended_at is not None)


def experiment(number: int) -> ExperimentRow | None:
    """One of them."""
    row = Experiment.objects.filter(pk=number).first()
    return _row(row) if row else None


def _row(row: Experiment) -> ExperimentRow:
    values = {
        name: getattr(row, name) for name in ExperimentRow.__dataclass_fields__ if name != "number"
    }
    return ExperimentRow(number=row.pk, **values | {"metric": cast(Metric, row.metric)})
