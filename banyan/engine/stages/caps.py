"""caps: which bucket each cap and limit of a reward counts in.

A bucket is one cap, of one program, for one person (or all), in one calendar period. Its key is
stable inside a run, so what was used is found again by it in any later batch.
"""

from __future__ import annotations

from hashlib import sha256

import polars as pl

from banyan.engine.language.book import Book, Bucket, Line, Payout, Terms


def with_buckets(book: Book, number: int, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` of one payout with `bucket_0` … `bucket_{width-1}`: keys, null where no cap asks.

    Needs `at`, `unit` and the keys of advocate, friend and beneficiary.
    """
    line, terms, payout = book.payouts[number]
    columns = [
        _key(line, terms, payout, bucket).alias(f"bucket_{slot}")
        for slot, bucket in enumerate(payout.buckets)
    ]
    columns += [
        pl.lit(None, dtype=pl.UInt64).alias(f"bucket_{slot}")
        for slot in range(len(payout.buckets), book.width)
    ]
    return rows.with_columns(columns)


def bucket_columns(width: int) -> dict[str, type[pl.DataType]]:
    """Names and type of the bucket columns of a book of this width."""
    return {f"bucket_{slot}": pl.UInt64 for slot in range(width)}


def _key(line: Line, terms: Terms, payout: Payout, bucket: Bucket) -> pl.Expr:
    owner = "" if bucket.slot.startswith("limit") else payout.name
    name = f"{line.slug}|{owner}|{bucket.slot}|{bucket.per}|{bucket.period}|{bucket.counts}"
    base = int(sha256(name.encode()).hexdigest()[:16], 16)
    parts = []
    if bucket.per != "program":
        parts.append(pl.col(f"{bucket.per}_key"))
    if bucket.period is not None:
        parts.append(_period(terms.timezone, bucket.period))
    if parts:
        whole: pl.Expr = pl.struct(*(part.alias(str(i)) for i, part in enumerate(parts))).hash(base)
    else:
        whole = pl.lit(base, dtype=pl.UInt64)
    if bucket.unit is not None:
        return pl.when(pl.col("unit") == bucket.unit).then(whole)
    return whole


def _period(timezone: str, period: str) -> pl.Expr:
    """First day of the calendar period `at` lies in, in the program's timezone."""
    local = pl.col("at").cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(timezone)
    every = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}[period]
    return local.dt.date().dt.truncate(every).cast(pl.Int32)
