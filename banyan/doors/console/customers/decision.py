"""decision: why it was decided so, in the engine's words, and the numbers behind them."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render as part
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from banyan.core.events import clock
from banyan.core.ledger.read import transfers_of_decisions
from banyan.core.programs.read import version
from banyan.core.referrals.read import DecisionRow, reversals
from banyan.core.referrals.read import decision as read_decision
from banyan.core.referrals.why import why as in_words
from banyan.doors.console.customers import saying
from banyan.doors.console.customers.story import standing
from banyan.doors.console.customers.who import people
from banyan.doors.console.page import Crumb, page, render
from banyan.doors.console.staff import at_work


@never_cache
@require_GET
@page("decisions.read")
def decision(request: HttpRequest, decision_id: str) -> HttpResponseBase:
    """Everything about one decision."""
    row = _found(decision_id)
    known = people([row.beneficiary, row.advocate, row.friend])
    published = version(row.program, row.version)
    is_person = not row.beneficiary.startswith("charity:")
    context = {
        "row": row,
        "why": in_words(row, saying.language()),
        "standing": standing(row, clock.now()),
        "amount": saying.amount(row.unit, row.amount),
        "raw": saying.amount(row.unit, row.raw_amount),
        "cut": saying.amount(row.unit, row.raw_amount - row.amount)
        if row.raw_amount > row.amount
        else "",
        "outcome": saying.outcome(row.outcome),
        "side": saying.side(row.to),
        "at": saying.moment(row.occurred_at),
        "available": saying.moment(row.available_at),
        "expires": saying.moment(row.expires_at),
        # The reason above tells its times by the program's clock.
        "clock": _("Times are those of {zone}.").format(
            zone=saying.voice().zone(settings.OPERATOR_TIME_ZONE)
        ),
        "beneficiary": known[row.beneficiary] if is_person else None,
        "friend": known.get(row.friend or ""),
        "advocate": known.get(row.advocate or ""),
        "terms_since": saying.moment(published.starts_at) if published else "",
        "terms_published": saying.moment(published.published_at) if published else "",
        "moves": [
            {
                "row": one,
                "amount": saying.amount(one.unit, one.amount),
                "at": saying.moment(one.occurred_at),
            }
            for one in transfers_of_decisions([decision_id])
        ],
        "may_rule": row.waits_for_ruling and at_work(request).may("decisions.rule"),
        "reversals": [
            (saying.moment(one.occurred_at), saying.amount(row.unit, one.amount), one.position)
            for one in reversals(decision_id)
        ],
    }
    return render(
        request,
        "console/customers/decision.html",
        context,
        title=_("Decision on {reward}").format(reward=row.reward),
        crumbs=_way_back(row, is_person=is_person, name=str(known.get(row.beneficiary, ""))),
    )


@never_cache
@require_GET
@page("decisions.read")
def decision_why(request: HttpRequest, decision_id: str) -> HttpResponseBase:
    """The words alone, for a line of a list that is opened."""
    told = in_words(_found(decision_id), saying.language())
    return part(request, "console/customers/why.html", {"why": told})


def _found(decision_id: str) -> DecisionRow:
    row = read_decision(decision_id)
    if row is None:
        raise Http404
    return row


def _way_back(row: DecisionRow, *, is_person: bool, name: str) -> tuple[Crumb, ...]:
    crumbs = [Crumb(_("Customers"), reverse("admin:customers"))]
    if is_person:
        crumbs.append(Crumb(name, reverse("admin:customer", args=[row.beneficiary])))
    return tuple(crumbs)
