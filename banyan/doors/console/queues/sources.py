"""sources: the registry of who could refer, with the relation and when they were asked last."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.people.read import customer
from banyan.doors.console.customers.saying import moment
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.queues import links, typed, words
from banyan.doors.console.staff import at_work
from banyan.growth.tasks import sources as room
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

PAGE = 50


@never_cache
@page("referrals.edit")
def sources(request: HttpRequest) -> HttpResponseBase:
    """Everybody on the list, the closest first; somebody new."""
    if request.method == "POST":
        try:
            _add(request)
        except Problem as problem:
            told(request, problem)
        else:
            return redirect("admin:sources")
    number, what = typed.page_number(request), request.GET.get("what", "")
    rows = room.sources(
        what=what if what in room.NAMES else "", offset=(number - 1) * PAGE, limit=PAGE + 1
    )
    staff = words.Staff()
    context = {
        "lines": [
            {
                "row": row,
                "what": room.NAMES[row.what],
                "asked": moment(row.asked_at),
                "owner": staff.name(row.owner),
                "link": links.of_customer(row.customer),
            }
            for row in rows[:PAGE]
        ],
        "what": what,
        "kinds": room.NAMES.items(),
        "number": number,
        "has_more": len(rows) > PAGE,
        "query": f"what={what}",
        "typed": request.POST,
    }
    crumbs = (Crumb(_("Tasks"), links.to("tasks")),)
    title = _("Registry of sources")
    return render(request, "console/queues/sources.html", context, title=title, crumbs=crumbs)


@page("referrals.edit")
@require_POST
def act(request: HttpRequest, number: int) -> HttpResponseBase:
    """They were asked today, or are taken off the list."""
    me, now, do = at_work(request), clock.now(), request.POST.get("do", "")
    try:
        if do == "asked":
            room.asked(number, now=now)
        elif do == "take_off":
            room.take_off(number)
        else:
            raise Http404
        record(me.actor, f"source.{do}", f"source:{number}", now=now)
    except Problem as problem:
        told(request, problem)
    return redirect("admin:sources")


def _add(request: HttpRequest) -> None:
    me, now, user_id = at_work(request), clock.now(), typed.text(request, "customer")
    if user_id and customer(user_id) is None:
        raise typed.NotRead(_("Nobody is known by the id {user_id}.").format(user_id=user_id))
    number = room.add(
        me.actor,
        what=request.POST.get("what", ""),
        name=request.POST.get("name", ""),
        relation=typed.whole(request, "relation"),
        note=request.POST.get("note", ""),
        customer=user_id,
        now=now,
    )
    record(me.actor, "source.added", f"source:{number}", now=now)
