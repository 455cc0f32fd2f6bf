"""tallies: what caps of whole programs had used at any place in the log, by sums that are kept.

A cap over a program is shared by all of its decisions. So that nobody has to look at each of them
to say what was left, the log is cut into blocks, and with each batch the sums of its blocks are
kept: what was granted or held, and what was taken back. What is asked is told by the sums of whole
blocks, and row by row only for a block that is cut by the place or by a calendar period.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db import connection

from banyan.kernel.database import among, put, read

BLOCK = 10_000
"""So many positions of the log are one block."""
GRANTED, TAKEN_BACK = "granted", "taken_back"

_TIME = pl.Datetime("us", "UTC")
_KEY = ("kind", "program", "reward", "unit", "version", "block")
_KEPT: dict[str, Any] = {
    "kind": pl.String(),
    "program": pl.String(),
    "reward": pl.String(),
    "unit": pl.String(),
    "version": pl.Int64(),
    "block": pl.Int64(),
    "amount": pl.Int64(),
    "number": pl.Int64(),
    "first_at": _TIME,
    "last_at": _TIME,
}
_BLOCK: dict[str, Any] = {
    "block": pl.Int64(),
    "amount": pl.Int64(),
    "number": pl.Int64(),
    "first_at": _TIME,
    "last_at": _TIME,
    "version": pl.Int64(),
}
_PART: dict[str, Any] = {
    "amount": pl.Int64(),
    "number": pl.Int64(),
    "oldest": pl.Int64(),
    "newest": pl.Int64(),
}

_USING = "d.amount > 0 AND d.outcome IN ('granted', 'held')"


@dataclass(frozen=True)
class Shared:
    """What shares a cap: all that a reward gave, or all of a unit; in a calendar period [from_at,
    until_at) of when it was earned, or ever."""

    program: str
    reward: str | None
    unit: str | None
    from_at: datetime | None
    until_at: datetime | None


@dataclass(frozen=True)
class Used:
    """Sums over decisions: amounts, how many, and the versions that they stand under."""

    amount: int
    number: int
    versions: tuple[int, int] | None


def keep(decisions: pl.DataFrame, reversals: pl.DataFrame) -> None:
    """Add what a batch decided to the sums of its blocks; both frames are written already."""
    new = pl.concat([_granted(decisions), _taken_back(reversals)])
    if new.is_empty():
        return
    where, parameters = among("block", new["block"].unique().to_list())
    known = read(f"SELECT {', '.join(_KEPT)} FROM referrals_tally WHERE {where}", parameters, _KEPT)
    whole = (
        pl.concat([known.join(new, on=_KEY, how="semi"), new])
        .group_by(_KEY, maintain_order=True)
        .agg(pl.col("amount", "number").sum(), pl.col("first_at").min(), pl.col("last_at").max())
    )
    put("referrals_tally", whole.select(list(_KEPT)), _KEY)


def granted_before(shared: Shared, *, position: int, place: int) -> Used:
    """What was granted or held of it before a place in the log."""
    parts, sums = _blocks(GRANTED, shared, position)
    for first, after in parts:
        sums.append(_granted_between(shared, first, after, (position, place)))
    return _added(sums)


def taken_back_before(shared: Shared, *, position: int) -> Used:
    """What was taken back of it below a position; `number` counts what was taken back whole."""
    parts, sums = _blocks(TAKEN_BACK, shared, position)
    for first, after in parts:
        sums.append(_taken_back_between(shared, first, min(after, position)))
    return _added(sums)


def _granted(decisions: pl.DataFrame) -> pl.DataFrame:
    rows = decisions.filter(
        (pl.col("amount") > 0) & pl.col("outcome").is_in(["granted", "held"])
    ).with_columns(number=pl.lit(1, dtype=pl.Int64))
    return _in_blocks(GRANTED, rows)


def _taken_back(reversals: pl.DataFrame) -> pl.DataFrame:
    """A grant is taken back whole by the one reversal that leaves nothing of it."""
    if reversals.is_empty():
        return pl.DataFrame(schema=_KEPT)
    ids = reversals["decision_id"].unique().to_list()
    where, parameters = among("v.decision_id", ids)
    rows = read(
        "SELECT v.decision_id, v.position, v.amount, d.amount, d.program, d.reward, d.unit, "
        "d.version, d.occurred_at FROM referrals_reversal v JOIN referrals_decision d "
        f"ON d.decision_id = v.decision_id WHERE {where} ORDER BY v.position",
        parameters,
        {
            "decision_id": pl.String,
            "position": pl.Int64,
            "amount": pl.Int64,
            "of": pl.Int64,
            "program": pl.String,
            "reward": pl.String,
            "unit": pl.String,
            "version": pl.Int64,
            "occurred_at": _TIME,
        },
    )
    back = pl.col("amount").cum_sum().over("decision_id")
    is_last = (back >= pl.col("of")) & (back - pl.col("amount") < pl.col("of"))
    rows = rows.with_columns(number=is_last.cast(pl.Int64))
    return _in_blocks(TAKEN_BACK, rows.join(reversals, on=["decision_id", "position"], how="semi"))


def _in_blocks(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.with_columns(
            pl.lit(kind).alias("kind"),
            (pl.col("position") // BLOCK).cast(pl.Int64).alias("block"),
            pl.col("version").cast(pl.Int64),
            pl.col("occurred_at").cast(_TIME),
        )
        .group_by(_KEY, maintain_order=True)
        .agg(
            pl.col("amount").cast(pl.Int64).sum(),
            pl.col("number").sum(),
            pl.col("occurred_at").min().alias("first_at"),
            pl.col("occurred_at").max().alias("last_at"),
        )
        .select(list(_KEPT))
    )


def _blocks(kind: str, shared: Shared, position: int) -> tuple[list[tuple[int, int]], list[Used]]:
    """Spans of positions that must be looked at row by row, and the sums of all other blocks."""
    own = position // BLOCK
    conditions, parameters = _whose("t", shared)
    rows = (
        read(
            "SELECT t.block, t.amount, t.number, t.first_at, t.last_at, t.version "
            f"FROM referrals_tally t WHERE t.kind = %s AND t.block < %s AND {conditions}",
            [kind, own, *parameters],
            _BLOCK,
        )
        .group_by("block")
        .agg(
            pl.col("amount", "number").sum(),
            pl.col("first_at").min(),
            pl.col("last_at").max(),
            oldest=pl.col("version").min(),
            newest=pl.col("version").max(),
        )
        .sort("block")
    )
    if shared.from_at is None or shared.until_at is None:
        whole, cut = rows, rows.clear()
    else:
        rows = rows.filter(
            (pl.col("last_at") >= shared.from_at) & (pl.col("first_at") < shared.until_at)
        )
        is_whole = (pl.col("first_at") >= shared.from_at) & (pl.col("last_at") < shared.until_at)
        whole, cut = rows.filter(is_whole), rows.filter(~is_whole)
    sums = [
        Used(row["amount"], row["number"], (row["oldest"], row["newest"]))
        for row in whole.iter_rows(named=True)
    ]
    return list(_spans([*cut["block"].to_list(), own])), sums


def _spans(blocks: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Positions [first, after) of blocks, those side by side as one."""
    span: tuple[int, int] | None = None
    for block in blocks:
        first, after = block * BLOCK, (block + 1) * BLOCK
        if span is not None and span[1] == first:
            span = span[0], after
            continue
        if span is not None:
            yield span
        span = first, after
    if span is not None:
        yield span


