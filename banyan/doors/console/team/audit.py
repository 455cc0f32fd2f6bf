"""audit: who did and looked at what, when and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.doors.console.number import number_of
from banyan.doors.console.page import page, render
from banyan.doors.console.staff import at_work
from banyan.pipeline.exporting.run import harmless
from banyan.trust.audit import read
from banyan.trust.audit.acts import record
from banyan.trust.audit.read import EntryRow
from banyan.trust.staff.read import members

PER_PAGE = 50
_ROWS_AT_ONCE = 1_000
"""Of a file: each piece waits for a thread."""


@dataclass(frozen=True)
class Change:
    """One field of what was changed, before and after, in plain text."""

    name: str
    before: str
    after: str


@page("audit.read")
def log(request: HttpRequest) -> HttpResponseBase:
    """The log, the newest first."""
    asked, names = _asked(request), _names()
    rows = read.entries(**asked, before=number_of(request.GET.get("before")), limit=PER_PAGE + 1)
    shown = rows[:PER_PAGE]
    filters = {
        name: request.GET.get(name, "") for name in ("who", "what", "about", "since", "until")
    }
    kept = {name: value for name, value in filters.items() if value}
    context = {
        "rows": [
            {"entry": row, "who": names.get(row.actor, row.actor), "changes": changes(row)}
            for row in shown
        ],
        "filters": filters,
        "people": sorted(names.items(), key=lambda pair: pair[1]),
        "older": urlencode(kept | {"before": shown[-1].number}) if len(rows) > PER_PAGE else "",
        "newest": urlencode(kept) if "before" in request.GET else None,
        "query": urlencode(kept),
        "chain": read.verify_chain() if "check" in request.GET else None,
    }
    return render(request, "console/team/audit.html", context, title=_("Audit log"))


@page("audit.read")
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """The same as a file, which is itself written down."""
    asked = _asked(request)
    now = clock.now()
    told = {name: str(value) for name, value in asked.items() if value is not None}
    record(at_work(request).actor, "audit.export", "audit", now=now, after={"filters": told})
    response = StreamingHttpResponse(_lines(asked), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{now:%Y-%m-%d}.csv"'
    return response


def changes(row: EntryRow) -> list[Change]:
    """What an entry says was different, field by field; of what only began or ended all of it."""
    before, after = row.before or {}, row.after or {}
    names = [*before, *(name for name in after if name not in before)]
    return [
        Change(name, _plain(before.get(name)), _plain(after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    return str(value)


def _asked(request: HttpRequest) -> dict[str, Any]:
    who = request.GET.get("who", "").strip()
    by_name = {name: actor for actor, name in _names().items()}
    return {
        "actor": by_name.get(who, who) or None,
        "verb": request.GET.get("what", "").strip() or None,
        "about": request.GET.get("about", "").strip() or None,
        "since": _midnight(request.GET.get("since", "")),
        "until": _midnight(request.GET.get("until", ""), days=1),
    }


def _midnight(day: str, *, days: int = 0) -> datetime | None:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None
    zone = ZoneInfo(settings.OPERATOR_TIME_ZONE)
    return datetime.combine(found + timedelta(days=days), time(), zone)


def _names() -> dict[str, str]:
    return {one.actor: one.email for one in members()}


def _lines(asked: dict[str, Any]) -> Iterator[str]:
    names = _names()
    yield "\ufeff" + _line(
        ["number", "at", "actor", "who", "verb", "about", "before", "after", "reason", "hash"]
    )
    before: int | None = None
    while rows := read.entries(**asked, before=before, limit=_ROWS_AT_ONCE):
        yield "".join(_line(_cells(row, names)) for row in rows)
        before = rows[-1].number


def _cells(row: EntryRow, names: Mapping[str, str]) -> list[object]:
    return [
        row.number,
        row.at.isoformat(),
        row.actor,
        names.get(row.actor, ""),
        row.verb,
        row.about,
        _plain(row.before),
        _plain(row.after),
        row.reason,
        row.hash,
    ]


def _line(cells: list[object]) -> str:
    """A text that a spreadsheet would run is made harmless."""
    line = io.StringIO()
    csv.writer(line).writerow([harmless(str(cell)) for cell in cells])
    return line.getvalue()
