"""compare: a draft beside the running version over a past period, worked out in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.programs.drafts import drafts
from banyan.core.programs.force import running_one
from banyan.core.programs.read import versions
from banyan.doors.console.page import page, told
from banyan.doors.console.programs.frame import program_page
from banyan.doors.console.programs.review_words import figure, language, who, zone
from banyan.doors.console.staff import at_work
from banyan.engine.language.explain.quantity import unit_name
from banyan.engine.language.explain.safe import plain
from banyan.engine.language.explain.voice import Voice
from banyan.insight.segments.read import segments
from banyan.kernel.errors import Problem
from banyan.pipeline.comparing import acts
from banyan.pipeline.comparing.read import ComparisonRow, comparison, comparisons, report_of
from banyan.pipeline.comparing.report import Report, as_csv, as_markdown, tables, workbook

SHOWN = 10
"""Winners and losers on the page; the file has more."""
USUAL = timedelta(days=90)

_FILES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "md": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


class NoText(Problem):
    """A text that is not there any more, or a period that cannot be read."""


@page("programs.read")
def program_compare(request: HttpRequest, slug: str) -> HttpResponse:
    """What was compared until now, and a form for more."""
    return _page(request, slug, {})


@page("programs.edit")
@require_POST
def compare_ask(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Have two texts compared."""
    me, now = at_work(request), clock.now()
    try:
        what, against = request.POST.get("what", ""), request.POST.get("base", "")
        source, base = text_of(slug, what), text_of(slug, against)
        number = acts.ask(
            me.actor,
            slug,
            name=what,
            source=source,
            base_name=against,
            base_source=base,
            from_at=_day(request.POST.get("from", "")),
            until_at=_day(request.POST.get("until", "")) + timedelta(days=1),
            segments=request.POST.getlist("segment"),
            now=now,
        )
    except Problem as problem:
        told(request, problem)
        typed = request.POST.dict() | {"segments": request.POST.getlist("segment")}
        return _page(request, slug, typed, status=409)
    messages.success(request, _("The comparison is worked out in the background."))
    return redirect("admin:program_comparison", slug, number)


