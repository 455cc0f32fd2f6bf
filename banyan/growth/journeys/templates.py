"""templates: the texts of notices: the shipped ones, and those that were written in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

import msgspec
import yaml
from django.db.models import Max, OuterRef, QuerySet, Subquery

from banyan.engine.language.explain import LANGUAGES, Language
from banyan.growth.journeys import texts
from banyan.growth.journeys.kinds import KINDS, TEXT_CHANNELS, Kind, TextChannel, kind
from banyan.growth.journeys.models import Place, Template
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem

MOST_FIELDS = 20
_LONGEST_TITLE = 200
_IN_INBOX_NOT = ("greeting", "name", "share_link")


class NoSuchTemplate(Problem):
    """A text for a channel or language that there is not, or a version of it."""

    status = 404
    code = "not_found"


@dataclass(frozen=True)
class TemplateRow:
    """A text in one version; version 0 is the shipped one."""

    kind: str
    channel: TextChannel
    language: Language
    version: int
    title: str
    text: str
    provider_template: str
    fields: Mapping[str, str]
    created_at: datetime | None
    created_by: str

    @property
    def is_shipped(self) -> bool:
        """Whether nobody has written another one."""
        return self.version == 0


def variables_of(known: Kind, channel: TextChannel) -> tuple[str, ...]:
    """What a text may name: the inbox greets nobody, and only messages that one can be spared have
    a link to say so."""
    names = known.variables
    if channel == "site":
        return tuple(name for name in names if name not in _IN_INBOX_NOT)
    return names if known.is_transactional else (*names, "optout_link")


def template(kind_name: str, channel: TextChannel, language: Language) -> TemplateRow:
    """The text that holds now. Raises UnknownKind."""
    known = kind(kind_name)
    row = _written(known.name, channel, language).order_by("version").last()
    return _row(row) if row else shipped(known.name, channel, language)


def shipped(name: str, channel: TextChannel, language: Language) -> TemplateRow:
    """The text that came with this release."""
    said = _file(language)[name]
    return TemplateRow(
        kind=name,
        channel=channel,
        language=language,
        version=0,
        title=said["title"] if channel in ("site", "email") else "",
        text=said[channel].strip(),
        provider_template="",
        fields={},
        created_at=None,
        created_by="",
    )


def templates() -> list[TemplateRow]:
    """Every text that holds now, by kind, channel and language."""
    last = Template.objects.filter(
        kind=OuterRef("kind"), channel=OuterRef("channel"), language=OuterRef("language")
    ).order_by("-version")
    rows = Template.objects.filter(version=Subquery(last.values("version")[:1]))
    written = {(row.kind, row.channel, row.language): _row(row) for row in rows}
    return [
        written.get((name, channel, language)) or shipped(name, channel, language)
        for name in KINDS
        for channel in TEXT_CHANNELS
        for language in LANGUAGES
    ]


def versions(kind_name: str, channel: TextChannel, language: Language) -> list[TemplateRow]:
    """Every version of a text, the newest first, the shipped one last. Raises UnknownKind."""
    known = kind(kind_name)
    rows = _written(known.name, channel, language).order_by("-version")
    return [*map(_row, rows), shipped(known.name, channel, language)]


def version(kind_name: str, channel: TextChannel, language: Language, number: int) -> TemplateRow:
    """One version of a text. Raises UnknownKind, NoSuchTemplate."""
    for row in versions(kind_name, channel, language):
        if row.version == number:
            return row
    raise NoSuchTemplate(
        f"Template {kind_name} {channel} {language} has no version {number}; list its versions."
    )


def save(
    actor: str,
    kind_name: str,
    channel: TextChannel,
    language: Language,
    *,
    title: str,
    text: str,
    provider_template: str = "",
    fields: Mapping[str, str] | None = None,
    now: datetime,
) -> TemplateRow:
    """Let a text hold from now on; the older ones stay on record. Raises UnknownKind, BadText."""
    known = kind(kind_name)
    given = dict(fields or {})
    check(known, channel, title=title, text=text, fields=given)
    texts.check_kept(provider_template, where="provider_template")
    with one_transaction():
        # Who writes at the same time waits here, and makes the version after.
        list(Place.objects.select_for_update().filter(id=1))
        last = _written(known.name, channel, language).aggregate(n=Max("version"))["n"] or 0
        row = Template.objects.create(
            kind=known.name,
            channel=channel,
            language=language,
            version=last + 1,
            title=title,
            text=text,
            provider_template=provider_template,
            fields=msgspec.json.encode(given).decode(),
            created_at=now,
            created_by=actor,
        )
    return _row(row)


def check(
    known: Kind, channel: TextChannel, *, title: str, text: str, fields: Mapping[str, str]
) -> None:
    """Whether a text can be filled in. Raises BadText, which names what is wrong."""
    names = variables_of(known, channel)
    if not text.strip():
        raise texts.BadText("text: is empty.")
    if len(title) > _LONGEST_TITLE or "\n" in title:
        raise texts.BadText(f"title: is one line of at most {_LONGEST_TITLE} characters.")
    if channel in ("site", "email") and not title.strip():
        raise texts.BadText("title: is empty; e-mails and the inbox show it.")
    if len(fields) > MOST_FIELDS:
        raise texts.BadText(f"fields: at most {MOST_FIELDS}, found {len(fields)}.")
    texts.check(title, names, where="title")
    texts.check(text, names, where="text")
    for name, value in fields.items():
        texts.check_kept(name, where="fields")
        texts.check(value, names, where=f"fields.{name}")


def sample(known: Kind, channel: TextChannel, language: Language) -> dict[str, str]:
    """Values to preview a text with."""
    return {name: SAMPLES[language][name] for name in variables_of(known, channel)}


SAMPLES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "greeting": "Hello Mary,",
        "name": "Mary",
        "company": "Green Leaf",
        "home_link": "https://refer.example.com/me/",
        "program": "Give 20%, get $20",
        "program_link": "https://refer.example.com/me/p/spring/",
        "share_link": "https://refer.example.com/r/MARY7K2Q",
        "optout_link": "https://refer.example.com/n/AQx7",
        "friend": "J*** D***",
        "advocate": "M*** S***",
        "missing": "1 order until the reward",
        "thanks": "Thank you for recommending us",
        "step": "has signed up",
        "amount": "$20.00 in cash",
        "left": "$5.00 in cash",
        "because": "your friend J*** D*** made a first purchase",
        "terms": "it expires on March 31, 2027",
        "release": "available on March 15, 2026",
        "reason": "the most that one person can get was reached",
        "notice": "From May 1 on the reward is $15 instead of $20.",
        "expires": "March 31, 2027",
        "days_left": "7 days",
        "code": "481 902",
        "minutes": "10",
        "until": "April 14, 2026",
        "confirm_link": "https://refer.example.com/c/Zq3v",
        "lead_link": "https://refer.example.com/leads/31",
        "staff_link": "https://refer.example.com/console/password/Vw8s/",
        "opened": "- 2026-03-01 03:24 verify: 2 differences were found; run: banyan verify",
        "opened_count": "1",
        "over": "- 2026-02-28 09:00 – 10:00 The figure is back.",
        "over_count": "1",
        "alarms_link": "https://refer.example.com/console/",
        "rewards_link": "https://refer.example.com/me/rewards/",
        "dispute_link": "https://refer.example.com/me/disputes/",
    },
    "zh-hans": {
        "greeting": "王芳，您好！",
        "name": "王芳",
        "company": "绿叶生活",
        "home_link": "https://refer.example.com/me/",
        "program": "送好友八折，得 20 元",
        "program_link": "https://refer.example.com/me/p/spring/",
        "share_link": "https://refer.example.com/r/FANG7K2Q",
        "optout_link": "https://refer.example.com/n/AQx7",
        "friend": "张*",
        "advocate": "王*",
        "missing": "还差 1 笔消费即可解锁奖励",
        "thanks": "谢谢您把我们介绍给身边的人",
        "step": "已注册",
        "amount": "20 元现金",
        "left": "5 元现金",
        "because": "您推荐的张*完成了首次消费",
        "terms": "有效期至 2027 年 3 月 31 日",
        "release": "预计 2026 年 3 月 15 日到账",
        "reason": "已达到每人可得的上限",
        "notice": "自 5 月 1 日起，奖励由 20 元改为 15 元。",
        "expires": "2027 年 3 月 31 日",
        "days_left": "7 天",
        "code": "481 902",
        "minutes": "10",
        "until": "2026 年 4 月 14 日",
        "confirm_link": "https://refer.example.com/c/Zq3v",
        "lead_link": "https://refer.example.com/leads/31",
        "staff_link": "https://refer.example.com/console/password/Vw8s/",
        "opened": "- 2026-03-01 03:24 verify：发现 2 处差异；请运行 banyan verify",
        "opened_count": "1",
        "over": "- 2026-02-28 09:00 – 10:00 指标已恢复。",
        "over_count": "1",
        "alarms_link": "https://refer.example.com/console/",
        "rewards_link": "https://refer.example.com/me/rewards/",
        "dispute_link": "https://refer.example.com/me/disputes/",
    },
}


def _written(name: str, channel: str, language: str) -> QuerySet[Template]:
    return Template.objects.filter(kind=name, channel=channel, language=language)


def _row(row: Template) -> TemplateRow:
    return TemplateRow(
        kind=row.kind,
        channel=_channel(row.channel),
        language="zh-hans" if row.language == "zh-hans" else "en",
        version=row.version,
        title=row.title,
        text=row.text,
        provider_template=row.provider_template,
        fields=msgspec.json.decode(row.fields, type=dict[str, str]),
        created_at=row.created_at,
        created_by=row.created_by,
    )


def _channel(name: str) -> TextChannel:
    return next(channel for channel in TEXT_CHANNELS if channel == name)


@cache
def _file(language: Language) -> Mapping[str, Mapping[str, str]]:
    name = "zh_hans.yaml" if language == "zh-hans" else "en.yaml"
    text = (files("banyan.growth.journeys") / "shipped" / name).read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), dict[str, dict[str, str]])
