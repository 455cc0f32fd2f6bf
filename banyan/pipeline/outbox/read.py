"""read: webhooks and their deliveries as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min

from banyan.pipeline.models import Message
from banyan.pipeline.outbox import topics
from banyan.pipeline.outbox.acts import NoSubscription
from banyan.pipeline.outbox.envelope import message_id
from banyan.pipeline.outbox.models import Delivery, Subscription


@dataclass(frozen=True)
class Webhook:
    """A subscription, without its secret."""

    id: str
    url: str
    topics: Sequence[str]
    description: str
    status: str
    """active, paused (by a person) or disabled (by us, after long failure)"""
    concurrency: int
    failing_since: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Sent:
    """A delivery: one message for one webhook, and how its last attempt ended."""

    id: int
    webhook: str
    webhook_message_id: str
    """The `webhook-id` header."""
    topic: str
    status: str
    """waiting, delivered or dead (given up)"""
    attempts: int
    next_at: datetime | None
    """None unless it waits."""
    attempted_at: datetime | None
    answer_status: int | None
    answer: str


@dataclass(frozen=True)
class Backlog:
    """How far sending is behind."""

    waiting: int
    """Deliveries that were not successful yet, of active webhooks."""
    dead: int
    oldest_since: datetime | None
    """Since when the oldest of those that wait has waited."""
    not_given_out: int
    """Messages behind the place of the active webhook that is furthest back."""


def is_wanted() -> bool:
    """Whether anybody has asked for messages; who is paused gets them later, so counts too."""
    return Subscription.objects.exists()


def webhooks() -> list[Webhook]:
    """All of them, the oldest first."""
    return [_webhook(row) for row in Subscription.objects.order_by("created_at", "id")]


def webhook(subscription_id: str) -> Webhook:
    """One of them. Raises NoSubscription."""
    row = Subscription.objects.filter(id=subscription_id).first()
    if row is None:
        raise NoSubscription(
            f"There is no webhook {subscription_id[:64]!r}; list them to see their ids."
        )
    return _webhook(row)


def deliveries(
    subscription_id: str, *, status: str | None = None, before: int | None = None, limit: int = 50
) -> list[Sent]:
    """A webhook's deliveries, the latest first: below the id `before`, at most `limit`."""
    rows = Delivery.objects.filter(subscription_id=subscription_id).select_related("message")
    if status is not None:
        rows = rows.filter(status=status)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [_sent(row) for row in rows.order_by("-id")[:limit]]


def delivery(delivery_id: int) -> Sent | None:
    """One delivery, if it is there."""
    row = Delivery.objects.filter(id=delivery_id).select_related("message").first()
    return None if row is None else _sent(row)


def backlog() -> Backlog:
    """How much waits to be sent by active webhooks."""
    active = Subscription.objects.filter(status=Subscription.Status.ACTIVE)
    waits = Delivery.objects.filter(
        status=Delivery.Status.WAITING, subscription__status=Subscription.Status.ACTIVE
    ).aggregate(count=Count("id"), oldest=Min("since"))
    dead = Delivery.objects.filter(status=Delivery.Status.DEAD).count()
    place = active.aggregate(least=Min("message"))["least"]
    last = Message.objects.exclude(topic=topics.TEST).aggregate(last=Max("id"))["last"]
    behind = 0
    if place is not None and last is not None and last > place:
        behind = Message.objects.filter(id__gt=place).exclude(topic=topics.TEST).count()
    return Backlog(waits["count"], dead, waits["oldest"], behind)


def _webhook(row: Subscription) -> Webhook:
    return Webhook(
        row.id,
        row.url,
        tuple(topics.kept(row.topics)),
        row.description,
        str(row.status),
        row.concurrency,
        row.failing_since,
        row.created_at,
    )


def _sent(row: Delivery) -> Sent:
    return Sent(
        row.pk,
        row.subscription_id,
        message_id(row.message.key),
        row.message.topic,
        str(row.status),
        row.attempts,
        row.next_at if row.status == Delivery.Status.WAITING else None,
        row.attempted_at,
        row.answer_status,
        row.answer,
    )
