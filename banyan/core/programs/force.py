"""force: which version of a program counts at a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from banyan.core.programs.read import ProgramRow, VersionRow, programs, published, versions
from banyan.core.programs.read import program as one_program
from banyan.core.programs.read import published_program as terms_of
from banyan.engine.language.program import Program

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True)
class Running:
    """A program as it stands at a moment.

    `version` is the one in force, or, where none is, the highest published one; `is_in_force` says
    which. `terms` are what it says, `versions` all that were published, the newest first.
    """

    program: ProgramRow
    version: VersionRow
    terms: Program
    is_in_force: bool
    versions: tuple[VersionRow, ...]

    @property
    def is_open(self) -> bool:
        """Whether somebody new may take part."""
        return self.is_in_force and self.program.status == "live"


def running(now: datetime) -> dict[str, Running]:
    """Every program that was ever published, by slug, as it stands at `now`."""
    by_slug: dict[str, list[VersionRow]] = {}
    for row in published():
        by_slug.setdefault(row.program, []).append(row)
    return {
        one.slug: _running(one, by_slug[one.slug], now)
        for one in programs(limit=10_000)
        if one.slug in by_slug
    }


def running_one(slug: str, now: datetime) -> Running | None:
    """One program as it stands at `now`; None when nothing of it was ever published."""
    row = one_program(slug)
    rows = [one for one in versions(slug) if one.status == "published"]
    return _running(row, rows, now) if row and rows else None


def _running(program: ProgramRow, rows: Iterable[VersionRow], now: datetime) -> Running:
    newest_first = sorted(rows, key=lambda row: -row.number)
    known = [(row, terms_of(row.program, row.number)) for row in newest_first]
    counting = [pair for pair in known if _holds(pair[1], now)]
    version, terms = (counting or known)[0]
    return Running(program, version, terms, bool(counting), tuple(newest_first))


def _holds(terms: Program, now: datetime) -> bool:
    """Its run is half-open."""
    first, last = terms.runs_us
    at = (now - _EPOCH) // _US
    return (first is None or first <= at) and (last is None or at < last)
