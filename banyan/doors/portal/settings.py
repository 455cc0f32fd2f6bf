"""settings: how a customer appears and is told things, what was agreed to, devices and data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from banyan.core.people.names import CHOSEN, LONGEST_CHOSEN, NAME_SHOWN, advocates_name
from banyan.core.people.read import ConsentRow, consents, customer
from banyan.core.programs.force import running
from banyan.doors.portal import saying
from banyan.doors.portal.enrolment import latest, purpose_of
from banyan.doors.portal.home import honours_of
from banyan.doors.portal.languages import KEPT_S
from banyan.doors.portal.person import Person, person_of, say, taken_up
from banyan.doors.portal.session import device_of, for_customer, sign_out
from banyan.doors.refusals import refusal
from banyan.growth.journeys.acts import BadPreference, set_preferences
from banyan.growth.journeys.channels import configured
from banyan.growth.journeys.kinds import CHANNELS
from banyan.growth.journeys.read import preferences
from banyan.growth.journeys.words import title_of
from banyan.pipeline import takeout
from banyan.pipeline.farewell import erase
from banyan.trust.access import devices
from banyan.trust.privacy.acts import (
    LONGEST_TEXT,
    AlreadyErased,
    give_consent,
    open_request,
    withdraw_consent,
)
from banyan.trust.privacy.read import requests

CHANNEL_NAMES = {
    "email": gettext_lazy("E-mail"),
    "sms": gettext_lazy("Text message"),
    "wechat": gettext_lazy("WeChat"),
}
PURPOSES: Mapping[str, Any] = {
    "terms": gettext_lazy("Keeping your contact and the invitation"),
    "marketing": gettext_lazy("News and offers"),
    "rewards": gettext_lazy("Messages about your rewards"),
    "progress": gettext_lazy("Messages about your friends"),
    "reminders": gettext_lazy("Reminders"),
    NAME_SHOWN: gettext_lazy("Whoever invited you sees your name"),
}
REASON = "asked for by the customer in the portal"
NAME_SHOWN_VERSION = "settings-name-1"


@for_customer
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """Everything that can be set, on one page."""
    return _page(request, person_of(request))


@for_customer
@require_POST
def name(request: HttpRequest) -> HttpResponseBase:
    """How the name appears to friends; an empty one is masked again."""
    person = person_of(request)
    wanted = " ".join(request.POST.get("name", "").replace("\x00", "").split())
    if len(wanted) > LONGEST_CHOSEN:
        said = _("At most {n} characters, please.").format(n=LONGEST_CHOSEN)
        return _page(request, person, wrong={"name": said}, typed=wanted, status=422)
    taken_up(say(person, {"type": "identify", "traits": {CHOSEN: wanted}}))
    return redirect("/me/settings/?done=1#name")


@for_customer
@require_POST
def telling(request: HttpRequest) -> HttpResponseBase:
    """By which ways one is told, and when not."""
    person = person_of(request)
    ends = [_clock(request.POST.get(end, "")) for end in ("quiet_from", "quiet_until")]
    quiet = (ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None
    try:
        set_preferences(
            person.user_id,
            channels={channel: channel in request.POST for channel in configured()},
            quiet_hours=quiet,
            now=person.now,
        )
    except BadPreference as bad:
        return _page(request, person, wrong={"telling": refusal(bad)}, status=422)
    return redirect("/me/settings/?done=1#telling")


@for_customer
@require_POST
def silence(request: HttpRequest) -> HttpResponseBase:
    """No to everything: each purpose, each way. What is in the inbox stays."""
    person = person_of(request)
    receipt = withdraw_consent(person.actor, person.user_id, channel="portal", now=person.now)
    set_preferences(person.user_id, channels=dict.fromkeys(CHANNELS, False), now=person.now)
    taken_up(receipt.position)
    return redirect("/me/settings/?done=1#telling")


@for_customer
@require_POST
def consent(request: HttpRequest) -> HttpResponseBase:
    """Withdraw one consent, or let one's name be seen."""
    person = person_of(request)
    purpose = request.POST.get("purpose", "")
    if request.POST.get("give") and purpose == NAME_SHOWN:
        receipt = give_consent(
            person.actor,
            person.user_id,
            NAME_SHOWN,
            text_version=f"{NAME_SHOWN_VERSION}.{person.language}",
            channel="portal",
            now=person.now,
        )
    elif purpose in latest(consents(person.user_id)):
        receipt = withdraw_consent(
            person.actor, person.user_id, purpose, channel="portal", now=person.now
        )
    else:
        return redirect("/me/settings/#consents")
    taken_up(receipt.position)
    return redirect("/me/settings/?done=1#consents")


@for_customer
@require_POST
def speak(request: HttpRequest) -> HttpResponseBase:
    """The language of pages and messages."""
    person = person_of(request)
    wanted = request.POST.get("language", "")
    if wanted in dict(settings.LANGUAGES):
        locale = "zh-CN" if wanted == "zh-hans" else "en"
        taken_up(say(person, {"type": "identify", "traits": {"locale": locale}}))
    response = redirect("/me/settings/?done=1#language")
    if wanted in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wanted,
            max_age=KEPT_S,
            samesite="Lax",
            secure=settings.IS_SECURE,
        )
    return response


@for_customer
@require_POST
def end_device(request: HttpRequest, number: int) -> HttpResponseBase:
    """Sign out on one device."""
    person = person_of(request)
    if number == device_of(request):
        sign_out(request)
        return redirect("portal:sign-in")
    devices.end(person.user_id, number, now=person.now)
    return redirect("/me/settings/?done=1#devices")


