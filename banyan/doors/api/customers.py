"""customers: who they are, what they consent to, merging, export and erasure."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Self

from django.conf import settings
from ninja import Router
from pydantic import Field, model_validator

from banyan.core.people import read
from banyan.core.people.acts import NoSuchCustomer
from banyan.core.people.contacts import Kind
from banyan.doors.api import commands
from banyan.doors.api.gate import ApiRequest, rehearsed
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.shapes import LARGEST_WHOLE, Body, Id, Shape, Text, Time
from banyan.pipeline import farewell, takeout, wait
from banyan.trust.access import signin
from banyan.trust.audit.acts import record
from banyan.trust.privacy import acts

router = Router(tags=["Customers"])


class WantedLink(Body):
    """Where in the portal a link leads, and for how long it is good."""

    leads_to: Annotated[str, Field(max_length=500, pattern=r"^/me/([^/\\].*)?$")] = Field(
        "/me/", description="A path of the portal"
    )
    hours: int = Field(168, ge=1, le=168)


class SignInLink(Shape):
    """The link, told once."""

    url: str
    expires_at: Time


class Contact(Shape):
    """A contact as the customer gave it."""

    kind: Kind
    value: str


class Customer(Shape):
    """A customer with personal data; reading it is written down."""

    user_id: str
    first_seen_at: Time
    last_seen_at: Time
    erased_at: Time | None
    merged_into: str | None
    merged_from: list[str]
    locale: str
    traits: dict[str, Any]
    contacts: list[Contact]


class Listed(Shape):
    """A customer as a list shows them: masked."""

    user_id: str
    name: str = Field(description="Masked; empty when nothing is known")


class Traits(Body):
    """What is known of a customer; what is left out stays as it was."""

    traits: dict[str, Any] = Field(max_length=100)
    anonymous_id: Id | None = Field(default=None, description="A visitor who turned out to be them")


class Identified(Shape):
    """Where the customer's `identify` event stands."""

    user_id: str
    position: int | None = Field(description="None in a rehearsal")
    is_decided: bool = Field(description="Whether it can be read already")


class Find(Body):
    """A contact, however it is written; one of the two."""

    email: str | None = Field(default=None, min_length=3, max_length=320)
    phone: str | None = Field(default=None, min_length=3, max_length=40)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.email is None) == (self.phone is None):
            raise ValueError("give either `email` or `phone`")
        return self


class Consent(Shape):
    """One yes or no; a no with an empty purpose is a no to everything."""

    position: int
    purpose: str
    is_given: bool
    text_version: str
    channel: str
    occurred_at: Time


class Given(Body):
    """What is agreed to, by which text, and where it was said."""

    purpose: str = Field(min_length=1, max_length=64)
    text_version: str = Field(default="", max_length=64)
    channel: str = Field(default="", max_length=64)


class Withdrawn(Body):
    """What is no longer agreed to; without a purpose everything."""

    purpose: str = Field(default="", max_length=64)
    channel: str = Field(default="", max_length=64)


class Said(Shape):
    """Where a consent stands in the log."""

    user_id: str
    purpose: str
    is_given: bool
    position: int


class Merge(Body):
    """Who speaks for the customer from now on, and why."""

    into: Id
    reason: Text = Field(min_length=1)


class Merged(Shape):
    """Who speaks for whom."""

    user_id: str
    merged_into: str
    position: int


class PrivacyReason(Body):
    """Why, for the record."""

    reason: Text = Field(min_length=1)


class Erasure(PrivacyReason):
    """Why, and which request to erase is fulfilled by it."""

    request: int | None = Field(default=None, ge=1, le=LARGEST_WHOLE)


class Export(Shape):
    """Everything held of a customer."""

    user_id: str
    data: dict[str, Any]


class Erased(Shape):
    """What was destroyed."""

    user_ids: list[str]
    position: int
    events: int
    profiles: int
    contacts: int
    invitations: int


EXAMPLE = {
    "user_id": "ann",
    "first_seen_at": "2026-01-01T09:00:00Z",
    "last_seen_at": "2026-01-31T08:00:00Z",
    "erased_at": None,
    "merged_into": None,
    "merged_from": [],
    "locale": "en-US",
    "traits": {"name": "Ann Lee"},
    "contacts": [{"kind": "email", "value": "ann@example.com"}],
}
LISTED = {"user_id": "ann", "name": "A*** L***"}
CONSENT = {
    "position": 12,
    "purpose": "marketing",
    "is_given": True,
    "text_version": "2026-01",
    "channel": "web",
    "occurred_at": "2026-01-01T09:00:00Z",
}
SAID = {"user_id": "ann", "purpose": "marketing", "is_given": True, "position": 12}


