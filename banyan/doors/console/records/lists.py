"""lists: the pages of the lists: which there are, their rows, one row, files, kept views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.doors.console.number import number_of
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.records import files, reading
from banyan.doors.console.records.cells import cells
from banyan.doors.console.records.kinds import BY_SLUG, GROUPS, KINDS, Kind
from banyan.doors.console.records.reading import Asked
from banyan.doors.console.records.words import value_in_words
from banyan.doors.console.staff import at_work
from banyan.doors.refusals import refusal
from banyan.kernel.errors import Problem
from banyan.pipeline.exporting.run import BadExport
from banyan.trust.audit.acts import record
from banyan.trust.staff import saved

ANY = tuple(dict.fromkeys(kind.right for kind in KINDS))
"""Who may see some list; each list asks for its own right besides."""
LONGEST_SEARCH = 300
MOST_AT_ONCE = 1_000

MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


@page(*ANY)
def index(request: HttpRequest) -> HttpResponseBase:
    """Which lists there are for this member."""
    me = at_work(request)
    mine = [kind for kind in KINDS if me.may(kind.right)]
    context = {
        "groups": [
            {"title": title, "kinds": [kind for kind in mine if kind.group == group]}
            for group, title in GROUPS.items()
            if any(kind.group == group for kind in mine)
        ]
    }
    return render(request, "console/records/index.html", context, title=_("All lists"))


@page(*ANY)
def rows(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A page of a list."""
    kind, me = _kind(request, slug), at_work(request)
    asked = _asked(kind, request.GET)
    found = reading.page(kind, asked)
    query = _query(kind, request.GET)
    actions = [one for one in kind.actions if me.may(one.right)]
    context = {
        "kind": kind,
        "columns": _heads(kind, request.GET),
        "rows": [
            {"key": reading.key_of(kind, row), "cells": row_cells}
            for row, row_cells in zip(found.rows, cells(kind, kind.page, found.rows), strict=True)
        ],
        "text": asked.text,
        "filters": _filters(kind, asked),
        "is_narrowed": bool(asked.text or asked.filters),
        "query": urlencode(query),
        "next": urlencode(query | {"after": reading.written(found.next)}) if found.next else "",
        "is_later_page": asked.before is not None,
        "reached": found.reached,
        "views": saved.views(me.id, slug),
        "actions": actions,
        **(_found(kind, asked) if actions and (found.next or asked.before) else {}),
        "forms": files.FORMS if me.may("records.export") else (),
        "may_see_contacts": me.may("customers.contacts"),
    }
    return render(
        request, "console/records/list.html", context, title=str(kind.title), crumbs=_crumbs()
    )


@page(*ANY)
def row(request: HttpRequest, slug: str) -> HttpResponseBase:
    """One record with all its fields."""
    kind = _kind(request, slug)
    found = reading.one(kind, request.GET.get("key", ""))
    if found is None:
        raise Http404
    [shown] = cells(kind, kind.shown, [found])
    crumbs = (*_crumbs(), Crumb(str(kind.title), reverse("admin:record_list", args=[slug])))
    context = {"kind": kind, "cells": shown}
    return render(
        request, "console/records/row.html", context, title=shown[0].text or slug, crumbs=crumbs
    )


@page(*ANY)
def file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A list as a file. Who took which out, and how much, is written down before it begins."""
    kind, me = _kind(request, slug), at_work(request)
    if not me.may("records.export"):
        raise PermissionDenied
    form = request.GET.get("form", "")
    if form not in files.FORMS:
        raise Http404
    asked = replace(_asked(kind, request.GET), before=None)
    in_clear = me.may("customers.contacts")
    try:
        count = files.counted(kind, asked, form)
        content = files.pieces(kind, asked, form, in_clear=in_clear)
    except (files.TooLong, BadExport) as problem:
        told(request, problem)
        return redirect(
            f"{reverse('admin:record_list', args=[slug])}?{urlencode(_query(kind, request.GET))}"
        )
    now = clock.now()
    after = {
        "count": count,
        "form": form,
        "filters": dict(asked.filters or {}),
        "has_search": bool(asked.text),
        "contacts": "clear" if in_clear else "masked",
    }
    record(me.actor, f"{slug}.export", f"list:{slug}", now=now, after=after)
    response = StreamingHttpResponse(content, content_type=MIME[form])
    response["Content-Disposition"] = f'attachment; filename="{slug}-{now:%Y-%m-%d}.{form}"'
    return response


@page(*ANY)
def views(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Keep or remove a view (POST `do`)."""
    kind, me = _kind(request, slug), at_work(request)
    query = request.POST.get("query", "")
    try:
        if request.POST.get("do") == "keep":
            saved.keep(
                me.id,
                slug,
                name=request.POST.get("name", ""),
                query=query,
                is_shared=request.POST.get("is_shared") == "yes",
                now=clock.now(),
            )
            messages.success(request, _("The view is kept."))
        elif request.POST.get("do") == "remove":
            saved.remove(me.id, number_of(request.POST.get("view")) or 0)
            messages.success(request, _("The view is removed."))
    except Problem as problem:
        told(request, problem)
    return redirect(f"{reverse('admin:record_list', args=[kind.slug])}?{query}")


