"""read: segments and who is in them, as of when they were last looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from banyan.core.people.names import ids_of, speaker
from banyan.insight.segments import rules, sources
from banyan.insight.segments.models import Member, Segment
from banyan.insight.segments.rules import Rules
from banyan.kernel.database import among, read


@dataclass(frozen=True)
class SegmentRow:
    """A segment; `count` and `position` (of the log) are as of `refreshed_at`."""

    slug: str
    name: str
    rules: Rules
    made_by: str
    made_at: datetime
    changed_by: str
    changed_at: datetime
    refreshed_at: datetime | None
    position: int
    count: int


def segments() -> list[SegmentRow]:
    """Every segment, by name."""
    return [_row(row) for row in Segment.objects.order_by("name", "slug")]


def segment(slug: str) -> SegmentRow | None:
    """One segment."""
    row = Segment.objects.filter(slug=slug).first()
    return _row(row) if row else None


def members(slug: str, *, after: str = "", limit: int | None = None) -> list[str]:
    """User ids of a segment's customers, in order; `after` is the one to go on from. Of merged ids
    the one that speaks for them. An unknown segment has none."""
    rows = Member.objects.filter(segment__slug=slug, customer__gt=after).order_by("customer")
    return list(rows.values_list("customer", flat=True)[:limit])


def ids_in(slugs: Sequence[str]) -> pl.DataFrame:
    """(segment, customer): every id of the members of these segments, merged ones with the one that
    speaks for them, as of when each was last looked at."""
    where, parameters = among("s.slug", slugs)
    rows = read(
        "SELECT s.slug, m.customer FROM segments_member m "
        f"JOIN segments_segment s ON s.id = m.segment_id WHERE {where}",
        parameters,
        {"segment": pl.String(), "speaker": pl.String()},
    )
    people = sources.people().select("customer", "speaker")
    return rows.join(people, on="speaker").select("segment", "customer")


def is_member(slug: str, user_id: str) -> bool:
    """Whether a customer was in the segment when it was last looked at."""
    return Member.objects.filter(segment__slug=slug, customer=speaker(user_id)).exists()


def segments_of(user_id: str) -> list[SegmentRow]:
    """The segments a customer is in, by name."""
    ids = Member.objects.filter(customer__in=ids_of(user_id)).values("segment")
    return [_row(row) for row in Segment.objects.filter(pk__in=ids).order_by("name", "slug")]


def known(slugs: Iterable[str]) -> frozenset[str]:
    """Of these slugs those that are segments."""
    found = Segment.objects.filter(slug__in=set(slugs)).values_list("slug", flat=True)
    return frozenset(found)


def _row(row: Segment) -> SegmentRow:
    return SegmentRow(
        slug=row.slug,
        name=row.name,
        rules=rules.read(row.rules),
        made_by=row.made_by,
        made_at=row.made_at,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        refreshed_at=row.refreshed_at,
        position=row.position,
        count=row.count,
    )
