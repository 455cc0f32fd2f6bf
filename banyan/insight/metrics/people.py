"""people: a row for each advocate and each buyer, over all programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from banyan.insight.metrics.measures import INITIATED
from banyan.kernel.database import among, put, read

_ADVOCATE = {
    "user_id": pl.String,
    "first_on": pl.String,
    "last_on": pl.String,
    "initiated": pl.Int64,
    "joined": pl.Int64,
    "purchased": pl.Int64,
}
_BUYER = {
    "user_id": pl.String,
    "first_position": pl.Int64,
    "first_on": pl.String,
    "last_on": pl.String,
    "referred": pl.Int64,
    "orders": pl.Int64,
    "currency": pl.String,
    "revenue": pl.Int64,
}


def save_advocates(reached: pl.DataFrame, joined: pl.DataFrame, bought: pl.DataFrame) -> None:
    """Move advocates on by touches, new referrals, and friends' first purchases."""
    zero = pl.lit(0, pl.Int64)
    one = pl.lit(1, pl.Int64)
    rows = pl.concat(
        [
            reached.filter(pl.col("advocate") != "").select(
                user_id="advocate",
                day="day",
                initiated=(pl.col("measure") == INITIATED).cast(pl.Int64),
                joined=zero,
                purchased=zero,
            ),
            joined.select(
                user_id="advocate", day="joined_on", initiated=zero, joined=one, purchased=zero
            ),
            bought.select(
                user_id="advocate", day="day", initiated=zero, joined=zero, purchased=one
            ),
        ]
    )
    if rows.is_empty():
        return
    new = (
        rows.with_columns(pl.col("day").cast(pl.String))
        .group_by("user_id")
        .agg(
            first_on=pl.col("day").min(),
            last_on=pl.col("day").max(),
            initiated=pl.col("initiated").sum(),
            joined=pl.col("joined").sum(),
            purchased=pl.col("purchased").sum(),
        )
    )
    both = pl.concat([_kept("metrics_advocate", _ADVOCATE, new), new.select(*_ADVOCATE)])
    merged = both.group_by("user_id").agg(
        pl.col("first_on").min(),
        pl.col("last_on").max(),
        pl.col("initiated", "joined", "purchased").sum(),
    )
    put("metrics_advocate", merged.sort("user_id"), ("user_id",))


def save_buyers(orders: pl.DataFrame) -> pl.DataFrame:
    """Move buyers on by orders (position, day, user_id, unit, minor, is_referred); the first order
    of each new one."""
    if orders.is_empty():
        return orders
    rows = orders.sort("position")
    people = rows.group_by("user_id", maintain_order=True).agg(
        first_position=pl.col("position").first(),
        first_on=pl.col("day").first().cast(pl.String),
        last_on=pl.col("day").max().cast(pl.String),
        referred=pl.col("is_referred").first().cast(pl.Int64),
        currency=pl.col("unit").first(),
    )
    kept = _kept("metrics_buyer", _BUYER, people)
    before = kept.select("user_id", kept_currency="currency")
    named = rows.join(people.select("user_id", "currency"), on="user_id").join(
        before, on="user_id", how="left"
    )
    counts = named.group_by("user_id").agg(
        orders=pl.len().cast(pl.Int64),
        revenue=pl.col("minor")
        .filter(pl.col("unit") == pl.coalesce("kept_currency", "currency"))
        .sum(),
    )
    new = people.join(counts, on="user_id").select(*_BUYER)
    merged = (
        pl.concat([kept, new])
        .group_by("user_id", maintain_order=True)
        .agg(
            pl.col("first_position", "first_on").first(),
            pl.col("last_on").max(),
            pl.col("referred").first().cast(pl.Boolean),
            pl.col("orders").sum(),
            pl.col("currency").first(),
            pl.col("revenue").sum(),
        )
    )
    put("metrics_buyer", merged.sort("user_id"), ("user_id",))
    return rows.join(
        kept.select("user_id"), on="user_id", how="anti", maintain_order="left"
    ).unique("user_id", keep="first", maintain_order=True)


def _kept(table: str, schema: Mapping[str, Any], people: pl.DataFrame) -> pl.DataFrame:
    """Rows of these people, days as texts and yes or no as 1 or 0, on both databases."""
    where, parameters = among("user_id", people["user_id"].to_list())
    told = {"first_on": "CAST(first_on AS TEXT)", "last_on": "CAST(last_on AS TEXT)"}
    told["referred"] = "CAST(referred AS INTEGER)"
    columns = ", ".join(told.get(name, name) for name in schema)
    return read(f"SELECT {columns} FROM {table} WHERE {where}", parameters, schema)
