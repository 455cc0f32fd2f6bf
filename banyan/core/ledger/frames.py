"""frames: the ledger's transfers between two positions, as a frame, for whoever counts them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from banyan.kernel.database import among, quoted, read

_TRANSFER = {
    "transfer_id": pl.String,
    "decision_id": pl.String,
    "position": pl.Int64,
    "occurred_at": pl.Datetime("us", "UTC"),
    "unit": pl.String,
    "amount": pl.Int64,
    "source": pl.String,
    "target": pl.String,
}


def transfers_between(after: int, upto: int) -> pl.DataFrame:
    """Transfers at positions in (after, upto], in their order."""
    columns = ", ".join(map(quoted, _TRANSFER))
    return read(
        f"SELECT {columns} FROM ledger_transfer WHERE position > %s AND position <= %s "
        "ORDER BY position, place",
        [after, upto],
        _TRANSFER,
    )


def transfers_of_decisions(decision_ids: Sequence[str]) -> pl.DataFrame:
    """Every transfer of these decisions, in no order."""
    where, parameters = among("decision_id", decision_ids)
    columns = ", ".join(map(quoted, _TRANSFER))
    return read(f"SELECT {columns} FROM ledger_transfer WHERE {where}", parameters, _TRANSFER)
