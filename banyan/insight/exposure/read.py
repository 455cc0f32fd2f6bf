"""read: how often pages were seen, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Min

from banyan.insight.exposure.models import Seen


@dataclass(frozen=True)
class Count:
    """Views are exact; visitors are within some per cent."""

    views: int = 0
    visitors: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.views + other.views, self.visitors + other.visitors)


@dataclass(frozen=True)
class Day:
    """One day of some programs. Who saw pages of two programs is a visitor of each."""

    day: date
    program: Count = Count()
    landing: Count = Count()
    either: Count = Count()
    """Of both pages: who saw the two is one visitor."""


def days(programs: Sequence[str], *, first: date, last: date) -> list[Day]:
    """Every day from `first` to `last`, but for those before anything was counted for them."""
    begun = first_day(programs)
    if begun is None:
        return []
    first = max(first, begun)
    found: dict[tuple[date, str], Count] = {}
    rows = Seen.objects.filter(program__in=programs, day__gte=first, day__lte=last)
    for day, page, views, visitors in rows.values_list("day", "page", "views", "visitors"):
        found[day, page] = found.get((day, page), Count()) + Count(views, visitors)
    return [
        Day(day, *(found.get((day, page), Count()) for page in ("program", "landing", "all")))
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
    ]


def by_program(programs: Sequence[str], *, first: date, last: date) -> dict[str, list[Day]]:
    """The same for each program by itself, in the order given."""
    return {slug: days([slug], first=first, last=last) for slug in programs}


def first_day(programs: Sequence[str]) -> date | None:
    """The first day on which a page of these programs was seen; None for never."""
    found: date | None = Seen.objects.filter(program__in=programs).aggregate(at=Min("day"))["at"]
    return found


def a_day(found: Sequence[Day]) -> float | None:
    """Visitors of either page on a day, on average; None of no days."""
    return sum(one.either.visitors for one in found) / len(found) if found else None
