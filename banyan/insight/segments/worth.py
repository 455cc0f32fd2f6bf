"""worth: what a chain of referrals brought in, beside what was paid for it.

Revenue is what the chain's members ordered, less what came back; the one at its top came by
themselves and is left out. Money is exact: sums of minor units, one currency alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from banyan.core.programs.read import versions
from banyan.core.referrals import chains
from banyan.insight.segments import sources
from banyan.kernel.database import read, read_in_pieces

MONEY = ("cash", "credit")
_ALL = 2**62
_PIECE = 2_000

# Somebody who stands in a chain twice spent once: that counts where they are nearest.
_TURN = "ROW_NUMBER() OVER (PARTITION BY m.friend ORDER BY m.level)"

_LAYER = {
    "level": pl.Int64(),
    "members": pl.Int64(),
    "revenue": pl.Int64(),
    "paid": pl.Int64(),
    "found": pl.Int64(),
}
_MEMBER = {
    "level": pl.Int64(),
    "advocate": pl.String(),
    "friend": pl.String(),
    "joined_at": pl.Datetime("us", "UTC"),
    "revenue": pl.Int64(),
    "paid": pl.Int64(),
}


@dataclass(frozen=True)
class Worth:
    """Of one chain: its members, how many levels it has, what they spent (minor units of
    `currency`), and what was granted in money for its referrals, to whichever side."""

    top: str
    members: int
    depth: int
    width: int
    currency: str
    revenue: int
    paid: int


@dataclass(frozen=True)
class Layer:
    """Of one level of one chain: its members, what they spent, what was paid for their
    referrals."""

    level: int
    members: int
    revenue: int
    paid: int


@dataclass(frozen=True)
class Chain:
    """The chain below one person, the own friends first. With `is_cut` it has more members than
    were added up: the last level lacks some, and levels below it may be missing."""

    worth: Worth
    layers: tuple[Layer, ...]
    is_cut: bool


@dataclass(frozen=True)
class Level:
    """Of one level of all chains: its members, those who brought others, what members spent."""

    level: int
    members: int
    going_on: int
    revenue: int


def of_chain(program: str, user_id: str, *, most: int) -> Chain:
    """The chain below one person; the `most` nearest members are added up, by the database.
    `members` gives them all."""
    begin, parameters = chains.tree(program, user_id, most=most + 1)
    spent, of_spent = _spent_by("m.friend", program)
    paid, of_paid = _paid_for("m.friend", program)
    found = read(
        # SQLite sorts for the window before it obeys a limit below it, unless that is kept apart.
        f"{begin}, nearest AS MATERIALIZED (SELECT friend, level FROM member LIMIT %s), "
        f"counted AS (SELECT friend, level, {_TURN} AS turn FROM nearest m) "
        "SELECT level, COUNT(*), CAST(SUM(spent) AS BIGINT), CAST(SUM(paid) AS BIGINT), "
        "(SELECT COUNT(*) FROM member) FROM (SELECT m.level, "
        f"CASE WHEN m.turn = 1 THEN {spent} ELSE 0 END AS spent, "
        f"CASE WHEN m.turn = 1 THEN {paid} ELSE 0 END AS paid FROM counted m) told "
        "GROUP BY level ORDER BY level",
        [*parameters, most, *of_spent, *of_paid],
        _LAYER,
    )
    layers = tuple(Layer(*row[:4]) for row in found.iter_rows())
    whole = Worth(
        top=user_id,
        members=sum(one.members for one in layers),
        depth=len(layers),
        width=max((one.members for one in layers), default=0),
        currency=currency_of(program),
        revenue=sum(one.revenue for one in layers),
        paid=sum(one.paid for one in layers),
    )
    return Chain(whole, layers, is_cut=bool((found["found"] > most).any()))


def members(program: str, user_id: str) -> Iterator[pl.DataFrame]:
    """Everybody in the chain below one person, in pieces, the own friends first.

    Columns: level, advocate, friend, joined_at, revenue, paid.
    """
    begin, parameters = chains.tree(program, user_id, most=_ALL)
    spent, of_spent = _spent_by("m.friend", program)
    paid, of_paid = _paid_for("m.friend", program)
    return read_in_pieces(
        f"{begin} SELECT m.level, m.advocate, m.friend, j.started_at, "
        f"CASE WHEN m.turn = 1 THEN CAST({spent} AS BIGINT) ELSE 0 END, "
        f"CASE WHEN m.turn = 1 THEN CAST({paid} AS BIGINT) ELSE 0 END "
        f"FROM (SELECT level, advocate, friend, position, {_TURN} AS turn FROM member m) m "
        "JOIN referrals_referral j ON j.program = %s AND j.friend = m.friend "
        "ORDER BY m.level, m.position",
        [*parameters, *of_spent, *of_paid, program],
        _MEMBER,
        size=_PIECE,
    )


def largest(program: str, *, by: str = "members", limit: int = 50) -> list[Worth]:
    """The chains of a program that are greatest by `members`, `depth`, `revenue` or `paid`."""
    told = _worths(program).sort([by, "top"], descending=[True, False]).head(limit)
    currency = currency_of(program)
    return [
        Worth(row["top"], row["members"], row["depth"], row["width"], currency, row["revenue"],
              row["paid"])
        for row in told.iter_rows(named=True)
    ]  # fmt: skip


def depths(program: str) -> list[tuple[int, int]]:
    """How many chains have so many levels: (depth, chains), the flattest first."""
    counted = _worths(program).group_by("depth").len().sort("depth")
    return [(depth, number) for depth, number in counted.iter_rows()]


def by_level(program: str) -> list[Level]:
    """What each level of all chains brought in."""
    rows = chains.forest(program).join(
        _revenue(program), left_on="friend", right_on="customer", how="left"
    )
    told = rows.group_by("level").agg(
        pl.len(), (pl.col("below") > 0).sum().alias("on"), pl.col("spent").sum()
    )
    return [Level(*row) for row in told.sort("level").iter_rows()]


def currency_of(program: str) -> str:
    """The currency of a program's newest version."""
    found = [row for row in versions(program) if row.status == "published"]
    return found[0].terms.currency if found else ""


