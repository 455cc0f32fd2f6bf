"""From one message to a delivery for each webhook that wants it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, QuerySet

from banyan.kernel.database import one_transaction
from banyan.pipeline.models import Message
from banyan.pipeline.outbox import topics
from banyan.pipeline.outbox.models import Delivery, Subscription

AT_ONCE = 500


def give_out(now: datetime) -> int:
    """Make deliveries of the next messages for each active webhook; how many it looked at.

    A webhook's place in the outbox moves in the transaction that makes its deliveries, so none is
    missed or made twice. Messages appear in the order of their ids, since whoever writes those
    that are given out holds the row of the line's cursor, one transaction after another.
    """
    last = _given_out().aggregate(last=Max("id"))["last"] or 0
    behind = Subscription.objects.filter(
        status=Subscription.Status.ACTIVE, message__lt=last
    ).values_list("id", flat=True)
    return sum(_give_to(subscription_id, now) for subscription_id in behind)


def _give_to(subscription_id: str, now: datetime) -> int:
    with one_transaction():
        row = (
            Subscription.objects.select_for_update()
            .filter(id=subscription_id, status=Subscription.Status.ACTIVE)
            .first()
        )
        if row is None:  # paused or removed since we looked
            return 0
        found = list(
            _given_out()
            .filter(id__gt=row.message)
            .order_by("id")
            .values_list("id", "topic")[:AT_ONCE]
        )
        if not found:  # another process was faster
            return 0
        patterns = topics.kept(row.topics)
        Delivery.objects.bulk_create(
            Delivery(subscription=row, message_id=number, since=now, next_at=now)
            for number, topic in found
            if topics.wants(patterns, topic)
        )
        row.message = found[-1][0]
        row.save(update_fields=["message"])
    return len(found)


def _given_out() -> QuerySet[Message]:
    """All but tests, which are written for one webhook, and out of order: a place that moved up to
    one could step over what the worker was just writing."""
    return Message.objects.exclude(topic=topics.TEST)
