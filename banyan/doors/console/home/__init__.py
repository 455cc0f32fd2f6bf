"""home: the board of today."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.menu import Entry, Group

MENU = (Group("", (Entry(_("Board"), "dashboard", "index", ("board.read",)),)),)


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The board is the console's first page, so it needs no address of its own."""
    return []
