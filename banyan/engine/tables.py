"""tables: what a step decided, as the six published tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from banyan.engine.language.book import KINDS, Book
from banyan.engine.stages.attribute import Attribution
from banyan.engine.stages.read import SENTENCES
from banyan.engine.stages.settle import Settlement
from banyan.engine.state import State, of

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
        blank("postings") if postings.is_empty() else postings.with_columns(_when("occurred_at")),
        _rejects(rejects, attribution.unknown),
    )


def blank(name: str) -> pl.DataFrame:
    """An empty published table."""
    return pl.DataFrame(schema=dict(SCHEMAS[name]))


def _when(column: str) -> pl.Expr:
    return pl.col(column).cast(WHEN)


def _slugs(book: Book) -> pl.Series:
    return pl.Series([line.slug for line in book.lines], dtype=pl.String)


def _referrals(book: Book, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return blank("referrals")
    versions = {(ln.index, t.index): t.version for ln in book.lines for t in ln.terms}
    numbers = pl.DataFrame(
        [(line, terms, version) for (line, terms), version in versions.items()],
        schema={"line": pl.Int32, "terms": pl.Int32, "version": pl.Int64},
        orient="row",
    )
    rows = rows.join(numbers, on=["line", "terms"], how="left", maintain_order="left")
    kinds = pl.Series(KINDS, dtype=pl.String)
    return rows.with_columns(
        program=_slugs(book).gather(rows["line"]),
        kind=kinds.gather(rows["kind"]),
        touched_at=pl.col("touch_at").cast(WHEN),
        started_at=_when("started_at"),
    ).select(list(SCHEMAS["referrals"]))


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
    ).select(list(SCHEMAS["touches_lost"]))


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
    rows = rows.hstack(named.select(pl.all().gather(rows["payout"])))
    return rows.select(
        "decision_id",
        "program",
        "version",
        "reward",
        "to",
        "beneficiary",
        "advocate",
        "friend",
        "milestone",
        pl.col("nth").alias("ordinal"),
        "position",
        pl.col("at").cast(WHEN).alias("occurred_at"),
        "unit",
        pl.col("raw").alias("raw_amount"),
        "amount",
        "outcome",
        "reason",
        _when("available_at"),
        _when("expires_at"),
    )


def _reversals(state: State, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return blank("reversals")
    grants = of(state.grants, rows.select("grant").unique(), "grant").select(
        "grant", "decision_id", "line", "place", pl.col("position").alias("_decided")
    )
    rows = rows.join(grants, on="grant", how="left", maintain_order="left")
    rows = rows.sort("position", "_decided", "line", "place", maintain_order=True)
    return rows.with_columns(_when("occurred_at")).select(list(SCHEMAS["reversals"]))


def _rejects(faults: pl.DataFrame, unknown: pl.DataFrame) -> pl.DataFrame:
    rows = pl.concat([faults, unknown]) if not unknown.is_empty() else faults
    if rows.is_empty():
        return blank("rejects")
    sentence = rows["code"].replace_strict(SENTENCES)
    return rows.with_columns(sentence=sentence).sort("position").select(list(SCHEMAS["rejects"]))
