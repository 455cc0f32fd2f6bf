"""errors: what the console says when somebody may not see a page, or there is none."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from banyan.doors.console.page import render
from banyan.doors.console.staff import staff_of


def forbidden(request: HttpRequest) -> HttpResponse:
    """403 for staff without the right."""
    return _page(
        request,
        403,
        _("Your role does not open this page"),
        _("Ask somebody who manages staff for a role that does."),
    )


def not_found(request: HttpRequest) -> HttpResponse:
    """404."""
    return _page(
        request,
        404,
        _("There is nothing at this address"),
        _("It may have been removed. Start again from the board."),
    )


def _page(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    if staff_of(request) is None:
        return redirect("admin:login")
    return render(request, "console/error.html", {"sentence": sentence}, title=title, status=status)
