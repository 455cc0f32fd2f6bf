"""export: every movement of value, and what accounts hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from banyan.engine.tables import SCHEMAS, WHEN
from banyan.kernel.database import read

TRANSFERS: dict[str, Any] = {
    "transfer_id": pl.String,
    "decision_id": pl.String,
    "position": pl.Int64,
    "occurred_at": WHEN,
    "unit": pl.String,
    "amount": pl.Int64,
    "source": pl.String,
    "target": pl.String,
}
BALANCES: dict[str, Any] = {
    "account": pl.String,
    "unit": pl.String,
    "amount": pl.Int64,
    "position": pl.Int64,
}
_AT_ONCE = 200_000


def transfers(*, upto: int) -> Iterator[pl.DataFrame]:
    """Transfers at positions up to `upto`, in their order, in pieces; columns `TRANSFERS`."""
    columns = ", ".join(TRANSFERS)
    for after in range(0, upto, _AT_ONCE):
        yield read(
            f"SELECT {columns} FROM ledger_transfer WHERE position > %s AND position <= %s "
            "ORDER BY position, place",
            [after, min(after + _AT_ONCE, upto)],
            TRANSFERS,
        )


def postings(*, upto: int) -> Iterator[pl.DataFrame]:
    """The same as the published table `postings`: two rows a transfer, the source's first."""
    for moved in transfers(upto=upto):
        numbered = moved.with_row_index("nth")
        source = numbered.with_columns(account="source", amount=-pl.col("amount"), side=0)
        target = numbered.with_columns(account="target", side=1)
        both = pl.concat([source, target]).sort("nth", "side")
        yield both.select(list(SCHEMAS["postings"]))


def balances() -> pl.DataFrame:
    """What every account holds of each unit, by account and unit; columns `BALANCES`."""
    columns = ", ".join(BALANCES)
    held = read(f"SELECT {columns} FROM ledger_balance", [], BALANCES)
    # Sorted here: databases order texts each in their own way.
    return held.sort("account", "unit")
