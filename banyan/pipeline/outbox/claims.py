"""Who attempts what, and what came of it.

A delivery is claimed before it is attempted, by one process, for a minute. If that process dies the
claim runs out and somebody else attempts it: at least once, and never twice at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.db.models import Count, Q, QuerySet

from banyan.kernel.database import one_transaction
from banyan.pipeline import alarms
from banyan.pipeline.outbox import retries
from banyan.pipeline.outbox.acts import alarm_kind
from banyan.pipeline.outbox.envelope import Letter, message_id
from banyan.pipeline.outbox.models import Delivery, Subscription
from banyan.pipeline.outbox.post import Answer

CLAIMED_FOR = timedelta(seconds=60)
"""Longer than an attempt can take: ten seconds, and what a resolver needs for its name."""

log = structlog.get_logger("banyan.outbox")


@dataclass(frozen=True)
class Attempt:
    """One delivery, claimed, with all that sending it needs."""

    delivery_id: int
    claim: str
    subscription_id: str
    url: str
    sealed_secrets: tuple[bytes, ...]
    letter: Letter


def claim(now: datetime, most: int) -> list[Attempt]:
    """Claim at most `most` deliveries that are due, webhooks in turn.

    No webhook gets more than its `concurrency` attempts at once, over all processes: each process
    counts and claims while it holds the lock of the webhook's row.
    """
    waiting = list(
        Delivery.objects.filter(_due(now), subscription__status=Subscription.Status.ACTIVE)
        .order_by()
        .values_list("subscription_id", flat=True)
        .distinct()
    )
    if not waiting or most <= 0:
        return []
    with one_transaction():
        rows = list(
            Subscription.objects.select_for_update(skip_locked=True)
            .filter(id__in=waiting, status=Subscription.Status.ACTIVE)
            .order_by("id")
        )
        chosen = _in_turn(
            {row.id: _next(row.pk, free, now) for row, free in _free(rows, now)}, most
        )
        token = uuid4().hex
        Delivery.objects.filter(id__in=chosen).update(claim=token, claimed_until=now + CLAIMED_FOR)
        claimed = Delivery.objects.filter(id__in=chosen).select_related("message")
        by_id = {row.id: row for row in rows}
        return [_attempt(delivery, by_id[delivery.subscription_id], now) for delivery in claimed]


def finish(ended: Sequence[tuple[Attempt, Answer]], now: datetime) -> None:
    """Write down how attempts ended. One whose claim was lost meanwhile changes nothing."""
    if not ended:
        return
    with one_transaction():
        ids = {attempt.subscription_id for attempt, _ in ended}
        rows = Subscription.objects.select_for_update().filter(id__in=ids).order_by("id")
        webhooks = {row.id: row for row in rows}
        for attempt, answer in ended:
            row = webhooks.get(attempt.subscription_id)
            if row is not None:  # else it was removed, and its deliveries with it
                _write(attempt, answer, now)
                _judge(row, answer, now)
        for row in webhooks.values():
            row.save(update_fields=["status", "failing_since"])


def _due(now: datetime) -> Q:
    return Q(status=Delivery.Status.WAITING, next_at__lte=now) & (
        Q(claimed_until=None) | Q(claimed_until__lt=now)
    )


def _free(rows: Sequence[Subscription], now: datetime) -> list[tuple[Subscription, int]]:
    """How many more attempts each webhook may have at once."""
    busy = dict(
        Delivery.objects.filter(subscription__in=rows, claimed_until__gte=now)
        .order_by()
        .values_list("subscription_id")
        .annotate(count=Count("id"))
    )
    return [(row, row.concurrency - busy.get(row.id, 0)) for row in rows]


def _next(subscription_id: str, free: int, now: datetime) -> list[int]:
    if free <= 0:
        return []
    due = Delivery.objects.filter(_due(now), subscription_id=subscription_id)
    return list(due.order_by("next_at", "id").values_list("id", flat=True)[:free])


def _in_turn(queues: Mapping[str, list[int]], most: int) -> list[int]:
    """The first of each, then the second of each …: a long queue holds up no short one."""
    longest = max(map(len, queues.values()), default=0)
    turns = [
        queue[place] for place in range(longest) for queue in queues.values() if place < len(queue)
    ]
    return turns[:most]


def _attempt(delivery: Delivery, row: Subscription, now: datetime) -> Attempt:
    secrets = [bytes(row.secret_sealed)]
    if row.old_secret_sealed is not None and row.old_secret_until and now < row.old_secret_until:
        secrets.append(bytes(row.old_secret_sealed))
    message = delivery.message
    return Attempt(
        delivery.pk,
        delivery.claim,
        row.id,
        row.url,
        tuple(secrets),
        Letter(
            message_id(message.key),
            message.topic,
            message.position,
            message.created_at,
            message.payload,
        ),
    )


def _mine(attempt: Attempt) -> QuerySet[Delivery]:
    return Delivery.objects.filter(id=attempt.delivery_id, claim=attempt.claim)


def _write(attempt: Attempt, answer: Answer, now: datetime) -> None:
    row = _mine(attempt).first()
    if row is None:
        return
    row.attempts += 1
    row.attempted_at = now
    row.answer_status, row.answer = answer.status, answer.sentence
    row.claim, row.claimed_until = "", None
    if answer.is_success:
        row.status = Delivery.Status.DELIVERED
    else:
        again = retries.next_attempt(
            row.attempts, since=row.since, now=now, retry_after_s=answer.retry_after_s
        )
        row.next_at = again or row.next_at
        row.status = Delivery.Status.WAITING if again else Delivery.Status.DEAD
    row.save()
    log.info(
        "webhook_attempted",
        webhook=row.subscription_id,
        delivery=row.pk,
        attempt=row.attempts,
        status=answer.status,
        outcome=str(row.status),
    )


def _judge(row: Subscription, answer: Answer, now: datetime) -> None:
    """Whether a webhook goes on: not when it is gone, nor after days without one success."""
    if answer.is_success:
        row.failing_since = None
        return
    row.failing_since = row.failing_since or now
    if row.status != Subscription.Status.ACTIVE:
        return
    if answer.is_gone:
        _disable(row, "its receiver answers 410 Gone", now)
    elif now - row.failing_since >= retries.DISABLE_AFTER:
        _disable(row, f"it has failed since {row.failing_since:%Y-%m-%d %H:%M} UTC", now)


def _disable(row: Subscription, reason: str, now: datetime) -> None:
    row.status = Subscription.Status.DISABLED
    alarms.raise_alarm(
        alarm_kind(row.id),
        f"Webhook {row.id} was disabled: {reason}. What it has not got is kept; mend the receiver "
        "and make the webhook active again.",
        now=now,
    )
