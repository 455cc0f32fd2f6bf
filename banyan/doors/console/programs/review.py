"""review: a program's life on one page: drafts before legal and finance, publication, stop.

Every act is one POST to `…/life/VERB/`; `ACTS` says which right it asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.core.programs import drafts
from banyan.core.programs.force import running_one
from banyan.core.programs.read import VersionRow, program, version, versions
from banyan.doors.console.number import number_of
from banyan.doors.console.page import page, told
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_fields import spoken
from banyan.doors.console.programs.builder_steps import STEPS
from banyan.doors.console.programs.checklist import open_lines
from banyan.doors.console.programs.frame import Act, program_page
from banyan.doors.console.programs.review_queue import may_end
from banyan.doors.console.programs.review_words import language, moment, who, zone
from banyan.doors.console.staff import at_work
from banyan.doors.refusals import refusal, translated
from banyan.engine.language import ProgramError
from banyan.engine.language.explain import Offer, offer
from banyan.growth.journeys.reached import reached
from banyan.insight.segments.read import members, segments
from banyan.kernel.errors import Problem
from banyan.pipeline.approving import budget, life, pilots, read, reviews, stops
from banyan.pipeline.approving.announced import Displaced, announced, withdraw
from banyan.pipeline.approving.changes import Change, cuts
from banyan.pipeline.approving.read import ReviewRow, Side
from banyan.pipeline.approving.telling import NOTICE_KIND, notice_of
from banyan.pipeline.publish import settled
from banyan.trust.audit.read import entries
from banyan.trust.staff.read import Member

PATIENCE_S = 5.0
"""So long a page waits for the worker to take a version up."""


@dataclass(frozen=True)
class Panel:
    """One side's place on a review."""

    side: Side
    title: str
    verdict: read.VerdictRow | None
    by: str
    may_judge: bool
    why_not: str
    remarks: str


@dataclass(frozen=True)
class Card:
    """A draft version: what it changes, and where it stands before the reviewers."""

    row: VersionRow
    problem: str
    changes: tuple[Change, ...]
    has_cuts: bool
    displaced: tuple[Displaced, ...]
    """Announced versions whose place it takes if it is published at once."""
    may_need_words: bool
    """Whether customers must be told something when it begins at once; when it begins later that
    may fall away."""
    must_wait: bool
    """Whether it gives less than what holds until then, so that it cannot begin at once."""
    is_first: bool
    offer: Offer | None
    """What it gives each side; None while the text is no program."""
    unfinished: list[str]
    """Steps of its draft that lack something."""
    review: ReviewRow | None
    asked_by: str
    state: str
    look: str
    panels: tuple[Panel, ...]
    is_pilot: bool
    starts_at: str
    notice: str
    note: str
    is_pilot_typed: bool
    """Whether a pilot of it was refused, whose form shows what was typed."""


@page("programs.read")
def program_review(request: HttpRequest, slug: str) -> HttpResponse:
    """Drafts and their reviews, what runs, and what can be done to it."""
    return _page(request, slug, typed={})


def _page(
    request: HttpRequest, slug: str, *, typed: dict[str, Any], status: int = 200
) -> HttpResponse:
    me, now = at_work(request), clock.now()
    row = program(slug)
    if row is None:
        raise Http404
    known = read.reviews(slug)
    known_versions = versions(slug)
    running = running_one(slug, now)
    due = next((one for one in read.legal_due() if one.program == slug), None)
    stopped = read.stop(slug)
    context = {
        "cards": [
            _card(one, known, me, typed, now)
            for one in known_versions
            if one.status in ("draft", "refused")
        ],
        "ordered": [
            one.number
            for one in known_versions
            if one.status == "ordered" and row.status != "closed"
        ],
        "running": running,
        "announced": announced(slug, now) if row.status != "closed" else [],
        "may_withdraw": running is not None and running.is_in_force and me.may("programs.edit"),
        "stop": stopped,
        "stop_by": who(stopped.by) if stopped else "",
        "restart_asked_by": who(stopped.asked_by) if stopped else "",
        "may_end_stop": stopped is not None and may_end(stopped, me),
        "due": due,
        "is_overdue": due is not None and due.due_at <= now,
        "notice_days": read.notice_days(slug),
        "earliest_cut": _midnight_after(reviews.earliest_cut(slug, now)),
        "segments": segments(),
        "open_items": open_lines(slug),
        "needs_why": budget.needs_why(slug),
        "pilots": [_pilot(one) for one in read.pilots(slug)],
        "history": _history(slug, known),
        "notices": _notices_url() if me.may("customers.read") else "",
        "typed": typed,
        "may": {name: me.may(f"programs.{name}") for name in _RIGHTS},
        "zone": zone(),
    }
    return program_page(
        request, slug, "console/programs/review.html", context, tab="program_review", status=status
    )


