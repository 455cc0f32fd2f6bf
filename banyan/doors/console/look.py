"""look: what the console wears: its colours, its files, and what Unfold's scripts may do."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.templatetags.static import static

PATH = "/console/"

# Greens around the portal's accent; the greys are warm like its paper.
COLORS = {
    "base": {
        "50": "#f7f9f7",
        "100": "#eef2ef",
        "200": "#dfe5e1",
        "300": "#c6d0ca",
        "400": "#8d9b94",
        "500": "#5f6e66",
        "600": "#55625b",
        "700": "#3b4741",
        "800": "#2b3831",
        "900": "#18211d",
        "950": "#0f1613",
    },
    "primary": {
        "50": "#eef8f3",
        "100": "#e4f3ec",
        "200": "#c2e5d4",
        "300": "#94d2b5",
        "400": "#4cc38a",
        "500": "#23a36d",
        "600": "#0b7a52",
        "700": "#096443",
        "800": "#0a5037",
        "900": "#12382a",
        "950": "#06301f",
    },
}


def icon(request: HttpRequest) -> str:
    """The mark."""
    return static("portal/icon.svg")


def style(request: HttpRequest) -> str:
    """The components of our own pages."""
    return static("console/console.css")


def frame(request: HttpRequest) -> str:
    """What stands around every page."""
    return static("console/frame.css")


def script(request: HttpRequest) -> str:
    """Charts, confirmations and live parts of our own pages."""
    return static("console/console.js")


def looser_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: Unfold's scripts compile expressions and write styles, so here they may.

    Scripts still come from this site alone, and none stands in a page.
    """

    loosened = csp_update(
        {
            "script-src": [UNSAFE_EVAL],
            "style-src": [UNSAFE_INLINE],
            "worker-src": [SELF, "blob:"],
        }
    )(get_response)

    def answer(request: HttpRequest) -> HttpResponseBase:
        return (loosened if request.path.startswith(PATH) else get_response)(request)

    return answer
