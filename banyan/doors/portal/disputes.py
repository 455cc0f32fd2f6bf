"""disputes: a customer says that something was decided wrongly, and follows what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from banyan.core.events import read as log
from banyan.core.programs.force import running
from banyan.core.referrals.friends import lost, referral
from banyan.core.referrals.read import decision
from banyan.doors.portal import saying
from banyan.doors.portal.friends import why_lost
from banyan.doors.portal.person import Person, person_of
from banyan.doors.portal.rewards import decision_of, names_of_things, reward_lines
from banyan.doors.portal.session import for_customer
from banyan.doors.refusals import refusal
from banyan.growth.feedback import acts
from banyan.growth.feedback.read import DisputeRow, dispute, disputes_of
from banyan.growth.journeys.words import title_of
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

STATES: Mapping[str, Any] = {
    "open": gettext_lazy("Received"),
    "accepted": gettext_lazy("Being looked at"),
    "appealed": gettext_lazy("Under review"),
    "solved": gettext_lazy("Answered"),
}
OUTCOMES: Mapping[str, Any] = {
    "": "",
    "upheld": gettext_lazy("It stays as it was decided"),
    "corrected": gettext_lazy("It was put right"),
    "withdrawn": gettext_lazy("You took it back"),
}


@for_customer
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """All disputes with their state and by when they are answered."""
    person = person_of(request)
    rows = disputes_of(person.user_id)
    values = {"tab": "rewards", "lines": [_line(person, row) for row in rows]}
    return render(request, "portal/me/disputes.html", values)


@for_customer
@require_http_methods(["GET", "POST"])
def about_reward(request: HttpRequest, place: str) -> HttpResponseBase:
    """Dispute a decision."""
    person = person_of(request)
    row = decision_of(person, place)
    [line] = reward_lines(person, [row], names_of_things(running(person.now), person.language))
    subject = f"{line.what} · {line.because}"
    return _raise(request, person, row.decision_id, subject, line.note)


@for_customer
@require_http_methods(["GET", "POST"])
def about_friend(request: HttpRequest, number: int) -> HttpResponseBase:
    """Dispute a referral that was lost."""
    person = person_of(request)
    row = referral(number, advocates=person.ids)
    if row is None or row.stage != "lost":
        raise Http404
    subject = title_of(row.program, person.language)
    about = f"{row.program}/{row.friend}"
    return _raise(request, person, about, subject, why_lost(row.stages[-1].reason))


@for_customer
@require_http_methods(["GET", "POST"])
def about_invitation(request: HttpRequest, number: int) -> HttpResponseBase:
    """Dispute that an invitation did not count; whom it met is found in the log."""
    person = person_of(request)
    found = [row for row in lost(person.ids, limit=10_000) if row.number == number]
    if not found:
        raise Http404
    [row] = found
    friend = log.at(row.join_position)["user_id"][0]
    subject = title_of(row.program, person.language)
    return _raise(request, person, f"{row.program}/{friend}", subject, why_lost(row.reason))


@for_customer
@require_GET
def one(request: HttpRequest, number: int) -> HttpResponseBase:
    """One dispute and everything said in it."""
    person = person_of(request)
    return _shown(request, person, _own(person, number))


@for_customer
@require_POST
def appeal(request: HttpRequest, number: int) -> HttpResponseBase:
    """Ask once more."""
    person = person_of(request)
    row = _own(person, number)
    text = request.POST.get("text", "")
    try:
        acts.appeal(person.user_id, number, text=text, now=person.now)
    except (acts.BadText, acts.WrongState) as wrong:
        return _shown(request, person, row, text=text, wrong=wrong)
    record(person.actor, "dispute.appealed", f"dispute:{number}", now=person.now)
    return redirect("portal:my-dispute", number)


@for_customer
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponseBase:
    """Take it back."""
    person = person_of(request)
    row = _own(person, number)
    try:
        acts.withdraw(person.user_id, number, now=person.now)
    except acts.WrongState as wrong:
        return _shown(request, person, row, wrong=wrong)
    record(person.actor, "dispute.withdrawn", f"dispute:{number}", now=person.now)
    return redirect("portal:my-dispute", number)


def _raise(
    request: HttpRequest, person: Person, about: str, subject: str, reason: str
) -> HttpResponseBase:
    values = {"tab": "rewards", "subject": subject, "reason": reason}
    if request.method == "GET":
        return render(request, "portal/me/dispute_new.html", values)
    text = request.POST.get("text", "")
    try:
        row = acts.raise_dispute(person.user_id, about=about, text=text, now=person.now)
    except acts.NothingToDispute:
        raise Http404 from None
    except (acts.BadText, acts.AlreadyDisputed) as wrong:
        values |= {"text": text, "wrong": refusal(wrong)}
        return render(request, "portal/me/dispute_new.html", values, status=wrong.status)
    record(person.actor, "dispute.raised", f"dispute:{row.number}", now=person.now)
    return redirect("portal:my-dispute", row.number)


def _subject(person: Person, row: DisputeRow) -> str:
    """What is disputed: a reward, or a friend of the program."""
    found = decision(row.about)
    if found is None or found.beneficiary not in person.ids:
        return _("A friend who did not count")
    [line] = reward_lines(person, [found], names_of_things(running(person.now), person.language))
    return f"{line.what} · {line.because}"


def _own(person: Person, number: int) -> DisputeRow:
    row = dispute(number)
    if row is None or row.user_id not in person.ids:
        raise Http404
    return row


def _shown(
    request: HttpRequest,
    person: Person,
    row: DisputeRow,
    *,
    text: str = "",
    wrong: Problem | None = None,
) -> HttpResponseBase:
    words = [
        {
            "is_mine": word.kind != "answered",
            "at": saying.moment(word.at, settings.OPERATOR_TIME_ZONE, person.language),
            "text": word.text or "",
        }
        for word in row.words
    ]
    values = {
        "tab": "rewards",
        "line": _line(person, row),
        "words": words,
        "may_appeal": row.may_be_appealed,
        "may_withdraw": row.state != "solved",
        "text": text,
        "wrong": refusal(wrong) if wrong else "",
    }
    status = getattr(wrong, "status", 200) if wrong else 200
    return render(request, "portal/me/dispute.html", values, status=status)


def _line(person: Person, row: DisputeRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "subject": _subject(person, row),
        "title": title_of(row.program, person.language),
        "state": row.state,
        "label": STATES[row.state],
        "outcome": OUTCOMES[row.outcome],
        "raised_at": saying.moment(row.raised_at, settings.OPERATOR_TIME_ZONE, person.language),
        "due": saying.moment(row.last_by, settings.OPERATOR_TIME_ZONE, person.language)
        if row.state != "solved"
        else "",
    }
