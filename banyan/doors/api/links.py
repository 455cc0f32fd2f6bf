"""links: codes that advocates pass on."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings
from ninja import Router
from pydantic import Field

from banyan.core.programs import read
from banyan.core.programs.read import LinkRow
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import missing
from banyan.doors.api.shapes import Body, Id, Shape, Time
from banyan.pipeline.links import make_link

router = Router(tags=["Links"])


class Link(Shape):
    """A link with its counters."""

    code: str
    url: str
    program: str
    advocate: str
    channel: str
    script: str
    created_at: Time
    clicks: int
    referrals: int


class NewLink(Body):
    """Whose link, of which program. Without `code` one is made that can be read out on the
    telephone; `channel` and `script` are told with each click."""

    program: Id
    advocate: Id
    code: str | None = Field(default=None, min_length=1, max_length=64)
    channel: str = Field(default="", max_length=100)
    script: str = Field(default="", max_length=100)


class Landing(Shape):
    """Where a link leads; nothing of who passed it on."""

    code: str
    program: str
    status: str = Field(description="Of the program; a link of a paused or closed one counts not")
    landing_url: str


EXAMPLE = {
    "code": "7KXM4PQR",
    "url": "https://refer.example.com/r/7KXM4PQR",
    "program": "meundies",
    "advocate": "ann",
    "channel": "wechat",
    "script": "",
    "created_at": "2026-01-30T12:00:00Z",
    "clicks": 12,
    "referrals": 3,
}
LANDING = {
    "code": "7KXM4PQR",
    "program": "meundies",
    "status": "live",
    "landing_url": "https://shop.example.com/welcome",
}


@operation(
    router,
    "POST",
    "/links",
    scope="links:write",
    summary="Make a link",
    reply=Link,
    example=EXAMPLE | {"clicks": 0, "referrals": 0},
    sends={"program": "meundies", "advocate": "ann", "channel": "wechat"},
    errors=["not_found", "code_taken", "wrong_status"],
)
def create_link(request: ApiRequest, body: NewLink) -> dict[str, Any]:
    """Without `code` the advocate's first link of that program, channel and script is given again.
    A code belongs for ever to the advocate who has it first."""
    call = request.call
    made = make_link(
        call.actor,
        program=body.program,
        advocate=body.advocate,
        code=body.code,
        channel=body.channel,
        script=body.script,
        now=call.now,
    )
    return _told(made)


@operation(
    router,
    "GET",
    "/links",
    scope="links:read",
    summary="List an advocate's links",
    reply=Page[Link],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_links(
    request: ApiRequest,
    advocate: str,
    program: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """By code."""
    place = after(cursor, of="links", kinds=(str,))
    rows = read.links_of(
        advocate, program=program, after=place[0] if place else "", limit=limit + 1
    )
    found = page(rows, limit=limit, of="links", place=lambda row: (row.code,))
    return found | {"data": [_told(row) for row in found["data"]]}


@operation(
    router,
    "GET",
    "/links/{code}/landing",
    scope="landing:read",
    summary="Read where a link leads",
    reply=Landing,
    example=LANDING,
)
def get_landing(request: ApiRequest, code: str) -> Any:
    """Made for publishable keys: a page can greet a friend before anything is recorded."""
    found = read.link(code)
    if found is None:
        raise missing(f"Code {code[:64]!r}")
    return found


@operation(
    router,
    "GET",
    "/links/{code}",
    scope="links:read",
    summary="Read a link",
    reply=Link,
    example=EXAMPLE,
)
def get_link(request: ApiRequest, code: str) -> dict[str, Any]:
    """Its advocate and counters. Codes compare without regard to case."""
    found = read.link_row(code)
    if found is None:
        raise missing(f"Code {code[:64]!r}")
    return _told(found)


def _told(row: LinkRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "url": f"{settings.BASE_URL}/r/{quote(row.code)}",
        "program": row.program,
        "advocate": row.advocate,
        "channel": row.channel,
        "script": row.script,
        "created_at": row.created_at,
        "clicks": row.clicks,
        "referrals": row.referrals,
    }
