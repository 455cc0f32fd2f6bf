"""builder_market: what competitors offer, and what customers say they would like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.programs.force import running_one
from banyan.core.programs.read import program, versions
from banyan.doors.console.page import page, told
from banyan.doors.console.programs.builder_fields import spoken
from banyan.doors.console.programs.compare import named, texts
from banyan.doors.console.programs.frame import program_page
from banyan.doors.console.staff import at_work
from banyan.engine.language import Program, ProgramError
from banyan.growth.planning import polls, rivals, wishes
from banyan.growth.planning.rivals import BadRival, RivalRow
from banyan.growth.planning.wishes import BadWish
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits
from banyan.trust.audit.acts import record


@dataclass(frozen=True)
class RivalLine:
    """One offer of a competitor beside ours."""

    row: RivalRow
    amount: str
    beats: bool | None
    """None: it cannot be compared."""
    response: str
    """What answers it, as people know it; empty: nothing."""
    response_url: str


@page("programs.read")
def market(request: HttpRequest, slug: str) -> HttpResponse:
    """Competitors' offers beside ours, and what customers wish."""
    return _page(request, slug, {})


@page("programs.edit")
@require_POST
def note_rival(request: HttpRequest, slug: str) -> HttpResponse:
    """Write an offer down."""
    data, now, actor = request.POST, clock.now(), at_work(request).actor
    try:
        terms = _terms(slug)
        amount, percent = _amounts(data.get("amount", ""), data.get("measure", ""), terms)
        with one_transaction():
            row = rivals.note(
                actor,
                company=data.get("company", ""),
                program=slug,
                amount_minor=amount,
                percent=percent,
                seen_on=_day(data.get("seen_on", ""), BadRival),
                source=data.get("source", ""),
                now=now,
            )
            after = {
                "company": row.company,
                "amount_minor": amount,
                "percent": percent and str(percent),
            }
            record(actor, "rival.noted", f"program:{slug}", now=now, after=after)
    except Problem as problem:
        told(request, problem)
        return _page(request, slug, {"rival": data}, status=422)
    messages.success(request, _("Noted."))
    return redirect("admin:program_market", slug)


@page("programs.edit")
@require_POST
def answer_rival(request: HttpRequest, slug: str, rival_id: int) -> HttpResponse:
    """Note what was done about an offer."""
    now, actor = clock.now(), at_work(request).actor
    try:
        with one_transaction():
            said, response = request.POST.get("answer", ""), request.POST.get("response", "")
            if response and response not in dict(texts(slug)):
                raise BadRival(_("response: choose a version or a draft from the list"))
            rivals.answer(actor, rival_id, said, response=response, now=now)
            after = {"response": response}
            record(actor, "rival.answered", f"rival:{rival_id}", now=now, after=after)
    except Problem as problem:
        told(request, problem)
    return redirect("admin:program_market", slug)


