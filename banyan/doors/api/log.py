"""log: events of a customer as they stand in the log, and events that could not be used."""

from __future__ import annotations

import json
from typing import Any

from ninja import Router
from pydantic import Field

from banyan.core.events.read import timeline
from banyan.core.referrals import read
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.shapes import Shape, Time

router = Router(tags=["Events"])


class Event(Shape):
    """An event; contacts and addresses in it are keyed hashes."""

    position: int
    message_id: str
    type: str
    event: str = Field(description="Of track events; else empty")
    occurred_at: Time
    received_at: Time
    source: str
    body: dict[str, Any]


class Reject(Shape):
    """An event that could not be read or used."""

    position: int
    message_id: str | None
    code: str
    sentence: str


EVENT = {
    "position": 42,
    "message_id": "order-1001",
    "type": "track",
    "event": "Order Completed",
    "occurred_at": "2026-01-31T08:00:00Z",
    "received_at": "2026-01-31T08:00:00.412000Z",
    "source": "key:1",
    "body": {"type": "track", "event": "Order Completed", "userId": "ben"},
}
REJECT = {
    "position": 43,
    "message_id": "click-9",
    "code": "unknown_code",
    "sentence": "The referral code is missing or belonged to nobody at that time.",
}


@operation(
    router,
    "GET",
    "/customers/{path:user_id}/events",
    scope="events:read",
    summary="List a customer's events",
    reply=Page[Event],
    example={"data": [EVENT], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_events(
    request: ApiRequest, user_id: str, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """The newest first, as the log keeps them."""
    place = after(cursor, of="events", kinds=(int,))
    rows = timeline(user_id, before=place[0] if place else None, limit=limit + 1)
    return page(
        [_told(row) for row in rows.iter_rows(named=True)],
        limit=limit,
        of="events",
        place=lambda row: (row["position"],),
    )


@operation(
    router,
    "GET",
    "/rejects",
    scope="events:read",
    summary="List events that could not be used",
    reply=Page[Reject],
    example={"data": [REJECT], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_rejects(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> dict[str, Any]:
    """The newest first, each with a stable code and a sentence."""
    place = after(cursor, of="rejects", kinds=(int,))
    rows = read.rejects(before=place[0] if place else None, limit=limit + 1)
    return page(rows, limit=limit, of="rejects", place=lambda row: (row.position,))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "position": row["position"],
        "message_id": row["message_id"],
        "type": row["kind"],
        "event": row["name"],
        "occurred_at": row["occurred_at"],
        "received_at": row["received_at"],
        "source": row["source"],
        "body": json.loads(row["body"]),
    }
