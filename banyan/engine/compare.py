"""compare: the same history under two programs, side by side.

Nothing is estimated: both sides are replays of the log as it was. What people would have done
under other terms, no replay can know.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from banyan.engine.step import Outcomes

SIDES = ("a", "b")


class Comparison(NamedTuple):
    """Amounts are minor units or counts; `net` is granted or held less what was reversed."""

    totals: pl.DataFrame
    """unit; decisions, granted, beneficiaries, amount, reversed, net of a and b; difference."""
    rewards: pl.DataFrame
    """reward, unit, then for a and b: decisions, net."""
    reasons: pl.DataFrame
    """outcome, reason, then for a and b: decisions."""
    beneficiaries: pl.DataFrame
    """beneficiary, unit, net_a, net_b, difference: greatest winners first, greatest losers last."""
    burn: pl.DataFrame
    """day (UTC), unit, net_a, net_b, and the running sums total_a, total_b."""


def compare(a: Outcomes, b: Outcomes) -> Comparison:
    """Set the outcomes of two programs over one log side by side."""
    grants = [_net(side) for side in (a, b)]
    return Comparison(
        totals=_totals(grants),
        rewards=_side_by_side(grants, ["reward", "unit"], _counts()),
        reasons=_side_by_side(grants, ["outcome", "reason"], [_len("decisions")]),
        beneficiaries=_beneficiaries(grants),
        burn=_burn(grants, [a.reversals, b.reversals]),
    )


def _net(side: Outcomes) -> pl.DataFrame:
    """Decisions with what was reversed of each."""
    back = side.reversals.group_by("decision_id").agg(reversed=pl.col("amount").sum())
    rows = side.decisions.join(back, on="decision_id", how="left").with_columns(
        pl.col("reversed").fill_null(0)
    )
    return rows.with_columns(net=pl.col("amount") - pl.col("reversed"))


def _len(name: str) -> pl.Expr:
    return pl.len().cast(pl.Int64).alias(name)


def _counts() -> list[pl.Expr]:
    return [_len("decisions"), pl.col("net").sum()]


def _totals(grants: list[pl.DataFrame]) -> pl.DataFrame:
    given = pl.col("amount") > 0
    rows = _side_by_side(
        grants,
        ["unit"],
        [
            _len("decisions"),
            given.sum().cast(pl.Int64).alias("granted"),
            pl.col("beneficiary").filter(given).n_unique().cast(pl.Int64).alias("beneficiaries"),
            pl.col("amount").sum(),
            pl.col("reversed").sum(),
            pl.col("net").sum(),
        ],
    )
    return rows.with_columns(difference=pl.col("net_b") - pl.col("net_a"))


def _side_by_side(
    frames: list[pl.DataFrame], keys: list[str], figures: list[pl.Expr]
) -> pl.DataFrame:
    """The figures of both sides by the same keys, 0 where a side has none."""
    sides = []
    for name, frame in zip(SIDES, frames, strict=True):
        grouped = frame.group_by(keys).agg(figures)
        sides.append(grouped.rename({c: f"{c}_{name}" for c in grouped.columns if c not in keys}))
    together = sides[0].join(sides[1], on=keys, how="full", coalesce=True, nulls_equal=True)
    filled = together.with_columns(pl.selectors.integer().fill_null(0))
    return filled.sort(keys, nulls_last=False)


def _beneficiaries(grants: list[pl.DataFrame]) -> pl.DataFrame:
    rows = _side_by_side(grants, ["beneficiary", "unit"], [pl.col("net").sum()])
    rows = rows.with_columns(difference=pl.col("net_b") - pl.col("net_a"))
    return rows.sort("difference", "beneficiary", "unit", descending=[True, False, False])


def _burn(grants: list[pl.DataFrame], reversals: list[pl.DataFrame]) -> pl.DataFrame:
    """Money by the day it was decided or taken back, and how far it has run up."""
    moves = []
    for frame, back in zip(grants, reversals, strict=True):
        units = frame.select("decision_id", "unit")
        given = frame.select("occurred_at", "unit", net="amount")
        taken = back.join(units, on="decision_id").select(
            "occurred_at", "unit", net=-pl.col("amount")
        )
        moves.append(pl.concat([given, taken]).with_columns(day=pl.col("occurred_at").dt.date()))
    rows = _side_by_side(moves, ["day", "unit"], [pl.col("net").sum()])
    return rows.with_columns(
        pl.col("net_a").cum_sum().over("unit").alias("total_a"),
        pl.col("net_b").cum_sum().over("unit").alias("total_b"),
    )
