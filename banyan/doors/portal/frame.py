"""frame: what every page of the portal has around it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation


def frame(request: HttpRequest) -> dict[str, object]:
    """For templates: whose pages these are, the language in the form of HTML, and addresses of this
    page in each."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    return {
        "html_language": "zh-CN" if language.startswith("zh") else language,
        "languages": [
            {"code": code, "name": name, "url": _in(request, code), "is_current": code == language}
            for code, name in settings.LANGUAGES
        ],
        "base_url": settings.BASE_URL,
        "brand_of_all": settings.COMPANY,
    }


def _in(request: HttpRequest, language: str) -> str:
    """This page in another language; a form's answer is seen again by its own address."""
    query = request.GET.copy()
    query["lang"] = language
    return f"{request.path}?{urlencode(list(query.lists()), doseq=True)}"
