"""advocates: who brings friends: heads and their share, once or again, how deep chains go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from banyan.insight.metrics.funnel import share
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import Scope
from banyan.kernel.database import among, read

HEAD = 0.1
"""The tenth of advocates who brought most are the heads."""
_FRIEND = "FROM metrics_friend WHERE {} AND joined_on >= %s AND joined_on <= %s"


@dataclass(frozen=True)
class Head:
    """An advocate and what they brought in a period; money in minor units."""

    advocate: str
    joined: int
    purchased: int
    revenue: int
    cost: int


@dataclass(frozen=True)
class Brought:
    """Who brought friends in a period. `head_share`: of all friends, those of the head tenth."""

    advocates: int
    once: int
    again: int
    joined: int
    head_count: int
    head_share: float | None
    heads: tuple[Head, ...]

    @property
    def per_advocate(self) -> float | None:
        """Friends an advocate brought, of those who brought any."""
        return share(self.joined, self.advocates)


@dataclass(frozen=True)
class Layer:
    """Friends at a depth of the chain: 1 was brought by somebody whom nobody brought."""

    depth: int
    friends: int
    purchased: int
    revenue: int
    cost: int


@dataclass(frozen=True)
class Cover:
    """Customers who ordered by a day, and how many of them (or others) ever passed a program on,
    brought somebody, brought several."""

    customers: int
    passed_on: int
    active: int
    """Who did so in the period."""
    brought: int
    brought_again: int

    @property
    def share(self) -> float | None:
        """Of customers, those who passed a program on in the period."""
        return share(self.active, self.customers)


def brought(period: Period, scope: Scope, *, most: int = 20) -> Brought:
    """Advocates by the friends who joined in the period, the `most` first."""
    where, programs = among("program", scope.programs)
    rows = read(
        "SELECT advocate, COUNT(*), COUNT(purchased_on), SUM(revenue - refunded), SUM(cost) "
        f"{_FRIEND.format(where)} GROUP BY advocate",
        [*programs, period.first, period.last],
        {
            "advocate": pl.String,
            "joined": pl.Int64,
            "purchased": pl.Int64,
            "revenue": pl.Int64,
            "cost": pl.Int64,
        },
    ).sort("joined", "purchased", "advocate", descending=[True, True, False])
    heads = -(-rows.height // round(1 / HEAD))
    joined = int(rows["joined"].sum())
    return Brought(
        advocates=rows.height,
        once=rows.filter(pl.col("joined") == 1).height,
        again=rows.filter(pl.col("joined") > 1).height,
        joined=joined,
        head_count=heads,
        head_share=share(int(rows["joined"].head(heads).sum()), joined),
        heads=tuple(Head(**row) for row in rows.head(most).to_dicts()),
    )


def layers(period: Period, scope: Scope) -> list[Layer]:
    """How many friends joined in the period at which depth, and what they bought since."""
    where, programs = among("program", scope.programs)
    rows = read(
        "SELECT depth, COUNT(*), COUNT(purchased_on), SUM(revenue - refunded), SUM(cost) "
        f"{_FRIEND.format(where)} GROUP BY depth ORDER BY depth",
        [*programs, period.first, period.last],
        dict.fromkeys(("depth", "friends", "purchased", "revenue", "cost"), pl.Int64),
    )
    return [Layer(**row) for row in rows.to_dicts()]


def cover(period: Period) -> Cover:
    """Of all customers by the period's end, over all programs."""
    customers = read(
        "SELECT COUNT(*) FROM metrics_buyer WHERE first_on <= %s", [period.last], {"n": pl.Int64}
    )
    row = read(
        "SELECT COUNT(*), COUNT(CASE WHEN last_on >= %s THEN 1 END), "
        "COUNT(CASE WHEN joined > 0 THEN 1 END), COUNT(CASE WHEN joined > 1 THEN 1 END) "
        "FROM metrics_advocate WHERE first_on <= %s",
        [period.first, period.last],
        dict.fromkeys(("all", "active", "brought", "again"), pl.Int64),
    ).row(0)
    return Cover(int(customers["n"][0]), *row)


