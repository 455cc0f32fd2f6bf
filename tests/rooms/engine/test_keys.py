"""Keys stand for texts; two texts behind one key stop everything."""

import polars as pl
import pytest

from banyan.engine.keys import KeyClash, assert_same, key


def test_equal_texts_pass_also_no_rows() -> None:
    frame = pl.DataFrame({"mine": ["ann", "王"], "found": ["ann", "王"]})
    assert_same(frame, "mine", "found")
    assert_same(frame.clear(), "mine", "found")


@pytest.mark.parametrize("found", [["ann", "bea"], ["Ann", "bob"], ["ann", "bob "]])
def test_one_different_text_is_a_clash(found: list[str]) -> None:
    frame = pl.DataFrame({"mine": ["ann", "bob"], "found": found})
    with pytest.raises(KeyClash) as caught:
        assert_same(frame, "mine", "found")
    assert caught.value.sentence == (
        "Two different ids have the same internal key; nothing was written. "
        "Please report this log: it is the first of its kind."
    )


def test_kinds_of_key_never_meet_and_null_has_none() -> None:
    frame = pl.DataFrame({"text": ["ann", None, "ann"]})
    keys = frame.select(user=key(pl.col("text"), "user"), code=key(pl.col("text"), "code"))
    assert keys.dtypes == [pl.UInt64, pl.UInt64]
    assert keys["user"].is_null().to_list() == [False, True, False]
    assert keys["user"][0] == keys["user"][2] != keys["code"][0]
