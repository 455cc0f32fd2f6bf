"""builder_list: every program and draft, the calendar of campaigns, and a program's first page."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.programs import acts, drafts
from banyan.core.programs.drafts import DraftRow
from banyan.core.programs.force import Running, running, running_one
from banyan.core.programs.read import ProgramRow, VersionRow, program, programs, published, versions
from banyan.doors.console.analytics import shown
from banyan.doors.console.analytics.shown import Table
from banyan.doors.console.analytics.tables import exposure_table
from banyan.doors.console.page import page, render, told
from banyan.doors.console.programs.builder_advice import layers
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_fields import spoken
from banyan.doors.console.programs.builder_goals import goals
from banyan.doors.console.programs.builder_steps import STEPS
from banyan.doors.console.programs.checklist import open_lines
from banyan.doors.console.programs.frame import (
    called,
    program_page,
    standing,
    title_of,
)
from banyan.doors.console.staff import at_work
from banyan.engine.language import Program, ProgramError
from banyan.engine.language.explain import offer
from banyan.growth.planning import rivals
from banyan.growth.toolkit import calls
from banyan.growth.toolkit.read import good_fit
from banyan.insight.exposure import read as exposure
from banyan.insight.metrics.lines import lines
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline.approving.budget import budget
from banyan.pipeline.approving.read import open_stops, stop
from banyan.trust.audit.acts import record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SOON = timedelta(days=14)
EXPOSED_DAYS = 30
"""How far back a program's first page tells how often its pages are seen."""


@dataclass(frozen=True)
class Line:
    """One program of the list."""

    row: ProgramRow
    title: str
    status_word: str
    status_look: str
    version: int | None
    """In force."""
    friend: str
    advocate: str
    begun: int
    """Drafts of it."""


@dataclass(frozen=True)
class DraftLine:
    """One draft of the list."""

    row: DraftRow
    title: str
    done: int
    """Steps that lack nothing, of thirteen."""
    errors: int
    at: datetime


@dataclass(frozen=True)
class Campaign:
    """One stretch of the calendar: a version, a draft or days with more."""

    program: str
    title: str
    what: str
    first: date | None
    last: date | None
    """The first day no longer in it."""
    state: str
    """over, now, soon or later"""
    halted: str = ""
    """Why nobody can take part though its days run: the status of its program; empty: they can."""
    halted_look: str = ""


@page("programs.read")
def listing(request: HttpRequest) -> HttpResponse:
    """Programs and drafts."""
    now = clock.now()
    done = {(one.program, one.number) for one in published()}
    open_drafts = [one for one in drafts.drafts() if (one.slug, one.number) not in done]
    known = running(now)
    stopped = {one.program for one in open_stops()}
    context = {
        "lines": [
            _line(one, known.get(one.slug), open_drafts, is_stopped=one.slug in stopped)
            for one in programs()
        ],
        "drafts": [_draft_line(one) for one in open_drafts[:20]],
        "may_edit": at_work(request).may("programs.edit"),
        "steps": len(STEPS),
    }
    return render(request, "console/programs/list.html", context, title=_("Programs"))


@page("programs.read")
def calendar(request: HttpRequest) -> HttpResponse:
    """What runs when: versions, drafts and days with more, in the order in which they begin."""
    now = clock.now()
    stopped = {one.program for one in open_stops()}
    found = [
        _halted(one, row, is_stopped=row.slug in stopped)
        for row in programs()
        for one in _campaigns(row, now)
    ]
    found += [one for row in drafts.drafts() for one in _of_draft(row, now)]
    found.sort(key=lambda one: (one.first or date.min, one.last or date.max, one.program))
    return render(
        request,
        "console/programs/calendar.html",
        {"campaigns": found, "today": now.date()},
        title=_("Calendar of campaigns"),
    )


@page("programs.read")
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """A program's first page."""
    me, now = at_work(request), clock.now()
    found = running_one(slug, now)
    exposed = _exposed(request, slug, now) if found else None
    if exposed and (file := shown.as_file(request, [exposed])):
        return file
    rows = versions(slug)
    terms = found.terms if found else _terms(rows[0]) if rows else None
    past = {one.number for one in rows if one.status in ("ordered", "published")}
    facts = drafts.facts_of(slug)
    context: dict[str, Any] = {
        "running": found,
        "terms": terms,
        "offer": offer(terms, spoken()) if terms else None,
        "good_fit": good_fit(terms, spoken()) if terms else "",
        "layers": layers(terms) if terms else [],
        "budget": budget(slug),
        "open_items": open_lines(slug),
        "beaten_by": _beaten_by(terms) if terms else [],
        "goals": goals(slug, facts, now=now),
        "facts": facts,
        "drafts": [_draft_line(one) for one in drafts.drafts(slug=slug) if one.number not in past],
        "may_edit": me.may("programs.edit"),
        "may_stop": me.may("programs.stop") and found is not None and stop(slug) is None,
        "own_landing": settings.DEFAULT_LANDING_URL,
        "call": calls.call(slug),
        "exposed": exposed,
        "steps": len(STEPS),
        "next_version": max((row.number for row in rows), default=0) + 1,
    }
    return program_page(request, slug, "console/programs/overview.html", context, tab="program")


@page("programs.edit")
@require_POST
def set_landing(request: HttpRequest, slug: str) -> HttpResponse:
    """Where its links lead from now on."""
    url = request.POST.get("landing", "").strip()
    before = next((row.landing_url for row in programs() if row.slug == slug), None)
    if before is None:
        raise Http404
    actor, now = at_work(request).actor, clock.now()
    try:
        with one_transaction():
            acts.set_landing(actor, slug, url)
            record(
                actor,
                "program.landing_set",
                f"program:{slug}",
                now=now,
                before={"landing_url": before},
                after={"landing_url": url},
            )
    except Problem as problem:
        told(request, problem)
    else:
        messages.success(request, _("Links lead there from now on."))
    return redirect("admin:program", slug)


