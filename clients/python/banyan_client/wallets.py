"""wallets: what customers hold, and spending from it."""

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
    """A spend or its return, and what is left of the unit."""

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
    )
