"""checklist: what each department does before a program begins, by when, and who did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.programs.read import program
from banyan.doors.console.number import number_of
from banyan.doors.console.page import page, told
from banyan.doors.console.programs.frame import Act, program_page
from banyan.doors.console.programs.review_words import zone
from banyan.doors.console.staff import at_work
from banyan.growth.planning import preparations
from banyan.growth.planning.preparations import (
    DEPARTMENTS,
    SHIPPED,
    BadPreparation,
    PreparationRow,
)
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record
from banyan.trust.staff.read import members


@dataclass(frozen=True)
class Line:
    """One item as the page shows it."""

    row: PreparationRow
    owner: str
    """A name; empty: nobody."""
    done_by: str
    is_late: bool
    typed: dict[str, Any]
    """What its form shows."""
    is_typed: bool
    """Whether that was refused just now."""


@page("programs.read")
def program_checklist(request: HttpRequest, slug: str) -> HttpResponse:
    """The list by department."""
    return _page(request, slug, {})


def open_lines(slug: str) -> list[Line]:
    """What is not done yet, for the pages before publication."""
    return _lines(preparations.undone(slug), {})


@page("programs.read")
@require_POST
def checklist_act(request: HttpRequest, slug: str, verb: str) -> HttpResponseBase:
    """Do one of `ACTS`; a refusal shows the page again with what was typed."""
    act, me = ACTS.get(verb), at_work(request)
    if act is None or program(slug) is None:
        raise Http404
    if not me.may(act.right):
        raise PermissionDenied
    try:
        with one_transaction():
            said = act.do(request, slug, me.actor, clock.now())
    except Problem as problem:
        told(request, problem)
        return _page(request, slug, request.POST.dict() | {"verb": verb}, status=422)
    messages.success(request, said)
    return redirect("admin:program_checklist", slug)


def _begin(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    count = preparations.begin(actor, slug, now=now)
    record(actor, "preparation.begun", f"program:{slug}", now=now, after={"items": count})
    return _("The usual items are on the list; give each an owner and a day.")


def _add(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    row = preparations.add(actor, slug, **_typed(request), now=now)
    record(actor, "preparation.added", f"program:{slug}", now=now, after=_plain(row))
    return _("It is on the list.")


def _change(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    number = _number(request)
    before = _found(slug, number)
    row = preparations.change(actor, slug, number, **_typed(request))
    record(
        actor,
        "preparation.changed",
        f"program:{slug}",
        now=now,
        before=_plain(before),
        after=_plain(row),
    )
    return _("Changed.")


def _tick(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    is_done = request.POST.get("done") == "yes"
    row = preparations.tick(actor, slug, _number(request), is_done=is_done, now=now)
    verb = "preparation.done" if is_done else "preparation.reopened"
    record(actor, verb, f"program:{slug}", now=now, after=_plain(row))
    return _("Done.") if is_done else _("It is open again.")


def _remove(request: HttpRequest, slug: str, actor: str, now: datetime) -> str:
    row = preparations.remove(actor, slug, _number(request))
    record(actor, "preparation.removed", f"program:{slug}", now=now, before=_plain(row))
    return _("It is off the list.")


ACTS = {
    "begin": Act("programs.edit", _begin),
    "add": Act("programs.edit", _add),
    "change": Act("programs.edit", _change),
    "remove": Act("programs.edit", _remove),
    # Departments that write no programs say that they are done, too.
    "tick": Act("programs.read", _tick),
}


def _page(
    request: HttpRequest, slug: str, typed: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    rows = preparations.preparations(slug)
    lines = _lines(rows, typed)
    there = {one.shipped for one in rows}
    context = {
        "departments": [
            (name, list(items))
            for name, items in groupby(lines, key=lambda one: one.row.department_name)
        ],
        "done": sum(one.done_at is not None for one in rows),
        "all": len(rows),
        "lacks_shipped": any(key not in there for key in SHIPPED),
        "names": [str(name) for name in DEPARTMENTS.values()],
        "people": [(one.actor, one.name) for one in members() if one.is_active and one.roles],
        "typed": typed if typed.get("verb") == "add" else {},
        "may_edit": at_work(request).may("programs.edit"),
        "zone": zone(),
    }
    template = "console/programs/checklist.html"
    return program_page(request, slug, template, context, tab="program_checklist", status=status)


def _lines(rows: list[PreparationRow], typed: dict[str, Any]) -> list[Line]:
    names = {one.actor: one.name for one in members()}
    today = clock.now().astimezone(zone()).date()
    return [_line(row, names, today, typed) for row in rows]


def _line(row: PreparationRow, names: dict[str, str], today: date, typed: dict[str, Any]) -> Line:
    is_typed = typed.get("verb") == "change" and typed.get("item") == str(row.id)
    shown = {
        "department": row.department_name,
        "text": row.words,
        "owner": row.owner,
        "due_on": row.due_on.isoformat() if row.due_on else "",
    }
    return Line(
        row,
        names.get(row.owner, row.owner),
        names.get(row.done_by, row.done_by),
        row.is_late(today),
        typed if is_typed else shown,
        is_typed,
    )


def _typed(request: HttpRequest) -> dict[str, Any]:
    """What a form says of an item. Raises BadPreparation."""
    owner = request.POST.get("owner", "")
    if owner and owner not in {one.actor for one in members()}:
        raise BadPreparation(_("Choose who does it from the list."))
    return {
        "department": request.POST.get("department", ""),
        "text": request.POST.get("text", ""),
        "owner": owner,
        "due_on": _day(request.POST.get("due_on", "")),
    }


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadPreparation(
            _("{text} is no day; write it like 2026-05-31.").format(text=text[:40])
        ) from None


def _number(request: HttpRequest) -> int:
    found = number_of(request.POST.get("item"))
    if found is None:
        raise Http404
    return found


def _found(slug: str, number: int) -> PreparationRow:
    rows = preparations.preparations(slug)
    found = next((one for one in rows if one.id == number), None)
    if found is None:
        raise preparations.NoSuchPreparation(_("This is not on the list any more."))
    return found


def _plain(row: PreparationRow) -> dict[str, object]:
    """For the audit; the words themselves stay out of it, as no erasure reaches them there."""
    return {
        "item": row.id,
        "department": row.department,
        "owner": row.owner,
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "is_done": row.done_at is not None,
    }
