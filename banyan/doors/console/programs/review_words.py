"""review_words: who did something, how a version came to be published, amounts, moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from banyan.core.programs.read import VersionRow
from banyan.engine.language.explain import Language
from banyan.engine.language.explain.quantity import quantity_minor
from banyan.engine.language.explain.safe import plain
from banyan.engine.language.explain.voice import Voice
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits
from banyan.trust.staff.read import member

_LOOKS = {"draft": "", "ordered": "wait", "published": "good", "refused": "bad"}


class BadMoment(Problem):
    """A moment that cannot be read."""


def zone() -> ZoneInfo:
    """The clock that these pages show and read."""
    return ZoneInfo(settings.OPERATOR_TIME_ZONE)


def language() -> Language:
    """The reader's, as the engine names it."""
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


def amount(unit: str, minor: int) -> str:
    """“$20.00 in cash”: minor units or counts, in the reader's language."""
    return quantity_minor(Voice(language(), plain), unit=unit, amount_minor=minor)


def figure(unit: str, minor: int) -> str:
    """“$20.00”, “150”: the number alone, for tables that name the unit once."""
    voice = Voice(language(), plain)
    give, _space, currency = unit.partition(" ")
    if give not in ("cash", "credit"):
        return voice.number(minor)
    digits = minor_digits(currency)
    value = Decimal(minor).scaleb(-digits)
    return voice.money(value, currency=currency, digits=digits)


def who(actor: str) -> str:
    """Who an actor is: a member's name, a key of the API, the command line."""
    kind, _colon, rest = actor.partition(":")
    if kind == "user" and rest.isdigit():
        found = member(int(rest))
        return found.name if found else actor
    if kind == "key":
        return _("API key {number}").format(number=rest)
    if kind == "cli":
        return _("command line ({name})").format(name=rest)
    return actor


def how_published(row: VersionRow, *, is_reviewed: bool, is_stop: bool) -> str:
    """Who published a version, and whether legal and finance had agreed."""
    if row.published_at is None:
        return ""
    name = who(row.published_by)
    if is_reviewed:
        return _("{name}, after legal and finance agreed").format(name=name)
    if is_stop:
        return _("{name}, by a stop or its end").format(name=name)
    return _("{name}, without a review").format(name=name)


def status_of(row: VersionRow) -> Mapping[str, str]:
    """A version's status: its word and its look."""
    words = {
        "draft": _("Draft"),
        "ordered": _("Waits for the worker"),
        "published": _("public"),
        "refused": _("Refused"),
    }
    return {"look": _LOOKS[row.status], "word": words[row.status]}


def moment(text: str) -> datetime | None:
    """What a form's field of date and time says, by that clock; None: empty.

    Raises BadMoment.
    """
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadMoment(
            _("{text} is no date and time; write it like 2026-05-31 09:00.").format(text=text)
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=zone())


def as_field(at: datetime) -> str:
    """A moment as a field of date and time shows it."""
    return at.astimezone(zone()).strftime("%Y-%m-%dT%H:%M")
