"""chain: who brought whom who brought whom, drawn level by level, with what it brought in."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from banyan.core.events import clock
from banyan.core.programs.read import programs
from banyan.core.referrals import chains
from banyan.core.referrals.chains import Branch
from banyan.doors.console.customers import saying
from banyan.doors.console.customers.who import Who, people, person
from banyan.doors.console.number import number_of
from banyan.doors.console.page import Crumb, page, render
from banyan.doors.console.staff import at_work
from banyan.insight.metrics.forest import depths, fission
from banyan.insight.metrics.forest import members as members_of
from banyan.insight.segments.purchases import CHUNK, catch_up_if_near
from banyan.insight.segments.worth import (
    Worth,
    by_level,
    currency_of,
    every,
    greatest,
    members,
    of_chain,
    share_counted,
)
from banyan.kernel.money import minor_digits
from banyan.pipeline.exporting.run import harmless
from banyan.trust.audit.acts import record

SHOWN = 25
"""So many friends of one person are drawn at once."""
ADDED_UP = 10_000
"""So many members of a chain are added up while somebody waits; a quarter of a second."""

ORDERS = {
    "members": gettext_lazy("Members"),
    "depth": gettext_lazy("Depth"),
    "width": gettext_lazy("Width"),
    "revenue": gettext_lazy("Revenue"),
    "paid": gettext_lazy("Rewards paid"),
}
LISTED = 50
"""Chains on one page of the list."""
_NUMBER = re.compile("-?[0-9]{1,18}")


class _Download(FileResponse):
    """A file in pieces that are worth waiting for a thread."""

    block_size = 1 << 16


@dataclass(frozen=True)
class Node:
    """A member as drawn."""

    who: Who
    branch: Branch
    joined: str


@never_cache
@require_GET
@page("referrals.read")
def chain(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """The chain above and below one person. htmx asks for the friends of one member, or for more
    of them."""
    slugs, slug = _program(request, user_id)
    if request.headers.get("HX-Request"):
        context = _branches(slug, user_id, _number(request, "since"), _number(request, "after"))
        return part(request, "console/customers/branches.html", context)
    counted = catch_up_if_near()
    above = chains.above(slug, user_id)
    known = people(above)
    found = of_chain(slug, user_id, most=ADDED_UP)
    context = {
        "who": person(user_id),
        "program": slug,
        "programs": slugs,
        "above": [known[one] for one in reversed(above)],
        "counted": counted,
        "worth": _told(found.worth),
        "layers": [
            (one, *(saying.money(sum_, found.worth.currency) for sum_ in (one.revenue, one.paid)))
            for one in found.layers
        ],
        "is_cut": found.is_cut,
        "may_export": at_work(request).may("records.export"),
        "done": _done(),
        **_branches(slug, user_id, 0, 0),
    }
    return render(
        request,
        "console/customers/chain.html",
        context,
        title=_("Chain of {person}").format(person=context["who"]),
        crumbs=(Crumb(_("Chains"), reverse("admin:chains")),),
    )


@never_cache
@require_GET
@page("records.export")
def chain_file(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """Everybody in the chain below one person as CSV; amounts in minor units."""
    _slugs, slug = _program(request, user_id)
    catch_up_if_near(CHUNK)
    if share_counted() < 1:
        messages.error(request, _half_a_file())
        return redirect(f"{reverse('admin:chain', args=[user_id])}?{urlencode({'program': slug})}")
    record(
        at_work(request).actor,
        "chain.exported",
        f"customer:{user_id}",
        now=clock.now(),
        after={"program": slug},
    )
    # One question gives them all, and its answer is open until its last row is read: while a slow
    # client takes the file, its connection could not write.
    file = TemporaryFile()  # noqa: SIM115  (the response closes it)
    for lines in _member_lines(slug, user_id):
        file.write(lines.encode())
    file.seek(0)
    return _Download(
        file,
        as_attachment=True,
        filename=f"chain-{slug}.csv",
        content_type="text/csv; charset=utf-8",
    )


@never_cache
@require_GET
@page("referrals.read")
def all_chains(request: HttpRequest) -> HttpResponseBase:
    """The greatest chains of a program, how deep chains are, what each level brought in."""
    slugs = [one.slug for one in programs() if currency_of(one.slug)]
    slug = request.GET.get("program", "")
    slug = slug if slug in slugs else _busiest(slugs)
    by = request.GET.get("by", "")
    by = by if by in ORDERS else "members"
    counted = catch_up_if_near()
    context: dict[str, Any] = {"programs": slugs, "program": slug, "by": by, "orders": ORDERS}
    context |= {"counted": counted, "may_export": at_work(request).may("records.export")}
    context["done"] = _done()
    if slug:
        currency, digits = currency_of(slug), minor_digits(currency_of(slug))
        after = _behind(request)
        found = greatest(slug, by=by, after=after, limit=LISTED + 1)
        shown = found[:LISTED]
        known = people(one.top for one in shown)
        context |= {
            "chains": [(known[one.top], _told(one)) for one in shown],
            "is_later_page": after is not None,
            "next": _further(slug, by, shown[-1]) if len(found) > LISTED else "",
            "fission": fission(slug),
            "depths": depths(slug),
            "levels": [
                (one, saying.money(one.revenue, currency), one.revenue / 10**digits)
                for one in by_level(slug)
            ],
        }
    return render(request, "console/customers/chains.html", context, title=_("Chains"))


@never_cache
@require_GET
@page("records.export")
def chains_file(request: HttpRequest) -> HttpResponseBase:
    """Every chain of a program as CSV; amounts in minor units."""
    slug = request.GET.get("program", "")
    if not currency_of(slug):
        raise Http404
    catch_up_if_near(CHUNK)
    if share_counted() < 1:
        messages.error(request, _half_a_file())
        return redirect(f"{reverse('admin:chains')}?{urlencode({'program': slug})}")
    record(
        at_work(request).actor,
        "chains.exported",
        f"program:{slug}",
        now=clock.now(),
        after={"chains": fission(slug).chains},
    )
    response = StreamingHttpResponse(_chain_lines(slug), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="chains-{slug}.csv"'
    return response


def _done() -> int:
    """Percent of the log that chains count."""
    return math.floor(share_counted() * 100)


def _half_a_file() -> str:
    """A file says nowhere that it lacks something, and is read when nobody sees the page."""
    return _(
        "{done} % of the log is counted, so the file would lack chains and amounts. Take it when "
        "all is counted; look again in some minutes."
    ).format(done=_done())


def _program(request: HttpRequest, user_id: str) -> tuple[list[str], str]:
    """The programs in which somebody is in a chain, and the one that is asked for or the first."""
    slugs = chains.programs_of(user_id)
    if not slugs:
        raise Http404
    slug = request.GET.get("program", "")
    return slugs, slug if slug in slugs else slugs[0]


def _behind(request: HttpRequest) -> tuple[int, str] | None:
    """The chain behind which the list goes on: the number it is sorted by, and its top."""
    number, _comma, top = request.GET.get("after", "").partition(",")
    is_place = _NUMBER.fullmatch(number) and "\x00" not in top
    return (int(number), top) if is_place else None


def _further(slug: str, by: str, last: Worth) -> str:
    """The question for the page behind this chain."""
    return urlencode({"program": slug, "by": by, "after": f"{getattr(last, by)},{last.top}"})


def _chain_lines(slug: str) -> Iterator[str]:
    """The file's lines, a piece of the list at a time."""
    names = ("top", "members", "depth", "width", "currency", "revenue", "paid")
    yield _lines([names])
    for piece in every(slug):
        yield _lines([getattr(one, name) for name in names] for one in piece)


