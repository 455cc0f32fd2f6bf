"""rewards: what a customer earned, where each part of it is now, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from banyan.core.ledger.read import transfers_of_decisions
from banyan.core.ledger.totals import Totals, totals
from banyan.core.people.names import friends_names
from banyan.core.programs.force import Running, running
from banyan.core.programs.read import published_program
from banyan.core.referrals.own import Place, decision_at, decisions_for, next_available
from banyan.core.referrals.read import DecisionRow
from banyan.core.referrals.why import why
from banyan.doors.portal import saying
from banyan.doors.portal.friends import shown_name
from banyan.doors.portal.person import Person, person_of
from banyan.doors.portal.session import for_customer
from banyan.engine.language.explain import Language
from banyan.growth.toolkit.read import presentation, title_of

PAGE = 50

STATES: Mapping[str, Any] = {
    "available": gettext_lazy("Arrived"),
    "pending": gettext_lazy("Pending"),
    "held": gettext_lazy("Being checked"),
    "refused": gettext_lazy("Not granted"),
    "denied": gettext_lazy("Denied"),
    "reversed": gettext_lazy("Taken back"),
    "expired": gettext_lazy("Expired"),
}
LOOKS = {"available": "good", "pending": "wait", "held": "wait"}
"""The badge of a state; all others are `bad`."""

WHY_NOT: Mapping[str, Any] = {
    "cap": gettext_lazy("The most that one person can get is reached."),
    "limit": gettext_lazy("The budget of the program for this reward is used up."),
    "risk": gettext_lazy("A check against abuse did not pass."),
    "zero_amount": gettext_lazy("By the rules the amount is nothing here."),
    "stopped": gettext_lazy("The program was stopped at that time."),
}


@dataclass(frozen=True)
class RewardLine:
    """A decision as a line of a list."""

    place: str
    what: str
    because: str
    title: str
    state: str
    label: str
    look: str
    note: str
    at: str


@for_customer
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """By unit what there is, then every decision, page by page."""
    person = person_of(request)
    programs = running(person.now)
    things = names_of_things(programs, person.language)
    before = place_of(request.GET.get("before", ""))
    rows = decisions_for(person.ids, before=before, limit=PAGE + 1)
    lines = reward_lines(person, rows[:PAGE], things)
    values = {
        "tab": "rewards",
        "units": [_unit(one, person, things) for one in totals(person.ids)] if not before else [],
        "lines": lines,
        "release": next_release(person, things),
        "after": lines[-1].place if len(rows) > PAGE else "",
        "is_first": before is None,
    }
    return render(request, "portal/me/rewards.html", values)


@for_customer
@require_GET
def one(request: HttpRequest, place: str) -> HttpResponseBase:
    """One decision: why it is as it is, in words, and how to dispute it."""
    person = person_of(request)
    row = decision_of(person, place)
    things = names_of_things(running(person.now), person.language)
    [line] = reward_lines(person, [row], things)
    values = {
        "tab": "rewards",
        "line": line,
        "slug": row.program,
        "version": row.version,
        "why": why(row, person.language, naming=Naming(person, row)),
    }
    return render(request, "portal/me/reward.html", values)


def decision_of(person: Person, place: str) -> DecisionRow:
    """The customer's decision at a place as it stands in addresses. Raises Http404."""
    found = place_of(place)
    row = decision_at(person.ids, found) if found else None
    if row is None:
        raise Http404
    return row


def place_of(text: str) -> Place | None:
    """`42-0` as position and place."""
    position, _between, place = text.partition("-")
    parts = (position, place)
    if all(part.isascii() and part.isdigit() and len(part) < 18 for part in parts):
        return int(position), int(place)
    return None


class Naming:
    """How people are called in the explanation of a decision: oneself, the friend as one may see
    them, and others not at all."""

    def __init__(self, person: Person, row: DecisionRow) -> None:
        self._own = person.ids
        self._row = row
        friends = [row.friend] if row.friend and row.advocate in person.ids else []
        self._names = friends_names(friends)

    def __call__(self, user_id: str) -> str:
        """For one user id."""
        if user_id in self._own:
            return _("you")
        if user_id in self._names:
            return shown_name(self._names[user_id])
        if user_id == self._row.beneficiary and user_id.startswith("charity:"):
            return user_id.partition(":")[2]
        return _("somebody else")


