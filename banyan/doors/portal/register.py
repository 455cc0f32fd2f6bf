"""register: yes: one contact, proven by a code, and the consents; then the welcome.

What a friend typed waits in the session, encrypted, until the code is there; then it goes into the
log and the session forgets it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.doors.portal import joining
from banyan.doors.portal.cases import case_page
from banyan.doors.portal.consents import Consented, asks, given
from banyan.doors.portal.contact import channel_of, contact_in, takes_phones
from banyan.doors.portal.invitation import (
    Invitation,
    Visit,
    asks_for_privacy,
    by_code,
    company,
    visit_of,
)
from banyan.doors.portal.joining import Friend, Source, known_as
from banyan.doors.portal.landing import told, words_of
from banyan.doors.portal.languages import language
from banyan.doors.portal.outcome import outcome, taken_by_code, would_count
from banyan.doors.portal.session import address_of, sign_in
from banyan.growth.journeys.acts import send_now
from banyan.growth.leads.contact import Given, NotAName, named
from banyan.kernel.sealing import CannotOpen, seal, unseal
from banyan.pipeline import wait
from banyan.trust.access import signin, tallies
from banyan.trust.access.signin import NoContact

PURPOSE = "join"
AGAIN_AFTER = timedelta(seconds=30)
"""A form that is sent twice sends one code."""
PATIENCE_S = 4.0

_KEPT = "joining"
_MOST_KEPT = 3
_CONTEXT = "joining"

View = Callable[[HttpRequest, Invitation, Visit], HttpResponse]


class Pending(msgspec.Struct, frozen=True):
    """What a friend typed, and the code that was sent for it."""

    asked: str
    asked_at: datetime
    kind: str
    value: str
    name: str
    consents: list[tuple[str, str]]
    channel: str
    script: str


def _for_friends(view: View) -> Callable[..., HttpResponse]:
    """Only for an invitation that can be accepted, by somebody who is not a customer yet."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, code: str) -> HttpResponse:
        visit = visit_of(request)
        invitation = by_code(code, visit, now=clock.now())
        if invitation is None:
            return case_page(request, "unknown", code=code)
        if visit.customer is not None and invitation.case == "open":
            return HttpResponseRedirect(reverse("portal:welcome", args=[invitation.code]))
        # At the advocate's own device a friend may register, who gives a contact of their own.
        if invitation.case == "open" or (invitation.case == "own" and visit.customer is None):
            return view(request, invitation, visit)
        return case_page(request, invitation.case, invitation=invitation)

    return guarded


@require_http_methods(["GET", "HEAD", "POST"])
@_for_friends
def join(request: HttpRequest, invitation: Invitation, visit: Visit) -> HttpResponse:
    """`/i/CODE/join`: the form with one contact, a name if one likes, and the consents."""
    if request.method != "POST":
        pending = _pending(request, invitation.code)
        typed = {"contact": pending.value, "name": pending.name} if pending else {}
        return _form(request, invitation, visit, typed, {})
    typed = {name: request.POST.get(name, "").replace("\x00", "") for name in ("contact", "name")}
    wrong: dict[str, str] = {}
    contact = name = None
    try:
        contact = contact_in(typed["contact"])
    except NoContact:
        wrong["contact"] = (
            _("Write an e-mail address or a phone number that you can read now.")
            if takes_phones()
            else _(
                "Write an e-mail address that you can read now. Text messages are not sent from "
                "here."
            )
        )
    try:
        name = named(typed["name"])
    except NotAName:
        wrong["name"] = _("Write your name alone: no numbers, addresses or notes.")
    if "terms" not in request.POST.getlist("consent"):
        wrong["terms"] = _("Without this we may not keep the invitation for you.")
    if contact is None or name is None or wrong:
        return _form(request, invitation, visit, typed, wrong)
    agreed = given(asks(company()), request.POST.getlist("consent"), language())
    try:
        _ask(request, invitation, visit, contact, name, agreed)
    except tallies.TooOften as often:
        return _too_often(request, often)
    return HttpResponseRedirect(reverse("portal:join-code", args=[invitation.code]))


