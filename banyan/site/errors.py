"""errors: what went wrong, as a problem document for programs and as a page for people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from banyan.doors.api import problems
from banyan.doors.console import errors as console
from banyan.doors.console.look import PATH as CONSOLE
from banyan.doors.portal import errors as pages
from banyan.site.pages import API


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    if request.path.startswith(API):
        return problems.bad_request(request, exception)
    return pages.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if request.path.startswith(CONSOLE):
        return console.forbidden(request)
    return pages.forbidden(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if request.path.startswith(API):
        return problems.not_found(request, exception)
    if request.path.startswith(CONSOLE):
        return console.not_found(request)
    return pages.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    if request.path.startswith(API):
        return problems.server_error(request)
    return pages.server_error(request)
