"""A whole log, in one gulp or in batches, up to its end or to a moment."""

from datetime import UTC, datetime

import polars as pl
import pytest

from banyan.engine.replay import replay
from banyan.engine.tables import SCHEMAS
from tests.rooms.engine.shop import FLAT, SHARE, frame, program

HOLD_ENDS = datetime(2026, 1, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 8, 9, 1000])
@pytest.mark.parametrize("until", [None, datetime(2026, 3, 1, tzinfo=UTC)])
def test_batches_give_the_tables_of_one_gulp(batch: int, until: datetime | None) -> None:
    programs = [program(FLAT), program(SHARE)]
    whole = replay(programs, frame(), until=until)
    cut = replay(programs, frame(), batch=batch, until=until)
    assert [t.height for t in whole] == [2, 0, 4, 1, 14 if until is None else 22, 1]
    for name, table in whole._asdict().items():
        assert getattr(cut, name).schema == table.schema, name
        assert getattr(cut, name).rows() == table.rows(), name


def test_of_two_versions_the_higher_one_decides() -> None:
    decided = replay([program(SHARE), program(FLAT)], frame()).decisions
    assert decided["version"].unique().to_list() == [2]


def test_dotted_columns_are_events_too() -> None:
    nested = frame()
    dotted = nested.unnest("properties", separator=".")
    assert "properties.total" in dotted.columns
    assert replay([program(FLAT)], dotted).decisions.rows() == (
        replay([program(FLAT)], nested).decisions.rows()
    )


def available(until: datetime | None) -> list[tuple[str, int]]:
    """What became available in the program of one reward, and at which position."""
    postings = replay([program(FLAT)], frame(), until=until).postings
    rows = postings.filter(
        pl.col("account").str.ends_with(":available"), pl.col("transfer_id").str.contains("/avail")
    )
    return rows.select("account", "position").rows()


def test_log_time_moves_to_the_end_so_that_a_hold_ends() -> None:
    assert available(None) == []
    assert available(HOLD_ENDS.replace(hour=11, minute=59)) == []
    assert available(HOLD_ENDS) == [("wallet:ann:available", 8)]
    assert available(HOLD_ENDS.replace(day=19)) == [
        ("wallet:ann:available", 8),
        ("wallet:abe:available", 8),
    ]


def test_later_events_are_left_out_and_keep_their_positions() -> None:
    at_the_order = datetime(2026, 1, 4, 12, tzinfo=UTC)
    outcomes = replay([program(FLAT)], frame(), until=at_the_order)
    assert outcomes.decisions["position"].to_list() == [5]
    assert [table.height for table in outcomes] == [2, 0, 1, 0, 2, 0]
    before = replay([program(FLAT)], frame(), until=at_the_order.replace(hour=11))
    assert [table.height for table in before] == [2, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("nothing", [frame().clear(), pl.DataFrame()])
@pytest.mark.parametrize("until", [None, HOLD_ENDS])
def test_no_event_gives_six_empty_tables(nothing: pl.DataFrame, until: datetime | None) -> None:
    outcomes = replay([program(SHARE)], nothing, until=until)
    assert {name: table.rows() for name, table in outcomes._asdict().items()} == {
        name: [] for name in SCHEMAS
    }
    assert [table.schema for table in outcomes] == [
        pl.DataFrame(schema=dict(schema)).schema for schema in SCHEMAS.values()
    ]