@require_http_methods(["GET", "HEAD", "POST"])
@_for_friends
def code(request: HttpRequest, invitation: Invitation, visit: Visit) -> HttpResponse:
    """`/i/CODE/code`: the one-time code that was sent to the contact."""
    pending = _pending(request, invitation.code)
    if pending is None:
        return HttpResponseRedirect(reverse("portal:join", args=[invitation.code]))
    if request.method != "POST":
        return _code_form(request, invitation, pending)
    try:
        if "again" in request.POST:
            return _again(request, invitation, pending)
        proven = signin.check(
            pending.asked,
            request.POST.get("code", ""),
            purpose=PURPOSE,
            address=address_of(request),
            now=clock.now(),
        )
    except signin.WrongCode as wrong:
        sentence = _("That is not the code we sent. Tries left: {n}").format(n=wrong.tries_left)
        return _code_form(request, invitation, pending, wrong=sentence)
    except signin.CodeGone:
        sentence = _("This code was used, is too old, or was tried too often. Have a new one sent.")
        return _code_form(request, invitation, pending, wrong=sentence)
    except tallies.TooOften as often:
        return _too_often(request, often)
    return _joined(request, invitation, visit, pending, proven)


@require_safe
@never_cache
def welcome(request: HttpRequest, code: str) -> HttpResponse:
    """`/i/CODE/welcome`: what came of it, for whoever is signed in."""
    visit = visit_of(request)
    invitation = by_code(code, visit, now=clock.now())
    if invitation is None:
        return case_page(request, "unknown", code=code)
    if visit.customer is None:
        return HttpResponseRedirect(reverse("portal:landing", args=[invitation.code]))
    taken = taken_by_code(visit.customer, invitation.code)
    return outcome(request, invitation, visit, taken=taken, now=clock.now())


@require_POST
@never_cache
def take(request: HttpRequest, code: str) -> HttpResponse:
    """`/i/CODE/take`: a customer of old takes an invitation up for which they count as new."""
    now, visit = clock.now(), visit_of(request)
    invitation = by_code(code, visit, now=now)
    if invitation is None:
        return case_page(request, "unknown", code=code)
    if visit.customer is None:
        return HttpResponseRedirect(reverse("portal:landing", args=[invitation.code]))
    if invitation.case == "open" and would_count(visit.customer, invitation, now=now):
        source = Source(
            invitation.program, invitation.code, channel=visit.channel, script=visit.script
        )
        position = joining.take_code(visit.customer, source, visit.visitor, now=now)
        wait.decided(position, timeout_s=PATIENCE_S)
    return HttpResponseRedirect(reverse("portal:welcome", args=[invitation.code]) + words_of(visit))


def _ask(
    request: HttpRequest,
    invitation: Invitation,
    visit: Visit,
    contact: Given,
    name: str,
    agreed: list[Consented],
) -> None:
    """Send a code to a contact, and keep what was typed until it is there."""
    now, before = clock.now(), _pending(request, invitation.code)
    is_again = (
        before is not None
        and (before.kind, before.value) == (contact.kind, contact.value)
        and now - before.asked_at < AGAIN_AFTER
    )
    asked, asked_at = (
        (before.asked, before.asked_at) if before and is_again else (_sent(request, contact), now)
    )
    pending = Pending(
        asked=asked,
        asked_at=asked_at,
        kind=contact.kind,
        value=contact.value,
        name=name,
        consents=[(one.purpose, one.text_version) for one in agreed],
        channel=visit.channel,
        script=visit.script,
    )
    _keep(request, invitation.code, pending)


def _again(request: HttpRequest, invitation: Invitation, pending: Pending) -> HttpResponse:
    """Another code to the same contact."""
    now = clock.now()
    contact = contact_in(pending.value)
    if now - pending.asked_at >= AGAIN_AFTER:
        asked = _sent(request, contact)
        _keep(request, invitation.code, msgspec.structs.replace(pending, asked=asked, asked_at=now))
    return HttpResponseRedirect(reverse("portal:join-code", args=[invitation.code]) + "?sent=1")


