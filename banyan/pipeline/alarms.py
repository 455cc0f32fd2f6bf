"""alarms: what a person must look at, once, until it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from banyan.pipeline.models import Alarm

log = structlog.get_logger("banyan.alarms")


@dataclass(frozen=True)
class Raised:
    """An alarm that is open."""

    kind: str
    sentence: str
    opened_at: datetime


def raise_alarm(kind: str, sentence: str, *, now: datetime, role: str = "admin") -> bool:
    """Open the alarm of that kind; False when it is open already, and keeps its sentence.

    `sentence` says what is wrong and what to do, without personal data; `role` is whose it is.
    `alarm_news` tells them, so that raising one waits for nobody.
    """
    _, is_new = Alarm.objects.get_or_create(
        kind=kind,
        closed_at=None,
        defaults={"sentence": sentence, "role": role, "opened_at": now},
    )
    if is_new:
        log.error("alarm_opened", kind=kind, sentence=sentence)
    return is_new


def close(kind: str, *, now: datetime) -> bool:
    """Close the alarm of that kind; False when none is open."""
    is_closed = Alarm.objects.filter(kind=kind, closed_at=None).update(closed_at=now) > 0
    if is_closed:
        log.info("alarm_closed", kind=kind)
    return is_closed


def raised() -> list[Raised]:
    """The open alarms, the oldest first."""
    rows = Alarm.objects.filter(closed_at=None).order_by("opened_at", "id")
    return [Raised(row.kind, row.sentence, row.opened_at) for row in rows]


def clean(*, before: datetime) -> int:
    """Forget alarms that were closed before then; how many."""
    return Alarm.objects.filter(closed_at__lt=before).delete()[0]
