"""order: numbering inside groups, looking up by key, choosing, with the order of the rows kept.

Numbers come from a stable sort of the key alone and a subtraction: three times faster than a window
over many small groups, and the wide frame is never sorted.

A live batch is a row or a few, and each call of a data frame that takes an expression costs more
than all its work: such are numbered and looked up outside it, and what changes nothing is not
asked.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

_DENSE = 16
"""An array by position may be this many times as long as what it holds, and as what is asked."""


FEW = 20_000
"""Rows that are numbered in one array: above, a data frame's two cores are faster."""

FEW_KEYS = 200
"""Keys that are looked up in a dictionary: above, a join is faster."""


def nth(frame: pl.DataFrame, *keys: str) -> pl.Series:
    """1, 2, 3 … for the rows of each group, in the order they stand."""
    if frame.height < 2:
        return pl.Series("nth", [1] * frame.height, dtype=pl.Int64)
    if _is_few(frame, keys):
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
    if _is_few(frame, keys):
        numbers, firsts = np.unique(frame[keys[0]].to_numpy(), return_index=True)
        return frame if len(numbers) == frame.height else frame[np.sort(firsts)]
    return frame.unique(list(keys), keep="first", maintain_order=True)


def last_rows(frame: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """The last row of each group, in the order they stand."""
    if frame.height < 2:
        return frame
    if _is_few(frame, keys):
        backwards = frame[keys[0]].to_numpy()[::-1]
        numbers, places = np.unique(backwards, return_index=True)
        lasts = len(backwards) - 1 - places
        return frame if len(numbers) == frame.height else frame[np.sort(lasts)]
    return frame.unique(list(keys), keep="last", maintain_order=True)


def _is_few(frame: pl.DataFrame, keys: tuple[str, ...]) -> bool:
    """Whether an array of the key costs less than a call of the frame."""
    if len(keys) > 1 or frame.height > FEW:
        return False
    key = frame[keys[0]]
    return key.dtype.is_integer() and not key.null_count()


def only(rows: pl.DataFrame, chosen: pl.Series) -> pl.DataFrame:
    """The rows for which `chosen` is true: mostly all or none."""
    many = chosen.sum()
    if many == rows.height:
        return rows
    return rows.filter(chosen) if many else rows.clear()


def complete(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The rows in which no column named is null: mostly all."""
    lacking = [column for column in columns if rows[column].null_count()]
    if any(rows[column].null_count() == rows.height for column in lacking):
        return rows.clear()
    return rows.drop_nulls(lacking) if lacking else rows


def joined(
    rows: pl.DataFrame, found: pl.DataFrame, on: str, *, how: Literal["left", "inner"] = "left"
) -> pl.DataFrame:
    """`rows` with the other columns of `found`, in which each key of column `on` occurs once.

    Rows keep their order. A key that is not found, as null never is, gives nulls, or no row with
    `how="inner"`.
    """
    if max(rows.height, found.height) > FEW_KEYS:
        return rows.join(found, on=on, how=how, maintain_order="left")
    places = {key: place for place, key in enumerate(found[on].to_list()) if key is not None}
    others = found[[column for column in found.columns if column != on]]
    asked = rows[on].to_list()
    at = [places[key] for key in asked if key in places]
    if len(at) == len(asked):
        return rows.hstack(_rows_at(others, at))
    if how == "inner":
        return _rows_at(rows, [row for row, key in enumerate(asked) if key in places]).hstack(
            _rows_at(others, at)
        )
    nulls = pl.Series([places.get(key) for key in asked], dtype=pl.UInt32)
    return rows.hstack(others.select(pl.all().gather(nulls)))


def _rows_at(frame: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    """The frame's rows at these places."""
    if len(places) > 1:
        return frame[places]
    return frame[places[0] : places[0] + 1] if places else frame.clear()


def among(rows: pl.DataFrame, known: pl.DataFrame, *on: str) -> pl.DataFrame:
    """The rows whose columns `on` are those of a row of `known`; a null is never known."""
    if rows.is_empty() or known.is_empty():
        return rows.clear()
    if max(rows.height, known.height) <= FEW_KEYS:
        keys = _known_keys(known, on)
        kept = [row for row, key in enumerate(rows[list(on)].rows()) if key in keys]
        return rows if len(kept) == rows.height else _rows_at(rows, kept)
    if known.height == 1:
        return _with_one(rows, known, on)
    found = rows.join(known, on=on[0], how="semi", maintain_order="left")
    if len(on) == 1 or found.is_empty():
        return found
    # One column first: to look for several at once among many rows takes twice as long.
    return found.join(known, on=list(on), how="semi", maintain_order="left")


def _with_one(rows: pl.DataFrame, known: pl.DataFrame, on: tuple[str, ...]) -> pl.DataFrame:
    """The same for one key, as most live batches have it: a join costs three times a comparison."""
    key = known[list(on)].row(0)
    if None in key:
        return rows.clear()
    same = rows[on[0]] == key[0]
    for column, value in zip(on[1:], key[1:], strict=True):
        same &= rows[column] == value
    return only(rows, same)


def without(rows: pl.DataFrame, known: pl.DataFrame, *on: str) -> pl.DataFrame:
    """The rows whose columns `on` are not those of a row of `known`; a null is never known."""
    if rows.is_empty() or known.is_empty():
        return rows
    if max(rows.height, known.height) > FEW_KEYS:
        return rows.join(known, on=list(on), how="anti", maintain_order="left")
    keys = _known_keys(known, on)
    kept = [row for row, key in enumerate(rows[list(on)].rows()) if key not in keys]
    return rows if len(kept) == rows.height else _rows_at(rows, kept)


def _known_keys(known: pl.DataFrame, on: tuple[str, ...]) -> set[tuple[object, ...]]:
    return {key for key in known[list(on)].rows() if None not in key}


def at_positions(frame: pl.DataFrame, by: str, positions: pl.Series) -> pl.DataFrame:
    """The frame's row at each position, null where there is none; `by` names its sorted position.

    A dense array of rows and one gather: positions are gapless, so it is a few times faster than
    a join. Every position of `by` occurs once. Rows far apart, as those of one shard of a long log,
    or few among many are searched for: the array would be as long as the log.
    """
    known = frame[by].to_numpy()
    if not len(known):
        return frame.clear(len(positions))
    first = int(known[0])
    span = int(known[-1]) - first + 1
    asked = positions.to_numpy()
    if span > _DENSE * min(len(known), len(asked)):
        found = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found = np.where(known[found] == asked, found, -1)
    else:
        rows = np.full(span, -1, dtype=np.int64)
        rows[known - first] = np.arange(len(known))
        inside = (asked >= first) & (asked < first + span)
        found = rows[np.where(inside, asked - first, 0)]
        found = np.where(inside, found, -1)
    if (found >= 0).all():
        return frame[found]
    index = pl.select(pl.when(pl.Series(found) >= 0).then(pl.Series(found))).to_series()
    return frame.select(pl.all().gather(index))
