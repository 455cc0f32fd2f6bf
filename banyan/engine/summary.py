"""summary: a replay in figures, added up batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from banyan.engine.step import Outcomes

COUNTED: Mapping[str, tuple[str, ...]] = {
    "referrals": ("program", "kind"),
    "touches_lost": ("program", "reason"),
    "decisions": ("program", "reward", "unit", "outcome", "reason"),
    "rejects": ("code",),
}
"""Tables, and by which columns their rows are counted."""

_ROW_SUMS = {"decisions": ("raw_amount", "amount")}


@dataclass
class Summary:
    """Counts and sums over the outcomes added so far."""

    events: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    groups: dict[str, pl.DataFrame] = field(default_factory=dict)
    moves: pl.DataFrame | None = None

    def add(self, outcomes: Outcomes, *, events: int) -> None:
        """Count a batch in; `events` is the number of positions it took."""
        self.events += events
        for name, table in outcomes._asdict().items():
            self.rows[name] = self.rows.get(name, 0) + table.height
        for name, keys in COUNTED.items():
            table = getattr(outcomes, name)
            if not table.is_empty():
                sums = _ROW_SUMS.get(name, ())
                new = table.group_by(keys).agg(
                    pl.len().cast(pl.Int64).alias("rows"), *(pl.col(s).sum() for s in sums)
                )
                self.groups[name] = _added(self.groups.get(name), new, keys)
        if not outcomes.postings.is_empty():
            self.moves = _added(self.moves, _moves(outcomes.postings), ("program", "unit", "move"))

    def as_dict(self) -> dict[str, Any]:
        """The whole summary as plain values, sorted, for `summary.json`."""
        return {
            "events": self.events,
            "rows": self.rows,
            **{
                name: self._sorted(self.groups[name], keys)
                for name, keys in COUNTED.items()
                if name in self.groups
            },
            "moves": []
            if self.moves is None
            else self._sorted(self.moves, ("program", "unit", "move")),
        }

    @staticmethod
    def _sorted(frame: pl.DataFrame, keys: tuple[str, ...]) -> list[dict[str, Any]]:
        return frame.sort(keys, nulls_last=False).to_dicts()

    def cost(self) -> pl.DataFrame:
        """Per program and unit: granted, taken back, expired, and what is left of it (`net`)."""
        schema = {"program": pl.String, "unit": pl.String}
        names = ("granted", "taken_back", "expired")
        if self.moves is None:
            return pl.DataFrame(schema={**schema, **dict.fromkeys((*names, "net"), pl.Int64)})
        rows = self.moves.group_by("program", "unit").agg(
            pl.col("amount").filter(pl.col("move") == name).sum().alias(name) for name in names
        )
        net = pl.col("granted") - pl.col("taken_back") - pl.col("expired")
        return rows.with_columns(net=net).sort("program", "unit")


def _added(old: pl.DataFrame | None, new: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    if old is None:
        return new
    together = pl.concat([old, new.select(old.columns)])
    return together.group_by(keys).agg(pl.all().sum())


def _moves(postings: pl.DataFrame) -> pl.DataFrame:
    """What left each program's account and what came back to it, by unit."""
    rows = postings.lazy().filter(pl.col("account").str.starts_with("program:"))
    move = (
        pl.when(pl.col("amount") < 0)
        .then(pl.lit("granted"))
        .when(pl.col("transfer_id").str.ends_with("/expiry"))
        .then(pl.lit("expired"))
        .otherwise(pl.lit("taken_back"))
    )
    return (
        rows.group_by(
            pl.col("account").str.strip_prefix("program:").alias("program"),
            "unit",
            move.alias("move"),
        )
        .agg(pl.len().cast(pl.Int64).alias("rows"), pl.col("amount").abs().sum())
        .collect()
    )
