"""sessions: where members of the staff are signed in, so that they and admins can end it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from banyan.kernel.database import one_transaction
from banyan.trust.audit.acts import record
from banyan.trust.staff.models import Session

IDLE = timedelta(hours=12)
"""Who does nothing for so long signs in anew."""
LONGEST = timedelta(days=7)
"""Whatever they do, after that they sign in anew."""
_SEEN_EVERY = timedelta(minutes=5)
_LONGEST_DEVICE = 100


@dataclass(frozen=True)
class SessionRow:
    """Somebody at work in one browser."""

    number: int
    user_id: int
    device: str
    begun_at: datetime
    seen_at: datetime


def begin(user_id: int, *, device: str, now: datetime) -> int:
    """They are at work in a browser from now on; the session's number."""
    row = Session.objects.create(
        user_id=user_id, device=device[:_LONGEST_DEVICE], begun_at=now, seen_at=now
    )
    return row.pk


def seen(number: int, user_id: int, *, now: datetime) -> bool:
    """Whether that session of theirs still lives; notes that they are here."""
    row = _live(now).filter(pk=number, user=user_id).first()
    if row is None:
        return False
    # Not at each page: a row written for every look would cost more than the page.
    if row.seen_at + _SEEN_EVERY <= now:
        Session.objects.filter(pk=number, ended_at=None).update(seen_at=now)
    return True


def sessions(*, user_id: int | None = None, now: datetime) -> list[SessionRow]:
    """Who is signed in where, or where one member is; the latest seen first."""
    rows = _live(now)
    if user_id is not None:
        rows = rows.filter(user=user_id)
    return [
        SessionRow(row.pk, row.user_id, row.device, row.begun_at, row.seen_at)
        for row in rows.order_by("-seen_at", "-pk")
    ]


def end(actor: str, number: int, *, now: datetime) -> bool:
    """Sign somebody out in one browser; whether they were signed in there."""
    with one_transaction():
        row = Session.objects.filter(pk=number, ended_at=None).first()
        if row is None or not Session.objects.filter(pk=number, ended_at=None).update(ended_at=now):
            return False
        record(
            actor, "staff.session_ended", f"user:{row.user_id}", now=now, after={"session": number}
        )
    return True


def end_all(user_id: int, *, now: datetime, but: int | None = None) -> int:
    """Sign somebody out everywhere, or everywhere else; in how many browsers."""
    rows = Session.objects.filter(user=user_id, ended_at=None)
    if but is not None:
        rows = rows.exclude(pk=but)
    return rows.update(ended_at=now)


def forget(*, now: datetime) -> int:
    """Delete sessions that are long over; how many."""
    deleted, _rows = Session.objects.filter(seen_at__lt=now - LONGEST).delete()
    return deleted


def _live(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(ended_at=None, seen_at__gt=now - IDLE, begun_at__gt=now - LONGEST)
