"""periods: stretches of days that figures are asked for, the one before, and its pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Step = Literal["day", "week", "month"]


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both in it."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """The stretch of the same length that ends where this one begins."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    @property
    def step(self) -> Step:
        """The pieces in which a trend is drawn: about a dozen to forty of them."""
        return "day" if self.days <= 40 else "week" if self.days <= 190 else "month"

    def pieces(self) -> Iterator[date]:
        """The first day of each piece, as `floored` names it."""
        day = floored(self.first, self.step)
        while day <= self.last:
            yield day
            day = _next(day, self.step)


def floored(day: date, step: Step) -> date:
    """The first day of the day's week (a Monday) or month."""
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


def latest(days: int, *, today: date) -> Period:
    """That many days up to and with today."""
    return Period(today - timedelta(days=days - 1), today)


def year(last: date) -> Period:
    """The month of a day up to that day, and the eleven months before it."""
    first = last.replace(day=1)
    months = first.year * 12 + first.month - 1 - 11
    return Period(date(months // 12, months % 12 + 1, 1), last)


def _next(day: date, step: Step) -> date:
    if step == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if step == "week" else 1)