@page("programs.read")
def program_comparison(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """What came out of one, or how far it is."""
    row = _there(slug, number)
    made = report_of(number)
    context: dict[str, object] = {
        "row": row,
        "name": named(row.name),
        "base_name": named(row.base_name),
        "asked_by": who(row.asked_by),
        "zone": zone(),
        "may_edit": _may(request),
    }
    if made is not None:
        context |= _shown(made)
    return program_page(
        request, slug, "console/programs/comparison.html", context, tab="program_compare"
    )


@page("programs.read")
def compare_progress(request: HttpRequest, slug: str, number: int) -> HttpResponseBase:
    """For the page that waits: how far it is; once it is over the page loads itself anew."""
    row = _there(slug, number)
    context = {"row": row, "program": {"slug": slug}}
    reply = render(request, "console/programs/comparison_progress.html", context)
    if row.is_over:
        reply["HX-Refresh"] = "true"
    return reply


@page("programs.edit")
@require_POST
def compare_act(request: HttpRequest, slug: str, number: int, verb: str) -> HttpResponseBase:
    """Cancel one, or throw one away."""
    _there(slug, number)
    me, now = at_work(request), clock.now()
    try:
        if verb == "cancel":
            acts.cancel(me.actor, number, now=now)
            return redirect("admin:program_comparison", slug, number)
        acts.delete(me.actor, number, now=now)
        messages.success(request, _("The comparison is gone."))
    except Problem as problem:
        told(request, problem)
    return redirect("admin:program_compare", slug)


@page("programs.read")
def comparison_file(request: HttpRequest, slug: str, number: int, form: str) -> HttpResponse:
    """The report as a workbook, a page of Markdown, or one table (`?table=`) as CSV."""
    row, made = _there(slug, number), report_of(number)
    if made is None or form not in _FILES:
        raise Http404
    heading = (
        ("program", row.program),
        ("a", named(row.base_name)),
        ("b", named(row.name)),
        ("from", row.from_at.isoformat()),
        ("until", row.until_at.isoformat()),
        ("events", str(made.events)),
    )
    if form == "xlsx":
        content: bytes | str = workbook(made, heading)
    elif form == "md":
        content = as_markdown(made, heading)
    else:
        content = as_csv(made, _table(request, made))
    reply = HttpResponse(content, content_type=_FILES[form])
    reply["Content-Disposition"] = f'attachment; filename="{slug}-comparison-{number}.{form}"'
    return reply


def texts(slug: str) -> list[tuple[str, str]]:
    """What can be compared or tried out: value of a choice, and what people know it by."""
    draft = _("version {number}, draft")
    rows = [
        (f"version:{row.number}", draft.format(number=row.number) if row.status == "draft" else "")
        for row in versions(slug)
    ]
    working = [(f"draft:{row.id}", "") for row in drafts(slug=slug)]
    return [(value, name or named(value)) for value, name in [*rows, *working]]


def named(what: str) -> str:
    """What people know a choice of `texts` by, in their language."""
    kind, _colon, number = what.partition(":")
    words = {
        "version": _("version {number}"),
        "draft": _("working copy {number}"),
        "nothing": _("no rewards at all"),
    }
    return words[kind].format(number=number)


def text_of(slug: str, what: str) -> str:
    """The text of a choice of `texts`; `nothing` is an empty one. Raises NoText."""
    kind, _colon, number = what.partition(":")
    if what == "nothing":
        return ""
    if what not in dict(texts(slug)):
        raise NoText(_("Choose what is compared."))
    if kind == "version":
        return next(row.source for row in versions(slug) if str(row.number) == number)
    return next(row.source for row in drafts(slug=slug) if str(row.id) == number)


def _page(
    request: HttpRequest, slug: str, typed: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    now = clock.now()
    running = running_one(slug, now)
    choices = texts(slug)
    base = f"version:{running.version.number}" if running else "nothing"
    first = next((value for value, _name in choices if value != base), "")
    today = now.astimezone(zone()).date()
    context = {
        "choices": choices,
        "what": typed.get("what") or request.GET.get("what") or first,
        "base": typed.get("base") or base,
        "from": typed.get("from") or (today - USUAL).isoformat(),
        "until": typed.get("until") or (today - timedelta(days=1)).isoformat(),
        "segments": [(one, one.slug in typed.get("segments", ())) for one in segments()],
        "rows": [
            (row, named(row.name), named(row.base_name), who(row.asked_by))
            for row in comparisons(slug)
        ],
        "zone": zone(),
        "may_edit": _may(request),
    }
    return program_page(
        request,
        slug,
        "console/programs/compare.html",
        context,
        tab="program_compare",
        status=status,
    )


def _may(request: HttpRequest) -> bool:
    return at_work(request).may("programs.edit")


def _shown(made: Report) -> dict[str, object]:
    """The report in words, unit by unit."""
    voice = Voice(language(), plain)
    units = []
    for total in made.totals:
        unit = total["unit"]
        give, _space, currency = unit.partition(" ")
        pending = _of_unit(made.pending, unit)
        moved = _of_unit(made.moved, unit)
        digits = made.digits.get(unit, 0)
        units.append(
            {
                "name": unit_name(voice, give=give, currency=currency),
                "a": figure(unit, total["net_a"]),
                "b": figure(unit, total["net_b"]),
                "difference": _signed(unit, total["difference"]),
                "is_more": total["difference"] > 0,
                "is_same": total["difference"] == 0,
                "total": total,
                "pending_a": figure(unit, pending.get("pending_a", 0)),
                "pending_b": figure(unit, pending.get("pending_b", 0)),
                "held_a": figure(unit, pending.get("held_a", 0)),
                "held_b": figure(unit, pending.get("held_b", 0)),
                "moved": moved,
                "days": [
                    {
                        "day": one["day"],
                        "a": one["total_a"] / 10**digits,
                        "b": one["total_b"] / 10**digits,
                        "a_words": figure(unit, one["total_a"]),
                        "b_words": figure(unit, one["total_b"]),
                    }
                    for one in made.burn
                    if one["unit"] == unit
                ],
                "winners": _people(made.winners, unit),
                "losers": _people(made.losers, unit),
                "groups": _groups(made, unit),
                "rewards": [
                    one | {"a": figure(unit, one["net_a"]), "b": figure(unit, one["net_b"])}
                    for one in map(dict, made.rewards)
                    if one["unit"] == unit
                ],
                "channels": [
                    one | {"a": figure(unit, one["amount_a"]), "b": figure(unit, one["amount_b"])}
                    for one in map(dict, made.channels)
                    if one["unit"] == unit
                ],
            }
        )
    return {"report": made, "units": units, "left": _left(made)}


def _groups(made: Report, unit: str) -> list[dict[str, Any]]:
    """Of each chosen segment how many gain and lose, what that sums up to, and who most."""
    return [
        {
            "name": one["name"],
            "gain": one["gain"],
            "lose": one["lose"],
            "same": one["same"],
            "a": figure(unit, one["net_a"]),
            "b": figure(unit, one["net_b"]),
            "difference": _signed(unit, one["difference"]),
            "people": _people(
                [row for row in made.segment_people if row["segment"] == one["segment"]],
                unit,
                most=None,
            ),
        }
        for one in made.segments
        if one["unit"] == unit
    ]


def _left(made: Report) -> list[dict[str, str]]:
    """Of each chosen segment what its friends ordered and what is left of it."""
    found = []
    for one in made.segment_left:
        unit = f"cash {one['unit']}"
        keys = ("revenue_a", "revenue_b", "cost_a", "cost_b", "left_a", "left_b")
        told = {key: _signed(unit, one[key]).removeprefix("+") for key in keys}
        found.append({"name": one["name"], **told})
    return found


def _people(
    rows: Sequence[Mapping[str, Any]], unit: str, *, most: int | None = SHOWN
) -> list[dict[str, Any]]:
    return [
        {
            "beneficiary": one["beneficiary"],
            "is_charity": str(one["beneficiary"]).startswith("charity:"),
            "a": figure(unit, one["net_a"]),
            "b": figure(unit, one["net_b"]),
            "difference": _signed(unit, one["difference"]),
        }
        for one in rows
        if one["unit"] == unit
    ][:most]


def _signed(unit: str, minor: int) -> str:
    return f"{'+' if minor > 0 else '−' if minor < 0 else ''}{figure(unit, abs(minor))}"


def _of_unit(rows: Sequence[Mapping[str, Any]], unit: str) -> Mapping[str, Any]:
    return next((one for one in rows if one["unit"] == unit), {})


def _there(slug: str, number: int) -> ComparisonRow:
    row = comparison(number)
    if row is None or row.program != slug:
        raise Http404
    return row


def _table(request: HttpRequest, made: Report) -> str:
    name = request.GET.get("table", "totals")
    if name not in tables(made):
        raise Http404
    return name


def _day(text: str) -> datetime:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise NoText(_("{text} is no date; write it like 2026-05-31.").format(text=text or "–"))
    return datetime.combine(found, time(), tzinfo=zone())
