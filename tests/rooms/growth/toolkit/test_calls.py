"""Where customers are called to take part: everywhere, in some places, or nowhere for now."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from banyan.growth.toolkit.calls import BadCall, Call, call, calls, set_call
from tests.installation import Installation

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def test_without_a_word_the_call_stands_everywhere(installation: Installation) -> None:
    assert call("p") == Call("everywhere", ())
    assert call("p").reaches([])
    assert calls(["p"]) == {}


def test_a_call_reaches_who_has_one_of_its_tags(installation: Installation) -> None:
    kept = set_call("user:1", "p", place="tagged", tags=[" east ", "", "south", "east"], now=NOW)
    assert kept == call("p") == Call("tagged", ("east", "south"))
    assert kept.reaches(["vip", "south"])
    assert not kept.reaches(["west"])
    assert not kept.reaches([])
    assert call("q").place == "everywhere"


def test_nowhere_reaches_nobody_and_keeps_no_tags(installation: Installation) -> None:
    set_call("user:1", "p", place="tagged", tags=["east"], now=NOW)
    assert set_call("user:1", "p", place="nowhere", tags=["east"], now=NOW) == Call("nowhere", ())
    assert not call("p").reaches(["east"])
    set_call("user:1", "p", place="everywhere", now=NOW)
    assert call("p").reaches([])


@pytest.mark.parametrize(
    ("place", "tags", "sentence"),
    [
        ("somewhere", [], "place: choose"),
        ("tagged", [" "], "name at least one place"),
        ("tagged", ["x" * 65], "at most 200 of 64"),
        ("tagged", [f"t{n}" for n in range(201)], "at most 200 of 64"),
    ],
)
def test_what_is_no_call_is_refused(
    installation: Installation, place: str, tags: list[str], sentence: str
) -> None:
    with pytest.raises(BadCall, match=sentence):
        set_call("user:1", "p", place=place, tags=tags, now=NOW)
    assert call("p") == Call()
