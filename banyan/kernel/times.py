"""Spans and moments as people write them, in microseconds."""

import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import cache

from banyan.kernel.errors import Problem

SECOND_US = 1_000_000
UNITS_US = {
    "s": SECOND_US,
    "m": 60 * SECOND_US,
    "h": 3_600 * SECOND_US,
    "d": 86_400 * SECOND_US,
}
# A hundred years: keeps every sum of a moment and a span far inside 64 bits.
LONGEST_US = 36_525 * UNITS_US["d"]

_DURATION = re.compile(r"([0-9]{1,12})([smhd])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadTime(Problem):
    """A span or moment that cannot be read."""


def duration_us(text: str) -> int:
    """`30d`, `12h`, `90m`, `45s` in microseconds; a day is 24 hours. Raises BadTime."""
    found = _DURATION.fullmatch(text)
    if found is None:
        if re.fullmatch(r"-\s*[0-9]+\s*[smhd]?", text):
            raise BadTime(f"a span cannot be negative, found {text}")
        raise BadTime(f"expected a span such as 30d, 12h, 90m or 45s, found {_shown(text)}")
    span = int(found[1]) * UNITS_US[found[2]]
    if span > LONGEST_US:
        raise BadTime(f"a span may be at most 36525d (a hundred years), found {text}")
    return span


def duration_text(span_us: int) -> str:
    """The shortest way to write a span of whole seconds: `30d`, `36h`, `0s`."""
    for unit in "dhm":
        if span_us and span_us % UNITS_US[unit] == 0:
            return f"{span_us // UNITS_US[unit]}{unit}"
    return f"{span_us // SECOND_US}s"


def moment_us(text: str, timezone: str) -> int:
    """Microseconds since the epoch (UTC) of a date or an RFC 3339 date-time with offset.

    A date is its midnight in `timezone` (where a clock change skips midnight: the first moment of
    that date). Digits beyond microseconds are cut off. The years are 1900 to 2999, so that no zone
    and no span leads out of the calendar. Raises BadTime.
    """
    if re.match(r"[0-9]{4}-", text) and not 1900 <= int(text[:4]) <= 2999:
        raise BadTime(f"the year must be 1900 to 2999, found {_shown(text)}")
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text)
            local = datetime(day.year, day.month, day.day, tzinfo=zone(timezone))
            return _since_epoch(local)
        found = _MOMENT.fullmatch(text)
        if found is not None:
            offset = "+00:00" if found[4] in "Zz" else found[4]
            whole = datetime.fromisoformat(f"{found[1]}T{found[2]}{offset}")
            return _since_epoch(whole) + int((found[3] or "").ljust(6, "0")[:6])
    except (ValueError, OverflowError):
        raise BadTime(f"there is no such date or time as {_shown(text)}") from None
    raise BadTime(
        "expected a date such as 2026-01-31 or a date-time with offset such as "
        f"2026-01-31T08:00:00Z, found {_shown(text)}"
    )


def zone(timezone: str) -> zoneinfo.ZoneInfo:
    """The IANA time zone of that name. Raises BadTime."""
    if timezone not in zone_names():
        raise BadTime(f"{_shown(timezone)} is no IANA time zone, such as UTC or Asia/Shanghai")
    return zoneinfo.ZoneInfo(timezone)


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone name; without the machine's own `localtime` and other oddities."""
    return frozenset(zoneinfo.available_timezones()) - {"localtime", "Factory"}


def _since_epoch(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
