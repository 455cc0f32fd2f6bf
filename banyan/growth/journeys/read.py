"""read: notices, as their readers and as operators see them; preferences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

import msgspec
from django.conf import settings
from django.db.models import Count, Min

from banyan.core.people.names import ids_of
from banyan.core.people.read import customer
from banyan.engine.language.explain import Language
from banyan.growth.journeys import facts, links, words
from banyan.growth.journeys.facts import Content
from banyan.growth.journeys.kinds import KINDS, TextChannel
from banyan.growth.journeys.models import Notice, Preference
from banyan.growth.journeys.templates import (
    TemplateRow,
    template,
    templates,
)
from banyan.growth.journeys.texts import filled
from banyan.kernel.errors import Problem

__all__ = [
    "Backlog",
    "Item",
    "NoSuchNotice",
    "NoticeRow",
    "PreferenceRow",
    "TemplateRow",
    "backlog",
    "failed_since",
    "failures",
    "inbox",
    "language_of",
    "notice",
    "notices",
    "preferences",
    "rendered",
    "templates",
    "unread",
]


class NoSuchNotice(Problem):
    """A notice that is not there."""

    status = 404
    code = "not_found"

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no notice {number}.")


@dataclass(frozen=True)
class Item:
    """A notice in a person's inbox, in words."""

    number: int
    kind: str
    program: str
    title: str
    text: str
    link: str
    created_at: datetime
    read_at: datetime | None

    @property
    def is_read(self) -> bool:
        """Whether its reader has marked it so."""
        return self.read_at is not None


@dataclass(frozen=True)
class NoticeRow:
    """A notice as an operator sees it: what became of it, without its words."""

    number: int
    kind: str
    user_id: str
    program: str
    created_at: datetime
    read_at: datetime | None
    status: str
    channel: str
    reason: str
    """Why it was not sent, or not yet: a code; empty when nothing is against it."""
    refusals: Mapping[str, str]
    """Why not by which channel."""
    answer: str
    attempts: int
    next_at: datetime | None
    attempted_at: datetime | None
    sent_at: datetime | None
    provider: str
    provider_id: str
    template_version: int


@dataclass(frozen=True)
class PreferenceRow:
    """What a person wants; quiet hours are None where those of the installation hold."""

    user_id: str
    is_email_on: bool = True
    is_sms_on: bool = True
    is_wechat_on: bool = True
    quiet_from: time | None = None
    quiet_until: time | None = None
    timezone: str = ""

    def is_on(self, channel: str) -> bool:
        """Whether the person has left a channel on."""
        return bool(getattr(self, f"is_{channel}_on"))


@dataclass(frozen=True)
class Backlog:
    """How far sending is behind."""

    waiting: int
    failed: int
    oldest_next_at: datetime | None


def inbox(
    user_id: str,
    before: int | None = None,
    limit: int = 20,
    *,
    lang: Language | None = None,
    now: datetime | None = None,
) -> list[Item]:
    """A person's notices, the newest first; `before` is the number to go on from.

    In the person's own language unless `lang` is given. `now` says how long things are still good;
    without it, as of when each was made.
    """
    rows = Notice.objects.filter(user_id__in=ids_of(user_id), is_listed=True)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[:limit])
    language = lang or language_of(user_id)
    contents = [facts.opened(bytes(row.sealed or b""), key=row.key) for row in found]
    names = names_in(contents)
    return [
        _item(row, content, language, names, now or row.created_at)
        for row, content in zip(found, contents, strict=True)
    ]


def unread(user_id: str) -> int:
    """How many notices a person has not read."""
    return Notice.objects.filter(user_id__in=ids_of(user_id), is_listed=True, read_at=None).count()


def preferences(user_id: str) -> PreferenceRow:
    """How a person wants to be told; who never said gets everything."""
    return preferences_of([user_id])[user_id]


def preferences_of(user_ids: Iterable[str]) -> dict[str, PreferenceRow]:
    """The same for many."""
    found = {user_id: PreferenceRow(user_id) for user_id in user_ids}
    for row in Preference.objects.filter(user_id__in=list(found)):
        found[row.user_id] = PreferenceRow(
            row.user_id,
            row.is_email_on,
            row.is_sms_on,
            row.is_wechat_on,
            row.quiet_from,
            row.quiet_until,
            row.timezone,
        )
    return found