def _member_lines(slug: str, user_id: str) -> Iterator[str]:
    """The file's lines, a piece of the chain at a time."""
    names = ("level", "advocate", "friend", "joined_at", "currency", "revenue", "paid")
    yield _lines([names])
    currency = currency_of(slug)
    for piece in members(slug, user_id):
        told = [
            row | {"currency": currency, "joined_at": row["joined_at"].isoformat()}
            for row in piece.iter_rows(named=True)
        ]
        yield _lines([row[name] for name in names] for row in told)


def _lines(rows: Iterable[Iterable[object]]) -> str:
    lines = StringIO()
    csv.writer(lines).writerows(
        [harmless(one) if isinstance(one, str) else one for one in cells] for cells in rows
    )
    return lines.getvalue()


def _busiest(slugs: list[str]) -> str:
    """The program with the most referrals; the first where none has any."""
    found = members_of()
    return max(slugs, key=lambda slug: found.get(slug, 0), default="")


def _branches(slug: str, user_id: str, since: int, after: int) -> dict[str, Any]:
    found = chains.below(slug, user_id, since=since, after=after, limit=SHOWN + 1)
    shown = found[:SHOWN]
    known = people(one.friend for one in shown)
    return {
        "nodes": [Node(known[one.friend], one, saying.moment(one.started_at)) for one in shown],
        "of": user_id,
        "of_url": reverse("admin:chain", args=[user_id]),
        "program": slug,
        "since": since,
        "next": shown[-1].position if len(found) > SHOWN else None,
    }


def _told(one: Worth) -> dict[str, Any]:
    return {
        "row": one,
        "revenue": saying.money(one.revenue, one.currency),
        "paid": saying.money(one.paid, one.currency),
        "times": f"{one.revenue / one.paid:.1f}" if one.paid else "",
    }


def _number(request: HttpRequest, name: str) -> int:
    return number_of(request.GET.get(name)) or 0
