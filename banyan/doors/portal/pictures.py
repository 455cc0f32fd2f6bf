"""pictures: QR codes, posters and cards of a code, drawn once and kept.

Nothing in their addresses or in them is secret: whoever has a code may see how its owner invites.
A paused or closed program keeps its pictures, for they hang and lie where they were put; the link
in them says what is so now.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from banyan.core.events import clock
from banyan.core.people.names import advocates_name
from banyan.core.programs import read as programs
from banyan.core.programs.codes import LONGEST
from banyan.core.programs.read import LinkRow
from banyan.doors.portal.languages import language
from banyan.engine.language.explain import LANGUAGES, Language, Offer
from banyan.engine.language.program import Program
from banyan.growth.toolkit.keeping import kept, key_of
from banyan.growth.toolkit.pictures import (
    SIZES,
    Card,
    Poster,
    card,
    clipped,
    poster,
    qr_png,
    qr_svg,
)
from banyan.growth.toolkit.read import offer_of, presentation, terms_of, title_of, tracked

MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg"}
# A day; after it the browser asks with the ETag, and new terms or colours come through.
CACHE = "public, max-age=86400, stale-while-revalidate=604800"
LONGEST_NAME = 24

_CHANNELS = {"moments": "moments", "chat": "wechat", "story": "story", "a4": "print"}
_WORD = re.compile(r"[\w.-]{1,64}", re.ASCII)


@require_safe
def qr(request: HttpRequest, code: str, suffix: Literal["svg", "png"]) -> HttpResponseBase:
    """`/qr/CODE.svg|png`: the code for print, or for screens."""
    link = _link(code)
    url = _url(request, link, channel="qr")
    draw = qr_svg if suffix == "svg" else qr_png
    return _answer(request, key_of("qr", suffix, url), suffix, lambda: draw(url))


@require_safe
def poster_of(request: HttpRequest, code: str, size: str) -> HttpResponseBase:
    """`/poster/CODE/SIZE.jpg?lang=&script=`: `moments`, `chat`, `story` or `a4`."""
    if size not in SIZES:
        raise Http404(f"there is no poster of the size {size!r}; known are {', '.join(SIZES)}")
    link = _link(code)
    content = _poster(link, _language(request), _url(request, link, channel=_CHANNELS[size]))
    return _answer(request, key_of(size, content), "jpg", lambda: poster(content, size))


@require_safe
def card_of(request: HttpRequest, code: str) -> HttpResponseBase:
    """`/card/CODE.png?lang=`: what chats show beside a link."""
    content = _card(_link(code), _language(request))
    return _answer(request, key_of(content), "png", lambda: card(content))


@require_safe
def program_card(request: HttpRequest, slug: str) -> HttpResponseBase:
    """`/programs/SLUG/card.png?lang=`: what chats show beside a program's page."""
    terms = terms_of(slug, now=clock.now())
    if terms is None:
        raise Http404("there is no such program")
    lang, shown = _language(request), presentation(slug)
    offer = offer_of(terms, lang)
    with translation.override(lang):
        content = Card(
            brand=shown.brand,
            colour=shown.colour,
            headline=title_of(terms, lang),
            greeting="",
            friend_label=pgettext("poster", "You get"),
            friend=_brief(offer.advocate_lines, offer),
        )
    return _answer(request, key_of(content), "png", lambda: card(content))


def _answer(
    request: HttpRequest, key: str, suffix: str, draw: Callable[[], bytes]
) -> HttpResponseBase:
    """The picture, or word that the browser's own is still right."""
    etag = f'"{key}"'
    same = get_conditional_response(request, etag=etag)
    response = same or HttpResponse(kept(key, suffix, draw), content_type=MEDIA_TYPES[suffix])
    response["ETag"] = etag
    response["Cache-Control"] = CACHE
    # Chats and networks of other origins show it.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _link(code: str) -> LinkRow:
    found = programs.link_row(code) if len(code) <= LONGEST and "\x00" not in code else None
    if found is None:
        raise Http404("there is no such code")
    return found


def _url(request: HttpRequest, link: LinkRow, *, channel: str) -> str:
    """Where the code in the picture leads, so that the click tells channel and script."""
    return tracked(
        link.code, channel=_word(request, "channel") or channel, script=_word(request, "script")
    )


def _word(request: HttpRequest, name: str) -> str:
    given = request.GET.get(name, "")
    return given if _WORD.fullmatch(given) else ""


def _language(request: HttpRequest) -> Language:
    for lang in LANGUAGES:
        if request.GET.get("lang") == lang:
            return lang
    return language()


def _poster(link: LinkRow, lang: Language, url: str) -> Poster:
    shown, terms = presentation(link.program), _terms(link)
    offer = offer_of(terms, lang) if terms else None
    with translation.override(lang):
        return Poster(
            brand=shown.brand,
            colour=shown.colour,
            headline=title_of(terms, lang) if terms else _("An invitation for you"),
            greeting=_greeting(link, lang),
            highlights=tuple(shown.highlights.get(lang, ())),
            friend_label=pgettext("poster", "You get"),
            friend=_brief(offer.friend_lines, offer) if offer else "",
            advocate_label=pgettext("poster", "Your friend gets"),
            advocate=_brief(offer.advocate_lines, offer) if offer else "",
            url=url,
            scan=_("Scan the code to join"),
            code_label=_("Or type the code"),
            code=link.code,
            short_link=f"{urlsplit(settings.BASE_URL).netloc}/r/{link.code}",
        )


def _card(link: LinkRow, lang: Language) -> Card:
    shown, terms = presentation(link.program), _terms(link)
    offer = offer_of(terms, lang) if terms else None
    with translation.override(lang):
        return Card(
            brand=shown.brand,
            colour=shown.colour,
            headline=title_of(terms, lang) if terms else _("An invitation for you"),
            greeting=_greeting(link, lang),
            friend_label=pgettext("poster", "You get"),
            friend=_brief(offer.friend_lines, offer) if offer else "",
        )


def _terms(link: LinkRow) -> Program | None:
    """None for a code of every program."""
    return terms_of(link.program, now=clock.now()) if link.program else None


def _greeting(link: LinkRow, lang: Language) -> str:
    """Who invites, by the name they chose; a name the font cannot show at all is as none."""
    name = clipped(advocates_name(link.advocate), LONGEST_NAME)
    if not name.strip("*•… "):
        return _("A friend invites you")
    if lang == "zh-hans" and name[-1].isascii():
        name += " "
    return _("{name} invites you").format(name=name)


def _brief(lines: tuple[str, ...], offer: Offer) -> str:
    """What a glance takes in: two lines, or one long one, and that there is more."""
    told = lines[: 1 if sum(map(len, lines[:2])) > 90 else 2]
    text = offer.joint.join(told)
    if len(told) == len(lines):
        return text
    return _("{offer}, and more").format(offer=text)
