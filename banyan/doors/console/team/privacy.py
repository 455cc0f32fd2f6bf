"""privacy: what people asked for about their data, with the day by which it is due."""

from __future__ import annotations

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.doors.console.number import number_of
from banyan.doors.console.page import page, render, told
from banyan.doors.console.staff import at_work
from banyan.kernel.errors import Problem
from banyan.trust.privacy import acts, read
from banyan.trust.privacy.read import RequestRow

PER_PAGE = 50
STATES = ("open", "done", "refused")
_MOST_COUNTED = 1_000


def open_requests(request: HttpRequest) -> int:
    """How many wait, for the menu."""
    return len(read.requests(state="open", limit=_MOST_COUNTED))


@page("customers.privacy")
def requests(request: HttpRequest) -> HttpResponseBase:
    """Requests: the open ones by their due date, then those that were answered."""
    typed = {name: request.POST.get(name, "") for name in ("kind", "user_id")}
    if request.method == "POST":
        try:
            acts.open_request(
                at_work(request).actor,
                typed["kind"],  # type: ignore[arg-type]  # the act checks it
                typed["user_id"].strip(),
                now=clock.now(),
            )
        except Problem as problem:
            told(request, problem)
        else:
            messages.success(request, _("Noted. It is due within 15 working days."))
            return redirect("admin:privacy")
    state = request.GET.get("state", "open")
    rows = read.requests(
        state=state if state in STATES else None,
        before=number_of(request.GET.get("before")),
        limit=PER_PAGE + 1,
    )
    now, shown = clock.now(), rows[:PER_PAGE]
    context = {
        "rows": [
            {
                "request": one,
                "kind": kinds()[one.kind],
                "is_late": one.state == "open" and one.due_at < now,
                "days": (one.due_at - now).days,
            }
            for one in (sorted(shown, key=lambda row: row.due_at) if state == "open" else shown)
        ],
        "older": shown[-1].number if len(rows) > PER_PAGE else None,
        "state": state,
        "kinds": kinds().items(),
        "typed": typed,
    }
    return render(request, "console/team/privacy.html", context, title=_("Privacy requests"))


@page("customers.privacy")
def answer(request: HttpRequest, number: int) -> HttpResponseBase:
    """Fulfil or refuse one (POST `do`, `reason`)."""
    if request.method != "POST":
        return redirect("admin:privacy")
    me, reason = at_work(request), request.POST.get("reason", "").strip()
    asked, now = _open(number), clock.now()
    try:
        if request.POST.get("do") == "refuse":
            acts.close_request(me.actor, number, is_refused=True, reason=reason, now=now)
            messages.success(request, _("Refused. The reason can be told to the person."))
        elif asked.kind == "erase" and asked.user_id:
            acts.erase_customer(me.actor, asked.user_id, reason=reason, now=now, request_id=number)
            messages.success(request, _("Erased. What is personal is gone; the books stay."))
        else:
            acts.close_request(me.actor, number, is_refused=False, reason=reason, now=now)
            messages.success(request, _("Answered."))
    except Problem as problem:
        told(request, problem)
    return redirect("admin:privacy")


@page("customers.privacy")
def data(request: HttpRequest, number: int) -> HttpResponseBase:
    """Everything held of the person who asks, as a file for them; taking it out is written down."""
    asked = _open(number)
    if request.method != "POST" or not asked.user_id:
        raise Http404
    try:
        held = acts.export_customer(
            at_work(request).actor,
            asked.user_id,
            reason=f"privacy request {number}",
            now=clock.now(),
        )
    except Problem as problem:
        told(request, problem)
        return redirect("admin:privacy")
    body = msgspec.json.format(msgspec.json.encode(held), indent=2)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="request-{number}.json"'
    return response


def kinds() -> dict[str, str]:
    """What can be asked for, in words."""
    return {
        "access": _("see what is held of them"),
        "export": _("take their data along"),
        "correct": _("have something corrected"),
        "erase": _("have everything erased"),
        "object": _("have it no longer used"),
    }


def _open(number: int) -> RequestRow:
    found = next(iter(read.requests(before=number + 1, limit=1)), None)
    if found is None or found.number != number:
        raise Http404
    return found
