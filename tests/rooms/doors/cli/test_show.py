"""What commands print: amounts, tables of names that may be anything, no bar in a pipe."""

import pytest
from rich.table import Table

from banyan.doors.cli.show import Progress, amount, console, money_table, table

DIGITS = {"cash USD": 2, "cash JPY": 0, "cash KWD": 3}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2000, "cash USD", "20.00"),
        (123_456_789, "cash USD", "1,234,567.89"),
        (5, "cash USD", "0.05"),
        (-5, "cash USD", "-0.05"),
        (-1200, "cash USD", "-12.00"),
        (0, "cash USD", "0.00"),
        (-7, "cash KWD", "-0.007"),
        (1234, "cash JPY", "1,234"),
        (-1234, "points", "-1,234"),
    ],
)
def test_amounts(value: int, unit: str, text: str) -> None:
    assert amount(value, unit, DIGITS) == text


def lines(shown: Table) -> list[str]:
    """What is printed of a table, without blank lines and the blanks that fill lines up."""
    out = console()
    with out.capture() as caught:
        out.print(shown)
    return [line.rstrip() for line in caught.get().splitlines() if line.strip()]


def test_figures_stand_right_and_names_left() -> None:
    assert lines(table(["name", "rows"], [("a", "1,234"), ("long", "-5")], title="Counts")) == [
        "Counts",
        " name    rows",
        " ────────────",
        " a      1,234",
        " long      -5",
    ]


def test_one_name_among_figures_makes_a_column_of_names() -> None:
    assert lines(table(["id"], [("17",), ("17a",), ("a17",)])) == [
        " id",
        " ───",
        " 17",
        " 17a",
        " a17",
    ]


@pytest.mark.parametrize("name", ["[red]ann[/red]", "[/]", r"\[x]", "ends in \\", ":bug:", "[1]"])
def test_a_name_is_never_markup(name: str) -> None:
    assert lines(table([name], [(name,)], title=name)) == [
        name,
        f" {name}",
        f" {'─' * len(name)}",
        f" {name}",
    ]


def test_money_in_its_unit() -> None:
    rows = [
        {
            "program": "shop",
            "unit": unit,
            "granted": 2100,
            "taken_back": 300,
            "expired": 0,
            "net": 1800,
        }
        for unit in ("cash USD", "points")
    ]
    assert lines(money_table(rows, DIGITS)) == [
        " program   unit       granted   taken_back   expired     net",
        " ───────────────────────────────────────────────────────────",
        " shop      cash USD     21.00         3.00      0.00   18.00",
        " shop      points       2,100          300         0   1,800",
    ]


def test_a_bar_is_silent_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("Replaying") as progress:
        progress(1, 2, "1 event")
        progress(2, None)
    assert capsys.readouterr() == ("", "")
