"""nominate: an advocate gives the contact of a friend who agreed to it, in place of a link."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from banyan.core.people.names import advocates_name
from banyan.core.programs.force import Running, running_one
from banyan.doors.portal.contact import contact_in, takes_phones
from banyan.doors.portal.enrolment import memberships
from banyan.doors.portal.invitation import company
from banyan.doors.portal.person import Person, person_of
from banyan.doors.portal.saying import day
from banyan.doors.portal.session import for_customer
from banyan.growth.leads.acts import PER_DAY, NamedBefore, OwnContact, TooMany
from banyan.growth.leads.contact import Given, NotAName, named
from banyan.growth.leads.read import NominationRow, of_advocate
from banyan.growth.leads.statements import of_advocate as statement_of_advocate
from banyan.growth.toolkit.read import good_fit, offer_of, title_of
from banyan.pipeline import nominations
from banyan.pipeline.nominations import Lead
from banyan.trust.access.signin import NoContact

CHANNEL = "form"


@require_http_methods(["GET", "HEAD", "POST"])
@for_customer
def nominate(request: HttpRequest, slug: str) -> HttpResponse:
    """`/me/p/SLUG/nominate`."""
    person = person_of(request)
    running = running_one(slug, person.now)
    if running is None or running.terms.is_self:
        raise Http404(slug)
    [membership] = memberships(person, {slug: running})
    if not membership.is_member:
        return HttpResponseRedirect(f"/me/p/{slug}/")
    if request.method != "POST" or not takes_leads(running):
        return _page(request, person, running, {})
    return _taken(request, person, running)


def takes_leads(running: Running) -> bool:
    """Whether contacts can be given: the program is open, and invitations by contact count."""
    attribution = running.terms.attribution
    return running.is_open and attribution is not None and "invite" in attribution.prefer


def _taken(request: HttpRequest, person: Person, running: Running) -> HttpResponse:
    wrong: dict[str, str] = {}
    contact = name = None
    try:
        contact = contact_in(request.POST.get("contact", "").replace("\x00", ""))
    except NoContact:
        wrong["contact"] = (
            _("Write one e-mail address or one phone number of your friend.")
            if takes_phones()
            else _("Write one e-mail address of your friend. Text messages are not sent from here.")
        )
    try:
        name = named(request.POST.get("name", "").replace("\x00", ""))
    except NotAName:
        wrong["name"] = _("Write the name alone: no numbers, addresses or notes.")
    if "agreed" not in request.POST:
        wrong["agreed"] = _("Ask your friend first. Without their yes, pass on your link instead.")
    if contact is not None and name is not None and not wrong:
        wrong = _nominated(person, running, contact, name)
    if wrong:
        return _page(request, person, running, wrong)
    return HttpResponseRedirect(reverse("portal:nominate", args=[running.program.slug]) + "?sent=1")


def _nominated(person: Person, running: Running, contact: Given, name: str) -> dict[str, str]:
    """Take the friend in; what was wrong, by field."""
    lead = Lead(
        program=running.program.slug,
        title=title_of(running.terms, person.language),
        advocate=person.user_id,
        contact=contact,
        name=name,
        statement=f"{statement_of_advocate().version}.{person.language}",
        channel=CHANNEL,
        language=person.language,
    )
    try:
        nominations.nominate(lead, now=person.now)
    except OwnContact:
        return {"contact": _("This is your own contact. Write your friend's.")}
    except NamedBefore:
        return {"contact": _("You have named this friend before; the answer is still to come.")}
    except TooMany:
        text = _("You can name {n} friends in 24 hours. Go on tomorrow, or pass on your link.")
        return {"contact": text.format(n=PER_DAY)}
    return {}


def _page(
    request: HttpRequest, person: Person, running: Running, wrong: dict[str, str]
) -> HttpResponse:
    rows = of_advocate(person.user_id, running.program.slug, now=person.now)
    offer = offer_of(running.terms, person.language)
    values = {
        "slug": running.program.slug,
        "title": title_of(running.terms, person.language),
        "company": company(),
        "is_open": takes_leads(running),
        "fit": good_fit(running.terms, person.language),
        "friend_lines": offer.friend_lines,
        "statement": statement_of_advocate().text,
        "takes_phones": takes_phones(),
        "days": settings.UNCONFIRMED_DAYS,
        "my_name": advocates_name(person.user_id),
        "wrong": wrong,
        "typed": request.POST if wrong else {},
        "is_sent": "sent" in request.GET and not wrong,
        "leads": [_told(row, running, person) for row in rows],
    }
    return render(request, "portal/landing/nominate.html", values, status=422 if wrong else 200)


def _told(row: NominationRow, running: Running, person: Person) -> dict[str, str]:
    zone = running.terms.timezone
    states = {
        "waiting": (_("Waiting for an answer"), "wait"),
        "confirmed": (_("Said yes"), "good"),
        "refused": (_("Not for this offer"), "plain"),
        "declined": (_("Said no"), "plain"),
        "expired": (_("No answer, deleted"), "plain"),
    }
    state, look = states[row.state]
    until = _("until {day}").format(day=day(row.expires_at, zone, person.language))
    return {
        "shown": row.shown or _("Deleted on request"),
        "state": state,
        "look": look,
        "named": day(row.created_at, zone, person.language),
        "until": until if row.state == "waiting" else "",
    }
