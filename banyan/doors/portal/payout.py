"""payout: where a customer wants earned cash, whether that was verified, and what was paid out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from banyan.core.ledger.totals import totals
from banyan.core.people.names import speaker
from banyan.doors.portal import saying
from banyan.doors.portal.person import Person, person_of
from banyan.doors.portal.session import for_customer
from banyan.doors.refusals import refusal
from banyan.growth.payouts import payees, rules
from banyan.growth.payouts.methods import LABELS, NAMES, OPTIONAL, BadPayee
from banyan.growth.payouts.read import lines_of
from banyan.trust.audit.acts import record

STATES = {
    "new": gettext_lazy("We check this account before we pay to it."),
    "verified": gettext_lazy("Checked. We pay to this account."),
    "failed": gettext_lazy("The last payout did not arrive. Check the account, or enter another."),
}
_LINES = {
    "planned": (gettext_lazy("Planned"), "wait"),
    "spent": (gettext_lazy("Being paid out"), "wait"),
    "sent": (gettext_lazy("Being paid out"), "wait"),
    "paid": (gettext_lazy("Paid out"), "good"),
    "failed": (gettext_lazy("Did not arrive"), "bad"),
    "returned": (gettext_lazy("Did not arrive; back in your wallet"), "bad"),
}


@for_customer
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponseBase:
    """See the account, enter one, and agree that it is kept."""
    person = person_of(request)
    if request.method == "GET":
        return _shown(request, person)
    try:
        if not request.POST.get("agreed"):
            raise BadPayee(_("Tick the box if you agree; without it we cannot pay out."))
        given = {name: request.POST.get(name, "") for name in LABELS}
        method = request.POST.get("method", "")
        who = speaker(person.user_id)
        row = payees.set_payee(payees.CUSTOMER, who, method=method, given=given, now=person.now)
    except BadPayee as bad:
        return _shown(request, person, wrong=refusal(bad), status=422)
    told = {"method": row.method, "shown": row.shown}
    record(person.actor, "payee.set", f"customer:{who}", now=person.now, after=told)
    return redirect("/me/payout/?done=1")


@for_customer
@require_POST
def remove(request: HttpRequest) -> HttpResponseBase:
    """The account is destroyed; nothing more is paid out."""
    person = person_of(request)
    who = speaker(person.user_id)
    if payees.payee(who) is not None:
        payees.remove(who)
        record(person.actor, "payee.removed", f"customer:{who}", now=person.now)
    return redirect("/me/payout/")


def _shown(
    request: HttpRequest, person: Person, *, wrong: str = "", status: int = 200
) -> HttpResponseBase:
    row = payees.payee(speaker(person.user_id))
    typed: dict[str, Any] = dict(request.POST.items()) if wrong else {}
    values = {
        "tab": "rewards",
        "row": row,
        "state": STATES[row.state] if row else "",
        "method": NAMES[row.method] if row else "",
        "amounts": [_amount(person, one.unit, one.available) for one in _cash(person)],
        "leasts": [_amount(person, one.unit, rules.rule(one.unit).least) for one in _cash(person)],
        "lines": [
            {
                "amount": saying.amount(one.unit, one.amount, person.language, {}),
                "label": _LINES[one.state][0],
                "look": _LINES[one.state][1],
            }
            for one in lines_of(person.ids)
            if one.state in _LINES
        ],
        "methods": NAMES.items(),
        "fields": [
            (name, label, name in OPTIONAL, typed.get(name, "")) for name, label in LABELS.items()
        ],
        "chosen": typed.get("method", row.method if row else ""),
        "wrong": wrong,
        "done": "done" in request.GET,
    }
    return render(request, "portal/me/payout.html", values, status=status)


def _cash(person: Person) -> list[Any]:
    return [one for one in totals(person.ids) if one.unit.startswith("cash ")]


def _amount(person: Person, unit: str, number: int) -> str:
    return saying.figure(unit, number, person.language)
