"""totals: what somebody's wallets added up to, unit by unit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import BooleanField, ExpressionWrapper, Q, Sum

from banyan.core.ledger.models import Transfer
from banyan.core.ledger.read import accounts_of


@dataclass
class Totals:
    """Of one unit, in minor units or counts: what was earned and topped up in all, and where it is
    now."""

    unit: str
    earned: int = 0
    credited: int = 0
    pending: int = 0
    available: int = 0
    spent: int = 0
    expired: int = 0
    taken_back: int = 0


def totals(user_ids: Collection[str]) -> list[Totals]:
    """Of one person's user ids together, by unit; one row a unit that ever moved."""
    pending, available = map(frozenset, zip(*map(accounts_of, user_ids), strict=True))
    mine = pending | available
    moved = (
        Transfer.objects.filter(Q(source__in=mine) | Q(target__in=mine))
        .annotate(
            is_expiry=ExpressionWrapper(
                Q(transfer_id__endswith="/expiry"), output_field=BooleanField()
            )
        )
        .values_list("unit", "source", "target", "is_expiry")
        .annotate(n=Sum("amount"))
        .order_by()
    )
    found: dict[str, Totals] = {}
    for unit, source, target, is_expiry, amount in moved:
        told = found.setdefault(unit, Totals(unit))
        told.pending += amount * ((target in pending) - (source in pending))
        told.available += amount * ((target in available) - (source in available))
        if source.startswith("spent:"):
            told.spent -= amount
        elif target.startswith("spent:"):
            told.spent += amount
        elif target not in mine:
            told.expired += amount * is_expiry
            told.taken_back += amount * (not is_expiry)
        elif source.startswith("topup:"):
            told.credited += amount
        elif source not in mine:
            told.earned += amount
    return [found[unit] for unit in sorted(found)]
