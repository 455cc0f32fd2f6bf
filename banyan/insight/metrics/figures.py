"""figures: the five KPIs of programs and the twelve core figures, each with period, before, trend.

The seed names nine of the twelve; we add coverage of the base, days to the first purchase, and the
share that rewards take of referred revenue. Beside them stand a few that it asks for elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from banyan.insight.exposure import read as exposure
from banyan.insight.metrics import measures as of
from banyan.insight.metrics.advocates import brought, cover, days_to_purchase, retention, worth
from banyan.insight.metrics.assumptions import assumptions
from banyan.insight.metrics.economics import economics, revenue_share
from banyan.insight.metrics.funnel import share
from banyan.insight.metrics.known import known
from banyan.insight.metrics.lines import Colour, Line, lines
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import Scope
from banyan.insight.metrics.sums import Sums, sums

Kind = Literal["count", "share", "ratio", "days", "score"]
Value = float | None


@dataclass(frozen=True)
class Meant:
    """What a figure is, apart from its words."""

    key: str
    group: Literal["kpi", "quantity", "quality", "efficiency", "weight", "tracking", "reach"]
    kind: Kind


@dataclass(frozen=True)
class Figure:
    """A figure of a period beside the period before; None: there is nothing to reckon it from."""

    meant: Meant
    value: Value
    before: Value
    trend: tuple[tuple[str, Value], ...]
    """By piece of the period; empty for what only whole periods tell."""
    line: Line

    @property
    def colour(self) -> Colour | None:
        """On which side of its lines it is."""
        return self.line.colour(self.value)

    @property
    def change(self) -> Value:
        """By what share of itself it moved."""
        if self.value is None or not self.before:
            return None
        return self.value / self.before - 1


KPIS = (
    Meant("initiated", "kpi", "count"),
    Meant("acceptance", "kpi", "share"),
    Meant("conversion", "kpi", "share"),
    Meant("redemption", "kpi", "share"),
    Meant("depth", "kpi", "ratio"),
)
CORE = (
    Meant("new_share", "quantity", "share"),
    Meant("per_advocate", "quantity", "ratio"),
    Meant("layers", "quantity", "ratio"),
    Meant("coverage", "quantity", "share"),
    Meant("lead_conversion", "quality", "share"),
    Meant("retention", "quality", "share"),
    Meant("nps", "quality", "score"),
    Meant("days_to_purchase", "quality", "days"),
    Meant("roi", "efficiency", "ratio"),
    Meant("cac_saved", "efficiency", "share"),
    Meant("uplift", "efficiency", "share"),
    Meant("cost_share", "efficiency", "share"),
)
WEIGHT = (Meant("revenue_share", "weight", "share"),)
"""How much of the whole business referral carries."""
TRACKING = (Meant("attributed", "tracking", "share"),)
"""Whether the others can be believed: what is not recognised is counted by none of them."""
REACH = (Meant("exposure", "reach", "count"),)
"""How many see the pages of a program on a day."""
ALL: Mapping[str, Meant] = {one.key: one for one in (*KPIS, *CORE, *WEIGHT, *TRACKING, *REACH)}


def kpis(now: Sums, before: Sums, period: Period) -> tuple[Figure, ...]:
    """The five of a program: they follow from the days alone, so the board may ask for them."""
    return _told(KPIS, now, before, period, {})


def core(period: Period, scope: Scope, *, today: date) -> tuple[Figure, ...]:
    """The twelve."""
    both = sums(Period(period.before.first, period.last), scope)
    whole = {
        key: (reckon(period, scope), reckon(period.before, scope))
        for key, reckon in _OF_PERIOD.items()
    }
    uplift = worth(scope, today=today).uplift
    whole["uplift"] = uplift, None
    now, before = both.during(period), both.during(period.before)
    assumed = assumptions(scope)
    paid, paid_before = (economics(one, assumed, days=period.days) for one in (now, before))
    whole["roi"] = paid.roi, paid_before.roi
    whole["cac_saved"] = paid.cac_saved, paid_before.cac_saved
    return _told(CORE, now, before, period, whole)


def weight(now: Sums, before: Sums, period: Period) -> tuple[Figure, ...]:
    """What referral is to the business; of one program of several that is not known."""
    return _told(WEIGHT, now, before, period, {})


def tracking(period: Period, scope: Scope) -> tuple[Figure, ...]:
    """What is known of where friends came from."""
    nothing = sums(Period(period.first, period.first), scope).during(period.before)
    whole = {"attributed": (known(period, scope).share, known(period.before, scope).share)}
    return _told(TRACKING, nothing, nothing, period, whole)


def reach(period: Period, scope: Scope, *, today: date) -> tuple[Figure, ...]:
    """How many see the pages; days to come, and those before anything was counted, are none."""
    now, before = (
        exposure.days(scope.programs, first=one.first, last=min(one.last, today))
        for one in (period, period.before)
    )
    trend = tuple((one.day.isoformat(), float(one.either.visitors)) for one in now)
    line = lines(scope.program)["exposure"]
    return (Figure(REACH[0], exposure.a_day(now), exposure.a_day(before), trend, line),)


def everything(period: Period, scope: Scope, *, today: date) -> tuple[Figure, ...]:
    """The five, the twelve, and those beside them that the scope has."""
    both = sums(Period(period.before.first, period.last), scope)
    now, before = both.during(period), both.during(period.before)
    beside = (
        *(weight(now, before, period) if scope.is_all else ()),
        *tracking(period, scope),
        *reach(period, scope, today=today),
    )
    return (*kpis(now, before, period), *core(period, scope, today=today), *beside)


def redemption(found: Sums) -> Value:
    """Spent, less what was returned, of what became available, in the unit that matters: money
    where the programs give any, else the unit of which most became available.

    A wallet does not tell which program filled it, so of one program it is that of its unit.
    """
    unit = _main_unit(found)
    if unit is None:
        return None
    used = found.amount(of.SPENT, unit=unit) - found.amount(of.RETURNED, unit=unit)
    available = found.amount(of.AVAILABLE, unit=unit)
    return used / available if available else None


def _told(
    meants: tuple[Meant, ...],
    now: Sums,
    before: Sums,
    period: Period,
    whole: Mapping[str, tuple[Value, Value]],
) -> tuple[Figure, ...]:
    pieces = now.by_piece(period)
    set_lines = lines(now.scope.program)
    found = []
    for meant in meants:
        figure = Figure(meant, None, None, (), set_lines[meant.key])
        if meant.key in whole:
            value, past = whole[meant.key]
            found.append(replace(figure, value=value, before=past))
            continue
        reckon = _OF_SUMS[meant.key]
        trend = tuple((name, reckon(piece)) for name, piece in pieces)
        found.append(replace(figure, value=reckon(now), before=reckon(before), trend=trend))
    return tuple(found)


def _main_unit(found: Sums) -> str | None:
    units = found.units(of.AVAILABLE)
    money = [unit for unit in units if unit.startswith(("cash ", "credit "))]
    return next(reversed(money or units), None)


def _referred(found: Sums) -> int:
    return found.revenue(of.ORDERS) - found.revenue(of.REFUNDS)


def _cost_share(found: Sums) -> Value:
    revenue = _referred(found)
    return found.cost() / revenue if revenue > 0 else None


def _nps(found: Sums) -> Value:
    good, bad = found.n(of.PROMOTERS), found.n(of.DETRACTORS)
    answers = good + bad + found.n(of.PASSIVES)
    return 100 * (good - bad) / answers if answers else None


def _depth(found: Sums) -> Value:
    return share(found.amount(of.JOINED), found.n(of.JOINED))


_OF_SUMS: Mapping[str, Callable[[Sums], Value]] = {
    "initiated": lambda s: float(s.n(of.INITIATED)),
    "acceptance": lambda s: share(s.n(of.ACCEPTED), s.n(of.INITIATED)),
    "conversion": lambda s: share(s.n(of.PURCHASED), s.n(of.ACCEPTED)),
    "redemption": redemption,
    "depth": _depth,
    "new_share": lambda s: share(s.n(of.REFERRED_NEW), s.n(of.NEW)),
    "layers": _depth,
    "lead_conversion": lambda s: share(s.n(of.PURCHASED), s.n(of.INITIATED)),
    "nps": _nps,
    "cost_share": _cost_share,
    "revenue_share": revenue_share,
}
_OF_PERIOD: Mapping[str, Callable[[Period, Scope], Value]] = {
    "per_advocate": lambda period, scope: brought(period, scope).per_advocate,
    "coverage": lambda period, scope: cover(period).share,
    "retention": retention,
    "days_to_purchase": days_to_purchase,
}
