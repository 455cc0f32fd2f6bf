"""limits: what the caps of a program still leave, as of now.

The engine keeps what caps have used in its state and decides by that; here it is counted from the
decisions, for pages that say what is left and must not promise what can no longer be granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from banyan.core.referrals.models import Decision, Reversal
from banyan.engine.language.explain.allowance import bounds_of, size_of
from banyan.engine.language.program import Cap, Limit, Program

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True)
class Room:
    """A cap, and what is left of it: minor units of `unit`, or grants where it `counts`. `reward`
    is empty for a limit over several rewards."""

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
    """Every cap on what this advocate alone can get, in the order of the file."""
    caps = [
        (name, cap)
        for name, reward in program.rewards.items()
        if reward.to == "advocate"
        for cap in reward.caps
    ]
    caps += [("", limit) for limit in program.limits]
    return [
        _room(program, name, cap, advocate, now=now)
        for name, cap in caps
        if cap.per in ("advocate", "beneficiary")
    ]


def is_used_up(program: Program, advocate: str, *, now: datetime) -> bool:
    """Whether nothing is left of what an invitation of the advocate offers the friend; of a program
    that gives friends nothing: of what it offers the advocate.

    Caps per friend are whole for a friend who is new.
    """
    of_friend = [name for name, reward in program.rewards.items() if reward.to == "friend"]
    of_advocate = [name for name, reward in program.rewards.items() if reward.to == "advocate"]
    promised = of_friend or of_advocate
    return bool(promised) and all(
        _is_exhausted(program, name, advocate, now=now) for name in promised
    )


def _is_exhausted(program: Program, name: str, advocate: str, *, now: datetime) -> bool:
    """Whether one cap of the reward leaves nothing, or the limits nothing of all it may give."""
    reward = program.rewards[name]
    concerned = {"program", "advocate"}
    if reward.to == "advocate":
        concerned.add("beneficiary")

    def is_full(reward_name: str, cap: Cap) -> bool:
        return (
            cap.per in concerned and _room(program, reward_name, cap, advocate, now=now).left == 0
        )

    return any(is_full(name, cap) for cap in reward.caps) or all(
        any(is_full("", limit) for limit in program.limits if limit.give == give)
        for give in reward.gives
    )


def _room(program: Program, reward: str, cap: Cap, advocate: str, *, now: datetime) -> Room:
    """A cap of that reward, or a limit of the program, as it stands for the advocate."""
    unit = program.unit(cap.give if isinstance(cap, Limit) else program.rewards[reward].give)
    rows = Decision.objects.filter(
        program=program.program, amount__gt=0, outcome__in=("granted", "held")
    )
    rows = rows.filter(reward=reward) if reward else rows.filter(unit=unit)
    rows = rows if cap.per == "program" else rows.filter(**{cap.per: advocate})
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
    """What was granted and not taken back: minor units; or decisions, those taken back in part
    too."""
    reversals = Reversal.objects.filter(decision_id=OuterRef("decision_id")).values("decision_id")
    back = Coalesce(Subquery(reversals.annotate(n=Sum("amount")).values("n")), 0)
    if counts:
        return rows.filter(amount__gt=back).count()
    return int(rows.aggregate(n=Sum(F("amount") - back))["n"] or 0)
