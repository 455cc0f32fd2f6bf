"""payouts: batches from wallets to accounts: prepared by one, approved by another, handed over,
heard of; and what does not agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.ledger.holders import units
from banyan.doors.console.customers.saying import moment
from banyan.doors.console.customers.who import people
from banyan.doors.console.number import number_of
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.queues import links, typed, words
from banyan.doors.console.staff import at_work
from banyan.growth.payouts import acts, read
from banyan.growth.payouts import rules as payout_rules
from banyan.growth.payouts.differences import Difference, unfit
from banyan.growth.payouts.differences import differences as all_differences
from banyan.growth.payouts.methods import METHODS, NAMES, Method
from banyan.growth.payouts.read import BatchRow
from banyan.growth.payouts.sheets import BadResults, Payer, major, results, sheet
from banyan.kernel.errors import Problem
from banyan.pipeline import paying
from banyan.trust.audit.acts import record
from banyan.trust.audit.read import entries

PAGE = 100
_OPEN_STEPS = ("planned", "spent", "sent", "failed")


@never_cache
@page("payouts.read", "payouts.prepare", "payouts.approve")
def payouts(request: HttpRequest) -> HttpResponseBase:
    """Batches, the newest first."""
    number, staff = typed.page_number(request), words.Staff()
    rows = read.batches(offset=(number - 1) * 50, limit=51)
    context = {
        "lines": [_line(row, staff) for row in rows[:50]],
        "number": number,
        "has_more": len(rows) > 50,
        "tab": "batches",
        **_rights(request),
    }
    return render(request, "console/queues/payouts.html", context, title=_("Payouts"))


@never_cache
@page("payouts.prepare")
def new(request: HttpRequest) -> HttpResponseBase:
    """Who is due of a unit by a method, and a batch of them."""
    me, now = at_work(request), clock.now()
    asked = request.POST if request.method == "POST" else request.GET
    known = units("cash")
    unit = asked.get("unit", "") if asked.get("unit") in known else (known[0] if known else "")
    method = _method(asked.get("method", ""))
    if request.method == "POST" and unit:
        try:
            row = acts.prepare(me.actor, unit=unit, method=method, now=now)
            paying.prepared(me.actor, row, now=now)
            told_ = {"unit": unit, "method": method, "lines": row.count, "total": row.total}
            record(me.actor, "payout.prepared", f"payout:{row.number}", now=now, after=told_)
        except Problem as problem:
            told(request, problem)
        else:
            messages.success(request, _("Prepared. Somebody else approves it now."))
            return redirect("admin:payout", row.number)
    due = acts.due(unit, method) if unit else None
    context = {
        "unit": unit,
        "units": [(one, words.unit_name(one)) for one in known],
        "method": method,
        "methods": NAMES.items(),
        "due": due,
        "count": len(due.amounts) if due else 0,
        "total": words.amount(unit, due.total) if due else "",
        "least": words.amount(unit, payout_rules.rule(unit).least) if unit else "",
        "is_sent_by_itself": settings.PAYOUT_PROVIDER is not None,
    }
    return render(
        request, "console/queues/payout_new.html", context, title=_("New batch"), crumbs=_way()
    )


@never_cache
@page("payouts.read", "payouts.prepare", "payouts.approve")
def payout(request: HttpRequest, number: int) -> HttpResponseBase:
    """One batch, its lines, and what can be done with it now."""
    return _shown(request, _row(number))


@page("payouts.read", "payouts.prepare", "payouts.approve")
def progress(request: HttpRequest, number: int) -> HttpResponseBase:
    """How far a batch is, for the page that shows it."""
    return render(request, "console/queues/payout_progress.html", _progress(_row(number)), title="")


@page("payouts.approve")
@require_POST
def approve(request: HttpRequest, number: int) -> HttpResponseBase:
    """The second pair of eyes."""
    row = _row(number)
    if request.POST.get("total") != str(row.total):
        messages.error(request, _("The batch has changed since you saw it; look again."))
        return redirect("admin:payout", number)
    try:
        paying.approve(at_work(request).actor, number, now=clock.now())
    except Problem as problem:
        told(request, problem)
    else:
        messages.success(request, _("Approved. The amounts leave the wallets now."))
    return redirect("admin:payout", number)


@page("payouts.prepare", "payouts.approve")
@require_POST
def cancel(request: HttpRequest, number: int) -> HttpResponseBase:
    """Give it up before it is approved."""
    _row(number)
    reason = typed.text(request, "reason")[:500]
    try:
        paying.cancel(at_work(request).actor, number, reason=reason, now=clock.now())
    except Problem as problem:
        told(request, problem)
    else:
        messages.success(request, _("Given up. The money stays in the wallets."))
    return redirect("admin:payout", number)


@page("payouts.prepare")
@require_POST
def file(request: HttpRequest, number: int) -> HttpResponseBase:
    """The file to hand in, with accounts in clear: that it was taken is written down."""
    me, now = at_work(request), clock.now()
    try:
        payer = Payer(*payout_rules.named_payer(_row(number).method))
        paying.note(number, now=now)
        row = acts.hand_over(me.actor, number, now=now)
    except Problem as problem:
        told(request, problem)
        return redirect("admin:payout", number)
    lines = read.opened(number, states=["sent"])
    record(me.actor, "payout.file_taken", f"payout:{number}", now=now, after={"lines": len(lines)})
    purpose = "推荐奖励" if row.currency == "CNY" else "Referral reward"
    made = sheet(row, lines, payer=payer, purpose=purpose)
    return HttpResponse(
        made.content,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{made.name}"',
            "Cache-Control": "no-store",
        },
    )


@page("payouts.prepare")
@require_POST
def hear(request: HttpRequest) -> HttpResponseBase:
    """A result file comes back."""
    given = request.FILES.get("results")
    back = number_of(request.POST.get("back"))
    home = reverse("admin:payouts") if back is None else reverse("admin:payout", args=[back])
    try:
        if given is None:
            raise BadResults(_("Choose the result file first."))
        said = results(given.name or "", given.read())
        references = {read.plain_reference(one.reference) for one in said}
        before = _states(references)
        paying.hear(at_work(request).actor, said, source=given.name or "", now=clock.now())
    except Problem as problem:
        told(request, problem)
        return redirect(home)
    _say_results(request, references, before)
    return redirect(home)


@never_cache
@page("payouts.read", "payouts.prepare", "payouts.approve")
def differences(request: HttpRequest) -> HttpResponseBase:
    """What providers said, what we say, and what the ledger says, where they do not agree."""
    now = clock.now()
    rows = all_differences(now=now)
    who = people([row.user_id for row in rows])
    context = {
        "lines": [
            {
                "row": row,
                "what": row.sentence,
                "who": who.get(row.user_id, ""),
                "ours": _amount(row.unit, row.ours),
                "theirs": _theirs(row),
                "at": moment(row.at),
                "batch": read.line_of_reference(row.reference),
            }
            for row in rows[:500]
        ],
        "count": len(rows),
        "tab": "differences",
        **_rights(request),
    }
    return render(
        request, "console/queues/differences.html", context, title=_("Differences"), crumbs=_way()
    )


@page("payouts.prepare")
@require_POST
def settle(request: HttpRequest, number: int) -> HttpResponseBase:
    """Somebody dealt with a difference."""
    me, now = at_work(request), clock.now()
    reason = typed.text(request, "reason")
    try:
        if not reason:
            raise typed.NotRead(_("Say how it was dealt with."))
        acts.settle_difference(me.actor, number, reason=reason[:500], now=now)
        record(me.actor, "payout.difference_settled", f"result:{number}", now=now, reason=reason)
    except Problem as problem:
        told(request, problem)
    return redirect("admin:payout_differences")


@page("payouts.prepare")
def rules(request: HttpRequest) -> HttpResponseBase:
    """From how much on a unit is paid out, when, and from which account of ours."""
    me, now = at_work(request), clock.now()
    if request.method == "POST":
        try:
            after = _set(request, me.actor)
            record(me.actor, "payout.rule_set", "payouts", now=now, after=after)
        except Problem as problem:
            told(request, problem)
        else:
            messages.success(request, _("Kept."))
            return redirect("admin:payout_rules")
    account, name = payout_rules.payer("alipay")
    context = {
        "rules": [_rule(one) for one in units("cash")],
        "account": account,
        "name": name,
        "tab": "rules",
        **_rights(request),
    }
    return render(
        request, "console/queues/payout_rules.html", context, title=_("Rules"), crumbs=_way()
    )


def waiting(request: HttpRequest) -> int:
    """For the menu: batches that wait for a second person."""
    return read.to_approve()


def _states(references: Collection[str]) -> dict[tuple[int, int], str]:
    """Where the payouts of ours that a file names stand."""
    return {place: row.state for place, row in read.of_references(references).items()}


def _say_results(
    request: HttpRequest, references: set[str], before: Mapping[tuple[int, int], str]
) -> None:
    """What became of the payouts that a file names; what does not fit them is a difference."""
    after, wrong = _states(references), unfit(references)
    states = [state for place, state in after.items() if read.reference_of(*place) not in wrong]
    paid, failed = states.count("paid"), states.count("failed") + states.count("returned")
    others = len(references) - paid - failed
    if before == after and not others:
        messages.info(request, _("Nothing is new in this file: all of it was known."))
        return
    if paid or failed:
        messages.success(
            request,
            _("{paid} paid, {failed} failed; what failed goes back to its wallet.").format(
                paid=paid, failed=failed
            ),
        )
    if others:
        messages.warning(
            request,
            _("{count} results do not fit our payouts; look under “Differences”.").format(
                count=others
            ),
        )


def _set(request: HttpRequest, actor: str) -> dict[str, object]:
    if "account" in request.POST:
        account, name = typed.text(request, "account"), typed.text(request, "name")
        payout_rules.set_payer("alipay", account=account[:100], name=name[:100])
        return {"payer": "alipay"}
    unit = request.POST.get("unit", "")
    if unit not in units("cash"):
        raise typed.NotRead(_("Choose of what."))
    row = payout_rules.set_rule(
        actor,
        unit,
        least=typed.amount(request.POST.get("least", ""), unit),
        every=request.POST.get("every", ""),
        day=typed.whole(request, "day", else_=1),
        now=clock.now(),
    )
    return {"unit": row.unit, "least": row.least, "every": row.every, "day": row.day}


def _rule(unit: str) -> dict[str, Any]:
    row = payout_rules.rule(unit)
    return {
        "row": row,
        "name": words.unit_name(unit),
        "least": major(row.least, unit.partition(" ")[2]),
    }


def _shown(request: HttpRequest, row: BatchRow) -> HttpResponseBase:
    me, number = at_work(request), typed.page_number(request)
    staff = words.Staff()
    rows = read.lines(row.number, offset=(number - 1) * PAGE, limit=PAGE + 1)
    who = people([one.user_id for one in rows])
    context = _progress(row) | {
        "lines": [
            {
                "row": one,
                "who": who[one.user_id],
                "amount": words.amount(one.unit, one.amount),
                "state": words.badge(words.LINE_STATES, one.state),
                "reason": _reason(one.reason),
            }
            for one in rows[:PAGE]
        ],
        "method": NAMES[row.method],
        "prepared_by": staff.name(row.prepared_by),
        "prepared_at": moment(row.prepared_at),
        "approved_by": staff.name(row.approved_by),
        "approved_at": moment(row.approved_at),
        "handed_by": staff.name(row.handed_by),
        "handed_at": moment(row.handed_at),
        "given_up_by": staff.name(_canceller(row.number)) if row.state == "cancelled" else "",
        "given_up_at": moment(row.ended_at),
        "is_own": row.prepared_by == me.actor,
        "is_file": row.method != "stripe",
        "number": number,
        "has_more": len(rows) > PAGE,
        "query": "",
        **_rights(request),
    }
    title = _("Batch {number}").format(number=row.number)
    return render(request, "console/queues/payout.html", context, title=title, crumbs=_way())


def _canceller(number: int) -> str:
    """Who gave a batch up, as the audit has it."""
    found = entries(verb="payout.cancelled", about=f"payout:{number}", limit=1)
    return found[0].actor if found else ""


def _progress(row: BatchRow) -> dict[str, Any]:
    open_ = sum(row.counts.get(state, 0) for state in _OPEN_STEPS)
    return {
        "row": row,
        "state": words.badge(words.BATCH_STATES, row.state),
        "total": words.amount(row.unit, row.total),
        "sums": [
            {
                "state": words.badge(words.LINE_STATES, state),
                "count": row.counts[state],
                "amount": words.amount(row.unit, row.sums[state]),
            }
            for state in words.LINE_STATES
            if state in row.counts
        ],
        "share": round(100 * (row.count - open_) / row.count) if row.count else 0,
        "is_moving": row.state == "approved"
        and (row.counts.get("planned", 0) or row.counts.get("failed", 0) or row.method == "stripe"),
        "is_ready": row.state == "approved"
        and not row.counts.get("planned")
        and bool(row.counts.get("spent", 0) + row.counts.get("sent", 0)),
    }


def _line(row: BatchRow, staff: words.Staff) -> dict[str, Any]:
    return {
        "row": row,
        "total": words.amount(row.unit, row.total),
        "method": NAMES[row.method],
        "state": words.badge(words.BATCH_STATES, row.state),
        "prepared": moment(row.prepared_at),
        "by": staff.name(row.prepared_by),
        "failed": row.counts.get("returned", 0) + row.counts.get("failed", 0),
    }


def _reason(reason: str) -> str:
    known = {
        "insufficient_balance": _("The wallet held less by then; the next batch looks again."),
        "account_erased": _("The customer was erased."),
    }
    return known.get(reason, reason)


def _rights(request: HttpRequest) -> dict[str, bool]:
    me = at_work(request)
    return {
        "may_prepare": me.may("payouts.prepare"),
        "may_approve": me.may("payouts.approve"),
    }


def _amount(unit: str, number: int | None) -> str:
    if number is None:
        return ""
    return words.amount(unit, number) if unit else str(number)


def _theirs(row: Difference) -> str:
    # Of a payout that we do not know the currency is not known either: files are read with two
    # decimals then, so they are shown with two.
    if row.what == "unknown_reference" and row.theirs is not None:
        return f"{Decimal(row.theirs).scaleb(-2):,}"
    return _amount(row.unit, row.theirs)


def _method(given: str) -> Method:
    return next((one for one in METHODS if one == given), "bank")


def _row(number: int) -> BatchRow:
    row = read.batch(number)
    if row is None:
        raise Http404
    return row


def _way() -> tuple[Crumb, ...]:
    return (Crumb(_("Payouts"), links.to("payouts")),)
