"""program: one program as a customer takes part in it: agree, share, see what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from banyan.core.people.names import advocates_name
from banyan.core.programs.force import running
from banyan.core.referrals.friends import counts
from banyan.doors.portal import saying
from banyan.doors.portal.enrolment import (
    MayNotTakePart,
    Membership,
    condition_in_words,
    enrol,
    is_called,
    memberships,
    why_not,
)
from banyan.doors.portal.friends import counted
from banyan.doors.portal.nominate import takes_leads
from banyan.doors.portal.person import Person, person_of, say
from banyan.doors.portal.rewards import names_of_things
from banyan.doors.portal.ruletext import rules as rules_text
from banyan.doors.portal.session import for_customer
from banyan.growth.toolkit.pictures import SIZES
from banyan.growth.toolkit.read import (
    Ready,
    Script,
    faq,
    good_fit,
    offer_of,
    ready,
    reassurance,
    script,
    scripts,
    title_of,
)
from banyan.pipeline.approving.announced import announced, replaced
from banyan.pipeline.limits import Room, rooms

CHANNELS = {
    "wechat": gettext_lazy("WeChat"),
    "moments": gettext_lazy("Moments"),
    "copy": gettext_lazy("Copy"),
    "sms": gettext_lazy("Message"),
    "email": gettext_lazy("E-mail"),
    "poster": gettext_lazy("Poster"),
    "system": gettext_lazy("More"),
}
"""Ways to pass a link on, in the order of the sheet. `system` is the telephone's own sheet."""

_TEXTS_FOR = {"poster": "moments", "system": "wechat"}
"""Whose texts a channel takes that has none of its own."""

KINDS = {
    "benefit": gettext_lazy("The benefit"),
    "feeling": gettext_lazy("From the heart"),
    "scene": gettext_lazy("A moment"),
}

PERIODS = {
    "day": gettext_lazy("today"),
    "week": gettext_lazy("this week"),
    "month": gettext_lazy("this month"),
    "quarter": gettext_lazy("this quarter"),
    "year": gettext_lazy("this year"),
    None: gettext_lazy("in all"),
}

WHY_NOT = {
    "paused": gettext_lazy("This program is paused. What you have earned stays."),
    "closed": gettext_lazy("This program has ended. What you have earned stays."),
    "not_yet": gettext_lazy("This program has not begun yet."),
    "over": gettext_lazy("This program has run out. What you have earned stays."),
    "not_called": gettext_lazy(
        "This program is not looking for anybody where you are at present. Please look in again."
    ),
}


@dataclass(frozen=True)
class LimitLine:
    """A limit and what is left of it; `share` is how much is used, 0 to 10."""

    text: str
    left: str
    is_used_up: bool