def _spent_by(person: str, program: str) -> tuple[str, list[object]]:
    """SQL of what a customer ordered in the program's currency less what came back, as in
    `_revenue`. A question for each member, which no database answers by reading everybody's."""
    return (
        "COALESCE((SELECT SUM(s.amount - s.refunded) FROM segments_spending s "
        f"WHERE s.customer = {person} AND s.currency IN (%s, '')), 0)",
        [currency_of(program)],
    )


def _paid_for(friend: str, program: str) -> tuple[str, list[object]]:
    """SQL of what was granted in money for a referral and not taken back, as in `_paid`."""
    units = _units(program)
    return (
        "COALESCE((SELECT SUM(d.amount - COALESCE((SELECT SUM(b.amount) FROM referrals_reversal b "
        "WHERE b.decision_id = d.decision_id), 0)) FROM referrals_decision d "
        f"WHERE d.friend = {friend} AND d.program = %s "
        f"AND d.unit IN ({', '.join(['%s'] * len(units))}) AND {sources.KEPT}), 0)",
        [program, *units],
    )


def _worths(program: str) -> pl.DataFrame:
    rows = (
        chains.forest(program)
        .join(_revenue(program), left_on="friend", right_on="customer", how="left")
        .join(_paid(program), on="friend", how="left")
    )
    widths = rows.group_by("top", "level").len().group_by("top").agg(width=pl.col("len").max())
    whole = rows.group_by("top").agg(
        members=pl.len(),
        depth=pl.col("level").max(),
        revenue=pl.col("spent").sum(),
        paid=pl.col("paid").sum(),
    )
    return whole.join(widths, on="top")


def _revenue(program: str) -> pl.DataFrame:
    """customer, spent: what each ordered in the program's currency less what came back."""
    ours = pl.col("currency").is_in([currency_of(program), ""])
    return (
        sources.spending()
        .filter(ours)
        .group_by("customer")
        .agg((pl.col("amount") - pl.col("refunded")).sum().alias("spent"))
    )


def _paid(program: str) -> pl.DataFrame:
    """friend, paid: what was granted in money for each referral and not taken back."""
    return (
        sources.rewards([program])
        .filter(pl.col("unit").is_in(_units(program)))
        .group_by("friend")
        .agg(pl.col("amount").sum().alias("paid"))
    )


def _units(program: str) -> list[str]:
    currency = currency_of(program)
    return [f"{give} {currency}" for give in MONEY]
