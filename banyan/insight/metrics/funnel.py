"""funnel: how many come from each stage to the next, and where most are lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from banyan.insight.metrics import measures as of
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import Scope
from banyan.insight.metrics.stages import BUILT_IN, OURS, Stage
from banyan.insight.metrics.sums import Sums, slices
from banyan.insight.segments.read import members
from banyan.kernel.database import among, is_postgres, read

_DAYS = {key: f"f.{key}_on" for key in BUILT_IN if key != of.INITIATED}
FEW = 20
"""Of fewer than so many in a stage nothing is concluded."""
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
    usual: float
    """What share of the stage before should come on, where no period before is there to compare."""

    @property
    def lost(self) -> float | None:
        """What share of the stage before did not come (yet)."""
        return None if self.from_previous is None else max(0.0, 1 - self.from_previous)


@dataclass(frozen=True)
class Leak:
    """The stage that loses most against what it should: the period before, or what is usual."""

    stage: str
    rate: float
    expected: float
    is_drop: bool
    """Whether `expected` is the period before."""


def funnel(now: Sums, before: Sums, stages: Sequence[Stage] = OURS) -> tuple[Step, ...]:
    """The stages of one period beside those of another. A stage counts those who reached it in the
    period, whenever they began."""
    keys = [one.key for one in stages]
    counts, past = ({key: of_period.n(key) for key in keys} for of_period in (now, before))
    return steps(counts, past, stages)


def steps(
    now: Mapping[str, int], before: Mapping[str, int], stages: Sequence[Stage] = OURS
) -> tuple[Step, ...]:
    """Counts by stage, as steps."""
    found: list[Step] = []
    for number, one in enumerate(stages):
        stage, above = one.key, stages[max(0, number - 1)].key
        found.append(
            Step(
                stage,
                now.get(stage, 0),
                share(now.get(stage, 0), now.get(above, 0)) if number else None,
                share(now.get(stage, 0), now.get(stages[0].key, 0)),
                before.get(stage, 0),
                share(before.get(stage, 0), before.get(above, 0)) if number else None,
                one.usual,
            )
        )
    return tuple(found)


def leak(found: Sequence[Step], *, uncounted: Collection[str] = ()) -> Leak | None:
    """Where something should be done; None while too few came to say, or nothing is amiss. Of
    stages that are not counted to the end yet nothing is concluded."""
    worst: tuple[float, Leak] | None = None
    for above, step in pairwise(found):
        if above.n < FEW or step.from_previous is None:
            continue
        if above.stage in uncounted or step.stage in uncounted:
            continue
        is_drop = above.before >= FEW and step.from_previous_before is not None
        expected = step.from_previous_before if is_drop else step.usual
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


def funnels(period: Period, scope: Scope, by: str, stages: Sequence[Stage] = OURS) -> list[Group]:
    """A funnel for each channel, script, version or variant, the fullest first."""
    keys = [one.key for one in stages]
    now, before = (_counted(slices(one, scope, by), by, keys) for one in (period, period.before))
    revenue = _revenue(slices(period, scope, by), scope, by)
    groups = [
        Group(name, steps(counts, before.get(name, {}), stages), revenue.get(name, 0))
        for name, counts in now.items()
    ]
    return sorted(groups, key=lambda one: ([-step.n for step in one.steps], one.name))


def segment_funnel(
    period: Period, scope: Scope, segment: str, stages: Sequence[Stage] = OURS
) -> tuple[Step, ...]:
    """Of friends who joined in the period and whose advocate is in the segment now: how far they
    have come. What never led to a joining is not known by segment, so who was reached is empty."""
    people = members(segment)
    now, before = (_brought_by(one, scope, people) for one in (period, period.before))
    return steps(now, before, stages)


def days_to(period: Period, scope: Scope, stages: Sequence[Stage] = OURS) -> dict[str, float]:
    """Days from being reached to a stage, the median of those who reached it in the period; a stage
    that nobody reached has none, nor has the being reached itself."""
    of_programs, programs = among("f.program", scope.programs)
    days = "CAST(julianday({0}) - julianday(f.touched_on) AS INTEGER)"
    if is_postgres():
        days = "({0} - f.touched_on)"
    found = {}
    for stage in stages:
        if stage.key == of.INITIATED:
            continue
        table, day, keys = "metrics_friend f", _DAYS.get(stage.key, "r.reached_on"), []
        if not stage.is_built_in:
            table = (
                "metrics_reached r JOIN metrics_friend f "
                "ON f.program = r.program AND f.friend = r.friend AND r.stage = %s"
            )
            keys = [stage.key]
        rows = read(
            f"SELECT {days.format(day)}, COUNT(*) FROM {table} WHERE {of_programs} "
            f"AND {day} >= %s AND {day} <= %s GROUP BY 1 ORDER BY 1",
            [*keys, *programs, period.first, period.last],
            {"days": pl.Int64, "n": pl.Int64},
        )
        if rows.height:
            found[stage.key] = _median(rows)
    return found


def _median(rows: pl.DataFrame) -> float:
    """Of values in their order, each as often as it says."""
    upto, whole = rows["n"].cum_sum(), int(rows["n"].sum())
    low, high = (
        int(rows["days"].filter(upto > place)[0]) for place in ((whole - 1) // 2, whole // 2)
    )
    return (low + high) / 2


def share(part: int, whole: int) -> float | None:
    """Part of whole; None of nothing."""
    return part / whole if whole else None


def _brought_by(period: Period, scope: Scope, people: Sequence[str]) -> dict[str, int]:
    of_programs, programs = among("f.program", scope.programs)
    of_people, advocates = among("f.advocate", people)
    where = f"{of_programs} AND {of_people} AND f.joined_on >= %s AND f.joined_on <= %s"
    parameters = [*programs, *advocates, period.first, period.last]
    counts = ", ".join(f"COUNT({day})" for day in _DAYS.values())
    row = read(
        f"SELECT {counts} FROM metrics_friend f WHERE {where}",
        parameters,
        dict.fromkeys(_DAYS, pl.Int64),
    )
    own = read(
        "SELECT r.stage, COUNT(*) FROM metrics_friend f JOIN metrics_reached r "
        f"ON r.program = f.program AND r.friend = f.friend WHERE {where} GROUP BY r.stage",
        parameters,
        {"stage": pl.String, "n": pl.Int64},
    )
    return {stage: int(row[stage][0]) for stage in _DAYS} | dict(own.rows())


def _counted(rows: pl.DataFrame, by: str, keys: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    stages = rows.filter(pl.col("measure").is_in(keys))
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
