"""read: what wallets hold and how it came there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Q, QuerySet, Sum

from banyan.core.ledger.models import Balance, Transfer


@dataclass(frozen=True)
class WalletBalance:
    """Of one unit: what is still pending and what can be spent; minor units or counts."""

    unit: str
    pending: int
    available: int


@dataclass(frozen=True)
class Movement:
    """One transfer as the owner of an account sees it: `amount` is what came (+) or went (-)."""

    transfer_id: str
    position: int
    place: int
    occurred_at: datetime
    unit: str
    amount: int
    account: str
    other: str
    reference: str
    """The caller's name for a top-up, a spend or its return; empty for all else."""


@dataclass(frozen=True)
class TransferRow:
    """One transfer; `decision_id`: None for a top-up, a spend or its return."""

    transfer_id: str
    decision_id: str | None
    position: int
    place: int
    occurred_at: datetime
    unit: str
    amount: int
    source: str
    target: str


def accounts_of(user_id: str) -> tuple[str, str]:
    """The names of a customer's accounts: pending, available."""
    return f"wallet:{user_id}:pending", f"wallet:{user_id}:available"


def balances(user_id: str) -> list[WalletBalance]:
    """A customer's wallet, one row a unit it ever held, by unit."""
    pending, available = accounts_of(user_id)
    found: dict[str, dict[str, int]] = {}
    for row in Balance.objects.filter(account__in=(pending, available)):
        found.setdefault(row.unit, {})[row.account] = row.amount
    return [
        WalletBalance(unit, held.get(pending, 0), held.get(available, 0))
        for unit, held in sorted(found.items())
    ]


def balance(account: str, unit: str) -> int:
    """What an account holds of a unit now."""
    row = Balance.objects.filter(account=account, unit=unit).first()
    return row.amount if row else 0


def balance_at(account: str, unit: str, *, position: int) -> int:
    """What an account held of a unit after everything up to a position of the log."""
    moved = Transfer.objects.filter(unit=unit, position__lte=position)
    came = moved.filter(target=account).aggregate(n=Sum("amount"))["n"] or 0
    went = moved.filter(source=account).aggregate(n=Sum("amount"))["n"] or 0
    return int(came - went)


def statement(
    user_id: str,
    *,
    unit: str | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[Movement]:
    """A customer's movements, the newest first; `before` is the (position, place) to go on from."""
    pending, available = accounts_of(user_id)
    mine = (pending, available)
    rows = Transfer.objects.filter(Q(source__in=mine) | Q(target__in=mine))
    if unit is not None:
        rows = rows.filter(unit=unit)
    if before is not None:
        position, place = before
        rows = rows.filter(Q(position__lt=position) | Q(position=position, place__lt=place))
    return [_seen_from(row, mine) for row in rows.order_by("-position", "-place")[:limit]]


def transfer(transfer_id: str) -> TransferRow | None:
    """One transfer by its name, such as `spend/POSITION`."""
    row = Transfer.objects.filter(transfer_id=transfer_id).first()
    return _row(row) if row else None


def ordered(
    user_id: str, what: Literal["topup", "spend", "return"], reference: str
) -> TransferRow | None:
    """The transfer that a customer's `reference` stands for: of each kind there is one at most."""
    spent = f"spent:{user_id}"
    sides = {
        "topup": {"source": f"topup:{user_id}"},
        "spend": {"target": spent},
        "return": {"source": spent},
    }
    row = Transfer.objects.filter(reference=reference, **sides[what]).first()
    return _row(row) if row else None


def transfers_of_decisions(decision_ids: Collection[str]) -> list[TransferRow]:
    """Everything that moved for these decisions, in order."""
    rows = Transfer.objects.filter(decision_id__in=decision_ids)
    return [_row(row) for row in rows.order_by("position", "place")]


def transfers_between(
    *, after: int, upto: int, since: datetime, names: Sequence[str]
) -> list[TransferRow]:
    """Transfers of decisions above one position up to another, in order, due no earlier than
    `since` and of which the name ends with one of `names`, such as `/available`."""
    rows = _of_decisions(after, upto, since, names)
    return [_row(row) for row in rows.order_by("position", "place")]


def transfer_positions(
    *, after: int, upto: int, since: datetime, names: Sequence[str], most: int
) -> list[int]:
    """Where the first `most` of those transfers stand, in order."""
    rows = _of_decisions(after, upto, since, names).order_by("position")
    return list(rows.values_list("position", flat=True)[:most])


def _of_decisions(
    after: int, upto: int, since: datetime, names: Sequence[str]
) -> QuerySet[Transfer]:
    named = Q()
    for name in names:
        named |= Q(transfer_id__endswith=name)
    return Transfer.objects.filter(
        named,
        position__gt=after,
        position__lte=upto,
        occurred_at__gte=since,
        decision_id__isnull=False,
    )


def _row(row: Transfer) -> TransferRow:
    return TransferRow(
        row.transfer_id,
        row.decision_id,
        row.position,
        row.place,
        row.occurred_at,
        row.unit,
        row.amount,
        row.source,
        row.target,
    )


def _seen_from(row: Transfer, mine: tuple[str, str]) -> Movement:
    """From pending to available is told from the available side."""
    came = row.target in mine
    return Movement(
        row.transfer_id,
        row.position,
        row.place,
        row.occurred_at,
        row.unit,
        row.amount if came else -row.amount,
        row.target if came else row.source,
        row.source if came else row.target,
        row.reference,
    )
