"""circle: the advocates who are closest, chosen by people from a list that the figures propose.

Who belongs is not computed: the list says who buys much and brings friends who buy; how near
somebody is to us and how well they speak for us, a person has to judge.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from django.utils.translation import gettext as _

from banyan.core.people.names import speaker
from banyan.core.people.read import erased_at
from banyan.insight.segments import sources
from banyan.insight.segments.members import spending
from banyan.insight.segments.models import Chosen
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal, unseal

ACTIVE_DAYS = 180
MARKS = (1, 2, 3, 4, 5)
_LONGEST_NOTE = 2_000


class BadChoice(Problem):
    """A choice that lacks something, or of somebody who cannot be chosen."""


@dataclass(frozen=True)
class Proposal:
    """Somebody the figures speak for. `spent`: minor units of the house currency."""

    customer: str
    orders: int
    spent: int
    last_order_at: datetime
    friends: int
    buyers: int


@dataclass(frozen=True)
class ChosenRow:
    """A stay in the circle; `left_at` is None while it lasts. The note is empty once the customer
    was erased."""

    number: int
    customer: str
    relation: int
    fit: int
    note: str
    chosen_at: datetime
    chosen_by: str
    left_at: datetime | None
    left_by: str


def proposed(*, now: datetime, limit: int = 30) -> list[Proposal]:
    """The shortlist: who bought in the last half year and brought a friend who bought, those who
    brought most first, then those who spent most; without those who are in the circle."""
    people = sources.people().select("customer", "speaker")
    rows = spending()
    for name, counted in (("friends", sources.friends("")), ("buyers", sources.buyers(""))):
        of_person = (
            counted.join(people, on="customer")
            .group_by("speaker")
            .agg(pl.col("n").sum().alias(name))
            .rename({"speaker": "customer"})
        )
        rows = rows.join(of_person, on="customer", how="left")
    inside = Chosen.objects.filter(left_at=None).values_list("customer", flat=True)
    found = (
        rows.filter(
            (pl.col("last_at") >= now - timedelta(days=ACTIVE_DAYS))
            & (pl.col("buyers").fill_null(0) > 0)
            & ~pl.col("customer").is_in(list(inside))
        )
        .sort(["buyers", "spent", "customer"], descending=[True, True, False])
        .head(limit)
        .select("customer", "orders", "spent", "last_at", "friends", "buyers")
    )
    return [Proposal(*row) for row in found.iter_rows()]


def circle() -> list[ChosenRow]:
    """Who is in it, the latest choice first."""
    rows = Chosen.objects.filter(left_at=None)
    return [_row(row) for row in rows.order_by("-chosen_at", "-pk")]


def history(user_ids: Collection[str]) -> list[ChosenRow]:
    """Every stay of somebody in the circle, the latest first."""
    rows = Chosen.objects.filter(customer__in=user_ids)
    return [_row(row) for row in rows.order_by("-chosen_at", "-pk")]


def choose(
    actor: str, user_id: str, *, relation: int, fit: int, note: str, now: datetime
) -> ChosenRow:
    """Take somebody in, or judge anew of who is in it: the former judgement is kept as history.

    Raises BadChoice.
    """
    if speaker(user_id) != user_id:
        raise BadChoice(
            _("{user_id} was merged into {other}; choose that one.").format(
                user_id=user_id, other=speaker(user_id)
            )
        )
    if erased_at(user_id) is not None:
        raise BadChoice(_("{user_id} was erased and cannot be chosen.").format(user_id=user_id))
    if relation not in MARKS or fit not in MARKS:
        raise BadChoice(_("Give relation and fit a mark from 1 to 5 each."))
    if not note.strip():
        raise BadChoice(_("Say in a sentence why; whoever comes after you will ask."))
    if len(note) > _LONGEST_NOTE:
        raise BadChoice(_("At most {most} characters, please.").format(most=_LONGEST_NOTE))
    with one_transaction():
        # Whoever judges at the same time waits here, and closes this judgement then.
        Chosen.objects.select_for_update().filter(customer=user_id, left_at=None).update(
            left_at=now, left_by=actor
        )
        row = Chosen.objects.create(
            customer=user_id,
            relation=relation,
            fit=fit,
            sealed=seal(note.strip().encode(), context=_context(user_id)),
            chosen_at=now,
            chosen_by=actor,
        )
    return _row(row)


def let_go(actor: str, user_id: str, *, now: datetime) -> None:
    """Somebody is no longer in it; that they were is kept. Raises BadChoice."""
    if not Chosen.objects.filter(customer=user_id, left_at=None).update(left_at=now, left_by=actor):
        raise BadChoice(_("{user_id} is not in the circle.").format(user_id=user_id))


def forget(user_ids: Collection[str], *, actor: str, now: datetime) -> None:
    """What was written about people who are erased: their notes go, and they leave. Part of an
    erasure, in its transaction."""
    rows = Chosen.objects.filter(customer__in=user_ids)
    rows.filter(left_at=None).update(left_at=now, left_by=actor)
    rows.update(sealed=None)


def _row(row: Chosen) -> ChosenRow:
    note = ""
    if row.sealed is not None:
        note = unseal(bytes(row.sealed), context=_context(row.customer)).decode()
    return ChosenRow(
        row.pk,
        row.customer,
        row.relation,
        row.fit,
        note,
        row.chosen_at,
        row.chosen_by,
        row.left_at,
        row.left_by,
    )


def _context(user_id: str) -> str:
    """What seals a note to whom it is about."""
    return f"circle:{user_id}"
