"""page: what every page of the console is made of: a right that it asks for, and a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render as rendered

from banyan.doors.console.staff import at_work
from banyan.kernel.errors import Problem

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
            return view(request, *arguments, **named)

        return admin.site.admin_view(guarded)

    return guard


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
    messages.error(request, str(problem))
