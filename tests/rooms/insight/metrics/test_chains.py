"""Chains as sums: also where people brought each other, and however the log is cut."""

from __future__ import annotations

import pytest

from banyan.core.programs.read import published
from banyan.core.referrals import held
from banyan.core.referrals.models import Decision
from banyan.insight.metrics import forest
from banyan.insight.metrics.promised import promised
from banyan.insight.metrics.rebuild import catch_up, start_again
from banyan.insight.segments.worth import of_chain
from banyan.pipeline.books import book_of
from banyan.pipeline.wait import cursor_position
from tests.installation import Installation
from tests.rooms.core.referrals.test_chains import EVERYBODY, brought, tree
from tests.rooms.insight.metrics.busy import busy
from tests.rooms.insight.metrics.test_figures import everything, rows
from tests.rooms.pipeline.line import Line

HOLDING = """
program: spring
version: 1
currency: USD
attribution: {window: 30d}
friends: {where: "TRUE"}
milestones:
  bought: {on: Order Completed}
rewards:
  thanks: {to: advocate, on: bought, give: cash, amount: 20.00}
risk:
  - {id: crowd, when: "friends_24h >= 2", then: hold, for: advocate}
"""


def everybody() -> Line:
    line = Line()
    line.publish(EVERYBODY)
    return line


def places() -> list[tuple[object, ...]]:
    """Of each friend: advocate, friend, top, depth, below."""
    return sorted((row[2], row[1], row[22], row[8], row[23]) for row in rows("friend"))


def counted_anew(*, limit: int) -> None:
    """All figures again, so many positions at a time."""
    versions = published()
    stands = promised(book_of(versions), versions)
    start_again()
    while catch_up(stands, cursor=cursor_position(), limit=limit):
        pass


def test_a_tree_is_kept_as_sums(installation: Installation) -> None:
    tree(everybody())
    assert rows("chain") == [("spring", "ann", 5, 3, 2, 0), ("spring", "gus", 1, 1, 1, 0)]
    assert rows("chainlevel") == [
        ("spring", "ann", 1, 2),
        ("spring", "ann", 2, 2),
        ("spring", "ann", 3, 1),
        ("spring", "gus", 1, 1),
    ]
    # ben and dan brought others: two levels hang on ben, one on dan.
    assert rows("level") == [
        ("spring", 1, 3, 1, 2, 2, 1),
        ("spring", 2, 2, 1, 1, 1, 0),
        ("spring", 3, 1, 0, 0, 1, 1),
    ]


def test_how_far_recommending_goes_on(installation: Installation) -> None:
    tree(everybody())
    assert forest.fission("spring") == forest.Fission(6, 4, 2, 1.5)
    assert forest.fission("spring").per_advocate == 1.5
    assert forest.depths("spring") == [(1, 1), (3, 1)]
    assert forest.fission("other") == forest.Fission(0, 0, 0, 0.0)
    assert forest.fission("other").per_advocate == 0.0
    assert forest.depths("other") == []
    assert forest.members() == {"spring": 6}


def test_who_comes_later_lifts_those_above(installation: Installation) -> None:
    line = everybody()
    tree(line)
    brought(line, "hal", "ida")
    brought(line, "fay", "joe")
    line.work()
    assert rows("chain") == [("spring", "ann", 6, 4, 2, 0), ("spring", "gus", 2, 2, 1, 0)]
    assert forest.depths("spring") == [(2, 1), (4, 1)]
    below = {row[1]: row[4] for row in places() if row[4]}
    assert below == {"ben": 3, "dan": 2, "fay": 1, "hal": 1}
    assert forest.fission("spring") == forest.Fission(8, 6, 2, 7 / 4)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_who_brought_each_other_stand_in_order(installation: Installation, limit: int) -> None:
    line = everybody()
    for pair in ("ann ben", "ben ann", "ann cid"):
        brought(line, *pair.split())
    line.work()
    live = everything()
    counted_anew(limit=limit)
    assert everything() == live
    # ann joined after she had brought ben, so ben's chain holds her and whom she brought since.
    assert places() == [
        ("ann", "ben", "ann", 1, 2),
        ("ann", "cid", "ann", 3, 0),
        ("ben", "ann", "ann", 2, 1),
    ]
    assert rows("chain") == [("spring", "ann", 3, 3, 1, 0)]
    # She is one advocate, with friends on two levels.
    assert rows("level") == [
        ("spring", 1, 1, 1, 2, 1, 0),
        ("spring", 2, 1, 1, 1, 1, 0),
        ("spring", 3, 1, 0, 0, 0, 1),
    ]


def crowd(line: Line) -> None:
    """dan, ben and cid come by ann and order; what she gets for the latter two is held."""
    for friend in ("dan", "ben", "cid"):
        line.say("Signed Up", friend, referral_code="ann")
        line.say("Order Completed", friend, order_id=f"of-{friend}", total=50, currency="USD")


def word(line: Line, verdict: str, decision_id: str) -> None:
    """Somebody's word on a held decision."""
    line.say(f"Decision {verdict}", anonymousId="staff", decision_id=decision_id)


def paid() -> int:
    """What ann's chain was paid; as kept, and as its decisions say."""
    [(_program, _top, _members, _depth, _width, kept)] = rows("chain")
    assert kept == of_chain("spring", "ann", most=100).worth.paid
    return int(kept)


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_a_held_reward_counts_from_its_release(installation: Installation, limit: int) -> None:
    line = Line()
    line.publish(HOLDING)
    line.say("Referral Link Created", "ann", code="ann", program="spring")
    crowd(line)
    line.work()
    assert paid() == 2000
    first, second = sorted(held.ids(held.Asked(), limit=10))
    word(line, "Released", first)
    word(line, "Released", first)
    word(line, "Denied", second)
    line.work()
    assert paid() == 4000
    line.say("Order Refunded", "dan", order_id="of-dan")
    line.work()
    assert paid() == 2000
    line.say("Order Refunded", "ben", order_id="of-ben")
    line.work()
    assert paid() == 0
    live = everything()
    counted_anew(limit=limit)
    assert everything() == live


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_a_word_before_its_decision_counts_once(installation: Installation, limit: int) -> None:
    line = Line()
    line.publish(HOLDING)
    line.say("Referral Link Created", "ann", code="ann", program="spring")
    word(line, "Released", "spring/thanks/ann/6")
    line.work()
    crowd(line)
    line.work()
    assert "spring/thanks/ann/6" in Decision.objects.filter(outcome="held").values_list(
        "decision_id", flat=True
    )
    assert paid() == 4000
    word(line, "Released", "spring/thanks/ann/6")
    line.work()
    assert paid() == 4000
    line.say("Order Refunded", "ben", order_id="of-ben")
    line.work()
    assert paid() == 2000
    live = everything()
    counted_anew(limit=limit)
    assert everything() == live


def test_other_cuts_of_the_log_change_nothing(installation: Installation) -> None:
    busy()
    live = everything()
    assert max(row[3] for row in live["chain"]) >= 4
    counted_anew(limit=170)
    assert everything() == live
