"""held: decisions that wait for somebody's word, and what became of a word given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet, Sum

from banyan.core.referrals.models import Decision, Ruling, Waiting
from banyan.core.referrals.read import DecisionRow, decisions_of


@dataclass(frozen=True)
class Asked:
    """Which held decisions are asked for; empty is all. `least` is in minor units or counts."""

    program: str = ""
    reason: str = ""
    unit: str = ""
    advocate: str = ""
    least: int = 0
    before: datetime | None = None
    after: datetime | None = None


@dataclass(frozen=True)
class RulingRow:
    """Somebody's word on a decision, and what the engine made of it: nothing, where the decision
    did not wait any more. `is_decided`: the engine has passed it."""

    position: int
    decision_id: str
    verdict: str
    is_counted: bool


def held(asked: Asked, *, offset: int = 0, limit: int = 50) -> list[DecisionRow]:
    """Decisions that wait, the longest first."""
    ids = _waiting(asked).order_by("position", "place").values_list("decision_id", flat=True)
    return decisions_of(list(ids[offset : offset + limit]))


def count(asked: Asked) -> int:
    """How many those are; of all of them it looks at no decision."""
    return Waiting.objects.count() if asked == Asked() else _waiting(asked).count()


def ids(asked: Asked, *, limit: int) -> list[str]:
    """Their ids, those that wait longest first."""
    rows = _waiting(asked).order_by("position", "place")
    return list(rows.values_list("decision_id", flat=True)[:limit])


def reasons() -> list[tuple[str, int]]:
    """Why decisions wait, and how many for each reason, the most first."""
    rows = _waiting(Asked()).values_list("reason").annotate(n=Count("pk")).order_by("-n", "reason")
    return [(reason or "", n) for reason, n in rows]


def sums(asked: Asked) -> list[tuple[str, int, int]]:
    """By unit how many wait, and for how much."""
    rows = _waiting(asked).values_list("unit").annotate(n=Count("pk"), total=Sum("amount"))
    return list(rows.order_by("unit"))


def rulings(positions: Collection[int]) -> list[RulingRow]:
    """What the engine made of the words at these positions, which it has passed; in order.

    Only the first word on a decision counts, and only where something was left to rule on.
    """
    rows = list(Ruling.objects.filter(position__in=list(positions)).order_by("position"))
    told = {row.decision_id: row for row in decisions_of({row.decision_id for row in rows})}
    first = _first_words([row.decision_id for row in rows])
    return [
        RulingRow(
            row.position,
            row.decision_id,
            row.verdict,
            is_counted=row.decision_id in told
            and told[row.decision_id].outcome == "held"
            and first[row.decision_id] == row.position,
        )
        for row in rows
    ]


def _first_words(decision_ids: Sequence[str]) -> dict[str, int]:
    rows = Ruling.objects.filter(decision_id__in=decision_ids).order_by("-position")
    return dict(rows.values_list("decision_id", "position"))


def _waiting(asked: Asked) -> QuerySet[Decision]:
    rows = Decision.objects.filter(decision_id__in=Waiting.objects.values("decision_id"))
    exact = {
        "program": asked.program,
        "reason": asked.reason,
        "unit": asked.unit,
        "advocate": asked.advocate,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    rows = rows.filter(amount__gte=asked.least) if asked.least else rows
    rows = rows.filter(occurred_at__lt=asked.before) if asked.before else rows
    return rows.filter(occurred_at__gte=asked.after) if asked.after else rows
