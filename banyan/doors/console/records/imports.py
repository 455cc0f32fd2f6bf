"""imports: files become records: brought, mapped, tried out, then imported."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from django.contrib import messages
from django.http import Http404, HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as rendered
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.records.choosing import in_browser, on_page
from banyan.doors.console.staff import at_work
from banyan.doors.refusals import refusal
from banyan.kernel.errors import Problem
from banyan.pipeline.exporting.run import harmless
from banyan.pipeline.importing import uploads
from banyan.pipeline.importing.baseline import baseline
from banyan.pipeline.importing.cells import Habits
from banyan.pipeline.importing.columns import NEEDED, Order, What, checked
from banyan.pipeline.importing.uploads import UploadRow
from banyan.trust.audit.acts import record
from banyan.trust.staff.read import members

_FAULTS_SHOWN = 10
_ROWS_AT_ONCE = 1_000
"""Of the report: each piece waits for a thread."""
_EXTRA = 3
"""Lines for what is the same in every row."""


@page("records.import")
def imports(request: HttpRequest) -> HttpResponseBase:
    """Files brought so far, and a form for another."""
    if request.method == "POST":
        given = request.FILES.get("file")
        if given is None:
            messages.error(request, _("Choose a file first."))
            return redirect("admin:imports")
        try:
            number = uploads.bring(
                at_work(request).actor, given.name or "", given.chunks(), now=clock.now()
            )
        except Problem as problem:
            told(request, on_page(problem))
            return redirect("admin:imports")
        kind = request.POST.get("kind", "")
        return redirect(f"{reverse('admin:import', args=[number])}?kind={kind}")
    names = {one.actor: one.email for one in members()}
    context = {
        "rows": [
            {"upload": row, "state": states()[row.state], "by": names.get(row.brought_by, "")}
            for row in uploads.uploads()
        ],
        "kinds": kinds().items(),
    }
    return render(request, "console/records/imports.html", context, title=_("Import"))


@page("records.import")
def one(request: HttpRequest, number: int) -> HttpResponseBase:
    """One file at the step where it is."""
    found = _existing(number)
    if request.method == "POST":
        return _stepped(request, found)
    crumbs = (Crumb(_("Import"), reverse("admin:imports")),)
    context = {"upload": found, "state": states()[found.state], "kinds": kinds().items()}
    context |= {"problem": in_browser(found.problem)} | _step(request, found)
    return render(request, "console/records/import.html", context, title=found.name, crumbs=crumbs)


@page("records.import")
def progress(request: HttpRequest, number: int) -> HttpResponseBase:
    """How far a worker is, for the page that waits; says so when it is done."""
    found = _existing(number)
    response = rendered(request, "console/records/import_progress.html", {"upload": found})
    if not found.is_at_work:
        response["HX-Refresh"] = "true"
    return response


@page("records.import")
def report(request: HttpRequest, number: int) -> HttpResponseBase:
    """The rows that made no event, with the reasons. They may hold contacts, so it is written down
    who took them."""
    file = uploads.report_of(_existing(number).number)
    if file is None:
        raise Http404
    record(at_work(request).actor, "import.report", f"import:{number}", now=clock.now())
    pieces = _report(file, get_language())
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{number}.csv"'
    return response


def _first_faults(number: int) -> list[tuple[str, str, str]]:
    """Line, column and reason of the first rows of the report."""
    file = uploads.report_of(number)
    if file is None:
        return []
    with file.open(encoding="utf-8", newline="") as rows:
        return [
            (line, column, in_browser(reason))
            for _file, line, column, reason, _cells in islice(
                csv.reader(rows), 1, _FAULTS_SHOWN + 1
            )
        ]


def _report(file: Path, language: str | None) -> Iterator[str]:
    """The report in the language of the page. Its mark at the beginning tells spreadsheets that it
    is UTF-8.

    Each piece may be made in another thread, whose own language is that of its last page.
    """
    with override(language):
        heads = [_("File"), _("Row"), _("Column"), _("Reason"), _("Cells")]
    yield "\ufeff" + _lines([heads])
    with file.open(encoding="utf-8", newline="") as rows:
        reader = csv.reader(rows)
        next(reader)
        while some := list(islice(reader, _ROWS_AT_ONCE)):
            with override(language):
                piece = _lines(map(_spoken, some))
            yield piece


def _spoken(row: Sequence[str]) -> list[str]:
    """A row of the report for a reader."""
    name, number, column, reason, cells = row
    safe = [harmless(text) for text in (name, column, in_browser(reason), cells)]
    return [safe[0], number, *safe[1:]]


def _lines(rows: Iterable[Sequence[str]]) -> str:
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()


def kinds() -> dict[What, str]:
    """What a row can be, in words."""
    return {
        "customers": _("People: who they are, with contacts and tags"),
        "orders": _("Orders"),
        "refunds": _("Refunds"),
        "referrals": _("History of referrals: how people came until now; nothing is paid for it"),
        "events": _("Events in the public format"),
    }


def states() -> dict[str, str]:
    """The steps, in words."""
    return {
        "mapping": _("waits for its columns"),
        "checking": _("is being tried out"),
        "checked": _("waits for your yes"),
        "importing": _("is being imported"),
        "done": _("imported"),
        "failed": _("failed"),
        "cancelled": _("thrown away"),
    }


def _stepped(request: HttpRequest, found: UploadRow) -> HttpResponseBase:
    me, now, act = at_work(request), clock.now(), request.POST.get("do")
    try:
        if act == "try":
            order, sheet = _order(request.POST, found), request.POST.get("sheet") or None
            uploads.try_out(me.actor, found.number, order, sheet=sheet, now=now)
        elif act == "confirm":
            seen = request.POST.get("mapping", "")
            uploads.confirm(me.actor, found.number, mapping_hash=seen, now=now)
        elif act == "cancel":
            uploads.cancel(me.actor, found.number, now=now)
            return redirect("admin:imports")
    except Problem as problem:
        told(request, on_page(problem))
        if act == "try":
            crumbs = (Crumb(_("Import"), reverse("admin:imports")),)
            context = {"upload": found, "kinds": kinds().items(), "state": states()[found.state]}
            sheet = request.POST.get("sheet") or None
            context |= _mapping(_typed(request.POST, found), request.POST, found, sheet)
            return render(
                request, "console/records/import.html", context, title=found.name, crumbs=crumbs
            )
    return redirect("admin:import", number=found.number)


def _step(request: HttpRequest, found: UploadRow) -> dict[str, object]:
    is_again = found.state == "checked" and request.GET.get("step") == "columns"
    if is_again or found.state in ("mapping", "failed"):
        kind, sheet = request.GET.get("kind", ""), request.GET.get("sheet")
        order = found.order if found.order and not sheet else Order(_what(kind))
        return _mapping(order, None, found, sheet or found.sheet)
    result = found.result
    new = list(result.get("new", {}).items())
    history = found.order is not None and found.order.what == "referrals"
    ways = baseline(result["after"], result["upto"]) if history and found.state == "done" else {}
    return {
        "new": new,
        "total": sum(count for _name, count in new),
        "notes": [in_browser(note) for note in result.get("notes", [])],
        "faults": _first_faults(found.number),
        "baseline": [(_way(way), rows) for way, rows in ways.items()],
    }


def _mapping(
    order: Order, typed: QueryDict | None, found: UploadRow, sheet: str | None
) -> dict[str, object]:
    """The form in which each column says what it is; what was typed stays."""
    problem, glance = _glance(found, sheet)
    try:
        guesses = uploads.guessed(order, glance.columns)
    except Problem:  # two columns that look alike: the person decides
        guesses = dict.fromkeys(glance.columns, "") | dict(order.columns)
    constants = list(order.constants.items())
    constants += [("", "")] * (_EXTRA - len(constants))
    return {
        "is_mapping": True,
        "what": order.what,
        "columns": [
            {
                "name": name,
                "field": guesses.get(name, ""),
                "samples": [row[n] for row in glance.rows if row[n]][:3],
                "index": n,
            }
            for n, name in enumerate(glance.columns)
        ],
        "fields": _fields(order.what),
        "needed": NEEDED[order.what],
        "constants": constants,
        "habits": order.habits,
        "notes": [*problem, *(in_browser(note) for note in glance.notes)],
        "sheets": glance.sheets,
        "is_typed": typed is not None,
    }


def _glance(found: UploadRow, sheet: str | None) -> tuple[list[str], uploads.Glance]:
    """How the sheet that was chosen begins; of one that cannot be read why, and the first one."""
    try:
        return [], uploads.glance(found.number, sheet)
    except Problem as problem:
        if sheet is None:
            raise
        return [refusal(on_page(problem))], uploads.glance(found.number)


def _order(given: QueryDict, found: UploadRow) -> Order:
    """What the form says. Raises BadMapping."""
    habits = checked(
        Habits(),
        {
            "time_zone": given.get("time_zone", "").strip() or "UTC",
            "days": given.get("days", "ymd"),
            "decimal": given.get("decimal", "."),
            "minor_units": given.get("minor_units") == "yes",
        },
    )
    return replace(_typed(given, found), habits=habits)


def _typed(given: QueryDict, found: UploadRow) -> Order:
    _problem, glance = _glance(found, given.get("sheet") or None)
    columns = glance.columns
    fields = {name: given.get(f"column-{n}", "").strip() for n, name in enumerate(columns)}
    names, values = given.getlist("constant"), given.getlist("value")
    constants = {
        name.strip(): value.strip()
        for name, value in zip(names, values, strict=False)
        if name.strip()
    }
    return Order(_what(given.get("kind", "")), fields, constants)


def _fields(what: What) -> Sequence[tuple[str, str]]:
    """Fields that a column can fill, in words; others can be typed."""
    known: Mapping[str, str] = {
        "userId": _("customer id"),
        "timestamp": _("time"),
        "messageId": _("id of the row"),
        "traits.email": _("e-mail address"),
        "traits.phone": _("phone number"),
    }
    own: Mapping[What, Mapping[str, str]] = {
        "customers": {
            "traits.name": _("name"),
            "traits.firstName": _("given name"),
            "traits.lastName": _("family name"),
            "traits.tier": _("tier"),
            "traits.tags": _("tags"),
        },
        "orders": {
            "properties.order_id": _("order number"),
            "properties.total": _("total"),
            "properties.currency": _("currency"),
            "properties.coupon": _("coupon"),
            "properties.referral_code": _("referral code"),
        },
        "refunds": {
            "properties.order_id": _("order number"),
            "properties.total": _("amount"),
            "properties.currency": _("currency"),
        },
        "referrals": {
            "properties.advocate": _("advocate's customer id"),
            "properties.channel": _("channel"),
            "properties.department": _("department"),
            "properties.handler": _("who handled it"),
            "properties.outcome": _("outcome"),
        },
        "events": {"type": _("type"), "event": _("name of the event")},
    }
    return list({**known, **own[what]}.items())


def _way(way: str) -> str:
    return {"channel": _("channel"), "department": _("department"), "handler": _("who handled it")}[
        way
    ]


def _what(text: str) -> What:
    return next((what for what in kinds() if what == text), "customers")


def _existing(number: int) -> UploadRow:
    found = uploads.upload(number)
    if found is None:
        raise Http404
    return found
