"""Frames on their way between shards."""

import polars as pl
import pytest

from banyan.pipeline.files import BadFile
from banyan.pipeline.mail import (
    DONE,
    Inbox,
    Letter,
    by_key,
    by_shard,
    delivered,
    letters,
    problem,
    to_all,
)

KEYS = [0, 7, 2**64 - 1, None]
ROWS = pl.DataFrame(
    {"key": KEYS, "number": [10**30, -1, 0, 5]}, schema={"key": pl.UInt64, "number": pl.Int128}
)


def _read(sent: list[Letter], shard: int) -> pl.DataFrame:
    box = Inbox(shard, 3)
    for letter in sent:
        if letter.shard == shard:
            box.put(letter.name, letter.data)
    return box.get("rows", ROWS.schema, by="number")


def test_a_row_goes_to_the_home_of_its_key_and_arrives_as_it_was() -> None:
    sent = list(by_key(ROWS, "key", 4, "rows", 3))
    assert {(letter.round, letter.name) for letter in sent} == {(4, "rows")}
    assert _read(sent, 0).rows() == [(2**64 - 1, 0), (0, 10**30)]
    assert _read(sent, 1).rows() == [(7, -1)]
    # Whom no key names gets nothing: an empty frame, with its columns.
    assert _read(sent, 2).schema == ROWS.schema
    assert _read(sent, 2).is_empty()


def test_rows_go_to_the_shard_they_name_or_to_all_that_are_named() -> None:
    sent = list(by_shard(ROWS.with_columns(_to=pl.Series([2, None, 2, 1])), 1, "rows"))
    assert _read(sent, 2)["number"].to_list() == [0, 10**30]
    assert _read(sent, 1)["number"].to_list() == [5]
    assert [letter.shard for letter in to_all(ROWS, 1, (0, 2), "rows")] == [0, 2]
    assert list(to_all(ROWS.clear(), 1, (0, 2), "rows")) == []


def test_a_large_frame_travels_in_several_letters_and_is_one_again() -> None:
    large = pl.DataFrame({"number": pl.int_range(1_500_000, eager=True)})
    sent = list(letters(large, 1, 0, "rows"))
    assert len(sent) == 3
    box = Inbox(0, 1)
    for letter in reversed(sent):
        box.put(letter.name, letter.data)
    found = box.find("rows", by="number")
    assert found is not None
    assert found.equals(large)
    assert box.find("others", by="number") is None
    assert box.named("ro") == ["rows"]


def test_columns_of_one_name_may_come_in_any_order() -> None:
    box = Inbox(0, 1)
    for frame in (ROWS[:1], ROWS[1:2].select("number", "key")):
        for letter in letters(frame, 1, 0, "rows"):
            box.put(letter.name, letter.data)
    assert box.get("rows", {}, by="number").rows() == [(7, -1), (0, 10**30)]


def test_a_problem_far_away_is_the_same_problem_at_home() -> None:
    sent = [*letters(ROWS, DONE, 0, "rows"), problem(BadFile("There is no such file."))]
    assert delivered(sent[:1]).get("rows", {}, by="number").height == 4
    with pytest.raises(BadFile, match="There is no such file"):
        delivered(sent)
