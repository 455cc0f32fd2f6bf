"""How many came of a program in a time: its own friends, in the time that is asked for."""

from __future__ import annotations

from datetime import timedelta

from banyan.core.referrals.came import Came, came
from tests.installation import Installation
from tests.rooms.pipeline.line import START, Line


def test_friends_advocates_and_purchases_of_a_time(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Referral Link Created", "eve", code="EVE", program="spring")
    for friend, code in (("ben", "ANN"), ("cid", "ANN"), ("dan", "EVE")):
        line.say("Signed Up", friend, referral_code=code)
    middle = line.now + timedelta(seconds=30)
    line.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    line.say("Order Completed", "ben", order_id="o2", total=50, currency="USD")
    line.work()
    end = line.now + timedelta(seconds=1)
    assert came("spring", since=START, until=end) == Came(joined=3, advocates=2, bought=1)
    # Half-open: what happens at the end is not in it, and what was before is not either.
    assert came("spring", since=START, until=middle) == Came(joined=3, advocates=2, bought=0)
    assert came("spring", since=middle, until=end) == Came(joined=0, advocates=0, bought=1)
    assert came("autumn", since=START, until=end) == Came(joined=0, advocates=0, bought=0)
