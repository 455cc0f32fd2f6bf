"""segmenting: segments are made from plain conditions in a form that counts as one types."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from banyan.core.events import clock
from banyan.core.people.read import masked_names
from banyan.core.programs.read import programs
from banyan.doors.console.customers import saying
from banyan.doors.console.customers.who import people
from banyan.doors.console.number import number_of
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.staff import at_work
from banyan.doors.refusals import refusal
from banyan.insight.segments import acts
from banyan.insight.segments.members import house_currency
from banyan.insight.segments.purchases import catch_up, catch_up_if_near
from banyan.insight.segments.read import SegmentRow, members, segment, segments
from banyan.insight.segments.rules import (
    FIELDS,
    MOST_CONDITIONS,
    MOST_GROUPS,
    OPERATORS,
    Condition,
    Group,
    Match,
    Rules,
)
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline.exporting.run import harmless
from banyan.trust.audit.acts import record
from banyan.trust.staff.read import members as staff

PAGE = 100

LABELS = {
    "orders": gettext_noop("Orders in all"),
    "spent": gettext_noop("Spent in all, less refunds"),
    "last_order": gettext_noop("Last order"),
    "first_order": gettext_noop("First order"),
    "recency": gettext_noop("RFM: recency (5 ordered last)"),
    "frequency": gettext_noop("RFM: frequency (5 orders most)"),
    "monetary": gettext_noop("RFM: money (5 spends most)"),
    "tier": gettext_noop("Tier"),
    "tag": gettext_noop("Tag"),
    "language": gettext_noop("Language, such as zh or en"),
    "consent": gettext_noop("Agreed to a purpose"),
    "enrolled": gettext_noop("Takes part in a program (has a link)"),
    "friends": gettext_noop("Friends brought"),
    "buyers": gettext_noop("Friends brought who bought"),
    "referred": gettext_noop("Was brought by somebody"),
    "friend_of": gettext_noop("Was brought by this customer"),
    "last_seen": gettext_noop("Last seen"),
    "first_seen": gettext_noop("First seen"),
}
_OPERATORS = {
    "at_least": gettext_noop("is at least"),
    "at_most": gettext_noop("is at most"),
    "is": gettext_noop("is"),
    "is_not": gettext_noop("is not"),
    "has": gettext_noop("is among theirs"),
    "has_not": gettext_noop("is not among theirs"),
    "within": gettext_noop("lies at most so many days back"),
    "longer": gettext_noop("lies more days back than"),
    "yes": gettext_noop("yes"),
    "no": gettext_noop("no"),
}
_NEW = Rules("all", (Group("all", (Condition("orders", "at_least", "1"),)),))


@never_cache
@require_GET
@page("customers.read")
def all_segments(request: HttpRequest) -> HttpResponseBase:
    """Every segment, with its size and when it was counted."""
    names = {one.actor: one.name for one in staff()}
    context = {
        "segments": [_listed(one, names) for one in segments()],
        "may_edit": at_work(request).may("segments.edit"),
    }
    return render(request, "console/customers/segments.html", context, title=_("Segments"))


@never_cache
@require_http_methods(["GET", "POST"])
@page("segments.edit")
def new_segment(request: HttpRequest) -> HttpResponseBase:
    """A form for a new one."""
    return _form(request, None)


@never_cache
@require_http_methods(["GET", "POST"])
@page("customers.read")
def one_segment(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Its members; and, for who may, its conditions to change."""
    found = segment(slug)
    if found is None:
        raise Http404
    if request.method == "POST" or "edit" in request.GET:
        return _changing(request, slug)
    after = request.GET.get("after", "")
    listed = members(slug, after=after, limit=PAGE + 1)
    known = people(listed[:PAGE])
    names = {one.actor: one.name for one in staff()}
    me = at_work(request)
    context = {
        **_listed(found, names),
        "members": [known[user_id] for user_id in listed[:PAGE]],
        "after": listed[PAGE - 1] if len(listed) > PAGE else None,
        "may_edit": me.may("segments.edit"),
        "may_export": me.may("records.export"),
    }
    return render(
        request,
        "console/customers/segment.html",
        context,
        title=found.name,
        crumbs=(Crumb(_("Segments"), reverse("admin:segments")),),
    )


