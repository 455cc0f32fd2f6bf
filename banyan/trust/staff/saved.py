"""saved: lists with filters and order that somebody keeps under a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from banyan.kernel.errors import Problem
from banyan.trust.staff.models import SavedView

LONGEST_NAME = 60
LONGEST_QUERY = 2_000
MOST = 50


class BadView(Problem):
    """A view that cannot be kept like this, or is not there."""


@dataclass(frozen=True)
class View:
    """One of them. `is_mine`: of whoever asked."""

    number: int
    name: str
    query: str
    is_shared: bool
    is_mine: bool


def views(user_id: int, records: str) -> list[View]:
    """A member's own views of a list and those that others share, by name."""
    rows = SavedView.objects.filter(Q(owner=user_id) | Q(is_shared=True), records=records)
    return [
        View(row.pk, row.name, row.query, row.is_shared, row.owner_id == user_id)
        for row in rows.order_by("name", "pk")
    ]


def keep(
    user_id: int, records: str, *, name: str, query: str, is_shared: bool, now: datetime
) -> None:
    """Keep a view, over the one of that name. Raises BadView."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadView(f"name: expected 1 to {LONGEST_NAME} characters, found {len(name)}")
    if len(query) > LONGEST_QUERY:
        raise BadView("filters: these are too many to be kept; take some away")
    others = SavedView.objects.filter(owner=user_id, records=records).exclude(name=name)
    if others.count() >= MOST:
        raise BadView(f"name: you keep {MOST} views of this list already; remove one first")
    SavedView.objects.update_or_create(
        owner_id=user_id,
        records=records,
        name=name,
        defaults={"query": query, "is_shared": is_shared, "saved_at": now},
    )


def remove(user_id: int, number: int) -> None:
    """Remove one of one's own. Raises BadView."""
    deleted, _rows = SavedView.objects.filter(pk=number, owner=user_id).delete()
    if not deleted:
        raise BadView("view: it is gone, or somebody else's")
