"""signin: into one's own pages: by a code, by a link in a message, by a token of the host site."""

from __future__ import annotations

from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from banyan.core.events import clock
from banyan.core.events.acts import append_one
from banyan.core.people.contacts import Kind
from banyan.core.people.masks import mask_email, mask_phone
from banyan.core.people.names import friends_names
from banyan.core.people.read import by_contact, customer
from banyan.doors.portal.contact import channel_of, contact_in, takes_phones
from banyan.doors.portal.languages import KEPT_S, language
from banyan.doors.portal.person import taken_up
from banyan.doors.portal.session import (
    HOME,
    address_of,
    customer_of,
    own_path,
    sign_in,
    sign_out,
)
from banyan.doors.refusals import refusal
from banyan.growth.journeys.acts import send_now
from banyan.trust.access import signin
from banyan.trust.access.devices import Way
from banyan.trust.access.owners import owners, spellings
from banyan.trust.access.signin import CODE_GOOD_FOR, HostClaim
from banyan.trust.access.tallies import TooOften

log = structlog.get_logger("banyan.portal")

PURPOSE = "sign_in"
_ASKED, _CHOICE, _NEXT = "asked", "choice", "next"


@never_cache
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponseBase:
    """One field: an e-mail address or a phone number, to which a code is sent."""
    wanted = own_path(request.POST.get("next") or request.GET.get("next", ""))
    if request.method == "GET":
        if customer_of(request) is not None:
            return redirect(wanted)
        return _form(request, wanted)
    given = request.POST.get("contact", "")
    try:
        contact = contact_in(given)
        _send(request, contact.kind, contact.value)
    except signin.NoContact:
        said = (
            _("Write an e-mail address or a phone number, such as anna@example.com.")
            if takes_phones()
            else _(
                "Write an e-mail address, such as anna@example.com. Text messages are not sent "
                "from here."
            )
        )
        return _form(request, wanted, status=422, given=given, wrong=said)
    except TooOften as often:
        return _too_often(request, often, "portal/me/signin.html", _asking(wanted, given))
    request.session[_NEXT] = wanted
    return redirect("portal:sign-in-code")


@never_cache
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponseBase:
    """The code that was sent; it is good in the browser that asked for it, and nowhere else."""
    asked = request.session.get(_ASKED)
    if asked is None:
        return redirect("portal:sign-in")
    values = {"contact": asked["contact"], "kind": asked["kind"], "minutes": _minutes()}
    if request.method == "GET":
        return render(request, "portal/me/code.html", values)
    try:
        proven = signin.check(
            asked["id"],
            request.POST.get("code", ""),
            purpose=PURPOSE,
            address=address_of(request),
            now=clock.now(),
        )
    except signin.WrongCode as wrong:
        if wrong.tries_left:
            text = ngettext(
                "This is not the code we sent. {n} more try is left.",
                "This is not the code we sent. {n} more tries are left.",
                wrong.tries_left,
            ).format(n=wrong.tries_left)
            return render(request, "portal/me/code.html", values | {"wrong": text}, status=422)
        return _start_again(request)
    except signin.CodeGone:
        return _start_again(request)
    except TooOften as often:
        return _too_often(request, often, "portal/me/code.html", values)
    del request.session[_ASKED]
    return _let_in(request, proven.kind, proven.value)


@never_cache
@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponseBase:
    """Several customers gave the same contact: which of them is it?"""
    proven = request.session.get(_CHOICE)
    if proven is None or clock.now().timestamp() > proven["until"]:
        return redirect("portal:sign-in")
    known = proven["customers"]
    chosen = request.POST.get("number", "")
    if chosen.isascii() and chosen.isdigit() and int(chosen) < len(known):
        del request.session[_CHOICE]
        return _enter(request, known[int(chosen)], "code", request.session.pop(_NEXT, HOME))
    names = friends_names(known)
    people = [names[user_id] or _("Account {n}").format(n=n) for n, user_id in enumerate(known, 1)]
    return render(request, "portal/me/choose.html", {"people": list(enumerate(people))})


