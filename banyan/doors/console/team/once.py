"""once: a secret that is shown on the next page and nowhere again."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

_KEPT = "shown_once"


@dataclass(frozen=True)
class Secret:
    """What is shown, and what it is."""

    about: str
    text: str


def keep(request: HttpRequest, about: str, text: str) -> None:
    """Show it on the next page."""
    request.session[_KEPT] = [about, text]


def taken(request: HttpRequest) -> Secret | None:
    """What is to be shown on this page, if there is something; then it is forgotten."""
    found = request.session.pop(_KEPT, None)
    return Secret(*found) if found else None
