"""wallets: what a customer holds, how it came there, top-ups, spends and returns."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import AfterValidator, Field

from banyan.core.ledger import read
from banyan.core.ledger.read import Movement, TransferRow, WalletBalance
from banyan.core.referrals.read import DecisionRow, decisions
from banyan.doors.api import commands
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import Fault, Trouble
from banyan.doors.api.shapes import Body, Id, Moment, Shape, Text, Time, rfc3339
from banyan.engine.language.written import read_give
from banyan.kernel.money import UnknownCurrency, minor_digits

router = Router(tags=["Wallets"])

LARGEST_SPEND = 10**12
"""What the engine takes for an amount; larger ones move nothing."""


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
    what: Literal["grant", "available", "reversal", "expiry", "topup", "spend", "return"]
    unit: str
    amount: int = Field(description="Above zero when it came, below when it went")
    account: Literal["pending", "available"]
    decision_id: str | None
    reference: str | None = Field(description="Of a top-up, a spend or its return; else null")


class Waiting(Shape):
    """Something granted or held that cannot be spent yet, and what is missing."""

    decision_id: str
    unit: str
    amount: int
    waits_for: Literal["date", "release"]
    available_at: Time | None


def _known_unit(unit: str) -> str:
    """A unit that programs can give: a slip of the pen would make one that nobody can spend."""
    kind, _, currency = unit.partition(" ")
    if kind not in ("cash", "credit"):
        return read_give(unit)
    try:
        minor_digits(currency)
    except UnknownCurrency as unknown:
        raise ValueError(str(unknown)) from None
    return unit


class TopUp(Body):
    """What is put in. `reference` is the caller's own name for it, good once a customer."""

    unit: Annotated[Id, AfterValidator(_known_unit)]
    amount: int = Field(gt=0, le=LARGEST_SPEND)
    reference: Id
    reason: Text = Field(default="", description="Kept in the log and the audit")
    expires_at: Moment | None = Field(default=None, description="When what is left of it lapses")


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
    "reference": None,
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
    """The newest first: grants, what became available, reversals, expiries, top-ups, spends and
    returns."""
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
    "/customers/{path:user_id}/wallet/topup",
    scope="wallets:credit",
    summary="Top up a wallet",
    reply=Moved,
    example=MOVED | {"transfer_id": "topup/56", "reference": "gift-card-7"},
    sends={
        "unit": "credit USD",
        "amount": 500,
        "reference": "gift-card-7",
        "reason": "Gift card bought in the shop.",
    },
    errors=["reference_reused", "not_decided_yet"],
    waits=True,
)
def top_up_wallet(request: ApiRequest, user_id: str, body: TopUp) -> dict[str, Any]:
    """Value from outside any program, available at once and spent like what was earned. The same
    reference with the same unit and amount is answered again and moves nothing; with others it is
    refused. With `expires_at` what is left of it lapses then."""
    now = request.call.now
    if body.expires_at is not None and body.expires_at <= now:
        detail = f"is not after now, which is {rfc3339(now)}"
        fault = Fault("/expires_at", detail)
        raise Trouble("invalid", f"expires_at: {detail}", faults=[fault])
    made = _same(user_id, body, "topup")
    if made is None and request.call.is_rehearsal:
        return _rehearsed(request, user_id, body, body.amount)
    if made is None:
        position = commands.decided(
            request.call,
            "Wallet Credited",
            _credit(body),
            user_id=user_id,
            act=commands.Act("wallet.topup", f"customer:{user_id}", body.reason),
        )
        made = read.transfer(f"topup/{position}") or _same(user_id, body, "topup")
        assert made is not None, "the engine takes every top-up that was checked here"
    return _moved(user_id, made, body.reference)


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
    made = read.transfer(f"spend/{position}") or _same(user_id, body, "spend")
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
        spent = read.ordered(user_id, "spend", body.reference)
        if spent is None or read.ordered(user_id, "return", body.reference) is not None:
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


def _credit(body: TopUp) -> dict[str, object]:
    """The properties of the event."""
    said: dict[str, object] = {
        "unit": body.unit,
        "amount": body.amount,
        "reference": body.reference,
    }
    if body.reason:
        said["reason"] = body.reason
    if body.expires_at is not None:
        said["expires_at"] = rfc3339(body.expires_at)
    return said


def _rehearsed_spend(request: ApiRequest, user_id: str, body: Spend) -> dict[str, Any]:
    made = _same(user_id, body, "spend")
    if made is not None:
        return _moved(user_id, made, body.reference)
    if _balance(user_id, body.unit).available < body.amount:
        raise _insufficient(user_id, body)
    return _rehearsed(request, user_id, body, -body.amount)


def _rehearsed(
    request: ApiRequest, user_id: str, body: TopUp | Spend, change: int
) -> dict[str, Any]:
    balance = _balance(user_id, body.unit)
    return {
        "transfer_id": None,
        "occurred_at": request.call.now,
        "unit": body.unit,
        "amount": body.amount,
        "reference": body.reference,
        "balance": WalletBalance(body.unit, balance.pending, balance.available + change),
    }


def _same(user_id: str, body: TopUp | Spend, what: Literal["topup", "spend"]) -> TransferRow | None:
    """The move that has the reference already. Raises Trouble when it was another one."""
    made = read.ordered(user_id, what, body.reference)
    if made is not None and (made.unit, made.amount) != (body.unit, body.amount):
        done = "topped up" if what == "topup" else "spent"
        raise Trouble(
            "reference_reused",
            f"reference: {body.reference!r} stands for {made.amount} {made.unit} {done} at "
            f"position {made.position}; take another reference for another one",
        )
    return made


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
        "reference": row.reference or None,
    }


def _named(transfer_id: str) -> tuple[str, str | None]:
    """What moved, and for which decision.

    `topup/7`, `topup/7/expiry`, `spend/7` and `return/7` are moves of the wallet; all others begin
    with their decision's id, and a reversal ends with its position.
    """
    head, _, rest = transfer_id.partition("/")
    number, _, what = rest.partition("/")
    if head in ("topup", "spend", "return") and number.isdigit() and what in ("", "expiry"):
        return what or head, None
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
