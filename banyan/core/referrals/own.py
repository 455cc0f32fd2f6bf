"""own: decisions as the person sees them whom they are for, under all of that person's user ids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, Sum

from banyan.core.referrals.models import Decision, Reversal
from banyan.core.referrals.read import DecisionRow, decision, decisions

# So many in a row that were all taken back are nobody's usual case.
_TRIED = 20

Place = tuple[int, int]
"""Position and place, which name a decision without naming anybody."""


@dataclass(frozen=True)
class Honour:
    """A badge that was granted and not taken back, and when last."""

    name: str
    program: str
    at: datetime


def decisions_for(
    user_ids: Collection[str], *, before: Place | None = None, limit: int = 50
) -> list[DecisionRow]:
    """What was decided for somebody, the newest first; `before` is the place to go on from."""
    rows = [
        row
        for user_id in user_ids
        for row in decisions(beneficiary=user_id, before=before, limit=limit)
    ]
    return sorted(rows, key=lambda row: (row.position, row.place), reverse=True)[:limit]


def decision_at(user_ids: Collection[str], place: Place) -> DecisionRow | None:
    """The decision that stands there; None when it is not for one of these user ids."""
    position, number = place
    rows = decisions_for(user_ids, before=(position, number + 1), limit=1)
    return rows[0] if rows and (rows[0].position, rows[0].place) == place else None


def next_available(user_ids: Collection[str], *, now: datetime) -> DecisionRow | None:
    """Of what was granted and is not taken back, what becomes available next after `now`."""
    rows = Decision.objects.filter(
        beneficiary__in=user_ids, outcome="granted", available_at__gt=now
    ).order_by("available_at", "position", "place")
    for decision_id in rows.values_list("decision_id", flat=True)[:_TRIED]:
        row = decision(decision_id)
        if row is not None and row.reversed_amount < row.amount:
            return row
    return None


def honours(user_ids: Collection[str]) -> list[Honour]:
    """Somebody's badges, the latest first."""
    given = Decision.objects.filter(
        Q(outcome="granted"), beneficiary__in=user_ids, unit__startswith="badge:"
    )
    back = dict(
        Reversal.objects.filter(decision_id__in=given.values("decision_id"))
        .values_list("decision_id")
        .annotate(n=Sum("amount"))
        .order_by()
    )
    gone = [one.pk for one in given if back.get(one.pk, 0) >= one.amount]
    rows = given.exclude(pk__in=gone).values_list("unit", "program").annotate(at=Max("occurred_at"))
    return [
        Honour(unit.partition(":")[2], program, at)
        for unit, program, at in rows.order_by("-at", "unit")
    ]
