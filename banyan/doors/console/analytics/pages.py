"""pages: the figures behind the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as rendered
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.doors.console.analytics import shown, tables, words
from banyan.doors.console.analytics.asked import Asked, asked
from banyan.doors.console.analytics.cards import cards
from banyan.doors.console.analytics.shown import Cell, Column, Table
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.staff import at_work
from banyan.insight.exposure import read as exposure
from banyan.insight.metrics import lines as goals
from banyan.insight.metrics import measures as of
from banyan.insight.metrics.advocates import brought, cover, elapsed, layers
from banyan.insight.metrics.assumptions import MONEY, SHARES, Assumptions, assume, assumptions
from banyan.insight.metrics.cohorts import What, cohorts
from banyan.insight.metrics.counting import being_counted
from banyan.insight.metrics.economics import (
    Economics,
    break_even,
    economics,
    given,
    split,
    stock,
)
from banyan.insight.metrics.figures import ALL, core, kpis, reach, tracking, weight
from banyan.insight.metrics.funnel import (
    days_to,
    funnel,
    funnels,
    leak,
    segment_funnel,
    share,
)
from banyan.insight.metrics.known import carriers, nobodys
from banyan.insight.metrics.periods import Period, year
from banyan.insight.metrics.reconcile import differences
from banyan.insight.metrics.stages import Stage, plan
from banyan.insight.metrics.sums import Sums, moved_in_all, sums
from banyan.insight.segments.read import segments
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits
from banyan.trust.audit.acts import record


@page("board.read")
def overview(request: HttpRequest) -> HttpResponseBase:
    """The twelve core figures, the five of programs, and those beside them."""
    chosen = asked(request)
    now, before = both(chosen)
    five = kpis(now, before, chosen.period)
    # Of one program of several it is not known what it is to the business.
    weighed = weight(now, before, chosen.period) if chosen.scope.is_all else ()
    twelve = core(chosen.period, chosen.scope, today=chosen.today)
    tracked = tracking(chosen.period, chosen.scope)
    reached = reach(chosen.period, chosen.scope, today=chosen.today)
    parts = [tables.figures_table([*five, *twelve, *weighed, *tracked, *reached])]
    if file := shown.as_file(request, parts):
        return file
    groups = [
        (title, cards([one for one in twelve if one.meant.group == key]))
        for key, title in words.GROUPS.items()
    ]
    groups += [(_("The whole business"), cards(weighed))] if weighed else []
    groups += [
        (_("Tracking"), cards(tracked)),
        (_("Exposure"), cards(reached)),
    ]
    return show(
        request,
        "overview",
        chosen,
        {"kpis": cards(five), "groups": groups, "table": parts[0]},
        title=_("Analytics"),
        tab="analytics",
    )


@page("board.read")
def funnel_page(request: HttpRequest) -> HttpResponseBase:
    """The funnel, where it leaks, and by what people came."""
    chosen = asked(request)
    now, before = both(chosen)
    planned = plan(chosen.scope.program)
    stages = planned.stages
    steps = funnel(now, before, stages)
    by = [
        tables.groups_table(
            funnels(chosen.period, chosen.scope, one, stages), one, chosen.scope.currency, stages
        )
        for one in ("channel", "script", "version", "variant")
    ]
    days = days_to(chosen.period, chosen.scope, stages)
    whole = tables.funnel_table(steps, stages, days=days)
    recognised = [
        tables.carriers_table(carriers(chosen.period, chosen.scope)),
        tables.nobodys_table(nobodys(chosen.period), customer_url(request)),
    ]
    twelve = year(chosen.period.last)
    months = tables.months_table(sums(twelve, chosen.scope).by_piece(twelve), stages)
    parts = [whole, months, *by, _by_segment(chosen, stages), *recognised]
    if file := shown.as_file(request, parts):
        return file
    uncounted = being_counted([one.key for one in stages])
    found = leak(steps, uncounted=uncounted)
    titles = {one.key: words.stage_title(one) for one in stages}
    return show(
        request,
        "funnel",
        chosen,
        {
            "table": whole,
            "parts": parts[1:],
            "leak": found,
            "leak_stage": titles[found.stage] if found else "",
            "leak_rate": shown.share(found.rate).text if found else "",
            "leak_expected": shown.share(found.expected).text if found else "",
            "remedy": words.REMEDIES.get(found.stage, words.OTHER_REMEDY) if found else None,
            "uncounted": [(titles[key], int(100 * done)) for key, done in uncounted.items()],
            "said_by": planned.said_by,
            "may_choose": at_work(request).may("programs.edit"),
        },
        title=_("Funnel"),
        tab="analytics_funnel",
    )


@page("board.read")
def exposure_page(request: HttpRequest) -> HttpResponseBase:
    """How often the pages of programs are seen, and by how many."""
    chosen = asked(request)
    period, slugs = chosen.period, chosen.scope.programs
    last = min(period.last, chosen.today)
    found = exposure.days(slugs, first=period.first, last=last)
    [figure] = reach(period, chosen.scope, today=chosen.today)
    target = figure.line.target
    by_program = exposure.by_program(slugs, first=period.first, last=last)
    single = tables.exposed_programs_table(by_program, dict(chosen.programs))
    rest = [single] if len(slugs) > 1 else []
    if file := shown.as_file(request, [tables.exposure_table(found, target), *rest]):
        return file
    reaching = sum(target is not None and one.either.visitors >= target for one in found)
    return show(
        request,
        "exposure",
        chosen,
        {
            "parts": [tables.exposure_table(found, target, most=shown.MOST), *rest],
            "cards": cards([figure]),
            "days": len(found),
            "left_out": max(0, len(found) - shown.MOST),
            "reaching": reaching if target is not None else None,
        },
        title=_("Exposure"),
        tab="analytics_exposure",
    )


@page("board.read")
def cohorts_page(request: HttpRequest) -> HttpResponseBase:
    """Friends by month of joining."""
    chosen = asked(request)
    asked_for: tuple[tuple[What, str, str], ...] = (
        ("bought", _("Friends who bought"), "bought"),
        ("bought_again", _("Friends who bought again"), "bought-again"),
        ("referred", _("Friends who brought somebody themselves"), "referred"),
    )
    parts = [
        tables.cohorts_table(
            cohorts(chosen.scope, what=what, today=chosen.today), title, f"cohorts-{key}"
        )
        for what, title, key in asked_for
    ]
    if file := shown.as_file(request, parts):
        return file
    return show(
        request,
        "parts",
        chosen,
        {"parts": parts, "has_days": False},
        title=_("Cohorts"),
        tab="analytics_cohorts",
    )


@page("board.read")
def advocates_page(request: HttpRequest) -> HttpResponseBase:
    """Who brings friends, how often, how deep."""
    chosen = asked(request, span=90)
    money = chosen.scope.currency
    found, past = (brought(one, chosen.scope) for one in (chosen.period, chosen.period.before))
    covered = cover(chosen.period)
    parts = [
        tables.heads_table(found, money, customer_url(request)),
        tables.layers_table(layers(chosen.period, chosen.scope), money),
        tables.elapsed_table(elapsed(chosen.period, chosen.scope), money),
    ]
    if file := shown.as_file(request, parts):
        return file
    return show(
        request,
        "advocates",
        chosen,
        {
            "parts": parts,
            "found": found,
            "head_share": shown.share(found.head_share).text,
            "head_before": shown.share(past.head_share).text,
            "per_advocate": shown.figure("ratio", found.per_advocate).text,
            "covered": covered,
            "cover_share": shown.share(covered.share).text,
        },
        title=_("Who brings friends"),
        tab="analytics_advocates",
    )


@page("board.read")
def money_page(request: HttpRequest) -> HttpResponseBase:
    """Cost, return, budget, break-even, and rewards against orders."""
    chosen = asked(request, span=90)
    if request.method == "POST":
        return _assumed(request, chosen)
    return _money(request, chosen, _typed_assumptions(chosen))


@page("board.read")
def lines_page(request: HttpRequest) -> HttpResponseBase:
    """Targets, lines and owners of figures."""
    chosen = asked(request)
    if request.method == "POST":
        return _drawn(request, chosen)
    return _lines(request, chosen)


def both(chosen: Asked) -> tuple[Sums, Sums]:
    """Sums of the period and of the one before."""
    period = chosen.period
    whole = sums(Period(period.before.first, period.last), chosen.scope)
    return whole.during(period), whole.during(period.before)


def show(
    request: HttpRequest,
    template: str,
    chosen: Asked,
    context: dict[str, Any],
    *,
    title: str,
    tab: str,
    status: int = 200,
) -> HttpResponse:
    """A page under the tabs of the analytics."""
    tabs = [
        ("analytics", _("Overview")),
        ("analytics_funnel", _("Funnel")),
        ("analytics_exposure", _("Exposure")),
        ("analytics_cohorts", _("Cohorts")),
        ("analytics_advocates", _("Who brings friends")),
        ("analytics_money", _("Money")),
        ("experiments", _("Experiments")),
        ("analytics_lines", _("Targets and lines")),
    ]
    frame = {
        "asked": chosen,
        "tabs": [(name, text, f"{reverse(f'admin:{name}')}?{chosen.query}") for name, text in tabs],
        "tab": tab,
        "has_days": True,
    }
    crumbs = () if tab == "analytics" else (Crumb(_("Analytics"), reverse("admin:analytics")),)
    return render(
        request,
        f"console/analytics/{template}.html",
        frame | context,
        title=title,
        crumbs=crumbs,
        status=status,
    )


def customer_url(request: HttpRequest) -> str:
    """The page of a customer with `*` for the id; empty for who may not see it."""
    if not at_work(request).may("customers.read"):
        return ""
    try:
        return reverse("admin:customer", args=["*"]).replace("%2A", "*")
    except NoReverseMatch:
        return ""


def _by_segment(chosen: Asked, stages: Sequence[Stage]) -> Table:
    """What led to no joining is not known by segment, so who was reached is left out."""
    known = [one for one in stages if one.key != of.INITIATED]
    pairs = tables.told_pairs(known)
    rows = []
    for one in segments():
        steps = segment_funnel(chosen.period, chosen.scope, one.slug, known)
        counts = (shown.count(step.n) for step in steps)
        shares = (shown.share(share(steps[a].n, steps[b].n)) for _title, a, b in pairs)
        rows.append((shown.text(one.name), *counts, *shares))
    return Table(
        "funnel-by-segment",
        str(words.BY["segment"]),
        (
            Column(_("Name"), is_number=False),
            *(Column(words.stage_title(one)) for one in known),
            *(Column(title, is_drawn=False) for title, _stage, _above in pairs),
        ),
        rows,
        note=_("Friends who joined in these days, by who brought them: how far they have come."),
        empty=_("There is no segment yet. Make one to see how its advocates do."),
    )


def _money(
    request: HttpRequest, chosen: Asked, typed: dict[str, str], *, status: int = 200
) -> HttpResponseBase:
    if request.GET.get("table") == "differences":
        table = _differences(request, chosen)
        part = {"table": table, "asked": chosen}
        return shown.as_file(request, [table]) or rendered(
            request, "console/analytics/table.html", part
        )
    now, before = both(chosen)
    assumed, money = assumptions(chosen.scope), chosen.scope.currency
    found = economics(now, assumed, days=chosen.period.days)
    past = economics(before, assumed, days=chosen.period.days)
    rewards = given(chosen.period, chosen.scope)
    parts = [
        tables.cost_table(now, chosen.period),
        tables.split_table(split(rewards, assumed), money),
        tables.given_table(rewards),
        tables.stock_table(stock(moved_in_all(chosen.scope))),
    ]
    if file := shown.as_file(request, parts):
        return file
    even = break_even(found, assumed)
    return show(
        request,
        "money",
        chosen,
        {
            "parts": parts,
            "facts": _facts(found, past, money),
            "budget_used": shown.share(found.budget_used).text,
            "budget": shown.money(found.budget, money).text,
            "budget_width": min(100, round(100 * (found.budget_used or 0))),
            "is_over": (found.budget_used or 0) > 1,
            "even": even,
            "even_value": shown.money(even.value, money).text,
            "even_reward": shown.money(even.reward, money).text,
            "even_marketing": shown.money(even.marketing, money).text,
            "assumed": [(name, *told, typed.get(name, "")) for name, told in words.ASSUMED.items()],
            "may_assume": at_work(request).may("programs.edit"),
        },
        title=_("Money"),
        tab="analytics_money",
        status=status,
    )


def _facts(found: Economics, past: Economics, money: str) -> list[tuple[str, str, str]]:
    """Title, value, and the value before."""

    def pair(title: str, now: Cell, before: Cell) -> tuple[str, str, str]:
        return title, now.text, before.text

    return [
        pair(
            _("Revenue of friends"),
            shown.money(found.net, money),
            shown.money(past.net, money),
        ),
        pair(
            _("Share of all revenue"),
            shown.share(found.revenue_share),
            shown.share(past.revenue_share),
        ),
        pair(
            _("Share of new customers"),
            shown.share(found.new_share),
            shown.share(past.new_share),
        ),
        pair(
            _("Rewards granted"),
            shown.money(found.rewards, money),
            shown.money(past.rewards, money),
        ),
        pair(
            _("Running cost"),
            shown.money(found.running, money),
            shown.money(past.running, money),
        ),
        pair(
            _("Revenue per unit of cost"),
            shown.figure("ratio", found.roi),
            shown.figure("ratio", past.roi),
        ),
        pair(
            _("Margin per unit of cost"),
            shown.figure("ratio", found.margin_roi),
            shown.figure("ratio", past.margin_roi),
        ),
        pair(_("Cost per friend won"), shown.money(found.cac, money), shown.money(past.cac, money)),
        pair(
            _("Acquisition cost saved"),
            shown.share(found.cac_saved),
            shown.share(past.cac_saved),
        ),
        pair(
            _("Value of a referral"),
            shown.money(found.referral_value, money),
            shown.money(past.referral_value, money),
        ),
    ]


def _differences(request: HttpRequest, chosen: Asked) -> Table:
    """Reads every order of the days, so the page asks for it once it stands."""
    found = differences(chosen.period, chosen.scope)
    url = customer_url(request)
    return Table(
        "differences",
        _("Rewards against orders and refunds"),
        (
            Column(_("When"), is_number=False),
            Column(_("What differs"), is_number=False),
            Column(_("Customer"), is_number=False),
            Column(_("Decision"), is_number=False),
            Column(_("Expected")),
            Column(_("Found")),
        ),
        [
            (
                shown.text(one.at.strftime("%Y-%m-%d")),
                shown.text(str(words.DIFFERENCES[one.kind])),
                Cell(one.customer, url=url.replace("*", one.customer) if url else ""),
                shown.text(one.decision_id),
                _amount(one.expected, one.unit),
                _amount(one.found, one.unit),
            )
            for one in found
        ],
        note=_("%(n)d differences in these days.") % {"n": len(found)},
        empty=_("No difference: every reward fits its order, its refunds and the ledger."),
    )


def _amount(amount: int, unit: str) -> Cell:
    is_currency = len(unit) == 3 and unit.isupper()
    return shown.money(amount, unit) if is_currency else shown.unit_amount(amount, unit)


def _typed_assumptions(chosen: Asked) -> dict[str, str]:
    """What is assumed, as somebody would type it."""
    found = assumptions(chosen.scope)
    digits = minor_digits(chosen.scope.currency) if chosen.scope.currency else 2
    typed = {}
    for one in fields(Assumptions):
        value = getattr(found, one.name)
        if value is None:
            continue
        scale = 10**digits if one.name in MONEY else 0.01 if one.name in SHARES else 1
        typed[one.name] = f"{value / scale:.{digits}f}".rstrip("0").rstrip(".")
    return typed


def _assumed(request: HttpRequest, chosen: Asked) -> HttpResponseBase:
    me = at_work(request)
    if not me.may("programs.edit"):
        raise PermissionDenied
    typed = {name: request.POST.get(name, "") for name in words.ASSUMED}
    try:
        with one_transaction():
            changed = assume(chosen.scope, typed)
            record(
                me.actor,
                "program.assumed",
                f"program:{chosen.scope.program or 'all'}",
                now=clock.now(),
                before=changed.before,
                after=changed.after,
            )
    except Problem as problem:
        told(request, problem)
        return _money(request, chosen, typed, status=422)
    return redirect(f"{reverse('admin:analytics_money')}?{chosen.query}#break-even")


def _lines(
    request: HttpRequest, chosen: Asked, typed: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    rows = []
    for key, line in goals.lines(chosen.scope.program).items():
        meant = ALL[key]
        values = {
            name: _typed_line(getattr(line, name), is_share=meant.kind == "share")
            for name in ("target", "yellow", "red")
        }
        if typed and typed.get("figure") == key:
            values |= {name: typed.get(name, "") for name in values}
        rows.append(
            {
                "key": key,
                "words": words.FIGURES[key],
                "line": line,
                "values": values,
                "is_share": meant.kind == "share",
                "owner": words.ROLES.get(line.owner, line.owner),
            }
        )
    return show(
        request,
        "lines",
        chosen,
        {
            "rows": rows,
            "roles": list(words.ROLES.items()),
            "may_draw": at_work(request).may("settings.edit"),
            "has_days": False,
        },
        title=_("Targets and lines"),
        tab="analytics_lines",
        status=status,
    )


def _drawn(request: HttpRequest, chosen: Asked) -> HttpResponseBase:
    me = at_work(request)
    if not me.may("settings.edit"):
        raise PermissionDenied
    typed = {name: request.POST.get(name, "") for name in ("figure", "target", "yellow", "red")}
    figure, owner = typed["figure"], request.POST.get("owner", "")
    try:
        if figure not in ALL or owner not in words.ROLES:
            raise goals.BadLine(_("There is no such figure or role."))
        is_share = ALL[figure].kind == "share"
        target, yellow, red = (
            goals.number(typed[name], field=name, is_percent=is_share)
            for name in ("target", "yellow", "red")
        )
        line = goals.Line(target, yellow, red, owner=owner)
        with one_transaction():
            changed = goals.draw(chosen.scope.program, figure, line)
            record(
                me.actor,
                "figure.lines_drawn",
                f"figure:{chosen.scope.program or 'all'}/{figure}",
                now=clock.now(),
                before=changed.before,
                after=changed.after,
                reason=request.POST.get("reason", ""),
            )
    except Problem as problem:
        told(request, problem)
        return _lines(request, chosen, typed, 422)
    query = urlencode({"program": chosen.scope.program})
    return redirect(f"{reverse('admin:analytics_lines')}?{query}#{figure}")


def _typed_line(value: float | None, *, is_share: bool) -> str:
    if value is None:
        return ""
    return f"{value * (100 if is_share else 1):.4f}".rstrip("0").rstrip(".")
