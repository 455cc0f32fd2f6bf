"""What of webhooks out is kept, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Min

from banyan.kernel.database import one_transaction
from banyan.pipeline.models import Message
from banyan.pipeline.outbox.models import Delivery, Subscription

DELIVERED_KEPT = timedelta(days=30)
ALL_KEPT = timedelta(days=90)
"""Messages, and deliveries that were given up: that far back one can replay."""


def clean(now: datetime) -> tuple[int, int]:
    """Remove what is kept no longer; how many deliveries and how many messages.

    A message stays while a delivery of it waits, or an active webhook has not come to it yet.
    """
    with one_transaction():
        deliveries, _ = Delivery.objects.filter(
            status=Delivery.Status.DELIVERED, attempted_at__lt=now - DELIVERED_KEPT
        ).delete()
        dead, _ = Delivery.objects.filter(
            status=Delivery.Status.DEAD, attempted_at__lt=now - ALL_KEPT
        ).delete()
        old = Message.objects.filter(created_at__lt=now - ALL_KEPT).exclude(
            id__in=Delivery.objects.values("message_id")
        )
        place = Subscription.objects.filter(status=Subscription.Status.ACTIVE).aggregate(
            least=Min("message")
        )["least"]
        if place is not None:
            old = old.filter(id__lte=place)
        messages, _ = old.delete()
    return deliveries + dead, messages
