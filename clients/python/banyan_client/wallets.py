"""wallets: what customers hold, putting in and spending from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from banyan_client.requests import Requests, part


@dataclass(frozen=True)
class Balance:
    """Of one unit: pending and available, in minor units or counts."""

    unit: str
    pending: int
    available: int


@dataclass(frozen=True)
class Moved:
    """A top-up, a spend or its return, and what is left of the unit."""

    transfer_id: str
    occurred_at: datetime
    unit: str
    amount: int
    reference: str
    balance: Balance


@dataclass(frozen=True)
class Movement:
    """One line of a statement: above zero came, below zero went."""

    transfer_id: str
    occurred_at: datetime
    what: str
    unit: str
    amount: int
    account: str
    decision_id: str | None
    reference: str | None


class Wallets:
    """See `Banyan.wallets`."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def balances(self, user_id: str) -> list[Balance]:
        """One for each unit the wallet ever held."""
        wallet = self._requests.get(f"customers/{part(user_id)}/wallet")
        return [_balance(row) for row in wallet["balances"]]

    def statement(self, user_id: str, *, unit: str | None = None) -> Iterator[Movement]:
        """Movements, the newest first."""
        path = f"customers/{part(user_id)}/wallet/statement"
        return (_movement(row) for row in self._requests.pages(path, unit=unit))

    def top_up(
        self,
        user_id: str,
        *,
        unit: str,
        amount: int,
        reference: str,
        reason: str = "",
        expires_at: datetime | None = None,
    ) -> Moved:
        """Put in what no program gave, such as a gift card. The same reference again is the same
        top-up; what is left of it lapses at `expires_at`.

        Raises Refusal: `reference_reused`, `invalid`; ValueError for a time without a zone.
        """
        body: dict[str, object] = {"unit": unit, "amount": amount, "reference": reference}
        if reason:
            body["reason"] = reason
        if expires_at is not None:
            if expires_at.tzinfo is None:
                raise ValueError("expires_at: needs a time zone, such as datetime.now(UTC) has")
            body["expires_at"] = expires_at.isoformat()
        return _moved(self._requests.post(f"customers/{part(user_id)}/wallet/topup", body))

    def spend(self, user_id: str, *, unit: str, amount: int, reference: str) -> Moved:
        """Take out what expires first. The same reference again is the same spend.

        Raises Refusal: `insufficient_balance`, `reference_reused`.
        """
        body = {"unit": unit, "amount": amount, "reference": reference}
        return _moved(self._requests.post(f"customers/{part(user_id)}/wallet/spend", body))

    def give_back(self, user_id: str, *, reference: str) -> Moved:
        """Undo a spend. Raises Refusal: `nothing_to_return`."""
        path = f"customers/{part(user_id)}/wallet/return"
        return _moved(self._requests.post(path, {"reference": reference}))


def _balance(row: Mapping[str, Any]) -> Balance:
    return Balance(unit=row["unit"], pending=row["pending"], available=row["available"])


def _moved(row: Mapping[str, Any]) -> Moved:
    return Moved(
        transfer_id=row["transfer_id"],
        occurred_at=datetime.fromisoformat(row["occurred_at"]),
        unit=row["unit"],
        amount=row["amount"],
        reference=row["reference"],
        balance=_balance(row["balance"]),
    )


def _movement(row: Mapping[str, Any]) -> Movement:
    return Movement(
        transfer_id=row["transfer_id"],
        occurred_at=datetime.fromisoformat(row["occurred_at"]),
        what=row["what"],
        unit=row["unit"],
        amount=row["amount"],
        account=row["account"],
        decision_id=row["decision_id"],
        reference=row["reference"],
    )
