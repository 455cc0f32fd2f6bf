"""referrals: a row for each friend: how they came, the days of their stages, their money."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from django.db import connection

from banyan.insight.metrics.measures import (
    EXPIRED,
    GRANTED,
    STAGES,
    TAKEN,
    TAKEN_PENDING,
)
from banyan.insight.metrics.promised import Promised
from banyan.insight.metrics.touches import worded
from banyan.kernel.database import among, is_postgres, read, write

_KNOWN = {
    "program": pl.String,
    "friend": pl.String,
    "advocate": pl.String,
    "version": pl.Int64,
    "channel": pl.String,
    "script": pl.String,
    "variant": pl.String,
    "depth": pl.Int64,
    "top": pl.String,
    "below": pl.Int64,
    "join_position": pl.Int64,
}
_COST = {GRANTED: 1, TAKEN: -1, TAKEN_PENDING: -1, EXPIRED: -1}
_DAYS = tuple(f"{stage}_on" for stage in STAGES)
_SUMS = ("orders", "revenue", "refunded", "cost")
_MOVED = (*_DAYS, *_SUMS, "program", "friend")
_MOVE = (
    "UPDATE metrics_friend SET "
    + ", ".join(
        [
            *(f"{day} = COALESCE({day}, %s)" for day in _DAYS),
            *(f"{name} = {name} + %s" for name in _SUMS),
        ]
    )
    + " WHERE program = %s AND friend = %s"
)
_MOVE_MANY = (
    "UPDATE metrics_friend AS kept SET "
    + ", ".join(
        [
            *(f"{day} = COALESCE(kept.{day}, moved.{day})" for day in _DAYS),
            *(f"{name} = kept.{name} + moved.{name}" for name in _SUMS),
        ]
    )
    + " FROM moved_friend AS moved"
    " WHERE kept.program = moved.program AND kept.friend = moved.friend"
)
_FEW = 200
"""Up to so many rows PostgreSQL moves one by one faster than by a table of their own."""


def new_friends(
    referrals: pl.DataFrame, places: pl.DataFrame, promised: Promised, *, zone: str
) -> pl.DataFrame:
    """Keep a row for each referral that began, with its place in its chain (depth, top, below) row
    by row; those rows, with `touched_at` and their keys."""
    rows = worded(referrals.hstack(places))
    rows = rows.with_columns(
        promised.variants(rows).alias("variant"),
        touched_on=_day("touched_at", zone),
        joined_on=_day("started_at", zone),
    )
    kept = rows.select(*_KNOWN, "kind", "touched_on", "joined_on").with_columns(
        pl.col("touched_on", "joined_on").cast(pl.String),
        orders=pl.lit(0),
        revenue=pl.lit(0),
        refunded=pl.lit(0),
        cost=pl.lit(0),
    )
    write("metrics_friend", kept)
    return rows


def friends_among(people: Sequence[str]) -> pl.DataFrame:
    """The referrals of these people: program, friend, advocate, version, channel, script, variant,
    depth, top, below, join_position."""
    if not people:
        return pl.DataFrame(schema=_KNOWN)
    where, parameters = among("friend", people)
    columns = ", ".join(_KNOWN)
    return read(f"SELECT {columns} FROM metrics_friend WHERE {where}", parameters, _KNOWN)


def save_friends(
    stages: pl.DataFrame, *, orders: pl.DataFrame, refunds: pl.DataFrame, moved: pl.DataFrame
) -> None:
    """Move the rows of friends on: days of stages, orders, refunds, and rewards in money."""
    of = ["program", "friend"]
    days = [
        pl.col("day").filter(pl.col("stage") == stage).min().alias(f"{stage}_on")
        for stage in STAGES
    ]
    bought = orders.filter("fits").rename({"user_id": "friend"}).group_by(of)
    returned = refunds.filter("fits").rename({"user_id": "friend"}).group_by(of)
    parts = [
        stages.group_by(of).agg(days),
        bought.agg(orders=pl.len().cast(pl.Int64), revenue=pl.col("minor").sum()),
        returned.agg(refunded=pl.col("minor").sum()),
        _costs(moved).group_by(of).agg(pl.col("cost").sum()),
    ]
    rows = pl.concat(parts, how="diagonal")
    if rows.is_empty():
        return
    sums = rows.group_by(of).agg(
        pl.col(_DAYS).min().cast(pl.String),
        pl.col(_SUMS).sum(),
    )
    _move(sums.sort(of).select(_MOVED))


def _move(rows: pl.DataFrame) -> None:
    """Whoever counts holds the row of progress, so that nobody else moves friends meanwhile."""
    with connection.cursor() as cursor:
        if not is_postgres() or rows.height <= _FEW:
            cursor.executemany(_MOVE, rows.rows())
            return
        cursor.execute("DROP TABLE IF EXISTS moved_friend")
        cursor.execute(
            "CREATE TEMP TABLE moved_friend ON COMMIT DROP AS "
            f"SELECT {', '.join(_MOVED)} FROM metrics_friend WITH NO DATA"
        )
        write("moved_friend", rows)
        cursor.execute(_MOVE_MANY)


def _costs(moved: pl.DataFrame) -> pl.DataFrame:
    is_money = pl.col("unit").str.contains("^(cash|credit) ")
    rows = moved.filter(is_money & pl.col("friend").is_not_null() & pl.col("measure").is_in(_COST))
    sign = pl.col("measure").replace_strict(_COST, return_dtype=pl.Int64)
    return rows.select("program", "friend", cost=pl.col("amount") * sign)


def _day(moment: str, zone: str) -> pl.Expr:
    return pl.col(moment).dt.convert_time_zone(zone).dt.date()
