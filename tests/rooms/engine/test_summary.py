"""A replay in figures; what it cost, by program and unit."""

from datetime import UTC, datetime

import polars as pl
import pytest

from banyan.engine.replay import replay
from banyan.engine.step import Outcomes
from banyan.engine.summary import Summary
from banyan.engine.tables import blank
from tests.rooms.engine.shop import FLAT, SHARE, frame, program

LATER = datetime(2026, 3, 1, tzinfo=UTC)
"""When all holds have ended and the points have expired."""

FIGURES = {
    "events": 8,
    "rows": {
        "referrals": 2,
        "touches_lost": 0,
        "decisions": 4,
        "reversals": 1,
        "postings": 22,
        "rejects": 1,
    },
    "referrals": [{"program": "shop", "kind": "code", "rows": 2}],
    "decisions": [
        {
            "program": "shop",
            "reward": "advocate-credit",
            "unit": "credit USD",
            "outcome": "granted",
            "reason": None,
            "rows": 2,
            "raw_amount": 2100,
            "amount": 2100,
        },
        {
            "program": "shop",
            "reward": "friend-points",
            "unit": "points",
            "outcome": "granted",
            "reason": None,
            "rows": 2,
            "raw_amount": 200,
            "amount": 200,
        },
    ],
    "rejects": [{"code": "unknown_code", "rows": 1}],
    "moves": [
        {
            "program": "shop",
            "unit": "credit USD",
            "move": "granted",
            "rows": 2,
            "amount": 2100,
        },
        {
            "program": "shop",
            "unit": "credit USD",
            "move": "taken_back",
            "rows": 1,
            "amount": 300,
        },
        {"program": "shop", "unit": "points", "move": "expired", "rows": 2, "amount": 200},
        {"program": "shop", "unit": "points", "move": "granted", "rows": 2, "amount": 200},
    ],
}


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    return replay([program(SHARE)], frame(), until=LATER)


def cuts(outcomes: Outcomes, size: int) -> list[Outcomes]:
    """The same rows in batches of so many of each table."""
    longest = max(table.height for table in outcomes)
    return [
        Outcomes(*(table.slice(start, size) for table in outcomes))
        for start in range(0, longest, size)
    ]


def test_a_gulp_in_figures(outcomes: Outcomes) -> None:
    summary = Summary()
    summary.add(outcomes, events=8)
    assert summary.as_dict() == FIGURES


@pytest.mark.parametrize("size", [1, 3, 22])
def test_batches_add_up_to_the_same(outcomes: Outcomes, size: int) -> None:
    summary, batches = Summary(), cuts(outcomes, size)
    for number, batch in enumerate(batches):
        summary.add(batch, events=8 if number == 0 else 0)
    assert summary.as_dict() == FIGURES
    assert summary.cost().rows() == [
        ("shop", "credit USD", 2100, 300, 0, 1800),
        ("shop", "points", 200, 0, 200, 0),
    ]


def test_cost_is_by_program(outcomes: Outcomes) -> None:
    other = FLAT.replace("program: shop", "program: club")
    summary = Summary()
    summary.add(replay([program(SHARE), program(other)], frame(), until=LATER), events=8)
    cost = summary.cost()
    assert cost.columns == ["program", "unit", "granted", "taken_back", "expired", "net"]
    assert cost.rows() == [
        ("club", "credit USD", 3000, 0, 0, 3000),
        ("shop", "credit USD", 2100, 300, 0, 1800),
        ("shop", "points", 200, 0, 200, 0),
    ]


def test_nothing_costs_nothing() -> None:
    summary = Summary()
    summary.add(Outcomes(*(blank(name) for name in Outcomes._fields)), events=3)
    assert summary.as_dict() == {
        "events": 3,
        "rows": dict.fromkeys(Outcomes._fields, 0),
        "moves": [],
    }
    assert summary.cost().schema == {
        "program": pl.String,
        "unit": pl.String,
        **dict.fromkeys(("granted", "taken_back", "expired", "net"), pl.Int64),
    }
    assert summary.cost().is_empty()
