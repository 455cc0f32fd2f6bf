"""words: facts as words, in the reader's language; what templates call their variables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from banyan.core.people.names import advocates_names, friends_names
from banyan.core.programs.read import published_program, versions
from banyan.engine.language.explain import Language
from banyan.engine.language.explain.quantity import quantity_minor
from banyan.engine.language.explain.safe import plain
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.program import Program
from banyan.growth.journeys.facts import Facts, Lacking
from banyan.kernel.money import minor_digits

REASONS: Mapping[str, str] = {
    "cap": gettext_noop("the most that one person can get was reached"),
    "limit": gettext_noop("the budget of the program for this reward is used up"),
    "risk": gettext_noop("a check against abuse did not pass"),
    "denied": gettext_noop("a person has looked at it and denied it"),
    "refund": gettext_noop("the order was refunded"),
    "declined": gettext_noop("the friend has declined"),
    "self_referral": gettext_noop("nobody can recommend themselves"),
    "outside_run": gettext_noop("the program was not running at that time"),
    "outside_window": gettext_noop("the friend joined too long after the invitation"),
    "advocate_not_eligible": gettext_noop("the conditions for recommending were not met then"),
    "not_new": gettext_noop("the friend was a customer already"),
    "lost_to_other_touch": gettext_noop("another invitation came first by the rules"),
}
"""Why something came to nothing, as the middle of a sentence."""

STEPS: Mapping[str, str] = {
    "accepted": gettext_noop("has accepted the invitation"),
    "activated": gettext_noop("has signed up"),
    "purchased": gettext_noop("has made a first purchase"),
    "repurchased": gettext_noop("has purchased again"),
}
"""What a friend has done, after the friend's name."""

_DONE: Mapping[str, tuple[str, str]] = {
    "joined": (gettext_noop("your friend {friend} has joined"), gettext_noop("you have joined")),
    "Order Completed": (
        gettext_noop("your friend {friend} has made a purchase"),
        gettext_noop("you have made a purchase"),
    ),
    "Signed Up": (
        gettext_noop("your friend {friend} has signed up"),
        gettext_noop("you have signed up"),
    ),
}
_THANKS: Mapping[str, str] = {
    "advocate": gettext_noop("Thank you for recommending us"),
    "upline": gettext_noop("Thank you for recommending us"),
    "friend": gettext_noop("Thank you for joining us"),
    "self": gettext_noop("Thank you for your trust in us"),
}
_OTHERWISE = (
    gettext_noop("your friend {friend} has reached a goal of the program"),
    gettext_noop("you have reached a goal of the program"),
)


