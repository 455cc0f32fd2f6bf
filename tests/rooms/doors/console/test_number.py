"""Whole numbers in addresses and forms."""

from __future__ import annotations

import pytest

from banyan.doors.console.number import number_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("-1", None),
        ("1.0", None),
        (" 1", None),
        ("٣", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_only_digits_that_fit_into_a_column(text: str | None, number: int | None) -> None:
    assert number_of(text) == number
