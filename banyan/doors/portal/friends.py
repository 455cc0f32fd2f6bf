"""friends: whom a customer brought, how far each has come, and what is still missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from banyan.core.people.names import friends_names
from banyan.core.programs.force import Running, running
from banyan.core.programs.read import published_program
from banyan.core.referrals.friends import (
    Friend,
    counts,
    details,
    friends,
    lost,
    programs_of,
    referral,
)
from banyan.core.referrals.missing import Missing, missing_each
from banyan.core.referrals.read import ReferralRow
from banyan.core.referrals.stages import PUBLIC_STATES, PublicState
from banyan.doors.portal import saying
from banyan.doors.portal.person import Person, person_of
from banyan.doors.portal.session import for_customer
from banyan.engine.language.explain.safe import plain
from banyan.engine.language.explain.voice import Voice
from banyan.growth.journeys.facts import Lacking
from banyan.growth.journeys.reminders import Reminded, ReminderClosed, reminded_each
from banyan.growth.journeys.words import missing as missing_in_words
from banyan.growth.leads.read import NominationRow, nomination, of_advocate
from banyan.growth.toolkit.read import title_of
from banyan.pipeline.asking import Progress, progress
from banyan.pipeline.notices import remind as send_reminder

PAGE = 50
LONGEST_SEARCH = 60
SHOWN: tuple[PublicState, ...] = ("submitted", "contacted", "closed")
"""The three public states, in their order."""
LOST: PublicState = "lost"

WHY_LOST: Mapping[str, Any] = {
    "already_referred": gettext_lazy("Somebody else had brought this friend before."),
    "self_referral": gettext_lazy("Nobody can refer themselves."),
    "outside_run": gettext_lazy("The program was not running when the invitation was opened."),
    "outside_window": gettext_lazy("The friend joined too long after the invitation."),
    "advocate_not_eligible": gettext_lazy(
        "At the moment of the invitation you did not meet the condition of the program."
    ),
    "not_new": gettext_lazy("The offer is for new customers, and this friend was one already."),
    "lost_to_other_touch": gettext_lazy("Another invitation counted for this friend."),
    "declined": gettext_lazy("The friend has declined the invitation."),
    "risk": gettext_lazy("A check against abuse did not pass."),
}


@dataclass(frozen=True)
class Step:
    """One of the three public states of a friend; `at` is None while it is not reached."""

    label: str
    at: str | None


@dataclass(frozen=True)
class FriendLine:
    """A friend as a line of a list."""

    number: int
    name: str
    initial: str
    program: str
    state: PublicState
    label: str
    steps: tuple[Step, ...]
    changed_at: str
    missing: str
    reason: str


@for_customer
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """All friends, page by page; by program, state and name."""
    person = person_of(request)
    programs = running(person.now)
    choices = [slug for slug in programs_of(person.ids) if slug in programs]
    program = request.GET.get("program", "")
    program = program if program in choices else ""
    state = _state(request.GET.get("state", ""))
    text = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    numbers = counts(person.ids, program=program)
    total = sum(numbers.values()) if state is None else numbers.get(state, 0)
    named = _named(person, text, program, state, total) if text else None
    total = total if named is None else len(named)
    page = _page_number(request, total)
    first = (page - 1) * PAGE
    if named is None:
        rows = friends(person.ids, program=program, state=state, offset=first, limit=PAGE)
    else:
        rows = named[first : first + PAGE]
    is_plain = page == 1 and not (state or text or program)
    waiting = waiting_lines(person, programs) if is_plain else []
    values = {
        "tab": "friends",
        "reminded": "reminded" in request.GET,
        "lines": friend_lines(person, details(rows)),
        "waiting": waiting,
        "counts": counted(numbers, (*SHOWN, LOST)),
        "state": state or "",
        "q": text,
        "total": total,
        "is_anybody": bool(choices or waiting),
        "programs": [(slug, title_of(programs[slug].terms, person.language)) for slug in choices],
        "program": program,
        "lost": lost_lines(person, programs) if is_plain else [],
        "pages": _pages(request, page, total),
    }
    return render(request, "portal/me/friends.html", values)


def counted(
    numbers: Mapping[PublicState, int], states: Sequence[PublicState] = SHOWN
) -> list[dict[str, Any]]:
    """Counts by state as pages show them."""
    return [
        {"state": state, "label": saying.STATES[state], "count": numbers.get(state, 0)}
        for state in states
    ]


@for_customer
@require_GET
def one(request: HttpRequest, number: int) -> HttpResponseBase:
    """One friend: every change with its time, what is missing, why it did not count."""
    person = person_of(request)
    row = referral(number, advocates=person.ids)
    if row is None:
        raise Http404
    zone = published_program(row.program, row.version).timezone
    [line] = friend_lines(person, [row])
    values = {
        "tab": "friends",
        "line": line,
        "title": title_of(published_program(row.program, row.version), person.language),
        "slug": row.program,
        "version": row.version,
        "joined": saying.moment(row.started_at, zone, person.language),
        "disputable": row.stage == "lost",
    }
    return render(request, "portal/me/friend.html", values)


def friend_lines(person: Person, rows: Sequence[ReferralRow]) -> list[FriendLine]:
    """Referrals as lines, with everything looked up at once."""
    names = friends_names([row.friend for row in rows])
    lacking = still_missing(rows, now=person.now)
    return [_line(person, row, names, lacking) for row in rows]


def still_missing(rows: Sequence[ReferralRow], *, now: datetime) -> dict[tuple[str, str], Missing]:
    """What each friend has still to do until the next reward, less what they have done."""
    pairs = [(row.program, row.friend) for row in rows]
    if not pairs:
        return {}
    found = missing_each(pairs, to="advocate", now=now)
    done = progress([friend for _program, friend in found])
    return {
        pair: _less(row, done.get((row.program, row.friend, row.milestone)))
        for pair, row in found.items()
    }


def shown_name(name: str) -> str:
    """How a friend is called of whom nothing may be shown."""
    return name or _("A friend")


def why_lost(reason: str) -> str:
    """Why a referral did not count, as a sentence."""
    return str(WHY_LOST[reason.partition(":")[0]])


@dataclass(frozen=True)
class WaitingLine:
    """A friend whose contact the customer gave and who has not joined."""

    number: int
    shown: str
    title: str
    state: str
    label: str
    at: str
    can_remind: bool
    remind_note: str


NOMINATIONS: Mapping[str, Any] = {
    "waiting": gettext_lazy("Waiting for the friend’s answer"),
    "refused": gettext_lazy("Said yes, but the offer is for new customers"),
    "declined": gettext_lazy("Said no"),
    "expired": gettext_lazy("Not answered in time; the contact was deleted"),
}


def waiting_lines(person: Person, programs: Mapping[str, Running]) -> list[WaitingLine]:
    """Nominations that have not become referrals, the newest first."""
    rows = [
        row
        for user_id in person.ids
        for slug, one in programs.items()
        if not one.terms.is_self
        for row in of_advocate(user_id, slug, now=person.now)
        if row.state in NOMINATIONS
    ]
    rows.sort(key=lambda row: row.number, reverse=True)
    standing = reminded_each(
        {_reminder_of(row.number): row.created_at for row in rows if row.state == "waiting"}
    )
    return [_waiting(person, row, programs, standing.get(_reminder_of(row.number))) for row in rows]


@for_customer
@require_POST
def remind(request: HttpRequest, number: int) -> HttpResponseBase:
    """Let a friend be reminded who has not answered."""
    person = person_of(request)
    row = nomination(number, now=person.now)
    if row is None or row.advocate not in person.ids:
        raise Http404
    try:
        send_reminder(row.advocate, number, now=person.now)
    except ReminderClosed:
        # The page shows from when on it can be sent, or that it cannot any more.
        return redirect("portal:my-friends")
    return redirect(reverse("portal:my-friends") + "?reminded=1")


def _reminder_of(number: int) -> str:
    return f"nomination/{number}"


def _waiting(
    person: Person, row: NominationRow, programs: Mapping[str, Running], standing: Reminded | None
) -> WaitingLine:
    zone = programs[row.program].terms.timezone
    note = ""
    if standing is not None and not standing.is_open(person.now):
        note = _("You have reminded this friend; that is enough.")
        if standing.opens_at is not None:
            day = saying.day(standing.opens_at, zone, person.language)
            note = _("You can remind from {day} on.").format(day=day)
    return WaitingLine(
        number=row.number,
        shown=shown_name(row.shown),
        title=title_of(programs[row.program].terms, person.language),
        state=row.state,
        label=str(NOMINATIONS[row.state]),
        at=saying.day(row.ended_at or row.created_at, zone, person.language),
        can_remind=standing is not None and standing.is_open(person.now),
        remind_note=note,
    )


@dataclass(frozen=True)
class LostLine:
    """An invitation that did not count."""

    number: int
    title: str
    reason: str
    at: str


def lost_lines(
    person: Person, programs: Mapping[str, Running], *, limit: int = 20
) -> list[LostLine]:
    """The latest invitations that met somebody and did not count; of the friend nothing is said,
    who is another's or nobody's."""
    rows = [row for row in lost(person.ids, limit=limit) if row.program in programs]
    return [
        LostLine(
            row.number,
            title_of(programs[row.program].terms, person.language),
            why_lost(row.reason),
            saying.day(row.touched_at, programs[row.program].terms.timezone, person.language),
        )
        for row in rows
    ]


def _less(row: Missing, done: Progress | None) -> Missing:
    if done is None:
        return replace(row, is_exact=True)
    if row.sum is not None:
        return replace(row, sum=max(row.sum - done.sum, Decimal(0)))
    terms = published_program(row.program, row.version).milestones[row.milestone]
    return replace(row, count=max(terms.count - done.matches, 1), is_exact=True)


def _line(
    person: Person,
    row: ReferralRow,
    names: Mapping[str, str],
    lacking: Mapping[tuple[str, str], Missing],
) -> FriendLine:
    terms = published_program(row.program, row.version)
    name = shown_name(names.get(row.friend, ""))
    lack = lacking.get((row.program, row.friend))
    words = ""
    if lack is not None:
        one = Lacking.of(lack)
        assert one is not None
        words = missing_in_words(one, Voice(person.language, plain), terms)
    last = row.stages[-1]
    return FriendLine(
        number=row.number,
        name=name,
        initial=name[0],
        program=row.program,
        state=row.public_state,
        label=str(saying.STATES[row.public_state]),
        steps=_steps(person, row, terms.timezone),
        changed_at=saying.moment(last.at, terms.timezone, person.language),
        missing=words,
        reason=why_lost(last.reason) if row.stage == "lost" else "",
    )


def _steps(person: Person, row: ReferralRow, zone: str) -> tuple[Step, ...]:
    """When each public state was reached; a stage that was skipped was reached with the next."""
    reached: dict[PublicState, datetime] = {}
    for change in row.stages:
        reached.setdefault(PUBLIC_STATES[change.stage], change.at)
    return tuple(
        Step(
            str(saying.STATES[state]),
            saying.moment(reached[state], zone, person.language) if state in reached else None,
        )
        for state in SHOWN
    )


def _named(
    person: Person, text: str, program: str, state: PublicState | None, total: int
) -> list[Friend]:
    """Those whose name, as it is shown, holds the text. What is masked cannot be searched for."""
    everybody = friends(person.ids, program=program, state=state, limit=total)
    names = friends_names([one.friend for one in everybody])
    wanted = text.casefold()
    return [one for one in everybody if wanted in names.get(one.friend, "").casefold()]


def _state(given: str) -> PublicState | None:
    return next((state for state in (*SHOWN, LOST) if state == given), None)


def _page_number(request: HttpRequest, total: int) -> int:
    given = request.GET.get("page", "1")
    last = max(-(-total // PAGE), 1)
    return min(max(int(given), 1), last) if given.isascii() and given.isdigit() else 1


def _pages(request: HttpRequest, page: int, total: int) -> dict[str, Any]:
    last = max(-(-total // PAGE), 1)

    def to(number: int) -> str:
        query = {k: v for k, v in request.GET.items() if k in ("program", "state", "q") and v}
        return "?" + urlencode(query | {"page": str(number)})

    return {
        "page": page,
        "last": last,
        "before": to(page - 1) if page > 1 else "",
        "after": to(page + 1) if page < last else "",
    }
