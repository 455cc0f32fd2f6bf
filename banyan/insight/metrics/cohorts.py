"""cohorts: people by the month they came in, and what share did something by each month after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from banyan.insight.metrics.scope import Scope
from banyan.kernel.database import among, read

What = Literal["bought", "bought_again", "referred"]
MONTHS = 12


@dataclass(frozen=True)
class Cohort:
    """Friends of one month. `reached[n]` did it by the end of the n-th month after; None: that
    month is not over for them yet to begin."""

    month: date
    size: int
    reached: tuple[int | None, ...]


def cohorts(scope: Scope, *, what: What, today: date, months: int = MONTHS) -> list[Cohort]:
    """Friends by the month they joined, the latest `months` of them, and when they bought, bought
    again, or brought somebody themselves."""
    rows = _rows(scope, what, first=_ago(today, months - 1))
    sizes = dict(rows.group_by("month").agg(pl.col("n").sum()).rows())
    done = rows.drop_nulls("at").group_by("month", "at").agg(pl.col("n").sum())
    found = []
    for back in range(months - 1, -1, -1):
        month = _ago(today, back)
        if month not in sizes:
            continue
        mine = done.filter(pl.col("month") == month)
        reached = [
            int(mine.filter(pl.col("at") <= after)["n"].sum()) if after <= back else None
            for after in range(months)
        ]
        found.append(Cohort(month, int(sizes[month]), tuple(reached)))
    return found


def _rows(scope: Scope, what: What, *, first: date) -> pl.DataFrame:
    """(month, at, n): friends by month and by how many months later they did it."""
    done = {"bought": "f.purchased_on", "bought_again": "f.repurchased_on"}
    when = done.get(
        what,
        "(SELECT MIN(g.joined_on) FROM metrics_friend g "
        "WHERE g.advocate = f.friend AND g.program = f.program)",
    )
    where, programs = among("f.program", scope.programs)
    rows = read(
        f"SELECT CAST(f.joined_on AS TEXT), CAST({when} AS TEXT) FROM metrics_friend f "
        f"WHERE {where} AND f.joined_on >= %s",
        [*programs, first],
        {"joined": pl.String, "done": pl.String},
    ).select(pl.col("joined").str.to_date(), pl.col("done").str.to_date())
    number = pl.col("done").dt.year() * 12 + pl.col("done").dt.month()
    start = pl.col("joined").dt.year() * 12 + pl.col("joined").dt.month()
    return rows.group_by(
        month=pl.col("joined").dt.month_start(), at=(number - start).clip(lower_bound=0)
    ).agg(n=pl.len().cast(pl.Int64))


def _ago(today: date, months: int) -> date:
    number = today.year * 12 + today.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
