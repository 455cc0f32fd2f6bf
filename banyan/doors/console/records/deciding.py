"""deciding: what has become of decisions, and why they gave what they gave, for their list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThanOrEqual

from banyan.core.referrals.models import Reversal, Ruling, Waiting
from banyan.core.referrals.read import decisions_of
from banyan.doors.console.customers.reasons import of_decision
from banyan.doors.console.records.columns import TITLES, Column

STANDINGS = ("granted", "pending", "part", "held", "refused", "denied", "taken_back")
REASONS = ("risk", "cap", "limit", "zero_amount", "stopped")
"""What a reason begins with; the number of the check or cap follows after a colon."""


def computed(now: datetime) -> Mapping[str, Expression]:
    """How a decision stands, as one of `STANDINGS`: what its own page says in words."""
    reversals = Reversal.objects.filter(decision_id=OuterRef("decision_id")).order_by()
    back = Coalesce(
        Subquery(reversals.values("decision_id").annotate(sum=Sum("amount")).values("sum")),
        Value(0),
        output_field=BigIntegerField(),
    )
    # A ruling after the first one changes nothing.
    rulings = Ruling.objects.filter(decision_id=OuterRef("decision_id")).order_by("position")
    is_denied = Exact(Subquery(rulings.values("verdict")[:1]), Value("denied"))
    is_back = Exists(reversals)
    waits = Exists(Waiting.objects.filter(decision_id=OuterRef("decision_id")))
    standing = Case(
        # Only what was held waits and is ruled on: nothing else needs the look.
        When(Q(outcome="held") & waits, then=Value("held")),
        When(Q(outcome="rejected") | Q(amount=0), then=Value("refused")),
        When(Q(outcome="held") & Q(is_denied), then=Value("denied")),
        When(is_back & GreaterThanOrEqual(back, F("amount")), then=Value("taken_back")),
        When(Q(amount__lt=F("raw_amount")) | is_back, then=Value("part")),
        When(available_at__gt=now, then=Value("pending")),
        default=Value("granted"),
        output_field=TextField(),
    )
    return {"standing": standing}


def stands(standing: str, now: datetime) -> Q:
    """Which decisions stand so. What can be told by an index, or by the row alone, is told first:
    the look at rulings and reversals is for the few that are left."""
    back = Q(decision_id__in=Reversal.objects.values("decision_id"))
    denied = Ruling.objects.filter(verdict="denied").values("decision_id")
    likely = {
        "held": Q(decision_id__in=Waiting.objects.values("decision_id")),
        "refused": Q(outcome="rejected") | Q(amount=0),
        "denied": Q(outcome="held", decision_id__in=denied),
        "taken_back": back,
        "part": Q(amount__lt=F("raw_amount")) | back,
        "pending": Q(available_at__gt=now),
        "granted": Q(amount=F("raw_amount")),
    }.get(standing, Q())
    return likely & Q(standing=standing)


def has_reason(reason: str, now: datetime) -> Q:
    """Which decisions have that reason, or one that begins so."""
    return Q(reason=reason) | Q(reason__startswith=f"{reason}:")


def in_words(rows: Sequence[Any]) -> list[str]:
    """Why each decision gave what it gave: the sentence of its own page."""
    told = {
        row.decision_id: of_decision(row)
        for row in decisions_of([row.decision_id for row in rows if row.reason])
    }
    return [told.get(row.decision_id, "") for row in rows]


STANDING = Column("standing", TITLES["standing"], "text")
REASON = Column("reason", TITLES["reason"], "text", said=in_words)
