"""acts: segments are made, changed, looked at anew and removed.

Each act is one transaction. The doors write it down in the audit: insight knows no trust.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from django.utils.translation import gettext as _

from banyan.insight.segments import rules as asked
from banyan.insight.segments.members import matching
from banyan.insight.segments.models import Member, Segment
from banyan.insight.segments.purchases import catch_up
from banyan.insight.segments.read import SegmentRow, segment
from banyan.insight.segments.rules import Rules
from banyan.kernel.database import among, one_transaction, write
from banyan.kernel.errors import Problem

SAMPLE = 20
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_LONGEST_NAME = 80


class BadSegment(Problem):
    """A name or slug that no segment can have."""


class NoSuchSegment(Problem):
    """A segment that is not there."""

    status = 404

    def __init__(self, slug: str) -> None:
        super().__init__(
            _("There is no segment “{slug}”; it may have been removed.").format(slug=slug)
        )


@dataclass(frozen=True)
class Tried:
    """What some rules give now: how many customers, and the first of them."""

    count: int
    sample: tuple[str, ...]


def tried(rules: Rules, *, now: datetime) -> Tried:
    """How many customers fulfil the rules, without keeping anything. Raises BadRules."""
    found = matching(asked.checked(rules), now=now)
    return Tried(len(found), tuple(found.head(SAMPLE)))


def make(actor: str, slug: str, *, name: str, rules: Rules, now: datetime) -> SegmentRow:
    """A new segment with its members. Raises BadSegment, BadRules."""
    if not _SLUG.fullmatch(slug):
        raise BadSegment(
            _("Short name: lower-case letters, digits and -, at most 64, such as loyal-buyers.")
        )
    whole, named = asked.checked(rules), _name(name)
    position = catch_up()
    with one_transaction():
        if Segment.objects.filter(slug=slug).exists():
            raise BadSegment(
                _("Short name: “{slug}” is a segment already; choose another.").format(slug=slug)
            )
        row = Segment.objects.create(
            slug=slug,
            name=named,
            rules=asked.written(whole),
            made_by=actor,
            made_at=now,
            changed_by=actor,
            changed_at=now,
        )
        _fill(row, position, now=now)
    return _found(slug)


def change(actor: str, slug: str, *, name: str, rules: Rules, now: datetime) -> SegmentRow:
    """Another name or other rules, and the members anew.

    Raises NoSuchSegment, BadSegment, BadRules.
    """
    whole, named = asked.checked(rules), _name(name)
    position = catch_up()
    with one_transaction():
        row = _locked(slug)
        row.name, row.rules = named, asked.written(whole)
        row.changed_by, row.changed_at = actor, now
        row.save()
        _fill(row, position, now=now)
    return _found(slug)


def refresh(slug: str, *, now: datetime) -> SegmentRow:
    """Look anew who is in it. Raises NoSuchSegment."""
    position = catch_up()
    with one_transaction():
        _fill(_locked(slug), position, now=now)
    return _found(slug)


def refresh_all(*, now: datetime) -> int:
    """Look anew at every segment; how many there are. For the work that is due by the clock."""
    catch_up()
    slugs = list(Segment.objects.order_by("slug").values_list("slug", flat=True))
    for slug in slugs:
        refresh(slug, now=now)
    return len(slugs)


def remove(slug: str) -> None:
    """Away with it. Raises NoSuchSegment."""
    with one_transaction():
        _locked(slug).delete()


def _fill(row: Segment, position: int, *, now: datetime) -> None:
    """The members as they are now, with the log taken in at least up to `position`; only those who
    come and go are written. To take it in holds rows that others wait for, and may last: it comes
    before the transaction."""
    wanted = matching(asked.read(row.rules), now=now)
    old = Member.objects.filter(segment=row).values_list("customer", flat=True)
    there = pl.Series(list(old), dtype=pl.String)
    gone = there.filter(~there.is_in(wanted.implode()))
    if len(gone):
        where, parameters = among("customer", gone.to_list())
        Member.objects.filter(segment=row).extra(where=[where], params=parameters).delete()
    new = wanted.filter(~wanted.is_in(there.implode()))
    write("segments_member", new.to_frame("customer").with_columns(segment_id=pl.lit(row.pk)))
    row.refreshed_at, row.position, row.count = now, position, len(wanted)
    row.save()


def _locked(slug: str) -> Segment:
    row = Segment.objects.select_for_update().filter(slug=slug).first()
    if row is None:
        raise NoSuchSegment(slug)
    return row


def _found(slug: str) -> SegmentRow:
    row = segment(slug)
    assert row is not None
    return row


def _name(name: str) -> str:
    told = " ".join(name.split())
    if not 1 <= len(told) <= _LONGEST_NAME:
        raise BadSegment(
            _("Name: give one of at most {most} characters.").format(most=_LONGEST_NAME)
        )
    return told
