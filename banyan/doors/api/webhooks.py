"""webhooks: who is told of what, what was sent, and sending again."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Router
from pydantic import Field

from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import missing
from banyan.doors.api.shapes import LARGEST_WHOLE, Body, Moment, Shape, Time
from banyan.pipeline.outbox import acts, read

router = Router(tags=["Webhooks"])


class Webhook(Shape):
    """A subscription, without its secret."""

    id: str
    url: str
    topics: list[str]
    description: str
    status: Literal["active", "paused", "disabled"]
    concurrency: int
    failing_since: Time | None
    created_at: Time


class NewlySubscribed(Webhook):
    """A subscription with its secret, which is never shown again."""

    secret: str


class Delivery(Shape):
    """One message for one webhook, and how its last attempt ended."""

    id: int
    webhook: str
    webhook_message_id: str = Field(description="The `webhook-id` header")
    topic: str
    status: Literal["waiting", "delivered", "dead"]
    attempts: int
    next_at: Time | None
    attempted_at: Time | None
    answer_status: int | None
    answer: str


class Subscription(Body):
    """Where to, and what of. Topics: `decision.granted`, `decision.*`, `alarm.opened` or `*`."""

    url: str = Field(min_length=1, max_length=2000)
    topics: list[str] = Field(min_length=1, max_length=50)
    description: str = Field(default="", max_length=500)
    concurrency: int = Field(default=2, ge=1, le=4)


class WebhookChange(Body):
    """What of a webhook changes; what is left out stays."""

    url: str | None = Field(default=None, min_length=1, max_length=2000)
    topics: list[str] | None = Field(default=None, min_length=1, max_length=50)
    description: str | None = Field(default=None, max_length=500)
    concurrency: int | None = Field(default=None, ge=1, le=4)
    is_active: bool | None = Field(default=None, description="False pauses it")


class Secret(Shape):
    """A signing secret, shown once."""

    secret: str


class Span(Body):
    """From when on, to before when."""

    since: Moment
    until: Moment


class Replayed(Shape):
    """How many messages are sent again."""

    count: int


EXAMPLE = {
    "id": "wh_5f2d7c1a9b3e4d60",
    "url": "https://shop.example.com/hooks/banyan",
    "topics": ["decision.*", "wallet.available"],
    "description": "Shop",
    "status": "active",
    "concurrency": 2,
    "failing_since": None,
    "created_at": "2026-01-01T00:00:00Z",
}
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
DELIVERY = {
    "id": 31,
    "webhook": "wh_5f2d7c1a9b3e4d60",
    "webhook_message_id": "msg_2f1c",
    "topic": "decision.granted",
    "status": "delivered",
    "attempts": 1,
    "next_at": None,
    "attempted_at": "2026-01-31T08:00:01Z",
    "answer_status": 204,
    "answer": "",
}


@operation(
    router,
    "GET",
    "/webhooks",
    scope="webhooks:read",
    summary="List webhooks",
    reply=Page[Webhook],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_webhooks(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> dict[str, Any]:
    """By id."""
    place = after(cursor, of="webhooks", kinds=(str,))
    every = sorted(read.webhooks(), key=lambda row: row.id)
    rows = [row for row in every if place is None or row.id > place[0]]
    return page(rows, limit=limit, of="webhooks", place=lambda row: (row.id,))


@operation(
    router,
    "POST",
    "/webhooks",
    scope="webhooks:write",
    summary="Subscribe a webhook",
    reply=NewlySubscribed,
    example=EXAMPLE | {"secret": SECRET},
    sends={"url": "https://shop.example.com/hooks/banyan", "topics": ["decision.*"]},
    errors=["webhook_refused", "webhook_address_refused", "webhook_topics_refused"],
)
def create_webhook(request: ApiRequest, body: Subscription) -> dict[str, Any]:
    """From now on. Messages are signed as Standard Webhooks say; the secret is shown here alone."""
    made, secret = acts.subscribe(
        request.call.actor,
        url=body.url,
        wanted=body.topics,
        description=body.description,
        concurrency=body.concurrency,
        now=request.call.now,
    )
    return Webhook.model_validate(read.webhook(made)).model_dump() | {"secret": secret}


@operation(
    router,
    "GET",
    "/webhooks/{webhook}",
    scope="webhooks:read",
    summary="Read a webhook",
    reply=Webhook,
    example=EXAMPLE,
)
def get_webhook(request: ApiRequest, webhook: str) -> Any:
    """Where to, what of, and how it fares."""
    return read.webhook(webhook)


@operation(
    router,
    "PATCH",
    "/webhooks/{webhook}",
    scope="webhooks:write",
    summary="Change a webhook",
    reply=Webhook,
    example=EXAMPLE | {"status": "paused"},
    sends={"is_active": False},
    errors=[
        "webhook_refused",
        "webhook_address_refused",
        "webhook_topics_refused",
    ],
)
def change_webhook(request: ApiRequest, webhook: str, body: WebhookChange) -> Any:
    """What waited meanwhile is sent when it is active again."""
    acts.change(
        request.call.actor,
        webhook,
        url=body.url,
        wanted=body.topics,
        description=body.description,
        concurrency=body.concurrency,
        is_active=body.is_active,
        now=request.call.now,
    )
    return read.webhook(webhook)


@operation(
    router,
    "DELETE",
    "/webhooks/{webhook}",
    scope="webhooks:write",
    summary="Remove a webhook",
    reply=Webhook,
    example=EXAMPLE,
)
def delete_webhook(request: ApiRequest, webhook: str) -> Any:
    """With its deliveries, also those that wait. Answers with what it was."""
    was = read.webhook(webhook)
    acts.unsubscribe(request.call.actor, webhook, now=request.call.now)
    return was


@operation(
    router,
    "POST",
    "/webhooks/{webhook}/rotate_secret",
    scope="webhooks:write",
    summary="Make a new signing secret",
    reply=Secret,
    example={"secret": SECRET},
)
def rotate_webhook_secret(request: ApiRequest, webhook: str) -> dict[str, Any]:
    """For 24 hours the old one signs too."""
    secret = acts.rotate_secret(request.call.actor, webhook, now=request.call.now)
    return {"secret": secret}


@operation(
    router,
    "POST",
    "/webhooks/{webhook}/test",
    scope="webhooks:write",
    summary="Send a test message",
    reply=Delivery,
    example=DELIVERY | {"topic": "webhook.test", "status": "waiting", "attempts": 0},
)
def test_webhook(request: ApiRequest, webhook: str) -> Any:
    """To this webhook alone."""
    return read.delivery(acts.send_test(request.call.actor, webhook, now=request.call.now))


@operation(
    router,
    "GET",
    "/webhooks/{webhook}/deliveries",
    scope="webhooks:read",
    summary="List deliveries",
    reply=Page[Delivery],
    example={"data": [DELIVERY], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_deliveries(
    request: ApiRequest,
    webhook: str,
    status: Literal["waiting", "delivered", "dead"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first."""
    read.webhook(webhook)
    place = after(cursor, of="deliveries", kinds=(int,))
    rows = read.deliveries(
        webhook, status=status, before=place[0] if place else None, limit=limit + 1
    )
    return page(rows, limit=limit, of="deliveries", place=lambda row: (row.id,))


