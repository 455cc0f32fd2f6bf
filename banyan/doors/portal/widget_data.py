"""widget_data: what the widget shows, as plain values with every text in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import quote

import segno
from django.conf import settings
from django.utils.translation import gettext as _

from banyan.core.ledger.totals import Totals, totals
from banyan.core.people.names import advocates_name
from banyan.core.programs.force import Running
from banyan.core.referrals.friends import counts, details, friends
from banyan.doors.portal import saying
from banyan.doors.portal.enrolment import Membership, condition_in_words, why_not
from banyan.doors.portal.friends import SHOWN, FriendLine, friend_lines
from banyan.doors.portal.person import Person
from banyan.doors.portal.program import WHY_NOT
from banyan.doors.portal.rewards import names_of_things
from banyan.engine.language.explain import Language
from banyan.growth.toolkit.read import (
    call,
    offer_of,
    presentation,
    ready,
    reassurance,
    title_of,
    tracked,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 5
"""So many friends are shown; the portal has the rest."""


def for_anybody(running: Running, language: Language, *, now: datetime) -> dict[str, Any]:
    """What everybody may know. `state`: `signed_out`, or `stopped` with a `note`."""
    told = _program(running, language)
    is_quiet = call(running.program.slug).place == "nowhere"
    if running.is_open and not is_quiet:
        return told | {"state": "signed_out", "note": ""}
    if running.is_open:
        return told | {"state": "stopped", "note": str(WHY_NOT["not_called"])}
    return told | {"state": "stopped", "note": _why_stopped(running, _reason(running, now))}


def for_customer(person: Person, one: Membership) -> dict[str, Any]:
    """What a customer sees. `state`: `open` to who may take part, `member`, or `stopped` with a
    `note`; `link` and `share` of a member alone, `figures` of who ever had a link."""
    told = _program(one.running, person.language)
    if one.is_member and one.running.is_open:
        sharing = {"state": "member", "note": "", "link": _link(one), "share": _share(person, one)}
        return told | sharing | {"figures": _figures(person, one)}
    reason = why_not(person, one.running)
    note = _why_stopped(one.running, reason, person) if reason else ""
    told |= {"state": "stopped" if reason else "open", "note": note}
    return told | ({"figures": _figures(person, one)} if one.links else {})


def _program(running: Running, language: Language) -> dict[str, Any]:
    slug, number = running.program.slug, running.version.number
    offer = offer_of(running.terms, language)
    return {
        "lang": language,
        "program": {
            "slug": slug,
            "title": title_of(running.terms, language),
            "brand": presentation(slug).brand,
        },
        "offer": {"you": offer.advocate_lines, "friend": offer.friend_lines},
        "rules": {"version": number, "url": _page(f"/programs/{slug}/rules/{number}/", language)},
        "pages": {
            "program": _page(f"/programs/{slug}/", language),
            "mine": f"{settings.BASE_URL}/me/p/{slug}/",
        },
        "reassurance": [line.text for line in reassurance(running.terms, language)],
        "texts": _texts(number),
    }


def _texts(version: int) -> dict[str, str]:
    return {
        "you": _("For you"),
        "friend": _("For your friend"),
        "sign_in": _("Sign in to get your link"),
        "invited": _("You came with code {code}. It counts when you sign up or order."),
        "agree": _("I have read the rules (version {number}) and agree.").format(number=version),
        "rules": _("Read the rules"),
        "tick": _("Tick the box first."),
        "join": _("Get my link"),
        "joining": _("One moment, your link is being made …"),
        "your_link": _("Your link"),
        "code": _("Your code: {code}"),
        "share": _("Share"),
        "copy_text": _("Copy text with link"),
        "copy": _("Copy link"),
        "copied": _("Copied. Paste it wherever your friend will read it."),
        "shared": _("Shared. Thank you!"),
        "failed": _("That did not work. Please try again."),
        "qr": _("QR code"),
        "qr_label": _("QR code of your link"),
        "opened": _("Link opened: {number}"),
        "joined": _("Friends joined: {number}"),
        "friends": _("Your friends"),
        "no_friends": _("Nobody has come by your link yet."),
        "rewards": _("Your rewards"),
        "pending": _("{amount} on the way"),
        "all": _("Everything about my referrals"),
        "how": _("How it works"),
        "new_tab": _("(opens in a new tab)"),
    }


def _reason(running: Running, now: datetime) -> str:
    """As `enrolment.why_not`, for nobody in particular."""
    if running.program.status in ("paused", "closed"):
        return running.program.status
    first, _last = running.terms.runs_us
    starts_later = first is not None and _EPOCH + timedelta(microseconds=first) > now
    return "not_yet" if starts_later else "over"


def _why_stopped(running: Running, reason: str, person: Person | None = None) -> str:
    if reason == "condition":
        assert person is not None
        condition = condition_in_words(person, running)
        return _("To take part, this must be so: {condition}.").format(condition=condition)
    return str(WHY_NOT[reason])


def _link(one: Membership) -> dict[str, Any]:
    return {
        "code": one.code,
        "url": f"{settings.BASE_URL}/r/{quote(one.code)}",
        "qr": _qr(tracked(one.code, channel="qr")),
    }


def _qr(url: str) -> dict[str, Any]:
    """The dark modules of a QR code as the path of an SVG of `size` units; the white around it is
    in it. A picture by its address would need the host's permission for our images."""
    rows = list(segno.make_qr(url, error="m").matrix_iter(border=4))
    path = "".join(_runs(y, row) for y, row in enumerate(rows))
    return {"size": len(rows), "path": path}


