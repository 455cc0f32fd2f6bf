"""What wallets added up to: earned by programs, topped up, and where it went."""

from __future__ import annotations

from banyan.core.ledger.totals import Totals, totals
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


def test_what_was_topped_up_was_not_earned(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    ends = "2026-03-01T08:05:00Z"
    line.say("Wallet Credited", "ben", unit="points", amount=30, reference="a")
    line.say("Wallet Credited", "ben", unit="points", amount=7, reference="b", expires_at=ends)
    line.say("Wallet Spent", "ben", unit="points", amount=50, reference="a")
    line.say("Clock Ticked", anonymousId="clock")
    line.work()
    told = totals(["ben"])
    # The 7 lapse at the very moment of the spend, so they go before it.
    assert told == [
        Totals("points", earned=100, credited=30 + 7, available=80, spent=50, expired=7)
    ]