@for_customer
@require_GET
def page(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A program: for who takes part the way to share it, for others the way to take part."""
    person = person_of(request)
    one = _membership(person, slug)
    values = _around(person, one)
    if one.is_member and one.running.is_open:
        return render(request, "portal/me/share.html", values | _sharing(request, person, one))
    return render(request, "portal/me/program.html", values | _taking_part(person, one))


@for_customer
@require_POST
def take_part(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Agree to the rules in force; the link is there at once."""
    person = person_of(request)
    one = _membership(person, slug)
    if request.POST.get("version", "") != str(one.running.version.number):
        # The rules changed while the page lay open: what was read is not what would be agreed to.
        return redirect("portal:my-program", slug)
    try:
        is_taken_up = enrol(person, one)
    except MayNotTakePart:
        return redirect("portal:my-program", slug)
    if not is_taken_up:
        return render(request, "portal/me/wait.html", {"tab": "home", "slug": slug}, status=202)
    return redirect("portal:my-program", slug)


@for_customer
@require_POST
def shared(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Note that the link is passed on through a channel. Scripts send it by the way; without one
    the sheet of the channel follows."""
    person = person_of(request)
    one = _open_membership(person, slug)
    channel = _channel(request.POST.get("channel", ""))
    wanted = _script(request.POST.get("script", ""))
    name = _ready(person, one, channel, wanted, advocates_name(person.user_id)).script
    properties = {"program": slug, "channel": channel, "code": one.code}
    properties |= {"script": name} if name else {}
    say(person, {"type": "track", "event": "Referral Shared", "properties": properties})
    if request.POST.get("quietly"):
        return HttpResponse(status=204)
    return redirect(_sheet_path(slug, channel, name))


@for_customer
@require_GET
def sheet(request: HttpRequest, slug: str, channel: str) -> HttpResponseBase:
    """Everything for one channel: the text, the link, the picture, and how to go on."""
    person = person_of(request)
    one = _open_membership(person, slug)
    wanted = _script(request.GET.get("script", ""))
    name = advocates_name(person.user_id)
    prepared = _ready(person, one, _channel(channel), wanted, name)
    values = {
        "channel": channel,
        "label": CHANNELS[channel],
        "ready": prepared,
        "open_url": _open_url(channel, prepared, one, person),
        "posters": _posters(one.code),
        "is_in_wechat": "MicroMessenger" in request.headers.get("User-Agent", ""),
    }
    return render(request, "portal/me/sheet.html", _around(person, one) | values)


@for_customer
@require_GET
def rules(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The rules that bind: those in force, or any published version."""
    person = person_of(request)
    one = _membership(person, slug)
    wanted = request.GET.get("version", str(one.running.version.number))
    found = [row for row in one.running.versions if str(row.number) == wanted]
    if not found:
        raise Http404
    [version] = found
    zone = version.terms.timezone
    begins = {row.number: start for row, start in announced(slug, person.now)}
    never = {number for number, its in replaced(one.running.versions).items() if its.later is None}
    editions = [
        {
            "number": row.number,
            "day": saying.day(row.published_at, zone, person.language) if row.published_at else "",
            "is_shown": row.number == version.number,
            "is_in_force": one.running.is_in_force and row.number == one.running.version.number,
            "begins": saying.day(begins[row.number], zone, person.language)
            if row.number in begins
            else "",
            "is_void": row.number in never,
        }
        for row in one.running.versions
    ]
    values = {
        "text": rules_text(version.terms, person.language),
        # One that never came into force binds nobody; who was given its address can read that.
        "editions": [edition for edition in editions if not edition["is_void"]],
        "edition": next(edition for edition in editions if edition["is_shown"]),
    }
    return render(request, "portal/me/rules.html", _around(person, one) | values)


@for_customer
@require_GET
def questions(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The questions of a program, to be searched."""
    person = person_of(request)
    one = _membership(person, slug)
    query = request.GET.get("q", "").strip()[:100]
    found = faq(one.running.terms, person.language, query=query)
    return render(
        request, "portal/me/questions.html", _around(person, one) | {"q": query, "found": found}
    )


def _membership(person: Person, slug: str) -> Membership:
    programs = running(person.now)
    found = [one for one in memberships(person, programs) if one.slug == slug]
    if not found:
        raise Http404
    return found[0]


def _open_membership(person: Person, slug: str) -> Membership:
    one = _membership(person, slug)
    if not (one.is_member and one.running.is_open):
        raise Http404
    return one


def _around(person: Person, one: Membership) -> dict[str, Any]:
    """What every page of a program shows."""
    terms = one.running.terms
    offer = offer_of(terms, person.language)
    return {
        "tab": "home",
        "slug": one.slug,
        "title": title_of(terms, person.language),
        "you_get": offer.advocate_lines,
        "friend_gets": offer.friend_lines,
        "version": one.running.version.number,
    }


def _taking_part(person: Person, one: Membership) -> dict[str, Any]:
    reason = why_not(person, one.running)
    said = str(WHY_NOT.get(reason, ""))
    if reason == "condition":
        said = _("To take part, this must be so: {condition}.").format(
            condition=condition_in_words(person, one.running)
        )
    return {
        "reason": reason,
        "why_not": said,
        "is_member": one.is_member,
        "rules": rules_text(one.running.terms, person.language),
        "reassurance": reassurance(one.running.terms, person.language),
        "good_fit": good_fit(one.running.terms, person.language),
        **_counters(person, one),
    }


def _sharing(request: HttpRequest, person: Person, one: Membership) -> dict[str, Any]:
    terms = one.running.terms
    wanted = _script(request.GET.get("script", ""))
    name = advocates_name(person.user_id)
    texts = [
        {"id": each.id, "label": KINDS[each.kind], "is_chosen": wanted and each.id == wanted.id}
        for each in _distinct(scripts(one.slug, person.language, "wechat"))
    ]
    return {
        "code": one.code,
        "url": f"{settings.BASE_URL}/r/{quote(one.code)}",
        "channels": [_button(person, one, channel, wanted, name) for channel in CHANNELS],
        "texts": texts,
        "ready": _ready(person, one, "wechat", wanted, name),
        "limits": [_limit(person, each, terms.timezone, one) for each in _rooms(person, one)],
        "is_called": is_called(person, one.running),
        "has_new_rules": (one.agreed_version or 0) < one.running.version.number,
        "reassurance": reassurance(terms, person.language),
        "good_fit": good_fit(terms, person.language),
        "nominate_url": reverse("portal:nominate", args=[one.slug])
        if takes_leads(one.running)
        else "",
        **_counters(person, one),
    }


def _distinct(found: list[Script]) -> list[Script]:
    """The most fitting text of each kind."""
    by_kind: dict[str, Script] = {}
    for each in found:
        by_kind.setdefault(each.kind, each)
    return list(by_kind.values())


def _counters(person: Person, one: Membership) -> dict[str, Any]:
    return {
        "clicks": one.clicks,
        "joined": one.joined,
        "counts": counted(counts(person.ids, program=one.slug)),
    }


def _button(
    person: Person, one: Membership, channel: str, wanted: Script | None, name: str
) -> dict[str, str]:
    """A way to share with its text, ready for a script to use."""
    prepared = _ready(person, one, channel, wanted, name)
    return {
        "name": channel,
        "label": str(CHANNELS[channel]),
        "text": prepared.text,
        "url": prepared.url,
        "script": prepared.script,
        "open_url": _open_url(channel, prepared, one, person),
    }


def _ready(
    person: Person, one: Membership, channel: str, wanted: Script | None, name: str
) -> Ready:
    """The text for a channel; one that was chosen, where it is written for it. `name`: how the
    advocate is shown."""
    of = _TEXTS_FOR.get(channel, channel)
    fits = wanted is not None and wanted.channel in ("", of) and person.language in wanted.texts
    values = {"advocate": name}
    return ready(
        one.running.terms,
        one.code,
        of,
        person.language,
        values,
        script=wanted if fits else None,
    )


def _open_url(channel: str, prepared: Ready, one: Membership, person: Person) -> str:
    """Opens the telephone's own program for a channel; empty where there is none."""
    if channel == "sms":
        # iOS wants `&`, Android `?`; both read this.
        return f"sms:?&body={quote(prepared.text)}"
    if channel == "email":
        subject = title_of(one.running.terms, person.language)
        return f"mailto:?subject={quote(subject)}&body={quote(prepared.text)}"
    return ""


_SIZES = {
    "moments": gettext_lazy("For Moments"),
    "chat": gettext_lazy("For a chat"),
    "story": gettext_lazy("For a full screen"),
    "a4": gettext_lazy("For print (A4)"),
}


def _posters(code: str) -> list[dict[str, Any]]:
    return [
        {
            "size": size,
            "label": _SIZES[size],
            "url": f"/poster/{quote(code)}/{size}.jpg",
            "width": form.width,
            "height": form.height,
        }
        for size, form in SIZES.items()
    ]


def _rooms(person: Person, one: Membership) -> list[Room]:
    # What the link brings is decided for the user id that it was made for, one of the person's.
    return rooms(one.running.terms, one.first_link.advocate, now=person.now)


def _limit(person: Person, room: Room, zone: str, one: Membership) -> LimitLine:
    things = names_of_things({one.slug: one.running}, person.language)
    period = str(PERIODS[room.period])
    if room.counts:
        size, left = str(room.size), str(room.left)
        text = _("Rewarded friends {period}: at most {size}").format(period=period, size=size)
    else:
        size = saying.amount(room.unit, room.size, person.language, things)
        left = saying.amount(room.unit, room.left, person.language, things)
        text = _("Reward {period}: at most {size}").format(period=period, size=size)
    if room.left:
        said = _("{left} left").format(left=left)
    elif room.ends_at is not None:
        day = saying.day(room.ends_at, zone, person.language)
        said = _("used up; new from {day}").format(day=day)
    else:
        said = _("used up")
    return LimitLine(text, said, not room.left)


def _channel(given: str) -> str:
    if given not in CHANNELS:
        raise Http404
    return given


def _script(given: str) -> Script | None:
    found = script(given) if given else None
    return found if found and found.is_active and found.reader == "friend" else None


def _sheet_path(slug: str, channel: str, script_id: str) -> str:
    query = f"?script={quote(script_id)}" if script_id else ""
    return f"/me/p/{slug}/share/{channel}/{query}"
