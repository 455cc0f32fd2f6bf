"""happened: a customer's referrals, up and down, their links, and everything they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render as part
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.core.people.names import speaker
from banyan.core.programs.force import running
from banyan.core.programs.read import LinkRow, links_of
from banyan.core.referrals.friends import details, friends
from banyan.core.referrals.read import ReferralRow
from banyan.core.referrals.read import referrals as read_referrals
from banyan.doors.console.customers import saying
from banyan.doors.console.customers.subject import Subject
from banyan.doors.console.customers.who import Who, people
from banyan.doors.console.page import page
from banyan.doors.console.staff import at_work
from banyan.engine.language.explain.condition import expressions
from banyan.pipeline import wait
from banyan.pipeline.asking import may_refer
from banyan.trust.audit.acts import record

PAGE = 25
_AT_ONCE = 400
_LOOKED_THROUGH = 10_000
"""So many events are looked through for those of one name."""
_TOLD = (
    "order_id",
    "total",
    "currency",
    "coupon",
    "code",
    "referral_code",
    "program",
    "channel",
    "script",
    "purpose",
    "decision_id",
    "unit",
    "amount",
    "reference",
    "score",
)
"""Properties that hold nothing personal; the rest is shown only to who may see it."""


@dataclass(frozen=True)
class Referred:
    """A referral in a list: who stands on its other side."""

    row: ReferralRow
    other: Who
    stage: str
    is_lost: bool
    joined: str
    touch: str


@dataclass(frozen=True)
class Happened:
    """An event in the timeline."""

    position: int
    name: str
    at: str
    source: str
    told: list[tuple[str, str]]


def referrals(subject: Subject) -> dict[str, Any]:
    """Who brought them, whom they brought, and by which links."""
    offset = subject.number("after") or 0
    found = friends(subject.ids, offset=offset, limit=PAGE + 1)
    down = details(found[:PAGE])
    up = [row for user_id in subject.ids for row in read_referrals(friend=user_id)]
    known = people([*(row.friend for row in down), *(row.advocate for row in up)])
    return {
        "down": [_referred(row, known[row.friend]) for row in down],
        "next": offset + PAGE if len(found) > PAGE else None,
        "up": [_referred(row, known[row.advocate]) for row in up],
        "links": [_link(row) for user_id in subject.ids for row in links_of(user_id)],
        "may_refer": _may_refer(subject),
    }


def events(subject: Subject) -> dict[str, Any]:
    """Everything they did, the newest first; one kind alone when it is asked for."""
    name = subject.asked.get("name", "")
    rows, following = _timeline(subject, name)
    names = pl.concat(
        [log.timeline(user_id, limit=_AT_ONCE).select(_named()) for user_id in subject.ids]
    )
    return {
        "events": [_happened(row) for row in rows.iter_rows(named=True)],
        "before": following,
        "name": name,
        "names": sorted(names["called"].unique()),
    }


@never_cache
@page("customers.contacts")
@require_POST
def raw(request: HttpRequest, position: int) -> HttpResponseBase:
    """The whole event as it stands in the log; that it was looked at is written down."""
    rows = log.at(position)
    if rows.is_empty() or not rows["user_id"][0]:
        raise Http404
    record(
        at_work(request).actor,
        "customer.seen",
        f"customer:{speaker(rows['user_id'][0])}",
        now=clock.now(),
        after={"shown": ["event"], "position": position},
    )
    body = msgspec.json.format(rows["body"][0].encode(), indent=2).decode()
    return part(request, "console/customers/raw.html", {"body": body})


def _referred(row: ReferralRow, other: Who) -> Referred:
    return Referred(
        row,
        other,
        saying.stage(row.stage),
        row.stage == "lost",
        saying.moment(row.started_at),
        " · ".join(filter(None, (saying.touch(row.kind), row.channel, row.script))),
    )


def _link(row: LinkRow) -> dict[str, Any]:
    return {"row": row, "made": saying.moment(row.created_at)}


def _may_refer(subject: Subject) -> list[tuple[str, bool, str]]:
    """The programs that run, whether this customer may recommend in them now, and what they ask of
    those who do."""
    if not wait.cursor_position():
        return []  # nothing was decided here yet, so nobody can be judged
    told = []
    for slug, one in sorted(running(subject.now).items()):
        if not one.is_open or one.terms.attribution is None:
            continue
        asked = expressions(saying.voice(), one.terms, "advocates")
        told.append(
            (
                slug,
                may_refer(subject.user_id, slug, one.terms.version, now=subject.now),
                asked.condition(one.terms.advocates.where),
            )
        )
    return told


def _timeline(subject: Subject, name: str) -> tuple[pl.DataFrame, int | None]:
    """A page of events, and the position to go on from."""
    before, looked_through = subject.number("before"), 0
    found: list[pl.DataFrame] = []
    while sum(piece.height for piece in found) <= PAGE and looked_through < _LOOKED_THROUGH:
        piece = _piece(subject.ids, before)
        looked_through += piece.height
        if piece.is_empty():
            break
        before = int(piece["position"][-1])
        found.append(piece.filter(pl.col("called") == name) if name else piece)
    if not found:
        return pl.DataFrame(), None
    whole = pl.concat(found)
    if whole.height > PAGE:
        return whole.head(PAGE), int(whole["position"][PAGE - 1])
    # What was looked through may be followed by more of the name that is asked for.
    return whole, before if looked_through >= _LOOKED_THROUGH else None


def _piece(ids: tuple[str, ...], before: int | None) -> pl.DataFrame:
    """The latest events of all these ids below a position; no id's are cut where another's go
    on."""
    pieces = [log.timeline(user_id, before=before, limit=_AT_ONCE) for user_id in ids]
    full = [piece["position"][-1] for piece in pieces if piece.height == _AT_ONCE]
    rows = pl.concat(pieces).sort("position", descending=True)
    rows = rows.filter(pl.col("position") >= max(full, default=0))
    return rows.with_columns(_named())


def _named() -> pl.Expr:
    """A track event by its name, any other by its type."""
    return pl.when(pl.col("name") != "").then("name").otherwise("kind").alias("called")


def _happened(row: Mapping[str, Any]) -> Happened:
    properties = msgspec.json.decode(row["body"]).get("properties")
    said = properties if isinstance(properties, dict) else {}
    return Happened(
        row["position"],
        row["called"],
        saying.moment(row["occurred_at"]),
        row["source"],
        [(name, str(said[name])) for name in _TOLD if said.get(name) not in (None, "")],
    )
