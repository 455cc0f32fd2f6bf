"""A friend's yes and no in so many words, and what is left of a program's caps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from banyan.core.programs.read import published_program
from banyan.core.referrals.read import ReferralRow, referrals_of
from banyan.core.referrals.room import is_used_up
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


CAPPED = """
program: spring
version: 1
currency: USD
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed}
rewards:
  welcome: {to: friend, on: bought, give: cash, amount: 20.00, CAPS}
LIMITS
"""


def capped(caps: str, limits: str = "") -> str:
    """The program with these caps."""
    return CAPPED.replace("CAPS", f"caps: [{caps}]" if caps else "hold: 0d").replace(
        "LIMITS", f"limits: [{limits}]" if limits else ""
    )


@pytest.mark.parametrize(
    ("source", "after_one", "after_two"),
    [
        (capped("{per: program, count: 2}"), False, True),
        (capped("{per: program, amount: 40.00}"), False, True),
        (capped("{per: program, amount: 20.00}"), True, True),
        (capped("{per: advocate, count: 1}"), True, True),
        (capped("{per: friend, count: 1}"), False, False),
        (capped("", "{give: cash, per: program, amount: 30.00}"), False, True),
        (capped("", "{give: points, per: program, amount: 1}"), False, False),
        (capped("{per: program, period: month, count: 1}"), True, True),
    ],
)
def test_when_the_caps_leave_nothing_for_one_more_friend(
    source: str, after_one: bool, after_two: bool
) -> None:
    told = line(source)
    terms = published_program("spring", 1)
    assert not is_used_up(terms, "ann", now=told.now)
    for friend, expected in (("ben", after_one), ("cid", after_two)):
        told.say("Signed Up", friend, referral_code="ANN")
        told.say("Order Completed", friend, order_id=friend, total=50, currency="USD")
        told.work()
        assert is_used_up(terms, "ann", now=told.now) == expected


def test_a_new_month_and_what_came_back_make_room_again() -> None:
    told = line(capped("{per: program, period: month, count: 1}"))
    terms = published_program("spring", 1)
    told.say("Signed Up", "ben", referral_code="ANN")
    told.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    told.work()
    assert is_used_up(terms, "ann", now=told.now)
    assert not is_used_up(terms, "ann", now=told.now + timedelta(days=31))
    told.say("Order Refunded", "ben", order_id="o1")
    told.work()
    assert not is_used_up(terms, "ann", now=told.now)


def test_what_friends_do_not_get_cannot_be_used_up_for_them() -> None:
    told = line(capped("").replace("to: friend", "to: upline"))
    assert not is_used_up(published_program("spring", 1), "ann", now=told.now)
