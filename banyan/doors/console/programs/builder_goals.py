"""builder_goals: a program's goals and how far it is on the way to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from banyan.core.referrals.came import Came, came
from banyan.doors.console.programs.builder_choices import GOALS, METRICS
from banyan.doors.console.programs.builder_steps import MOST_GOALS

SPAN = timedelta(days=30)


@dataclass(frozen=True)
class Goal:
    """One goal. `share` is the part of the way from the baseline to the target, 0 to 100."""

    kind: str
    metric: str
    baseline: str
    target: str
    by: str
    now: Decimal | None
    share: int | None
    is_late: bool


def goals(program: str, facts: Mapping[str, str], *, now: datetime) -> list[Goal]:
    """The goals that were noted, as they stand."""
    noted = [n for n in range(1, MOST_GOALS + 1) if facts.get(f"goal{n}_metric")]
    if not noted:
        return []
    counted = came(program, since=now - SPAN, until=now)
    return [_goal(facts, number, counted, now.date()) for number in noted]


def _goal(facts: Mapping[str, str], number: int, counted: Came, today: date) -> Goal:
    def said(name: str) -> str:
        return facts.get(f"goal{number}_{name}", "").strip()

    metric = said("metric")
    value = _number(said("now")) if metric == "other" else Decimal(getattr(counted, metric, 0))
    share = _share(_number(said("baseline")) or Decimal(0), _number(said("target")), value)
    name = said("other") if metric == "other" else str(dict(METRICS).get(metric, metric))
    return Goal(
        str(dict(GOALS).get(said("kind"), "")),
        name,
        said("baseline"),
        said("target"),
        said("date"),
        value,
        share,
        bool(said("date")) and said("date") < today.isoformat() and (share or 0) < 100,
    )


def _share(baseline: Decimal, target: Decimal | None, value: Decimal | None) -> int | None:
    if target is None or value is None or target == baseline:
        return None
    way = (value - baseline) / (target - baseline) * 100
    return int(max(Decimal(0), min(Decimal(100), way)))


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
