"""programs: programs from a preset to publication, and what is tried out on them."""

from __future__ import annotations

from itertools import chain

from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.menu import Entry, Group
from banyan.doors.console.programs import urls_builder, urls_review
from banyan.doors.console.programs.frame import Tab

PARTS = (urls_builder, urls_review)
"""Each with `urlpatterns` and the `TABS` that it adds to a program's page."""

TABS: tuple[Tab, ...] = tuple(chain.from_iterable(part.TABS for part in PARTS))

MENU = (
    Group(
        _("Programs"),
        (
            Entry(_("Programs"), "park", "programs", ("programs.read",)),
            Entry(_("Calendar"), "calendar_month", "programs_calendar", ("programs.read",)),
            *urls_review.ENTRIES,
        ),
    ),
)


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses."""
    return [*chain.from_iterable(part.urlpatterns for part in PARTS)]