@page("programs.edit")
@require_POST
def ask_customers(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask customers on their own pages which reward they would like."""
    data, now, actor = request.POST, clock.now(), at_work(request).actor
    languages = (("en", "en"), ("zh-hans", "zh"))
    try:
        with one_transaction():
            row = polls.ask(
                actor,
                program=slug,
                reward=data.get("reward", ""),
                questions={lang: data.get(f"question_{key}", "") for lang, key in languages},
                choices={lang: data.get(f"choices_{key}", "") for lang, key in languages},
                now=now,
            )
            after = {"question": row.question("en")}
            record(actor, "poll.opened", f"program:{slug}", now=now, after=after)
    except Problem as problem:
        told(request, problem)
        return _page(request, slug, {"poll": data}, status=422)
    messages.success(request, _("Customers are asked from now on."))
    return redirect("admin:program_market", slug)


@page("programs.edit")
@require_POST
def end_poll(request: HttpRequest, slug: str, poll_id: int) -> HttpResponse:
    """Ask no more."""
    now, actor = clock.now(), at_work(request).actor
    try:
        with one_transaction():
            polls.close(actor, poll_id, now=now)
            record(actor, "poll.closed", f"program:{slug}", now=now, after={"poll": poll_id})
    except Problem as problem:
        told(request, problem)
    return redirect("admin:program_market", slug)


@page("programs.edit")
@require_POST
def keep_wish(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep the answers of a survey."""
    data, now, actor = request.POST, clock.now(), at_work(request).actor
    try:
        with one_transaction():
            row = wishes.keep(
                actor,
                program=slug,
                reward=data.get("reward", ""),
                question=data.get("question", ""),
                lines=data.get("answers", ""),
                asked_on=_day(data.get("asked_on", ""), BadWish),
                now=now,
            )
            record(actor, "wish.kept", f"program:{slug}", now=now, after={"asked": row.asked})
    except Problem as problem:
        told(request, problem)
        return _page(request, slug, {"wish": data}, status=422)
    messages.success(request, _("Kept."))
    return redirect("admin:program_market", slug)


@page("programs.edit")
@require_POST
def forget_wish(request: HttpRequest, slug: str, wish_id: int) -> HttpResponse:
    """Take the answers of a survey away."""
    now, actor = clock.now(), at_work(request).actor
    try:
        with one_transaction():
            wishes.forget(actor, wish_id)
            record(actor, "wish.forgotten", f"program:{slug}", now=now)
    except Problem as problem:
        told(request, problem)
    return redirect("admin:program_market", slug)


def _page(
    request: HttpRequest, slug: str, typed: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    if program(slug) is None:
        raise Http404
    terms = _terms(slug)
    context: dict[str, Any] = {
        "rivals": [_line(slug, row, terms) for row in rivals.rivals(slug)],
        "responses": texts(slug),
        "wishes": wishes.wishes(slug),
        "polls": [
            {
                "row": one,
                "question": one.question(spoken()),
                "answers": one.answers(spoken()),
                "url": f"{settings.BASE_URL}/me/polls/{one.id}/",
            }
            for one in polls.polls(slug)
        ],
        "rewards": list(terms.rewards) if terms else [],
        "currency": terms.currency if terms else "",
        "today": clock.now().date().isoformat(),
        "may_edit": at_work(request).may("programs.edit"),
    } | typed
    template = "console/programs/market.html"
    return program_page(request, slug, template, context, tab="program_market", status=status)


def _terms(slug: str) -> Program | None:
    """The version in force, else the newest that can be read."""
    found = running_one(slug, clock.now())
    if found is not None:
        return found.terms
    for row in versions(slug):
        try:
            return row.terms
        except ProgramError:
            continue
    return None


def _line(slug: str, row: RivalRow, terms: Program | None) -> RivalLine:
    if row.percent is not None:
        amount = f"{row.percent.normalize():f} %"
    else:
        digits = terms.minor_digits if terms else 2
        amount = (
            f"{Decimal(row.amount_minor or 0).scaleb(-digits):,f} {terms.currency if terms else ''}"
        )
    kind, _colon, number = row.response.partition(":")
    response = named(row.response) if row.response else ""
    url = ""
    if kind == "version":
        url = f"{reverse('admin:program_versions', args=[slug])}?b={number}#words"
    elif kind == "draft":
        url = reverse("admin:draft", args=[int(number)])
    beats = None
    if terms is not None:
        beats = rivals.beats(row, rivals.ours(terms), minor_digits=terms.minor_digits)
    return RivalLine(row, amount, beats, response, url)


def _amounts(text: str, measure: str, terms: Program | None) -> tuple[int | None, Decimal | None]:
    """Minor units or a percentage, as the form says. Raises BadRival."""
    try:
        number = Decimal(text.replace(",", "").replace("，", "").strip(" %"))
    except InvalidOperation:
        raise BadRival(f"amount: expected a number such as 20, found {text[:40]!r}") from None
    if not number.is_finite():
        raise BadRival("amount: expected a number such as 20")
    if measure == "percent":
        return None, number
    digits = minor_digits(terms.currency) if terms else 2
    minor = number.scaleb(digits)
    if minor != minor.to_integral_value():
        raise BadRival(f"amount: has more than {digits} decimals")
    return int(minor), None


def _day(text: str, problem: type[Problem]) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise problem("date: expected a day such as 2026-12-31") from None
