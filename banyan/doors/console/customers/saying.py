"""saying: amounts, moments and codes of the line, in the words of this part's pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from banyan.engine.language.explain import Language
from banyan.engine.language.explain.losses import LOST
from banyan.engine.language.explain.quantity import MONEY, quantity_minor
from banyan.engine.language.explain.safe import plain
from banyan.engine.language.explain.voice import Voice
from banyan.kernel.money import minor_digits

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_STAGES = {
    "referred": gettext_noop("Recommended"),
    "invited": gettext_noop("Invited"),
    "accepted": gettext_noop("Accepted"),
    "activated": gettext_noop("Signed up"),
    "purchased": gettext_noop("Bought"),
    "rewarded": gettext_noop("Rewarded"),
    "repurchased": gettext_noop("Bought again"),
    "lost": gettext_noop("Lost"),
}
_OUTCOMES = {
    "granted": gettext_noop("Granted"),
    "held": gettext_noop("Held"),
    "rejected": gettext_noop("Refused"),
}
_TOUCHES = {
    "click": gettext_noop("Click on a link"),
    "code": gettext_noop("Code"),
    "invite": gettext_noop("Invitation by contact"),
}
_SIDES = {
    "advocate": gettext_noop("the advocate"),
    "friend": gettext_noop("the friend"),
    "upline": gettext_noop("the advocate’s advocate"),
    "self": gettext_noop("the customer"),
}


def language() -> Language:
    """The reader's, as the engine names it."""
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


def voice() -> Voice:
    """Says what the engine says, in the reader's language."""
    return Voice(language(), plain)


def amount(unit: str, number: int) -> str:
    """“$20.00 in cash”, “100 points”."""
    return quantity_minor(voice(), unit=unit, amount_minor=number)


def size(unit: str, number: int) -> str:
    """“$20.00”, “100”: where the unit is told beside it."""
    give, _space, currency = unit.partition(" ")
    return money(number, currency) if give in MONEY else voice().number(Decimal(number))


def money(number: int, currency: str) -> str:
    """“$20.00”, from minor units; a plain number where there is no currency yet."""
    if not currency:
        return voice().number(Decimal(number).scaleb(-2))
    digits = minor_digits(currency)
    return voice().money(Decimal(number).scaleb(-digits), currency=currency, digits=digits)


def moment(at: datetime | None) -> str:
    """“2026-01-31 08:00” by the operator's clock; empty for none."""
    if at is None:
        return ""
    return at.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).strftime("%Y-%m-%d %H:%M")


def microseconds(at: datetime) -> int:
    """As the engine writes a moment."""
    return (at - EPOCH) // timedelta(microseconds=1)


def stage(name: str) -> str:
    """A stage of a referral."""
    return _(_STAGES[name])


def outcome(name: str) -> str:
    """What was decided."""
    return _(_OUTCOMES[name])


def touch(kind: str) -> str:
    """A kind of invitation."""
    return _(_TOUCHES[kind])


def side(to: str) -> str:
    """For whom a reward is: a side, or the charity's name."""
    return _(_SIDES[to]) if to in _SIDES else to.partition(":")[2]


def loss(reason: str) -> str:
    """Why an invitation did not count, as the engine says it."""
    return voice().say(LOST[reason])
