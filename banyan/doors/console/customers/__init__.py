"""customers: everything about a customer, a referral, a chain, a decision; segments."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from banyan.doors.console.menu import Group

MENU: tuple[Group, ...] = ()


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses."""
    return []
