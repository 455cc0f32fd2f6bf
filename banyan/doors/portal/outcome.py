"""outcome: what came of an invitation for a customer, as the engine decided it or would decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from banyan.core.events.read import said
from banyan.core.people.names import ids_of, speaker
from banyan.core.referrals.read import ReferralRow, referrals_of, touches_lost_at
from banyan.core.referrals.stages import ACTIVATING
from banyan.doors.portal.cases import case_page
from banyan.doors.portal.invitation import Invitation, Visit
from banyan.doors.portal.joining import TAKEN, joined_by
from banyan.doors.portal.landing import told, words_of
from banyan.pipeline import foresight, wait

LOOK_AGAIN_S = 3

_REASONS = {
    "advocate_not_eligible": gettext_noop(
        "Whoever invited you does not meet the conditions for inviting at present."
    ),
    "outside_run": gettext_noop("The offer was not running at that moment."),
    "outside_window": gettext_noop("The invitation was too old."),
    "lost_to_other_touch": gettext_noop("Another invitation of yours went before it."),
}
"""Why an invitation did not count, told to the friend."""


def outcome(
    request: HttpRequest,
    invitation: Invitation,
    visit: Visit,
    *,
    taken: Sequence[int],
    now: datetime,
) -> HttpResponse:
    """The page for the customer who is signed in: welcome, or why not and what else.

    `taken`: where in the log the customer took the invitation up.
    """
    assert visit.customer is not None
    ids = ids_of(visit.customer)
    referral = next((one for one in referrals_of(ids) if one.program == invitation.program), None)
    if visit.customer in ids_of(speaker(invitation.advocate)):
        return case_page(request, "own", invitation=invitation)
    if referral is not None:
        return _referred(request, invitation, visit, referral)
    if taken and max(taken) > wait.cursor_position():
        return _not_decided(request, invitation)
    reasons = [
        lost.reason
        for lost in touches_lost_at(taken)
        if (lost.program, lost.advocate) == (invitation.program, invitation.advocate)
    ]
    if reasons:
        return _lost(request, invitation, reasons[-1])
    if taken:
        return _welcome(request, invitation, visit, is_counted=False)
    return _customer_of_old(request, invitation, visit, now=now)


def taken_by_code(user_id: str, code: str) -> list[int]:
    """Positions at which a customer signed up with a code, or took it up later."""
    rows = [said(name, ids_of(user_id)) for name in ("Signed Up", TAKEN)]
    with_code = pl.col("body").str.json_path_match("$.properties.referral_code") == code
    found = [row.filter(with_code)["position"].to_list() for row in rows]
    return sorted(position for positions in found for position in positions)


def taken_by_nomination(user_id: str, number: int) -> list[int]:
    """The position at which a friend confirmed who had been named, as a list of at most one."""
    rows = said("Signed Up", ids_of(user_id))
    return rows.filter(pl.col("message_id") == joined_by(number))["position"].to_list()


def _referred(
    request: HttpRequest, invitation: Invitation, visit: Visit, referral: ReferralRow
) -> HttpResponse:
    if speaker(referral.advocate) == speaker(invitation.advocate):
        return _welcome(request, invitation, visit, is_counted=True)
    return case_page(request, "elsewhere", invitation=invitation)


def _welcome(
    request: HttpRequest, invitation: Invitation, visit: Visit, *, is_counted: bool
) -> HttpResponse:
    values = told(invitation) | {
        "is_counted": is_counted,
        "next_url": _next_step(invitation, visit),
    }
    return render(request, "portal/landing/welcome.html", values)


def _not_decided(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Seldom seen: the worker is busy or away. Nothing is lost meanwhile."""
    response = render(request, "portal/landing/wait.html", told(invitation))
    response["Refresh"] = str(LOOK_AGAIN_S)
    return response


def _lost(request: HttpRequest, invitation: Invitation, reason: str) -> HttpResponse:
    case = {"not_new": "customer", "already_referred": "customer", "self_referral": "own"}
    if reason in case:
        return case_page(request, case[reason], invitation=invitation)
    return case_page(request, "not_counted", invitation=invitation, reason=_(_REASONS[reason]))


def _customer_of_old(
    request: HttpRequest, invitation: Invitation, visit: Visit, *, now: datetime
) -> HttpResponse:
    if invitation.case != "open":
        return case_page(request, invitation.case, invitation=invitation)
    try:
        is_for_them = would_count(visit.customer or "", invitation, now=now)
    except foresight.NotYet:
        return _not_decided(request, invitation)
    if not is_for_them:
        return case_page(request, "customer", invitation=invitation)
    values = told(invitation) | {"words": words_of(visit)}
    return render(request, "portal/landing/take.html", values)


def would_count(user_id: str, invitation: Invitation, *, now: datetime) -> bool:
    """Whether the invitation would count for a customer of old who took it up now, at the next
    event by which the program lets people join: the engine is asked."""
    attribution = invitation.terms.attribution
    joining = [one for one in attribution.joins_on if one not in ACTIVATING] if attribution else []
    if not joining or not invitation.code:
        return False
    named = {TAKEN: {"referral_code": invitation.code}, joining[0]: {}}
    events = [
        {"type": "track", "event": name, "userId": user_id, "properties": properties}
        for name, properties in named.items()
    ]
    referrals = foresight.foresee(events, now=now).referrals
    counted = (pl.col("program") == invitation.program) & (pl.col("friend") == user_id)
    return not referrals.filter(counted).is_empty()


def _next_step(invitation: Invitation, visit: Visit) -> str:
    """The company's own page with the code passed on; empty when there is none."""
    if not invitation.landing_url:
        return ""
    parts = urlsplit(invitation.landing_url)
    passed = {"referral_code": invitation.code} if invitation.code else {}
    query = "&".join(filter(None, (parts.query, urlencode(passed))))
    return urlunsplit(parts._replace(query=query))
