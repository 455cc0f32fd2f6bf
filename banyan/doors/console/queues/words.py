"""words: names of people, units, states and clocks on the pages of the queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from banyan.core.programs.force import Running
from banyan.doors.console.customers.saying import language
from banyan.engine.language.explain.quantity import quantity_minor
from banyan.engine.language.explain.safe import plain
from banyan.engine.language.explain.voice import Voice
from banyan.trust.staff.read import Member, members
from banyan.trust.staff.rights import ROLES

_KNOWN = "_banyan_staff_by_name"

ROLE_NAMES: Mapping[str, Promise] = {
    "growth": gettext_lazy("Growth"),
    "sales": gettext_lazy("Sales"),
    "support": gettext_lazy("Support"),
    "finance": gettext_lazy("Finance"),
    "legal": gettext_lazy("Legal"),
    "analyst": gettext_lazy("Analyst"),
    "admin": gettext_lazy("Admin"),
}
assert ROLE_NAMES.keys() == ROLES.keys()

LINE_STATES: Mapping[str, tuple[Promise, str]] = {
    "planned": (gettext_lazy("planned"), ""),
    "refused": (gettext_lazy("not taken in"), "bad"),
    "spent": (gettext_lazy("taken from the wallet"), "wait"),
    "sent": (gettext_lazy("on its way"), "wait"),
    "paid": (gettext_lazy("paid"), "good"),
    "failed": (gettext_lazy("failed, going back"), "bad"),
    "returned": (gettext_lazy("back in the wallet"), "bad"),
    "dropped": (gettext_lazy("dropped"), ""),
}
BATCH_STATES: Mapping[str, tuple[Promise, str]] = {
    "prepared": (gettext_lazy("waits for approval"), "wait"),
    "approved": (gettext_lazy("under way"), "wait"),
    "done": (gettext_lazy("done"), "good"),
    "cancelled": (gettext_lazy("cancelled"), ""),
}
PAYEE_STATES: Mapping[str, tuple[Promise, str]] = {
    "new": (gettext_lazy("to verify"), "wait"),
    "verified": (gettext_lazy("verified"), "good"),
    "failed": (gettext_lazy("a payout failed"), "bad"),
}
AMEND_STATES: Mapping[str, tuple[Promise, str]] = {
    "waiting": (gettext_lazy("waits for approval"), "wait"),
    "approved": (gettext_lazy("under way"), "wait"),
    "done": (gettext_lazy("done"), "good"),
    "failed": (gettext_lazy("came to nothing"), "bad"),
    "refused": (gettext_lazy("refused"), "bad"),
}


@dataclass(frozen=True)
class Badge:
    """A state to show."""

    text: str
    look: str


def badge(states: Mapping[str, tuple[Promise, str]], state: str) -> Badge:
    """A state as a badge."""
    name, look = states[state]
    return Badge(str(name), look)


class Staff:
    """The staff by how acts name them."""

    def __init__(self) -> None:
        self.all = members()
        self._names = {one.actor: _called(one) for one in self.all}

    def name(self, actor: str) -> str:
        """`user:3` as a name; others as they are, the system as such."""
        if actor in ("system", ""):
            return _("the system") if actor else ""
        if actor == "customer" or actor.startswith("customer:"):
            return _("the customer")
        return self._names.get(actor, actor)

    def owner(self, owner: str, role: str) -> str:
        """Whose a task is."""
        return self.name(owner) if owner else str(ROLE_NAMES.get(role, role))

    def active(self) -> list[Member]:
        """Who may be given work."""
        return [one for one in self.all if one.is_active and one.roles]

    def left(self) -> list[str]:
        """Who no longer works here: what they had taken is their role's again."""
        return [one.actor for one in self.all if not one.is_active]


def staff(request: HttpRequest) -> Staff:
    """The same, looked up once for a page and its menu."""
    if not hasattr(request, _KNOWN):
        setattr(request, _KNOWN, Staff())
    found: Staff = getattr(request, _KNOWN)
    return found


def inboxes(me: Member) -> tuple[str, ...]:
    """Whose tasks somebody sees as their own: an admin stands in for every role."""
    return tuple(ROLES) if "admin" in me.roles else me.roles


def _called(one: Member) -> str:
    return one.name if one.is_active else _("{name} (no longer here)").format(name=one.name)


def amount(unit: str, number: int) -> str:
    """“$20.00 in cash”, “100 points”."""
    return quantity_minor(Voice(language(), plain), unit=unit, amount_minor=number)


def units(programs: Mapping[str, Running]) -> list[str]:
    """What programs give, by name: units of rewards at discretion."""
    found = {
        one.terms.unit(reward.give)
        for one in programs.values()
        for reward in one.terms.rewards.values()
    }
    return sorted(found)


def unit_name(unit: str) -> str:
    """`cash USD` for choices."""
    kind, _between, rest = unit.partition(" ")
    if kind == "cash":
        return _("Cash {currency}").format(currency=rest)
    if kind == "credit":
        return _("Credit {currency}").format(currency=rest)
    return _("Points") if kind == "points" else unit


def span(length: timedelta) -> str:
    """`a moment`, `45 min`, `5 h`, `3 days`."""
    minutes = int(abs(length).total_seconds() // 60)
    if minutes == 0:
        return _("a moment")
    if minutes < 60:
        return _("{n} min").format(n=minutes)
    if minutes < 48 * 60:
        return _("{n} h").format(n=minutes // 60)
    days = minutes // (24 * 60)
    return ngettext("{n} day", "{n} days", days).format(n=days)


@dataclass(frozen=True)
class Clock:
    """How a date stands to now: `3 h left`, `2 days late`."""

    text: str
    is_late: bool
    at: datetime


def clock_of(at: datetime, now: datetime) -> Clock:
    """How a date stands to now."""
    if at <= now:
        return Clock(_("{span} late").format(span=span(now - at)), True, at)
    return Clock(_("{span} left").format(span=span(at - now)), False, at)
