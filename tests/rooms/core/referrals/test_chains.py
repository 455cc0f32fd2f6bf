"""Chains: trees of referrals, also where people brought each other."""

from __future__ import annotations

import pytest

from banyan.core.referrals import chains
from tests.installation import Installation
from tests.rooms.pipeline.line import Line

EVERYBODY = """
program: spring
version: 1
currency: USD
attribution: {window: 30d}
friends: {where: "TRUE"}
milestones:
  bought: {on: Order Completed}
rewards:
  welcome: {to: friend, on: joined, give: points, amount: 100}
"""


@pytest.fixture
def line(installation: Installation) -> Line:
    """A program in which anybody may be anybody's friend."""
    line = Line()
    line.publish(EVERYBODY)
    return line


def brought(line: Line, advocate: str, friend: str) -> None:
    """The friend signs up with the advocate's code."""
    line.say("Referral Link Created", advocate, code=advocate, program="spring")
    line.say("Signed Up", friend, referral_code=advocate)


def tree(line: Line) -> None:
    """ann brought ben and cid, ben brought dan and eve, dan brought fay; gus brought hal."""
    for pair in ("ann ben", "ann cid", "ben dan", "ben eve", "dan fay", "gus hal"):
        brought(line, *pair.split())
    line.work()


def test_a_tree_is_told_up_and_down(line: Line) -> None:
    tree(line)
    assert chains.above("spring", "fay") == ["dan", "ben", "ann"]
    assert chains.above("spring", "ann") == []
    assert [(one.friend, one.friends) for one in chains.below("spring", "ann")] == [
        ("ben", 2),
        ("cid", 0),
    ]
    assert chains.extent("spring", "ann").levels == (2, 2, 1)
    assert chains.extent("spring", "gus").levels == (1,)
    assert chains.extent("spring", "fay").levels == ()
    assert chains.members("spring", "ben").rows() == [("dan", 1), ("eve", 1), ("fay", 2)]
    assert chains.above("other", "fay") == []
    assert chains.programs_of(["fay"]) == ["spring"]


def test_friends_come_in_pages_and_members_up_to_a_limit(line: Line) -> None:
    tree(line)
    [first] = chains.below("spring", "ann", limit=1)
    [second] = chains.below("spring", "ann", after=first.position, limit=1)
    assert (first.friend, second.friend) == ("ben", "cid")
    assert chains.below("spring", "ann", after=second.position) == []
    cut = chains.extent("spring", "ann", most=3)
    assert (cut.members, cut.is_cut) == (3, True)
    assert chains.extent("spring", "ann", most=5).is_cut is False


def test_who_brought_each_other_stand_in_order(line: Line) -> None:
    brought(line, "ann", "ben")
    brought(line, "ben", "ann")
    brought(line, "ann", "cid")
    line.work()
    # ann joined after she had brought ben, so ben's chain holds her and whom she brought since.
    assert chains.above("spring", "ben") == ["ann"]
    assert chains.above("spring", "ann") == ["ben", "ann"]
    assert chains.extent("spring", "ann").levels == (2, 1, 1)
    assert chains.extent("spring", "ben").levels == (1, 1)
    assert chains.forest("spring").select("advocate", "friend", "top", "level", "below").rows() == [
        ("ann", "ben", "ann", 1, 2),
        ("ben", "ann", "ann", 2, 1),
        ("ann", "cid", "ann", 3, 0),
    ]


def test_how_far_recommending_goes_on(line: Line) -> None:
    tree(line)
    found = chains.fission("spring")
    assert (found.referrals, found.advocates, found.chains) == (6, 4, 2)
    assert found.per_advocate == 1.5
    # ben and dan brought others: two levels hang on ben, one on dan.
    assert found.levels == ((3, 1), (2, 1), (1, 0))
    assert found.layers_below == 1.5
    assert chains.fission("other").per_advocate == 0.0


def test_a_forest_is_that_of_the_rows_there_are(line: Line) -> None:
    tree(line)
    assert chains.forest("spring").height == 6
    brought(line, "hal", "ida")
    line.work()
    assert chains.forest("spring").filter(chains.forest("spring")["top"] == "gus").height == 2
