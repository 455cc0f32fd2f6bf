"""page: what every page of the console is made of: a right that it asks for, and a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render as rendered
from django.urls import reverse
from django.utils.translation import gettext as _

from banyan.doors.console.staff import at_work, staff_of
from banyan.doors.refusals import refusal
from banyan.kernel.errors import Problem

NOT_ALLOWED = HTTPStatus.METHOD_NOT_ALLOWED

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Crumb:
    """A step of the way back, above a page's title."""

    title: str
    url: str


def page(*rights: str) -> Callable[[View], View]:
    """Only for staff with one of the rights; who is not signed in signs in first and comes back."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            if not at_work(request).rights.intersection(rights):
                raise PermissionDenied
            answer = view(request, *arguments, **named)
            is_shown = request.method != "GET" or answer.status_code != NOT_ALLOWED
            return answer if is_shown else _only_for_forms(request)

        entered = admin.site.admin_view(guarded)

        @wraps(entered)
        def opened(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            if request.method == "POST" and staff_of(request) is None:
                return to_sign_in(request)
            return entered(request, *arguments, **named)

        return opened

    return guard


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The way to sign in and back to the page that somebody sees.

    htmx would follow it by itself and draw the page to sign in into a part of that page.
    """
    way = redirect_to_login(_stood(request), reverse("admin:login"))
    if "HX-Request" not in request.headers:
        return way
    return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": way.url})


def _stood(request: HttpRequest) -> str:
    """The page whose form was sent or whose part was asked for, since the address of either shows
    nothing by itself."""
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    try:
        came = urlsplit(came_from)
    except ValueError:
        # Whoever asks may write anything there, such as half an address of IPv6.
        return request.get_full_path()
    here = f"{came.path}?{came.query}" if came.query else came.path
    is_ours = came.netloc == request.get_host() and here.startswith(reverse("admin:index"))
    return here if is_ours else request.get_full_path()


def _only_for_forms(request: HttpRequest) -> HttpResponse:
    """For who opens the address that a form is sent to, such as by Enter in the address line."""
    sentence = _("A form is sent to this address; by itself it shows nothing.")
    title = _("There is nothing at this address")
    context = {"sentence": sentence}
    return render(request, "console/error.html", context, title=title, status=NOT_ALLOWED)


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    title: str,
    crumbs: tuple[Crumb, ...] = (),
    status: int = 200,
) -> HttpResponse:
    """A page in the console's frame. Templates extend `console/page.html`."""
    frame = admin.site.each_context(request)
    frame |= {"title": title, "crumbs": crumbs, "me": at_work(request)}
    return rendered(request, template, frame | context, status=status)


def told(request: HttpRequest, problem: Problem) -> None:
    """Show what went wrong above the next page."""
    messages.error(request, refusal(problem))