def _runs(y: int, row: Iterable[int]) -> str:
    """The dark modules of a row, neighbours as one rectangle."""
    x, path = 0, ""
    for is_dark, modules in groupby(row):
        width = len(list(modules))
        path += f"M{x} {y}h{width}v1h-{width}z" if is_dark else ""
        x += width
    return path


def _share(person: Person, one: Membership) -> dict[str, dict[str, str]]:
    """The ready text for the two ways in which the widget passes it on."""
    values = {"advocate": advocates_name(person.user_id)}
    prepared = ready(one.running.terms, one.code, "copy", person.language, values)
    system = tracked(one.code, channel="system", script=prepared.script)
    return {
        "copy": {"text": prepared.text, "url": prepared.url, "script": prepared.script},
        "system": {
            "text": prepared.text.replace(prepared.url, system),
            "url": system,
            "script": prepared.script,
        },
    }


def _figures(person: Person, one: Membership) -> dict[str, Any]:
    numbers = counts(person.ids, program=one.slug)
    latest = details(friends(person.ids, program=one.slug, limit=LATEST))
    things = names_of_things({one.slug: one.running}, person.language)
    return {
        "opened": one.clicks,
        "joined": one.joined,
        "states": [
            {"state": state, "label": str(saying.STATES[state]), "count": numbers.get(state, 0)}
            for state in SHOWN
        ],
        "friends": [_friend(line) for line in friend_lines(person, latest)],
        "balances": [_balance(row, person, things) for row in totals(person.ids)],
    }


def _friend(line: FriendLine) -> dict[str, str]:
    return {
        "name": line.name,
        "state": line.state,
        "label": line.label,
        "at": line.changed_at,
        "note": line.missing or line.reason,
    }


def _balance(row: Totals, person: Person, things: Mapping[str, str]) -> dict[str, str]:
    pending = saying.figure(row.unit, row.pending, person.language) if row.pending else ""
    return {
        "name": saying.unit_name(row.unit, things),
        "available": saying.figure(row.unit, row.available, person.language),
        "pending": pending,
    }


def _page(path: str, language: Language) -> str:
    return f"{settings.BASE_URL}{path}?lang={language}"
