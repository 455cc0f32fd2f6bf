"""announced: versions that are published for a later start, and how one is withdrawn.

What is published never changes, and the highest version in force counts. So whatever is published
with a higher number and an earlier start takes the place of an announced one for good: by that an
announcement is withdrawn, on purpose, and nobody shall do it without noticing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from banyan.core.programs.acts import save_draft
from banyan.core.programs.editing import put
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


class NotAnnounced(Problem):
    """A version that does not wait for its start."""


def announced(slug: str, now: datetime) -> list[tuple[VersionRow, datetime]]:
    """What is published and will come into force after `now`, with its start, the first first."""
    return _coming([row for row in versions(slug) if row.status in _PUBLIC], now)


def displaced(
    row: VersionRow, terms: Program, begins: datetime
) -> list[tuple[VersionRow, datetime]]:
    """The announced versions that never come into force if `row`, which says `terms`, is published
    from `begins` on."""
    lower = [one for one in versions(row.program) if one.number < row.number]
    public = [one for one in lower if one.status in _PUBLIC]
    mine = begins, _run(terms)[1]
    return [(other, start) for other, start in _coming(public, begins) if _holds(mine, start)]


def replaced(rows: Sequence[VersionRow]) -> dict[int, int]:
    """Of a program's versions those that were announced and never came, or will come, into force:
    by their numbers, which one took their place."""
    runs = {row.number: _run(row.terms) for row in rows if row.status in _PUBLIC}
    found = {}
    for row in rows:
        if row.number in runs and row.published_at is not None:
            start = runs[row.number][0]
            holding = max(number for number, run in runs.items() if _holds(run, start))
            if start > row.published_at and holding != row.number:
                found[row.number] = holding
    return found


def withdraw(actor: str, slug: str, number: int, *, now: datetime) -> VersionRow:
    """The running text as the next version, as a draft: published before the announced one begins,
    it takes its place. Asked for again, that draft is given. Raises NotAnnounced.
    """
    if number not in [row.number for row, _start in announced(slug, now)]:
        raise NotAnnounced(_("This version does not wait for its start, so it stays."))
    base = running_one(slug, now)
    if base is None or not base.is_in_force:
        raise NotAnnounced(
            _("No other version is in force that could go on instead; close the program.")
        )
    newest = versions(slug)[0]
    if newest.status == "draft" and newest.source == _again(base.version, newest.number):
        return newest
    following = newest.number + 1
    text = _again(base.version, following)
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


def _coming(rows: list[VersionRow], now: datetime) -> list[tuple[VersionRow, datetime]]:
    runs = {row.number: _run(row.terms) for row in rows}
    found = []
    for row in rows:
        start = runs[row.number][0]
        if start > now and row.number == max(n for n, run in runs.items() if _holds(run, start)):
            found.append((row, start))
    return sorted(found, key=lambda one: one[1])


def _again(base: VersionRow, number: int) -> str:
    return put(base.source, ("version",), Written(str(number), "number"))


def _run(terms: Program) -> tuple[datetime, datetime]:
    """From when until before when a version counts."""
    first, last = terms.runs_us
    return (
        _FIRST if first is None else _EPOCH + timedelta(microseconds=first),
        _LAST if last is None else _EPOCH + timedelta(microseconds=last),
    )


def _holds(run: tuple[datetime, datetime], at: datetime) -> bool:
    return run[0] <= at < run[1]
