"""cells: what people write into cells, as exact values of the public format."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from banyan.core.people.contacts import Kind as Contact
from banyan.growth.journeys.addresses import LEAST_DIGITS, MOST_DIGITS, BadAddress, checked
from banyan.kernel.errors import Problem
from banyan.kernel.money import MINOR_DIGITS
from banyan.kernel.times import zone

Kind = Literal["text", "time", "money", "tags", "object"]
DayOrder = Literal["ymd", "dmy", "mdy"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_FIRST = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:[.,](\d{1,9}))?秒?|分)?)?"
)
_YEAR_LAST = re.compile(
    r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})"
    r"(?:[,T\s]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?"
)
_NO_MARKS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2})())?")
_SPREADSHEET_DAYS = re.compile(r"[2-9][0-9]{4}(\.[0-9]+)?")
_SECONDS = re.compile(r"[0-9]{10}")
_MILLISECONDS = re.compile(r"[0-9]{13}")
# Signs and letters of a currency before or after the figures.
_CURRENCY = re.compile(r"^[^\d.,()+-]{0,4}|[^\d.,()]{0,4}$")
# Thousands apart, by the decimal sign, which cannot be what parts them.
_GROUPED = {
    sign: re.compile(rf"[0-9]{{1,3}}([{other}' \u00a0\u202f])[0-9]{{3}}(?:\1[0-9]{{3}})*")
    for sign, other in ((".", ","), (",", "."))
}
_FIGURES = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_LARGEST = Decimal(10) ** 12

_objects = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class BadCell(Problem):
    """A cell that does not hold what its column should."""


@dataclass(frozen=True)
class Habits:
    """How the people who wrote the file write times and amounts."""

    time_zone: str = "UTC"
    """Of times without an offset."""
    days: DayOrder = "ymd"
    """Which of 03/04/2026 is the day; `ymd`: such dates are refused, since nobody can know."""
    decimal: Literal[".", ","] = "."
    minor_units: bool = False
    """Whether amounts are whole minor units, such as cents."""


def read_cell(kind: Kind, value: Any, habits: Habits) -> Any:
    """The value of a cell; None for an empty one. Raises BadCell."""
    if value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if kind == "text":
            return value
    return _READERS[kind](value, habits)


def check_contact(kind: Contact, value: Any, habits: Habits) -> None:
    """Whether somebody can be reached by what a cell holds. Raises BadCell."""
    text = str(read_cell("text", value, habits) or "")
    if not text:
        return
    try:
        checked("email" if kind == "email" else "sms", text)
    except BadAddress:
        if kind == "email":
            raise BadCell(
                f"{text!r} is no e-mail address; write it like name@example.com"
            ) from None
        raise BadCell(
            f"{text!r} is no phone number; write its {LEAST_DIGITS} to {MOST_DIGITS} digits, "
            "with + and the country's code if it is abroad"
        ) from None


# --- times


def _time(value: Any, habits: Habits) -> str:
    """RFC 3339 in UTC."""
    if isinstance(value, datetime):
        at = value if value.tzinfo else _local(value, habits.time_zone)
    elif isinstance(value, date):
        at = _local(datetime.combine(value, time()), habits.time_zone)
    else:
        at = _written_time(str(value), habits)
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def _written_time(text: str, habits: Habits) -> datetime:
    try:
        at = datetime.fromisoformat(text) if "-" in text[:5] else None
    except ValueError:
        at = None
    if at is not None:
        return at if at.tzinfo else _local(at, habits.time_zone)
    if _SECONDS.fullmatch(text):
        return _EPOCH + timedelta(seconds=int(text))
    if _MILLISECONDS.fullmatch(text):
        return _EPOCH + timedelta(milliseconds=int(text))
    return _local(_loose_time(text, habits), habits.time_zone)


def _loose_time(text: str, habits: Habits) -> datetime:
    if found := _YEAR_FIRST.fullmatch(text) or _NO_MARKS.fullmatch(text):
        year, month, day, *clock = found.groups()
    elif found := _YEAR_LAST.fullmatch(text):
        first, second, year, *clock = found.groups()
        if habits.days == "ymd" and "." not in text[:3]:
            raise BadCell(
                f"{text!r}: nobody can know whether the day or the month comes first; say "
                "--days dmy or --days mdy"
            )
        day, month = (second, first) if habits.days == "mdy" else (first, second)
    elif _SPREADSHEET_DAYS.fullmatch(text):
        raise BadCell(
            f"{text!r} is a day as Excel counts days; give the column the format of a date in "
            "Excel and save the file again"
        )
    else:
        raise BadCell(f"{text!r} is no time such as 2026-01-31 08:00:00")
    hour, minute, second_, fraction = clock
    microsecond = int((fraction or "")[:6].ljust(6, "0"))
    try:
        clock_time = time(int(hour or 0), int(minute or 0), int(second_ or 0), microsecond)
        return datetime.combine(date(int(year), int(month), int(day)), clock_time)
    except ValueError:
        raise BadCell(f"there is no such date or time as {text!r}") from None


def _local(at: datetime, time_zone: str) -> datetime:
    """A wall-clock time of that zone. Where a clock goes back, the first of the two."""
    local = at.replace(tzinfo=_zone(time_zone))
    try:
        there_and_back = local.astimezone(UTC).astimezone(local.tzinfo)
    except OverflowError:
        raise BadCell(f"there is no such time as {at}") from None
    if there_and_back.replace(tzinfo=None) != at:
        raise BadCell(f"{at} does not exist in {time_zone}: the clock was put forward over it")
    return local


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return zone(name)


# --- amounts


def _money(value: Any, habits: Habits) -> Decimal:
    """An exact decimal, or with `minor_units` the whole number that stands there."""
    if isinstance(value, str):
        amount = _written_money(value, habits)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        amount = Decimal(str(value))
    else:
        raise BadCell(f"{value!r} is no amount such as 1234.50")
    if not amount.is_finite() or abs(amount) > _LARGEST:
        raise BadCell(f"{value} is no amount below 10^12")
    if habits.minor_units and amount != amount.to_integral_value():
        raise BadCell(f"{value} is no whole number of minor units")
    return amount


def _written_money(text: str, habits: Habits) -> Decimal:
    if habits.decimal == "." and _FIGURES.fullmatch(text):
        return Decimal(text)
    figures = _CURRENCY.sub("", text.replace("−", "-").strip())
    if figures.startswith("(") and figures.endswith(")"):
        figures = "-" + figures[1:-1]
    sign = "-" if figures.startswith("-") else ""
    figures = _CURRENCY.sub("", figures.lstrip("+-"))
    whole, point, fraction = figures.rpartition(habits.decimal)
    if not point:
        whole, fraction = figures, ""
    if _GROUPED[habits.decimal].fullmatch(whole):
        whole = re.sub(r"\D", "", whole)
    plain = f"{sign}{whole}.{fraction}" if fraction else sign + whole
    if not _FIGURES.fullmatch(plain):
        other = "," if habits.decimal == "." else "."
        raise BadCell(
            f"{text!r} is no amount such as 1{other}234{habits.decimal}50; if it is written the "
            f"other way, say --decimal {other}"
        )
    return Decimal(plain)


def in_units(amount: Decimal, currency: str) -> Decimal:
    """Whole minor units of a currency as an amount of it. Raises BadCell."""
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise BadCell(f"{currency or 'no currency'}: minor units need an ISO 4217 currency")
    return amount.scaleb(-digits)


# --- the rest


def _text(value: Any, _: Habits) -> Any:
    """Texts as texts; what the file itself types as number or truth stays so."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else Decimal(repr(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _tags(value: Any, _: Habits) -> list[str]:
    parts = value if isinstance(value, list) else re.split(r"[,;，；、|]", str(value))
    return [str(part).strip() for part in parts if str(part).strip()]


def _object(value: Any, _: Habits) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    try:
        return _objects.decode(value)
    except (msgspec.DecodeError, TypeError, ArithmeticError):
        raise BadCell("expected a JSON object") from None


_READERS: dict[Kind, Callable[[Any, Habits], Any]] = {
    "text": _text,
    "time": _time,
    "money": _money,
    "tags": _tags,
    "object": _object,
}
