"""docs: the page that shows the OpenAPI file, from files in the installed package alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from banyan.doors.api.problems import missing

_TYPES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-init.js": "text/javascript",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/v1/docs/swagger-ui.css">
<title>Banyan: REST</title>
</head>
<body>
<script type="application/json" id="swagger-settings">
{"url": "/v1/openapi.json", "layout": "BaseLayout", "deepLinking": true}
</script>
<div id="swagger-ui"></div>
<script src="/v1/docs/swagger-ui-bundle.js"></script>
<script src="/v1/docs/swagger-ui-init.js"></script>
</body>
</html>
"""


class Offline(DocsBase):
    """Swagger UI as django-ninja ships it."""

    def render_page(self, request: HttpRequest, api: object, **kwargs: object) -> HttpResponse:
        """The page."""
        return HttpResponse(_PAGE)


def schema(door: NinjaAPI) -> Callable[[HttpRequest], HttpResponse]:
    """The view of the OpenAPI file. It is the same as long as the process lives, so it is written
    once, and who has it already is told so."""

    @cache
    def written() -> tuple[bytes, str]:
        text = msgspec.json.encode(door.get_openapi_schema())
        return text, f'"{sha256(text).hexdigest()[:32]}"'

    @condition(etag_func=lambda request: written()[1])
    def view(request: HttpRequest) -> HttpResponse:
        headers = {"Cache-Control": "no-cache"}
        return HttpResponse(written()[0], content_type="application/json", headers=headers)

    return view


def asset(request: HttpRequest, name: str) -> HttpResponse:
    """One of the page's files."""
    if name not in _TYPES:
        raise missing("This file")
    headers = {"Cache-Control": "public, max-age=86400"}
    return HttpResponse(_content(name), content_type=_TYPES[name], headers=headers)


@cache
def _content(name: str) -> bytes:
    return (files("ninja") / "static" / "ninja" / name).read_bytes()
