"""alarm_news: alarms that were opened or are over, told once to those they concern.

Whoever raises an alarm only writes it down. By the schedule, once a minute, what was not told yet
becomes messages for webhooks and one e-mail to each member of the staff, in the transaction that
notes that it was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import Event
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import translation

from banyan.engine.language.explain import Language
from banyan.growth.journeys.acts import send_now
from banyan.growth.journeys.addresses import BadAddress
from banyan.kernel.database import one_transaction
from banyan.kernel.sentences import translated
from banyan.pipeline import news
from banyan.pipeline.models import Alarm
from banyan.trust.staff.invitations import has_password
from banyan.trust.staff.read import Member, by_role

_MINUTE = "%Y-%m-%d %H:%M"

log = structlog.get_logger("banyan.alarms")


def tell(now: datetime, _stop: Event) -> str:
    """Tell of every opening and every end that was not told; a sentence how it went."""
    with one_transaction():
        rows = list(
            Alarm.objects.select_for_update()
            .filter(Q(opening_told_at=None) | Q(closed_at__isnull=False, closing_told_at=None))
            .order_by("opened_at", "id")
        )
        opened = [row for row in rows if row.opening_told_at is None]
        over = [row for row in rows if row.closed_at is not None]
        _to_webhooks(opened, over, now)
        mails = _mail(opened, over, now) if rows and sends_mail() else 0
        _mark(opened).update(opening_told_at=now)
        _mark(over).update(closing_told_at=now)
    return f"{len(opened):,} new alarms and {len(over):,} that are over, told in {mails:,} e-mails."


def sends_mail() -> bool:
    """Whether a mail server is set up; without one alarms are told to nobody who does not look."""
    return settings.EMAIL_PROVIDER is not None


def _to_webhooks(opened: Sequence[Alarm], over: Sequence[Alarm], now: datetime) -> None:
    told = [(news.ALARM_OPENED, row, None) for row in opened]
    for topic, row, until in [*told, *((news.ALARM_CLOSED, row, row.closed_at) for row in over)]:
        news.of_alarm(
            topic,
            number=row.pk,
            kind=row.kind,
            sentence=row.sentence,
            since=row.opened_at,
            until=until,
            now=now,
        )


def _mail(opened: Sequence[Alarm], over: Sequence[Alarm], now: datetime) -> int:
    """One e-mail to each whom some of them concern; how many."""
    new = [row for row in opened if row.closed_at is None]
    # One that opened anew meanwhile, with another sentence, is not over for its reader.
    again = {row.kind for row in new}
    past = [row for row in over if row.kind not in again]
    readers = {role: _readers(role) for role in {row.role for row in [*new, *past]}}
    members = {one.id: one for of_role in readers.values() for one in of_role}
    return sum(
        _send(
            member,
            [row for row in new if member in readers[row.role]],
            [row for row in past if member in readers[row.role]],
            now,
        )
        for member in members.values()
    )


def _readers(role: str) -> list[Member]:
    """Who has the role and has come in by its invitation; the admins where nobody has it."""
    found = [one for one in by_role(role) if has_password(one.id)]
    return found if found or role == "admin" else _readers("admin")


def _send(to: Member, new: Sequence[Alarm], past: Sequence[Alarm], now: datetime) -> bool:
    """Whether there was an address to send it to."""
    lang: Language = "zh-hans" if settings.LANGUAGE_CODE.startswith("zh") else "en"
    first = [*new, *past][0]
    with translation.override(lang):
        values = {
            "opened": "\n".join(map(_line, new)),
            "opened_count": str(len(new) or ""),
            "over": "\n".join(map(_line, past)),
            "over_count": str(len(past) or ""),
            "alarms_link": f"{settings.BASE_URL}/console/",
        }
    try:
        send_now(
            "staff_alarms",
            channel="email",
            to=to.email,
            lang=lang,
            values=values,
            # Each opening and each end is told once, so one of them names the mail.
            key=f"{to.actor}/{first.pk}/{'opened' if new else 'over'}",
            now=now,
        )
    except BadAddress:
        log.warning("alarm_not_mailed", member=to.actor, cure="give this member another address")
        return False
    return True


def _line(row: Alarm) -> str:
    zone = ZoneInfo(settings.OPERATOR_TIME_ZONE)
    times = [at.astimezone(zone).strftime(_MINUTE) for at in (row.opened_at, row.closed_at) if at]
    return f"- {' – '.join(times)} {translated(row.sentence)}"


def _mark(rows: Sequence[Alarm]) -> QuerySet[Alarm]:
    return Alarm.objects.filter(pk__in=[row.pk for row in rows])
