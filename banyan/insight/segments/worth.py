"""worth: what a chain of referrals brought in, beside what was paid for it.

Revenue is what the chain's members ordered, less what came back; the one at its top came by
themselves and is left out. Money is exact: sums of minor units, one currency alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from banyan.core.programs.read import versions
from banyan.core.referrals import chains
from banyan.insight.segments import sources

MONEY = ("cash", "credit")


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
class Level:
    """Of one level of all chains: its members, those who brought others, what members spent."""

    level: int
    members: int
    going_on: int
    revenue: int


def of_chain(program: str, user_id: str) -> Worth:
    """The chain below one person."""
    found = chains.members(program, user_id)
    members = found.rename({"friend": "customer"})
    money = _revenue(program).join(members, on="customer", how="semi")["spent"].sum()
    paid = _paid(program).join(found, on="friend", how="semi")["paid"].sum()
    levels = found.group_by("level").len()
    return Worth(
        top=user_id,
        members=found.height,
        depth=levels.height,
        width=int(levels["len"].max() or 0),  # type: ignore[arg-type]  # a count
        currency=currency_of(program),
        revenue=int(money),
        paid=int(paid),
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
    units = [f"{give} {currency_of(program)}" for give in MONEY]
    return (
        sources.rewards([program])
        .filter(pl.col("unit").is_in(units))
        .group_by("friend")
        .agg(pl.col("amount").sum().alias("paid"))
    )
