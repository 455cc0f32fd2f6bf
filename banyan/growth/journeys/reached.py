"""reached: what became of what people were told: whom a message reached, whom none could reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.db.models import Count

from banyan.growth.journeys.acts import Happening, head_of, key_of
from banyan.growth.journeys.models import Notice

Fate = Literal["reached", "unreached", "waiting"]
"""Of one notice outside of the inbox, which shows it in each case."""

_FATES: dict[str, Fate] = {
    Notice.Status.SENT: "reached",
    Notice.Status.DELIVERED: "reached",
    Notice.Status.WAITING: "waiting",
}
"""All others reach nobody."""


@dataclass(frozen=True)
class Reached:
    """How many people were told of one thing, by what became of it."""

    reached: int
    unreached: int
    waiting: int


def fates(happenings: Iterable[Happening]) -> list[Fate | None]:
    """What became of each of these; None: it was never announced, or is forgotten."""
    keys = [key_of(one) for one in happenings]
    found = dict(Notice.objects.filter(key__in=keys).values_list("key", "status"))
    return [_fate(found[key]) if key in found else None for key in keys]


def reached(kind_name: str, key: str) -> Reached:
    """How many were told of the happening with that key, and by what became of it."""
    rows = Notice.objects.filter(kind=kind_name, key__startswith=head_of(kind_name, key))
    counts = dict.fromkeys(("reached", "unreached", "waiting"), 0)
    for status, count in rows.order_by().values_list("status").annotate(n=Count("pk")):
        counts[_fate(status)] += count
    return Reached(**counts)


def _fate(status: str) -> Fate:
    return _FATES.get(status, "unreached")
