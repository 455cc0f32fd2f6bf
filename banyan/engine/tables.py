"""tables: what a step decided, as the six published tables."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import polars as pl

from banyan.engine.language.book import KINDS, Book
from banyan.engine.order import joined
from banyan.engine.stages.attribute import Attribution
from banyan.engine.stages.read import SENTENCES
from banyan.engine.stages.settle import Settlement
from banyan.engine.state import State

WHEN = pl.Datetime("us", "UTC")

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "referrals": {
        "program": pl.String,
        "version": pl.Int64,
        "advocate": pl.String,
        "friend": pl.String,
        "kind": pl.String,
        "channel": pl.String,
        "script": pl.String,
        "touch_position": pl.Int64,
        "touched_at": WHEN,
        "join_position": pl.Int64,
        "started_at": WHEN,
    },
    "touches_lost": {
        "program": pl.String,
        "advocate": pl.String,
        "visitor": pl.String,
        "kind": pl.String,
        "touch_position": pl.Int64,
        "touched_at": WHEN,
        "join_position": pl.Int64,
        "reason": pl.String,
    },
    "decisions": {
        "decision_id": pl.String,
        "program": pl.String,
        "version": pl.Int64,
        "reward": pl.String,
        "to": pl.String,
        "beneficiary": pl.String,
        "advocate": pl.String,
        "friend": pl.String,
        "milestone": pl.String,
        "ordinal": pl.Int64,
        "position": pl.Int64,
        "occurred_at": WHEN,
        "unit": pl.String,
        "raw_amount": pl.Int64,
        "amount": pl.Int64,
        "outcome": pl.String,
        "reason": pl.String,
        "available_at": WHEN,
        "expires_at": WHEN,
    },
    "reversals": {
        "decision_id": pl.String,
        "position": pl.Int64,
        "occurred_at": WHEN,
        "amount": pl.Int64,
    },
    "postings": {
        "transfer_id": pl.String,
        "position": pl.Int64,
        "occurred_at": WHEN,
        "account": pl.String,
        "unit": pl.String,
        "amount": pl.Int64,
    },
    "rejects": {
        "position": pl.Int64,
        "message_id": pl.String,
        "code": pl.String,
        "sentence": pl.String,
    },
}
"""Names, columns and their order; amounts are minor units or counts."""

Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]


def outcomes(
    book: Book,
    state: State,
    referrals: pl.DataFrame,
    attribution: Attribution,
    settlement: Settlement,
    postings: pl.DataFrame,
    rejects: pl.DataFrame,
) -> Tables:
    """A step's results under their published names and in their published order."""
    return (
        _referrals(book, referrals),
        _lost(book, attribution.lost),
        _decisions(book, settlement.decisions),
        _reversals(state, settlement.reversals),
        blank("postings") if postings.is_empty() else _with_times(postings, "occurred_at"),
        _rejects(rejects, attribution.unknown),
    )


_BLANKS = {name: pl.DataFrame(schema=dict(schema)) for name, schema in SCHEMAS.items()}


def blank(name: str) -> pl.DataFrame:
    """An empty published table."""
    return _BLANKS[name].clear()


def _with_times(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Rows whose columns of microseconds are times."""
    return rows.with_columns(rows[column].cast(WHEN) for column in columns)


def _slugs(book: Book) -> pl.Series:
    return pl.Series([line.slug for line in book.lines], dtype=pl.String)


def _referrals(book: Book, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return blank("referrals")
    kinds = pl.Series(KINDS, dtype=pl.String)
    return rows.with_columns(
        program=_slugs(book).gather(rows["line"]),
        version=_versions(book, rows),
        kind=kinds.gather(rows["kind"]),
        touched_at=pl.col("touch_at").cast(WHEN),
        started_at=pl.col("started_at").cast(WHEN),
    )[list(SCHEMAS["referrals"])]


def _versions(book: Book, rows: pl.DataFrame) -> pl.Series:
    """The number of the version each row (`line`, `terms`) stands under."""
    versions = [terms.version for line in book.lines for terms in line.terms]
    firsts = accumulate((len(line.terms) for line in book.lines[:-1]), initial=0)
    first = pl.Series(list(firsts), dtype=pl.Int64).gather(rows["line"])
    return pl.Series(versions, dtype=pl.Int64).gather(first + rows["terms"])


def _lost(book: Book, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return blank("touches_lost")
    rows = rows.sort("met_position", "line", "touch_position")
    kinds = pl.Series(KINDS, dtype=pl.String)
    return rows.with_columns(
        program=_slugs(book).gather(rows["line"]),
        kind=kinds.gather(rows["kind"]),
        touched_at=pl.col("touch_at").cast(WHEN),
        join_position="met_position",
    )[list(SCHEMAS["touches_lost"])]


def _decisions(book: Book, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return blank("decisions")
    named = pl.DataFrame(
        {
            "program": [ln.slug for ln, _, _ in book.payouts],
            "version": [t.version for _, t, _ in book.payouts],
            "reward": [p.name for _, _, p in book.payouts],
            "to": [p.to for _, _, p in book.payouts],
            "milestone": [p.on for _, _, p in book.payouts],
        }
    )
    rows = rows.rename({"nth": "ordinal", "at": "occurred_at", "raw": "raw_amount"})
    rows = rows.hstack(named[rows["payout"]])[list(SCHEMAS["decisions"])]
    return _with_times(rows, "occurred_at", "available_at", "expires_at")


def _reversals(state: State, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return blank("reversals")
    grants = state.of("grants", rows, "grant")[
        ["grant", "decision_id", "line", "place", "position"]
    ]
    rows = joined(rows, grants.rename({"position": "_decided"}), "grant")
    rows = rows.sort("position", "_decided", "line", "place", maintain_order=True)
    return _with_times(rows[list(SCHEMAS["reversals"])], "occurred_at")


def _rejects(faults: pl.DataFrame, unknown: pl.DataFrame) -> pl.DataFrame:
    rows = pl.concat([faults, unknown]) if not unknown.is_empty() else faults
    if rows.is_empty():
        return blank("rejects")
    sentences = pl.Series("sentence", [SENTENCES[code] for code in rows["code"]], dtype=pl.String)
    return rows.hstack([sentences]).sort("position")[list(SCHEMAS["rejects"])]
