"""urls: the parts of the console, each with its addresses and its lines in the menu."""

from __future__ import annotations

from itertools import chain

from django.urls import URLPattern, URLResolver

from banyan.doors.console import (
    analytics,
    customers,
    home,
    messages,
    programs,
    queues,
    records,
    team,
)
from banyan.doors.console.menu import Group

PARTS = (home, queues, programs, customers, analytics, messages, records, team)
"""In the order of the menu."""

MENU: tuple[Group, ...] = tuple(chain.from_iterable(part.MENU for part in PARTS))


def parts() -> list[URLPattern | URLResolver]:
    """Every part's addresses."""
    return [pattern for part in PARTS for pattern in part.urlpatterns()]
