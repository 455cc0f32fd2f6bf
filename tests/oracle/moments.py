"""Moments in microseconds since the epoch (UTC), durations, and calendar periods."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
UNITS = {"s": SECOND, "m": 60 * SECOND, "h": HOUR, "d": DAY}

RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([012][0-9]:[0-5][0-9]:[0-5][0-9])(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
DURATION = re.compile(r"([0-9]+)([smhd])")


def read_moment(text: str | None) -> int | None:
    """Read an RFC 3339 date and time with its offset; None when it is not one.

    Digits beyond microseconds are cut off.
    """
    found = RFC_3339.fullmatch(text or "")
    if not found:
        return None
    day, clock, digits, sign, hours, minutes = found.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{clock}+00:00")
    except ValueError:
        return None
    offset = (int(hours) * 60 + int(minutes)) * UNITS["m"] if sign else 0
    moment = (local - EPOCH) // MICROSECOND + int(f"{digits or ''}000000"[:6])
    return moment + offset if sign == "-" else moment - offset


def write_moment(moment: int | None) -> str | None:
    """Write a moment as the tables do: `2026-01-31T08:00:00Z`, `.ffffff` only when not zero."""
    if moment is None:
        return None
    time = EPOCH + moment * MICROSECOND
    digits = f".{time.microsecond:06d}" if time.microsecond else ""
    return f"{time:%Y-%m-%dT%H:%M:%S}{digits}Z"


def read_duration(value: Any) -> int:
    """Read `30d`, `12h`, `5m`, `10s` or 0, in microseconds."""
    if value in (0, "0"):
        return 0
    found = DURATION.fullmatch(str(value))
    if not found:
        raise ValueError(f"{value!r} is not a duration")
    return int(found[1]) * UNITS[found[2]]


def read_boundary(value: Any, zone: ZoneInfo) -> int | None:
    """Read an end of a range: a moment, or a date, which is its midnight in the zone."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return (value - EPOCH) // MICROSECOND
    if isinstance(value, str):
        moment = read_moment(value)
        if moment is not None:
            return moment
        value = date.fromisoformat(value)
    midnight = datetime(value.year, value.month, value.day, tzinfo=zone)
    return (midnight.astimezone(UTC) - EPOCH) // MICROSECOND


def period_of(moment: int, period: str | None, zone: ZoneInfo) -> str:
    """Name the calendar period that holds a moment, by the zone's own dates."""
    day = (EPOCH + moment * MICROSECOND).astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    names = {
        None: "for ever",
        "day": f"day {day}",
        "week": f"week of {monday}",
        "month": f"month {day:%Y-%m}",
        "quarter": f"quarter {day.year}-{(day.month + 2) // 3}",
        "year": f"year {day.year}",
    }
    return names[period]
