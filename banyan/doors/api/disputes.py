"""disputes: what customers think was decided wrongly, and our answers within the promised time."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Router
from pydantic import Field

from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import missing
from banyan.doors.api.shapes import LARGEST_WHOLE, Body, Id, Shape, Text, Time
from banyan.growth.feedback import acts, read
from banyan.growth.feedback.read import DisputeRow
from banyan.trust.audit.acts import record

router = Router(tags=["Disputes"])

State = Literal["open", "accepted", "solved", "appealed"]


class DisputeSummary(Shape):
    """A dispute without what was said in it."""

    number: int
    user_id: str
    about: str = Field(description="A decision's id, or PROGRAM/FRIEND of a referral")
    program: str
    state: State
    outcome: Literal["", "upheld", "corrected", "withdrawn"]
    raised_at: Time
    accept_by: Time
    solve_by: Time
    last_by: Time = Field(description="The outer limit, which the customer is promised")
    accepted_at: Time | None
    solved_at: Time | None
    is_appealed: bool
    late: Literal["", "accept", "solve", "limit"] = Field(description="Which time was missed")


class DisputeStage(Shape):
    """A stage that a referral had reached."""

    stage: str
    position: int
    at: Time
    reason: str


class DisputeWord(Shape):
    """Something said in a dispute."""

    kind: Literal["raised", "answered", "appealed"]
    at: Time
    actor: str
    text: str | None = Field(description="Null once the customer was erased")


class Dispute(DisputeSummary):
    """A dispute with what was known when it began, and everything said in it."""

    why: str = Field(description="Why it was decided so, in the language asked for")
    stages: list[DisputeStage] = Field(description="Of a referral")
    words: list[DisputeWord]


class NewDispute(Body):
    """What a customer disputes, in the customer's words."""

    user_id: Id
    about: Id = Field(description="A decision's id, or PROGRAM/FRIEND of a referral")
    text: Text = Field(min_length=1)


class DisputeAnswer(Body):
    """What was found, in words for the customer."""

    outcome: Literal["upheld", "corrected", "withdrawn"] = Field(
        description="What was decided stands; was put right; is no longer disputed"
    )
    text: Text = Field(min_length=1)


SUMMARY: dict[str, object] = {
    "number": 7,
    "user_id": "ann",
    "about": "meundies/advocate-credit/ann/42",
    "program": "meundies",
    "state": "open",
    "outcome": "",
    "raised_at": "2026-02-01T08:00:00Z",
    "accept_by": "2026-02-02T08:00:00Z",
    "solve_by": "2026-02-03T08:00:00Z",
    "last_by": "2026-02-04T08:00:00Z",
    "accepted_at": None,
    "solved_at": None,
    "is_appealed": False,
    "late": "",
}
EXAMPLE: dict[str, object] = SUMMARY | {
    "why": "Decision “meundies/advocate-credit/ann/42” (program “meundies”, version 1). …",
    "stages": [],
    "words": [
        {
            "kind": "raised",
            "at": "2026-02-01T08:00:00Z",
            "actor": "customer:ann",
            "text": "Ben bought for 60 dollars, not for 40.",
        }
    ],
}


@operation(
    router,
    "GET",
    "/disputes",
    scope="disputes:read",
    summary="List disputes",
    reply=Page[DisputeSummary],
    example={"data": [SUMMARY], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_disputes(
    request: ApiRequest,
    state: State | None = None,
    program: str | None = None,
    user_id: str | None = None,
    is_late: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first, without what was said. `is_late=true` asks for those not solved that have
    missed one of their times."""
    place = after(cursor, of="disputes", kinds=(int,))
    rows = read.disputes(
        state=state,
        program=program,
        user_id=user_id,
        late_at=request.call.now if is_late else None,
        before=place[0] if place else None,
        limit=limit + 1,
    )
    found = page(rows, limit=limit, of="disputes", place=lambda row: (row.number,))
    return found | {"data": [_summary(request, row) for row in found["data"]]}


@operation(
    router,
    "POST",
    "/disputes",
    scope="disputes:write",
    summary="Raise a dispute for a customer",
    reply=Dispute,
    example=EXAMPLE,
    sends={
        "user_id": "ann",
        "about": "meundies/advocate-credit/ann/42",
        "text": "Ben bought for 60 dollars, not for 40.",
    },
    errors=["not_found", "already_disputed", "dispute_text_refused", "merged_away"],
)
def raise_dispute(request: ApiRequest, body: NewDispute) -> dict[str, Any]:
    """For one who telephones, or from your own app. About a decision for this customer, or a
    referral that this customer made or came by. Take it up within 24 hours, answer within 48; 72
    are the limit."""
    row = acts.raise_dispute(body.user_id, about=body.about, text=body.text, now=request.call.now)
    return _recorded(request, "raised", row)


@operation(
    router,
    "POST",
    "/disputes/{number}/accept",
    scope="disputes:write",
    summary="Take up a dispute",
    reply=Dispute,
    example=EXAMPLE | {"state": "accepted", "accepted_at": "2026-02-01T09:00:00Z"},
    errors=["dispute_state"],
)
def accept_dispute(request: ApiRequest, number: int) -> dict[str, Any]:
    """Somebody is looking at it from now on; the customer sees that."""
    _found(number)
    row = acts.accept(request.call.actor, number, now=request.call.now)
    return _recorded(request, "accepted", row)


@operation(
    router,
    "POST",
    "/disputes/{number}/answer",
    scope="disputes:write",
    summary="Answer a dispute",
    reply=Dispute,
    example=EXAMPLE | {"state": "solved", "outcome": "upheld", "solved_at": "2026-02-01T10:00:00Z"},
    sends={"outcome": "upheld", "text": "The order was 40 dollars after the voucher."},
    errors=["dispute_state", "dispute_text_refused"],
)
def answer_dispute(request: ApiRequest, number: int, body: DisputeAnswer) -> dict[str, Any]:
    """The customer reads `text` and may appeal once. Putting a decision right is done where it is
    made: by releasing it, by the event that was missing, or by a new version."""
    _found(number)
    row = acts.answer(
        request.call.actor,
        number,
        outcome=body.outcome,
        text=body.text,
        now=request.call.now,
    )
    return _recorded(request, "answered", row)


@operation(
    router,
    "GET",
    "/disputes/{number}",
    scope="disputes:read",
    summary="Read a dispute",
    reply=Dispute,
    example=EXAMPLE,
)
def get_dispute(request: ApiRequest, number: int) -> dict[str, Any]:
    """With what was said, which may hold personal data; that it was read is written to the audit
    log."""
    return _recorded(request, "read", _found(number))


def _recorded(request: ApiRequest, verb: str, row: DisputeRow) -> dict[str, Any]:
    call = request.call
    record(
        call.actor,
        f"dispute.{verb}",
        f"dispute:{row.number}",
        now=call.now,
        after=None if verb == "read" else {"state": row.state, "outcome": row.outcome},
    )
    return _told(request, row)


def _found(number: int) -> DisputeRow:
    row = read.dispute(number) if 0 < number < LARGEST_WHOLE else None
    if row is None:
        raise missing(f"Dispute {number}")
    return row


def _told(request: ApiRequest, row: DisputeRow) -> dict[str, Any]:
    return _summary(request, row) | {
        "why": row.evidence["why"][request.call.lang],
        "stages": row.evidence.get("stages", []),
        "words": row.words,
    }


def _summary(request: ApiRequest, row: DisputeRow) -> dict[str, Any]:
    kept = {name: getattr(row, name) for name in DisputeSummary.model_fields if name != "late"}
    return kept | {"late": row.late(request.call.now)}
