"""invitation: a code as a friend meets it: who invites to what, and whether it can be accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from banyan.core.people.names import advocates_name, ids_of, speaker
from banyan.core.people.read import identities
from banyan.core.programs import read as programs
from banyan.core.programs.codes import LONGEST, normal
from banyan.core.programs.force import Running, running_one
from banyan.core.programs.force import running as running_now
from banyan.doors.portal.session import customer_of
from banyan.engine.language.program import Program
from banyan.pipeline.limits import is_used_up

Case = Literal["open", "unknown", "paused", "closed", "not_yet", "over", "used_up", "own"]

VISITOR_COOKIE = "banyan_vid"
LONGEST_WORD = 64

_VISITOR = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Invitation:
    """What somebody invites to. `code` is empty where a contact was given instead."""

    case: Case
    code: str
    program: str
    advocate: str
    terms: Program
    landing_url: str
    """The company's own page for this program; empty when there is none."""

    @property
    def inviter(self) -> str:
        """How the advocate may be shown to a stranger; empty when nothing is known."""
        return advocates_name(speaker(self.advocate))


@dataclass(frozen=True)
class Visit:
    """Who looks, as far as it is known without asking."""

    customer: str | None
    visitor: str
    """The id that a click on a link left in the browser; empty for none, and for those who ask not
    to be followed."""
    channel: str
    script: str


def visit_of(request: HttpRequest) -> Visit:
    """Of a page of ours; channel and script stand in the address or come with a form."""
    words = request.POST if request.method == "POST" else request.GET
    visitor = request.COOKIES.get(VISITOR_COOKIE, "")
    is_known = bool(_VISITOR.fullmatch(visitor)) and not asks_for_privacy(request)
    return Visit(
        customer=customer_of(request),
        visitor=visitor if is_known else "",
        channel=_word(words.get("referral_channel", "")),
        script=_word(words.get("referral_script", "")),
    )


def asks_for_privacy(request: HttpRequest) -> bool:
    """Global Privacy Control or Do Not Track."""
    return request.headers.get("Sec-GPC") == "1" or request.headers.get("DNT") == "1"


def by_code(code: str, visit: Visit, *, now: datetime) -> Invitation | None:
    """The invitation behind a code; None for an unknown code."""
    if not 0 < len(code) <= LONGEST or "\x00" in code:
        return None
    link = programs.link(normal(code))
    slug = link.program or _only_program(now) if link else ""
    invitation = to_program(slug, link.advocate, now=now) if link and slug else None
    if link is None or invitation is None:
        return None
    case = invitation.case
    if case == "open" and is_own(link.advocate, visit):
        case = "own"
    return Invitation(
        case, link.code, slug, link.advocate, invitation.terms, invitation.landing_url
    )


def to_program(slug: str, advocate: str, *, now: datetime) -> Invitation | None:
    """An invitation of the advocate to a program; None while nothing of it is published."""
    running = running_one(slug, now)
    if running is None or running.terms.is_self:
        return None
    case = _case(running, advocate, now=now)
    return Invitation(case, "", slug, advocate, running.terms, running.program.landing_url)


def is_own(advocate: str, visit: Visit) -> bool:
    """Whether the advocate looks at the own link: signed in, or in a browser known as theirs."""
    ids = ids_of(speaker(advocate))
    if visit.customer is not None:
        return visit.customer in ids
    seen = {row.anonymous_id for user_id in ids for row in identities(user_id)}
    return visit.visitor in seen


def company() -> str:
    """Whose offer it is."""
    return settings.COMPANY or _("The company")


def _case(running: Running, advocate: str, *, now: datetime) -> Case:
    if running.program.status == "closed":
        return "closed"
    if running.program.status == "paused":
        return "paused"
    if not running.is_in_force:
        first, _last = running.terms.runs_us
        is_early = first is not None and first > (now - _EPOCH) // _MICROSECOND
        return "not_yet" if is_early else "over"
    return "used_up" if is_used_up(running.terms, advocate, now=now) else "open"


def _only_program(now: datetime) -> str:
    """A code without a program serves every one; it leads to the first that is open."""
    found = (
        slug for slug, one in running_now(now).items() if one.is_open and not one.terms.is_self
    )
    return next(found, "")


def _word(text: str) -> str:
    return text.replace("\x00", "").strip()[:LONGEST_WORD]
