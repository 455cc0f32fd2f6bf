"""referral: who brought a friend, by which invitation, why that one, and what came of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from banyan.core.events import clock
from banyan.core.people.names import ids_of
from banyan.core.programs.read import published_program
from banyan.core.referrals.credit import WAYS, Way, credited, rivals
from banyan.core.referrals.missing import missing
from banyan.core.referrals.outcomes import Missed, missed_by_others
from banyan.core.referrals.read import ReferralRow, decisions
from banyan.core.referrals.read import referrals as read_referrals
from banyan.doors.console.customers import reasons, saying
from banyan.doors.console.customers.aside import dispute_told
from banyan.doors.console.customers.story import standing
from banyan.doors.console.customers.who import Who, people
from banyan.doors.console.page import Crumb, page, render
from banyan.engine.language.program import Program
from banyan.growth.feedback.read import disputes

_WAYS: dict[Way, str] = {
    "last_touch": gettext_noop("Last invitation"),
    "first_touch": gettext_noop("First invitation"),
    "code_only": gettext_noop("Codes alone"),
    "invite_only": gettext_noop("Invitations by contact alone"),
    "click_only": gettext_noop("Clicks alone"),
    "equal_shares": gettext_noop("Equal shares"),
}
_CREDITS = {
    "last_touch": gettext_noop("the last of a kind"),
    "first_touch": gettext_noop("the first of a kind"),
}
_MOST_TOUCHES = 300


@never_cache
@require_GET
@page("referrals.read")
def referral(request: HttpRequest, program: str, friend: str) -> HttpResponseBase:
    """The referral of a friend in a program; without one, why no invitation counted."""
    found = read_referrals(program=program, friend=friend, limit=1)
    lost = [
        one
        for one in missed_by_others(ids_of(friend), limit=_MOST_TOUCHES)
        if one.touch.program == program
    ]
    if not found and not lost:
        raise Http404
    row = found[0] if found else None
    known = people(
        [friend, *([row.advocate] if row else []), *(one.touch.advocate for one in lost)]
    )
    context = {
        "program": program,
        "friend": known[friend],
        "row": row,
        "touches": _touches(row, lost, known),
        **(_counted(row, lost, known) if row else {}),
    }
    return render(
        request,
        "console/customers/referral.html",
        context,
        title=_("Referral of {friend}").format(friend=known[friend]),
        crumbs=(
            Crumb(_("Customers"), reverse("admin:customers")),
            Crumb(str(known[friend]), reverse("admin:customer", args=[friend])),
        ),
    )


def _touches(
    row: ReferralRow | None, lost: list[Missed], known: dict[str, Who]
) -> list[dict[str, Any]]:
    """Every invitation that met the friend, in the order of the log."""
    told = [
        {
            "position": one.touch.touch_position,
            "at": saying.moment(one.touch.touched_at),
            "kind": saying.touch(one.touch.kind),
            "advocate": known[one.touch.advocate],
            "met": one.touch.join_position,
            "won": False,
            "reason": saying.loss(one.touch.reason),
            "asked": reasons.asked_then(one.touch),
        }
        for one in lost
    ]
    if row is not None:
        told.append(
            {
                "position": row.touch_position,
                "at": saying.moment(row.touched_at),
                "kind": saying.touch(row.kind),
                "advocate": known[row.advocate],
                "met": row.join_position,
                "won": True,
                "reason": "",
            }
        )
    return sorted(told, key=lambda one: (one["position"], one["met"]))


def _counted(row: ReferralRow, lost: list[Missed], known: dict[str, Who]) -> dict[str, Any]:
    """What is told of a referral that counts."""
    now = clock.now()
    terms = published_program(row.program, row.version)
    found = rivals(row, [one.touch for one in lost])
    made = decisions(program=row.program, friend=row.friend, limit=200)
    needed = missing(row.program, row.friend, now=now)
    return {
        "advocate": known[row.advocate],
        "stage": saying.stage(row.stage),
        "joined": saying.moment(row.started_at),
        "touched": saying.moment(row.touched_at),
        "kind": saying.touch(row.kind),
        "rivals": len(found) - 1,
        "chosen_by": _chosen_by(terms),
        "stages": [
            (saying.stage(one.stage), saying.moment(one.at), one.position, one.reason)
            for one in row.stages
        ],
        "ways": [
            (
                _(_WAYS[way]),
                [
                    (known[advocate], _share(share))
                    for advocate, share in sorted(credited(way, found).items())
                ],
            )
            for way in WAYS
        ],
        "made": [
            {
                "row": one,
                "amount": saying.amount(one.unit, one.amount - one.reversed_amount),
                "standing": standing(one, now),
                "side": saying.side(one.to),
                "reason": reasons.of_decision(one),
            }
            for one in made
        ],
        "needed": reasons.of_waiting(row, needed) if needed or not made else "",
        "disputes": [
            dispute_told(one)
            for user_id in {row.advocate, row.friend}
            for one in disputes(user_id=user_id, program=row.program)
            if one.about.endswith(f"/{row.friend}") or one.about in {d.decision_id for d in made}
        ],
    }


def _chosen_by(terms: Program) -> str:
    """The terms by which the winner was found, frozen at the invitation."""
    attribution = terms.attribution
    assert attribution is not None  # a program with referrals has one
    joint = ", " if saying.language() == "en" else "、"
    kinds = joint.join(saying.touch(kind) for kind in attribution.prefer)
    return _(
        "Version {version} prefers: {kinds}; of several it takes {which}; an invitation is good "
        "for {window}."
    ).format(
        version=terms.version,
        kinds=kinds,
        which=_(_CREDITS[attribution.credit]),
        window=saying.voice().duration(attribution.window),
    )


def _share(share: Fraction) -> str:
    """“100%”, “1/3”."""
    whole = share * 100
    return f"{whole.numerator}%" if whole.denominator == 1 else str(share)
