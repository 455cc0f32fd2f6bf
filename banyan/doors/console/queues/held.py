"""held: decisions that a rule against abuse held back: what speaks for and against, and a person's
word on one or many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.referrals.held import Asked, count, held, ids, reasons, sums
from banyan.core.referrals.read import DecisionRow, decision, referrals
from banyan.core.referrals.sides import Side, Sides, sides
from banyan.core.referrals.why import why
from banyan.doors.console.customers.saying import language, moment
from banyan.doors.console.customers.who import Who, people
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.queues import links, typed, words
from banyan.doors.console.staff import at_work
from banyan.kernel.errors import Problem
from banyan.pipeline import ruling

PAGE = 50
_AGES = {"1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30)}


@dataclass(frozen=True)
class _Line:
    """A decision in the list."""

    row: DecisionRow
    amount: str
    beneficiary: Who
    advocate: Who | None
    friend: Who | None
    reason: str
    age: str
    is_ticked: bool


@never_cache
@page("decisions.rule", "decisions.read")
def held_list(request: HttpRequest) -> HttpResponseBase:
    """What waits, the longest first."""
    return _list(request)


@page("decisions.rule")
@require_POST
def rule(request: HttpRequest) -> HttpResponseBase:
    """Release or deny what is ticked, or everything that the filters find."""
    verdict: ruling.Verdict = "deny" if request.POST.get("verdict") == "deny" else "release"
    now = clock.now()
    chosen = request.POST.getlist("decision")
    if request.POST.get("everything"):
        chosen = ids(_asked(request.POST, now), limit=ruling.MOST)
    reason = typed.text(request, f"reason_{verdict}")
    try:
        done = ruling.rule(at_work(request).actor, verdict, chosen, reason=reason, now=now)
    except Problem as problem:
        told(request, problem)
        return _list(request, ticked=frozenset(chosen), reason=reason)
    if earlier := len(set(chosen)) - (done.last - done.first + 1):
        messages.warning(
            request,
            ngettext(
                "One of those you ticked had been decided by then; it was left as it is.",
                "{n} of those you ticked had been decided by then; they were left as they are.",
                earlier,
            ).format(n=earlier),
        )
    return redirect("admin:held_rulings", done.first, done.last)


@page("decisions.rule")
def rulings(request: HttpRequest, first: int, last: int) -> HttpResponseBase:
    """What became of words given: how far the engine is, and which were too late."""
    if not 0 < first <= last or last - first >= ruling.MOST:
        raise Http404
    found = ruling.outcome(first, last)
    context = {
        "found": found,
        "share": round(100 * found.passed / found.count),
        "late": [row for row in found.rows if not row.is_counted],
        "first": first,
        "last": last,
        "left": count(Asked()),
    }
    if request.headers.get("HX-Request"):
        return render(request, "console/queues/held_progress.html", context, title="")
    return render(
        request, "console/queues/held_done.html", context, title=_("Held decisions"), crumbs=_way()
    )


@never_cache
@page("decisions.rule", "decisions.read")
def look(request: HttpRequest, decision_id: str) -> HttpResponseBase:
    """One decision: why it is held, and both people beside each other."""
    row = decision(decision_id)
    if row is None or row.outcome != "held":
        raise Http404
    referral = next(iter(referrals(program=row.program, friend=row.friend or "", limit=1)), None)
    both = sides(referral) if referral else None
    who = people([row.beneficiary, row.advocate, row.friend])
    me = at_work(request)
    context = {
        "row": row,
        "amount": words.amount(row.unit, row.amount - row.reversed_amount),
        "why": why(row, language(), naming=lambda one: str(who.get(one, one))),
        "facts": _facts(both, who) if both else [],
        "findings": _findings(both) if both else [],
        "who": who,
        "beneficiary": who[row.beneficiary],
        "may_rule": me.may("decisions.rule") and row.waits_for_ruling,
        "link": links.to("decision", row.decision_id),
        "since": moment(row.occurred_at),
    }
    return render(
        request, "console/queues/held_one.html", context, title=_("A held decision"), crumbs=_way()
    )


def waiting(request: HttpRequest) -> int:
    """For the menu."""
    return count(Asked())


def _list(
    request: HttpRequest, *, ticked: frozenset[str] = frozenset(), reason: str = ""
) -> HttpResponseBase:
    now = clock.now()
    given = request.POST if request.method == "POST" else request.GET
    asked = _asked(given, now)
    if given.get("least", "").strip() and _least(given) is None:
        messages.error(request, _("“At least” is no amount, so every amount is shown."))
    found = count(asked)
    # Whoever ruled on all of the last page stands behind it now.
    number = typed.page_number(request, last=ceil(found / PAGE))
    rows = held(asked, offset=(number - 1) * PAGE, limit=PAGE + 1)
    filters = {name: given.get(name, "") for name in ("program", "reason", "age", "least")}
    context = {
        "lines": _lines(rows[:PAGE], ticked, now),
        "found": found,
        "is_all_possible": PAGE < found <= ruling.MOST,
        "sums": [(words.amount(unit, total), n) for unit, n, total in sums(asked)],
        "reasons": [(one, _said(one), n) for one, n in reasons()],
        "programs": sorted({row.program for row in rows} | {filters["program"]} - {""}),
        "filters": filters,
        "is_filtered": any(filters.values()),
        "query": urlencode({name: value for name, value in filters.items() if value}),
        "number": number,
        "has_more": len(rows) > PAGE,
        "typed_reason": reason,
        "may_rule": at_work(request).may("decisions.rule"),
    }
    return render(request, "console/queues/held.html", context, title=_("Held decisions"))


def _asked(given: Any, now: datetime) -> Asked:
    age = given.get("age", "")
    return Asked(
        program=given.get("program", ""),
        reason=given.get("reason", ""),
        least=_least(given) or 0,
        before=now - _AGES[age] if age in _AGES else None,
    )


def _least(given: Any) -> int | None:
    """The amount that was typed; None for one that cannot be read. It is read in the unit of which
    most waits."""
    text = given.get("least", "").strip()
    if not text:
        return 0
    try:
        return typed.amount(text, next((one for one, _n, _total in sums(Asked())), ""))
    except typed.NotRead:
        return None


def _lines(rows: list[DecisionRow], ticked: frozenset[str], now: datetime) -> list[_Line]:
    who = people([one for row in rows for one in (row.beneficiary, row.advocate, row.friend)])
    return [
        _Line(
            row=row,
            amount=words.amount(row.unit, row.amount - row.reversed_amount),
            beneficiary=who[row.beneficiary],
            advocate=who.get(row.advocate or ""),
            friend=who.get(row.friend or ""),
            reason=_said(row.reason or ""),
            age=words.span(now - row.occurred_at),
            is_ticked=row.decision_id in ticked,
        )
        for row in rows
    ]


def _said(reason: str) -> str:
    """A rule's own name stands in the program; what it looks at is told on the decision's page."""
    if reason == "stopped":
        return _("The program was stopped at that time.")
    return reason.removeprefix("risk:")


def _facts(both: Sides, who: dict[str, Who]) -> list[tuple[str, str, str, bool]]:
    """Lines of the comparison: what, of the advocate, of the friend, whether both share it."""
    a, f = both.advocate, both.friend
    return [
        (_("Known since"), moment(a.first_at), moment(f.first_at), False),
        (_("Seen last"), moment(a.last_at), moment(f.last_at), False),
        (_("Orders"), _orders(a), _orders(f), False),
        (_("Refunds"), str(a.refunds), str(f.refunds), False),
        (
            _("Devices and browsers"),
            _with_shared(a.devices, both.devices),
            _with_shared(f.devices, both.devices),
            bool(both.devices),
        ),
        (
            _("Networks"),
            _with_shared(a.addresses, both.addresses),
            _with_shared(f.addresses, both.addresses),
            bool(both.addresses),
        ),
        (
            _("Contacts"),
            _with_shared(a.contacts, both.contacts),
            _with_shared(f.contacts, both.contacts),
            bool(both.contacts),
        ),
        (_("Friends brought"), str(a.friends), str(f.friends), False),
    ]


def _with_shared(mine: frozenset[str], shared: frozenset[str]) -> str:
    if not shared:
        return str(len(mine))
    return _("{n}, of which {shared} shared").format(n=len(mine), shared=len(shared))


def _orders(side: Side) -> str:
    if not side.orders:
        return _("none")
    at, total, currency = side.orders[0]
    last = f"{total} {currency}".strip()
    return _("{n}, the last {amount} on {day}").format(
        n=len(side.orders), amount=last, day=moment(at)
    )


def _findings(both: Sides) -> list[tuple[str, str]]:
    """What a person should notice, the worst first: a sentence and how it looks."""
    found = []
    if both.contacts:
        found.append((_("Both use the same e-mail address or phone number."), "bad"))
    if both.devices:
        found.append((_("Both were seen on the same device or in the same browser."), "bad"))
    if both.addresses:
        found.append((_("Both were seen in the same network; a home or an office is one."), "wait"))
    if both.to_join < timedelta(minutes=2):
        found.append(
            (_("The friend joined {span} after the invitation.").format(
                span=words.span(both.to_join)), "wait")
        )  # fmt: skip
    if both.day > 5:
        found.append(
            (_("The advocate brought {n} friends within 24 hours.").format(n=both.day), "wait")
        )
    if both.friend.refunds:
        found.append((_("The friend has sent something back."), "wait"))
    if not found:
        found.append((_("Nothing stands out: no shared device, network or contact."), "good"))
    if both.to_order is not None:
        found.append(
            (_("The first order came {span} after joining.").format(
                span=words.span(both.to_order)), "")
        )  # fmt: skip
    return found


def _way() -> tuple[Crumb, ...]:
    return (Crumb(_("Held decisions"), links.to("held")),)
