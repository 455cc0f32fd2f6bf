"""queues: what waits for somebody: tasks, held decisions, disputes, stuck referrals, payouts."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from banyan.doors.console.menu import Group

MENU: tuple[Group, ...] = ()


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses."""
    return []
