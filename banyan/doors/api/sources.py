"""sources: shops and payment providers whose signed messages become events."""

from __future__ import annotations

from typing import Any, Literal

from django.conf import settings
from ninja import Router
from pydantic import Field

from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import missing
from banyan.doors.api.shapes import Body, Shape, Time
from banyan.trust.sources import acts, read
from banyan.trust.sources.read import Source

router = Router(tags=["Sources"])

Kind = Literal["stripe", "shopify", "woocommerce"]


class InboundSource(Shape):
    """A source, without its secret."""

    id: str
    kind: Kind
    name: str
    url: str = Field(description="Where it posts to")
    currency: str
    options: dict[str, str]
    created_at: Time
    revoked_at: Time | None


class SourceWithSecret(InboundSource):
    """A source with the secret its messages are signed with, which is never shown again."""

    secret: str


class NewSource(Body):
    """Who will post. Stripe and Shopify make the secret, which is copied here; for WooCommerce an
    empty one is made."""

    kind: Kind
    secret: str = Field(default="", max_length=500)
    name: str = Field(default="", max_length=100)
    currency: str = Field(default="", max_length=3, description="Where a message names none")
    options: dict[str, str] = Field(default={}, max_length=10)


class NewSecret(Body):
    """What messages are signed with from now on."""

    secret: str = Field(default="", max_length=500)


EXAMPLE: dict[str, object] = {
    "id": "5f2d7c1a9b3e4d60",
    "kind": "shopify",
    "name": "Shop",
    "url": "https://refer.example.com/v1/inbound/shopify/5f2d7c1a9b3e4d60",
    "currency": "USD",
    "options": {},
    "created_at": "2026-01-01T00:00:00Z",
    "revoked_at": None,
}
SECRET = "hush_a_secret_of_the_shop"


@operation(
    router,
    "GET",
    "/sources",
    scope="sources:read",
    summary="List sources",
    reply=Page[InboundSource],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_sources(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> dict[str, Any]:
    """By id, the revoked among them."""
    place = after(cursor, of="sources", kinds=(str,))
    every = sorted(read.sources(), key=lambda row: row.id)
    rows = [row for row in every if place is None or row.id > place[0]]
    found = page(rows, limit=limit, of="sources", place=lambda row: (row.id,))
    return found | {"data": [_told(row) for row in found["data"]]}


@operation(
    router,
    "POST",
    "/sources",
    scope="sources:write",
    summary="Make a source",
    reply=SourceWithSecret,
    example=EXAMPLE | {"secret": SECRET},
    sends={"kind": "shopify", "secret": SECRET, "name": "Shop", "currency": "USD"},
    errors=["source_refused"],
)
def create_source(request: ApiRequest, body: NewSource) -> dict[str, Any]:
    """Give its `url` to the provider as the address of a webhook."""
    call = request.call
    made, secret = acts.create(
        call.actor,
        body.kind,
        secret=body.secret,
        name=body.name,
        currency=body.currency,
        options=body.options,
        now=call.now,
    )
    return _told(made) | {"secret": secret}


@operation(
    router,
    "GET",
    "/sources/{source}",
    scope="sources:read",
    summary="Read a source",
    reply=InboundSource,
    example=EXAMPLE,
)
def get_source(request: ApiRequest, source: str) -> dict[str, Any]:
    """Without its secret."""
    return _told(_found(source))


@operation(
    router,
    "POST",
    "/sources/{source}/change_secret",
    scope="sources:write",
    summary="Change the secret of a source",
    reply=SourceWithSecret,
    example=EXAMPLE | {"secret": SECRET},
    sends={"secret": SECRET},
    errors=["source_refused"],
)
def change_source_secret(request: ApiRequest, source: str, body: NewSecret) -> dict[str, Any]:
    """Messages signed with the old one are refused at once."""
    _found(source)
    call = request.call
    changed, secret = acts.change_secret(call.actor, source, secret=body.secret, now=call.now)
    return _told(changed) | {"secret": secret}


@operation(
    router,
    "POST",
    "/sources/{source}/revoke",
    scope="sources:write",
    summary="Revoke a source",
    reply=InboundSource,
    example=EXAMPLE | {"revoked_at": "2026-02-01T00:00:00Z"},
    errors=["source_refused"],
)
def revoke_source(request: ApiRequest, source: str) -> dict[str, Any]:
    """Its messages are refused from now on; what they told stays."""
    _found(source)
    return _told(acts.revoke(request.call.actor, source, now=request.call.now))


def _found(source_id: str) -> Source:
    found = read.source(source_id)
    if found is None:
        raise missing(f"Source {source_id[:64]!r}")
    return found


def _told(row: Source) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "name": row.name,
        "url": f"{settings.BASE_URL}{row.path}",
        "currency": row.currency,
        "options": dict(row.given),
        "created_at": row.created_at,
        "revoked_at": row.revoked_at,
    }
