"""presets: a new program, from one that is shipped, from one that is there, or from nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.programs import drafts
from banyan.core.programs.editing import put
from banyan.core.programs.presets import Preset, preset
from banyan.core.programs.presets import presets as shipped
from banyan.core.programs.read import VersionRow, program, programs, versions
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.programs.builder_advice import TICKED, cards
from banyan.doors.console.programs.builder_fields import spoken
from banyan.doors.console.programs.frame import called
from banyan.doors.console.staff import at_work
from banyan.engine.language import Program, ProgramError
from banyan.engine.language.explain import offer
from banyan.engine.language.program import Draw, Ladder, Percent
from banyan.engine.language.source import Written
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

BLANK = """\
program: {slug}
version: 1
currency: CNY
timezone: Asia/Shanghai

advocates: {{where: "orders >= 1"}}

attribution:
  window: 30d
"""


@dataclass(frozen=True)
class Card:
    """A shipped program as the gallery shows it."""

    preset: Preset
    title: str
    friend: str
    advocate: str
    """What each side gets."""
    is_self: bool
    advice: list[str]
    kinds: tuple[str, ...]


def kinds() -> dict[str, str]:
    """By what the gallery can be narrowed."""
    return {
        "referral": _("rewards for referrals"),
        "self": _("rewards for what customers do themselves"),
        "money": _("money or credit"),
        "things": _("gifts, coupons and benefits"),
        "points": _("points"),
        "rising": _("rises with success"),
        "percent": _("a percentage of the sale"),
        "draw": _("a draw"),
        "charity": _("for a good cause"),
    }


@page("programs.edit")
def new(request: HttpRequest) -> HttpResponse:
    """Choose what to begin from."""
    query, kind = request.GET.get("q", "").strip(), request.GET.get("kind", "")
    words = query.casefold().split()
    found = [
        card
        for card in map(_card, shipped())
        if (not kind or kind in card.kinds) and _holds(card, words)
    ]
    context = {
        "cards": found,
        "kinds": kinds(),
        "kind": kind,
        "query": query,
        "programs": programs(),
    }
    return render(
        request, "console/programs/presets.html", context, title=_("New program"), crumbs=_crumbs()
    )


@page("programs.edit")
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """A new draft: from `preset`, as a `copy` of a program, as the next `version` of one, or
    blank."""
    try:
        text, origin, facts = _beginning(request)
        text = _free(text) if not request.POST.get("version") else text
    except (ProgramError, Problem) as problem:
        told(request, problem)
        return redirect("admin:program_new")
    actor, now = at_work(request).actor, clock.now()
    with one_transaction():
        row = drafts.start(actor, text, origin=origin, facts=facts, now=now)
        record(
            actor,
            "draft.begun",
            f"draft:{row.id}",
            now=now,
            after={"origin": origin, "program": row.slug, "version": row.number},
        )
    messages.success(request, _("A draft is begun. Everything you type is saved."))
    return redirect("admin:draft", row.id)


def _beginning(request: HttpRequest) -> tuple[str, str, dict[str, str]]:
    data = request.POST
    if name := data.get("preset", ""):
        found = preset(name)
        if found is None:
            raise Http404
        kind = {"kind": "rewarded" if found.terms.rewards else "unrewarded"}
        return found.source, f"preset:{name}", kind
    if slug := data.get("copy", "") or data.get("version", ""):
        row = _newest(slug)
        # What was thought of for another text is thought of anew.
        facts = {key: text for key, text in drafts.facts_of(slug).items() if key != TICKED}
        text = row.source
        if data.get("version"):
            text = put(text, ("version",), Written(str(_next(slug)), "number"))
        else:
            text = put(text, ("version",), Written("1", "number"))
        return text, f"program:{slug}/{row.number}", facts
    return BLANK.format(slug="new-program"), "blank", {"kind": "rewarded"}


def _newest(slug: str) -> VersionRow:
    rows = versions(slug)
    if not rows:
        raise Http404
    return rows[0]


def _next(slug: str) -> int:
    return max((row.number for row in versions(slug)), default=0) + 1


def _free(text: str) -> str:
    """The text under a name that no program has: a number is added where one has it."""
    slug, _number = drafts.named(text)
    if program(slug) is None and not drafts.drafts(slug=slug, limit=1):
        return text
    names = (f"{slug[:60]}-{number}" for number in range(2, 1000))
    free = next(
        one for one in names if program(one) is None and not drafts.drafts(slug=one, limit=1)
    )
    return put(text, ("program",), free)


def _card(one: Preset) -> Card:
    terms, lang = one.terms, spoken()
    words = offer(terms, lang)
    return Card(
        one, called(terms), words.friend, words.advocate, terms.is_self, cards(terms), _of(terms)
    )


def _of(terms: Program) -> tuple[str, ...]:
    rewards = terms.rewards.values()
    gives = {give.partition(":")[0] for one in rewards for give in one.gives}
    facts = {
        "referral": not terms.is_self,
        "self": terms.is_self,
        "money": bool(gives & {"cash", "credit"}),
        "things": bool(gives & {"coupon", "gift", "perk", "badge"}),
        "points": "points" in gives,
        "rising": any(isinstance(one.amount, Ladder) for one in rewards),
        "percent": any(isinstance(one.amount, Percent) for one in rewards),
        "draw": any(isinstance(one.amount, Draw) for one in rewards),
        "charity": any(one.to.startswith("charity:") for one in rewards),
    }
    return tuple(name for name, holds in facts.items() if holds)


def _holds(card: Card, words: list[str]) -> bool:
    text = " ".join(
        [card.preset.name, card.title, card.friend, card.advocate, *card.advice]
    ).casefold()
    return all(word in text for word in words)


def _crumbs() -> tuple[Crumb, ...]:
    return (Crumb(_("Programs"), reverse("admin:programs")),)