def said(
    facts: Facts, program: str, language: Language, names: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """A notice's variables from its facts. `names`: how each person may be shown."""
    with translation.override(language):
        return _said(facts, program, language, names, now)


def shown_names(friends: Collection[str], advocates: Collection[str]) -> dict[str, str]:
    """How people may be shown to those who recommended them, or whom they recommended; empty for
    somebody of whom nothing is known."""
    return advocates_names(advocates) | friends_names(friends)


def title_of(program: str, language: Language) -> str:
    """A program's title in this language, else in the other, else its name."""
    if not program:
        return ""
    rows = [row for row in versions(program) if row.status == "published"]
    return _title(published_program(program, rows[0].number), language) if rows else program


def greeting(name: str, language: Language) -> str:
    """How a message to one person begins."""
    with translation.override(language):
        return _("Hello {name},").format(name=name) if name else _("Hello,")


def _said(
    facts: Facts, program: str, language: Language, names: Mapping[str, str], now: datetime
) -> dict[str, str]:
    voice = Voice(language, plain)
    terms = published_program(program, facts.version) if program and facts.version else None
    zone = terms.timezone if terms else settings.OPERATOR_TIME_ZONE
    friend = names.get(facts.friend, "") or (_("friend") if language == "zh-hans" else "")
    found = {
        "program": _title(terms, language) if terms else title_of(program, language),
        "friend": friend if facts.friend else "",
        "advocate": names.get(facts.advocate, ""),
        "amount": _amount(voice, facts.unit, facts.amount) if facts.amount else "",
        "left": _amount(voice, facts.unit, facts.left) if facts.left else "",
        "reason": _(REASONS[facts.reason]) if facts.reason else "",
        "step": _(STEPS[facts.step]) if facts.step else "",
        "thanks": _(_THANKS.get(facts.to, _THANKS["self"])),
        "missing": missing(facts.lacking, voice, terms) if facts.lacking and terms else "",
    }
    if facts.milestone:
        found["because"] = _because(facts, friend, terms)
    if facts.is_held:
        found["release"] = _("available once a person has checked it")
    elif facts.release is not None:
        found["release"] = _("available on {day}").format(day=_day(voice, facts.release, zone))
    if facts.expires is not None:
        day = _day(voice, facts.expires, zone)
        left = max((facts.expires - now).days, 0)
        found |= {
            "expires": day,
            "days_left": ngettext("{n} day", "{n} days", left).format(n=left)
            if left
            else _("less than a day"),
            "terms": _("it can be used until {day}").format(day=day),
        }
    return found


def missing(lacking: Lacking, voice: Voice, terms: Program) -> str:
    """What is still missing until the reward, as a phrase without a full stop. In the language that
    is active."""
    if lacking.sum is not None:
        size = _size(voice, terms, lacking.sum) if lacking.sum_of == "total" else str(lacking.sum)
        text = _("a total of {size} until the reward").format(size=size)
    else:
        things = _things(lacking, voice, terms)
        text = (
            _("{things} until the reward")
            if lacking.is_exact
            else _("{things} in all until the reward")
        ).format(things=things)
    if lacking.until is None:
        return text
    day = _day(voice, lacking.until, terms.timezone)
    return _("{missing} (by {day})").format(missing=text, day=day)


def _things(lacking: Lacking, voice: Voice, terms: Program) -> str:
    n = lacking.count
    if lacking.event == "Order Completed":
        if lacking.least_total is not None:
            size = _size(voice, terms, lacking.least_total)
            return ngettext(
                "{n} order of {size} or more", "{n} orders of {size} or more", n
            ).format(n=n, size=size)
        if lacking.is_conditional:
            return ngettext("{n} qualifying order", "{n} qualifying orders", n).format(n=n)
        return ngettext("{n} order", "{n} orders", n).format(n=n)
    known = _EVENTS.get(lacking.event)
    if known is not None:
        return known(n).format(n=n)
    return ngettext("{n} time “{event}”", "{n} times “{event}”", n).format(n=n, event=lacking.event)


# Each is a call of its own, so that the sentences are found in the source.
_EVENTS: Mapping[str, Callable[[int], str]] = {
    "Signed Up": lambda n: ngettext("{n} sign-up", "{n} sign-ups", n),
    "Account Created": lambda n: ngettext("{n} account", "{n} accounts", n),
    "Subscription Started": lambda n: ngettext("{n} subscription", "{n} subscriptions", n),
    "Trial Started": lambda n: ngettext("{n} trial", "{n} trials", n),
    "Invoice Paid": lambda n: ngettext("{n} paid bill", "{n} paid bills", n),
    "Contract Signed": lambda n: ngettext("{n} contract", "{n} contracts", n),
    "Trip Completed": lambda n: ngettext("{n} trip", "{n} trips", n),
    "Course Enrolled": lambda n: ngettext("{n} enrolment", "{n} enrolments", n),
}


def _because(facts: Facts, friend: str, terms: Program | None) -> str:
    event = facts.milestone
    if terms is not None and event in terms.milestones:
        event = terms.milestones[event].on
    of_friend, own = _DONE.get(event, _OTHERWISE)
    if facts.to in ("friend", "self"):
        return _(own)
    text: str = _(of_friend).format(friend=friend)
    return " ".join(text.split()) if not friend else text


def _title(program: Program, language: Language) -> str:
    if program.title is None:
        return program.program
    wanted, other = program.title.en, program.title.zh_hans
    if language == "zh-hans":
        wanted, other = other, wanted
    return wanted or other or program.program


def _amount(voice: Voice, unit: str, amount: int) -> str:
    return quantity_minor(voice, unit=unit, amount_minor=amount)


def _size(voice: Voice, terms: Program, amount: Decimal) -> str:
    whole = amount == amount.to_integral_value()
    digits = 0 if whole else minor_digits(terms.currency)
    return voice.money(amount, currency=terms.currency, digits=digits)


def _day(voice: Voice, at: datetime, zone: str) -> str:
    return voice.day(at.astimezone(UTC).astimezone(ZoneInfo(zone)).date())
