"""baseline: how referrals reached the company before a program, from imported history."""

from __future__ import annotations

import polars as pl

from banyan.kernel.database import read

RECORDED = "Referral Recorded"
"""The event of a row of history. It is no touch: nothing is paid for the past."""
WAYS = ("channel", "department", "handler")


def baseline(after: int, upto: int) -> dict[str, list[tuple[str, int, int]]]:
    """For each of `WAYS` its values with how many referrals came by it and of how many advocates,
    the most first; of history that lies between two positions of the log."""
    bodies = read(
        "SELECT body FROM events_event WHERE position > %s AND position <= %s AND name = %s",
        [after, upto, RECORDED],
        {"body": pl.String},
    )["body"]
    rows = pl.DataFrame(
        {name: bodies.str.json_path_match(f"$.properties.{name}") for name in (*WAYS, "advocate")}
    )
    return {way: _counted(rows, way) for way in WAYS if rows[way].is_not_null().any()}


def _counted(rows: pl.DataFrame, way: str) -> list[tuple[str, int, int]]:
    counted = (
        rows.group_by(pl.col(way).fill_null(""))
        .agg(count=pl.len(), advocates=pl.col("advocate").n_unique())
        .sort("count", way, descending=[True, False])
    )
    return [(str(name), int(count), int(people)) for name, count, people in counted.iter_rows()]
