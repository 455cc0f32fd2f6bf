"""asking: how often one person is asked for a referral, and when the next time may be."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from banyan.growth.tasks.models import Task
from banyan.growth.tasks.rules import Ask

_ASKING = ("ask", "consult")


class Asked(Enum):
    """Whether somebody may be asked, or why not."""

    YES = "yes"
    OPEN = "open"
    LATELY = "lately"
    OFTEN = "often"


def may_ask(customer: str, wanted: Ask, *, now: datetime) -> Asked:
    """Whether a customer may be asked now by this rule. Times nobody asked in the end count not."""
    rows = Task.objects.filter(customer=customer, kind__in=_ASKING).exclude(
        state=Task.State.DROPPED
    )
    if rows.filter(state=Task.State.OPEN).exists():
        return Asked.OPEN
    if rows.filter(opened_at__gt=now - timedelta(days=wanted.every_days)).exists():
        return Asked.LATELY
    year = rows.filter(opened_at__gt=now - timedelta(days=365)).count()
    return Asked.OFTEN if year >= wanted.most_a_year else Asked.YES


def fatigue(customer: str, *, now: datetime) -> tuple[int, datetime | None]:
    """How often a customer was asked in 365 days, and when last."""
    rows = Task.objects.filter(
        customer=customer, kind__in=_ASKING, opened_at__gt=now - timedelta(days=365)
    ).exclude(state=Task.State.DROPPED)
    last = rows.order_by("-opened_at").values_list("opened_at", flat=True).first()
    return rows.count(), last
