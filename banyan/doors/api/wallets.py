"""wallets: what a customer holds, how it came there, spends and returns."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl
from ninja import Router
from pydantic import Field

from banyan.core.events.read import timeline
from banyan.core.ledger import read
from banyan.core.ledger.read import Movement, TransferRow, WalletBalance
from banyan.core.referrals.read import DecisionRow, decisions
from banyan.doors.api import commands
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import Trouble
from banyan.doors.api.shapes import Body, Id, Shape, Time

router = Router(tags=["Wallets"])

LARGEST_SPEND = 10**12
"""What the engine takes for a number; larger ones make the event a reject."""

_SEARCHED_AT_ONCE = 500


class Balance(Shape):
    """Of one unit: what is pending and what can be spent, in minor units or counts."""

    unit: str
    pending: int
    available: int


class Wallet(Shape):
    """A customer's wallet."""

    balances: list[Balance]


class Line(Shape):
    """One movement, as the owner sees it."""

    transfer_id: str
    position: int
    occurred_at: Time
    what: Literal["grant", "available", "reversal", "expiry", "spend", "return"]
    unit: str
    amount: int = Field(description="Above zero when it came, below when it went")
    account: Literal["pending", "available"]
    decision_id: str | None


class Waiting(Shape):
    """Something granted or held that cannot be spent yet, and what is missing."""

    decision_id: str
    unit: str
    amount: int
    waits_for: Literal["date", "release"]
    available_at: Time | None


class Spend(Body):
    """What is taken out. `reference` is the caller's own name for it, good once a customer."""

    unit: Id
    amount: int = Field(gt=0, le=LARGEST_SPEND)
    reference: Id


class Return(Body):
    """Which spend is undone."""

    reference: Id


class Moved(Shape):
    """What was moved, and what is left."""

    transfer_id: str | None = Field(description="None in a rehearsal")
    occurred_at: Time
    unit: str
    amount: int
    reference: str
    balance: Balance


EXAMPLE = {"balances": [{"unit": "credit USD", "pending": 0, "available": 2000}]}
MOVED = {
    "transfer_id": "spend/57",
    "occurred_at": "2026-02-20T09:00:00Z",
    "unit": "credit USD",
    "amount": 500,
    "reference": "order-1001",
    "balance": {"unit": "credit USD", "pending": 0, "available": 1500},
}
LINE = {
    "transfer_id": "meundies/advocate-credit/ann/42/available",
    "position": 50,
    "occurred_at": "2026-02-14T08:00:00Z",
    "what": "available",
    "unit": "credit USD",
    "amount": 2000,
    "account": "available",
    "decision_id": "meundies/advocate-credit/ann/42",
}
WAITING = {
    "decision_id": "meundies/advocate-credit/ann/42",
    "unit": "credit USD",
    "amount": 2000,
    "waits_for": "date",
    "available_at": "2026-02-14T08:00:00Z",
}


