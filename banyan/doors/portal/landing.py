"""landing: the page a friend sees first: who invites to what, is it for me, yes or no.

To look stores nothing of who looks: no row, no cookie. Only an answer does. How often a page is
seen is counted (`exposed`).
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from banyan.core.events import clock
from banyan.core.people.names import ids_of
from banyan.core.referrals.read import referrals_of
from banyan.doors.portal import exposed, joining
from banyan.doors.portal.cases import case_page
from banyan.doors.portal.fit import is_it_for_me
from banyan.doors.portal.invitation import Invitation, Visit, by_code, company, visit_of
from banyan.doors.portal.languages import language
from banyan.doors.portal.ruletext import rules
from banyan.doors.portal.session import address_of
from banyan.growth.toolkit.read import offer_of, presentation, title_of
from banyan.trust.access import tallies

DECLINES_AN_HOUR = 30


@require_safe
def arrive(request: HttpRequest) -> HttpResponse:
    """`/i/`: where links lead. With a code its landing page, else a form to type one."""
    code = request.GET.get("referral_code", "").strip()
    if code:
        return _landing(request, code)
    if request.GET.get("banyan") == "paused":
        return case_page(request, "paused")
    return render(request, "portal/landing/code.html", {"company": company()})


@require_safe
def landing(request: HttpRequest, code: str) -> HttpResponse:
    """`/i/CODE`: the landing page of a code that was typed or read from a picture."""
    return _landing(request, code)


@csrf_exempt
@require_POST
def decline(request: HttpRequest, code: str) -> HttpResponse:
    """`/i/CODE/decline`: no, thanks.

    The landing page sets no cookie, so the form has no token; that it is ours, the browser says.
    """
    now, visit = clock.now(), visit_of(request)
    invitation = by_code(code, visit, now=now)
    if invitation is None:
        return case_page(request, "unknown")
    has_joined = visit.customer is not None and _has_joined(visit.customer, invitation)
    if _is_ours(request) and invitation.case == "open" and not has_joined:
        _write_down(request, invitation, visit)
    return HttpResponseRedirect(reverse("portal:declined", args=[invitation.code]))


@require_GET
def declined(request: HttpRequest, code: str) -> HttpResponse:
    """`/i/CODE/declined`: thanks, and nothing else is asked."""
    invitation = by_code(code, visit_of(request), now=clock.now())
    if invitation is None:
        return case_page(request, "unknown")
    values = {"code": invitation.code, "company": company()}
    return render(request, "portal/landing/declined.html", values)


def told(invitation: Invitation) -> dict[str, object]:
    """For templates: an invitation in the language of the page."""
    lang = language()
    offer = offer_of(invitation.terms, lang)
    return {
        "invitation": invitation,
        "company": presentation(invitation.program).brand or company(),
        "inviter": invitation.inviter or _("A customer"),
        "title": title_of(invitation.terms, lang),
        "friend_lines": offer.friend_lines,
        "advocate_lines": offer.advocate_lines,
    }


def words_of(visit: Visit) -> str:
    """Channel and script as they go on with a link."""
    words = {"referral_channel": visit.channel, "referral_script": visit.script}
    query = urlencode({name: word for name, word in words.items() if word})
    return f"?{query}" if query else ""


def _landing(request: HttpRequest, code: str) -> HttpResponse:
    visit = visit_of(request)
    invitation = by_code(code, visit, now=clock.now())
    if invitation is None:
        return case_page(request, "unknown", code=code)
    is_lent = request.GET.get("as") == "friend" and visit.customer is None
    if invitation.case == "own" and not is_lent:
        return case_page(request, "own", invitation=invitation)
    if visit.customer is not None and _has_joined(visit.customer, invitation):
        welcome = reverse("portal:welcome", args=[invitation.code])
        return HttpResponseRedirect(welcome + words_of(visit))
    if invitation.case not in ("open", "own"):
        return case_page(request, invitation.case, invitation=invitation)
    return _page(request, invitation, visit)


def _has_joined(user_id: str, invitation: Invitation) -> bool:
    """Whether somebody who is signed in came to this offer before, by whomever: then there is
    nothing to accept or decline, but to see how it stands."""
    return any(row.program == invitation.program for row in referrals_of(ids_of(user_id)))


def _page(request: HttpRequest, invitation: Invitation, visit: Visit) -> HttpResponse:
    exposed.count(request, invitation.program, "landing")
    lang = language()
    values = told(invitation) | {
        "visit": visit,
        "words": words_of(visit),
        "fit": is_it_for_me(invitation.terms, lang),
        "rules": rules(invitation.terms, lang),
    }
    response = render(request, "portal/landing/landing.html", values)
    response["X-Robots-Tag"] = "noindex"
    return response


def _is_ours(request: HttpRequest) -> bool:
    """Whether a form of ours was sent: by what browsers say of where it stands."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "")
    return origin == f"{request.scheme}://{request.get_host()}"


def _write_down(request: HttpRequest, invitation: Invitation, visit: Visit) -> None:
    now = clock.now()
    try:
        tallies.take(
            f"decline:{address_of(request)}",
            most=DECLINES_AN_HOUR,
            span=timedelta(hours=1),
            now=now,
        )
    except tallies.TooOften:
        # Nobody says no thirty times an hour; a page that is kind to everybody needs no row for it.
        return
    source = joining.Source(
        invitation.program, invitation.code, channel=visit.channel, script=visit.script
    )
    joining.decline(source, user_id=visit.customer, visitor=visit.visitor, now=now)