_RIGHTS = ("edit", "publish", "review_legal", "review_finance", "stop")


def _handed_over_with(row: VersionRow) -> str:
    """What its author wrote for the reviewers when the draft was handed over."""
    acts = entries(verb="program.handed_over", about=f"program:{row.program}", limit=20)
    return next((one.reason for one in acts if (one.after or {}).get("version") == row.number), "")


def _card(
    row: VersionRow,
    known: list[ReviewRow],
    me: Member,
    typed: dict[str, Any],
    now: datetime,
) -> Card:
    found = next((one for one in known if one.number == row.number), None)
    problem = ""
    changed: tuple[Change, ...] = ()
    displaced: list[tuple[Displaced, tuple[Change, ...]]] = []
    try:
        changed = reviews.against_running(row, starts_at=None, now=now, lang=language())
        displaced = reviews.against_announced(row, starts_at=None, now=now, lang=language())
    except ProgramError as wrong:
        problem = refusal(wrong)
    state, look = _state(found)
    less, earliest = cuts(changed), reviews.earliest_cut(row.program, now)
    return Card(
        row=row,
        problem=problem or translated(row.reason),
        changes=changed,
        has_cuts=bool(less),
        displaced=tuple(other for other, _found in displaced),
        may_need_words=bool(less)
        or any(cuts(given) or reviews.was_told(other.row) for other, given in displaced),
        must_wait=bool(less)
        or any(cuts(given) and other.start < earliest for other, given in displaced),
        is_first=running_one(row.program, now) is None,
        offer=None if problem else offer(row.terms, spoken()),
        unfinished=_unfinished(row),
        review=found,
        asked_by=who(found.asked_by) if found else "",
        state=state,
        look=look,
        panels=_panels(found, me, typed) if found else (),
        is_pilot=any(one.number == row.number for one in read.pilots(row.program)),
        starts_at=typed.get(f"starts_at_{row.number}", ""),
        notice=typed.get(f"notice_{row.number}", ""),
        note=typed.get(f"note_{row.number}", "" if found else _handed_over_with(row)),
        is_pilot_typed="pilot_tag" in typed and typed.get("number") == str(row.number),
    )


def _unfinished(row: VersionRow) -> list[str]:
    """Of a version that was built in the console; one that came as a file has no steps."""
    facts = drafts.facts_of(row.program)
    document = Document(row.source, facts)
    return [str(one.title) for one in STEPS if facts and one.missing(document)]


def _state(found: ReviewRow | None) -> tuple[str, str]:
    if found is None or found.status in ("withdrawn", "void", "published"):
        return _("not yet laid before anybody"), ""
    if found.status == "returned":
        return _("returned with remarks"), "bad"
    if not found.is_current:
        return _("the text was changed: its approvals no longer count"), "bad"
    if found.is_approved:
        return _("approved by legal and finance"), "good"
    return _("waits for a verdict"), "wait"


def _panels(found: ReviewRow, me: Member, typed: dict[str, Any]) -> tuple[Panel, ...]:
    titles: dict[Side, str] = {"legal": _("Legal"), "finance": _("Finance")}
    panels = []
    for side, title in titles.items():
        verdict = found.verdict(side)
        has_right = me.may(f"programs.review_{side}")
        may = has_right and found.may_judge(me.actor, side)
        panels.append(
            Panel(
                side=side,
                title=title,
                verdict=verdict,
                by=who(verdict.by) if verdict else "",
                may_judge=may,
                why_not=""
                if may or verdict or not found.is_open
                else _why_not(found, me, has_right),
                remarks=typed.get(f"remarks_{side}_{found.id}", ""),
            )
        )
    return tuple(panels)


def _why_not(found: ReviewRow, me: Member, has_right: bool) -> str:
    if not has_right:
        return _("Somebody of this side decides.")
    if me.actor in found.authors:
        return _("You wrote this text or laid it before the others; another person judges it.")
    return _("You have spoken for the other side; this side needs a second person.")


