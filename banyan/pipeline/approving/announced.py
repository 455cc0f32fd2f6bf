"""announced: versions that are published for a later start, and how one is withdrawn.

What is published never changes, and the highest version in force counts. So whatever is published
with a higher number and no later start takes the place of an announced one while it runs: by that
an announcement is withdrawn, on purpose, and nobody shall do it without noticing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from banyan.core.programs.acts import save_draft
from banyan.core.programs.editing import drop, put
from banyan.core.programs.force import running_one
from banyan.core.programs.read import VersionRow, versions
from banyan.engine.language.program import Program
from banyan.engine.language.source import Written
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

_PUBLIC = ("published", "ordered")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_Runs = Mapping[int, tuple[datetime, datetime]]
"""By a version's number from when until before when it may count."""


class NotAnnounced(Problem):
    """A version that does not wait for its start."""


@dataclass(frozen=True)
class Displaced:
    """An announced version whose place another would take; it was to come into force at `start`."""

    row: VersionRow
    start: datetime
    later: datetime | None
    """When it comes into force instead; None: never."""


@dataclass(frozen=True)
class Replaced:
    """Which version counts when an announced one was to begin, and when that begins instead."""

    by: int
    later: datetime | None
    """None: never."""


def announced(slug: str, now: datetime) -> list[tuple[VersionRow, datetime]]:
    """What is published and comes into force for the first time after `now`, with that moment, the
    first first."""
    rows = {row.number: row for row in versions(slug) if row.status in _PUBLIC}
    runs = _runs(rows.values())
    starts = [(row, _first(runs, row.number)) for row in rows.values()]
    coming = [(row, start) for row, start in starts if start is not None and start > now]
    return sorted(coming, key=lambda one: one[1])


def displaced(row: VersionRow, terms: Program, begins: datetime) -> list[Displaced]:
    """The announced versions that come into force later than they were to, or never, if `row` is
    published with these terms from `begins` on."""
    others = [
        one for one in versions(row.program) if one.status in _PUBLIC and one.number != row.number
    ]
    before = _runs(others)
    after = {**before, row.number: (begins, _run(terms)[1])}
    found = []
    for other in others:
        start, later = _first(before, other.number), _first(after, other.number)
        if start is not None and start >= begins and later != start:
            found.append(Displaced(other, start, later))
    return sorted(found, key=lambda one: one.start)


def replaced(rows: Sequence[VersionRow]) -> dict[int, Replaced]:
    """Of a program's versions those that were announced and did not, or will not, come into force
    when they were to, by their numbers."""
    runs = _runs([row for row in rows if row.status in _PUBLIC])
    found = {}
    for row in rows:
        if row.number in runs and row.published_at is not None:
            start, later = runs[row.number][0], _first(runs, row.number)
            holding = [number for number, run in runs.items() if run[0] <= start < run[1]]
            if start > row.published_at and later != start and holding:
                found[row.number] = Replaced(max(holding), later)
    return found


def withdraw(actor: str, slug: str, number: int, *, now: datetime) -> VersionRow:
    """The running text as the next version, as a draft: published before the announced one begins,
    it takes its place for as long as that would have run. Asked for again, that draft is given.

    Raises NotAnnounced.
    """
    other = next((row for row, _start in announced(slug, now) if row.number == number), None)
    if other is None:
        raise NotAnnounced(_("This version does not wait for its start, so it stays."))
    base = running_one(slug, now)
    if base is None or not base.is_in_force:
        raise NotAnnounced(
            _("No other version is in force that could go on instead; close the program.")
        )
    newest = versions(slug)[0]
    if newest.status == "draft" and newest.source == _instead(base.version, other, newest.number):
        return newest
    following = newest.number + 1
    text = _instead(base.version, other, following)
    with one_transaction():
        draft = save_draft(actor, text, now=now)
        record(
            actor,
            "program.withdrawal_drafted",
            f"program:{slug}",
            now=now,
            before={"version": number},
            after={"version": following, "as": base.version.number},
        )
    return draft


def _instead(base: VersionRow, other: VersionRow, number: int) -> str:
    """The text of `base` under that number. Where it ends before `other` would have ended, it goes
    on until then, or `other` would come into force after it all the same."""
    text = put(base.source, ("version",), Written(str(number), "number"))
    last = _run(other.terms)[1]
    if _run(base.terms)[1] >= last:
        return text
    if last == _LAST:
        return drop(text, ("runs", "until"))
    return put(text, ("runs", "until"), last.isoformat().replace("+00:00", "Z"))


def _first(runs: _Runs, number: int) -> datetime | None:
    """The first moment at which a version is the highest of those that run; None: there is none."""
    first, last = runs[number]
    for start, end in sorted(run for higher, run in runs.items() if higher > number):
        if start <= first < end:
            first = end
    return first if first < last else None


def _runs(rows: Iterable[VersionRow]) -> dict[int, tuple[datetime, datetime]]:
    return {row.number: _run(row.terms) for row in rows}


def _run(terms: Program) -> tuple[datetime, datetime]:
    """From when until before when a version may count."""
    first, last = terms.runs_us
    return (
        _FIRST if first is None else _EPOCH + timedelta(microseconds=first),
        _LAST if last is None else _EPOCH + timedelta(microseconds=last),
    )
