"""Two programs of one slug over the same eight events, to the last figure."""

from datetime import date

import polars as pl

from banyan.engine.compare import Comparison, compare
from banyan.engine.replay import replay
from tests.rooms.engine.shop import FLAT, SHARE, frame, program


def compared(a: str = FLAT, b: str = SHARE) -> Comparison:
    return compare(*(replay([program(text)], frame()) for text in (a, b)))


def test_totals() -> None:
    totals = compared().totals
    sides = ["decisions", "granted", "beneficiaries", "amount", "reversed", "net"]
    assert totals.columns == [
        "unit",
        *(f"{name}_a" for name in sides),
        *(f"{name}_b" for name in sides),
        "difference",
    ]
    assert totals.rows() == [
        ("credit USD", 2, 2, 2, 3000, 0, 3000, 2, 2, 2, 2100, 300, 1800, -1200),
        ("points", 0, 0, 0, 0, 0, 0, 2, 2, 2, 200, 0, 200, 200),
    ]


def test_a_grant_cut_to_nothing_is_a_decision_but_no_grant() -> None:
    totals = compared(a=FLAT.replace("30.00", "20.00")).totals
    counted = totals.select("unit", "decisions_a", "granted_a", "beneficiaries_a", "net_a")
    assert counted.row(0) == ("credit USD", 2, 1, 1, 2000)


def test_rewards() -> None:
    rewards = compared().rewards
    assert rewards.columns == ["reward", "unit", "decisions_a", "net_a", "decisions_b", "net_b"]
    assert rewards.rows() == [
        ("advocate-credit", "credit USD", 2, 3000, 2, 1800),
        ("friend-points", "points", 0, 0, 2, 200),
    ]


def test_reasons() -> None:
    reasons = compared().reasons
    assert reasons.columns == ["outcome", "reason", "decisions_a", "decisions_b"]
    assert reasons.rows() == [("granted", None, 1, 4), ("granted", "cap:0", 1, 0)]


def test_beneficiaries_from_the_greatest_winner_to_the_greatest_loser() -> None:
    people = compared().beneficiaries
    assert people.columns == ["beneficiary", "unit", "net_a", "net_b", "difference"]
    assert people.rows() == [
        ("abe", "credit USD", 1000, 1500, 500),
        ("bob", "points", 0, 100, 100),
        ("cat", "points", 0, 100, 100),
        ("ann", "credit USD", 2000, 300, -1700),
    ]


def test_burn_by_day_falls_where_something_is_taken_back() -> None:
    burn = compared().burn
    assert burn.columns == ["day", "unit", "net_a", "net_b", "total_a", "total_b"]
    assert burn.rows() == [
        (date(2026, 1, 2), "points", 0, 100, 0, 100),
        (date(2026, 1, 3), "points", 0, 100, 0, 200),
        (date(2026, 1, 4), "credit USD", 2000, 600, 2000, 600),
        (date(2026, 1, 5), "credit USD", 1000, 1500, 3000, 2100),
        (date(2026, 1, 8), "credit USD", 0, -300, 3000, 1800),
    ]


def test_a_program_against_itself_makes_no_difference() -> None:
    same = compared(b=FLAT)
    assert same.totals["difference"].to_list() == [0]
    assert same.beneficiaries["difference"].to_list() == [0, 0]
    assert same.burn.select(pl.col("total_a") - pl.col("total_b")).to_series().to_list() == [0, 0]


def test_nothing_against_nothing_is_empty() -> None:
    nothing = replay([program(FLAT)], frame().clear())
    assert [table.rows() for table in compare(nothing, nothing)] == [[], [], [], [], []]
