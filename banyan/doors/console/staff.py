"""staff: who works at a request, and what somebody who signed in still has to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.http import HttpRequest

from banyan.core.events import clock
from banyan.trust.access.browsers import device_name, network_of
from banyan.trust.staff import factor, sessions
from banyan.trust.staff.read import Member, member

_KNOWN = "_banyan_staff"
SESSION = "staff_session"
"""In the browser's session: the number of `banyan.trust.staff.sessions`."""

Lack = Literal["", "password", "code", "factor"]


@dataclass(frozen=True)
class Standing:
    """Whose browser it is. `lacks`: what they must do before they may work: sign in, show the code
    of their second factor, or set one up."""

    member: Member | None
    lacks: Lack


def staff_of(request: HttpRequest) -> Member | None:
    """Who is at work here: signed in with everything that is asked of them, and with a role."""
    found = standing(request)
    return None if found.lacks else found.member


def at_work(request: HttpRequest) -> Member:
    """Who is signed in; for pages that only they can have reached."""
    found = staff_of(request)
    assert found is not None
    return found


def standing(request: HttpRequest) -> Standing:
    """Whose browser it is, and what they lack."""
    if not hasattr(request, _KNOWN):
        setattr(request, _KNOWN, _standing(request))
    found: Standing = getattr(request, _KNOWN)
    return found


def address_of(request: HttpRequest) -> str:
    """The network a browser asks from."""
    return network_of(
        request.META.get("REMOTE_ADDR", ""),
        request.headers.get("X-Forwarded-For", "") if settings.BEHIND_PROXY else "",
    )


def _standing(request: HttpRequest) -> Standing:
    user = request.user
    if not user.is_authenticated or not user.is_active or not user.is_staff:
        return Standing(None, "password")
    found = member(user.pk)
    if found is None or not found.roles:
        return Standing(None, "password")
    if factor.has_factor(found.id):
        if not user.is_verified():  # type: ignore[attr-defined]  # django-otp's middleware adds it
            return Standing(found, "code")
    elif factor.is_required():
        return Standing(found, "factor")
    return Standing(found, "" if _session_lives(request, found) else "password")


def _session_lives(request: HttpRequest, found: Member) -> bool:
    """A browser's session gets its number at the first page; one that was ended stays ended."""
    now = clock.now()
    number = request.session.get(SESSION)
    if number is None:
        device = device_name(request.headers.get("User-Agent", ""))
        request.session[SESSION] = sessions.begin(found.id, device=device, now=now)
        return True
    return sessions.seen(number, found.id, now=now)
