"""audit: what was done by whom."""

from __future__ import annotations

from typing import Any

from ninja import Router
from pydantic import Field

from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.shapes import Moment, Shape, Time
from banyan.trust.audit import read

router = Router(tags=["Audit"])


class Entry(Shape):
    """One act; `hash` closes the chain of all entries up to it."""

    number: int
    at: Time
    actor: str
    verb: str
    about: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str
    hash: str = Field(description="SHA-256 over the hash before it and this entry")


EXAMPLE = {
    "number": 7,
    "at": "2026-01-31T08:00:00Z",
    "actor": "key:1",
    "verb": "decision.release",
    "about": "decision:meundies/advocate-credit/ann/42",
    "before": None,
    "after": {"position": 44},
    "reason": "The customer sent the invoice.",
    "hash": "8c5f0d7ad4a7d1f0c1c1f1f9f7e4a1c9a2f1b7a8f3f7f0f6e5c4b3a291807f6e",
}


@operation(
    router,
    "GET",
    "/audit",
    scope="audit:read",
    summary="List what was done by whom",
    reply=Page[Entry],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_audit(
    request: ApiRequest,
    actor: str | None = None,
    verb: str | None = None,
    about: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first. `verb` may name a noun with a dot (`program.`); `since` is inside, `until`
    is not."""
    place = after(cursor, of="audit", kinds=(int,))
    rows = read.entries(
        actor=actor,
        verb=verb,
        about=about,
        since=since,
        until=until,
        before=place[0] if place else None,
        limit=limit + 1,
    )
    return page(rows, limit=limit, of="audit", place=lambda row: (row.number,))