@never_cache
@require_http_methods(["GET", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponseBase:
    """A link from a message. Opening it does nothing yet, since mail filters open links too."""
    if request.method == "GET":
        if signin.is_good(token, now=clock.now()):
            return render(request, "portal/me/link.html")
        return _link_gone(request)
    try:
        entry = signin.entered(token, now=clock.now())
    except signin.LinkGone:
        return _link_gone(request)
    return _enter(request, entry.user_id, "link", entry.leads_to)


@csrf_exempt  # the host's page posts it; the token itself is the proof, and good for once
@never_cache
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponseBase:
    """A customer of the host site, by a token that it signed."""
    token = request.POST.get("token") or request.GET.get("token", "")
    try:
        claim = signin.host_claim(token, now=clock.now())
    except signin.BadClaim as bad:
        log.warning("host_token_refused", reason=bad.sentence)
        return render(request, "portal/me/refused.html", {"reason": refusal(bad)}, status=403)
    identify(claim)
    return _enter(request, claim.user_id, "host", claim.next or HOME, locale=claim.locale)


@require_POST
def leave(request: HttpRequest) -> HttpResponseBase:
    """Sign out in this browser."""
    sign_out(request)
    return redirect("portal:sign-in")


def _send(request: HttpRequest, kind: Kind, value: str) -> None:
    """A code to a contact. A contact we do not know gets a message as well, with the same work, so
    that neither the answer nor its time tells one from the other."""
    now = clock.now()
    asked = signin.ask(kind, value, purpose=PURPOSE, address=address_of(request), now=now)
    is_known = bool([one for each in spellings(kind, value) for one in by_contact(kind, each)])
    minutes = str(_minutes())
    send_now(
        "sign_in_code" if is_known else "sign_in_unknown",
        channel=channel_of(kind),
        to=value,
        lang=language(),
        values={"minutes": minutes} | ({"code": asked.code} if is_known else {}),
        key=asked.id,
        now=now,
    )
    request.session.cycle_key()
    # The session's row is no place for a contact; it is shown as its owner recognises it.
    shown = mask_email(value) if kind == "email" else mask_phone(value)
    request.session[_ASKED] = {"id": asked.id, "kind": kind, "contact": shown}


def _let_in(request: HttpRequest, kind: Kind, value: str) -> HttpResponse:
    known = owners(kind, value)
    if len(known) == 1:
        return _enter(request, known[0], "code", request.session.pop(_NEXT, HOME))
    if known:
        until = (clock.now() + CODE_GOOD_FOR).timestamp()
        request.session[_CHOICE] = {"customers": known, "until": until}
        return redirect("portal:sign-in-choose")
    return render(request, "portal/me/unknown.html", {"contact": value}, status=404)


def _enter(
    request: HttpRequest, user_id: str, way: Way, leads_to: str, *, locale: str = ""
) -> HttpResponse:
    sign_in(request, user_id, way=way)
    response = HttpResponseRedirect(own_path(leads_to))
    _speak(request, response, user_id, locale)
    return response


def _speak(request: HttpRequest, response: HttpResponse, user_id: str, locale: str) -> None:
    """In the customer's language from now on, unless the browser was told another."""
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return
    row = None if locale else customer(user_id)
    spoken = locale or (row.locale if row else "")
    if spoken:
        wanted = "zh-hans" if spoken.lower().startswith("zh") else "en"
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wanted,
            max_age=KEPT_S,
            samesite="Lax",
            secure=settings.IS_SECURE,
        )


def identify(claim: HostClaim) -> None:
    """What the host says of its customer goes to the log when we do not know it yet."""
    row = customer(claim.user_id)
    known = (row.traits.get("name"), row.locale) if row else ("", "")
    said = {
        name: value
        for name, value, old in (
            ("name", claim.name, known[0]),
            ("locale", claim.locale, known[1]),
        )
        if value and value != old
    }
    if said or row is None:
        event = {"type": "identify", "userId": claim.user_id, "traits": said}
        # Their first page greets them by name, and knows them, once this is decided.
        taken_up(append_one(f"key:{claim.key_id}", event, now=clock.now()).position)


def _form(
    request: HttpRequest, wanted: str, *, status: int = 200, given: str = "", wrong: str = ""
) -> HttpResponse:
    values = _asking(wanted, given) | {"wrong": wrong}
    return render(request, "portal/me/signin.html", values, status=status)


def _asking(wanted: str, given: str) -> dict[str, Any]:
    return {"next": wanted, "given": given, "takes_phones": takes_phones()}


def _start_again(request: HttpRequest) -> HttpResponse:
    del request.session[_ASKED]
    said = _("This code is used, too old, or was tried too often. Ask for a new one.")
    return _form(request, request.session.get(_NEXT, HOME), status=410, wrong=said)


def _link_gone(request: HttpRequest) -> HttpResponse:
    said = _("This link was used or is too old. Sign in with a code instead.")
    return _form(request, HOME, status=410, wrong=said)


def _too_often(
    request: HttpRequest, often: TooOften, template: str, values: dict[str, Any]
) -> HttpResponse:
    minutes = -(-often.retry_after_s // 60)
    said = ngettext(
        "Too many tries. Wait {n} minute and try again.",
        "Too many tries. Wait {n} minutes and try again.",
        minutes,
    ).format(n=minutes)
    response = render(request, template, values | {"wrong": said}, status=429)
    response["Retry-After"] = str(often.retry_after_s)
    return response


def _minutes() -> int:
    return int(CODE_GOOD_FOR.total_seconds()) // 60
