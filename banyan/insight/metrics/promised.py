"""promised: what figures ask of the published versions: when they ran, what they split people by.

A version counts for events behind its place in the log alone, as it does for the worker, so that
figures made again later are those that were made live.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import polars as pl

from banyan.core.programs.read import VersionRow
from banyan.engine.language.book import Book, Terms
from banyan.engine.language.explain.quantity import MONEY
from banyan.engine.stages.conditions import variant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Promised:
    """Published versions as (slug, the log's last position before it, its terms)."""

    versions: tuple[tuple[str, int, Terms], ...]
    plain: frozenset[str]
    """Programs without friends and with a single version: it needs no looking up."""

    def version(self, *, program: str, position: str, at: str) -> pl.Expr:
        """The version in force: of several the highest; 0 where none was."""
        found = pl.lit(0, pl.Int64)
        for slug, behind, terms in self.versions:
            inside = (pl.col(program) == slug) & (pl.col(position) > behind)
            if terms.runs_from is not None:
                inside = inside & (pl.col(at) >= _moment(terms.runs_from))
            if terms.runs_until is not None:
                inside = inside & (pl.col(at) < _moment(terms.runs_until))
            found = pl.when(inside).then(pl.lit(terms.version, pl.Int64)).otherwise(found)
        return found

    def only_version(self, program: str) -> pl.Expr:
        """The version of a plain program; 0 for any other."""
        found = pl.lit(0, pl.Int64)
        for slug, _, terms in self.versions:
            if slug in self.plain:
                found = pl.when(pl.col(program) == slug).then(terms.version).otherwise(found)
        return found

    def currency(self, *, program: str, version: str) -> pl.Expr:
        """The currency of a version's program; empty for an unknown one."""
        found = pl.lit("")
        for slug, _, terms in self.versions:
            here = (pl.col(program) == slug) & (pl.col(version) == terms.version)
            found = pl.when(here).then(pl.lit(terms.currency)).otherwise(found)
        return found

    @cached_property
    def currencies(self) -> dict[str, str]:
        """Of each program that of its newest version."""
        return {slug: terms.currency for slug, _, terms in self.versions}

    @cached_property
    def money(self) -> pl.DataFrame:
        """The units in which programs give money in those currencies: (program, unit)."""
        rows = [
            (slug, f"{give} {currency}")
            for slug, currency in self.currencies.items()
            for give in MONEY
        ]
        return pl.DataFrame(rows, schema={"program": pl.String, "unit": pl.String}, orient="row")

    def variants(self, rows: pl.DataFrame) -> pl.Series:
        """Of each row (program, version, advocate, friend) its variants: `rate=a; text=b`.

        Where there is no friend yet, experiments that split friends are left out.
        """
        trials = {(slug, terms.version): terms for slug, _, terms in self.versions if terms.trials}
        if not trials:
            return pl.repeat("", rows.height, dtype=pl.String, eager=True)
        asked = rows.select("program", "version", "advocate", "friend").rows()
        known = {
            row: "; ".join(_told(row[0], trials[row[:2]], row[2], row[3]))
            for row in set(asked)
            if row[:2] in trials
        }
        return pl.Series([known.get(row, "") for row in asked], dtype=pl.String)


def promised(book: Book, rows: Sequence[VersionRow]) -> Promised:
    """Of a book and the versions it was made of."""
    behind = {(row.program, row.number): row.position or 0 for row in rows}
    versions = tuple(
        (line.slug, behind[line.slug, terms.version], terms)
        for line in book.lines
        for terms in line.terms
    )
    plain = frozenset(line.slug for line in book.lines if line.is_self and len(line.terms) == 1)
    return Promised(versions, plain)


def _told(program: str, terms: Terms, advocate: str, friend: str | None) -> Iterator[str]:
    for name, trial in terms.trials.items():
        person = advocate if trial.by == "advocate" else friend
        if person:
            yield f"{name}={variant(program, name, person, trial.shares)}"


def _moment(us: int) -> pl.Expr:
    return pl.lit(_EPOCH + timedelta(microseconds=us)).cast(pl.Datetime("us", "UTC"))
