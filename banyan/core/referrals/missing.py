"""missing: what a friend has still to do until the next reward, from the terms of the referral."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from banyan.core.programs.read import published_program
from banyan.core.referrals.models import Decision
from banyan.core.referrals.read import ReferralRow, referrals_of
from banyan.core.referrals.stages import PURCHASE
from banyan.engine.language.program import Milestone, Program

_LEAST_TOTAL = re.compile(r"\s*total\s*>=\s*([0-9]+(?:\.[0-9]+)?)\s*")
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Missing:
    """The next milestone of a referral that pays the one who asks."""

    program: str
    version: int
    friend: str
    milestone: str
    event: str
    """The name of the event that counts."""
    count: int
    """How many of them: still, or in all when it is not `is_exact`; 0 where a sum counts."""
    is_exact: bool
    sum: Decimal | None
    """Where the running sum of `sum_of` must get to."""
    sum_of: str
    least_total: Decimal | None
    """The least total, in major units, of an order that counts."""
    is_conditional: bool
    """Whether more than that must be so."""
    until: datetime | None
    """Later events no longer count."""


def missing(
    program: str, friend: str, *, to: Literal["advocate", "friend"] = "advocate", now: datetime
) -> Missing | None:
    """What is missing until the next reward to that side; None when nothing more can come."""
    return missing_each([(program, friend)], to=to, now=now).get((program, friend))


def missing_each(
    pairs: Collection[tuple[str, str]],
    *,
    to: Literal["advocate", "friend"] = "advocate",
    now: datetime,
) -> dict[tuple[str, str], Missing]:
    """The same for many (program, friend), looked up at once."""
    friends = {friend for _, friend in pairs}
    reached: dict[tuple[str, str], set[str]] = {}
    decided = Decision.objects.filter(friend__in=friends).order_by()
    for program, friend, milestone in decided.values_list(
        "program", "friend", "milestone"
    ).distinct():
        assert friend is not None  # that is what was asked for
        reached.setdefault((program, friend), set()).add(milestone)
    found = {}
    for row in referrals_of(friends):
        pair = (row.program, row.friend)
        if pair in pairs and row.stage != "lost":
            next_one = _next(row, reached.get(pair, set()), to=to, now=now)
            if next_one is not None:
                found[pair] = next_one
    return found


def _next(row: ReferralRow, reached: set[str], *, to: str, now: datetime) -> Missing | None:
    terms = published_program(row.program, row.version)
    paid = {reward.on for reward in terms.rewards.values() if reward.to == to}
    for name, milestone in terms.milestones.items():
        until = None
        if milestone.within is not None:
            until = row.started_at + milestone.within * _MICROSECOND
        is_open = until is None or now <= until
        if name in paid and is_open and not _is_reached(name, milestone, row, reached):
            return _missing(row, terms, name, until)
    return None


def _is_reached(name: str, milestone: Milestone, row: ReferralRow, reached: set[str]) -> bool:
    """A decision tells it; one whose `when` did not hold leaves none, so stages tell it too."""
    if name in reached:
        return True
    is_plain = milestone.where is None and milestone.sum is None
    return is_plain and milestone.on == PURCHASE and _bought(row) >= milestone.count


def _bought(row: ReferralRow) -> int:
    """How many orders the stages tell of: 0, 1 or, at least, 2."""
    stages = {one.stage for one in row.stages}
    return ("purchased" in stages) + ("repurchased" in stages)


def _missing(row: ReferralRow, terms: Program, name: str, until: datetime | None) -> Missing:
    milestone = terms.milestones[name]
    least = _LEAST_TOTAL.fullmatch(milestone.where or "")
    count, is_exact = (0, False) if milestone.sum else (milestone.count, milestone.count == 1)
    if count > 1 and milestone.where is None and milestone.on == PURCHASE and _bought(row) < 2:
        count, is_exact = count - _bought(row), True
    return Missing(
        program=row.program,
        version=row.version,
        friend=row.friend,
        milestone=name,
        event=milestone.on,
        count=count,
        is_exact=is_exact,
        sum=milestone.sum.reaches if milestone.sum else None,
        sum_of=milestone.sum.of if milestone.sum else "",
        least_total=Decimal(least[1]) if least else None,
        is_conditional=milestone.where is not None and least is None,
        until=until,
    )
