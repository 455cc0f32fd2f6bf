"""languages: which of ours a page speaks."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

from banyan.engine.language.explain import Language

KEPT_S = 400 * 24 * 3600


def chosen_by_address(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: `?lang=zh-hans` or `en` holds for this page and, by a cookie, from then on."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        wanted = request.GET.get("lang", "")
        if wanted not in dict(settings.LANGUAGES):
            return get_response(request)
        translation.activate(wanted)
        request.LANGUAGE_CODE = wanted
        response = get_response(request)
        # A picture in another language is no choice of the reader's.
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        name = settings.LANGUAGE_COOKIE_NAME
        response.set_cookie(
            name, wanted, max_age=KEPT_S, samesite="Lax", secure=request.is_secure()
        )
        return response

    return answer


def language() -> Language:
    """The language of the page that is being made, as programs are explained in it."""
    return "zh-hans" if (translation.get_language() or "").startswith("zh") else "en"
