"""State: what is in hand, what lies on the shelf, and what has to be saved."""

from __future__ import annotations

from dataclasses import fields

import polars as pl
import pytest

from banyan.engine.state import ASKED, KEYS, SCHEMAS, State, blank, empty, over
from tests.rooms.engine.shelf import MemoryShelf


def used(*rows: tuple[int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(SCHEMAS["used"]), orient="row")


def seen(*rows: tuple[int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(SCHEMAS["seen"]), orient="row")


def timers(*rows: tuple[int, int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(SCHEMAS["timers"]), orient="row")


def buckets(*keys: int | None) -> pl.DataFrame:
    return pl.DataFrame({"bucket": keys}, schema={"bucket": pl.UInt64})


def saved(state: State) -> MemoryShelf:
    """A shelf on which a state's rows were laid."""
    shelf = MemoryShelf()
    shelf.save(state)
    return shelf


def test_every_frame_has_a_schema_and_its_questions() -> None:
    frames = {field.name for field in fields(State) if field.type == "pl.DataFrame"}
    assert frames == set(SCHEMAS) == set(ASKED)
    for name, questions in ASKED.items():
        for on in (*questions, KEYS.get(name, ())):
            assert set(on) <= set(SCHEMAS[name]), (name, on)


def test_rows_in_hand_by_key_in_their_order() -> None:
    rows = seen((2**63 + 5, "a"), (7, "b"), (2**63 + 5, "c"), (8, "d"))
    state = empty().plus(seen=rows)
    keys = pl.DataFrame({"key": [8, 2**63 + 5, None]}, schema={"key": pl.UInt64})
    assert state.of("seen", keys, "key")["message_id"].to_list() == ["a", "c", "d"]
    assert state.of("seen", keys[1:2], "key")["message_id"].to_list() == ["a", "c"]
    assert state.of("seen", keys[2:], "key").rows() == []
    assert state.of("seen", keys.clear(), "key").rows() == []
    assert state.around("seen", keys, "key").rows() == rows.rows()
    assert state.around("seen", keys[:1], "key")["message_id"].to_list() == ["d"]


def test_rows_by_several_columns_and_a_fixed_one() -> None:
    rows = pl.DataFrame(
        [(1, 5, 10, 0, True), (1, 6, 11, 20, False), (2, 5, 12, 0, True)],
        schema=dict(SCHEMAS["pairs"]),
        orient="row",
    )
    state = empty().plus(pairs=rows)
    keys = pl.DataFrame(
        [(1, 6), (2, 6)], schema={"key": pl.UInt64, "user_key": pl.UInt64}, orient="row"
    )
    shelved = saved(state).state()
    for each in (state, shelved):
        assert each.of("pairs", keys, "key", "user_key")["position"].to_list() == [11]
        assert each.of("pairs", keys[1:], "key", "user_key").rows() == []
        assert each.of("pairs", keys, "key", belongs=True)["position"].to_list() == [10, 12]
        assert each.of("pairs", keys[:1], "key", belongs=True)["position"].to_list() == [10]


def test_put_replaces_by_key() -> None:
    state = empty().plus(used=used((1, 10), (2, 20))).put(used=used((2, 21), (3, 30)))
    assert state.used.rows() == [(1, 10), (2, 21), (3, 30)]


def test_own_rows_stand_in_place_of_those_on_the_shelf() -> None:
    shelf = saved(empty().plus(used=used((1, 10), (2, 20)), seen=seen((1, "a"))))
    state = shelf.state()
    assert state.used.rows() == []
    state = state.put(used=used((2, 21), (4, 40))).plus(seen=seen((1, "b")))
    assert state.of("used", buckets(1, 2, 3, 4, None), "bucket").rows() == [
        (1, 10),
        (2, 21),
        (4, 40),
    ]
    ids = pl.DataFrame({"key": [1]}, schema={"key": pl.UInt64})
    assert state.of("seen", ids, "key")["message_id"].to_list() == ["a", "b"]
    changes = state.changes()
    assert {name: rows.rows() for name, rows in changes.rows.items()} == {
        "used": [(2, 21), (4, 40)],
        "seen": [(1, "b")],
    }
    assert changes.gone == {}
    shelf.save(state)
    assert shelf.frames["used"].rows() == [(1, 10), (2, 21), (4, 40)]


def test_a_shelf_is_asked_each_question_once() -> None:
    shelf = saved(empty().plus(used=used((1, 10), (2, 20))))
    state = shelf.state()
    assert state.of("used", buckets(1, 2), "bucket").rows() == [(1, 10), (2, 20)]
    assert state.of("used", buckets(2, 2, 1), "bucket").rows() == [(1, 10), (2, 20)]
    later = state.put(used=used((2, 21)))
    assert later.of("used", buckets(2), "bucket").rows() == [(2, 21)]
    assert later.of("used", buckets(1), "bucket").rows() == [(1, 10)]
    assert later.of("used", buckets(None), "bucket").rows() == []
    assert shelf.questions == [("used", ("bucket",))]
    assert later.of("used", buckets(1, 3), "bucket").rows() == [(1, 10)]
    assert shelf.questions == [("used", ("bucket",))] * 2


def waiting(*rows: tuple[int, int, int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(SCHEMAS["waiting"]), orient="row")


@pytest.mark.parametrize("shelved", [False, True])
def test_rows_taken_out_are_found_no_more(shelved: bool) -> None:
    state = empty().plus(waiting=waiting((0, 3, 77, 0), (0, 4, 77, 0), (0, 5, 78, 0)))
    shelf = saved(state)
    state = shelf.state() if shelved else state
    state = state.plus(waiting=waiting((0, 6, 77, 0)))
    user = pl.DataFrame({"user_key": [77]}, schema={"user_key": pl.UInt64})
    called = state.of("waiting", user, "user_key")
    assert called["touch_position"].to_list() == [3, 4, 6]
    state = state.without("waiting", called, "user_key")
    assert state.of("waiting", user, "user_key").rows() == []
    state = state.plus(waiting=waiting((0, 4, 77, 0)))
    assert state.of("waiting", user, "user_key").rows() == [(0, 4, 77, 0)]
    if shelved:
        assert state.changes().gone["waiting"].rows() == [(0, 3, 77), (0, 4, 77), (0, 6, 77)]
        shelf.save(state)
        assert shelf.frames["waiting"].rows() == [(0, 5, 78, 0), (0, 4, 77, 0)]


@pytest.mark.parametrize("shelved", [False, True])
def test_timers_ring_once(shelved: bool) -> None:
    state = empty().plus(timers=timers((1, 1, 50), (1, 2, 90), (2, 1, 60)))
    shelf = saved(state)
    state = (shelf.state() if shelved else state).but(log=60)
    ripe, state = state.ring()
    assert ripe.rows() == [(1, 1, 50), (2, 1, 60)]
    assert state.ring()[0].rows() == []
    grants = pl.DataFrame({"grant": [1, 2]})
    assert state.of("timers", grants, "grant").rows() == [(1, 2, 90)]
    if shelved:
        assert state.changes().gone["timers"].rows() == [(1, 1), (2, 1)]
        shelf.save(state)
        assert shelf.frames["timers"].rows() == [(1, 2, 90)]
    nothing_yet = empty().plus(timers=timers((1, 1, 50)))
    assert nothing_yet.ring()[0].rows() == []
    assert nothing_yet.but(log=49).ring()[0].rows() == []


def test_of_running_counts_the_last_is_saved() -> None:
    schema = dict(SCHEMAS["ordinals"])
    counts = pl.DataFrame([(0, 0, 5, 1), (0, 0, 5, 2), (0, 1, 5, 1)], schema=schema, orient="row")
    assert empty().plus(ordinals=counts).changes().rows["ordinals"].rows() == [
        (0, 0, 5, 2),
        (0, 1, 5, 1),
    ]


def test_where_nothing_can_be_found() -> None:
    state = empty()
    assert state.lacks("used")
    assert not state.plus(used=used((1, 1))).lacks("used")
    assert not over(MemoryShelf(), position=0, log=None, grants_made=0).lacks("used")
    assert blank("used").schema == used((1, 1)).schema
