"""home: the first page of a customer: invite, what was earned, who is under way, what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from banyan.core.ledger.totals import Totals, totals
from banyan.core.people.read import CustomerRow, customer
from banyan.core.programs.force import running
from banyan.core.referrals.friends import counts, details, friends
from banyan.core.referrals.own import honours
from banyan.doors.portal import polls, saying
from banyan.doors.portal.enrolment import Membership, is_called, is_shown, memberships
from banyan.doors.portal.friends import counted, friend_lines
from banyan.doors.portal.person import Person, person_of
from banyan.doors.portal.rewards import names_of_things, next_release
from banyan.doors.portal.session import for_customer
from banyan.growth.journeys.read import inbox, unread
from banyan.growth.toolkit.read import offer_of, title_of

LATEST = 3


@dataclass(frozen=True)
class ProgramCard:
    """A program on the first page."""

    slug: str
    title: str
    you_get: tuple[str, ...]
    friend_gets: tuple[str, ...]
    status: str
    is_member: bool
    is_open: bool
    is_called: bool
    """Whether it looks for friends where this person is."""
    clicks: int
    joined: int


@for_customer
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """The first page."""
    person = person_of(request)
    programs = running(person.now)
    mine = [one for one in memberships(person, programs) if is_shown(person, one)]
    cards = sorted((_card(person, one) for one in mine), key=_order)
    row = customer(person.user_id)
    numbers = counts(person.ids)
    things = names_of_things(programs, person.language)
    values = {
        "tab": "home",
        "name": _own_name(row),
        "cards": cards,
        "first": cards[0] if cards and cards[0].is_open and cards[0].is_called else None,
        "money": [_money(one, person, things) for one in totals(person.ids)],
        "release": next_release(person, things),
        "counts": counted(numbers),
        "latest": friend_lines(person, details(friends(person.ids, limit=LATEST))),
        "total": sum(numbers.values()),
        "unread": unread(person.user_id),
        "news": inbox(person.user_id, limit=1, lang=person.language, now=person.now),
        "honours": honours_of(person, row),
        "poll": polls.asked(person),
    }
    return render(request, "portal/me/home.html", values)


def honours_of(person: Person, row: CustomerRow | None) -> list[str]:
    """Tier and badges, where there are any."""
    tier = row.traits.get("tier") if row else None
    badges = [one.name.replace("-", " ").replace("_", " ") for one in honours(person.ids)]
    return [tier, *badges] if isinstance(tier, str) and tier else badges


def _own_name(row: CustomerRow | None) -> str:
    name = row.traits.get("name") if row else None
    return name.strip() if isinstance(name, str) else ""


def _card(person: Person, one: Membership) -> ProgramCard:
    terms = one.running.terms
    offer = offer_of(terms, person.language)
    return ProgramCard(
        slug=one.slug,
        title=title_of(terms, person.language),
        you_get=offer.advocate_lines,
        friend_gets=offer.friend_lines,
        status=one.running.program.status,
        is_member=one.is_member,
        is_open=one.running.is_open,
        is_called=is_called(person, one.running),
        clicks=one.clicks,
        joined=one.joined,
    )


def _order(card: ProgramCard) -> tuple[bool, bool, bool, str]:
    """What one takes part in comes first, then what calls nobody here, what is closed last."""
    return (not card.is_open, not card.is_called, not card.is_member, card.title)


def _money(one: Totals, person: Person, things: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": saying.unit_name(one.unit, things),
        "available": saying.figure(one.unit, one.available, person.language),
        "pending": saying.figure(one.unit, one.pending, person.language) if one.pending else "",
    }
