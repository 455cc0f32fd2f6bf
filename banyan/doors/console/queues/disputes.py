"""disputes: what customers think was decided wrongly, by what is due first, and our answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.programs.force import running
from banyan.core.referrals.read import DecisionRow, decision
from banyan.doors.console.customers.saying import language, moment, stage
from banyan.doors.console.customers.who import Who, people, person
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.queues import links, typed, words
from banyan.doors.console.staff import at_work
from banyan.growth.feedback import acts, read
from banyan.growth.feedback.acts import BadText
from banyan.growth.feedback.read import DisputeRow
from banyan.growth.tasks import acts as tasks
from banyan.kernel.errors import Problem
from banyan.pipeline import amending, ruling
from banyan.trust.audit.acts import record
from banyan.trust.staff.read import Member

PAGE = 50

STATES: dict[str, tuple[Promise, str]] = {
    "open": (gettext_lazy("to take up"), "wait"),
    "appealed": (gettext_lazy("appealed, to take up"), "wait"),
    "accepted": (gettext_lazy("being looked at"), "wait"),
    "solved": (gettext_lazy("answered"), "good"),
}
OUTCOMES: dict[str, Promise] = {
    "upheld": gettext_lazy("The decision stands"),
    "corrected": gettext_lazy("Put right"),
    "withdrawn": gettext_lazy("The customer gave it up"),
}
_LATE: dict[str, Promise] = {
    "accept": gettext_lazy("taken up too late"),
    "solve": gettext_lazy("answered too late"),
    "limit": gettext_lazy("beyond the promised limit"),
}
_SAID: dict[str, Promise] = {
    "raised": gettext_lazy("The customer disputes"),
    "answered": gettext_lazy("Our answer"),
    "appealed": gettext_lazy("The customer appeals"),
}


class NotYet(Problem):
    """An answer that has to wait for somebody else."""


@dataclass(frozen=True)
class _Clock:
    """One of the three terms: kept, missed, or running."""

    name: str
    at: str
    text: str
    look: str


@never_cache
@page("disputes.handle")
def disputes(request: HttpRequest) -> HttpResponseBase:
    """Open ones by what is due first; or those that were answered."""
    now, is_closed = clock.now(), request.GET.get("state") == "solved"
    number = typed.page_number(request)
    rows = _rows(number, is_closed=is_closed)
    who = people([row.user_id for row in rows])
    context = {
        "lines": [_line(row, who[row.user_id], now) for row in rows[:PAGE]],
        "is_closed": is_closed,
        "backlog": read.backlog(now=now),
        "number": number,
        "has_more": len(rows) > PAGE,
        "query": "state=solved" if is_closed else "",
    }
    return render(request, "console/queues/disputes.html", context, title=_("Disputes"))


@never_cache
@page("disputes.handle")
def dispute(request: HttpRequest, number: int) -> HttpResponseBase:
    """One, with everything said and what was known. That it was read is written down."""
    row = _row(number)
    me, now = at_work(request), clock.now()
    record(me.actor, "dispute.read", f"dispute:{number}", now=now)
    return _shown(request, row)


@page("disputes.handle")
@require_POST
def accept(request: HttpRequest, number: int) -> HttpResponseBase:
    """Take it up."""
    _row(number)
    me, now = at_work(request), clock.now()
    try:
        row = acts.accept(me.actor, number, now=now)
        record(me.actor, "dispute.accepted", f"dispute:{number}", now=now, after=_told(row))
        messages.success(request, _("It is yours. The customer sees that somebody looks at it."))
    except Problem as problem:
        told(request, problem)
    return redirect("admin:dispute", number)


@page("disputes.handle")
@require_POST
def answer(request: HttpRequest, number: int) -> HttpResponseBase:
    """Say what was found, and put it right where it was wrong."""
    row, me, now = _row(number), at_work(request), clock.now()
    outcome, text = request.POST.get("outcome", ""), request.POST.get("text", "")
    try:
        _check(row, outcome, text)
        if outcome == "corrected":
            _correct(request, row, me, now)
        answered = acts.answer(
            me.actor, number, outcome=cast(acts.Answered, outcome), text=text, now=now
        )
        tasks.settle("dispute", f"dispute:{number}", actor=me.actor, now=now)
        record(me.actor, "dispute.answered", f"dispute:{number}", now=now, after=_told(answered))
    except Problem as problem:
        told(request, problem)
        return _shown(request, _row(number), typed_=request.POST)
    messages.success(request, _("Answered. The customer reads it in their pages."))
    return redirect("admin:disputes")


def waiting(request: HttpRequest) -> int:
    """For the menu."""
    return read.backlog(now=clock.now()).waiting


def _check(row: DisputeRow, outcome: str, text: str) -> None:
    """Before anything is put right: an answer that would be refused must not move money."""
    if outcome not in OUTCOMES:
        raise BadText(_("Choose what you found."))
    if row.state == "solved":
        raise acts.WrongState(_("This dispute was answered before."))
    if not text.strip():
        raise BadText(_("Write what the customer shall read."))
    if len(text.strip()) > acts.LONGEST_TEXT:
        raise BadText(
            _("At most {number} characters, please.").format(number=f"{acts.LONGEST_TEXT:,}")
        )


def _correct(request: HttpRequest, row: DisputeRow, me: Member, now: datetime) -> None:
    """Put it right here, or nothing where that was done elsewhere."""
    how = request.POST.get("how", "")
    reason = _("Dispute {number}").format(number=row.number)
    if how == "release" and me.may("decisions.rule"):
        ruling.rule(me.actor, "release", [row.about], reason=reason, now=now)
    elif how == "credit" and me.may("wallets.credit"):
        _credit(request, row, me, reason, now)
    elif how != "elsewhere":
        raise BadText(_("Choose how it is put right."))


def _credit(request: HttpRequest, row: DisputeRow, me: Member, reason: str, now: datetime) -> None:
    if amending.is_under_way(f"dispute:{row.number}"):
        return  # asked for earlier and approved since: it is not given twice
    asked = amending.about(f"dispute:{row.number}")
    if asked is not None:  # asked for twice, it could be approved twice
        raise NotYet(
            _("Correction {number} waits for somebody else's approval. Answer once it is.").format(
                number=asked.number
            )
        )
    unit = request.POST.get("unit", "")
    made = amending.ask(
        me.actor,
        "reward",
        now=now,
        roles=me.roles,
        customer=row.user_id,
        unit=unit,
        amount=typed.amount(request.POST.get("amount", ""), unit),
        reason=reason,
        program=row.program,
        about=f"dispute:{row.number}",
    )
    if made.state == "waiting":
        raise NotYet(
            _("That is above your limit, so somebody else has to approve it. Answer once it is.")
        )


def _shown(request: HttpRequest, row: DisputeRow, *, typed_: Any = None) -> HttpResponseBase:
    now, me = clock.now(), at_work(request)
    staff = words.Staff()
    about = decision(row.about)
    correction = amending.about(f"dispute:{row.number}")
    context = {
        "row": row,
        "who": person(row.user_id),
        "who_link": links.of_customer(row.user_id),
        "state": words.badge(STATES, row.state),
        "outcome": OUTCOMES.get(row.outcome, ""),
        "clocks": _clocks(row, now),
        "why": row.evidence["why"][language()],
        "stages": [
            (stage(one["stage"]), moment(datetime.fromisoformat(one["at"])), one["reason"])
            for one in row.evidence.get("stages", [])
        ],
        "words": [
            {
                "said": _SAID[one.kind],
                "by": staff.name(one.actor),
                "at": moment(one.at),
                "text": one.text,
                "is_ours": one.kind == "answered",
            }
            for one in row.words
        ],
        "about": about,
        "about_link": _about_link(row, about),
        "amount": words.amount(about.unit, about.raw_amount) if about else "",
        "may_release": bool(about and about.waits_for_ruling) and me.may("decisions.rule"),
        "may_credit": me.may("wallets.credit"),
        "correction": correction,
        "correction_link": links.of_about(f"amend:{correction.number}", me) if correction else "",
        "outcomes": OUTCOMES.items(),
        "units": [(one, words.unit_name(one)) for one in words.units(running(now))],
        "typed": typed_ or {},
    }
    title = _("Dispute {number}").format(number=row.number)
    crumbs = (Crumb(_("Disputes"), links.to("disputes")),)
    return render(request, "console/queues/dispute.html", context, title=title, crumbs=crumbs)


def _about_link(row: DisputeRow, about: DecisionRow | None) -> str:
    if about is not None:
        return links.to("decision", about.decision_id)
    program, _between, friend = row.about.partition("/")
    return links.to("referral", program, friend)


def _clocks(row: DisputeRow, now: datetime) -> list[_Clock]:
    end = row.solved_at
    return [
        _clock(_("Take up within 24 h"), row.accept_by, row.accepted_at or end, now),
        _clock(_("Answer within 48 h"), row.solve_by, end, now),
        _clock(_("Outer limit, 72 h"), row.last_by, end, now),
    ]


def _clock(name: str, by: datetime, done: datetime | None, now: datetime) -> _Clock:
    if done is not None:
        look: Literal["late", "done"] = "late" if done > by else "done"
        text = _("missed") if look == "late" else _("kept")
        return _Clock(name, moment(by), text, look)
    running = words.clock_of(by, now)
    return _Clock(name, moment(by), running.text, "late" if running.is_late else "")


def _line(row: DisputeRow, who: Who, now: datetime) -> dict[str, object]:
    return {
        "row": row,
        "who": who,
        "state": words.badge(STATES, row.state),
        "outcome": OUTCOMES.get(row.outcome, ""),
        "clock": words.clock_of(row.due_by, now),
        "late": _LATE.get(row.late(now), ""),
        "raised": moment(row.raised_at),
        "solved": moment(row.solved_at),
    }


def _rows(number: int, *, is_closed: bool) -> list[DisputeRow]:
    """Those of a page, and one more if there is another."""
    if is_closed:
        return read.disputes(state="solved", limit=number * PAGE + 1)[(number - 1) * PAGE :]
    return read.disputes_due(offset=(number - 1) * PAGE, limit=PAGE + 1)


def _row(number: int) -> DisputeRow:
    row = read.dispute(number)
    if row is None:
        raise Http404
    return row


def _told(row: DisputeRow) -> dict[str, object]:
    return {"state": row.state, "outcome": row.outcome}
