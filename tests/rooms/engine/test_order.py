"""Numbering in groups, choosing, looking up; the order of rows is kept, be they few or many."""

import polars as pl
import pytest

from banyan.engine.order import (
    FEW,
    FEW_KEYS,
    among,
    at_positions,
    complete,
    first_rows,
    joined,
    last_rows,
    nth,
    only,
    without,
)

ROWS = pl.DataFrame(
    {
        "who": ["b", "a", "b", None, "a", "b", None],
        "what": [1, 1, 2, 1, 1, 1, 1],
    },
    schema={"who": pl.String, "what": pl.Int64},
)


def test_nth_counts_each_group_in_the_order_of_the_rows() -> None:
    assert nth(ROWS, "who").to_list() == [1, 1, 2, 1, 2, 3, 2]
    assert nth(ROWS, "who", "what").to_list() == [1, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("height", [0, 1, 2])
def test_nth_of_few_rows(height: int) -> None:
    found = nth(ROWS.head(height), "who")
    assert (found.to_list(), found.dtype, found.name) == ([1] * height, pl.Int64, "nth")


def test_first_rows_of_each_group() -> None:
    assert first_rows(ROWS, "who").rows() == [("b", 1), ("a", 1), (None, 1)]
    assert first_rows(ROWS, "who", "what").rows() == [("b", 1), ("a", 1), ("b", 2), (None, 1)]
    assert first_rows(ROWS.head(1), "who").rows() == [("b", 1)]
    assert first_rows(ROWS.clear(), "who").rows() == []


def test_last_rows_of_each_group() -> None:
    assert last_rows(ROWS, "who").rows() == [("a", 1), ("b", 1), (None, 1)]
    assert last_rows(ROWS, "who", "what").rows() == [("b", 2), ("a", 1), ("b", 1), (None, 1)]
    assert last_rows(ROWS.head(1), "who").rows() == [("b", 1)]
    assert last_rows(ROWS.clear(), "who").rows() == []


def numbers(times: int) -> pl.DataFrame:
    """The keys 2, 1, 2, 3, 1 with their rows, and so many other rows behind them."""
    keys = [2, 1, 2, 3, 1, *range(10, 10 + times)]
    return pl.DataFrame({"key": keys, "row": range(len(keys))}, schema_overrides={"key": pl.UInt64})


@pytest.mark.parametrize("times", [0, FEW + 1])
def test_first_and_last_rows_of_numbers(times: int) -> None:
    frame = numbers(times)
    others = list(range(5, 5 + times))
    assert first_rows(frame, "key")["row"].to_list() == [0, 1, 3, *others]
    assert last_rows(frame, "key")["row"].to_list() == [2, 3, 4, *others]
    assert nth(frame, "key").to_list() == [1, 1, 2, 1, 2, *[1] * times]


def test_only_the_chosen_rows() -> None:
    frame = numbers(0)
    assert only(frame, pl.Series([True, None, False, True, False]))["row"].to_list() == [0, 3]
    assert only(frame, frame["row"] >= 0).rows() == frame.rows()
    assert only(frame, frame["row"] < 0).rows() == []
    assert only(frame.clear(), pl.Series([], dtype=pl.Boolean)).rows() == []


def test_complete_rows() -> None:
    frame = pl.DataFrame({"a": [1, None, 3], "b": ["x", "y", None], "c": [None] * 3})
    assert complete(frame, "a")["a"].to_list() == [1, 3]
    assert complete(frame, "a", "b").rows() == [(1, "x", None)]
    assert complete(frame, "c").rows() == []
    assert complete(frame[:1], "a", "b").rows() == [(1, "x", None)]


NAMES = pl.DataFrame({"key": [1, 2, None], "name": ["one", "two", "none"], "even": [0, 1, 2]})


@pytest.mark.parametrize("more", [0, FEW_KEYS + 1])
def test_joined_by_a_key_that_occurs_once(more: int) -> None:
    asked = pl.DataFrame({"row": range(5), "key": [2, 9, 1, None, 2]})
    others = pl.DataFrame({"key": range(100, 100 + more), "name": "", "even": 0})
    found = pl.concat([NAMES, others], how="vertical_relaxed")
    assert joined(asked, found, "key").rows() == [
        (0, 2, "two", 1),
        (1, 9, None, None),
        (2, 1, "one", 0),
        (3, None, None, None),
        (4, 2, "two", 1),
    ]
    assert joined(asked, found, "key", how="inner")["row"].to_list() == [0, 2, 4]
    assert joined(asked[1:2], found, "key", how="inner").rows() == []
    assert joined(asked[2:3], found, "key").rows() == [(2, 1, "one", 0)]
    nobody = joined(asked, found.clear(), "key")
    assert (nobody["name"].to_list(), nobody.columns) == (
        [None] * 5,
        ["row", "key", "name", "even"],
    )
    assert joined(asked.clear(), found, "key").schema == nobody.schema


@pytest.mark.parametrize("more", [0, FEW_KEYS + 1])
def test_among_and_without_the_known(more: int) -> None:
    rows = pl.DataFrame({"a": [1, 1, 2, None, 3], "b": ["x", "y", "x", "x", None]})
    known = pl.DataFrame(
        {"b": ["x", "x", None, *["z"] * more], "a": [1, None, 3, *range(100, 100 + more)]}
    )
    assert among(rows, known, "a", "b").rows() == [(1, "x")]
    assert without(rows, known, "a", "b").rows() == [(1, "y"), (2, "x"), (None, "x"), (3, None)]
    assert among(rows, known, "a").rows() == [(1, "x"), (1, "y"), (3, None)]
    assert without(rows, known, "a").rows() == [(2, "x"), (None, "x")]
    assert among(rows, known.clear(), "a").rows() == []
    assert without(rows, known.clear(), "a") is rows
    assert among(rows.clear(), known, "a").rows() == without(rows.clear(), known, "a").rows() == []


@pytest.mark.parametrize("more", [0, FEW_KEYS + 1])
def test_among_one_key(more: int) -> None:
    rows = numbers(more)
    one = pl.DataFrame({"key": [2], "row": [2]}, schema_overrides={"key": pl.UInt64})
    assert among(rows, one, "key")["row"].to_list() == [0, 2]
    assert among(rows, one, "key", "row")["row"].to_list() == [2]
    assert among(rows, one.with_columns(row=9), "key", "row").rows() == []
    nobody = one.with_columns(key=pl.lit(None, dtype=pl.UInt64))
    assert among(rows, nobody, "key").rows() == []


KNOWN = pl.DataFrame({"position": [5, 6, 9], "name": ["five", "six", "nine"]})


def test_rows_at_positions_in_the_order_asked() -> None:
    asked = pl.Series([9, 5, 5, 6])
    assert at_positions(KNOWN, "position", asked).rows() == [
        (9, "nine"),
        (5, "five"),
        (5, "five"),
        (6, "six"),
    ]


def test_gaps_and_positions_out_of_range_have_no_row() -> None:
    asked = pl.Series([1, 4, 5, 7, 8, 9, 10, 10**15])
    assert at_positions(KNOWN, "position", asked)["name"].to_list() == [
        None,
        None,
        "five",
        None,
        None,
        "nine",
        None,
        None,
    ]


def test_nobody_known_and_nothing_asked() -> None:
    none = pl.Series([], dtype=pl.Int64)
    assert at_positions(KNOWN, "position", none).rows() == []
    found = at_positions(KNOWN.clear(), "position", pl.Series([5, 6]))
    assert (found.rows(), found.schema) == ([(None, None)] * 2, KNOWN.schema)
