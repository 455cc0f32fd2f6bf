"""public: what programs there are, how each works, its rules and its questions; for everybody.

Nothing here depends on who looks, so caches may keep the pages for a minute, one a language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_safe

from banyan.core.events import clock
from banyan.core.programs import read as programs
from banyan.doors.portal import exposed
from banyan.doors.portal.languages import language
from banyan.doors.portal.ruletext import rules as rules_text
from banyan.engine.language.explain import Language, Offer, safe
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.program import Program
from banyan.growth.feedback import clocks
from banyan.growth.toolkit import read as toolkit
from banyan.pipeline.approving.announced import announced, replaced

FRESH_S = 60
LONGEST_QUESTION = 100
_HOUR = timedelta(hours=1)
_FRIENDLY = ("live", "paused", "closed")
"""Statuses in which a program has a page; a draft is nobody's business yet."""


@dataclass(frozen=True)
class Shown:
    """A program as its cards and pages show it."""

    slug: str
    status: str
    brand: str
    title: str
    offer: Offer
    terms: Program
    place: str
    """Where it calls; see `growth.toolkit.calls`."""

    @property
    def is_open(self) -> bool:
        """Whether one can join it now."""
        return self.status == "live" and self.place != "nowhere"


@dataclass(frozen=True)
class Part:
    """A step of the way, or a component of the program: a name and a sentence."""

    name: str
    text: str


@dataclass(frozen=True)
class Edition:
    """A published version, and the day of its publication by the program's clock, in words."""

    number: int
    published: str
    standing: Literal["older", "current", "coming", "void"]
    """void: it was announced and never came into force."""
    begins: str
    """Of one that is coming, the day from which it holds; else empty."""


@require_safe
@conditional_page
def programs_page(request: HttpRequest) -> HttpResponse:
    """The live programs; of a single one its own page, and without any what to do."""
    live = [row.slug for row in programs.programs(status="live")]
    # Who looks here is not known, so a program that calls in some places alone is not shown.
    quiet = {slug for slug, one in toolkit.calls(live).items() if one.place != "everywhere"}
    shown = [one for slug in live if slug not in quiet and (one := _shown(slug, "live"))]
    if len(shown) == 1:
        return _program(request, shown[0])
    values = {"programs": shown, "brand": toolkit.presentation("").brand}
    return _answer(request, "portal/public/programs.html", values)


