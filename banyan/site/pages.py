"""pages: what Django does around pages alone. Callers of the API bring keys, not cookies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django_otp.middleware import OTPMiddleware

from banyan.doors.console.look import looser_policy
from banyan.doors.portal.languages import chosen_by_address

API = "/v1/"

Handler = Callable[[HttpRequest], HttpResponseBase]

_AROUND: tuple[Callable[..., Any], ...] = (
    CSPMiddleware,
    SessionMiddleware,
    LocaleMiddleware,
    chosen_by_address,
    CsrfViewMiddleware,
    AuthenticationMiddleware,
    OTPMiddleware,
    MessageMiddleware,
    looser_policy,
    XFrameOptionsMiddleware,
)
"""From the outside inwards."""


class AroundPages:
    """Sessions, languages and the browser's protections around everything but the API."""

    def __init__(self, get_response: Handler) -> None:
        self._bare = get_response
        self._inner = get_response
        self._before_view: list[Callable[..., HttpResponseBase | None]] = []
        for layer in reversed(_AROUND):
            self._inner = layer(self._inner)
            # Django asks only the middleware that it knows itself, and the check of forms is made
            # there: just before the view, which may be exempt.
            if hasattr(self._inner, "process_view"):
                self._before_view.insert(0, self._inner.process_view)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request. The API speaks English, whatever the last page of this thread spoke;
        texts for a reader come in the language that a call names."""
        if _is_api(request):
            with translation.override("en"):
                return self._bare(request)
        return self._inner(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        arguments: tuple[Any, ...],
        named: dict[str, Any],
    ) -> HttpResponseBase | None:
        """What a layer says before the view is called; None lets it be called."""
        if _is_api(request):
            return None
        for before in self._before_view:
            response = before(request, view, arguments, named)
            if response is not None:
                return response
        return None


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API)
