"""amends: rewards at discretion and corrections of referrals, with evidence and a second person
above the limits."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.programs.force import running
from banyan.core.referrals.read import referrals
from banyan.doors.console.customers.saying import moment
from banyan.doors.console.customers.who import people
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.queues import links, typed, words
from banyan.doors.console.staff import at_work
from banyan.growth.amends import acts, read
from banyan.growth.amends.kinds import KINDS, NAMES, Kind
from banyan.growth.amends.read import AmendRow
from banyan.growth.payouts.sheets import major
from banyan.kernel.errors import Problem
from banyan.pipeline import amending
from banyan.trust.audit.acts import record
from banyan.trust.staff.read import Member
from banyan.trust.staff.rights import ROLES

PAGE = 50
RIGHTS: dict[Kind, str] = {
    "reward": "wallets.credit",
    "record": "referrals.edit",
    "move": "referrals.edit",
    "withdraw": "referrals.edit",
}
HELP: dict[Kind, Promise] = {
    "reward": gettext_lazy(
        "Into the wallet at once, if it is within your limit for this person and month; else after "
        "somebody else has approved it."
    ),
    "record": gettext_lazy(
        "For a customer who was recommended by phone, in the shop or on paper, and has not joined "
        "yet: when they join, the advocate is credited as by a code. Whoever is no customer yet is "
        "put in first, by an import or over the API."
    ),
    "move": gettext_lazy(
        "Who brought whom is fixed for ever when a friend joins, so that every replay agrees. What "
        "was paid to the wrong advocate is moved: out of that wallet, into the right one."
    ),
    "withdraw": gettext_lazy(
        "Marks the referral as lost from now on. What was granted stays; move it, or let the "
        "refund take it back."
    ),
}
_OUTCOMES: dict[str, Promise] = {
    "insufficient_balance": gettext_lazy("The wallet does not hold that much any more."),
    "not_credited": gettext_lazy("The ledger did not take it."),
}


@never_cache
@page("wallets.credit", "referrals.edit", "payouts.approve")
def amends(request: HttpRequest) -> HttpResponseBase:
    """What was put right by hand, what waits for a second person first."""
    number = typed.page_number(request)
    state = "waiting" if request.GET.get("state") == "waiting" else ""
    rows = read.amends(state=state, offset=(number - 1) * PAGE, limit=PAGE + 1)
    me, staff = at_work(request), words.Staff()
    who = people([one for row in rows for one in (row.customer, row.other, row.wrong)])
    context = {
        "lines": [
            {
                "row": row,
                "kind": NAMES[row.kind],
                "who": who.get(row.customer, ""),
                "other": who.get(row.other, ""),
                "amount": words.amount(row.unit, row.amount) if row.unit else "",
                "state": words.badge(words.AMEND_STATES, row.state),
                "by": staff.name(row.asked_by),
                "at": moment(row.asked_at),
            }
            for row in rows[:PAGE]
        ],
        "state": state,
        "waiting": read.to_approve(),
        "number": number,
        "has_more": len(rows) > PAGE,
        "query": f"state={state}",
        "kinds": [(one, NAMES[one]) for one in KINDS if me.may(RIGHTS[one])],
        "may_limit": me.may("settings.edit"),
    }
    return render(
        request, "console/queues/amends.html", context, title=_("Corrections and goodwill")
    )


@page("wallets.credit", "referrals.edit")
def new(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Ask for something to be put right."""
    what = next((one for one in KINDS if one == kind), None)
    if what is None:
        raise Http404
    me, now = at_work(request), clock.now()
    if not me.may(RIGHTS[what]):
        raise PermissionDenied
    if request.method == "POST":
        try:
            row = _asked(request, what, me, now)
        except Problem as problem:
            told(request, problem)
        else:
            _say(request, row)
            return redirect("admin:amend", row.number)
    programs = running(now)
    known = words.units(programs)
    limits_ = {one: read.limit_of(me.roles, one) for one in known}
    context = {
        "kind": what,
        "help": HELP[what],
        "units": [(one, words.unit_name(one)) for one in known],
        "programs": sorted(programs),
        "limits": [words.amount(one, most) for one, most in limits_.items() if most],
        "typed": request.POST if request.method == "POST" else request.GET,
    }
    return render(
        request, "console/queues/amend_new.html", context, title=str(NAMES[what]), crumbs=_way()
    )


@never_cache
@page("wallets.credit", "referrals.edit", "payouts.approve")
def amend(request: HttpRequest, number: int) -> HttpResponseBase:
    """One, with its reason and evidence; that they were read is written down."""
    row = _row(number)
    me, staff = at_work(request), words.Staff()
    record(me.actor, "amend.read", f"amend:{number}", now=clock.now())
    who = people([row.customer, row.other, row.wrong])
    referral = None
    if row.other and row.program:
        referral = next(iter(referrals(program=row.program, friend=row.other, limit=1)), None)
    context = {
        "row": row,
        "kind": NAMES[row.kind],
        "help": HELP[row.kind],
        "amount": words.amount(row.unit, row.amount) if row.unit else "",
        "who": who.get(row.customer, ""),
        "who_link": links.of_customer(row.customer),
        "other": who.get(row.other, ""),
        "wrong": who.get(row.wrong, ""),
        "referral": links.to("referral", row.program, row.other) if referral else "",
        "about_link": links.of_about(row.about, me),
        "state": words.badge(words.AMEND_STATES, row.state),
        "asked_by": staff.name(row.asked_by),
        "asked_at": moment(row.asked_at),
        "decided_by": staff.name(row.decided_by),
        "decided_at": moment(row.decided_at),
        "outcome": _OUTCOMES.get(row.outcome, row.outcome),
        "is_own": row.asked_by == me.actor,
        "may_decide": row.state == "waiting" and _may_decide(me, row),
    }
    title = _("Correction {number}").format(number=number)
    return render(request, "console/queues/amend.html", context, title=title, crumbs=_way())


