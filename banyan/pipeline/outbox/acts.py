"""acts: what people do with webhooks out. Each is written down in the audit log."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db.models import Max, QuerySet

from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal
from banyan.pipeline import alarms
from banyan.pipeline.models import Message
from banyan.pipeline.outbox import envelope, topics
from banyan.pipeline.outbox.addresses import checked_url
from banyan.pipeline.outbox.models import Delivery, Subscription
from banyan.trust.audit.acts import record

OVERLAP = timedelta(hours=24)
"""How long an old secret still signs beside the new one."""
MOST_REPLAYED = 10_000


class NoSubscription(Problem):
    """A webhook that is not there."""

    status = 404
    code = "not_found"


class NoDelivery(Problem):
    """A delivery that is not there."""

    status = 404
    code = "not_found"


class BadSubscription(Problem):
    """A value that a webhook cannot have."""

    status = 422
    code = "webhook_refused"


class TooMany(Problem):
    """A replay of more messages than one act may send again."""

    status = 422
    code = "webhook_replay_too_long"


def subscribe(
    actor: str,
    *,
    url: str,
    wanted: Sequence[str],
    now: datetime,
    description: str = "",
    concurrency: int = 2,
) -> tuple[str, str]:
    """Send messages of the `wanted` topics to `url` from now on; its id and its signing secret.

    The secret is shown here and never again. Raises BadAddress, BadTopics, BadSubscription.
    """
    _check(description, concurrency)
    key = f"wh_{secrets.token_hex(12)}"
    secret = envelope.new_secret()
    with one_transaction():
        made = Subscription.objects.create(
            id=key,
            url=checked_url(url),
            topics=topics.stored(topics.checked(wanted)),
            description=description,
            concurrency=concurrency,
            secret_sealed=seal(secret.encode(), context=envelope.secret_context(key)),
            message=Message.objects.aggregate(last=Max("id"))["last"] or 0,
            created_at=now,
        )
        record(actor, "webhook.subscribe", f"webhook:{key}", now=now, after=_plain(made))
    return key, secret


def change(
    actor: str,
    subscription_id: str,
    *,
    now: datetime,
    url: str | None = None,
    wanted: Sequence[str] | None = None,
    description: str | None = None,
    concurrency: int | None = None,
    is_active: bool | None = None,
) -> None:
    """Change what is not None. `is_active` pauses a webhook, or lets one that we disabled go on.

    What was waiting meanwhile is sent then. Raises as `subscribe`, and NoSubscription.
    """
    with one_transaction():
        row = _locked(subscription_id)
        before = _plain(row)
        if url is not None:
            row.url = checked_url(url)
        if wanted is not None:
            row.topics = topics.stored(topics.checked(wanted))
        row.description = row.description if description is None else description
        row.concurrency = row.concurrency if concurrency is None else concurrency
        _check(row.description, row.concurrency)
        if is_active is not None:
            _switch(row, is_active, now)
        row.save()
        after = _plain(row)
        record(actor, "webhook.change", f"webhook:{row.id}", now=now, before=before, after=after)


def unsubscribe(actor: str, subscription_id: str, *, now: datetime) -> None:
    """Remove a webhook with its deliveries, also those that wait. Raises NoSubscription."""
    with one_transaction():
        row = _locked(subscription_id)
        before = _plain(row)
        row.delete()
        alarms.close(alarm_kind(subscription_id), now=now)
        record(actor, "webhook.unsubscribe", f"webhook:{subscription_id}", now=now, before=before)


def rotate_secret(actor: str, subscription_id: str, *, now: datetime) -> str:
    """A new signing secret, shown here and never again. Raises NoSubscription.

    For 24 hours the old one signs too, so that receivers can change over without missing one.
    """
    secret = envelope.new_secret()
    with one_transaction():
        row = _locked(subscription_id)
        row.old_secret_sealed, row.old_secret_until = row.secret_sealed, now + OVERLAP
        row.secret_sealed = seal(secret.encode(), context=envelope.secret_context(row.id))
        row.save()
        record(actor, "webhook.rotate_secret", f"webhook:{row.id}", now=now)
    return secret


def replay(actor: str, delivery_id: int, *, now: datetime) -> None:
    """Send one delivery again, whatever became of it, as if it were new. Raises NoDelivery."""
    with one_transaction():
        if not _again(Delivery.objects.filter(id=delivery_id), now):
            raise NoDelivery(f"There is no delivery {delivery_id}; list the webhook's deliveries.")
        record(actor, "webhook.replay", f"delivery:{delivery_id}", now=now)


def replay_range(
    actor: str, subscription_id: str, *, since: datetime, until: datetime, now: datetime
) -> int:
    """Send again what was written from `since` to before `until` and is wanted; how many.

    Also what came before the webhook was subscribed. Raises NoSubscription, TooMany.
    """
    with one_transaction():
        row = _locked(subscription_id)
        # What lies behind its place in the outbox will be sent anyway.
        span = Message.objects.filter(
            created_at__gte=since, created_at__lt=until, id__lte=row.message
        )
        if span.count() > MOST_REPLAYED:
            raise TooMany(
                f"More than {MOST_REPLAYED:,} messages lie between these times; "
                "replay them in shorter spans."
            )
        patterns = topics.kept(row.topics)
        found = [
            number
            for number, topic in span.values_list("id", "topic")
            if topics.wants(patterns, topic)
        ]
        _again(row.deliveries.filter(message_id__in=found), now)
        Delivery.objects.bulk_create(
            [
                Delivery(subscription=row, message_id=number, since=now, next_at=now)
                for number in found
            ],
            ignore_conflicts=True,
        )
        record(
            actor,
            "webhook.replay_range",
            f"webhook:{row.id}",
            now=now,
            after={"since": since.isoformat(), "until": until.isoformat(), "count": len(found)},
        )
    return len(found)


def send_test(actor: str, subscription_id: str, *, now: datetime) -> int:
    """Send a message of the topic `webhook.test` to this webhook alone; the delivery's id.

    Raises NoSubscription.
    """
    with one_transaction():
        row = _locked(subscription_id)
        message = Message.objects.create(
            topic=topics.TEST,
            key=f"{topics.TEST}:{secrets.token_hex(12)}",
            position=0,
            payload='{"hello":"This is a test."}',
            created_at=now,
        )
        made = Delivery.objects.create(subscription=row, message=message, since=now, next_at=now)
        record(actor, "webhook.send_test", f"webhook:{row.id}", now=now)
    return made.pk


def alarm_kind(subscription_id: str) -> str:
    """Of the alarm that a webhook was disabled."""
    return f"webhook:{subscription_id}"


def _again(deliveries: QuerySet[Delivery], now: datetime) -> int:
    """An attempt that is under way keeps its claim; its end will find the delivery as it is now."""
    return deliveries.update(status=Delivery.Status.WAITING, attempts=0, since=now, next_at=now)


def _locked(subscription_id: str) -> Subscription:
    try:
        return Subscription.objects.select_for_update().get(id=subscription_id)
    except Subscription.DoesNotExist:
        raise NoSubscription(
            f"There is no webhook {subscription_id[:64]!r}; list them to see their ids."
        ) from None


def _switch(row: Subscription, is_active: bool, now: datetime) -> None:
    row.status = Subscription.Status.ACTIVE if is_active else Subscription.Status.PAUSED
    row.failing_since = None
    alarms.close(alarm_kind(row.id), now=now)


def _check(description: str, concurrency: int) -> None:
    if not 1 <= concurrency <= 4:
        raise BadSubscription(f"concurrency: expected 1 to 4, found {concurrency}")
    if len(description) > 500 or "\0" in description:
        raise BadSubscription("description: at most 500 characters, none of them NUL")


def _plain(row: Subscription) -> dict[str, object]:
    """For the audit log: a secret may stand in the path or query of an address, so its host."""
    return {
        "host": urlsplit(row.url).netloc,
        "topics": topics.kept(row.topics),
        "status": str(row.status),
        "concurrency": row.concurrency,
    }
