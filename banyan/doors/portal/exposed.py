"""exposed: that a page was seen is counted; who saw it is not kept."""

from __future__ import annotations

from django.http import HttpRequest

from banyan.core.events import clock
from banyan.core.events.robots import is_no_person
from banyan.doors.portal.session import address_of
from banyan.insight.exposure import counting
from banyan.insight.exposure.save import Page

LONGEST_AGENT = 512


def count(request: HttpRequest, program: str, page: Page) -> None:
    """Count a look at a program's page, unless it is a robot's, a browser's that fetches ahead, a
    question for the head alone, or the staff's."""
    if request.method != "GET" or is_no_person(request.headers) or _is_staff(request):
        return
    counting.seen(
        program,
        page,
        network=address_of(request),
        agent=request.headers.get("User-Agent", "")[:LONGEST_AGENT],
        now=clock.now(),
    )


def _is_staff(request: HttpRequest) -> bool:
    """A browser without a session is asked nothing, so visitors cost no query."""
    return bool(request.user.is_authenticated and request.user.is_staff)
