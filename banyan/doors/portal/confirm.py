"""confirm: a friend whose contact somebody gave says yes, no, or delete it.

The link went to the contact, so whoever opens it has shown that the contact is theirs. To open it
changes nothing: mail scanners open links, too.
"""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.core.people.names import ids_of
from banyan.doors.portal import joining
from banyan.doors.portal.cases import case_page
from banyan.doors.portal.consents import asks, given
from banyan.doors.portal.fit import is_it_for_me
from banyan.doors.portal.invitation import (
    Invitation,
    asks_for_privacy,
    company,
    to_program,
    visit_of,
)
from banyan.doors.portal.joining import Friend, Source
from banyan.doors.portal.landing import told
from banyan.doors.portal.languages import language
from banyan.doors.portal.outcome import outcome, taken_by_nomination
from banyan.doors.portal.ruletext import rules
from banyan.doors.portal.session import address_of, sign_in
from banyan.growth.leads import acts as leads
from banyan.growth.leads.acts import NotWaiting
from banyan.growth.leads.contact import NotAName, named
from banyan.growth.leads.read import Opened, opened
from banyan.kernel.database import one_transaction
from banyan.pipeline import wait

PATIENCE_S = 4.0

_ENDED = {
    "confirmed": (
        gettext_noop("You have confirmed this invitation"),
        gettext_noop("Everything is set. Sign in to see how it goes on."),
    ),
    "refused": (
        gettext_noop("You have answered this invitation"),
        gettext_noop(
            "The offer is for new customers, so it could not be applied. Your contact was deleted "
            "from the invitation."
        ),
    ),
    "declined": (
        gettext_noop("You have declined"),
        gettext_noop("Your contact was deleted, and nobody will ask you again."),
    ),
    "erased": (
        gettext_noop("Your data is deleted"),
        gettext_noop("Nothing is left by which we would know you, and nobody will ask you again."),
    ),
    "expired": (
        gettext_noop("This invitation has run out"),
        gettext_noop("Nobody answered in time, so the contact was deleted by itself."),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def confirm(request: HttpRequest, link: str) -> HttpResponse:
    """`/c/LINK`."""
    now, found = clock.now(), opened(link)
    if found is None:
        return case_page(request, "unknown")
    invitation = to_program(found.program, found.advocate, now=now)
    if invitation is None or not found.is_open(now):
        return _ended(request, found, invitation, now=now)
    if request.method != "POST":
        return _form(request, link, found, invitation, {})
    try:
        match request.POST.get("answer"):
            case "no":
                leads.decline(link, now=now)
            case "delete":
                leads.erase(link, now=now)
            case _:
                return _yes(request, link, found, invitation, now=now)
    except NotWaiting:  # answered in another tab a moment ago
        pass
    return HttpResponseRedirect(reverse("portal:confirm", args=[link]))


def _yes(
    request: HttpRequest, link: str, found: Opened, invitation: Invitation, *, now: datetime
) -> HttpResponse:
    if invitation.case != "open":
        return case_page(request, invitation.case, invitation=invitation)
    wrong: dict[str, str] = {}
    name = ""
    try:
        name = named(request.POST.get("name", "").replace("\x00", ""))
    except NotAName:
        wrong["name"] = _("Write your name alone: no numbers, addresses or notes.")
    if "terms" not in request.POST.getlist("consent"):
        wrong["terms"] = _("Without this we may not keep the invitation for you.")
    if wrong:
        return _form(request, link, found, invitation, wrong)
    return _joined(request, link, found, name, now=now)


def _joined(
    request: HttpRequest, link: str, found: Opened, name: str, *, now: datetime
) -> HttpResponse:
    assert found.contact is not None  # it is open
    contact = found.contact
    # Who became a customer a moment ago is known once the worker has got there.
    wait.decided(log.head(), timeout_s=PATIENCE_S)
    known = joining.known_as(contact.kind, contact.value)
    user_id = known or joining.user_id_of(contact.kind, contact.value)
    friend = Friend(
        kind=contact.kind,
        value=contact.value,
        name=name,
        consents=given(asks(company()), request.POST.getlist("consent"), language()),
        language=language(),
        visitor=visit_of(request).visitor,
        ip="" if asks_for_privacy(request) else address_of(request),
    )
    source = Source(found.program, channel=found.channel)
    position = 0
    with one_transaction():
        if known is None:
            position = joining.join_by_nomination(
                friend,
                source,
                number=found.number,
                advocate=found.advocate,
                named=found.name,
                now=now,
            )
        # Of two answers at the same moment the second undoes what stands above.
        leads.confirm(link, friend=user_id, is_new=known is None, now=now)
    if known is None:
        wait.decided(position, timeout_s=PATIENCE_S)
        sign_in(request, user_id, way="link")
    return HttpResponseRedirect(reverse("portal:confirm", args=[link]))


def _form(
    request: HttpRequest,
    link: str,
    found: Opened,
    invitation: Invitation,
    wrong: dict[str, str],
) -> HttpResponse:
    lang = language()
    name = request.POST.get("name", found.name)
    values = told(invitation) | {
        "link": link,
        "lead": found,
        "mask": found.contact.mask if found.contact else "",
        "name": name,
        "asks": asks(company()),
        "ticked": request.POST.getlist("consent"),
        "wrong": wrong,
        "fit": is_it_for_me(invitation.terms, lang),
        "rules": rules(invitation.terms, lang),
    }
    return render(request, "portal/landing/confirm.html", values, status=422 if wrong else 200)


def _ended(
    request: HttpRequest, found: Opened, invitation: Invitation | None, *, now: datetime
) -> HttpResponse:
    """The question was answered; whoever said yes on this device sees what came of it."""
    visit = visit_of(request)
    is_friend = bool(found.friend) and visit.customer is not None
    if (
        found.state == "confirmed"
        and invitation is not None
        and is_friend
        and found.friend in ids_of(visit.customer or "")
    ):
        taken = taken_by_nomination(found.friend, found.number)
        return outcome(request, invitation, visit, taken=taken, now=now)
    state = "expired" if found.state == "waiting" else found.state
    title, sentence = _ENDED[state]
    values = {
        "state": state,
        "title": _(title),
        "sentence": _(sentence),
        "company": company(),
    }
    return render(request, "portal/landing/ended.html", values, status=410)
