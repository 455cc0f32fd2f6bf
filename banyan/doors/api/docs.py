"""docs: the page that shows the OpenAPI file, from files in the installed package alone."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from django.http import HttpRequest, HttpResponse
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


def asset(request: HttpRequest, name: str) -> HttpResponse:
    """One of the page's files."""
    if name not in _TYPES:
        raise missing("This file")
    headers = {"Cache-Control": "public, max-age=86400"}
    return HttpResponse(_content(name), content_type=_TYPES[name], headers=headers)


@cache
def _content(name: str) -> bytes:
    return (files("ninja") / "static" / "ninja" / name).read_bytes()