@page("segments.edit")
def _changing(request: HttpRequest, slug: str) -> HttpResponseBase:
    return _form(request, segment(slug))


@never_cache
@page("segments.edit")
@require_POST
def refresh_segment(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Count anew now."""
    try:
        row = acts.refresh(slug, now=clock.now())
        messages.success(request, _("{count} customers.").format(count=row.count))
    except Problem as problem:
        told(request, problem)
        return redirect("admin:segments")
    return redirect("admin:segment", slug)


@never_cache
@page("segments.edit")
@require_POST
def remove_segment(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Away with it."""
    try:
        with one_transaction():
            before = segment(slug)
            acts.remove(slug)
            record(
                at_work(request).actor,
                "segment.removed",
                f"segment:{slug}",
                now=clock.now(),
                before=_said(before) if before else None,
            )
        messages.success(request, _("The segment was removed."))
    except Problem as problem:
        told(request, problem)
    return redirect("admin:segments")


@never_cache
@require_GET
@page("records.export")
def segment_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Its members as CSV: user ids and masked names."""
    if segment(slug) is None:
        raise Http404
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="segment-{slug}.csv"'
    writer = csv.writer(response)
    writer.writerow(("user_id", "name"))
    found = members(slug)
    for start in range(0, len(found), 5_000):
        names = masked_names(found[start : start + 5_000])
        writer.writerows((harmless(user_id), harmless(name)) for user_id, name in names.items())
    record(
        at_work(request).actor,
        "segment.exported",
        f"segment:{slug}",
        now=clock.now(),
        after={"customers": len(found)},
    )
    return response


def _form(request: HttpRequest, found: SegmentRow | None) -> HttpResponseBase:
    """The conditions. Every change of a choice comes back here, is counted and shown again."""
    typed = request.POST
    rules = _typed(typed) if request.method == "POST" else (found.rules if found else _NEW)
    name = typed.get("name", found.name if found else "")
    slug = found.slug if found else typed.get("slug", "").strip()
    do = typed.get("do", "")
    if do == "save":
        try:
            _save(request, found, slug=slug, name=name, rules=rules)
        except Problem as problem:
            told(request, problem)
        else:
            return redirect("admin:segment", slug)
    context = {
        "segment": found,
        "name": name,
        "slug": slug,
        "match": (edited := _edited(rules, do)).match,
        "groups": _shown(edited),
        "may_group": len(edited.groups) < MOST_GROUPS,
        "programs": [one.slug for one in programs()],
        "currency": house_currency(),
        **_counted(edited),
    }
    if request.headers.get("HX-Request"):
        return part(request, "console/customers/rules.html", context)
    return render(
        request,
        "console/customers/segment_form.html",
        context,
        title=found.name if found else _("New segment"),
        crumbs=(Crumb(_("Segments"), reverse("admin:segments")),),
        status=422 if do == "save" else 200,
    )


def _save(
    request: HttpRequest, found: SegmentRow | None, *, slug: str, name: str, rules: Rules
) -> None:
    actor, now = at_work(request).actor, clock.now()
    # Chunk by chunk, before the transaction: inside it a long catching up would lock out others.
    catch_up()
    with one_transaction():
        if found is None:
            row = acts.make(actor, slug, name=name, rules=rules, now=now)
            verb = "segment.made"
        else:
            row = acts.change(actor, slug, name=name, rules=rules, now=now)
            verb = "segment.changed"
        record(
            actor,
            verb,
            f"segment:{slug}",
            now=now,
            before=_said(found) if found else None,
            after=_said(row),
        )
    messages.success(request, _("{count} customers.").format(count=row.count))


def _counted(rules: Rules) -> dict[str, Any]:
    """How many these conditions give, or what they lack."""
    catch_up_if_near()
    try:
        tried = acts.tried(rules, now=clock.now())
    except Problem as problem:
        return {"lacks": refusal(problem)}
    known = people(tried.sample)
    return {"count": tried.count, "sample": [known[user_id] for user_id in tried.sample]}


def _typed(typed: Mapping[str, str]) -> Rules:
    """The rules as they stand in the form; whatever is missing is taken from what is usual."""
    groups = []
    for g in range(MOST_GROUPS):
        conditions = [
            _condition(typed, f"g{g}-c{c}")
            for c in range(MOST_CONDITIONS)
            if f"g{g}-c{c}-field" in typed
        ]
        if conditions:
            groups.append(Group(_match(typed.get(f"g{g}-match")), tuple(conditions)))
    return Rules(_match(typed.get("match")), tuple(groups)) if groups else _NEW


def _condition(typed: Mapping[str, str], name: str) -> Condition:
    field = FIELDS.get(typed[f"{name}-field"], FIELDS["orders"])
    operators = OPERATORS[field.kind]
    op = typed.get(f"{name}-op", "")
    return Condition(
        field.name,
        op if op in operators else operators[0],
        typed.get(f"{name}-value", "").strip(),
        typed.get(f"{name}-of", "").strip(),
    )


def _match(text: str | None) -> Match:
    return "any" if text == "any" else "all"


def _edited(rules: Rules, do: str) -> Rules:
    """After one of the form's buttons: `group`, `add-GROUP`, `drop-GROUP-CONDITION`."""
    verb, _dash, rest = do.partition("-")
    groups = list(rules.groups)
    places = [place for one in rest.split("-") if (place := number_of(one)) is not None]
    another = _NEW.groups[0].conditions[0]
    if verb == "group" and len(groups) < MOST_GROUPS:
        groups.append(Group("all", (another,)))
    elif verb == "add" and places and places[0] < len(groups):
        group = groups[places[0]]
        groups[places[0]] = Group(group.match, (*group.conditions, another)[:MOST_CONDITIONS])
    elif verb == "drop" and len(places) == 2 and places[0] < len(groups):
        group = groups[places[0]]
        left = tuple(one for n, one in enumerate(group.conditions) if n != places[1])
        groups[places[0]] = Group(group.match, left)
        groups = [one for one in groups if one.conditions] or [_NEW.groups[0]]
    return Rules(rules.match, tuple(groups))


def _shown(rules: Rules) -> list[dict[str, Any]]:
    """The groups with the choices that each condition has."""
    return [
        {
            "number": g,
            "match": group.match,
            "may_add": len(group.conditions) < MOST_CONDITIONS,
            "conditions": [
                {
                    "name": f"g{g}-c{c}",
                    "drop": f"drop-{g}-{c}",
                    "condition": one,
                    "field": FIELDS[one.field],
                    "fields": [(name, _(LABELS[name])) for name in FIELDS],
                    "ops": [(op, _(_OPERATORS[op])) for op in OPERATORS[FIELDS[one.field].kind]],
                }
                for c, one in enumerate(group.conditions)
            ],
        }
        for g, group in enumerate(rules.groups)
    ]


def in_words(rules: Rules) -> list[str]:
    """Each group as a sentence of its conditions."""
    joint = {"all": _(" and "), "any": _(" or ")}
    return [
        joint[group.match].join(_in_words(one) for one in group.conditions)
        for group in rules.groups
    ]


def _in_words(one: Condition) -> str:
    about = _(LABELS[one.field])
    of = f" ({one.of})" if one.of else ""
    return f"{about}{of} {_(_OPERATORS[one.op])} {one.value}".rstrip()


def _listed(one: SegmentRow, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "segment": one,
        "words": in_words(one.rules),
        "refreshed": saying.moment(one.refreshed_at),
        "made": saying.moment(one.made_at),
        "made_by": names.get(one.made_by, one.made_by),
        "changed": saying.moment(one.changed_at),
        "changed_by": names.get(one.changed_by, one.changed_by),
    }


def _said(row: SegmentRow) -> dict[str, object]:
    """For the audit: its name and conditions, no members."""
    return {"name": row.name, "rules": in_words(row.rules), "count": row.count}