@page("wallets.credit", "referrals.edit", "payouts.approve")
@require_POST
def decide(request: HttpRequest, number: int) -> HttpResponseBase:
    """The second person says yes or no."""
    row, me, now = _row(number), at_work(request), clock.now()
    if not _may_decide(me, row):
        raise PermissionDenied
    try:
        if request.POST.get("do") == "approve":
            row = amending.approve(me.actor, number, now=now)
        else:
            row = amending.refuse(me.actor, number, reason=typed.text(request, "reason"), now=now)
    except Problem as problem:
        told(request, problem)
    else:
        _say(request, row)
    return redirect("admin:amend", number)


@page("settings.edit")
def limits(request: HttpRequest) -> HttpResponseBase:
    """How much one of each role may give one person in a month alone."""
    me, now = at_work(request), clock.now()
    known = words.units(running(now))
    roles = [role for role, rights in ROLES.items() if "wallets.credit" in rights.split()]
    roles += [
        role
        for role, rights in ROLES.items()
        if "referrals.edit" in rights.split() and role not in roles
    ]
    if request.method == "POST":
        try:
            changed = _set_limits(request, me, roles, known, now)
        except Problem as problem:
            told(request, problem)
        else:
            if changed:
                messages.success(request, _("Kept."))
            return redirect("admin:amend_limits")
    set_ = {(one.role, one.unit): one.amount for one in read.limits()}
    context = {
        "units": [words.unit_name(one) for one in known],
        "rows": [
            {
                "role": words.ROLE_NAMES[role],
                "cells": [
                    {
                        "name": f"{role}|{unit}",
                        "label": f"{words.ROLE_NAMES[role]}, {words.unit_name(unit)}",
                        "value": request.POST.get(f"{role}|{unit}", _plain(set_, role, unit)),
                    }
                    for unit in known
                ],
            }
            for role in roles
        ],
    }
    return render(
        request, "console/queues/amend_limits.html", context, title=_("Limits"), crumbs=_way()
    )


def waiting(request: HttpRequest) -> int:
    """For the menu."""
    return read.to_approve()


def _asked(request: HttpRequest, kind: Kind, me: Member, now: datetime) -> AmendRow:
    unit = request.POST.get("unit", "") if kind in ("reward", "move") else ""
    return amending.ask(
        me.actor,
        kind,
        now=now,
        roles=me.roles,
        customer=typed.text(request, "customer"),
        other=typed.text(request, "other"),
        wrong=typed.text(request, "wrong"),
        program=request.POST.get("program", ""),
        unit=unit,
        amount=typed.amount(request.POST.get("amount", ""), unit) if unit else 0,
        reason=request.POST.get("reason", ""),
        evidence=request.POST.get("evidence", ""),
        about=request.POST.get("about", ""),
    )


def _set_limits(
    request: HttpRequest, me: Member, roles: list[str], known: list[str], now: datetime
) -> dict[str, object]:
    set_ = {(one.role, one.unit): one.amount for one in read.limits()}
    wanted = {
        (role, unit): typed.amount(request.POST.get(f"{role}|{unit}", "") or "0", unit)
        for role in roles
        for unit in known
    }
    changed = {key: n for key, n in wanted.items() if n != set_.get(key, 0)}
    for (role, unit), number in changed.items():
        acts.set_limit(me.actor, role, unit, amount=number, now=now)
        record(
            me.actor,
            "amend.limit_set",
            f"amend_limit:{role}:{unit}",
            now=now,
            before={"amount": set_.get((role, unit), 0)},
            after={"amount": number},
        )
    return {f"{role}|{unit}": number for (role, unit), number in changed.items()}


def _plain(set_: dict[tuple[str, str], int], role: str, unit: str) -> str:
    number = set_.get((role, unit), 0)
    kind, _between, currency = unit.partition(" ")
    return major(number, currency) if kind in ("cash", "credit") else str(number)


def _may_decide(me: Member, row: AmendRow) -> bool:
    return me.may(RIGHTS[row.kind]) or me.may("payouts.approve")


def _say(request: HttpRequest, row: AmendRow) -> None:
    if row.state == "waiting":
        messages.success(request, _("Above your limit: somebody else has to approve it now."))
    elif row.state == "done":
        messages.success(request, _("Done; it stands in the ledger."))
    elif row.state == "failed":
        messages.error(request, str(_OUTCOMES.get(row.outcome, row.outcome)))
    elif row.state == "approved":
        messages.success(request, _("It is being decided; look again in a moment."))


def _row(number: int) -> AmendRow:
    row = read.amend(number)
    if row is None:
        raise Http404
    return row


def _way() -> tuple[Crumb, ...]:
    return (Crumb(_("Corrections and goodwill"), links.to("amends")),)
