"""waiting: what waits for this member of the staff, by what they may do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from banyan.core.programs.force import running_one
from banyan.core.referrals import held
from banyan.doors.console.programs.review_queue import restarts
from banyan.doors.console.queues.words import Staff, inboxes
from banyan.growth.amends.read import to_approve as amends_to_approve
from banyan.growth.feedback.read import backlog
from banyan.growth.payouts.read import to_approve
from banyan.growth.planning import rivals
from banyan.growth.tasks.read import count
from banyan.pipeline.approving.read import legal_due, waits_for
from banyan.trust.privacy.read import requests
from banyan.trust.staff.read import Member

_MOST_REQUESTS = 1_000
"""Counted of those that wait."""


@dataclass(frozen=True)
class Waits:
    """How many of something wait, how many of them are late, and where they are."""

    title: str
    n: int
    late: int
    url: str
    is_more: bool = False
    """Whether there are more than `n`: so many were counted."""


def waits(me: Member, *, now: datetime) -> list[Waits]:
    """Everything this member may settle, also what is empty, so that it is known to be."""
    return [one for right, ask in _ASKED if me.may(right) for one in ask(me, now)]


def _held(_me: Member, _now: datetime) -> Iterator[Waits]:
    yield Waits(_("Held decisions"), held.count(held.Asked()), 0, _url("held"))


def _reviews(side: str) -> Callable[[Member, datetime], Iterator[Waits]]:
    def ask(me: Member, _now: datetime) -> Iterator[Waits]:
        found = waits_for(me.actor, "legal" if side == "legal" else "finance")
        title = _("Programs to review for legal") if side == "legal" else ""
        yield Waits(title or _("Programs to review for finance"), len(found), 0, _url("approvals"))
        if side == "legal":
            yield Waits(_("Stopped programs to let go on"), restarts(me), 0, _url("approvals"))

    return ask


def _disputes(_me: Member, now: datetime) -> Iterator[Waits]:
    found = backlog(now=now)
    yield Waits(_("Disputes"), found.waiting, found.late, _url("disputes"))


def _tasks(me: Member, now: datetime) -> Iterator[Waits]:
    yield Waits(
        _("Stuck referrals"),
        count(kinds=["stuck"]),
        count(kinds=["stuck"], late_at=now),
        _url("stuck"),
    )
    mine: Any = {"roles": inboxes(me), "owner": me.actor, "left": Staff().left()}
    yield Waits(_("Tasks of my role"), count(**mine), count(**mine, late_at=now), _url("tasks"))


def _payouts(_me: Member, _now: datetime) -> Iterator[Waits]:
    yield Waits(_("Payouts to approve"), to_approve(), 0, _url("payouts"))
    yield Waits(_("Corrections and goodwill"), amends_to_approve(), 0, _url("amends"))


def _quarter(_me: Member, now: datetime) -> Iterator[Waits]:
    """Live programs that legal has not looked at for a quarter."""
    due = sum(one.due_at <= now for one in legal_due())
    yield Waits(_("Live programs to look at again"), due, due, _url("approvals"))


def _privacy(_me: Member, now: datetime) -> Iterator[Waits]:
    found = requests(state="open", limit=_MOST_REQUESTS + 1)
    late = requests(state="open", due_before=now, limit=_MOST_REQUESTS)
    n = min(len(found), _MOST_REQUESTS)
    is_more = len(found) > _MOST_REQUESTS
    yield Waits(_("Privacy requests"), n, len(late), _url("privacy"), is_more)


def _rivals(_me: Member, now: datetime) -> Iterator[Waits]:
    """Offers of competitors that beat what runs and that nobody answered; the page is of the
    first program that has one."""
    found = [
        (slug, len(rivals.better(one.terms)))
        for slug in rivals.watched()
        if (one := running_one(slug, now)) is not None
    ]
    beaten = [(slug, n) for slug, n in found if n]
    url = _url("program_market", beaten[0][0]) if beaten else _url("programs")
    yield Waits(_("Better offers of competitors"), sum(n for _slug, n in beaten), 0, url)


def _url(name: str, *arguments: str) -> str:
    try:
        return reverse(f"admin:{name}", args=arguments)
    except NoReverseMatch:
        return ""


_ASKED: tuple[tuple[str, Callable[[Member, datetime], Iterator[Waits]]], ...] = (
    ("decisions.rule", _held),
    ("programs.review_legal", _reviews("legal")),
    ("programs.review_legal", _quarter),
    ("programs.review_finance", _reviews("finance")),
    ("disputes.handle", _disputes),
    ("programs.edit", _rivals),
    ("tasks.handle", _tasks),
    ("payouts.approve", _payouts),
    ("customers.privacy", _privacy),
)
