"""errors: pages for what went wrong, each with a way on."""

from __future__ import annotations

import uuid

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

log = structlog.get_logger("banyan.portal")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _page(request, 400, _("This request cannot be read"), _("Go back and try again."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403; most often a form that was left open too long."""
    sentence = _("This form is no longer valid. Go back, reload the page and send it again.")
    return _page(request, 403, _("Please send that again"), sentence)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403, by the check that a form is ours."""
    return forbidden(request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    sentence = _("The link may be incomplete. Check it, or start from the first page.")
    return _page(request, 404, _("There is nothing at this address"), sentence)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, with a number by which the operator finds the log's line."""
    number = uuid.uuid4().hex[:12]
    log.error("page_failed", number=number)
    sentence = _("Nothing you sent is lost. Try again in a minute. Number: {number}")
    return _page(request, 500, _("Something went wrong here"), sentence.format(number=number))


def _page(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    values = {"title": title, "sentence": sentence}
    return render(request, "portal/error.html", values, status=status)
