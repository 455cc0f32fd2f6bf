"""typed: what staff type in forms, as plain values. What cannot be read is a sentence for them."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from banyan.doors.console.number import number_of
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits

_AMOUNT = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")


class NotRead(Problem):
    """Something typed that cannot be read."""


def text(request: HttpRequest, name: str) -> str:
    """A line of a form, trimmed."""
    return request.POST.get(name, "").strip()


def whole(request: HttpRequest, name: str, *, else_: int = 0) -> int:
    """A whole number. Raises NotRead."""
    given = text(request, name)
    if not given:
        return else_
    found = number_of(given)
    if found is None:
        raise NotRead(_("{text} is no whole number.").format(text=repr(given[:40])))
    return found


def amount(given: str, unit: str) -> int:
    """`20.00` of `cash USD` as 2000, `100` of points as 100. Commas stand between thousands alone:
    whoever writes `20,50` means 20.50, and must not be read as 2050. Raises NotRead."""
    kind, _between, currency = unit.partition(" ")
    digits = minor_digits(currency) if kind in ("cash", "credit") else 0
    try:
        if not _AMOUNT.fullmatch(given.strip()):
            raise InvalidOperation
        value = Decimal(given.replace(",", "").strip()).scaleb(digits)
        if value != value.to_integral_value() or not 0 <= value < 10**13:
            raise InvalidOperation
    except InvalidOperation:
        raise NotRead(
            _("{text} is no amount; write it like 20 or 20.50.").format(text=repr(given[:40]))
        ) from None
    return int(value)


def moment(given: str) -> datetime:
    """`2026-01-31T08:00` by the operator's clock. Raises NotRead."""
    try:
        local = datetime.fromisoformat(given)
    except ValueError:
        raise NotRead(_("Choose a day and a time.")) from None
    if local.tzinfo is None:
        local = local.replace(tzinfo=ZoneInfo(settings.OPERATOR_TIME_ZONE))
    return local


def page_number(request: HttpRequest, *, last: int | None = None) -> int:
    """Of `?page=`, from 1 on; not beyond the last one, where that is known."""
    number = max(1, number_of(request.GET.get("page")) or 1)
    return number if last is None else min(number, max(1, last))
