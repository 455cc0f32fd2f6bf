"""analytics: the figures behind the board, and experiments."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from banyan.doors.console.menu import Group

MENU: tuple[Group, ...] = ()


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses."""
    return []
