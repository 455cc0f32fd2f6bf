"""Numbering in groups and rows by position; the order of rows is kept."""

import polars as pl
import pytest

from banyan.engine.order import at_positions, first_rows, nth

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
