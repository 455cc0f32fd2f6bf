"""funnel: how many come from each stage to the next, and where most are lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from banyan.insight.metrics import measures as of
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import Scope
from banyan.insight.metrics.sums import Sums, slices
from banyan.insight.segments.read import members
from banyan.kernel.database import among, read

STAGES = (of.INITIATED, of.ACCEPTED, of.ACTIVATED, of.PURCHASED, of.REPURCHASED)
"""推荐发起, 邀请接受, 激活注册, 首次消费, 复购行为."""
_DAYS = {stage: f"{stage}_on" for stage in STAGES[1:]}
FEW = 20
"""Of fewer than so many in a stage nothing is concluded."""
USUAL = {of.ACCEPTED: 0.25, of.ACTIVATED: 0.7, of.PURCHASED: 0.5, of.REPURCHASED: 0.3}
"""What share of the stage before should come on, where no period before is there to compare."""
DROP = 0.1
"""A conversion that fell by this share of itself leaks."""


@dataclass(frozen=True)
class Step:
    """A stage: how many reached it, what share of the stage before and of the first; None of
    none. `before` is the count in the period before."""

    stage: str
    n: int
    from_previous: float | None
    from_first: float | None
    before: int
    from_previous_before: float | None

    @property
    def lost(self) -> int | None:
        """How many of the stage before did not come (yet)."""
        if self.from_previous is None:
            return None
        return max(0, round(self.n / self.from_previous) - self.n) if self.from_previous else None


@dataclass(frozen=True)
class Leak:
    """The stage that loses most against what it should: the period before, or what is usual."""

    stage: str
    rate: float
    expected: float
    is_drop: bool
    """Whether `expected` is the period before."""


def funnel(now: Sums, before: Sums) -> tuple[Step, ...]:
    """The stages of one period beside those of another. A stage counts those who reached it in the
    period, whenever they began."""
    return steps(
        {stage: now.n(stage) for stage in STAGES}, {stage: before.n(stage) for stage in STAGES}
    )


def steps(now: Mapping[str, int], before: Mapping[str, int]) -> tuple[Step, ...]:
    """Counts by stage, as steps."""
    found: list[Step] = []
    for number, stage in enumerate(STAGES):
        above = STAGES[number - 1] if number else stage
        found.append(
            Step(
                stage,
                now.get(stage, 0),
                share(now.get(stage, 0), now.get(above, 0)) if number else None,
                share(now.get(stage, 0), now.get(STAGES[0], 0)),
                before.get(stage, 0),
                share(before.get(stage, 0), before.get(above, 0)) if number else None,
            )
        )
    return tuple(found)


def leak(found: Sequence[Step]) -> Leak | None:
    """Where something should be done; None while too few came to say, or nothing is amiss."""
    worst: tuple[float, Leak] | None = None
    for above, step in pairwise(found):
        if above.n < FEW or step.from_previous is None:
            continue
        is_drop = above.before >= FEW and step.from_previous_before is not None
        expected = step.from_previous_before if is_drop else USUAL[step.stage]
        if not expected:
            continue
        missing = 1 - step.from_previous / expected
        if missing > (DROP if is_drop else 0) and (worst is None or missing > worst[0]):
            worst = missing, Leak(step.stage, step.from_previous, expected, is_drop)
    return worst[1] if worst else None


@dataclass(frozen=True)
class Group:
    """A funnel of those with one channel, script, version, variant or segment; empty: none."""

    name: str
    steps: tuple[Step, ...]
    revenue: int
    """Of friends' orders in the period, minor units of the scope's currency."""


def funnels(period: Period, scope: Scope, by: str) -> list[Group]:
    """A funnel for each channel, script, version or variant, the fullest first."""
    now, before = (_counted(slices(one, scope, by), by) for one in (period, period.before))
    revenue = _revenue(slices(period, scope, by), scope, by)
    groups = [
        Group(name, steps(counts, before.get(name, {})), revenue.get(name, 0))
        for name, counts in now.items()
    ]
    return sorted(groups, key=lambda one: ([-step.n for step in one.steps], one.name))


def segment_funnel(period: Period, scope: Scope, segment: str) -> tuple[Step, ...]:
    """Of friends who joined in the period and whose advocate is in the segment now: how far they
    have come. What never led to a joining is not known by segment, so the first stage is empty."""
    people = members(segment)
    return steps(*(_brought_by(one, scope, people) for one in (period, period.before)))


def share(part: int, whole: int) -> float | None:
    """Part of whole; None of nothing."""
    return part / whole if whole else None


def _brought_by(period: Period, scope: Scope, people: Sequence[str]) -> dict[str, int]:
    of_programs, programs = among("program", scope.programs)
    of_people, advocates = among("advocate", people)
    counts = ", ".join(f"COUNT({day})" for day in _DAYS.values())
    row = read(
        f"SELECT {counts} FROM metrics_friend WHERE {of_programs} AND {of_people} "
        "AND joined_on >= %s AND joined_on <= %s",
        [*programs, *advocates, period.first, period.last],
        dict.fromkeys(_DAYS, pl.Int64),
    )
    return {stage: int(row[stage][0]) for stage in _DAYS}


def _counted(rows: pl.DataFrame, by: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    stages = rows.filter(pl.col("measure").is_in(STAGES))
    for name, measure, _, n, _ in stages.select("by", "measure", "unit", "n", "amount").rows():
        for one in names(name, by):
            counts = found.setdefault(one, {})
            counts[measure] = counts.get(measure, 0) + n
    return found


def _revenue(rows: pl.DataFrame, scope: Scope, by: str) -> dict[str, int]:
    found: dict[str, int] = {}
    orders = rows.filter(pl.col("measure") == of.ORDERS, pl.col("unit") == scope.currency)
    for name, amount in orders.select("by", "amount").rows():
        for one in names(name, by):
            found[one] = found.get(one, 0) + amount
    return found


def names(value: str, by: str) -> list[str]:
    """The groups of a kept value: of a variant one for each experiment."""
    return value.split("; ") if by == "variant" and value else [value]