@page(*ANY)
def do(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Do something with the rows that were ticked (POST `do`, `key`), or with all that the filters
    find (POST `do`, `everything`, `query`)."""
    kind, me = _kind(request, slug), at_work(request)
    back = f"{reverse('admin:record_list', args=[slug])}?{request.POST.get('query', '')}"
    action = next((one for one in kind.actions if one.name == request.POST.get("do")), None)
    if action is None:
        return redirect(back)
    if not me.may(action.right):
        raise PermissionDenied
    done, refused = 0, []
    for key in _chosen(request, kind):
        try:
            action.do(me.actor, key, clock.now())
            done += 1
        except Problem as problem:
            refused.append(refusal(problem))
    if done:
        messages.success(request, _("Done for %(count)s of them.") % {"count": done})
    if refused:
        told_as = _("Not done for %(count)s of them. %(why)s")
        messages.error(request, told_as % {"count": len(refused), "why": refused[0]})
    if not done and not refused:
        messages.warning(request, _("Tick the rows first."))
    return redirect(back)


def _chosen(request: HttpRequest, kind: Kind) -> list[str]:
    """The keys of the rows that were ticked, or of all that the filters find; at most so many that
    a page may wait for."""
    if not request.POST.get("everything"):
        places = map(reading.parsed, request.POST.getlist("key"))
        return [str(place[0]) for place in places if place and len(place) == 1][:MOST_AT_ONCE]
    asked = _asked(kind, QueryDict(request.POST.get("query", "")))
    keys, _bound = reading.keys(kind, asked, MOST_AT_ONCE)
    return keys


def _found(kind: Kind, asked: Asked) -> dict[str, int | None]:
    """How many rows the filters find on all pages, and down to which number; nothing for more than
    can be done at once."""
    keys, bound = reading.keys(kind, asked, MOST_AT_ONCE + 1)
    return {"found": len(keys), "found_above": bound} if len(keys) <= MOST_AT_ONCE else {}


def _kind(request: HttpRequest, slug: str) -> Kind:
    kind = BY_SLUG.get(slug)
    if kind is None:
        raise Http404
    if not at_work(request).may(kind.right):
        raise PermissionDenied
    return kind


def _asked(kind: Kind, given: Mapping[str, str]) -> Asked:
    filters = {name: given[name] for name in kind.filters if given.get(name)}
    return Asked(
        given.get("q", "").strip()[:LONGEST_SEARCH],
        filters,
        given.get("o", ""),
        reading.parsed(given.get("after", "")),
    )


def _query(kind: Kind, given: Mapping[str, str]) -> dict[str, str]:
    """What of an address says which rows there are; the place in them is left out."""
    return {name: given[name] for name in ("q", "o", *kind.filters) if given.get(name)}


def _filters(kind: Kind, asked: Asked) -> list[dict[str, object]]:
    chosen = asked.filters or {}
    titles = {column.name.removesuffix("_id"): column.title for column in kind.shown}
    titles |= {column.name: column.title for column in kind.shown}
    shown: list[dict[str, object]] = []
    for name in kind.filters:
        values = reading.choices(kind, name)
        if (now := chosen.get(name)) and now not in values:
            values.append(now)
        shown.append(
            {
                "name": name,
                "title": titles[name],
                "value": chosen.get(name, ""),
                "choices": [(value, value_in_words(name, value, of=kind.slug)) for value in values],
            }
        )
    return shown


def _heads(kind: Kind, given: Mapping[str, str]) -> list[dict[str, object]]:
    """The columns; those that one can sort by with the address that turns the order round."""
    wanted = given.get("o", "")
    first = wanted.removeprefix("-") if wanted.removeprefix("-") in kind.sorts else kind.sorts[0]
    is_down = not wanted or wanted.startswith("-")
    heads: list[dict[str, object]] = []
    for column in kind.page:
        can = column.name in kind.sorts
        is_first = column.name == first
        turned = column.name if is_first and is_down else f"-{column.name}"
        heads.append(
            {
                "title": column.title,
                "is_number": column.form == "number",
                "query": urlencode(_query(kind, given) | {"o": turned}) if can else "",
                "sorted": ("descending" if is_down else "ascending") if can and is_first else "",
            }
        )
    return heads


def _crumbs() -> tuple[Crumb, ...]:
    return (Crumb(_("All lists"), reverse("admin:records")),)
