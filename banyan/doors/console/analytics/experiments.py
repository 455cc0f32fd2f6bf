"""experiments: planned, read and ended; the winner becomes a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banyan.core.events import clock
from banyan.doors.console.analytics import shown
from banyan.doors.console.analytics.asked import Asked, asked
from banyan.doors.console.analytics.pages import show
from banyan.doors.console.analytics.shown import Cell, Column, Table
from banyan.doors.console.page import page, told
from banyan.doors.console.staff import at_work
from banyan.insight.experiments import acts
from banyan.insight.experiments.acts import Plan
from banyan.insight.experiments.read import ExperimentRow, experiment, experiments
from banyan.insight.experiments.report import (
    SHARES,
    Arm,
    Metric,
    Report,
    SplitRow,
    after,
    report,
    split,
    splits,
)
from banyan.insight.metrics.lines import number as typed_number
from banyan.insight.segments.read import segments
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

METRICS = {
    "bought": gettext_lazy("Friends who bought"),
    "bought_again": gettext_lazy("Friends who bought again"),
    "revenue": gettext_lazy("Revenue per friend"),
    "friends": gettext_lazy("Friends an advocate brings"),
}
_USUAL = {"alpha": "5", "power": "80", "metric": "bought"}
_FIELDS = (
    "of",
    "hypothesis",
    "metric",
    "audience",
    "baseline",
    "effect",
    "deviation",
    "alpha",
    "power",
    "starts_on",
    "ends_on",
)


@page("board.read")
def listing(request: HttpRequest) -> HttpResponseBase:
    """All experiments, and a form to plan one."""
    chosen = asked(request)
    if request.method != "POST":
        return _listing(request, chosen, _USUAL | _days(chosen.today))
    _check_right(request)
    typed = {name: request.POST.get(name, "") for name in _FIELDS}
    try:
        plan = _plan(typed)
        if request.POST.get("act") == "size":
            return _listing(request, chosen, typed, size=acts.size(plan))
        with one_transaction():
            made = acts.begin(at_work(request).actor, plan, now=clock.now())
            _record(request, "experiment.begun", made, after=asdict(plan))
    except Problem as problem:
        told(request, problem)
        return _listing(request, chosen, typed, status=422)
    return redirect("admin:experiment", made.number)


@page("board.read")
def one(request: HttpRequest, number: int) -> HttpResponseBase:
    """What an experiment shows, its end, and its winner's draft."""
    row = experiment(number)
    if row is None:
        raise Http404
    if request.method == "POST":
        return _done(request, row)
    return _report(request, row, {})


def _done(request: HttpRequest, row: ExperimentRow) -> HttpResponseBase:
    _check_right(request)
    me, typed = at_work(request), {"conclusion": request.POST.get("conclusion", "")}
    typed["winner"] = request.POST.get("winner", "")
    try:
        with one_transaction():
            if request.POST.get("act") == "apply":
                if not me.may("programs.edit"):
                    raise PermissionDenied
                changed = acts.apply(me.actor, row.number, now=clock.now())
                _record(request, "experiment.applied", changed, after={"draft": changed.draft})
                messages.success(request, _("The winner's terms are a draft now."))
            else:
                changed = acts.end(me.actor, row.number, now=clock.now(), **typed)
                _record(
                    request,
                    "experiment.ended",
                    changed,
                    after={"winner": changed.winner},
                    reason=changed.conclusion,
                )
    except Problem as problem:
        told(request, problem)
        return _report(request, row, typed, status=422)
    return redirect("admin:experiment", row.number)


def _listing(
    request: HttpRequest,
    chosen: Asked,
    typed: Mapping[str, str],
    *,
    size: int | None = None,
    status: int = 200,
) -> HttpResponse:
    found = splits()
    return show(
        request,
        "experiments",
        chosen,
        {
            "rows": [
                (row, METRICS[row.metric]) for row in experiments(program=chosen.scope.program)
            ],
            "splits": found,
            "metrics": list(METRICS.items()),
            "segments": segments(),
            "typed": typed,
            "size": size,
            "may_begin": at_work(request).may("experiments.edit"),
            "has_days": False,
        },
        title=_("Experiments"),
        tab="experiments",
        status=status,
    )