def notices(
    *,
    status: str | None = None,
    user_id: str | None = None,
    kind: str | None = None,
    channel: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[NoticeRow]:
    """Notices, the newest first; `before` is the number to go on from."""
    asked = {"status": status, "user_id": user_id, "kind": kind, "channel": channel}
    rows = Notice.objects.filter(**{k: v for k, v in asked.items() if v is not None})
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [_row(row) for row in rows.order_by("-pk")[:limit]]


def notice(number: int) -> NoticeRow:
    """One notice. Raises NoSuchNotice."""
    row = Notice.objects.filter(pk=number).first()
    if row is None:
        raise NoSuchNotice(number)
    return _row(row)


def failures(*, before: int | None = None, limit: int = 50) -> list[NoticeRow]:
    """What could not be sent, the newest first."""
    return notices(status=Notice.Status.FAILED, before=before, limit=limit)


def failed_since(at: datetime) -> int:
    """How many notices were given up since then."""
    rows = Notice.objects.filter(status=Notice.Status.FAILED, attempted_at__gte=at)
    return rows.count()


def backlog(now: datetime) -> Backlog:
    """How much is due and was not sent, and how much failed."""
    due = Notice.objects.filter(status=Notice.Status.WAITING, next_at__lte=now)
    told = due.aggregate(count=Count("pk"), oldest=Min("next_at"))
    failed = Notice.objects.filter(status=Notice.Status.FAILED).count()
    return Backlog(told["count"], failed, told["oldest"])


def language_of(user_id: str) -> Language:
    """The language of a person's profile, else the installation's."""
    row = customer(user_id)
    return spoken(row.locale if row else "")


def spoken(locale: str) -> Language:
    """Which of our languages fits a locale; the installation's when it is empty."""
    return "zh-hans" if (locale or settings.LANGUAGE_CODE).lower().startswith("zh") else "en"


def names_in(contents: Sequence[Content]) -> dict[str, str]:
    """How everybody may be shown of whom some notices speak."""
    known = [one.facts for one in contents if one.facts is not None]
    return words.shown_names(
        {one.friend for one in known if one.friend}, {one.advocate for one in known if one.advocate}
    )


def rendered(
    row_kind: str,
    channel: TextChannel,
    language: Language,
    values: Mapping[str, str],
) -> tuple[TemplateRow, str, str]:
    """A notice in words: the text it was made from, its title, itself."""
    found = template(row_kind, channel, language)
    return found, filled(found.title, values, language), filled(found.text, values, language)


def values_of(
    content: Content,
    program: str,
    language: Language,
    names: Mapping[str, str],
    now: datetime,
) -> dict[str, str]:
    """What a notice's variables stand for, but for those that depend on its reader."""
    own = words.said(content.facts, program, language, names, now) if content.facts else {}
    common = {
        "company": settings.COMPANY,
        "home_link": links.home(),
        "rewards_link": links.rewards(),
        "dispute_link": links.disputes(),
        "program_link": links.of_program(program),
    }
    if "program" not in own and program:
        common["program"] = words.title_of(program, language)
    return common | own | dict(content.values)


def _item(
    row: Notice,
    content: Content,
    language: Language,
    names: Mapping[str, str],
    now: datetime,
) -> Item:
    values = values_of(content, row.program, language, names, now)
    _, title, text = rendered(row.kind, "site", language, values)
    link = (
        links.rewards() if KINDS[row.kind].purpose == "rewards" else links.of_program(row.program)
    )
    return Item(row.pk, row.kind, row.program, title, text, link, row.created_at, row.read_at)


def _row(row: Notice) -> NoticeRow:
    return NoticeRow(
        number=row.pk,
        kind=row.kind,
        user_id=row.user_id,
        program=row.program,
        created_at=row.created_at,
        read_at=row.read_at,
        status=row.status,
        channel=row.channel or row.wanted,
        reason=row.reason,
        refusals=msgspec.json.decode(row.refusals, type=dict[str, str]),
        answer=row.answer,
        attempts=row.attempts,
        next_at=row.next_at if row.status == Notice.Status.WAITING else None,
        attempted_at=row.attempted_at,
        sent_at=row.sent_at,
        provider=row.provider,
        provider_id=row.provider_id,
        template_version=row.template_version,
    )
