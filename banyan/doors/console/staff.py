"""staff: who works at a request."""

from __future__ import annotations

from django.http import HttpRequest

from banyan.trust.staff.read import Member, member

_KNOWN = "_banyan_staff"


def staff_of(request: HttpRequest) -> Member | None:
    """Who is signed in, if they work here and have a role."""
    if not hasattr(request, _KNOWN):
        setattr(request, _KNOWN, _signed_in(request))
    found: Member | None = getattr(request, _KNOWN)
    return found


def at_work(request: HttpRequest) -> Member:
    """Who is signed in; for pages that only they can have reached."""
    found = staff_of(request)
    assert found is not None
    return found


def _signed_in(request: HttpRequest) -> Member | None:
    user = request.user
    if not user.is_authenticated or not user.is_active or not user.is_staff:
        return None
    found = member(user.pk)
    return found if found and found.roles else None
