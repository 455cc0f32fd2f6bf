"""limits: what the caps of a program still leave an advocate, as of now.

The engine keeps its own count and decides by that; here it is counted from the decisions, to be
shown before anything is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet, Sum

from banyan.core.referrals.models import Decision, Reversal
from banyan.engine.language.explain.allowance import bounds_of, size_of
from banyan.engine.language.program import Cap, Limit, Program

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True)
class Room:
    """A cap for each advocate, and what is left of it: minor units of `unit`, or grants where it
    `counts`. `reward` is empty for a limit over several rewards."""

    reward: str
    unit: str
    counts: bool
    size: int
    used: int
    period: str | None
    ends_at: datetime | None
    """When the period that is running is over; None: it never is."""

    @property
    def left(self) -> int:
        """Never less than nothing."""
        return max(self.size - self.used, 0)


def rooms(program: Program, advocate: str, *, now: datetime) -> list[Room]:
    """Every cap on what this advocate can get, in the order of the file."""
    found = []
    for name, reward in program.rewards.items():
        if reward.to == "advocate":
            caps = [cap for cap in reward.caps if cap.per in ("advocate", "beneficiary")]
            unit = program.unit(reward.give)
            found += [_room(program, cap, advocate, name, unit, now) for cap in caps]
    for limit in program.limits:
        if limit.per in ("advocate", "beneficiary"):
            found.append(_room(program, limit, advocate, "", program.unit(limit.give), now))
    return found


def _room(
    program: Program, cap: Cap | Limit, advocate: str, reward: str, unit: str, now: datetime
) -> Room:
    rows = Decision.objects.filter(
        program=program.program, amount__gt=0, outcome__in=("granted", "held")
    )
    rows = rows.filter(**{cap.per: advocate})
    rows = rows.filter(reward=reward) if reward else rows.filter(unit=unit)
    ends_at = None
    if cap.period is not None:
        first, after = bounds_of((now - _EPOCH) // _US, cap.period, program.timezone)
        ends_at = _EPOCH + after * _US
        rows = rows.filter(occurred_at__gte=_EPOCH + first * _US, occurred_at__lt=ends_at)
    counts = cap.count is not None
    return Room(
        reward=reward,
        unit=unit,
        counts=counts,
        size=size_of(program, cap, unit),
        used=_used(rows, counts=counts),
        period=cap.period,
        ends_at=ends_at,
    )


def _used(rows: QuerySet[Decision], *, counts: bool) -> int:
    back = dict(
        Reversal.objects.filter(decision_id__in=rows.values("decision_id"))
        .values_list("decision_id")
        .annotate(n=Sum("amount"))
        .order_by()
    )
    if not counts:
        given = int(rows.aggregate(n=Sum("amount"))["n"] or 0)
        return given - sum(back.values())
    whole = rows.filter(decision_id__in=back).values_list("decision_id", "amount")
    number: int = rows.count() - sum(back[one] >= amount for one, amount in whole)
    return number
