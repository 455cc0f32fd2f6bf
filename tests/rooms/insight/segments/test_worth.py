"""What chains brought in beside what was paid for them, to the minor unit."""

from __future__ import annotations

from banyan.insight.segments import worth
from banyan.insight.segments.purchases import catch_up
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


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
    found = worth.of_chain("spring", "ann")
    # 10.00 + 70.00 + 5.50; ann got 20.00 for cid (that for ben came back), cid 20.00 for dan.
    assert found == worth.Worth("ann", 3, 2, 2, "USD", 8550, 4000)
    assert worth.of_chain("spring", "dan") == worth.Worth("dan", 0, 0, 0, "USD", 0, 0)


def test_the_greatest_chains_and_levels(installation: Installation) -> None:
    company()
    ann, gus = worth.largest("spring")
    assert ann == worth.of_chain("spring", "ann")
    assert gus == worth.Worth("gus", 1, 1, 1, "USD", 100, 2000)
    assert [one.top for one in worth.largest("spring", by="revenue", limit=1)] == ["ann"]
    assert worth.depths("spring") == [(1, 1), (2, 1)]
    assert worth.by_level("spring") == [
        worth.Level(1, 3, 1, 8100),
        worth.Level(2, 1, 0, 550),
    ]
    assert worth.largest("other") == []