def _midnight_after(at: datetime) -> datetime:
    """A start that is still late enough when somebody publishes later today."""
    local = at.astimezone(zone()) + timedelta(days=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _pilot(row: read.PilotRow) -> dict[str, Any]:
    return {"row": row, "suggestions": [(who(one.by), one) for one in row.suggestions]}


def _told(one: ReviewRow) -> str:
    """How many customers the notice of a published version reached; empty: it had none."""
    if not one.notice:
        return ""
    found = reached(*notice_of(one.program, one.number))
    said = _(
        "Customers told: {reached} by a message; {unreached} in their inbox alone, as no message "
        "could reach them; {waiting} still waiting."
    )
    return said.format(
        reached=f"{found.reached:,}", unreached=f"{found.unreached:,}", waiting=f"{found.waiting:,}"
    )


def _history(slug: str, known: list[ReviewRow]) -> list[tuple[datetime, str, str, str]]:
    """What happened: when, a sentence, remarks, how many were told; the newest first."""
    told: list[tuple[datetime, str, str, str]] = []
    for one in known:
        asked = _("{name} laid version {number} before legal and finance.")
        told.append(
            (one.asked_at, asked.format(name=who(one.asked_by), number=one.number), one.note, "")
        )
        for verdict in one.verdicts:
            said = _verdict(verdict.side, is_approved=verdict.is_approved)
            words = said.format(name=who(verdict.by), number=one.number)
            told.append((verdict.at, words, verdict.remarks, ""))
        if one.status == "published" and one.closed_at:
            words = _("Version {number} was published.").format(number=one.number)
            less = reviews.cuts_of(one, lang=language())
            remarks = "\n".join([*less, one.notice]).strip()
            told.append((one.closed_at, words, remarks, _told(one)))
    for row in read.checks(slug):
        said = (
            _("{name} looked at version {version} again: it may go on.")
            if row.is_approved
            else _("{name} looked at version {version} again: something is wrong.")
        )
        words = said.format(name=who(row.by), version=row.version)
        told.append((row.at, words, row.remarks, ""))
    for stop in read.stops(slug):
        told.append(
            (stop.at, _("{name} stopped it at once.").format(name=who(stop.by)), stop.reason, "")
        )
        if stop.ended_at:
            words = _("{name} let it go on; {asked} had asked for it.")
            told.append(
                (
                    stop.ended_at,
                    words.format(name=who(stop.ended_by), asked=who(stop.asked_by)),
                    stop.asked_why,
                    "",
                )
            )
    return sorted(told, key=lambda one: one[0], reverse=True)


def _notices_url() -> str:
    """The list of what customers were told of changed programs."""
    asked = urlencode({"kind": NOTICE_KIND})
    return f"{reverse('admin:record_list', args=['notices'])}?{asked}"


def _verdict(side: Side, *, is_approved: bool) -> str:
    if side == "legal":
        if is_approved:
            return _("{name} approved version {number} for legal.")
        return _("{name} returned version {number} for legal.")
    if is_approved:
        return _("{name} approved version {number} for finance.")
    return _("{name} returned version {number} for finance.")


# What can be done


def _submit(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    number = _number(request)
    reviews.submit(actor, slug, number, note=_text(request, f"note_{number}"), now=now)
    return _("Legal and finance are asked for version {number}.").format(number=number)


def _judge(side: Side) -> Callable[[HttpRequest, str, str, datetime], str]:
    def judged(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
        review_id = _number(request, "review")
        is_approved = request.POST.get("verdict") == "approve"
        _of(slug, review_id)
        reviews.judge(
            actor,
            review_id,
            side,
            is_approved=is_approved,
            remarks=_text(request, f"remarks_{side}_{review_id}"),
            now=now,
        )
        return _("Approved.") if is_approved else _("Returned to its author.")

    return judged


def _withdraw(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    review_id = _number(request, "review")
    _of(slug, review_id)
    reviews.withdraw(actor, review_id, now=now)
    return _("The text is a draft again.")


def _withdraw_announced(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    number = _number(request)
    row = withdraw(actor, slug, number, now=now)
    return _(
        "Version {new} is the draft that takes the place of version {number}; lay it before legal "
        "and finance."
    ).format(new=row.number, number=number)


def _publish(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    review_id = _number(request, "review")
    number = _of(slug, review_id).number
    reviews.publish_reviewed(
        actor,
        review_id,
        starts_at=moment(_text(request, f"starts_at_{number}")),
        notice=_text(request, f"notice_{number}"),
        now=now,
        lang=language(),
    )
    return _taken_up(slug, number, now)


def _taken_up(slug: str, number: int, now: datetime) -> str:
    row = settled(slug, number, timeout_s=PATIENCE_S)
    if row.status == "refused":
        raise Refused(_("The worker refused it: {reason}").format(reason=translated(row.reason)))
    if row.status == "ordered":
        return _("Version {number} is published; the worker takes it up soon.").format(
            number=number
        )
    starts = next((start for one, start in announced(slug, now) if one.number == number), None)
    if starts is not None:
        return _("Version {number} is published and comes into force on {moment}.").format(
            number=number, moment=f"{starts.astimezone(zone()):%Y-%m-%d %H:%M}"
        )
    return _("Version {number} is published.").format(number=number)


class Refused(Problem):
    """A version that the worker cannot decide by."""


def _status(act: Callable[..., None], said: Callable[[], str]) -> Callable[..., str]:
    def moved(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
        act(actor, slug, reason=_text(request, "reason"), now=now)
        return said()

    return moved


def _stop(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    row = stops.stop_now(
        actor,
        slug,
        reason=_text(request, "stop_reason"),
        notice=_text(request, "stop_notice"),
        now=now,
    )
    settled(slug, row.version, timeout_s=PATIENCE_S)
    return _("It is stopped: no new links, and what is earned from now on is held.")


def _ask_restart(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    stops.ask_restart(actor, slug, why=_text(request, "restart_why"), now=now)
    return _("Legal is asked to let it go on; it may not be who asks.")


def _restart(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    row = stops.approve_restart(actor, slug, now=now)
    settled(slug, row.number, timeout_s=PATIENCE_S)
    return _("It goes on. What was held meanwhile waits among the held decisions.")


def _check(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    is_approved = request.POST.get("verdict") == "approve"
    remarks = _text(request, "check_remarks")
    life.check(actor, slug, is_approved=is_approved, remarks=remarks, now=now)
    return _("Noted.")


def _notice_days(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    reviews.set_notice_days(actor, slug, _number(request, "notice_days"), now=now)
    return _("The notice is changed.")


def _pilot_begin(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    number = _number(request)
    ids = [one.strip() for one in _text(request, "pilot_customers").splitlines() if one.strip()]
    if segment := _text(request, "pilot_segment"):
        ids += members(segment, limit=pilots.MOST_CUSTOMERS + 1)
    pilots.begin(
        actor,
        slug,
        number,
        tag=_text(request, "pilot_tag"),
        user_ids=ids,
        targets=_text(request, "pilot_targets"),
        now=now,
    )
    return _("Version {number} is for the pilot alone now.").format(number=number)


def _pilot_note(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    pilots.suggest(actor, _number(request, "pilot"), text=_text(request, "suggestion"), now=now)
    return _("Noted.")


def _pilot_promote(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    row = pilots.promote(actor, _number(request, "pilot"), now=now)
    return _(
        "Version {number} is the draft for everybody; lay it before legal and finance."
    ).format(number=row.number)


ACTS = {
    "submit": Act("programs.edit", _submit),
    "withdraw": Act("programs.edit", _withdraw),
    "judge-legal": Act("programs.review_legal", _judge("legal")),
    "judge-finance": Act("programs.review_finance", _judge("finance")),
    "publish": Act("programs.publish", _publish),
    "withdraw-announced": Act("programs.edit", _withdraw_announced),
    "pause": Act("programs.publish", _status(life.pause, lambda: _("It is paused."))),
    "resume": Act("programs.publish", _status(life.resume, lambda: _("It goes on."))),
    "close": Act("programs.publish", _status(life.close, lambda: _("It is closed."))),
    "stop": Act("programs.stop", _stop),
    "ask-restart": Act("programs.publish", _ask_restart),
    "restart": Act("programs.review_legal", _restart),
    "check": Act("programs.review_legal", _check),
    "notice-days": Act("programs.review_legal", _notice_days),
    "pilot": Act("programs.edit", _pilot_begin),
    "pilot-note": Act("programs.read", _pilot_note),
    "pilot-promote": Act("programs.edit", _pilot_promote),
}


@page("programs.read")
def life_act(request: HttpRequest, slug: str, verb: str) -> HttpResponseBase:
    """Do one of `ACTS`; a refusal shows the page again with what was typed. Who opens the address
    of such a page anew comes to the program's page."""
    act, me = ACTS.get(verb), at_work(request)
    if act is None or program(slug) is None:
        raise Http404
    if not me.may(act.right):
        raise PermissionDenied
    if request.method != "POST":
        return redirect("admin:program_review", slug)
    try:
        said = act.do(request, slug, me.actor, clock.now())
    except Problem as problem:
        told(request, problem)
        return _page(request, slug, typed=request.POST.dict(), status=409)
    messages.success(request, said)
    back = request.POST.get("back", "")
    return (
        redirect("admin:approvals")
        if back == "approvals"
        else redirect("admin:program_review", slug)
    )


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\r\n", "\n").strip()


def _number(request: HttpRequest, name: str = "number") -> int:
    text = _text(request, name)
    found = number_of(text)
    if found is None:
        raise BadNumber(_("{text} is no whole number.").format(text=text or "–"))
    return found


class BadNumber(Problem):
    """A field that holds no number."""


def _of(slug: str, review_id: int) -> ReviewRow:
    found = read.review(review_id)
    if found is None or found.program != slug or version(slug, found.number) is None:
        raise Http404
    return found
