"""payees: where people want their cash: who waits to be verified, and one person's account."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.people.names import speaker
from banyan.core.people.read import customer
from banyan.doors.console.customers.saying import moment
from banyan.doors.console.customers.who import people, person
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.queues import links, typed, words
from banyan.doors.console.staff import at_work
from banyan.growth.payouts import payees as rooms
from banyan.growth.payouts.methods import FIELDS, LABELS, NAMES
from banyan.growth.payouts.payees import PayeeRow
from banyan.growth.payouts.read import lines_of
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

PAGE = 50


@never_cache
@page("payouts.read", "payouts.prepare", "payouts.approve")
def payees(request: HttpRequest) -> HttpResponseBase:
    """Those who gave an account."""
    number = typed.page_number(request)
    state = request.GET.get("state", "")
    state = state if state in words.PAYEE_STATES else ""
    rows = rooms.payees(state=state, offset=(number - 1) * PAGE, limit=PAGE + 1)
    who = people([row.customer for row in rows])
    me = at_work(request)
    context = {
        "lines": [
            {
                "row": row,
                "who": who[row.customer],
                "method": NAMES[row.method],
                "state": words.badge(words.PAYEE_STATES, row.state),
                "changed": moment(row.changed_at),
            }
            for row in rows[:PAGE]
        ],
        "state": state,
        "states": [(name, text) for name, (text, _look) in words.PAYEE_STATES.items()],
        "number": number,
        "has_more": len(rows) > PAGE,
        "query": f"state={state}",
        "tab": "payees",
        "may_prepare": me.may("payouts.prepare"),
    }
    return render(
        request, "console/queues/payees.html", context, title=_("Accounts"), crumbs=_way()
    )


@never_cache
@page("payouts.read", "payouts.prepare", "payouts.approve")
def payee(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """One person's account, masked; in clear for who prepares payouts, which is written down."""
    if customer(user_id) is None:
        raise Http404
    return _shown(request, speaker(user_id))


@page("payouts.prepare")
@require_POST
def change(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """Enter it for them, who agreed; or take it away."""
    if customer(user_id) is None:
        raise Http404
    who, me, now = speaker(user_id), at_work(request), clock.now()
    try:
        if request.POST.get("do") == "remove":
            rooms.remove(who)
            record(me.actor, "payee.removed", f"customer:{who}", now=now)
        else:
            _enter(request, who)
            messages.success(request, _("Kept. Somebody else verifies it now."))
    except Problem as problem:
        told(request, problem)
        return _shown(request, who, typed_=request.POST)
    return redirect("admin:payee", who)


@page("payouts.prepare", "payouts.approve")
@require_POST
def verify(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """It is right."""
    who, me, now = speaker(user_id), at_work(request), clock.now()
    try:
        row = rooms.verify(me.actor, who, now=now)
        record(me.actor, "payee.verified", f"customer:{who}", now=now, after={"shown": row.shown})
        messages.success(request, _("Verified. The next batch takes it in."))
    except Problem as problem:
        told(request, problem)
    return redirect("admin:payee", who)


def _enter(request: HttpRequest, who: str) -> None:
    me, now = at_work(request), clock.now()
    if not request.POST.get("agreed"):
        raise typed.NotRead(_("Confirm that the customer has agreed."))
    given = {name: typed.text(request, name) for name in LABELS}
    row = rooms.set_payee(
        me.actor, who, method=request.POST.get("method", ""), given=given, now=now
    )
    record(
        me.actor,
        "payee.set",
        f"customer:{who}",
        now=now,
        after={"method": row.method, "shown": row.shown},
    )


def _shown(request: HttpRequest, user_id: str, *, typed_: Any = None) -> HttpResponseBase:
    me, now = at_work(request), clock.now()
    row = rooms.payee(user_id)
    is_open = bool(row) and "open" in request.GET and me.may("payouts.prepare")
    context = {
        "user_id": user_id,
        "who": person(user_id),
        "who_link": links.of_customer(user_id),
        "row": row,
        "state": words.badge(words.PAYEE_STATES, row.state) if row else None,
        "facts": _facts(row) if row else [],
        "clear": _clear(request, user_id) if is_open else [],
        "is_own": row is not None and row.changed_by == me.actor,
        "methods": [(name, text, FIELDS[name]) for name, text in NAMES.items()],
        "fields": [(name, text, (typed_ or {}).get(name, "")) for name, text in LABELS.items()],
        "lines": [
            {
                "row": one,
                "amount": words.amount(one.unit, one.amount),
                "state": words.badge(words.LINE_STATES, one.state),
            }
            for one in lines_of([user_id], limit=20)
        ],
        "typed": typed_ or {},
        "may_prepare": me.may("payouts.prepare"),
        "may_verify": me.may("payouts.prepare") or me.may("payouts.approve"),
        "now": now,
    }
    title = _("Account of {who}").format(who=context["who"])
    crumbs = (*_way(), Crumb(_("Accounts"), links.to("payees")))
    return render(request, "console/queues/payee.html", context, title=title, crumbs=crumbs)


def _facts(row: PayeeRow) -> list[tuple[str, str]]:
    staff = words.Staff()
    found = [
        (_("Method"), str(NAMES[row.method])),
        (_("Account"), row.shown),
        (_("Agreed on"), moment(row.agreed_at)),
        (_("Entered by"), f"{staff.name(row.changed_by)} · {moment(row.changed_at)}"),
    ]
    if row.verified_by and row.verified_at:
        found.append(
            (_("Verified by"), f"{staff.name(row.verified_by)} · {moment(row.verified_at)}")
        )
    if row.why:
        found.append((_("Last failure"), row.why))
    return found


def _clear(request: HttpRequest, user_id: str) -> list[tuple[str, str]]:
    record(at_work(request).actor, "payee.seen", f"customer:{user_id}", now=clock.now())
    account = rooms.opened(user_id)
    values = [(str(text), str(getattr(account, name))) for name, text in LABELS.items()]
    return [(text, value) for text, value in values if value]


def _way() -> tuple[Crumb, ...]:
    return (Crumb(_("Payouts"), links.to("payouts")),)
