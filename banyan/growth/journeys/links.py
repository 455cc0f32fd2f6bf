"""links: where notices lead."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings

from banyan.core.programs.read import links_of


def home() -> str:
    """The reader's own first page."""
    return f"{settings.BASE_URL}/me/"


def rewards() -> str:
    """The reader's rewards."""
    return f"{settings.BASE_URL}/me/rewards/"


def disputes() -> str:
    """Where a reader asks that something be looked at."""
    return f"{settings.BASE_URL}/me/disputes/"


def of_program(slug: str) -> str:
    """A program as the reader takes part in it."""
    return f"{settings.BASE_URL}/me/p/{quote(slug)}/" if slug else home()


def confirmation(link: str) -> str:
    """Where a friend answers the invitation of a lead."""
    return f"{settings.BASE_URL}/c/{link}"


def share(user_id: str, program: str) -> str:
    """The reader's own link to pass on; empty for who has none in this program."""
    if not program:
        return ""
    rows = links_of(user_id, program=program, limit=1)
    return f"{settings.BASE_URL}/r/{quote(rows[0].code)}" if rows else ""
