"""read: what was put right by hand, as plain values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.db.models import Q, Sum

from banyan.growth.amends.kinds import Kind
from banyan.growth.amends.models import Amend, Limit
from banyan.kernel.sealing import unseal


class Said(msgspec.Struct, frozen=True):
    """Why, and what proves it."""

    reason: str
    evidence: str = ""


@dataclass(frozen=True)
class AmendRow:
    """Something put right, or asked to be. `said` is None once its customer was erased."""

    number: int
    kind: Kind
    program: str
    customer: str
    other: str
    wrong: str
    unit: str
    amount: int
    about: str
    said: Said | None
    state: str
    asked_at: datetime
    asked_by: str
    is_within_limits: bool
    decided_at: datetime | None
    decided_by: str
    first_position: int | None
    last_position: int | None
    ended_at: datetime | None
    outcome: str

    @property
    def reference(self) -> str:
        """By which the ledger knows it."""
        return f"amends/{self.number}"


@dataclass(frozen=True)
class LimitRow:
    """How much of a unit one of a role may give one person in a month alone."""

    role: str
    unit: str
    amount: int


def amend(number: int) -> AmendRow | None:
    """One."""
    row = Amend.objects.filter(pk=number).first()
    return _row(row) if row else None


def amends(
    *,
    state: str = "",
    kinds: Collection[Kind] = (),
    customer: str = "",
    offset: int = 0,
    limit: int = 50,
) -> list[AmendRow]:
    """The newest first."""
    rows = Amend.objects.filter(state=state) if state else Amend.objects.all()
    rows = rows.filter(kind__in=list(kinds)) if kinds else rows
    if customer:
        rows = rows.filter(Q(customer=customer) | Q(other=customer) | Q(wrong=customer))
    return [_row(row) for row in rows.order_by("-pk")[offset : offset + limit]]


def about(thing: str) -> AmendRow | None:
    """The newest one that answers a thing and was neither refused nor failed."""
    rows = Amend.objects.filter(about=thing).exclude(state__in=["refused", "failed"])
    row = rows.order_by("-pk").first()
    return _row(row) if row else None


def to_approve() -> int:
    """How many wait for a second person."""
    return Amend.objects.filter(state=Amend.State.WAITING).count()


def undecided() -> list[AmendRow]:
    """Approved ones of which it is not yet known what the engine made of them."""
    return [_row(row) for row in Amend.objects.filter(state=Amend.State.APPROVED).order_by("pk")]


def limits() -> list[LimitRow]:
    """All that were set, by role and unit."""
    rows = Limit.objects.order_by("role", "unit")
    return [LimitRow(row.role, row.unit, row.amount) for row in rows]


def limit_of(roles: Collection[str], unit: str) -> int:
    """The highest limit of these roles for a unit; 0 where none is set."""
    rows = Limit.objects.filter(role__in=list(roles), unit=unit)
    return max(rows.values_list("amount", flat=True), default=0)


def given_this_month(actor: str, customer: str, unit: str, *, now: datetime) -> int:
    """What a member of the staff gave one person in the operator's calendar month, or asked to."""
    local = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE))
    since = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = Amend.objects.filter(
        asked_by=actor, customer=customer, unit=unit, asked_at__gte=since
    ).exclude(state__in=[Amend.State.REFUSED, Amend.State.FAILED])
    return rows.aggregate(n=Sum("amount"))["n"] or 0


def said_context(number: int) -> str:
    """What seals reason and evidence to it."""
    return f"amend:{number}"


def _row(row: Amend) -> AmendRow:
    said = None
    if row.sealed is not None:
        plain = unseal(bytes(row.sealed), context=said_context(row.pk))
        said = msgspec.json.decode(plain, type=Said)
    return AmendRow(
        number=row.pk,
        kind=cast(Kind, row.kind),  # the database holds these alone
        program=row.program,
        customer=row.customer,
        other=row.other,
        wrong=row.wrong,
        unit=row.unit,
        amount=row.amount,
        about=row.about,
        said=said,
        state=row.state,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        is_within_limits=row.is_within_limits,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        first_position=row.first_position,
        last_position=row.last_position,
        ended_at=row.ended_at,
        outcome=row.outcome,
    )