@for_customer
@require_POST
def end_all(request: HttpRequest) -> HttpResponseBase:
    """Sign out everywhere, here too."""
    person = person_of(request)
    devices.end_all(person.user_id, now=person.now)
    sign_out(request)
    return redirect("portal:sign-in")


@for_customer
@require_POST
def download(request: HttpRequest) -> HttpResponseBase:
    """Everything that is held of the customer, as a file of JSON."""
    person = person_of(request)
    told = takeout.export(person.actor, person.user_id, reason=REASON, now=person.now)
    response = HttpResponse(
        json.dumps(told, ensure_ascii=False, indent=2), content_type="application/json"
    )
    response["Content-Disposition"] = f'attachment; filename="my-data-{person.now:%Y-%m-%d}.json"'
    return response


@for_customer
@require_POST
def correct(request: HttpRequest) -> HttpResponseBase:
    """Ask that something be put right, and say what; one request at a time."""
    person = person_of(request)
    said = request.POST.get("text", "").replace("\x00", "").replace("\r\n", "\n").strip()
    wrong = ""
    if any(row.kind == "correct" for row in requests(user_id=person.user_id, state="open")):
        wrong = _("You have asked already; that request is answered first.")
    elif not said:
        wrong = _("Say in a few words what is wrong, and how it should be.")
    elif len(said) > LONGEST_TEXT:
        wrong = _("At most {n} characters, please.").format(n=f"{LONGEST_TEXT:,}")
    if wrong:
        return _page(request, person, wrong={"correct": wrong}, correction=said, status=422)
    open_request(person.actor, "correct", person.user_id, text=said, now=person.now)
    return redirect("/me/settings/?done=1#data")


@for_customer
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest) -> HttpResponseBase:
    """Delete everything personal, once the customer has written that they mean it."""
    person = person_of(request)
    word = _("DELETE")
    values = {"tab": "settings", "word": word}
    if request.method == "GET":
        return render(request, "portal/me/erase.html", values)
    if request.POST.get("word", "").strip().casefold() != word.casefold():
        said = _("Write {word} to confirm.").format(word=word)
        return render(request, "portal/me/erase.html", values | {"wrong": said}, status=422)
    try:
        erase(person.actor, person.user_id, reason=REASON, now=person.now)
    except AlreadyErased:
        devices.end_all(person.user_id, now=person.now)
    sign_out(request)
    return render(request, "portal/me/erased.html")


def _page(
    request: HttpRequest,
    person: Person,
    *,
    wrong: Mapping[str, str] | None = None,
    typed: str | None = None,
    correction: str = "",
    status: int = 200,
) -> HttpResponse:
    row = customer(person.user_id)
    chosen = row.traits.get(CHOSEN) if row else None
    told, offered = preferences(person.user_id), configured()
    given = latest(consents(person.user_id))
    values = {
        "tab": "settings",
        "done": "done" in request.GET,
        "wrong": wrong or {},
        "name": typed if typed is not None else (chosen if isinstance(chosen, str) else ""),
        "appears": advocates_name(person.user_id),
        "longest": LONGEST_CHOSEN,
        "channels": [
            {"name": channel, "label": CHANNEL_NAMES[channel], "is_on": told.is_on(channel)}
            for channel in CHANNELS
            if channel in offered
        ],
        "quiet_from": f"{told.quiet_from:%H:%M}" if told.quiet_from else "",
        "quiet_until": f"{told.quiet_until:%H:%M}" if told.quiet_until else "",
        "consents": _consents(person, given),
        "name_shown": NAME_SHOWN,
        "is_name_shown": NAME_SHOWN in given and given[NAME_SHOWN].is_given,
        "devices": _devices(request, person),
        "requests": [
            {"number": one.number, "due": _day(one.due_at, person), "text": one.text}
            for one in requests(user_id=person.user_id, state="open")
            if one.kind == "correct"
        ],
        "correction": correction,
        "longest_correction": LONGEST_TEXT,
        "honours": honours_of(person, row),
    }
    return render(request, "portal/me/settings.html", values, status=status)


def _consents(person: Person, given: Mapping[str, ConsentRow]) -> list[dict[str, Any]]:
    titles = {purpose_of(slug): title_of(slug, person.language) for slug in running(person.now)}
    told = []
    for purpose, row in given.items():
        if purpose == NAME_SHOWN:
            continue
        name = titles.get(purpose) and _("Taking part in {title}").format(title=titles[purpose])
        told.append(
            {
                "purpose": purpose,
                "name": name or PURPOSES.get(purpose, purpose),
                "is_given": row.is_given,
                "version": row.text_version,
                "at": saying.moment(row.occurred_at, settings.OPERATOR_TIME_ZONE, person.language),
            }
        )
    return told


def _devices(request: HttpRequest, person: Person) -> list[dict[str, Any]]:
    here = device_of(request)
    return [
        {
            "number": one.number,
            "name": one.device or _("A device"),
            "since": saying.moment(one.begun_at, settings.OPERATOR_TIME_ZONE, person.language),
            "is_here": one.number == here,
        }
        for one in devices.of(person.user_id, now=person.now)
    ]


def _day(at: Any, person: Person) -> str:
    return saying.day(at, settings.OPERATOR_TIME_ZONE, person.language)


def _clock(given: str) -> time | None:
    """A time of day as browsers send it, `22:00`; None for none."""
    try:
        return time.fromisoformat(given).replace(tzinfo=None)
    except ValueError:
        return None