@require_safe
@conditional_page
def program_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A program in five seconds, then in detail."""
    return _program(request, _found(slug))


@require_safe
@conditional_page
def rules(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """The rules of the version in force, or of the one asked for."""
    shown = _found(slug)
    editions = _editions(shown)
    wanted = shown.terms.version if number is None else number
    edition = next((one for one in editions if one.number == wanted), None)
    if edition is None:
        raise Http404
    terms = programs.published_program(slug, edition.number)
    values = {
        "program": shown,
        "edition": edition,
        "others": [one for one in editions if one is not edition and one.standing != "void"],
        "rules": rules_text(terms, language()),
        "path": f"/programs/{slug}/rules/{edition.number}/",
    }
    return _answer(request, "portal/public/rules.html", values)


def _program(request: HttpRequest, shown: Shown) -> HttpResponse:
    exposed.count(request, shown.slug, "program")
    lang = language()
    query = request.GET.get("q", "").replace("\x00", "")[:LONGEST_QUESTION].strip()
    editions = _editions(shown)
    values = {
        "program": shown,
        "steps": _steps(shown, lang),
        "components": _components(shown),
        "good_fit": toolkit.good_fit(shown.terms, lang),
        "reassurance": toolkit.reassurance(shown.terms, lang),
        "query": query,
        "questions": toolkit.faq(shown.terms, lang, query=query),
        "edition": next(one for one in editions if one.standing == "current"),
        "others": [one for one in editions if one.standing not in ("current", "void")],
        "hours": {
            "accept": clocks.ACCEPT_WITHIN // _HOUR,
            "solve": clocks.SOLVE_WITHIN // _HOUR,
            "last": clocks.LAST_WITHIN // _HOUR,
        },
        "path": f"/programs/{shown.slug}/",
    }
    return _answer(request, "portal/public/program.html", values)


def _answer(request: HttpRequest, template: str, values: Mapping[str, object]) -> HttpResponse:
    response = render(request, template, dict(values))
    # An answer that sets the language's cookie is this browser's alone.
    if "lang" in request.GET:
        patch_cache_control(response, private=True, no_cache=True)
    else:
        patch_cache_control(response, public=True, max_age=FRESH_S)
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


def _found(slug: str) -> Shown:
    row = programs.program(slug)
    shown = _shown(slug, row.status) if row and row.status in _FRIENDLY else None
    if shown is None:
        raise Http404
    return shown


def _shown(slug: str, status: str) -> Shown | None:
    """None for a program of which no version is published."""
    terms = toolkit.terms_of(slug, now=clock.now())
    if terms is None:
        return None
    lang = language()
    return Shown(
        slug=slug,
        status=status,
        brand=toolkit.presentation(slug).brand,
        title=toolkit.title_of(terms, lang),
        offer=toolkit.offer_of(terms, lang),
        terms=terms,
        place=toolkit.call(slug).place,
    )


def _editions(shown: Shown) -> list[Edition]:
    """The newest first."""
    voice, zone = Voice(language(), safe.plain), ZoneInfo(shown.terms.timezone)

    def day(at: datetime) -> str:
        return voice.day(at.astimezone(zone).date())

    rows = [row for row in programs.versions(shown.slug) if row.status == "published"]
    begins = {row.number: day(start) for row, start in announced(shown.slug, clock.now())}
    never = {number for number, its in replaced(rows).items() if its.later is None}
    editions = []
    for row in rows:
        published, start = day(row.published_at or row.created_at), begins.get(row.number, "")
        if row.number == shown.terms.version:
            editions.append(Edition(row.number, published, "current", ""))
        elif start:
            editions.append(Edition(row.number, published, "coming", start))
        else:
            standing: Literal["void", "older"] = "void" if row.number in never else "older"
            editions.append(Edition(row.number, published, standing, ""))
    return editions


def _steps(shown: Shown, lang: Language) -> Sequence[Part]:
    """How it goes, in the order in which it goes."""
    terms = shown.terms
    first = Part(_("Join"), _("Read the rules and agree to them. That is all it takes."))
    last = Part(
        _("Your reward arrives"),
        _("You see it as soon as it is earned, with the day from which you can use it."),
    )
    if terms.attribution is None:
        return (first, Part(_("Do what counts"), shown.offer.advocate), last)
    span = Voice(lang, safe.plain).duration(terms.attribution.window)
    return (
        first,
        Part(
            _("Share"),
            _("Send your link, show your QR code, or say your code. Words are ready to use."),
        ),
        Part(
            _("Your friend comes"),
            _("By your link or with your code, within {span} of the invitation.").format(span=span),
        ),
        Part(
            _("You see how it goes"),
            _("For every friend you see what has happened and what is still missing."),
        ),
        last,
    )


def _components(shown: Shown) -> Sequence[Part]:
    """What a program consists of, for whoever wants to know before joining."""
    for_advocates = (
        Part(
            _("Link and code"),
            _("They are yours for good. The code is short enough to be said over the telephone."),
        ),
        Part(
            _("QR code and posters"),
            _("To be shown on your screen, sent, or printed, in the size of each channel."),
        ),
        Part(
            _("Words"),
            _("Texts for chats, posts, e-mail and text messages, which you may change."),
        ),
        Part(
            _("Your friends"),
            _("Each one’s progress in three stages. Names stay masked until your friend agrees."),
        ),
    )
    for_all = (
        Part(
            _("Rewards"),
            _("What is on its way, what you can use, and every entry behind it."),
        ),
        Part(
            _("Notices"),
            _("When something happens. You choose where they reach you, or switch them off."),
        ),
    )
    return for_all if shown.terms.attribution is None else (*for_advocates, *for_all)
