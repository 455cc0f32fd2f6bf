"""save: what the pipeline stores here, in its transaction."""

from __future__ import annotations

import polars as pl

from banyan.kernel.database import put, write

_OF_DECISION = r"^(.*)/(?:grant|available|expiry|reversal/[0-9]+)$"


def transfers_of(postings: pl.DataFrame) -> pl.DataFrame:
    """Published postings, two a transfer and source first, as one row a transfer.

    `place` numbers the transfers inside a position.
    """
    source, target = postings.gather_every(2), postings.gather_every(2, offset=1)
    assert source["transfer_id"].equals(target["transfer_id"])
    assert (source["amount"] + target["amount"]).sum() == 0
    assert bool((target["amount"] > 0).all())
    return target.select(
        "transfer_id",
        pl.col("transfer_id").str.extract(_OF_DECISION).alias("decision_id"),
        "position",
        (pl.int_range(pl.len()).over("position")).alias("place"),
        "occurred_at",
        "unit",
        "amount",
        source["account"].alias("source"),
        target["account"].alias("target"),
    )


def save(postings: pl.DataFrame) -> None:
    """Append a batch's postings as transfers and move the balances with them."""
    if postings.is_empty():
        return
    write("ledger_transfer", transfers_of(postings))
    moved = postings.group_by("account", "unit").agg(
        pl.col("amount").sum(), pl.col("position").max()
    )
    # In one order for everybody, so that two writers could never wait for each other.
    put("ledger_balance", moved.sort("account", "unit"), ("account", "unit"), adding=("amount",))
