"""review_queue: what waits for approval over all programs, and which are due for legal again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.core.programs.read import program
from banyan.doors.console.page import page, render
from banyan.doors.console.programs.review_words import who, zone
from banyan.doors.console.staff import at_work
from banyan.pipeline.approving import read
from banyan.trust.staff.read import Member


@page("programs.read")
def approvals(request: HttpRequest) -> HttpResponse:
    """Open reviews, those first that this member may judge; live programs by their next look."""
    me, now = at_work(request), clock.now()
    rows = []
    for one in read.open_reviews():
        sides = [
            s for s in read.SIDES if me.may(f"programs.review_{s}") and one.may_judge(me.actor, s)
        ]
        rows.append({"row": one, "asked_by": who(one.asked_by), "is_mine": bool(sides)})
    rows.sort(key=lambda one: not one["is_mine"])
    due = [{"row": one, "is_over": one.due_at <= now} for one in read.legal_due()]
    stopped = [{"row": one, "is_mine": may_end(one, me)} for one in _stops()]
    context = {"rows": rows, "due": due, "stopped": stopped, "zone": zone()}
    return render(request, "console/programs/approvals.html", context, title=_("Approvals"))


def waiting(request: HttpRequest) -> int:
    """How many reviews and stops this member may judge now."""
    me = at_work(request)
    sides = [side for side in read.SIDES if me.may(f"programs.review_{side}")]
    reviews = read.open_reviews() if sides else []
    mine = [row for row in reviews if any(row.may_judge(me.actor, side) for side in sides)]
    return len(mine) + restarts(me)


def restarts(me: Member) -> int:
    """How many stopped programs this member may let go on now."""
    return sum(may_end(one, me) for one in _stops())


def may_end(one: read.StopRow, me: Member) -> bool:
    """Whether somebody asked for the program to go on and this member may approve it."""
    return one.asked_by not in ("", me.actor) and me.may("programs.review_legal")


def _stops() -> list[read.StopRow]:
    """What is stopped and not over: a closed program never goes on, and nobody ends its stop."""
    found = read.open_stops()
    return [one for one in found if (row := program(one.program)) and row.status != "closed"]
