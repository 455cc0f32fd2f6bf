"""`banyan bench`: what it measures, and when it fails. How fast it is, is no test here."""

import json

import pytest

from banyan.pipeline.benchmark import Measure
from tests.rooms.doors.cli.running import banyan, installed

MEASURED = [
    ("one Polars scan and group-by of the same columns", "s", None),
    ("replay, Parquet to all tables", "s", None),
    ("replay, events a second", "/s", 500_000),
    ("replay : scan and group-by", "x", 12),
    ("replay, memory at most", "GiB", 6),
    ("decisions", "rows", None),
    ("in chunks : in one gulp", "x", 1.5),
    ("replay with the tables written as Parquet", "s", None),
    ("one click, median", "ms", 5),
    ("one order, median", "ms", 15),
    ("1,000 events, median", "ms", 40),
    ("JSON Lines read, events a second", "/s", 300_000),
]


@pytest.mark.parametrize(
    ("figure", "limit", "better", "kept"),
    [
        (500_001, 500_000, "more", True),
        (500_000, 500_000, "more", True),
        (499_999, 500_000, "more", False),
        (11.9, 12, "less", True),
        (12, 12, "less", True),
        (12.1, 12, "less", False),
        (7, None, "more", True),
        (7, None, "less", True),
    ],
)
def test_a_limit_is_kept_on_its_good_side(
    figure: float, limit: float | None, better: str, kept: bool
) -> None:
    measure = Measure("speed", figure, "x", limit, better)
    assert measure.kept is kept
    assert measure.as_dict() == {
        "name": "speed",
        "figure": figure,
        "unit": "x",
        "limit": limit,
        "kept": kept,
    }


@pytest.mark.parametrize("events", [59_999, 20_000_001])
def test_a_size_that_tells_nothing_is_wrong_usage(events: int) -> None:
    assert banyan("bench", "--events", events) == (
        2,
        "",
        f"banyan bench: Invalid value for '--events': {events} is not in the range "
        "60000<=x<=20000000. See `banyan bench --help`.\n",
    )


@pytest.mark.speed
def test_a_small_log_has_every_measure() -> None:
    code, out, err = installed("bench", "--events", 60_000, "--json")
    figures = json.loads(out)
    assert err == ""
    assert [(m["name"], m["unit"], m["limit"]) for m in figures] == MEASURED
    assert all(m["figure"] > 0 for m in figures)
    assert {m["name"]: m["figure"] for m in figures}["decisions"] == 27_046
    assert code == (0 if all(m["kept"] for m in figures) else 1)
