"""notices: what people were told and how it went; how they want to be told; their inbox."""

from __future__ import annotations

from datetime import time
from typing import Any, Literal

from ninja import Router
from pydantic import Field

from banyan.core.people.read import customer
from banyan.doors.api.customers import Find
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import missing
from banyan.doors.api.shapes import LARGEST_WHOLE, Body, Shape, Time
from banyan.growth.journeys import acts, read
from banyan.growth.journeys.addresses import checked, token_of
from banyan.growth.journeys.channels import configured
from banyan.growth.journeys.kinds import CHANNELS, Channel
from banyan.growth.journeys.read import PreferenceRow
from banyan.growth.journeys.receipts import address_for
from banyan.trust.audit.acts import record

router = Router(tags=["Notices"])

Status = Literal["none", "waiting", "sent", "delivered", "bounced", "failed", "suppressed"]
Way = Literal["email", "sms", "wechat"]
Hour = Field(default=None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["21:00"])


class Notice(Shape):
    """Something somebody was told: what became of it, without its words."""

    number: int
    kind: str
    user_id: str = Field(description="Empty: an address of no known customer")
    program: str
    created_at: Time
    read_at: Time | None
    status: Status
    channel: str = Field(description="The one chosen last; empty when none was")
    reason: str = Field(description="Why it was not sent, or not yet: a code; see the guide")
    refusals: dict[str, str] = Field(description="Why not by which channel")
    answer: str = Field(description="How the last attempt ended, in short")
    attempts: int
    next_at: Time | None
    attempted_at: Time | None
    sent_at: Time | None
    provider: str
    provider_id: str
    template_version: int = Field(description="0: the shipped one")


class ChannelSetUp(Shape):
    """A channel, who carries it, and where that provider reports what became of messages."""

    channel: Way
    provider: str = Field(description="Empty: not set up. `files`: kept in the data folder")
    receipts_url: str


class Channels(Shape):
    """All channels."""

    data: list[ChannelSetUp]


class Preferences(Shape):
    """How a person wants to be told; hours are null where those of the installation hold."""

    user_id: str
    email: bool
    sms: bool
    wechat: bool
    quiet_from: str | None
    quiet_until: str | None
    timezone: str = Field(description="Empty: the person's trait, else the installation's")


class PreferencesChange(Body):
    """What changes; what is left out stays. Equal hours mean none; give both or neither."""

    email: bool | None = None
    sms: bool | None = None
    wechat: bool | None = None
    quiet_from: str | None = Hour
    quiet_until: str | None = Hour
    timezone: str | None = Field(default=None, max_length=64)


class Item(Shape):
    """A notice in a person's inbox."""

    number: int
    kind: str
    program: str
    title: str
    text: str
    link: str
    created_at: Time
    read_at: Time | None


class Inbox(Page[Item]):
    """A page of the inbox, and how many of all are unread."""

    unread: int


class Read(Body):
    """Which notices were read; null: all."""

    numbers: list[int] | None = Field(default=None, max_length=200)


class Unread(Shape):
    """How many are left."""

    unread: int


class Allowed(Shape):
    """Whether it had been stopped."""

    was_stopped: bool


EXAMPLE: dict[str, object] = {
    "number": 31,
    "kind": "reward_arrived",
    "user_id": "ann",
    "program": "meundies",
    "created_at": "2026-01-31T08:00:00Z",
    "read_at": None,
    "status": "sent",
    "channel": "email",
    "reason": "",
    "refusals": {"wechat": "no_address"},
    "answer": "",
    "attempts": 1,
    "next_at": None,
    "attempted_at": "2026-01-31T09:00:00Z",
    "sent_at": "2026-01-31T09:00:00Z",
    "provider": "smtp",
    "provider_id": "f78b3240ee3aebb2e4898e3501ff62b9@refer.example.com",
    "template_version": 0,
}
PREFERENCES: dict[str, object] = {
    "user_id": "ann",
    "email": True,
    "sms": False,
    "wechat": True,
    "quiet_from": "22:00",
    "quiet_until": "08:00",
    "timezone": "Asia/Shanghai",
}
ITEM: dict[str, object] = {
    "number": 31,
    "kind": "reward_arrived",
    "program": "meundies",
    "title": "Your reward has arrived: $20.00 in credit",
    "text": "You have received $20.00 in credit.",
    "link": "https://refer.example.com/me/rewards",
    "created_at": "2026-01-31T08:00:00Z",
    "read_at": None,
}


