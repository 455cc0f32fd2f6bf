"""export: what the engine decided, whole, as the published tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from banyan.engine.tables import SCHEMAS
from banyan.kernel.database import quoted, read

_AT_ONCE = 200_000
# By published name: the table, the column of its position, and what orders rows inside one.
_TABLES: Mapping[str, tuple[str, str, str]] = {
    "referrals": ("referrals_referral", "join_position", "id"),
    "touches_lost": ("referrals_touchlost", "join_position", "id"),
    "decisions": ("referrals_decision", "position", "place"),
    "reversals": ("referrals_reversal", "position", "place"),
    "rejects": ("referrals_reject", "position", "position"),
}


def rows(table: str, *, upto: int) -> Iterator[pl.DataFrame]:
    """The rows of a published table for positions up to `upto`, in their order, in pieces.

    Columns as `banyan.engine.tables.SCHEMAS` says.
    """
    stored, position, order = _TABLES[table]
    schema = SCHEMAS[table]
    columns = ", ".join(map(quoted, schema))
    for after in range(0, upto, _AT_ONCE):
        yield read(
            f"SELECT {columns} FROM {stored} WHERE {position} > %s AND {position} <= %s "
            f"ORDER BY {position}, {order}",
            [after, min(after + _AT_ONCE, upto)],
            schema,
        )
