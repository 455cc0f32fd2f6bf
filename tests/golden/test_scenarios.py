"""Scenarios: events in words, and the decisions and books they must give, word for word.

Whoever changes what a scenario gives reads the difference first; `BANYAN_GOLDEN=write` then writes
the new text into the files (and fails wherever it did, so that no check passes by it).
"""

import os
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.golden.books import balances, transfers
from tests.golden.scenario import PROGRAMS, outcome_of, read_scenario

HERE = Path(__file__).parent
SCENARIOS = sorted((HERE / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    scenario = read_scenario(path.read_text("utf-8"))
    found = outcome_of(scenario)
    if found == scenario.expected:
        return
    if os.environ.get("BANYAN_GOLDEN") == "write":
        path.write_text(f"{scenario.given}\n\n{found}\n", "utf-8")
        pytest.fail(f"wrote {path.name}: read the difference before you keep it", pytrace=False)
    pytest.fail(difference(scenario.expected, found, path.name), pytrace=False)


def difference(expected: str, found: str, name: str) -> str:
    lines = unified_diff(
        expected.splitlines(), found.splitlines(), f"{name} as agreed", "found now", lineterm=""
    )
    return "\n".join(lines)


def test_the_difference_names_the_lines() -> None:
    assert difference("sum 20.00\nend", "sum 20.01\nend", "one.txt").splitlines()[3:] == [
        "-sum 20.00",
        "+sum 20.01",
        " end",
    ]


def test_every_shipped_program_has_its_scenario() -> None:
    played = {name for path in SCENARIOS for name in read_scenario(path.read_text("utf-8")).shipped}
    assert played == {path.stem for path in PROGRAMS.glob("*.yaml")}


def test_every_scenario_says_what_it_shows() -> None:
    titles = [path.read_text("utf-8").partition("\n\n")[0] for path in SCENARIOS]
    assert len(set(titles)) == len(titles)
    assert [title for title in titles if "\n" in title or not title] == []


def test_books_that_do_not_balance_are_no_books() -> None:
    one = {"transfer_id": "t/grant", "position": 1, "occurred_at": None, "unit": "points"}
    source = one | {"account": "program:maple", "amount": -5}
    target = one | {"account": "wallet:ann:pending", "amount": 5}
    assert list(transfers([source, target])) == [(source, target)]
    assert list(balances([source, target])) == [
        "points",
        "  program:maple       -5",
        "  wallet:ann:pending   5",
        "  sum                  0",
    ]
    for wrong in ({"amount": 4}, {"unit": "cash USD"}, {"transfer_id": "t/available"}):
        with pytest.raises(AssertionError):
            list(transfers([source, target | wrong]))
    with pytest.raises(AssertionError, match="points does not balance"):
        list(balances([source, target | {"amount": 4}]))
