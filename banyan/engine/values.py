"""One value as others wrote it, read by the letter of the rules.

Values are written as JSON *tokens* (`"a"`, `12.50`, `["x"]`) or as plain *texts* (CSV cells, texts
of Parquet files). `columns.py` reads whole columns of them and asks here what it is not sure of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
import polars as pl

Kind = Literal["text", "number", "boolean", "time", "tags"]

DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Int128(),
    "boolean": pl.Boolean(),
    "time": pl.Int64(),
    "tags": pl.String(),
}

DECIMALS = 12
SCALE: int = 10**DECIMALS
# Sizes above 10^12 all become this one, which the caller refuses; so no sum can overflow.
LARGEST: int = 10**12 * SCALE
TOO_LARGE: int = (10**12 + 1) * SCALE

# The years 0001 to 9999 of UTC; others could not be written again.
FIRST_US = -62_135_596_800_000_000
LAST_US = 253_402_300_799_999_999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_US = 86_400_000_000

_JSON_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:)([0-9]{2})(?:\.([0-9]+))?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
# A plain form may be this much longer than what was written (1e1000); longer ones are no value.
_LONGEST_GROWTH = 1000


def token_value(kind: Kind, token: str) -> Any:
    """The value of one JSON token by the letter of the rules; None when it is no such value."""
    if token.startswith('"'):
        return text_value(kind, msgspec.json.decode(token, type=str))
    match kind:
        case "text":
            return _plain_number(token)
        case "number":
            return _scaled(token)
        case "boolean":
            return {"true": True, "false": False}.get(token)
        case "tags" if token.startswith("["):
            items = msgspec.json.decode(token, type=list[msgspec.Raw])
            return _tags(token_value("text", bytes(item).decode()) for item in items)
    return None


def text_value(kind: Kind, text: str) -> Any:
    """The value of one plain text by the letter of the rules; None when it is no such value."""
    match kind:
        case "text":
            return text or None
        case "number":
            return _scaled(text) if _PLAIN_NUMBER.fullmatch(text) else None
        case "boolean":
            return {"true": True, "false": False}.get(text)
        case "time":
            return moment(text)
        case "tags":
            return _tags(part.strip() for part in text.split(",")) if text else None


def moment(text: str) -> int | None:
    """Microseconds since the epoch (UTC) of an RFC 3339 date-time; None when it is not one.

    The offset must be there; `t`, `z` and a space for the `T` may stand, as the RFC allows. Digits
    beyond microseconds are cut off. A leap second, `:60` in the last minute of a UTC day, is the
    second that follows. The moment must lie in the years 0001 to 9999 of UTC.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day, clock, second, fraction, offset = found.groups()
    leap = second == "60"
    try:
        whole = datetime.fromisoformat(
            f"{day}T{clock}{'59' if leap else second}{'+00:00' if offset in 'Zz' else offset}"
        )
    except ValueError:
        return None
    at: int = (whole - _EPOCH) // _MICROSECOND + leap * 1_000_000
    if leap and at % _DAY_US:
        return None
    at += int((fraction or "")[:6].ljust(6, "0"))
    return at if FIRST_US <= at <= LAST_US else None


def _parts(number: str) -> tuple[bool, str, int]:
    """Sign, significant digits and place of the point: a value of 0.DIGITS x 10^POINT.

    `number` must be a JSON number. Digits are empty for zero.
    """
    found = _JSON_NUMBER.fullmatch(number)
    if found is None:
        raise ValueError(f"{number[:40]!r} is no JSON number")
    sign, whole, fraction, way, exponent = found.groups()
    written = whole + (fraction or "")
    digits = written.lstrip("0")
    # No line is long enough to be led back from an exponent of more than ten digits.
    shift = int((exponent or "0").lstrip("0")[:11] or "0") * (-1 if way == "-" else 1)
    point = len(whole) - (len(written) - len(digits)) + shift
    return sign == "-", digits.rstrip("0"), point


def _scaled(number: str) -> int | None:
    """A JSON number times 10^12, rounded half away from zero; None for a literal or an object."""
    if number[0] not in "-0123456789":
        return None
    negative, digits, point = _parts(number)
    kept = point + DECIMALS
    if not digits or kept < 0:
        return 0
    if point > 13:
        size = TOO_LARGE
    else:
        cut = int(digits[:kept].ljust(kept, "0") or "0")
        if cut > LARGEST or (cut == LARGEST and len(digits) > kept):
            size = TOO_LARGE
        else:
            size = cut + int(digits[kept : kept + 1] >= "5")
    return -size if negative else size


def _plain_number(number: str) -> str | None:
    """A JSON number in its shortest plain form; None for a literal or an object.

    None as well where the plain form would be over a thousand characters longer than what was
    written: a line of a few bytes must not become a gigabyte.
    """
    if number[0] not in "-0123456789":
        return None
    negative, digits, point = _parts(number)
    if not digits:
        return "0"
    if abs(point) > len(number) + _LONGEST_GROWTH:
        return None
    if point <= 0:
        plain = "0." + "0" * -point + digits
    elif point >= len(digits):
        plain = digits.ljust(point, "0")
    else:
        plain = f"{digits[:point]}.{digits[point:]}"
    return "-" + plain if negative else plain


def _tags(items: Iterable[str | None]) -> str:
    return "," + "".join(f"{item}," for item in items if item)