def _report(
    request: HttpRequest, row: ExperimentRow, typed: Mapping[str, str], *, status: int = 200
) -> HttpResponseBase:
    of = split(row.program, row.split)
    last = min(row.ends_on, row.ended_at.date()) if row.ended_at else row.ends_on
    found = report(
        of,
        metric=row.metric,
        first=row.starts_on,
        last=last,
        alpha=row.alpha,
        audience=row.audience,
    )
    table = _table(row, of, found)
    if file := shown.as_file(request, [table]):
        return file
    me, fewest = at_work(request), min((arm.people for arm in found.arms), default=0)
    return show(
        request,
        "experiment",
        asked(request),
        {
            "row": row,
            "of": of,
            "metric": METRICS[row.metric],
            "table": table,
            "found": found,
            "mismatch_p": f"{found.mismatch_p:.4g}" if found.mismatch_p is not None else "",
            "fewest": fewest,
            "progress": min(100, round(100 * fewest / row.size)),
            "is_big_enough": fewest >= row.size,
            "baseline": _value(row.metric, of, row.baseline, of.currency).text,
            "effect": _value(row.metric, of, row.effect, of.currency).text,
            "alpha": shown.share(row.alpha).text,
            "power": shown.share(row.power).text,
            "typed": typed,
            "after": _after(row, of),
            "may_end": me.may("experiments.edit"),
            "may_apply": me.may("experiments.edit") and me.may("programs.edit"),
            "draft_url": _draft_url(row),
            "has_days": False,
        },
        title=f"{row.program} · {row.split}",
        tab="experiments",
        status=status,
    )


def _table(row: ExperimentRow, of: SplitRow, found: Report) -> Table:
    people = _("Advocates") if of.by == "advocate" or row.metric == "friends" else _("Friends")
    return Table(
        "report",
        str(METRICS[row.metric]),
        (
            Column(_("Variant"), is_number=False),
            Column(_("Planned share"), is_drawn=False),
            Column(people, is_drawn=False),
            Column(str(METRICS[row.metric])),
            Column(_("Against the first"), is_drawn=False),
            Column(_("Interval"), is_number=False, is_drawn=False),
            Column("p", is_drawn=False),
        ),
        [_arm(row, of, arm) for arm in found.arms],
        chart="across",
        note=_("Two-sided; with several variants p is corrected after Holm."),
    )


def _arm(row: ExperimentRow, of: SplitRow, arm: Arm) -> tuple[Cell, ...]:
    told_test = arm.test
    span = Cell(shown.NONE)
    if told_test:
        ends = [
            _value(row.metric, of, end, of.currency).text for end in (told_test.low, told_test.high)
        ]
        span = Cell(" … ".join(ends))
    difference = told_test.difference if told_test else None
    return (
        shown.text(arm.name),
        shown.share(arm.share),
        shown.count(arm.people),
        _value(row.metric, of, arm.value, of.currency),
        _value(row.metric, of, difference, of.currency),
        span,
        Cell(f"{arm.p:.4f}", round(arm.p, 6)) if arm.p is not None else Cell(shown.NONE),
    )


def _value(metric: str, of: SplitRow, value: float | None, currency: str) -> Cell:
    if metric in SHARES:
        return shown.share(value)
    found = shown.figure("ratio", value)
    is_money = metric == "revenue" and value is not None
    return Cell(f"{found.text} {currency}", found.value) if is_money else found


def _after(row: ExperimentRow, of: SplitRow) -> tuple[str, int] | None:
    """The metric under the version that the winner's draft was to become, and of how many."""
    if row.version is None:
        return None
    found = after(of, metric=row.metric, version=row.version, audience=row.audience)
    if found is None:
        return None
    return _value(row.metric, of, found.value, of.currency).text, found.people


def _plan(typed: Mapping[str, str]) -> Plan:
    program, _slash, name = typed["of"].partition("/")
    is_share = typed["metric"] in SHARES

    def need(field: str, *, is_percent: bool) -> float:
        value = typed_number(typed[field], field=field, is_percent=is_percent)
        if value is None:
            raise acts.BadPlan(f"{field}: expected a number")
        return value

    try:
        starts_on = date.fromisoformat(typed["starts_on"])
        ends_on = date.fromisoformat(typed["ends_on"])
    except ValueError:
        raise acts.BadPlan("starts_on, ends_on: expected two dates") from None
    return Plan(
        program,
        name,
        typed["hypothesis"],
        cast(Metric, typed["metric"]),
        need("baseline", is_percent=is_share),
        need("effect", is_percent=is_share),
        typed_number(typed["deviation"], field="deviation", is_percent=is_share),
        need("alpha", is_percent=True),
        need("power", is_percent=True),
        starts_on,
        ends_on,
        typed["audience"],
    )


def _days(today: date) -> dict[str, str]:
    return {
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=28)).isoformat(),
    }


def _draft_url(row: ExperimentRow) -> str:
    try:
        return reverse("admin:draft", args=[row.draft]) if row.draft else ""
    except NoReverseMatch:
        return ""


def _check_right(request: HttpRequest) -> None:
    if not at_work(request).may("experiments.edit"):
        raise PermissionDenied


def _record(
    request: HttpRequest,
    verb: str,
    row: ExperimentRow,
    *,
    after: Mapping[str, Any],
    reason: str = "",
) -> None:
    plain = {name: str(value) for name, value in after.items() if value not in (None, "")}
    about = f"experiment:{row.number}"
    record(at_work(request).actor, verb, about, now=clock.now(), after=plain, reason=reason)
