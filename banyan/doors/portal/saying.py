"""saying: amounts, moments and states as the pages of a customer tell them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_time
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from banyan.core.referrals.stages import PublicState
from banyan.engine.language.explain import Language
from banyan.engine.language.explain.safe import plain
from banyan.engine.language.explain.voice import Voice
from banyan.kernel.money import minor_digits

MONEY = ("cash", "credit")

STATES: Mapping[PublicState, str | Promise] = {
    "submitted": gettext_lazy("Submitted"),
    "contacted": gettext_lazy("Contacted"),
    "closed": pgettext_lazy("a friend", "Bought"),
    "lost": gettext_lazy("Not counted"),
}
"""What an advocate is told of a friend."""

_LOCALES = {"en": Locale("en"), "zh-hans": Locale("zh", script="Hans", territory="CN")}


def figure(unit: str, amount: int, lang: Language) -> str:
    """`¥20.00`, `1,200`: the number with its sign, from minor units or counts."""
    voice = Voice(lang, plain)
    give, _between, currency = unit.partition(" ")
    if give in MONEY:
        digits = minor_digits(currency)
        return voice.money(Decimal(amount).scaleb(-digits), currency=currency, digits=digits)
    return voice.number(amount)


def unit_name(unit: str, names: Mapping[str, str]) -> str:
    """What is counted: `Cash`, `Store credit`, `Points`, or what the program calls it."""
    give = unit.partition(" ")[0]
    if give == "cash":
        return _("Cash")
    if give == "credit":
        return _("Store credit")
    if give == "points":
        return _("Points")
    return names.get(unit) or unit.partition(":")[2].replace("-", " ").replace("_", " ")


def amount(unit: str, number: int, lang: Language, names: Mapping[str, str]) -> str:
    """`¥20.00 cash`, `100 points`, `First-order coupon`, `2 × First-order coupon`."""
    size, give = figure(unit, number, lang), unit.partition(" ")[0]
    if give == "cash":
        return _("{size} cash").format(size=size)
    if give == "credit":
        return _("{size} store credit").format(size=size)
    if give == "points":
        return ngettext("{size} point", "{size} points", number).format(size=size)
    name = unit_name(unit, names)
    return name if number == 1 else f"{size} × {name}"


def day(at: datetime, zone: str, lang: Language) -> str:
    """`Jan 31, 2026` by the clock of that zone."""
    # Set in Chinese with the spaces that all numbers have beside it.
    form = "medium" if lang == "en" else "y 年 M 月 d 日"
    return format_date(at.astimezone(ZoneInfo(zone)).date(), form, locale=_LOCALES[lang])


def moment(at: datetime, zone: str, lang: Language) -> str:
    """`Jan 31, 2026, 08:00`."""
    local = at.astimezone(ZoneInfo(zone))
    clock = format_time(local.time(), "HH:mm", locale=_LOCALES[lang])
    between = ", " if lang == "en" else " "
    return f"{day(at, zone, lang)}{between}{clock}"
