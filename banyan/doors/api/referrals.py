"""referrals: who brought whom, how far it came, and which invitations did not count."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from ninja import Router
from pydantic import Field

from banyan.core.programs.read import published_program
from banyan.core.referrals import read
from banyan.core.referrals.read import TouchLostRow
from banyan.core.referrals.stages import PublicState, Stage
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, FromPosition, Limit, Order, Page, after, page
from banyan.doors.api.problems import missing
from banyan.doors.api.shapes import Shape, Time
from banyan.engine.language.explain import explain_lost

router = Router(tags=["Referrals"])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StageReached(Shape):
    """A stage and when it was reached."""

    stage: Stage
    position: int
    at: Time
    reason: str = Field(description="Why it was lost; else empty")


class Referral(Shape):
    """A referral with the columns of the published table, and where it stands."""

    number: int
    program: str
    version: int
    advocate: str
    friend: str
    kind: str
    channel: str | None
    script: str | None
    touch_position: int
    touched_at: Time
    join_position: int
    started_at: Time
    stage: Stage
    public_state: PublicState = Field(description="What the advocate is shown")
    stages: list[StageReached]


class TouchLost(Shape):
    """An invitation that met a friend and did not count."""

    program: str
    advocate: str
    visitor: str | None
    kind: str
    touch_position: int
    touched_at: Time
    join_position: int
    reason: str
    why: str = Field(description="One sentence, in the language asked for")


EXAMPLE = {
    "number": 1,
    "program": "meundies",
    "version": 1,
    "advocate": "ann",
    "friend": "ben",
    "kind": "click",
    "channel": "wechat",
    "script": None,
    "touch_position": 17,
    "touched_at": "2026-01-30T20:11:05Z",
    "join_position": 21,
    "started_at": "2026-01-31T07:30:00Z",
    "stage": "purchased",
    "public_state": "closed",
    "stages": [
        {"stage": "accepted", "position": 21, "at": "2026-01-31T07:30:00Z", "reason": ""},
        {"stage": "purchased", "position": 42, "at": "2026-01-31T08:00:00Z", "reason": ""},
    ],
}
LOST = {
    "program": "meundies",
    "advocate": "carl",
    "visitor": "6c1b2f0e",
    "kind": "click",
    "touch_position": 12,
    "touched_at": "2026-01-29T10:00:00Z",
    "join_position": 21,
    "reason": "lost_to_other_touch",
    "why": "In program “meundies”, when the friend came at position 21, this did not count: …",
}


@operation(
    router,
    "GET",
    "/referrals",
    scope="referrals:read",
    summary="List referrals",
    reply=Page[Referral],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_referrals(
    request: ApiRequest,
    advocate: str | None = None,
    friend: str | None = None,
    program: str | None = None,
    stage: Stage | None = None,
    from_position: FromPosition = None,
    order: Order = "desc",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first, or with `order=asc` the oldest. `stage` asks for those that have reached
    it, `from_position` for those whose friend joined there or later."""
    name = "referrals" if order == "desc" else "referrals:asc"
    place = after(cursor, of=name, kinds=(int,))
    last = place[0] if place else None
    rows = read.referrals(
        advocate=advocate,
        friend=friend,
        program=program,
        stage=stage,
        from_position=from_position,
        order=order,
        before=last if order == "desc" else None,
        after=last if order == "asc" else None,
        limit=limit + 1,
    )
    return page(rows, limit=limit, of=name, place=lambda row: (row.number,))


@operation(
    router,
    "GET",
    "/referrals/{program}/{path:friend}/lost",
    scope="referrals:read",
    summary="List the invitations of a friend that did not count",
    reply=Page[TouchLost],
    example={"data": [LOST], "next_cursor": None},
)
def list_lost_invitations(request: ApiRequest, program: str, friend: str) -> dict[str, Any]:
    """Those that met the friend when the referral began, with the reason of each."""
    found = read.referrals(program=program, friend=friend, limit=1)
    if not found:
        raise missing(f"A referral of {friend[:100]!r} in {program[:64]!r}")
    timezone = published_program(program, found[0].version).timezone
    lost = read.touches_lost(join_position=found[0].join_position)
    told = [
        asdict(row)
        | {"why": explain_lost(_engine_row(row), timezone=timezone, lang=request.call.lang)}
        for row in lost
        if row.program == program
    ]
    return {"data": told, "next_cursor": None}


@operation(
    router,
    "GET",
    "/referrals/{program}/{path:friend}",
    scope="referrals:read",
    summary="Read a referral",
    reply=Referral,
    example=EXAMPLE,
)
def get_referral(request: ApiRequest, program: str, friend: str) -> Any:
    """A friend has at most one referral in a program."""
    found = read.referrals(program=program, friend=friend, limit=1)
    if not found:
        raise missing(f"A referral of {friend[:100]!r} in {program[:64]!r}")
    return found[0]


def _engine_row(row: TouchLostRow) -> dict[str, Any]:
    """As the engine speaks of it: times as microseconds."""
    return asdict(row) | {"touched_at": (row.touched_at - _EPOCH) // timedelta(microseconds=1)}