def reward_lines(
    person: Person, rows: Sequence[DecisionRow], things: Mapping[str, str]
) -> list[RewardLine]:
    """Decisions as lines, with everything looked up at once."""
    friends = [row.friend for row in rows if row.friend and row.advocate in person.ids]
    names = friends_names(friends)
    expired = {
        one.decision_id
        for one in transfers_of_decisions([row.decision_id for row in rows])
        if one.transfer_id.endswith("/expiry")
    }
    return [_line(person, row, names, things, row.decision_id in expired) for row in rows]


def names_of_things(programs: Mapping[str, Running], lang: Language) -> dict[str, str]:
    """What coupons, gifts, perks and badges are called, over all programs."""
    return {
        give: name for slug in programs for give, name in presentation(slug).names[lang].items()
    }


def next_release(person: Person, things: Mapping[str, str]) -> str:
    """What becomes available next, and when; empty when nothing does."""
    row = next_available(person.ids, now=person.now)
    if row is None:
        return ""
    zone = published_program(row.program, row.version).timezone
    left = row.amount - row.reversed_amount
    assert row.available_at is not None
    return _("{amount} on {day}").format(
        amount=saying.amount(row.unit, left, person.language, things),
        day=saying.day(row.available_at, zone, person.language),
    )


def state_of(person: Person, row: DecisionRow, *, is_expired: bool = False) -> str:
    """Where a decision stands: one of STATES."""
    if row.outcome == "rejected":
        return "refused"
    if row.ruling == "denied":
        return "denied"
    if row.reversed_amount >= row.amount:
        return "reversed"
    if row.waits_for_ruling:
        return "held"
    if is_expired:
        return "expired"
    assert row.available_at is not None
    return "pending" if row.available_at > person.now else "available"


def _unit(one: Totals, person: Person, things: Mapping[str, str]) -> dict[str, Any]:
    def told(number: int) -> str:
        return saying.figure(one.unit, number, person.language)

    parts = [
        (_("Pending"), one.pending),
        (_("Spent or paid out"), one.spent),
        (_("Expired"), one.expired),
        (_("Taken back"), one.taken_back),
    ]
    return {
        "name": saying.unit_name(one.unit, things),
        "available": told(one.available),
        "is_cash": one.unit.startswith("cash "),
        "earned": told(one.earned),
        "parts": [(label, told(number)) for label, number in parts if number],
    }


def _line(
    person: Person,
    row: DecisionRow,
    names: Mapping[str, str],
    things: Mapping[str, str],
    is_expired: bool,
) -> RewardLine:
    terms = published_program(row.program, row.version)
    state = state_of(person, row, is_expired=is_expired)
    number = row.amount if row.outcome != "rejected" else row.raw_amount
    return RewardLine(
        place=f"{row.position}-{row.place}",
        what=saying.amount(row.unit, number, person.language, things),
        because=_because(person, row, names),
        title=title_of(terms, person.language),
        state=state,
        label=str(STATES[state]),
        look=LOOKS.get(state, "bad"),
        note=_note(person, row, state, terms.timezone, things),
        at=saying.day(row.occurred_at, terms.timezone, person.language),
    )


def _because(person: Person, row: DecisionRow, names: Mapping[str, str]) -> str:
    if row.friend is not None and row.friend in names:
        if not names[row.friend]:
            return _("for a friend of yours")
        return _("for your friend {name}").format(name=shown_name(names[row.friend]))
    if row.to == "friend":
        return _("because you joined by an invitation")
    if row.to == "upline":
        return _("because a friend of yours has brought somebody")
    return _("for what you did yourself")


def _note(
    person: Person, row: DecisionRow, state: str, zone: str, things: Mapping[str, str]
) -> str:
    """What is missing, or why it did not come."""
    lang = person.language
    if state == "pending" and row.available_at is not None:
        return _("available on {day}").format(day=saying.day(row.available_at, zone, lang))
    if state == "held":
        return _("A person is looking at it. You do not have to do anything.")
    if state == "refused":
        return str(WHY_NOT[str(row.reason).partition(":")[0]])
    if state == "denied":
        return _("A person has looked at it and denied it.")
    if row.reversed_amount:
        back = saying.amount(row.unit, row.reversed_amount, lang, things)
        return _("{amount} was taken back after a refund").format(amount=back)
    if state == "available" and row.expires_at is not None:
        return _("good until {day}").format(day=saying.day(row.expires_at, zone, lang))
    if row.amount < row.raw_amount:
        return str(WHY_NOT[str(row.reason).partition(":")[0]])
    return ""
