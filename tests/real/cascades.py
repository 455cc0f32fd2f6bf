"""Twitter15: who passed a rumour on to whom, 1,490 trees with all their dirt, as logs of events.

A person's id is `TREE:USER`, so that each tree is a company of its own. Rows stay in the order of
the file, which is not that of their times. The first row of a tree is its root's and has no parent.
"""

from typing import NamedTuple

import polars as pl

from tests.real.data import read

CASCADES = "twitter15-cascades/cascades.csv.xz"
# The data has no dates, only minutes since a tree's first post; some are negative.
START_US = 1_420_070_400_000_000  # 2015-01-01T00:00:00Z


class Row(NamedTuple):
    """One row: `parent` is None for a root; times are microseconds after the root's post."""

    tree: str
    parent: str | None
    child: str
    parent_us: int | None
    child_us: int
    text: str  # the row as it stands in the file


def table() -> pl.DataFrame:
    """All rows in file order, with the columns of `Row`."""
    raw = read(CASCADES)
    assert set(raw["set"]) == {"twitter15"}

    def person(column: str) -> pl.Expr:
        return pl.format("{}:{}", "tree", column)

    def us(column: str) -> pl.Expr:
        # Minutes with two decimals are whole multiples of 600,000 µs.
        return (pl.col(column).cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64) * 600_000

    return raw.select(
        "tree",
        person("parent").alias("parent"),
        person("child").alias("child"),
        us("parent_delay_min").alias("parent_us"),
        us("child_delay_min").alias("child_us"),
        pl.concat_str(pl.all().fill_null(""), separator=",").alias("text"),
    )


def rows(frame: pl.DataFrame) -> list[Row]:
    """A table as Python values."""
    return [Row(*values) for values in frame.iter_rows()]


def sign_ups(frame: pl.DataFrame) -> pl.DataFrame:
    """Each row as a sign-up of the child that names the parent; rows that are alike have one
    `messageId`."""
    return _events(
        frame.select(
            pl.lit("Signed Up").alias("event"),
            pl.col("text").alias("messageId"),
            pl.col("child").alias("userId"),
            pl.col("child_us").alias("at"),
            pl.col("parent").alias("properties.advocate"),
        )
    )


def clicks_then_sign_ups(frame: pl.DataFrame) -> pl.DataFrame:
    """Tree by tree: each row with a parent as a click of the child, then all children sign up, in
    the order of their first rows, at the time of the tree's last post."""
    clicks = frame.filter(pl.col("parent").is_not_null()).select(
        "tree",
        pl.lit(0).alias("turn"),
        pl.lit("Referral Link Clicked").alias("event"),
        pl.col("child").alias("userId"),
        pl.col("child_us").alias("at"),
        pl.col("parent").alias("properties.advocate"),
    )
    joins = frame.with_columns(at=pl.col("child_us").max().over("tree"))
    joins = joins.unique("child", keep="first", maintain_order=True).select(
        "tree",
        pl.lit(1).alias("turn"),
        pl.lit("Signed Up").alias("event"),
        pl.col("child").alias("userId"),
        "at",
    )
    trees = frame.select("tree").unique(maintain_order=True).with_row_index("place")
    log = pl.concat([clicks, joins], how="diagonal").join(trees, on="tree", maintain_order="left")
    return _events(log.sort("place", "turn", maintain_order=True).drop("tree", "turn", "place"))


def _events(frame: pl.DataFrame) -> pl.DataFrame:
    at = (pl.col("at") + START_US).cast(pl.Datetime("us", "UTC"))
    return frame.select(pl.lit("track").alias("type"), pl.exclude("at"), at.alias("timestamp"))
