"""save: what the pipeline stores here, in its transaction."""

from __future__ import annotations

import polars as pl

from banyan.kernel.database import put, write

_OF_DECISION = r"^(.*)/(?:grant|available|expiry|reversal/[0-9]+)$"
_OF_TOPUP = r"^topup/[0-9]+/expiry$"


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
        pl.when(~pl.col("transfer_id").str.contains(_OF_TOPUP))
        .then(pl.col("transfer_id").str.extract(_OF_DECISION))
        .alias("decision_id"),
        "position",
        (pl.int_range(pl.len()).over("position")).alias("place"),
        "occurred_at",
        "unit",
        "amount",
        source["account"].alias("source"),
        target["account"].alias("target"),
    )


def save(postings: pl.DataFrame, *, references: pl.DataFrame) -> None:
    """Append a batch's postings as transfers and move the balances with them.

    `references`: of every position of the batch (`position`, `named`) its event's `reference`.
    """
    if postings.is_empty():
        return
    write("ledger_transfer", _named(transfers_of(postings), references))
    moved = postings.group_by("account", "unit").agg(
        pl.col("amount").sum(), pl.col("position").max()
    )
    # In one order for everybody, so that two writers could never wait for each other.
    put("ledger_balance", moved.sort("account", "unit"), ("account", "unit"), adding=("amount",))


def _named(transfers: pl.DataFrame, references: pl.DataFrame) -> pl.DataFrame:
    """Transfers with the reference of the event that asked for them; none for all others."""
    asked = pl.col("decision_id").is_null() & ~pl.col("transfer_id").str.contains(_OF_TOPUP)
    named = transfers.join(references, on="position", how="left", maintain_order="left")
    reference = pl.when(asked).then("named").fill_null("").alias("reference")
    return named.with_columns(reference).drop("named")
