"""decisions: what was granted, held or rejected, and why; release and denial of what is held."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from ninja import Router
from pydantic import Field

from banyan.core.referrals import read
from banyan.core.referrals.read import DecisionRow
from banyan.core.referrals.why import why as in_words
from banyan.core.referrals.why import why_each
from banyan.doors.api import commands
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, FromPosition, Limit, Order, Page, after, page
from banyan.doors.api.problems import Trouble, missing
from banyan.doors.api.shapes import Body, Shape, Text, Time
from banyan.trust.audit.acts import record

router = Router(tags=["Decisions"])


class Decision(Shape):
    """A decision with the columns of the published table, what became of it, and why."""

    decision_id: str
    program: str
    version: int
    reward: str
    to: str
    beneficiary: str
    advocate: str | None
    friend: str | None
    milestone: str
    ordinal: int
    position: int
    occurred_at: Time
    unit: str
    raw_amount: int
    amount: int
    outcome: Literal["granted", "held", "rejected"]
    reason: str | None
    available_at: Time | None
    expires_at: Time | None
    reversed_amount: int = Field(description="Taken back of it so far")
    ruling: Literal["released", "denied"] | None
    why: str | None = Field(
        description="One paragraph, in the language asked for; None if it was not asked for"
    )


class Ruling(Body):
    """A person's word on a held decision."""

    reason: Text = Field(min_length=1, description="Kept in the log and the audit")


EXAMPLE = {
    "decision_id": "meundies/advocate-credit/ann/42",
    "program": "meundies",
    "version": 1,
    "reward": "advocate-credit",
    "to": "advocate",
    "beneficiary": "ann",
    "advocate": "ann",
    "friend": "ben",
    "milestone": "bought",
    "ordinal": 1,
    "position": 42,
    "occurred_at": "2026-01-31T08:00:00Z",
    "unit": "credit USD",
    "raw_amount": 2000,
    "amount": 2000,
    "outcome": "granted",
    "reason": None,
    "available_at": "2026-02-14T08:00:00Z",
    "expires_at": None,
    "reversed_amount": 0,
    "ruling": None,
    "why": "Decision “meundies/advocate-credit/ann/42” (program “meundies”, version 1). …",
}


@operation(
    router,
    "GET",
    "/decisions",
    scope="decisions:read",
    summary="List decisions",
    reply=Page[Decision],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_decisions(
    request: ApiRequest,
    beneficiary: str | None = None,
    program: str | None = None,
    advocate: str | None = None,
    friend: str | None = None,
    outcome: Literal["granted", "held", "rejected"] | None = None,
    waiting: bool = False,
    why: bool = True,
    from_position: FromPosition = None,
    order: Order = "desc",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first, or with `order=asc` the oldest. `waiting=true` asks for held ones that
    nobody has released or denied; `why=false` leaves out the reasons in words, which makes long
    lists much faster."""
    name = "decisions" if order == "desc" else "decisions:asc"
    place = after(cursor, of=name, kinds=(int, int))
    rows = read.decisions(
        beneficiary=beneficiary,
        program=program,
        advocate=advocate,
        friend=friend,
        outcome=outcome,
        waiting=waiting,
        from_position=from_position,
        order=order,
        before=place if order == "desc" else None,
        after=place if order == "asc" else None,
        limit=limit + 1,
    )
    found = page(rows, limit=limit, of=name, place=lambda row: (row.position, row.place))
    rows = found["data"]
    words = why_each(rows, request.call.lang) if why else [None] * len(rows)
    data = [asdict(row) | {"why": text} for row, text in zip(rows, words, strict=True)]
    return found | {"data": data}


@operation(
    router,
    "POST",
    "/decisions/{path:decision_id}/release",
    scope="decisions:write",
    summary="Release a held decision",
    reply=Decision,
    example=EXAMPLE | {"outcome": "held", "ruling": "released"},
    sends={"reason": "The customer sent the invoice."},
    errors=["not_waiting", "not_decided_yet"],
    waits=True,
)
def release_decision(request: ApiRequest, decision_id: str, body: Ruling) -> dict[str, Any]:
    """It becomes available at the later of its date and now. Answers when that is decided."""
    return _ruled(request, decision_id, "Decision Released", body.reason)


@operation(
    router,
    "POST",
    "/decisions/{path:decision_id}/deny",
    scope="decisions:write",
    summary="Deny a held decision",
    reply=Decision,
    example=EXAMPLE | {"outcome": "held", "ruling": "denied", "reversed_amount": 2000},
    sends={"reason": "Both accounts are one person."},
    errors=["not_waiting", "not_decided_yet"],
    waits=True,
)
def deny_decision(request: ApiRequest, decision_id: str, body: Ruling) -> dict[str, Any]:
    """It is never paid and gives back its caps. Answers when that is decided."""
    return _ruled(request, decision_id, "Decision Denied", body.reason)


@operation(
    router,
    "GET",
    "/decisions/{path:decision_id}",
    scope="decisions:read",
    summary="Read a decision",
    reply=Decision,
    example=EXAMPLE,
)
def get_decision(request: ApiRequest, decision_id: str) -> dict[str, Any]:
    """The id holds slashes; they may be sent as they are or as `%2F`."""
    return _told(request, _found(decision_id))


def _ruled(request: ApiRequest, decision_id: str, event: str, reason: str) -> dict[str, Any]:
    """Of two rulings at the same time the engine takes the first; who asked for the other one is
    told."""
    row = _found(decision_id)
    wanted = "released" if event == "Decision Released" else "denied"
    if not row.waits_for_ruling:
        raise _not_waiting(row)
    if request.call.is_rehearsal:
        return _told(request, row)
    position = commands.decided(request.call, event, {"decision_id": decision_id, "reason": reason})
    ruled = _found(decision_id)
    if ruled.ruling != wanted:
        raise _not_waiting(ruled)
    record(
        request.call.actor,
        f"decision.{'release' if wanted == 'released' else 'deny'}",
        f"decision:{decision_id}",
        now=request.call.now,
        after={"position": position},
        reason=reason,
    )
    return _told(request, ruled)


def _found(decision_id: str) -> DecisionRow:
    row = read.decision(decision_id)
    if row is None:
        raise missing(f"Decision {decision_id[:100]!r}")
    return row


def _not_waiting(row: DecisionRow) -> Trouble:
    state = row.ruling or ("taken back" if row.outcome == "held" else row.outcome)
    return Trouble("not_waiting", f"Decision {row.decision_id} is {state}; only held ones wait.")


def _told(request: ApiRequest, row: DecisionRow) -> dict[str, Any]:
    return asdict(row) | {"why": in_words(row, request.call.lang)}