def _sent(request: HttpRequest, contact: Given) -> str:
    """The id of a code that is on its way to the contact. Raises tallies.TooOften."""
    now = clock.now()
    asked = signin.ask(
        contact.kind, contact.value, purpose=PURPOSE, address=address_of(request), now=now
    )
    send_now(
        "sign_in_code",
        channel=channel_of(contact.kind),
        to=contact.value,
        lang=language(),
        values={"code": asked.code, "minutes": str(signin.CODE_GOOD_FOR // timedelta(minutes=1))},
        key=asked.id,
        now=now,
    )
    return asked.id


def _joined(
    request: HttpRequest,
    invitation: Invitation,
    visit: Visit,
    pending: Pending,
    proven: signin.Proven,
) -> HttpResponse:
    """The contact is proven: a stranger is signed up, a customer of old only in."""
    # Who became a customer a moment ago is known once the worker has got there.
    wait.decided(log.head(), timeout_s=PATIENCE_S)
    now, user_id = clock.now(), known_as(proven.kind, proven.value)
    if user_id is None:
        friend = Friend(
            kind=proven.kind,
            value=proven.value,
            name=pending.name,
            consents=[Consented(purpose, version) for purpose, version in pending.consents],
            language=language(),
            visitor=visit.visitor,
            ip="" if asks_for_privacy(request) else address_of(request),
        )
        source = Source(
            invitation.program, invitation.code, channel=pending.channel, script=pending.script
        )
        position = joining.join_by_code(friend, source, now=now)
        user_id = joining.user_id_of(proven.kind, proven.value)
        wait.decided(position, timeout_s=PATIENCE_S)
    _forget(request, invitation.code)
    sign_in(request, user_id)
    words = words_of(Visit(user_id, "", pending.channel, pending.script))
    return HttpResponseRedirect(reverse("portal:welcome", args=[invitation.code]) + words)


def _form(
    request: HttpRequest,
    invitation: Invitation,
    visit: Visit,
    typed: dict[str, str],
    wrong: dict[str, str],
) -> HttpResponse:
    values = told(invitation) | {
        "visit": visit,
        "typed": typed,
        "wrong": wrong,
        "asks": asks(company()),
        "takes_phones": takes_phones(),
        "ticked": request.POST.getlist("consent"),
    }
    return render(request, "portal/landing/join.html", values, status=422 if wrong else 200)


def _code_form(
    request: HttpRequest, invitation: Invitation, pending: Pending, *, wrong: str = ""
) -> HttpResponse:
    values = told(invitation) | {
        "pending": pending,
        "minutes": signin.CODE_GOOD_FOR // timedelta(minutes=1),
        "is_sent_again": "sent" in request.GET,
        "wrong": wrong,
    }
    return render(request, "portal/landing/join_code.html", values, status=422 if wrong else 200)


def _too_often(request: HttpRequest, often: tallies.TooOften) -> HttpResponse:
    minutes = -(-often.retry_after_s // 60)
    values = {"minutes": minutes, "company": company()}
    response = render(request, "portal/landing/too_often.html", values, status=429)
    response["Retry-After"] = str(often.retry_after_s)
    return response


def _pending(request: HttpRequest, code: str) -> Pending | None:
    kept = request.session.get(_KEPT, {}).get(code)
    if kept is None:
        return None
    try:
        plain = unseal(base64.b64decode(kept), context=_CONTEXT)
    except CannotOpen:  # kept by an installation with another secret
        return None
    return msgspec.json.decode(plain, type=Pending)


def _keep(request: HttpRequest, code: str, pending: Pending) -> None:
    sealed = base64.b64encode(seal(msgspec.json.encode(pending), context=_CONTEXT)).decode()
    others = {key: value for key, value in request.session.get(_KEPT, {}).items() if key != code}
    newest = list(others.items())[-(_MOST_KEPT - 1) :]
    request.session[_KEPT] = dict(newest) | {code: sealed}


def _forget(request: HttpRequest, code: str) -> None:
    kept = request.session.get(_KEPT, {})
    kept.pop(code, None)
    request.session[_KEPT] = kept