@operation(
    router,
    "GET",
    "/notices",
    scope="notices:read",
    summary="List notices",
    reply=Page[Notice],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_notices(
    request: ApiRequest,
    status: Status | None = None,
    user_id: str | None = None,
    kind: str | None = None,
    channel: Way | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first. `status=failed` are those that could not be sent."""
    place = after(cursor, of="notices", kinds=(int,))
    rows = read.notices(
        status=status,
        user_id=user_id,
        kind=kind,
        channel=channel,
        before=place[0] if place else None,
        limit=limit + 1,
    )
    return page(rows, limit=limit, of="notices", place=lambda row: (row.number,))


@operation(
    router,
    "GET",
    "/notices/{number}",
    scope="notices:read",
    summary="Read a notice",
    reply=Notice,
    example=EXAMPLE,
)
def get_notice(request: ApiRequest, number: int) -> Any:
    """What became of it."""
    return read.notice(_number(number))


@operation(
    router,
    "POST",
    "/notices/{number}/retry",
    scope="notices:write",
    summary="Send a notice again",
    reply=Notice,
    example=EXAMPLE | {"status": "waiting", "attempts": 0, "sent_at": None},
    errors=["notice_not_failed"],
)
def retry_notice(request: ApiRequest, number: int) -> Any:
    """One that failed or bounced, as if it were new, while its words are kept."""
    acts.retry(_number(number), now=request.call.now)
    record(request.call.actor, "notice.retried", f"notice:{number}", now=request.call.now)
    return read.notice(number)


@operation(
    router,
    "GET",
    "/notice_channels",
    scope="notices:write",
    summary="List channels and where providers report",
    reply=Channels,
    example={
        "data": [
            {
                "channel": "email",
                "provider": "smtp",
                "receipts_url": "https://refer.example.com/v1/receipts/email/3f0c1d5e8b7a4c2f",
            }
        ]
    },
)
def list_notice_channels(request: ApiRequest) -> dict[str, Any]:
    """Who has such an address may report; treat it as a secret."""
    known = configured()
    return {"data": [_channel(channel, known.get(channel, "")) for channel in CHANNELS]}


@operation(
    router,
    "POST",
    "/notice_contacts/allow",
    scope="notices:write",
    summary="Write to a contact again",
    reply=Allowed,
    example={"was_stopped": True},
    sends={"email": "ann@example.com"},
    errors=["not_a_contact"],
)
def allow_contact(request: ApiRequest, body: Find) -> dict[str, Any]:
    """One that was stopped after it bounced or its owner complained."""
    channel: Channel = "email" if body.email is not None else "sms"
    token = token_of(channel, checked(channel, body.email or body.phone or ""))
    was = acts.allow_contact(token, channel)
    record(request.call.actor, "contact.allowed", f"contact:{token}", now=request.call.now)
    return {"was_stopped": was}


@operation(
    router,
    "GET",
    "/customers/{path:user_id}/notice_preferences",
    scope="notices:read",
    summary="Read how a customer wants to be told",
    reply=Preferences,
    example=PREFERENCES,
)
def get_notice_preferences(request: ApiRequest, user_id: str) -> dict[str, Any]:
    """Who never said gets everything."""
    _check_customer(user_id)
    return _preferences(read.preferences(user_id))


@operation(
    router,
    "PATCH",
    "/customers/{path:user_id}/notice_preferences",
    scope="notices:write",
    summary="Say how a customer wants to be told",
    reply=Preferences,
    example=PREFERENCES,
    sends={"sms": False, "quiet_from": "22:00", "quiet_until": "08:00"},
    errors=["preference_refused"],
)
def change_notice_preferences(
    request: ApiRequest, user_id: str, body: PreferencesChange
) -> dict[str, Any]:
    """At the customer's wish."""
    _check_customer(user_id)
    said = {"email": body.email, "sms": body.sms, "wechat": body.wechat}
    changed = acts.set_preferences(
        user_id,
        channels={
            channel: bool(said[channel]) for channel in CHANNELS if said[channel] is not None
        },
        quiet_hours=_hours(body),
        timezone=body.timezone,
        now=request.call.now,
    )
    told = _preferences(changed)
    del told["user_id"]
    record(
        request.call.actor,
        "preferences.changed",
        f"customer:{user_id}",
        now=request.call.now,
        after=told,
    )
    return _preferences(changed)


@operation(
    router,
    "GET",
    "/customers/{path:user_id}/inbox",
    scope="notices:read",
    summary="Read a customer's inbox",
    reply=Inbox,
    example={"data": [ITEM], "next_cursor": None, "unread": 1},
    errors=["bad_cursor"],
)
def get_customer_inbox(
    request: ApiRequest, user_id: str, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """For an app or site of yours that shows it; in the language asked for. The newest first."""
    _check_customer(user_id)
    place = after(cursor, of="inbox", kinds=(int,))
    call = request.call
    rows = read.inbox(user_id, place[0] if place else None, limit + 1, lang=call.lang, now=call.now)
    found = page(rows, limit=limit, of="inbox", place=lambda row: (row.number,))
    return found | {"unread": read.unread(user_id)}


@operation(
    router,
    "POST",
    "/customers/{path:user_id}/inbox/read",
    scope="notices:write",
    summary="Note that notices were read",
    reply=Unread,
    example={"unread": 0},
    sends={"numbers": [31]},
)
def mark_inbox_read(request: ApiRequest, user_id: str, body: Read) -> dict[str, Any]:
    """These, or all."""
    _check_customer(user_id)
    numbers = None
    if body.numbers is not None:
        numbers = [number for number in body.numbers if 0 < number <= LARGEST_WHOLE]
    acts.mark_read(user_id, numbers, now=request.call.now)
    return {"unread": read.unread(user_id)}


def _number(number: int) -> int:
    if not 0 < number <= LARGEST_WHOLE:
        raise missing(f"Notice {number}")
    return number


def _check_customer(user_id: str) -> None:
    if customer(user_id) is None:
        raise missing(f"Customer {user_id[:64]!r}")


def _channel(channel: Channel, provider: str) -> dict[str, Any]:
    reports = "email" if channel == "email" else provider
    url = address_for(reports) if provider else ""
    return {"channel": channel, "provider": provider, "receipts_url": url}


def _hours(body: PreferencesChange) -> tuple[time, time] | None:
    if body.quiet_from is None and body.quiet_until is None:
        return None
    if body.quiet_from is None or body.quiet_until is None:
        raise acts.BadPreference("quiet_from, quiet_until: give both or neither.")
    return time.fromisoformat(body.quiet_from), time.fromisoformat(body.quiet_until)


def _preferences(row: PreferenceRow) -> dict[str, Any]:
    return {
        "user_id": row.user_id,
        "email": row.is_email_on,
        "sms": row.is_sms_on,
        "wechat": row.is_wechat_on,
        "quiet_from": row.quiet_from.strftime("%H:%M") if row.quiet_from else None,
        "quiet_until": row.quiet_until.strftime("%H:%M") if row.quiet_until else None,
        "timezone": row.timezone,
    }
