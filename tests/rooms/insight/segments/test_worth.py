"""What chains brought in beside what was paid for them, to the minor unit."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from banyan.insight.segments import worth
from banyan.insight.segments.purchases import catch_up
from tests.installation import Installation
from tests.rooms.core.referrals.test_chains import EVERYBODY
from tests.rooms.pipeline.line import START, Line


def company() -> Line:
    """ann brought ben (60 less 50) and cid (70); cid brought dan (5.50); gus brought hal (1)."""
    line = Line()
    line.publish()
    line.story()
    line.say("Referral Link Created", "cid", code="CID", program="spring")
    line.say("Signed Up", "dan", referral_code="CID")
    line.say("Order Completed", "dan", order_id="o7", total="5.50", currency="USD")
    line.say("Order Completed", "dan", order_id="o8", total=900, currency="JPY")
    line.say("Referral Link Created", "gus", code="GUS", program="spring")
    line.say("Signed Up", "hal", referral_code="GUS")
    line.say("Order Completed", "hal", order_id="o9", total=1, currency="USD")
    line.say("Order Completed", "ann", order_id="o10", total=1000, currency="USD")
    line.work()
    catch_up()
    return line


def test_a_chain_is_worth_what_its_members_spent(installation: Installation) -> None:
    company()
    found = worth.of_chain("spring", "ann", most=100)
    # 10.00 + 70.00 + 5.50; ann got 20.00 for cid (that for ben came back), cid 20.00 for dan.
    assert found.worth == worth.Worth("ann", 3, 2, 2, "USD", 8550, 4000)
    assert found.layers == (worth.Layer(1, 2, 8000, 2000), worth.Layer(2, 1, 550, 2000))
    assert not found.is_cut
    nobody = worth.of_chain("spring", "dan", most=100)
    assert nobody == worth.Chain(worth.Worth("dan", 0, 0, 0, "USD", 0, 0), (), is_cut=False)


def test_of_a_large_chain_the_nearest_are_added_up_and_it_says_so(
    installation: Installation,
) -> None:
    company()
    whole = worth.of_chain("spring", "ann", most=3)
    assert (whole.worth.members, whole.is_cut) == (3, False)
    cut = worth.of_chain("spring", "ann", most=2)
    assert cut.is_cut
    assert cut.layers == (worth.Layer(1, 2, 8000, 2000),)
    assert cut.worth == worth.Worth("ann", 2, 1, 2, "USD", 8000, 2000)


def test_all_members_come_in_pieces(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    company()
    monkeypatch.setattr(worth, "_PIECE", 2)
    pieces = list(worth.members("spring", "ann"))
    assert [piece.height for piece in pieces] == [2, 1]
    assert pl.concat(pieces).drop("joined_at").rows() == [
        (1, "ann", "ben", 1000, 0),
        (1, "ann", "cid", 7000, 2000),
        (2, "cid", "dan", 550, 2000),
    ]
    assert pieces[0]["joined_at"][0] == START + timedelta(minutes=3)


def test_who_stands_in_a_chain_twice_spent_once(installation: Installation) -> None:
    line = Line()
    line.publish(EVERYBODY)
    for advocate, friend in (("ann", "ben"), ("ben", "ann"), ("ann", "cid")):
        line.say("Referral Link Created", advocate, code=advocate, program="spring")
        line.say("Signed Up", friend, referral_code=advocate)
    line.say("Order Completed", "cid", order_id="o1", total=30, currency="USD")
    line.work()
    catch_up()
    # cid is a friend of ann, who is at the top and, since ben brought her, on level 2 as well.
    assert worth.of_chain("spring", "ann", most=100).layers == (
        worth.Layer(1, 2, 3000, 0),
        worth.Layer(2, 1, 0, 0),
        worth.Layer(3, 1, 0, 0),
    )
    [whole] = worth.members("spring", "ann")
    assert whole.select("level", "friend", "revenue").rows() == [
        (1, "ben", 0),
        (1, "cid", 3000),
        (2, "ann", 0),
        (3, "cid", 0),
    ]


def test_the_greatest_chains_and_levels(installation: Installation) -> None:
    company()
    ann, gus = worth.largest("spring")
    assert ann == worth.of_chain("spring", "ann", most=100).worth
    assert gus == worth.Worth("gus", 1, 1, 1, "USD", 100, 2000)
    assert [one.top for one in worth.largest("spring", by="revenue", limit=1)] == ["ann"]
    assert worth.depths("spring") == [(1, 1), (2, 1)]
    assert worth.by_level("spring") == [
        worth.Level(1, 3, 1, 8100),
        worth.Level(2, 1, 0, 550),
    ]
    assert worth.largest("other") == []
