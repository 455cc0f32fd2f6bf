"""budget: what share of what its friends bring a program's rewards may take, and what then."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.doors.console.number import number_of
from banyan.doors.console.page import page, told
from banyan.doors.console.programs.frame import program_page
from banyan.doors.console.programs.review_words import who, zone
from banyan.doors.console.staff import at_work
from banyan.insight.metrics.assumptions import assumptions
from banyan.insight.metrics.scope import scope
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits
from banyan.pipeline.approving import budget as kept
from banyan.pipeline.approving.budget import BadBudget, BudgetRow, State, money_text
from banyan.pipeline.approving.spending import spent

RIGHTS = ("programs.publish", "programs.review_finance")
"""Who sets it: those who may pause a program, and finance."""
DAYS, GRACE_DAYS = 30, 7
"""Offered where nothing is set."""


@page("programs.read")
def program_budget(request: HttpRequest, slug: str) -> HttpResponse:
    """The budget, and how it stands at this moment."""
    return _page(request, slug, {})


@page(*RIGHTS)
@require_POST
def keep_budget(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Set it."""
    data = request.POST
    try:
        kept.set_budget(
            at_work(request).actor,
            slug,
            percent=_number(data.get("percent", "")),
            days=_whole(data.get("days", "")),
            smallest=_minor(data.get("smallest", ""), scope(slug).currency),
            action=data.get("action", ""),
            grace_days=_whole(data.get("grace_days", "")),
            now=clock.now(),
        )
    except Problem as problem:
        told(request, problem)
        return _page(request, slug, data.dict(), status=422)
    messages.success(request, _("Kept. It is judged every hour."))
    return redirect("admin:program_budget", slug)


@page(*RIGHTS)
@require_POST
def drop_budget(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Judge it no more."""
    try:
        kept.drop_budget(at_work(request).actor, slug, now=clock.now())
    except Problem as problem:
        told(request, problem)
    else:
        messages.success(request, _("This program is not held against a budget any more."))
    return redirect("admin:program_budget", slug)


def _page(
    request: HttpRequest, slug: str, typed: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    now, row, of = clock.now(), kept.budget(slug), scope(slug)
    stands = _standing(slug, row, now) if of.program == slug else None
    context = {
        "is_possible": of.program == slug,
        "row": row,
        "set_by": who(row.set_by) if row else "",
        "now": stands,
        "state": _state(row, stands) if row else "",
        "form": _shown(row, slug) | typed,
        "currency": of.currency,
        "may_set": any(at_work(request).may(right) for right in RIGHTS),
        "zone": zone(),
    }
    template = "console/programs/budget.html"
    return program_page(request, slug, template, context, tab="program_budget", status=status)


def _standing(slug: str, row: BudgetRow | None, now: datetime) -> dict[str, Any] | None:
    """What was spent of what, up to this moment; None while figures are being made again."""
    days = row.days if row else DAYS
    found = spent(slug, days=days, now=now)
    if found is None:
        return None
    currency = scope(slug).currency
    share = Decimal(100 * found.cost) / found.revenue if found.revenue else None
    limit = row.share_bp if row else None
    allowed = found.revenue * limit // kept.BASIS if limit is not None else None
    return {
        "days": days,
        "cost": money_text(found.cost, currency),
        "revenue": money_text(found.revenue, currency),
        "share": "" if share is None else f"{share:.2f} %",
        "allowed": "" if allowed is None else money_text(allowed, currency),
        "width": min(100, 100 * found.cost // allowed) if allowed else 0,
        "is_enough": row is None or found.revenue >= row.smallest,
        "is_reached": limit is not None and kept.is_reached(found.cost, found.revenue, limit),
    }


def _state(row: BudgetRow, stands: dict[str, Any] | None) -> State:
    """The side of the budget on which what is shown lies; a pause stands until a person ends it,
    and what cannot be judged now stays where the last look left it."""
    if row.state == "stopped" or stands is None or not stands["is_enough"]:
        return row.state
    return "over" if stands["is_reached"] else "under"


def _shown(row: BudgetRow | None, slug: str) -> dict[str, Any]:
    """The form as it is filled in at first."""
    if row is None:
        share = Decimal(str(assumptions(scope(slug)).budget_share)) * 100
        return {
            "percent": f"{share.normalize():f}",
            "days": DAYS,
            "smallest": "0",
            "action": "warn",
            "grace_days": GRACE_DAYS,
        }
    return {
        "percent": row.percent,
        "days": row.days,
        "smallest": f"{Decimal(row.smallest).scaleb(-minor_digits(row.currency)):f}",
        "action": row.action,
        "grace_days": row.grace_days,
    }


def _minor(text: str, currency: str) -> int:
    """Minor units; nothing typed is 0. Raises BadBudget."""
    digits = minor_digits(currency) if currency else 2
    minor = _number(text or "0").scaleb(digits)
    if minor != minor.to_integral_value():
        raise BadBudget(
            _("{text} has more than {digits} decimals.").format(text=text[:40], digits=digits)
        )
    return int(minor)


def _number(text: str) -> Decimal:
    """Raises BadBudget."""
    plain = text.replace(",", "").replace("，", "").strip(" %％")
    try:
        found = Decimal(plain)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > kept.MOST_MONEY:
        raise BadBudget(_("{text} is no number such as 20 or 17.5.").format(text=text[:40] or "–"))
    return found


def _whole(text: str) -> int:
    """Raises BadBudget."""
    found = number_of(text.strip())
    if found is None:
        raise BadBudget(_("{text} is no whole number.").format(text=text[:40] or "–"))
    return found
