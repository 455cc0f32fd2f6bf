"""pages: what Django does around pages alone. Callers of the API bring keys, not cookies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware

from banyan.doors.portal.languages import chosen_by_address

API = "/v1/"

Handler = Callable[[HttpRequest], HttpResponseBase]

_AROUND: tuple[Callable[..., Any], ...] = (
    CSPMiddleware,
    SessionMiddleware,
    LocaleMiddleware,
    chosen_by_address,
    CsrfViewMiddleware,
    XFrameOptionsMiddleware,
)
"""From the outside inwards."""


def around_pages(get_response: Handler) -> Handler:
    """Sessions, languages and the browser's protections around everything but the API."""
    inner: Handler = get_response
    for layer in reversed(_AROUND):
        inner = layer(inner)

    def answer(request: HttpRequest) -> HttpResponseBase:
        return (get_response if request.path.startswith(API) else inner)(request)

    return answer