@operation(
    router,
    "POST",
    "/webhooks/{webhook}/deliveries/{delivery}/replay",
    scope="webhooks:write",
    summary="Send one delivery again",
    reply=Delivery,
    example=DELIVERY | {"status": "waiting", "attempts": 0},
)
def replay_delivery(request: ApiRequest, webhook: str, delivery: int) -> Any:
    """Whatever became of it, as if it were new; with the same `webhook-id`."""
    known = read.delivery(delivery) if 0 < delivery <= LARGEST_WHOLE else None
    if known is None or known.webhook != webhook:
        raise missing(f"Delivery {delivery} of webhook {webhook[:64]!r}")
    acts.replay(request.call.actor, delivery, now=request.call.now)
    return read.delivery(delivery)


@operation(
    router,
    "POST",
    "/webhooks/{webhook}/replay",
    scope="webhooks:write",
    summary="Send a span of time again",
    reply=Replayed,
    example={"count": 12},
    sends={"since": "2026-01-31T00:00:00Z", "until": "2026-02-01T00:00:00Z"},
    errors=["webhook_replay_too_long"],
)
def replay_span(request: ApiRequest, webhook: str, body: Span) -> dict[str, Any]:
    """Everything it wants that was written from `since` to before `until`."""
    count = acts.replay_range(
        request.call.actor, webhook, since=body.since, until=body.until, now=request.call.now
    )
    return {"count": count}
