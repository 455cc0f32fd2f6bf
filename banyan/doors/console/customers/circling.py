"""circling: the core circle: the figures propose, a person chooses and says why."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from banyan.core.events import clock
from banyan.core.people.read import customer
from banyan.doors.console.customers import saying
from banyan.doors.console.customers.who import people
from banyan.doors.console.page import page, render, told
from banyan.doors.console.staff import at_work
from banyan.insight.segments import circle as room
from banyan.insight.segments.members import house_currency
from banyan.insight.segments.purchases import catch_up_if_near
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record
from banyan.trust.staff.read import members as staff


@never_cache
@require_GET
@page("customers.read")
def circle(request: HttpRequest) -> HttpResponseBase:
    """Who is in it and why, and whom the figures propose."""
    return _page(request, {})


@never_cache
@page("segments.edit")
@require_POST
def choose(request: HttpRequest) -> HttpResponseBase:
    """Take somebody in, or judge anew."""
    user_id = request.POST.get("user_id", "").strip()
    me, now = at_work(request), clock.now()
    try:
        if customer(user_id) is None:
            raise room.BadChoice(_("There is no customer {user_id}.").format(user_id=user_id))
        with one_transaction():
            row = room.choose(
                me.actor,
                user_id,
                relation=_mark(request, "relation"),
                fit=_mark(request, "fit"),
                note=request.POST.get("note", ""),
                now=now,
            )
            # The note may be personal, so it stays out of the log.
            record(
                me.actor,
                "circle.chosen",
                f"customer:{user_id}",
                now=now,
                after={"relation": row.relation, "fit": row.fit},
            )
    except Problem as problem:
        told(request, problem)
        return _page(request, dict(request.POST.items()), status=422)
    messages.success(request, _("{user_id} is in the circle.").format(user_id=user_id))
    return redirect("admin:circle")


@never_cache
@page("segments.edit")
@require_POST
def let_go(request: HttpRequest) -> HttpResponseBase:
    """Somebody leaves; that they were in it is kept."""
    user_id = request.POST.get("user_id", "")
    me, now = at_work(request), clock.now()
    try:
        with one_transaction():
            room.let_go(me.actor, user_id, now=now)
            record(me.actor, "circle.left", f"customer:{user_id}", now=now)
        messages.success(request, _("{user_id} left the circle.").format(user_id=user_id))
    except Problem as problem:
        told(request, problem)
    return redirect("admin:circle")


def _page(request: HttpRequest, typed: dict[str, Any], *, status: int = 200) -> HttpResponseBase:
    catch_up_if_near()
    inside, proposed = room.circle(), room.proposed(now=clock.now())
    known = people([*(one.customer for one in inside), *(one.customer for one in proposed)])
    names = {one.actor: one.name for one in staff()}
    currency = house_currency()
    context = {
        "inside": [
            {
                "row": one,
                "who": known[one.customer],
                "at": saying.moment(one.chosen_at),
                "by": names.get(one.chosen_by, one.chosen_by),
            }
            for one in inside
        ],
        "proposed": [
            {
                "row": one,
                "who": known[one.customer],
                "spent": saying.money(one.spent, currency),
                "at": saying.moment(one.last_order_at),
            }
            for one in proposed
        ],
        "typed": typed,
        "marks": room.MARKS,
        "days": room.ACTIVE_DAYS,
        "may_edit": at_work(request).may("segments.edit"),
    }
    return render(
        request, "console/customers/circle.html", context, title=_("Core circle"), status=status
    )


def _mark(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text in {"1", "2", "3", "4", "5"} else 0
