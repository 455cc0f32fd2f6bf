"""A friend's yes and no in so many words."""

from __future__ import annotations

import pytest

from banyan.core.referrals.read import ReferralRow, referrals_of
from tests.rooms.pipeline.line import PROGRAM, Line

pytestmark = pytest.mark.usefixtures("installation")

LATE = PROGRAM.replace("window: 30d", "window: 30d\n  joins_on: [Order Completed]")


def line(source: str = PROGRAM) -> Line:
    """A line with that program and Ann's link."""
    made = Line()
    made.publish(source)
    made.say("Referral Link Created", "ann", code="ANN", program="spring")
    return made


def stage(row: ReferralRow, name: str) -> tuple[int, str]:
    """Where a stage was reached, and why."""
    [found] = [one for one in row.stages if one.stage == name]
    return found.position, found.reason


def test_accepted_is_where_the_friend_said_yes_and_not_where_the_referral_began() -> None:
    told = line(LATE)
    told.say("Referral Link Clicked", anonymousId="web-1", code="ANN")
    signed_up = told.say("Signed Up", "ben", anonymousId="web-1")
    accepted = told.say("Referral Accepted", "ben", program="spring")
    told.say("Referral Accepted", "ben", program="spring")
    ordered = told.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    told.work()
    [row] = referrals_of(["ben"])
    assert row.join_position == ordered
    assert stage(row, "accepted") == (accepted, "")
    assert signed_up < accepted < ordered


def test_it_is_found_in_another_batch_too() -> None:
    told = line(LATE)
    told.say("Referral Link Clicked", anonymousId="web-1", code="ANN")
    told.say("Signed Up", "ben", anonymousId="web-1")
    accepted = told.say("Referral Accepted", "ben")
    told.work()
    told.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    told.work()
    [row] = referrals_of(["ben"])
    assert stage(row, "accepted") == (accepted, "")


def test_a_yes_to_another_program_or_before_the_invitation_is_none_to_this() -> None:
    told = line(LATE)
    told.say("Referral Accepted", "ben", program="spring")
    told.say("Referral Link Clicked", anonymousId="web-1", code="ANN")
    told.say("Referral Accepted", "ben", anonymousId="web-1", program="autumn")
    told.say("Referral Accepted", "cid", program="spring")
    ordered = told.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    told.work()
    [row] = referrals_of(["ben"])
    assert stage(row, "accepted") == (ordered, "")


def test_a_no_ends_the_referral_of_the_program_it_names() -> None:
    told = line()
    told.say("Signed Up", "ben", referral_code="ANN")
    told.say("Referral Declined", "ben", program="autumn")
    told.work()
    [row] = referrals_of(["ben"])
    assert row.stage == "activated"
    declined = told.say("Referral Declined", "ben", program="spring")
    told.work()
    [row] = referrals_of(["ben"])
    assert (row.stage, stage(row, "lost")) == ("lost", (declined, "declined"))


def test_a_no_without_a_program_ends_all() -> None:
    told = line()
    told.say("Signed Up", "ben", referral_code="ANN")
    told.say("Referral Declined", "ben")
    told.say("Referral Declined", anonymousId="web-9", program="spring", code="ANN")
    told.work()
    [row] = referrals_of(["ben"])
    assert row.stage == "lost"