@operation(
    router,
    "GET",
    "/customers/{path:user_id}/wallet/statement",
    scope="wallets:read",
    summary="List the movements of a wallet",
    reply=Page[Line],
    example={"data": [LINE], "next_cursor": None},
    errors=["bad_cursor"],
)
def get_statement(
    request: ApiRequest,
    user_id: str,
    unit: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first: grants, what became available, reversals, expiries, spends and returns."""
    rows = read.statement(
        user_id,
        unit=unit,
        before=after(cursor, of="statement", kinds=(int, int)),
        limit=limit + 1,
    )
    found = page(rows, limit=limit, of="statement", place=lambda row: (row.position, row.place))
    return found | {"data": [_line(row) for row in found["data"]]}


@operation(
    router,
    "GET",
    "/customers/{path:user_id}/wallet/pending",
    scope="wallets:read",
    summary="List what cannot be spent yet, and what is missing",
    reply=Page[Waiting],
    example={"data": [WAITING], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_pending(
    request: ApiRequest, user_id: str, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """The newest first. A page may hold fewer rows than asked for; go on while there is a
    cursor."""
    rows = decisions(
        beneficiary=user_id,
        before=after(cursor, of="pending", kinds=(int, int)),
        limit=limit + 1,
    )
    found = page(rows, limit=limit, of="pending", place=lambda row: (row.position, row.place))
    waiting = [row for row in found["data"] if _waits(row)]
    return found | {"data": [_missing(row) for row in waiting]}


@operation(
    router,
    "POST",
    "/customers/{path:user_id}/wallet/spend",
    scope="wallets:write",
    summary="Spend from a wallet",
    reply=Moved,
    example=MOVED,
    sends={"unit": "credit USD", "amount": 500, "reference": "order-1001"},
    errors=["insufficient_balance", "reference_reused", "not_decided_yet"],
    waits=True,
)
def spend_from_wallet(request: ApiRequest, user_id: str, body: Spend) -> dict[str, Any]:
    """Takes what expires first. The same reference with the same unit and amount is answered again
    and moves nothing; with others it is refused."""
    if request.call.is_rehearsal:
        return _rehearsed_spend(request, user_id, body)
    properties = {"unit": body.unit, "amount": body.amount, "reference": body.reference}
    position = commands.decided(request.call, "Wallet Spent", properties, user_id=user_id)
    made = read.transfer(f"spend/{position}") or _same_spend(user_id, body)
    if made is None:
        raise _insufficient(user_id, body)
    return _moved(user_id, made, body.reference)


@operation(
    router,
    "POST",
    "/customers/{path:user_id}/wallet/return",
    scope="wallets:write",
    summary="Undo a spend",
    reply=Moved,
    example=MOVED | {"transfer_id": "return/58", "balance": EXAMPLE["balances"][0]},
    sends={"reference": "order-1001"},
    errors=["nothing_to_return", "not_decided_yet"],
    waits=True,
)
def return_spend(request: ApiRequest, user_id: str, body: Return) -> dict[str, Any]:
    """Puts back the whole amount, for the grants it came from."""
    if request.call.is_rehearsal:
        spent = _spend_of(user_id, body.reference)
        if spent is None or _is_returned(user_id, body.reference):
            raise _nothing_to_return(user_id, body.reference)
        return _moved(user_id, spent, body.reference) | {"transfer_id": None}
    properties = {"reference": body.reference}
    position = commands.decided(request.call, "Wallet Returned", properties, user_id=user_id)
    made = read.transfer(f"return/{position}")
    if made is None:
        raise _nothing_to_return(user_id, body.reference)
    return _moved(user_id, made, body.reference)


@operation(
    router,
    "GET",
    "/customers/{path:user_id}/wallet",
    scope="wallets:read",
    summary="Read the balances of a wallet",
    reply=Wallet,
    example=EXAMPLE,
)
def get_wallet(request: ApiRequest, user_id: str) -> dict[str, Any]:
    """One row for each unit the wallet ever held; none for a customer who never got anything."""
    return {"balances": read.balances(user_id)}


def _rehearsed_spend(request: ApiRequest, user_id: str, body: Spend) -> dict[str, Any]:
    made = _same_spend(user_id, body)
    if made is not None:
        return _moved(user_id, made, body.reference)
    balance = _balance(user_id, body.unit)
    if balance.available < body.amount:
        raise _insufficient(user_id, body)
    left = WalletBalance(body.unit, balance.pending, balance.available - body.amount)
    return {
        "transfer_id": None,
        "occurred_at": request.call.now,
        "unit": body.unit,
        "amount": body.amount,
        "reference": body.reference,
        "balance": left,
    }


def _same_spend(user_id: str, body: Spend) -> TransferRow | None:
    """The spend that has the reference already. Raises Trouble when it was another one."""
    made = _spend_of(user_id, body.reference)
    if made is not None and (made.unit, made.amount) != (body.unit, body.amount):
        raise Trouble(
            "reference_reused",
            f"reference: {body.reference!r} stands for {made.amount} {made.unit} spent at position "
            f"{made.position}; take another reference for another spend",
        )
    return made


def _spend_of(user_id: str, reference: str) -> TransferRow | None:
    return _move_of(user_id, "Wallet Spent", "spend", reference)


def _is_returned(user_id: str, reference: str) -> bool:
    return _move_of(user_id, "Wallet Returned", "return", reference) is not None


def _move_of(user_id: str, event: str, step: str, reference: str) -> TransferRow | None:
    """The transfer that an event of that reference made. References stand in the log alone, so the
    customer's events are walked; only refusals and rehearsals come here."""
    before: int | None = None
    while True:
        rows = timeline(user_id, before=before, limit=_SEARCHED_AT_ONCE)
        said = pl.col("body").str.json_path_match("$.properties.reference")
        named = rows.filter((pl.col("name") == event) & (said == reference))
        for position in named["position"]:
            made = read.transfer(f"{step}/{position}")
            if made is not None:
                return made
        if rows.height < _SEARCHED_AT_ONCE:
            return None
        before = rows["position"][-1]


def _balance(user_id: str, unit: str) -> WalletBalance:
    held = {row.unit: row for row in read.balances(user_id)}
    return held.get(unit, WalletBalance(unit, 0, 0))


def _insufficient(user_id: str, body: Spend) -> Trouble:
    available = _balance(user_id, body.unit).available
    return Trouble(
        "insufficient_balance",
        f"amount: {body.amount} {body.unit} asked for, {available} available; spend less",
    )


def _nothing_to_return(user_id: str, reference: str) -> Trouble:
    return Trouble(
        "nothing_to_return",
        f"reference: {reference!r} of this customer was never spent, or was returned before",
    )


def _moved(user_id: str, made: TransferRow, reference: str) -> dict[str, Any]:
    return {
        "transfer_id": made.transfer_id,
        "occurred_at": made.occurred_at,
        "unit": made.unit,
        "amount": made.amount,
        "reference": reference,
        "balance": _balance(user_id, made.unit),
    }


def _line(row: Movement) -> dict[str, Any]:
    what, decision_id = _named(row.transfer_id)
    return {
        "transfer_id": row.transfer_id,
        "position": row.position,
        "occurred_at": row.occurred_at,
        "what": what,
        "unit": row.unit,
        "amount": row.amount,
        "account": row.account.rpartition(":")[2],
        "decision_id": decision_id,
    }


def _named(transfer_id: str) -> tuple[str, str | None]:
    """What moved, and for which decision.

    `spend/7` and `return/7` are moves of the wallet; all others begin with their decision's id, and
    a reversal ends with its position.
    """
    head, _, rest = transfer_id.partition("/")
    if head in ("spend", "return") and rest.isdigit():
        return head, None
    decision_id, _, what = transfer_id.rpartition("/")
    if what.isdigit():
        decision_id, _, what = decision_id.rpartition("/")
    return what, decision_id


def _waits(row: DecisionRow) -> bool:
    if row.outcome == "rejected" or row.ruling == "denied" or row.reversed_amount >= row.amount:
        return False
    return read.transfer(f"{row.decision_id}/available") is None


def _missing(row: DecisionRow) -> dict[str, Any]:
    return {
        "decision_id": row.decision_id,
        "unit": row.unit,
        "amount": row.amount - row.reversed_amount,
        "waits_for": "release" if row.waits_for_ruling else "date",
        "available_at": row.available_at,
    }