def _granted_between(shared: Shared, first: int, after: int, end: tuple[int, int]) -> Used:
    conditions, parameters = _whose("d", shared)
    period, bounds = _when("d", shared)
    return _one(
        "SELECT CAST(COALESCE(SUM(d.amount), 0) AS BIGINT), COUNT(*), MIN(d.version), "
        "MAX(d.version) FROM referrals_decision d WHERE d.position >= %s AND d.position < %s "
        "AND (d.position < %s OR (d.position = %s AND d.place < %s)) "
        f"AND {conditions} AND {period} AND {_USING}",
        [first, after, end[0], end[0], end[1], *parameters, *bounds],
    )


def _taken_back_between(shared: Shared, first: int, after: int) -> Used:
    conditions, parameters = _whose("d", shared)
    period, bounds = _when("d", shared)
    back = (
        "(SELECT SUM(e.amount) FROM referrals_reversal e "
        "WHERE e.decision_id = v.decision_id AND e.position <= v.position)"
    )
    return _one(
        "SELECT CAST(COALESCE(SUM(v.amount), 0) AS BIGINT), "
        f"COUNT(CASE WHEN {back} >= d.amount AND {back} - v.amount < d.amount THEN 1 END), "
        "MIN(d.version), MAX(d.version) FROM referrals_reversal v "
        "JOIN referrals_decision d ON d.decision_id = v.decision_id "
        f"WHERE v.position >= %s AND v.position < %s AND {conditions} AND {period}",
        [first, after, *parameters, *bounds],
    )


def _whose(table: str, shared: Shared) -> tuple[str, list[object]]:
    name, value = ("unit", shared.unit) if shared.reward is None else ("reward", shared.reward)
    return f"{table}.program = %s AND {table}.{name} = %s", [shared.program, value]


def _when(table: str, shared: Shared) -> tuple[str, list[object]]:
    if shared.from_at is None or shared.until_at is None:
        return "1 = 1", []
    return (
        f"{table}.occurred_at >= %s AND {table}.occurred_at < %s",
        [connection.ops.adapt_datetimefield_value(at) for at in (shared.from_at, shared.until_at)],
    )


def _one(sql: str, parameters: Sequence[object]) -> Used:
    amount, number, oldest, newest = read(sql, parameters, _PART).row(0)
    return Used(amount, number, None if oldest is None else (oldest, newest))


def _added(sums: Sequence[Used]) -> Used:
    versions = [one for each in sums for one in each.versions or ()]
    return Used(
        sum(one.amount for one in sums),
        sum(one.number for one in sums),
        (min(versions), max(versions)) if versions else None,
    )
