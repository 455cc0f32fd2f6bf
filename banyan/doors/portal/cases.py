"""cases: an invitation that cannot be accepted: why, and what one can do instead.

Each case has its page, its status and a next step.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from banyan.doors.portal.invitation import Invitation, company

HOME = "/"
OTHER_CODE = "/i/"
MY_PAGES = "/me/"


@dataclass(frozen=True)
class Told:
    """One case: its status, title, sentence, and where its button leads."""

    status: int
    title: str
    sentence: str
    button: str
    leads_to: str


_CASES = {
    "unknown": Told(
        404,
        gettext_noop("We do not know this code"),
        gettext_noop(
            "Perhaps a letter went astray. Compare it with what you were sent, and type it again."
        ),
        gettext_noop("Type the code"),
        OTHER_CODE,
    ),
    "paused": Told(
        409,
        gettext_noop("This offer is taking a break"),
        gettext_noop(
            "No new invitations can be accepted at the moment. Keep the link: when the offer goes "
            "on, it works again."
        ),
        gettext_noop("See what else there is"),
        HOME,
    ),
    "closed": Told(
        410,
        gettext_noop("This offer has ended"),
        gettext_noop(
            "Invitations to it can no longer be accepted. What was promised to those who joined "
            "before stands."
        ),
        gettext_noop("See what else there is"),
        HOME,
    ),
    "over": Told(
        410,
        gettext_noop("This offer has run out"),
        gettext_noop(
            "Its time is over, so the invitation can no longer be accepted. What was promised to "
            "those who joined before stands."
        ),
        gettext_noop("See what else there is"),
        HOME,
    ),
    "not_yet": Told(
        409,
        gettext_noop("You are early"),
        gettext_noop("This offer has not begun. Keep the link and come back when it has."),
        gettext_noop("See what else there is"),
        HOME,
    ),
    "used_up": Told(
        409,
        gettext_noop("All rewards of this invitation are taken"),
        gettext_noop(
            "As many friends have used it as the rules allow. Ask whoever invited you when there "
            "will be more; somebody else's invitation may still be good."
        ),
        gettext_noop("Type another code"),
        OTHER_CODE,
    ),
    "own": Told(
        403,
        gettext_noop("This is your own link"),
        gettext_noop(
            "It works: this is where your friends arrive. Nobody can accept an invitation of their "
            "own, so pass it on."
        ),
        gettext_noop("To my invitations"),
        MY_PAGES,
    ),
    "customer": Told(
        403,
        gettext_noop("Nice to see you again"),
        gettext_noop(
            "This offer is for new customers, and you are with us already. So it is your turn: "
            "your own invitation brings the same to your friends, and something to you."
        ),
        gettext_noop("To my own invitation"),
        MY_PAGES,
    ),
    "not_counted": Told(
        403,
        gettext_noop("You are signed up, but the invitation does not count"),
        gettext_noop("Your registration stands. The reward of this invitation cannot be given."),
        gettext_noop("To my pages"),
        MY_PAGES,
    ),
    "elsewhere": Told(
        409,
        gettext_noop("You have joined already"),
        gettext_noop(
            "You accepted somebody else's invitation to this offer, and that one counts. Nothing "
            "is lost: all you were promised stands."
        ),
        gettext_noop("To my pages"),
        MY_PAGES,
    ),
}


def case_page(
    request: HttpRequest,
    case: str,
    *,
    invitation: Invitation | None = None,
    code: str = "",
    reason: str = "",
) -> HttpResponse:
    """The page of a case. `reason`: a sentence that says more."""
    told = _CASES[case]
    values = {
        "case": case,
        "title": _(told.title),
        "sentence": _(told.sentence),
        "reason": reason,
        "button": _(told.button),
        "leads_to": told.leads_to,
        "invitation": invitation,
        "code": code,
        "company": company(),
    }
    response = render(request, "portal/landing/case.html", values, status=told.status)
    response["X-Robots-Tag"] = "noindex"
    return response
