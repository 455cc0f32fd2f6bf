"""order: numbering and running figures inside groups, with the order of the rows kept.

A stable sort of the key alone and a subtraction: three times faster than a window over many small
groups, and the wide frame is never sorted.
"""

from __future__ import annotations

import numpy as np
import polars as pl

_DENSE = 64
"""An array by position may be this many times as long as what it holds."""


FEW = 20_000


def nth(frame: pl.DataFrame, *keys: str) -> pl.Series:
    """1, 2, 3 … for the rows of each group, in the order they stand."""
    if frame.height < 2:
        return pl.Series("nth", [1] * frame.height, dtype=pl.Int64)
    if frame.height < FEW and len(keys) == 1 and not frame[keys[0]].null_count():
        return pl.Series("nth", _numbered(frame[keys[0]].to_numpy()))
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    grouped = frame.select(*keys).with_row_index("_row").sort(keys, maintain_order=True)
    first = pl.when(group_starts(keys)).then(row).forward_fill()
    grouped = grouped.select("_row", number=row - first + 1)
    numbers = np.empty(frame.height, dtype=np.int64)
    numbers[grouped["_row"].to_numpy()] = grouped["number"].to_numpy()
    return pl.Series("nth", numbers)


def _numbered(keys: np.ndarray) -> np.ndarray:
    """The same for a few rows, where four calls of a data frame cost more than the work."""
    order = np.argsort(keys, kind="stable")
    rows = np.arange(len(keys))
    starts = np.concatenate(([True], keys[order][1:] != keys[order][:-1]))
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[order] = rows - np.maximum.accumulate(np.where(starts, rows, 0)) + 1
    return numbers


def group_starts(keys: tuple[str, ...]) -> pl.Expr:
    """True on the first row of each run of equal keys."""
    changed = [pl.col(k).ne_missing(pl.col(k).shift(1)) for k in keys]
    return pl.any_horizontal(changed) | (pl.int_range(pl.len()) == 0)


def first_rows(frame: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """The first row of each group, in the order they stand."""
    if frame.height < 2:
        return frame
    return frame.unique(list(keys), keep="first", maintain_order=True)


def at_positions(frame: pl.DataFrame, by: str, positions: pl.Series) -> pl.DataFrame:
    """The frame's row at each position, null where there is none; `by` names its sorted position.

    A dense array of rows and one gather: positions are gapless, so it is a few times faster than
    a join. Every position of `by` occurs once. Rows far apart, as those of one shard of a long log,
    are searched for: the array would be as long as the log.
    """
    known = frame[by].to_numpy()
    if not len(known):
        return frame.clear(len(positions))
    first = int(known[0])
    span = int(known[-1]) - first + 1
    asked = positions.to_numpy()
    if span > _DENSE * len(known):
        found = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found = np.where(known[found] == asked, found, -1)
    else:
        rows = np.full(span, -1, dtype=np.int64)
        rows[known - first] = np.arange(len(known))
        inside = (asked >= first) & (asked < first + span)
        found = rows[np.where(inside, asked - first, 0)]
        found = np.where(inside, found, -1)
    index = pl.select(pl.when(pl.Series(found) >= 0).then(pl.Series(found))).to_series()
    return frame.select(pl.all().gather(index))
