"""Bitcoin-OTC: who vouched first for whom among traders, 2010 to 2016, as a log of sign-ups.

The forest is derived from the public web of trust (SNAP, soc-sign-bitcoinotc): an account is
brought by whoever rated it first, if it had not acted before.
"""

from typing import NamedTuple

import polars as pl

from tests.real.data import read

FOREST = "bitcoin-otc-trust/first-voucher-forest.csv.gz"


class Account(NamedTuple):
    """One account; `voucher` and `rating` (-10 to 10) are None for a root of the forest."""

    name: str
    joined: int
    voucher: str | None
    rating: int | None


def accounts() -> list[Account]:
    """In the order in which they joined (seconds since the epoch, UTC), ties as in the file."""
    return [
        Account(name, int(float(joined)), voucher, None if rating is None else int(rating))
        for name, joined, voucher, rating in read(FOREST).iter_rows()
    ]


def events(people: list[Account]) -> pl.DataFrame:
    """A sign-up an account, which names the advocate; after it the rating the friend was given."""
    columns = {"seconds": [], "userId": [], "event": [], "advocate": [], "rating": []}
    for one in people:
        _add(columns, one.joined, one.name, "Signed Up", one.voucher, None)
        if one.rating is not None:
            _add(columns, one.joined, one.name, "Rated", None, one.rating)
    frame = pl.DataFrame(columns, schema_overrides={"advocate": pl.String, "rating": pl.Int64})
    return frame.select(
        pl.lit("track").alias("type"),
        "userId",
        "event",
        pl.from_epoch("seconds", time_unit="s").dt.replace_time_zone("UTC").alias("timestamp"),
        pl.col("advocate").alias("properties.advocate"),
        pl.col("rating").alias("properties.rating"),
    )


def _add(columns: dict[str, list], *values: object) -> None:
    for column, value in zip(columns.values(), values, strict=True):
        column.append(value)
