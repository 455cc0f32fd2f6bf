"""What a program's caps leave: of an advocate's own, and for one more friend."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from banyan.core.programs.acts import set_seed
from banyan.core.programs.read import published_program
from banyan.core.referrals.read import decisions
from banyan.pipeline.limits import is_used_up, rooms
from banyan.trust.privacy.acts import merge_customers
from tests.rooms.pipeline.line import Line

pytestmark = pytest.mark.usefixtures("installation")

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)

CAPPED = """
program: spring
version: 1
currency: USD
timezone: Asia/Shanghai
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed}
rewards:
  welcome: {to: friend, on: bought, give: cash, amount: 20.00, CAPS}
LIMITS
"""


def capped(caps: str, limits: str = "", to: str = "friend") -> str:
    """The program with these caps."""
    return (
        CAPPED.replace("CAPS", f"caps: [{caps}]" if caps else "hold: 0d")
        .replace("LIMITS", f"limits: [{limits}]" if limits else "")
        .replace("to: friend", f"to: {to}")
    )


def line(source: str) -> Line:
    """A line with that program and links of Ann's and Eve's."""
    made = Line()
    made.publish(source)
    made.say("Referral Link Created", "ann", code="ANN", program="spring")
    made.say("Referral Link Created", "eve", code="EVE", program="spring")
    return made


def brings(told: Line, friend: str, code: str = "ANN") -> None:
    """A friend comes by a code and buys for 50."""
    told.say("Signed Up", friend, referral_code=code)
    told.say("Order Completed", friend, order_id=friend, total=50, currency="USD")
    told.work()


@pytest.mark.parametrize(
    ("source", "after_one", "after_two"),
    [
        (capped("{per: program, count: 2}"), False, True),
        (capped("{per: program, amount: 40.00}"), False, True),
        (capped("{per: program, amount: 20.00}"), True, True),
        (capped("{per: advocate, count: 1}"), True, True),
        (capped("{per: friend, count: 1}"), False, False),
        (capped("{per: beneficiary, count: 1}"), False, False),
        (capped("{per: beneficiary, count: 1}", to="advocate"), True, True),
        (capped("{per: beneficiary, count: 2}", to="advocate"), False, True),
        (capped("{per: program, count: 9}, {per: advocate, count: 2}"), False, True),
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
        brings(told, friend)
        assert is_used_up(terms, "ann", now=told.now) == expected


def test_caps_of_an_advocate_are_not_those_of_another() -> None:
    told = line(capped("{per: advocate, count: 1}"))
    terms = published_program("spring", 1)
    brings(told, "ben")
    assert is_used_up(terms, "ann", now=told.now)
    assert not is_used_up(terms, "eve", now=told.now)


def test_a_cap_of_the_program_is_one_for_all() -> None:
    told = line(capped("{per: program, count: 1}"))
    terms = published_program("spring", 1)
    brings(told, "ben")
    assert is_used_up(terms, "eve", now=told.now)
    assert rooms(terms, "eve", now=told.now) == []


def test_a_new_month_and_what_came_back_make_room_again() -> None:
    told = line(capped("{per: program, period: month, count: 1}"))
    terms = published_program("spring", 1)
    brings(told, "ben")
    assert is_used_up(terms, "ann", now=told.now)
    assert not is_used_up(terms, "ann", now=told.now + timedelta(days=31))
    told.say("Order Refunded", "ben", order_id="ben")
    told.work()
    assert not is_used_up(terms, "ann", now=told.now)


def test_a_month_is_one_of_the_programs_time_zone() -> None:
    told = line(capped("{per: advocate, period: month, count: 1}", to="advocate"))
    terms = published_program("spring", 1)
    brings(told, "ben")
    # In Shanghai April begins while it is still the afternoon of 31 March in London.
    april = datetime(2026, 3, 31, 16, tzinfo=UTC)
    [room] = rooms(terms, "ann", now=april - timedelta(microseconds=1))
    assert (room.size, room.used, room.left, room.ends_at) == (1, 1, 0, april)
    assert is_used_up(terms, "ann", now=april - timedelta(microseconds=1))
    [room] = rooms(terms, "ann", now=april)
    assert (room.used, room.left, room.ends_at) == (0, 1, datetime(2026, 4, 30, 16, tzinfo=UTC))
    assert not is_used_up(terms, "ann", now=april)


def test_what_came_back_in_part_frees_its_amount_and_still_counts() -> None:
    caps = "{per: advocate, count: 1}, {per: beneficiary, amount: 5.00}"
    source = capped(caps, to="advocate").replace("20.00", "{percent: 10, of: total}")
    told = line(source)
    terms = published_program("spring", 1)
    brings(told, "ben")
    assert [(one.used, one.left) for one in rooms(terms, "ann", now=told.now)] == [(1, 0), (500, 0)]
    for refund, used in ((20, [1, 300]), (10, [1, 200]), (20, [0, 0])):
        told.say("Order Refunded", "ben", order_id="ben", total=refund, currency="USD")
        told.work()
        assert [one.used for one in rooms(terms, "ann", now=told.now)] == used
        assert is_used_up(terms, "ann", now=told.now) == (used[0] == 1)


def test_a_later_cap_below_what_was_used_leaves_nothing_and_not_less() -> None:
    told = line(capped("{per: advocate, amount: 40.00}", to="advocate"))
    for friend in ("ben", "cid"):
        brings(told, friend)
    second = capped("{per: advocate, amount: 30.00}", to="advocate")
    told.publish(second.replace("version: 1", "version: 2"))
    [room] = rooms(published_program("spring", 2), "ann", now=told.now)
    assert (room.unit, room.counts, room.size, room.used, room.left) == (
        "cash USD",
        False,
        3000,
        4000,
        0,
    )
    assert is_used_up(published_program("spring", 2), "ann", now=told.now)


def test_a_draw_is_used_up_when_no_prize_is_left() -> None:
    prizes = (
        "{draw: [{weight: 1, give: points, amount: 5}, {weight: 1, give: gift:cup, amount: 1}]}"
    )
    limits = "{give: points, per: program, count: 2}, {give: gift:cup, per: program, count: 1}"
    source = capped("", limits).replace("cash", "points").replace("20.00", prizes)
    # Whoever wins nothing gets something sure; here the first friend alone.
    sure = "  sure: {to: friend, on: bought, give: credit, amount: 1.00, "
    source = source.replace("limits:", sure + "caps: [{per: program, count: 1}]}\nlimits:")
    source += f"seed_sha256: {sha256(b'lucky').hexdigest()}\n"
    set_seed("tester", "spring", "lucky", now=AT)
    told = line(source)
    terms = published_program("spring", 1)
    won, all_of_them = Counter[str](), {"points": 2, "gift:cup": 1, "credit USD": 1}
    for number in range(12):
        assert is_used_up(terms, "ann", now=told.now) == (won == all_of_them)
        brings(told, f"friend-{number}")
        won = Counter(row.unit for row in decisions(limit=50) if row.amount)
    assert won == all_of_them


def test_limits_are_those_of_the_one_user_id_that_refers() -> None:
    """Two ids of one person are two advocates to the engine, and each has its own caps."""
    told = line(capped("{per: advocate, count: 1}", to="advocate"))
    terms = published_program("spring", 1)
    brings(told, "ben")
    merge_customers("tester", "ann", "eve", reason="same person", now=told.now)
    told.work()
    assert [one.left for one in rooms(terms, "ann", now=told.now)] == [0]
    assert [one.left for one in rooms(terms, "eve", now=told.now)] == [1]
    brings(told, "cid", code="EVE")
    assert [one.left for one in rooms(terms, "eve", now=told.now)] == [0]
    assert sum(row.amount > 0 for row in decisions(beneficiary="eve")) == 1


def test_what_friends_do_not_get_cannot_be_used_up_for_them() -> None:
    told = line(capped("", to="upline"))
    assert not is_used_up(published_program("spring", 1), "ann", now=told.now)