@operation(
    router,
    "GET",
    "/customers",
    scope="customers:read",
    summary="List customers",
    reply=Page[Listed],
    example={"data": [LISTED], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_customers(
    request: ApiRequest, search: str = "", limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """By user id; `search` is how it begins. To find somebody by a contact, which should stand in
    no address, use `POST /v1/customers/find`."""
    place = after(cursor, of="customers", kinds=(str,))
    found = read.search(search, after=place[0] if place else "", limit=limit + 1)
    listed = page(found, limit=limit, of="customers", place=lambda user_id: (user_id,))
    return listed | {"data": _masked(listed["data"])}


@operation(
    router,
    "POST",
    "/customers/find",
    scope="customers:read",
    summary="Find customers by a contact",
    reply=Page[Listed],
    example={"data": [LISTED], "next_cursor": None},
    sends={"email": "ann@example.com"},
)
def find_customers(request: ApiRequest, body: Find) -> dict[str, Any]:
    """Everybody who gave this contact as their own."""
    kind: Kind = "email" if body.email is not None else "phone"
    found = read.by_contact(kind, body.email or body.phone or "")
    return {"data": _masked(found), "next_cursor": None}


@operation(
    router,
    "GET",
    "/customers/{path:user_id}/consents",
    scope="customers:read",
    summary="List what a customer consented to",
    reply=Page[Consent],
    example={"data": [CONSENT], "next_cursor": None},
)
def list_consents(request: ApiRequest, user_id: str) -> dict[str, Any]:
    """Every yes and no in order; the last of a purpose counts."""
    return {"data": read.consents(user_id), "next_cursor": None}


@operation(
    router,
    "POST",
    "/customers/{path:user_id}/consents",
    scope="customers:write",
    summary="Give consent",
    reply=Said,
    example=SAID,
    sends={"purpose": "marketing", "text_version": "2026-01", "channel": "web"},
    errors=["bad_consent"],
)
def give_consent(request: ApiRequest, user_id: str, body: Given) -> dict[str, Any]:
    """Written to the log; it counts from there on."""
    call = request.call
    receipt = acts.give_consent(
        call.actor,
        user_id,
        body.purpose,
        text_version=body.text_version,
        channel=body.channel,
        now=call.now,
    )
    return _said(user_id, body.purpose, is_given=True, position=receipt.position)


@operation(
    router,
    "POST",
    "/customers/{path:user_id}/consents/withdraw",
    scope="customers:write",
    summary="Withdraw consent",
    reply=Said,
    example=SAID | {"is_given": False},
    sends={"purpose": "marketing"},
    errors=["bad_consent"],
)
def withdraw_consent(request: ApiRequest, user_id: str, body: Withdrawn) -> dict[str, Any]:
    """Without a purpose it is a no to everything."""
    call = request.call
    receipt = acts.withdraw_consent(
        call.actor, user_id, body.purpose, channel=body.channel, now=call.now
    )
    return _said(user_id, body.purpose, is_given=False, position=receipt.position)


@operation(
    router,
    "POST",
    "/customers/{path:user_id}/merge",
    scope="customers:write",
    summary="Merge a customer into another one",
    reply=Merged,
    example={"user_id": "ann-old", "merged_into": "ann", "position": 60},
    sends={"into": "ann", "reason": "The same person, says support case 1881."},
    errors=["no_such_customer", "cannot_merge", "no_reason"],
)
def merge_customer(request: ApiRequest, user_id: str, body: Merge) -> dict[str, Any]:
    """Referrals and money stay under the id they were decided for."""
    call = request.call
    receipt = acts.merge_customers(call.actor, user_id, body.into, reason=body.reason, now=call.now)
    return {"user_id": user_id, "merged_into": body.into, "position": receipt.position}


@operation(
    router,
    "POST",
    "/customers/{path:user_id}/export",
    scope="customers:write",
    summary="Export everything held of a customer",
    reply=Export,
    example={"user_id": "ann", "data": {"form": 1, "made_at": "2026-02-01T08:00:00Z"}},
    sends={"reason": "The customer asked for it."},
    errors=["no_such_customer", "merged_away", "no_reason"],
)
def export_customer(request: ApiRequest, user_id: str, body: PrivacyReason) -> dict[str, Any]:
    """The customer's own data in clear, other people masked. Exports are written down."""
    call = request.call
    data = takeout.export(call.actor, user_id, reason=body.reason, now=call.now)
    return {"user_id": user_id, "data": data}


@operation(
    router,
    "POST",
    "/customers/{path:user_id}/erase",
    scope="customers:write",
    summary="Erase a customer's personal data for ever",
    reply=Erased,
    example={
        "user_ids": ["ann"],
        "position": 61,
        "events": 12,
        "profiles": 1,
        "contacts": 2,
        "invitations": 0,
    },
    sends={"reason": "The customer asked for it."},
    errors=["no_such_customer", "merged_away", "already_erased", "request_not_open", "no_reason"],
)
def erase_customer(request: ApiRequest, user_id: str, body: Erasure) -> dict[str, Any]:
    """Ids and books stay as they are. It cannot be undone; rehearse it with `dry_run=true`."""
    call = request.call
    erased = farewell.erase(
        call.actor, user_id, reason=body.reason, request_id=body.request, now=call.now
    )
    return asdict(erased)


@operation(
    router,
    "POST",
    "/customers/{path:user_id}/sign_in_link",
    scope="customers:write",
    summary="Make a link that signs a customer in",
    reply=SignInLink,
    example={
        "url": "https://refer.example.com/me/l/2nYf0oHk…",
        "expires_at": "2026-02-08T08:00:00Z",
    },
    sends={"leads_to": "/me/rewards/"},
    errors=["no_such_customer", "merged_away"],
)
def make_sign_in_link(request: ApiRequest, user_id: str, body: WantedLink) -> dict[str, Any]:
    """For a message that reaches this customer alone: whoever opens it is that customer, once."""
    call = request.call
    found = read.customer(user_id)
    if found is None:
        raise NoSuchCustomer(user_id)
    if found.merged_into is not None:
        raise read.MergedAway(user_id, found.merged_into)
    good_for = timedelta(hours=body.hours)
    token = signin.link_token(user_id, now=call.now, leads_to=body.leads_to, good_for=good_for)
    record(call.actor, "customer.link_made", f"customer:{user_id}", now=call.now)
    return {"url": f"{settings.BASE_URL}/me/l/{token}", "expires_at": call.now + good_for}


@operation(
    router,
    "GET",
    "/customers/{path:user_id}",
    scope="customers:read",
    summary="Read a customer",
    reply=Customer,
    example=EXAMPLE,
    errors=["no_such_customer"],
)
def get_customer(request: ApiRequest, user_id: str) -> Any:
    """With personal data in clear; that it was read is written to the audit log."""
    found = read.customer(user_id)
    if found is None:
        raise NoSuchCustomer(user_id)
    record(request.call.actor, "customer.read", f"customer:{user_id}", now=request.call.now)
    return found


@operation(
    router,
    "PUT",
    "/customers/{path:user_id}",
    scope="customers:write",
    summary="Create or change a customer",
    reply=Identified,
    example={"user_id": "ann", "position": 11, "is_decided": True},
    sends={"traits": {"email": "ann@example.com", "name": "Ann Lee", "tier": "gold"}},
    errors=["event_refused"],
    waits=True,
)
def identify_customer(request: ApiRequest, user_id: str, body: Traits) -> dict[str, Any]:
    """The `identify` event of the intake, for whoever has no event stream."""
    said: dict[str, object] = {"type": "identify", "userId": user_id, "traits": body.traits}
    if body.anonymous_id is not None:
        said["anonymousId"] = body.anonymous_id
    with rehearsed(request.call):
        position = commands.append(request.call, said)
    if request.call.is_rehearsal:
        return {"user_id": user_id, "position": None, "is_decided": False}
    is_decided = wait.decided(position, timeout_s=commands.PATIENCE_S)
    return {"user_id": user_id, "position": position, "is_decided": is_decided}


def _masked(user_ids: list[str]) -> list[dict[str, str]]:
    names = read.masked_names(user_ids)
    return [{"user_id": user_id, "name": names[user_id]} for user_id in user_ids]


def _said(user_id: str, purpose: str, *, is_given: bool, position: int) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "purpose": purpose,
        "is_given": is_given,
        "position": position,
    }