@dataclass(frozen=True)
class Elapsed:
    """Friends who bought first a number of days after they were reached, and what they brought."""

    first_day: int
    last_day: int | None
    friends: int
    revenue: int


_SPANS = ((0, 0), (1, 7), (8, 14), (15, 30), (31, 45), (46, 60), (61, 90), (91, None))


def elapsed(period: Period, scope: Scope) -> list[Elapsed]:
    """Of friends who joined in the period: after how many days they bought, and their revenue."""
    where, programs = among("program", scope.programs)
    rows = read(
        "SELECT CAST(touched_on AS TEXT), CAST(purchased_on AS TEXT), revenue - refunded "
        f"{_FRIEND.format(where)} AND purchased_on IS NOT NULL",
        [*programs, period.first, period.last],
        {"touched": pl.String, "bought": pl.String, "revenue": pl.Int64},
    ).with_columns(
        days=(pl.col("bought").str.to_date() - pl.col("touched").str.to_date()).dt.total_days()
    )
    found = []
    for first, last in _SPANS:
        inside = pl.col("days") >= first if last is None else pl.col("days").is_between(first, last)
        mine = rows.filter(inside)
        found.append(Elapsed(first, last, mine.height, int(mine["revenue"].sum())))
    return found


def days_to_purchase(period: Period, scope: Scope) -> float | None:
    """Days from being reached to the first purchase, the median of those who bought in the
    period."""
    where, programs = among("program", scope.programs)
    rows = read(
        "SELECT CAST(touched_on AS TEXT), CAST(purchased_on AS TEXT) FROM metrics_friend "
        f"WHERE {where} AND purchased_on >= %s AND purchased_on <= %s",
        [*programs, period.first, period.last],
        {"touched": pl.String, "bought": pl.String},
    )
    days = rows.select(
        (pl.col("bought").str.to_date() - pl.col("touched").str.to_date()).dt.total_days()
    ).to_series()
    return float(days.median()) if len(days) else None  # type: ignore[arg-type]


def retention(period: Period, scope: Scope) -> float | None:
    """Of friends who bought first in the period before, those who bought again by its end."""
    where, programs = among("program", scope.programs)
    before = period.before
    row = read(
        "SELECT COUNT(*), COUNT(CASE WHEN repurchased_on <= %s THEN 1 END) FROM metrics_friend "
        f"WHERE {where} AND purchased_on >= %s AND purchased_on <= %s",
        [period.last, *programs, before.first, before.last],
        {"bought": pl.Int64, "again": pl.Int64},
    ).row(0)
    return share(row[1], row[0])


@dataclass(frozen=True)
class Worth:
    """What customers spent in a month since their first order: referred ones, and all others; None
    of none. Minor units."""

    referred: float | None
    others: float | None

    @property
    def uplift(self) -> float | None:
        """How much more a referred customer is worth, as a share."""
        return self.referred / self.others - 1 if self.referred and self.others else None


def worth(scope: Scope, *, today: date) -> Worth:
    """Customers who ordered first at least 30 days ago, by what they spent a month since."""
    rows = read(
        "SELECT CASE WHEN referred THEN 1 ELSE 0 END, CAST(first_on AS TEXT), COUNT(*), "
        "SUM(revenue) FROM metrics_buyer WHERE currency IN (%s, '') GROUP BY 1, 2",
        [scope.currency],
        {"referred": pl.Int64, "first": pl.String, "n": pl.Int64, "revenue": pl.Int64},
    ).with_columns(days=(pl.lit(today) - pl.col("first").str.to_date()).dt.total_days())
    old = rows.filter(pl.col("days") >= _MONTH)
    return Worth(*(_monthly(old.filter(pl.col("referred") == one)) for one in (1, 0)))


def _monthly(rows: pl.DataFrame) -> float | None:
    months = float((rows["days"] * rows["n"]).sum()) / _MONTH
    return float(rows["revenue"].sum()) / months if months else None


_MONTH = 30
