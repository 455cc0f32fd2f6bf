"""devices: where a customer is signed in, so that they can see it and end it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from banyan.trust.access.models import SignedIn

Way = Literal["code", "link", "host"]

GOOD_FOR = timedelta(days=14)
"""How long somebody stays signed in who does not come back."""
_SEEN_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Device:
    """A customer on a device."""

    number: int
    user_id: str
    way: str
    device: str
    begun_at: datetime
    seen_at: datetime


def begin(user_id: str, *, way: Way, device: str, now: datetime) -> int:
    """The customer is signed in on a device from now on; its number."""
    row = SignedIn.objects.create(
        customer=user_id, way=way, device=device[:100], begun_at=now, seen_at=now
    )
    return row.pk


def seen(number: int, *, now: datetime) -> Device | None:
    """The device, still signed in at `now`; None when that was ended or is too long ago."""
    row = SignedIn.objects.filter(pk=number, ended_at=None).first()
    if row is None or row.seen_at + GOOD_FOR <= now:
        return None
    if row.seen_at + _SEEN_EVERY <= now:
        SignedIn.objects.filter(pk=number).update(seen_at=now)
    return _device(row)


def of(user_id: str, *, now: datetime) -> list[Device]:
    """Where a customer is signed in, the latest first."""
    rows = SignedIn.objects.filter(customer=user_id, ended_at=None, seen_at__gt=now - GOOD_FOR)
    return [_device(row) for row in rows.order_by("-begun_at", "-pk")]


def end(user_id: str, number: int, *, now: datetime) -> bool:
    """Sign the customer out on one device; whether they were signed in there."""
    rows = SignedIn.objects.filter(pk=number, customer=user_id, ended_at=None)
    return bool(rows.update(ended_at=now))


def end_all(user_id: str, *, now: datetime) -> int:
    """Sign the customer out everywhere; on how many devices."""
    return SignedIn.objects.filter(customer=user_id, ended_at=None).update(ended_at=now)


def forget(*, now: datetime) -> int:
    """Delete what nobody has used for as long as it is good; how many."""
    deleted, _ = SignedIn.objects.filter(seen_at__lt=now - GOOD_FOR).delete()
    return deleted


def _device(row: SignedIn) -> Device:
    return Device(row.pk, row.customer, row.way, row.device, row.begun_at, row.seen_at)
