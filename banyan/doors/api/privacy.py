"""privacy: what people asked for and by when, and contacts of people who are no customers."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Router
from pydantic import Field

from banyan.core.people.contacts import Kind
from banyan.doors.api.customers import Find
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import missing
from banyan.doors.api.shapes import LARGEST_WHOLE, Body, Id, Shape, Text, Time
from banyan.growth.leads import acts as leads
from banyan.growth.leads.contact import Given
from banyan.trust.privacy import acts, read
from banyan.trust.privacy.read import RequestRow

router = Router(tags=["Privacy"])

RequestKind = Literal["access", "export", "correct", "erase", "object"]
State = Literal["open", "done", "refused"]


class PrivacyRequest(Shape):
    """What a person asked for, and what became of it."""

    number: int
    kind: RequestKind
    state: State
    user_id: str = Field(description="Empty for a contact of somebody who is no customer")
    about: str = Field(description="The shop that asks for all its customers; else empty")
    text: str = Field(description="What the person said; empty once they were erased")
    received_at: Time
    due_at: Time
    opened_by: str
    closed_at: Time | None
    closed_by: str
    reason: str
    outcome: dict[str, Any] = Field(description="What was done, in numbers")


class NewRequest(Body):
    """What a customer asks for."""

    kind: RequestKind
    user_id: Id
    text: Text = Field("", description="What the person said, such as what is to be put right")


class Closing(Body):
    """How a request was answered, in words the person can be told."""

    is_refused: bool
    reason: Text = Field(min_length=1)


class ContactErasure(Find):
    """A contact that others gave, and why it goes; one of `email` and `phone`."""

    reason: Text = Field(min_length=1)


class ContactErased(Shape):
    """In how many invitations it was destroyed."""

    invitations: int


EXAMPLE: dict[str, object] = {
    "number": 3,
    "kind": "access",
    "state": "open",
    "user_id": "ann",
    "about": "",
    "text": "",
    "received_at": "2026-01-31T08:00:00Z",
    "due_at": "2026-02-20T08:00:00Z",
    "opened_by": "key:1",
    "closed_at": None,
    "closed_by": "",
    "reason": "",
    "outcome": {},
}


@operation(
    router,
    "GET",
    "/privacy_requests",
    scope="customers:read",
    summary="List what people asked for",
    reply=Page[PrivacyRequest],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_privacy_requests(
    request: ApiRequest,
    user_id: str | None = None,
    state: State | None = None,
    is_late: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first. `is_late=true` asks for those that were due before now."""
    place = after(cursor, of="privacy_requests", kinds=(int,))
    rows = read.requests(
        user_id=user_id,
        state=state,
        due_before=request.call.now if is_late else None,
        before=place[0] if place else None,
        limit=limit + 1,
    )
    return page(rows, limit=limit, of="privacy_requests", place=lambda row: (row.number,))


@operation(
    router,
    "POST",
    "/privacy_requests",
    scope="customers:write",
    summary="Note what a customer asks for",
    reply=PrivacyRequest,
    example=EXAMPLE,
    sends={"kind": "access", "user_id": "ann"},
    errors=["no_such_customer", "merged_away", "request_text_refused"],
)
def open_privacy_request(request: ApiRequest, body: NewRequest) -> RequestRow:
    """It is due within 15 working days."""
    call = request.call
    number = acts.open_request(call.actor, body.kind, body.user_id, text=body.text, now=call.now)
    return _found(number)


@operation(
    router,
    "POST",
    "/privacy_requests/{number}/close",
    scope="customers:write",
    summary="Note that a request was answered",
    reply=PrivacyRequest,
    example=EXAMPLE | {"state": "done", "reason": "Sent by post."},
    sends={"is_refused": False, "reason": "Sent by post."},
    errors=["request_not_open", "no_reason"],
)
def close_privacy_request(request: ApiRequest, number: int, body: Closing) -> RequestRow:
    """One to erase a customer is closed by the erasure itself (`request` of
    `POST /v1/customers/{user_id}/erase`), or refused here. One of a shop is closed here."""
    _found(number)
    call = request.call
    acts.close_request(
        call.actor, number, is_refused=body.is_refused, reason=body.reason, now=call.now
    )
    return _found(number)


@operation(
    router,
    "POST",
    "/contacts/erase",
    scope="customers:write",
    summary="Erase a contact that others gave",
    reply=ContactErased,
    example={"invitations": 2},
    sends={"email": "dan@example.com", "reason": "Asked for it by telephone."},
    errors=["contact_of_customer", "not_a_contact", "no_reason"],
)
def erase_contact(request: ApiRequest, body: ContactErasure) -> dict[str, Any]:
    """Of somebody who was invited and is no customer."""
    call = request.call
    kind: Kind = "email" if body.email is not None else "phone"
    value = body.email or body.phone or ""
    done = acts.erase_contact(call.actor, kind, value, reason=body.reason, now=call.now)
    waiting = leads.forget(Given(kind, value), now=call.now)
    return {"invitations": done + waiting}


def _found(number: int) -> RequestRow:
    rows = read.requests(before=number + 1, limit=1) if 0 < number < LARGEST_WHOLE else []
    if not rows or rows[0].number != number:
        raise missing(f"Request {number}")
    return rows[0]
