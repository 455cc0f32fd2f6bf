"""groups: who gains and who loses in chosen segments, and what is left there after the rewards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from banyan.engine.step import Outcomes
from banyan.insight.metrics.assumptions import assumptions
from banyan.insight.metrics.scope import scope
from banyan.insight.segments import acts
from banyan.insight.segments.purchases import bought
from banyan.insight.segments.read import ids_in

MOST = 10
"""Winners and as many losers of a segment that are kept by name."""
OTHERS = ""
"""Stands for everybody who is in none of the chosen segments."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Groups:
    """Chosen segments as they are now, and what was ordered in the period.

    `members`: segment, customer; somebody may be in several. `orders` of friends: customer, at, net
    in minor units of `currency`, refunds taken off. `margin` is the share of revenue left after the
    goods; None: nobody said.
    """

    names: Mapping[str, str]
    members: pl.DataFrame
    orders: pl.DataFrame
    currency: str
    margin: float | None


def groups(
    program: str,
    slugs: Sequence[str],
    *,
    sides: Sequence[Outcomes],
    currency: str,
    from_at: datetime,
    until_at: datetime,
    now: datetime,
) -> Groups | None:
    """The segments, looked at anew, with the orders of whom the sides call friends; None where no
    segment is chosen. Raises NoSuchSegment."""
    if not slugs:
        return None
    names = {slug: acts.refresh(slug, now=now).name for slug in slugs}
    friends = pl.concat([side.referrals["friend"] for side in sides]).unique()
    orders = bought(friends.to_list(), from_at=from_at, until_at=until_at)
    ours = orders.filter(pl.col("currency").is_in([currency, ""]))
    return Groups(
        names=names,
        members=ids_in(list(slugs)),
        orders=ours.select("customer", "at", "net"),
        currency=currency,
        margin=assumptions(scope(program)).margin,
    )


def moved(people: pl.DataFrame, found: Groups) -> Rows:
    """By segment and unit: how many get more, less and the same, and the sums of both sides.

    `people`: beneficiary, unit, net_a, net_b, difference.
    """
    change = pl.col("difference")
    rows = _of(people, "beneficiary", found).group_by("segment", "unit")
    return _named(
        rows.agg(
            gain=(change > 0).sum().cast(pl.Int64),
            lose=(change < 0).sum().cast(pl.Int64),
            same=(change == 0).sum().cast(pl.Int64),
            net_a=pl.col("net_a").sum(),
            net_b=pl.col("net_b").sum(),
            difference=change.sum(),
        ),
        found,
    )


def moved_most(people: pl.DataFrame, found: Groups) -> Rows:
    """Of each segment and unit those who gain and who lose most, by name."""
    rows = _of(people, "beneficiary", found).filter(pl.col("difference") != 0)
    size = pl.col("difference").abs().rank("ordinal", descending=True)
    side = pl.col("difference").sign().alias("side")
    ordered = rows.with_columns(side).sort("beneficiary")
    ranked = ordered.with_columns(rank=size.over("segment", "unit", "side"))
    most = ranked.filter(pl.col("rank") <= MOST).drop("side", "rank")
    return _named(most, found, then=("difference", "beneficiary"), falling=True)


def left(a: Outcomes, b: Outcomes, found: Groups) -> Rows:
    """By segment of the advocate: what their friends ordered in the period, what money rewards took
    of it on both sides, and what is left; by the margin, where one is known."""
    share = 1.0 if found.margin is None else found.margin
    sides = [_side(side, name, found) for name, side in (("a", a), ("b", b))]
    both = sides[0].join(sides[1], on="segment", how="full", coalesce=True)
    both = both.with_columns(pl.selectors.integer().fill_null(0), unit=pl.lit(found.currency))
    rows = both.with_columns(
        ((pl.col(f"revenue_{name}") * share).round().cast(pl.Int64) - pl.col(f"cost_{name}")).alias(
            f"left_{name}"
        )
        for name in ("a", "b")
    )
    columns = [f"{what}_{name}" for what in ("revenue", "cost", "left") for name in ("a", "b")]
    return _named(rows.select("segment", "unit", *columns), found)


def _side(side: Outcomes, name: str, found: Groups) -> pl.DataFrame:
    brought = side.referrals.select("advocate", "friend", "started_at")
    revenue = brought.join(found.orders, left_on="friend", right_on="customer").filter(
        pl.col("at") >= pl.col("started_at")
    )
    back = side.reversals.group_by("decision_id").agg(back=pl.col("amount").sum())
    money = [f"{give} {found.currency}" for give in ("cash", "credit")]
    cost = (
        side.decisions.filter(pl.col("unit").is_in(money))
        .join(back, on="decision_id", how="left")
        .join(brought.select("advocate", "friend"), on="friend", how="left")
        .with_columns(
            # What a friend gets is the cost of whoever brought them, like what the advocate gets.
            advocate=pl.coalesce("advocate", "beneficiary"),
            net=pl.col("amount") - pl.col("back").fill_null(0),
        )
    )
    parts = [
        _of(rows, "advocate", found).group_by("segment").agg(pl.col("net").sum().alias(what))
        for rows, what in ((revenue, f"revenue_{name}"), (cost, f"cost_{name}"))
    ]
    whole = parts[0].join(parts[1], on="segment", how="full", coalesce=True)
    return whole.with_columns(pl.selectors.integer().fill_null(0))


def _of(rows: pl.DataFrame, whose: str, found: Groups) -> pl.DataFrame:
    """Rows with the segment of a person: one a segment, `OTHERS` for those who are in none."""
    joined = rows.join(found.members, left_on=whose, right_on="customer", how="left")
    return joined.with_columns(pl.col("segment").fill_null(OTHERS))


def _named(
    rows: pl.DataFrame, found: Groups, *, then: Sequence[str] = ("unit",), falling: bool = False
) -> Rows:
    """Rows in the order in which the segments were chosen, everybody else last."""
    places = {slug: number for number, slug in enumerate((*found.names, OTHERS))}
    names = {**found.names, OTHERS: ""}
    ordered = (
        rows.with_columns(
            place=pl.col("segment").replace_strict(places, return_dtype=pl.Int64),
            name=pl.col("segment").replace_strict(names, return_dtype=pl.String),
        )
        .sort("place", *then, descending=[False, falling, *([False] * (len(then) - 1))])
        .drop("place")
    )
    rest = [one for one in ordered.columns if one not in ("segment", "name")]
    return ordered.select("segment", "name", *rest).to_dicts()
