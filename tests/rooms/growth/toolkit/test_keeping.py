"""Pictures on disk: drawn once, never more than fit."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from banyan.growth.toolkit import keeping
from banyan.growth.toolkit.keeping import kept, key_of


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """A data folder of one's own."""
    with override_settings(BANYAN_HOME=tmp_path):
        yield tmp_path


def refuse() -> bytes:
    raise AssertionError("it was drawn before")


def test_a_picture_is_drawn_once(home: Path) -> None:
    key = key_of("moments", ("a", "b"))
    assert kept(key, "jpg", lambda: b"drawn") == b"drawn"
    assert kept(key, "jpg", refuse) == b"drawn"
    assert kept(key, "png", lambda: b"other") == b"other"
    names = {file.name for file in (home / "cache" / "pictures" / key[:2]).iterdir()}
    assert names == {f"{key}.jpg", f"{key}.png"}


def test_other_content_is_another_picture() -> None:
    assert key_of("a", "b") == key_of("a", "b")
    assert len({key_of("a", "b"), key_of("b", "a"), key_of("ab"), key_of("a", ("b",))}) == 4


def test_of_two_who_ask_at_once_one_draws() -> None:
    drawn, begin = [], threading.Barrier(4)

    def draw() -> bytes:
        drawn.append(1)
        return b"x"

    def ask() -> None:
        begin.wait()
        assert kept("ab" + "0" * 30, "jpg", draw) == b"x"

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [1]


def test_what_was_not_asked_for_longest_goes_first(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_BYTES", 1000)
    keys = [f"{n}{n}" + "0" * 30 for n in range(5)]
    for n, key in enumerate(keys[:4]):
        kept(key, "jpg", lambda: b"x" * 250)
        file = home / "cache" / "pictures" / key[:2] / f"{key}.jpg"
        os.utime(file, ns=(n, n))
    kept(keys[0], "jpg", refuse)
    kept(keys[4], "jpg", lambda: b"x" * 250)
    there = {file.name for file in (home / "cache" / "pictures").rglob("*.jpg")}
    assert there == {f"{key}.jpg" for key in (keys[0], keys[3], keys[4])}


def test_a_drawing_that_fails_leaves_nothing(home: Path) -> None:
    with pytest.raises(AssertionError):
        kept("cc" + "0" * 30, "jpg", refuse)
    assert kept("cc" + "0" * 30, "jpg", lambda: b"drawn") == b"drawn"