@page("programs.edit")
@require_POST
def set_call(request: HttpRequest, slug: str) -> HttpResponse:
    """Where customers are called to take part from now on."""
    if program(slug) is None:
        raise Http404
    actor, now = at_work(request).actor, clock.now()
    before = calls.call(slug)
    try:
        with one_transaction():
            after = calls.set_call(
                actor,
                slug,
                place=request.POST.get("place", ""),
                tags=re.split(r"[,，、\n]", request.POST.get("tags", "")),
                now=now,
            )
            record(
                actor,
                "program.call_set",
                f"program:{slug}",
                now=now,
                before={"place": before.place, "tags": list(before.tags)},
                after={"place": after.place, "tags": list(after.tags)},
            )
    except Problem as problem:
        told(request, problem)
    else:
        messages.success(request, _("Customers see it like this from now on."))
    return redirect("admin:program", slug)


def _exposed(request: HttpRequest, slug: str, now: datetime) -> Table | None:
    """How often its pages are seen; None for who may not see figures."""
    if not at_work(request).may("board.read"):
        return None
    today = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
    first = today - timedelta(days=EXPOSED_DAYS - 1)
    found = exposure.days([slug], first=first, last=today)
    return exposure_table(found, lines(slug)["exposure"].target)


def _beaten_by(terms: Program) -> list[str]:
    """Competitors whose offer is better than ours, and to whom nobody has an answer yet."""
    return [one.company for one in rivals.better(terms)]


def _line(
    row: ProgramRow, found: Running | None, begun: list[DraftRow], *, is_stopped: bool
) -> Line:
    rows = [found.version] if found else versions(row.slug)
    terms = found.terms if found else _terms(rows[0]) if rows else None
    words = offer(terms, spoken()) if terms else None
    return Line(
        row,
        called(terms) if terms else row.slug,
        *standing(row, is_stopped=is_stopped),
        found.version.number if found and found.is_in_force else None,
        words.friend if words else "",
        words.advocate if words else "",
        sum(one.slug == row.slug for one in begun),
    )


def _draft_line(row: DraftRow) -> DraftLine:
    title, done, errors = _standing(row.source, tuple(sorted(row.facts.items())), spoken())
    at = row.updated_at.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE))
    return DraftLine(row, title or row.slug or _("A new program"), done, errors, at)


@lru_cache(maxsize=512)
def _standing(source: str, facts: tuple[tuple[str, str], ...], lang: str) -> tuple[str, int, int]:
    """A draft's title, how many of its steps lack nothing, and its errors; kept, for lists ask it
    of every draft and most have not changed."""
    document = Document(source, dict(facts))
    first, second = document.word("title", "en"), document.word("title", "zh-hans")
    title = (second or first) if lang == "zh-hans" else (first or second)
    return title, sum(not one.missing(document) for one in STEPS), len(document.errors)


def _terms(row: VersionRow) -> Program | None:
    try:
        return row.terms
    except ProgramError:
        return None


def _campaigns(row: ProgramRow, now: datetime) -> list[Campaign]:
    rows = versions(row.slug)
    title = title_of(row, rows)
    found = []
    for version in rows:
        terms = _terms(version)
        if terms is None or version.status == "refused":
            continue
        what = _("Version {number}").format(number=version.number)
        if version.status == "draft":
            what = _("Version {number}, not published").format(number=version.number)
        found.append(_campaign(row.slug, title, what, terms.runs_us, terms, now))
        found += _boosts(row.slug, title, terms, now)
    return found


def _halted(one: Campaign, row: ProgramRow, *, is_stopped: bool) -> Campaign:
    """The same with what its program's status makes of its days."""
    if one.state != "now" or row.status not in ("paused", "closed"):
        return one
    word, look = standing(row, is_stopped=is_stopped)
    return replace(one, halted=word, halted_look=look)


def _of_draft(row: DraftRow, now: datetime) -> list[Campaign]:
    """Drafts with a start: what is planned, though nothing is promised yet."""
    terms = Document(row.source, row.facts).program
    if terms is None or terms.runs_us == (None, None):
        return []
    return [_campaign(row.slug, row.slug, _("Draft"), terms.runs_us, terms, now)]


def _boosts(slug: str, title: str, terms: Program, now: datetime) -> list[Campaign]:
    return [
        _campaign(
            slug,
            title,
            _("{reward} times {times}").format(reward=name, times=f"{boost.times:f}"),
            (terms.at_us(boost.from_), terms.at_us(boost.until)),
            terms,
            now,
        )
        for name, reward in terms.rewards.items()
        for boost in reward.boosts
    ]


def _campaign(
    slug: str,
    title: str,
    what: str,
    ends: tuple[int | None, int | None],
    terms: Program,
    now: datetime,
) -> Campaign:
    first, last = (None if end is None else _EPOCH + timedelta(microseconds=end) for end in ends)
    zone = ZoneInfo(terms.timezone)
    return Campaign(
        slug,
        title,
        what,
        first.astimezone(zone).date() if first else None,
        last.astimezone(zone).date() if last else None,
        _state(first, last, now),
    )


def _state(first: datetime | None, last: datetime | None, now: datetime) -> str:
    if last is not None and last <= now:
        return "over"
    if first is None or first <= now:
        return "now"
    return "soon" if first - now <= SOON else "later"
