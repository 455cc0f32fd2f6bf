"""room: whether the caps of a program leave anything for one more friend.

The engine keeps what caps have used in its state; here it is counted from the decisions, for pages
that must not promise what can no longer be granted.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet, Sum

from banyan.core.referrals.models import Decision, Reversal
from banyan.engine.language.explain.allowance import bounds_of, size_of
from banyan.engine.language.program import Cap, Limit, Program, Reward

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def is_used_up(terms: Program, advocate: str, *, now: datetime) -> bool:
    """Whether nothing is left of what an invitation of the advocate offers the friend; of a program
    that gives friends nothing: of what it offers the advocate.

    Caps per friend are whole for a friend who is new.
    """
    of_friend = [reward for reward in terms.rewards.values() if reward.to == "friend"]
    of_advocate = [reward for reward in terms.rewards.values() if reward.to == "advocate"]
    promised = of_friend or of_advocate
    return bool(promised) and all(
        _is_exhausted(terms, reward, advocate, now=now) for reward in promised
    )


def _is_exhausted(terms: Program, reward: Reward, advocate: str, *, now: datetime) -> bool:
    limits = [limit for limit in terms.limits if limit.give == reward.give]
    return any(
        _used(terms, reward, cap, advocate, now=now) >= size_of(terms, cap, terms.unit(reward.give))
        for cap in (*reward.caps, *limits)
        if cap.per in ("program", "advocate")
        or (cap.per == "beneficiary" and reward.to == "advocate")
    )


def _used(terms: Program, reward: Reward, cap: Cap, advocate: str, *, now: datetime) -> int:
    """What a cap has used in the period that is running: minor units, or grants."""
    rows = _sharing(terms, reward, cap, advocate, now=now)
    back = dict(
        Reversal.objects.filter(decision_id__in=rows.values("decision_id"))
        .values_list("decision_id")
        .annotate(n=Sum("amount"))
    )
    if cap.count is None:
        given = rows.aggregate(n=Sum("amount"))["n"] or 0
        return int(given) - sum(back.values())
    amounts = rows.filter(decision_id__in=back).values_list("decision_id", "amount")
    returned: int = sum(back[one] >= amount for one, amount in amounts)
    return rows.count() - returned


def _sharing(
    terms: Program, reward: Reward, cap: Cap, advocate: str, *, now: datetime
) -> QuerySet[Decision]:
    rows = Decision.objects.filter(
        program=terms.program, amount__gt=0, outcome__in=("granted", "held")
    )
    if isinstance(cap, Limit):
        rows = rows.filter(unit=terms.unit(cap.give))
    else:
        rows = rows.filter(reward=_name(terms, reward))
    if cap.per == "advocate":
        rows = rows.filter(advocate=advocate)
    elif cap.per == "beneficiary":
        rows = rows.filter(beneficiary=advocate)
    if cap.period is not None:
        at = (now - _EPOCH) // _MICROSECOND
        first, after = bounds_of(at, cap.period, terms.timezone)
        rows = rows.filter(
            occurred_at__gte=_EPOCH + first * _MICROSECOND,
            occurred_at__lt=_EPOCH + after * _MICROSECOND,
        )
    return rows


def _name(terms: Program, reward: Reward) -> str:
    return next(name for name, one in terms.rewards.items() if one is reward)
