"""The oracle against answers worked out by hand: a rule a test, the refused case beside it."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.draws import chance_of, variant
from tests.oracle.model import run
from tests.oracle.moments import period_of, read_boundary, read_moment, write_moment
from tests.oracle.people import email, phone
from tests.oracle.scenario import (
    Log,
    Row,
    columns,
    day,
    earning,
    joined_log,
    paying,
    referral_program,
    self_program,
    table,
)
from tests.oracle.terms import minor_digits, read_version
from tests.oracle.values import as_boolean, as_number, as_text, exact, is_too_large, plain

DAY_SECONDS = 86400

# Reading


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
        ("2026-01-31T08:00:00.000Z", "2026-01-31T08:00:00Z"),
        ("2026-01-31T08:00:00.1239999Z", "2026-01-31T08:00:00.123999Z"),
        ("2026-01-31t08:00:00+08:00", "2026-01-31T00:00:00Z"),
        ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"),
        ("2026-01-31T08:00:00-00:30", "2026-01-31T08:30:00Z"),
    ],
)
def test_moments_are_read_with_their_offset(text: str, expected: str) -> None:
    assert write_moment(read_moment(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "2026-01-31",
        "2026-01-31T08:00:00",
        "2026-01-31 08:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T08:00:00+0800",
        "1767225600",
    ],
)
def test_what_is_no_moment(text: str | None) -> None:
    assert read_moment(text) is None


def test_kinds_of_values() -> None:
    given: tuple[Any, ...] = ("a", "", 42, True, None, ["a"], {})
    assert [as_text(each) for each in given] == [
        "a", None, "42", None, None, None, None,
    ]  # fmt: skip
    assert [as_number(each) for each in (7, "7.50", "1e3", "+5", ".5", " 5", True, "")] == [
        7, Decimal("7.5"), None, None, None, None, None, None,
    ]  # fmt: skip
    assert [as_boolean(each) for each in (True, "false", "True", 1, None)] == [
        True, False, None, None, None,
    ]  # fmt: skip
    assert [plain(exact(each)) for each in ("20.50", 1000, -0.1)] == [
        "20.5", "1000", "-0.1",
    ]  # fmt: skip


def test_size_of_numbers() -> None:
    assert not is_too_large(10**12)
    assert not is_too_large("-1000000000000")
    assert is_too_large(10**12 + 1)
    assert is_too_large("1000000000000.1")
    assert is_too_large(Decimal("1e999999"))
    assert not is_too_large("1e999999")  # no plain decimal: NULL


def test_each_reject_code_stands_before_the_next() -> None:
    """Faults are looked for in order: each line has one fault less than the one before."""
    log = Log()
    log.raw(b"{not json}")
    log.raw(b'["a list"]')
    log.raw(b'{"messageId": "\xff"}')
    log.event(type="click", messageId="s", at="never", properties={"total": 10**13})
    log.event(type="click", messageId="i", properties={"total": 10**13})
    log.event(type="click", messageId="t", userId="u", properties={"total": 10**13})
    log.event(type="track", messageId="e", userId="u", properties={"total": 10**13})
    log.track("X", "u", message="n", total=10**13)
    log.track("Referral Link Clicked", "u", message="c", code="nope")
    assert columns(table("rejects", [], log), "position", "message_id", "code") == [
        (1, None, "bad_json"),
        (2, None, "bad_json"),
        (3, None, "bad_json"),
        (4, "s", "bad_timestamp"),
        (5, "i", "no_id"),
        (6, "t", "bad_type"),
        (7, "e", "no_event"),
        (8, "n", "number_too_large"),
        (9, "c", "unknown_code"),
    ]


def test_blank_lines_take_no_position() -> None:
    log = Log()
    log.raw(b"")
    log.raw(b"  \n")
    log.raw(b"{}")
    assert columns(table("rejects", [], log), "position", "code") == [(1, "bad_timestamp")]


def test_number_too_large_is_about_number_properties_alone() -> None:
    log = Log()
    log.track("X", "u", seats="9999999999999")
    log.track("X", "u", coupon=9999999999999, other=9999999999999)
    program = self_program(properties={"seats": "number"})
    assert columns(table("rejects", program, log), "position") == [1]
    assert table("rejects", self_program(), log) == []


def test_a_duplicate_changes_nothing_but_a_reject_uses_up_no_id() -> None:
    log = Log()
    log.order("u", total=10**13, message="a")  # rejected
    log.order("u", message="a")  # so this one counts
    log.order("u", message="a")
    log.order("u", message="b")
    rows = table("decisions", earning(), log)
    assert columns(rows, "position", "ordinal") == [(2, 1), (4, 2)]


def test_a_missing_message_id_is_the_position() -> None:
    log = Log()
    log.order("u", message="3")
    log.event(type="track", event="Order Completed", userId="u", messageId=None)
    log.event(type="track", event="Order Completed", userId="u", messageId=None)  # is "3" again
    assert columns(table("decisions", earning(), log), "position") == [1, 2]


def test_an_event_with_an_unknown_code_counts_and_uses_up_its_id() -> None:
    log = Log()
    log.order("u", referral_code="nope", message="a")
    log.order("u", message="a")
    assert columns(table("rejects", earning(), log), "position", "code") == [(1, "unknown_code")]
    assert columns(table("decisions", earning(), log), "position") == [1]


# Identity


def test_contacts_are_compared_in_one_form() -> None:
    assert email("  Ann@Example.COM ") == "ann@example.com"
    assert [phone(each) for each in ("+49 (171) 23", "0049 171-23", "0171/23", "none", "00")] == [
        "+4917123", "+4917123", "017123", "", "",
    ]  # fmt: skip


def test_a_click_meets_the_user_whose_anonymous_id_it_was() -> None:
    log = Log()
    log.link("ann", "A1")
    log.click(" a1 ", "device-1", channel="mail", script="s2")
    log.track("Page Seen", "bob", anonymous="device-1")
    log.signup("bob", at=1)
    assert table("referrals", referral_program(), log) == [
        {
            "program": "p",
            "version": 1,
            "advocate": "ann",
            "friend": "bob",
            "kind": "click",
            "channel": "mail",
            "script": "s2",
            "touch_position": 2,
            "touched_at": day(0),
            "join_position": 4,
            "started_at": day(1),
        }
    ]


def test_a_click_does_not_meet_a_stranger() -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "device-1")
    log.signup("bob", anonymous="device-2")
    log.signup("device-1")  # a user id never equals an anonymous id
    assert table("referrals", referral_program(), log) == []


def test_an_alias_joins_the_previous_id_to_the_user() -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "old")
    log.event(type="alias", userId="bob", previousId="old")
    log.signup("bob")
    assert columns(table("referrals", referral_program(), log), "friend") == ["bob"]


def test_keys_learnt_after_the_click_count_from_then_on() -> None:
    """The first sign-up comes before the device is known, so the touch meets at the order."""
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "device-1")
    log.signup("bob")
    log.track("Page Seen", "bob", anonymous="device-1")
    log.order("bob")
    assert columns(table("referrals", referral_program(), log), "join_position") == [5]


def test_an_invite_touches_whoever_has_the_contact() -> None:
    log = Log()
    log.track("Referral Submitted", "ann", email=" Bob@X.org ", phone="0049 1")
    log.identify("bob", email="bob@x.ORG")
    log.signup("bob")
    log.identify("cid", phone="+49-1")
    log.signup("cid")
    log.identify("dan", email="+491", phone="bob@x.org")
    log.signup("dan")
    rows = table("referrals", referral_program(), log)
    assert columns(rows, "friend", "kind") == [("bob", "invite"), ("cid", "invite")]


def test_a_key_belongs_to_its_first_twenty_users() -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "shared")
    for number in range(21):
        log.signup(f"u{number}", anonymous="shared")
    friends = columns(table("referrals", referral_program(), log), "friend")
    assert friends == [f"u{number}" for number in range(20)]


@pytest.mark.parametrize(("newer", "met"), [(99, ["bob"]), (100, [])])
def test_a_touch_under_a_hundred_newer_ones_does_not_meet(newer: int, met: list[str]) -> None:
    """The newer ones are Bob's own clicks on his link: they are lost as his own referral."""
    log = Log()
    log.link("ann", "A1")
    log.link("bob", "B1")
    log.click("A1", "device-1")
    for _ in range(newer):
        log.click("B1", "device-1")
    log.signup("bob", anonymous="device-1")
    assert columns(table("referrals", referral_program(), log), "friend") == met
    assert len(table("touches_lost", referral_program(), log)) == newer


# Touches


def test_the_first_creation_owns_a_code_at_higher_positions() -> None:
    log = Log()
    log.click("A1", "d1")
    log.link("ann", "a1 ")
    log.link("eve", "A1")
    log.click("A1", "d2")
    log.signup("bob", anonymous="d1")
    log.signup("cid", anonymous="d2")
    rows = table("referrals", referral_program(), log)
    assert columns(rows, "advocate", "friend") == [("ann", "cid")]
    assert columns(table("rejects", referral_program(), log), "position") == [1]


def test_a_code_may_serve_one_program() -> None:
    log = Log()
    log.link("ann", "A1", program="q")
    log.link("ann", "A2")
    log.signup("bob", referral_code="A1")
    log.signup("cid", referral_code="A2")
    log.signup("dan", referral_code="A3")
    programs = [referral_program(program=slug) for slug in ("q", "p")]
    assert columns(table("referrals", programs, log), "program", "friend") == [
        ("q", "bob"), ("p", "cid"), ("q", "cid"),
    ]  # fmt: skip
    # A code of another program is known all the same.
    assert columns(table("rejects", programs[1], log), "position") == [5]


def test_a_coupon_is_a_code_only_when_it_is_one() -> None:
    log = Log()
    log.link("ann", "A1")
    log.order("bob", coupon="a1")
    log.order("cid", coupon="SUMMER")
    log.order("dan", coupon="A1", referral_code="nope")
    rows = table("referrals", referral_program(), log)
    assert columns(rows, "friend", "kind") == [("bob", "code")]
    assert columns(table("rejects", referral_program(), log), "position") == [4]


def test_only_a_created_link_makes_a_code() -> None:
    log = Log()
    log.track("Referral Link Created", anonymous="d", code="A1")  # nobody's
    log.track("Page Seen", "ann", code="A1")
    log.signup("bob", referral_code="A1")
    assert columns(table("rejects", referral_program(), log), "position") == [3]


def test_an_advocate_may_stand_in_place_of_a_code() -> None:
    log = Log()
    log.link("eve", "E1")
    log.order("bob", advocate="ann", coupon="E1")
    log.order("cid", advocate="ann", referral_code="E1")
    log.order("dan", advocate="ann", referral_code="nope")
    log.order("fay", advocate="ann", program="other")
    log.track("Referral Link Clicked", anonymous="d", advocate="ann")
    log.signup("gus", anonymous="d")
    rows = table("referrals", referral_program(), log)
    assert columns(rows, "friend", "advocate") == [
        ("bob", "ann"), ("cid", "eve"), ("dan", "ann"), ("gus", "ann"),
    ]  # fmt: skip
    assert table("rejects", referral_program(), log) == []


def test_a_referral_event_is_no_code_touch_nor_an_anonymous_one() -> None:
    log = Log()
    log.link("ann", "A1")
    log.track("Referral Shared", "bob", referral_code="A1")
    log.track("Page Seen", anonymous="d", referral_code="A1")
    log.signup("bob", anonymous="d")
    assert table("referrals", referral_program(), log) == []


def test_the_visitor_of_a_touch() -> None:
    log = Log()
    log.link("ann", "A1")
    log.track("Referral Link Clicked", "ann", anonymous="d", code="A1")
    log.track("Referral Link Clicked", "ann", code="A1")
    log.track("Referral Submitted", "ann", email="ann@x.org")
    log.identify("ann", email="ann@x.org")
    log.signup("ann", referral_code="A1")
    rows = table("touches_lost", referral_program(), log)
    assert columns(rows, "visitor") == ["d", "ann", None, "ann"]


def test_a_kind_that_is_not_preferred_is_no_touch() -> None:
    log = joined_log("bob")
    program = referral_program(attribution={"prefer": ["click"]})
    assert table("referrals", program, log) == []
    assert table("touches_lost", program, log) == []


# Meeting and joining


def lost_reason(program: Row | list[Row], log: Log) -> list[tuple[Any, ...]]:
    return columns(table("touches_lost", program, log), "touch_position", "reason")


def test_already_referred_stands_before_self_referral() -> None:
    log = joined_log("bob")
    log.link("bob", "B1")
    log.order("bob", referral_code="B1")
    assert table("touches_lost", referral_program(), log) == [
        {
            "program": "p",
            "advocate": "bob",
            "visitor": "bob",
            "kind": "code",
            "touch_position": 4,
            "touched_at": day(0),
            "join_position": 4,
            "reason": "already_referred",
        }
    ]


def test_self_referral() -> None:
    assert lost_reason(referral_program(), joined_log("ann")) == [(2, "self_referral")]


@pytest.mark.parametrize(
    ("at", "reasons"), [(9, [(2, "outside_run")]), (10, []), (20, [(2, "outside_run")])]
)
def test_runs_are_half_open(at: float, reasons: list[Any]) -> None:
    program = referral_program(runs={"from": "2026-01-11", "until": "2026-01-21"})
    assert lost_reason(program, joined_log("bob", at=at)) == reasons


@pytest.mark.parametrize(("seconds", "reasons"), [(0, []), (1, [(2, "outside_window")])])
def test_the_window_ends_to_the_second(seconds: int, reasons: list[Any]) -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "d")
    log.signup("bob", anonymous="d", at=day(30, seconds=seconds))
    assert lost_reason(referral_program(), log) == reasons


def test_ends_of_ranges_are_dates_or_moments() -> None:
    """A parser of YAML may make dates of dates."""
    zone = ZoneInfo("Asia/Shanghai")
    midnight = read_moment("2026-01-10T16:00:00Z")
    assert read_boundary("2026-01-11", zone) == midnight
    assert read_boundary(date(2026, 1, 11), zone) == midnight
    assert read_boundary("2026-01-11T00:00:00+08:00", zone) == midnight
    assert read_boundary(datetime(2026, 1, 10, 16, tzinfo=UTC), zone) == midnight


def test_a_clock_that_ran_backwards_counts_as_no_time() -> None:
    log = Log()
    log.link("ann", "A1", at=50)
    log.click("A1", "d", at=50)
    log.signup("bob", anonymous="d", at=0)
    assert columns(table("referrals", referral_program(), log), "friend") == ["bob"]


def test_advocates_are_judged_at_the_touch() -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "d1")
    log.order("ann")
    log.click("A1", "d2")
    log.signup("bob", anonymous="d1")
    log.signup("cid", anonymous="d2")
    program = referral_program(advocates={"where": "orders >= 1"})
    assert lost_reason(program, log) == [(2, "advocate_not_eligible")]
    assert columns(table("referrals", program, log), "friend") == ["cid"]


def test_friends_are_judged_at_the_touch() -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "d")
    log.order("old")
    log.order("old", anonymous="d")  # ordered before, but after the touch
    log.order("known")
    log.order("known", referral_code="A1")
    assert lost_reason(referral_program(), log) == [(6, "not_new")]
    assert columns(table("referrals", referral_program(), log), "friend") == ["old"]


def test_a_condition_that_is_null_does_not_hold() -> None:
    program = referral_program(advocates={"where": "tier <> 'banned'"})
    assert lost_reason(program, joined_log("bob")) == [(2, "advocate_not_eligible")]


@pytest.mark.parametrize(
    ("attribution", "winner", "lost"),
    [
        ({}, "code", [2, 3, 4]),
        ({"prefer": ["click", "code"]}, "click", [2, 6]),
        ({"prefer": ["click", "code"], "credit": "first_touch"}, "click", [3, 6]),
        ({"prefer": ["invite", "click"]}, "invite", [2, 3]),
    ],
)
def test_the_preferred_touch_wins(attribution: Any, winner: str, lost: list[int]) -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "d")
    log.click("A1", "d")
    log.track("Referral Submitted", "ann", email="bob@x.org")
    log.identify("bob", email="bob@x.org")
    log.signup("bob", anonymous="d", referral_code="A1")
    program = referral_program(attribution=attribution)
    assert columns(table("referrals", program, log), "kind") == [winner]
    assert lost_reason(program, log) == [(each, "lost_to_other_touch") for each in lost]


def test_a_touch_meets_once_and_is_lost_for_ever() -> None:
    """The click comes too late for the window at the sign-up; the order does not mend it."""
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "d", at=0)
    log.signup("bob", anonymous="d", at=40)
    log.order("bob", at=1)
    assert lost_reason(referral_program(), log) == [(2, "outside_window")]
    assert table("referrals", referral_program(), log) == []


def test_only_joins_on_events_join() -> None:
    log = joined_log("bob")
    program = referral_program(attribution={"joins_on": ["Order Completed"]})
    assert table("referrals", program, log) == []
    log.order("bob", at=3)
    assert columns(table("referrals", program, log), "join_position", "started_at") == [
        (3, day(3)),
    ]  # fmt: skip


def two_versions(first: Row, second: Row) -> list[Row]:
    """Two versions of one program, the second from 11 January on."""
    return [
        first | {"version": 1, "runs": {"until": "2026-01-11"}},
        second | {"version": 2, "runs": {"from": "2026-01-11"}},
    ]


def test_terms_are_frozen_at_the_touch() -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "d", at=9)
    log.signup("bob", anonymous="d", at=11)
    log.order("bob", at=12)
    log.signup("cid", referral_code="A1", at=12)
    log.order("cid", at=12)
    programs = two_versions(paying(amount=10), paying(amount=30))
    assert columns(table("referrals", programs, log), "friend", "version") == [
        ("bob", 1), ("cid", 2),
    ]  # fmt: skip
    assert columns(table("decisions", programs, log), "version", "ordinal", "amount") == [
        (1, 1, 1000), (2, 2, 3000),
    ]  # fmt: skip


def test_the_highest_version_among_the_touches_chooses() -> None:
    """Version 1 would prefer the click; the invite's version 2 lists no click: it comes last."""
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "d", at=9)
    log.track("Referral Submitted", "ann", at=11, email="bob@x.org")
    log.identify("bob", email="bob@x.org")
    log.signup("bob", anonymous="d", at=12)
    programs = two_versions(
        referral_program(attribution={"prefer": ["click", "invite"]}),
        referral_program(attribution={"prefer": ["invite"]}),
    )
    assert columns(table("referrals", programs, log), "kind", "version") == [("invite", 2)]


def test_joins_on_is_that_of_the_judging_version() -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "d", at=9)
    log.track("Trial Started", "bob", anonymous="d", at=12)
    programs = two_versions(
        referral_program(attribution={"joins_on": ["Trial Started"]}), referral_program()
    )
    assert columns(table("referrals", programs, log), "version") == [1]
    assert table("referrals", programs[1:], log) == []


# Facts


def fact_log() -> Log:
    log = Log()
    log.track("Page Seen", "ann", at=0)
    log.identify("ann", tier="gold", tags=["vip", "new"], at=1)
    log.identify("ann", tier=None, tags=[], at=1)
    log.order("ann", total=19.5, at=2)
    log.order("ann", at=2)
    log.order("ann", total="5", currency="EUR", at=2)
    log.link("ann", "A1", at=2)
    log.signup("bob", referral_code="A1", at=day(2, seconds=DAY_SECONDS - 1))
    return log


@pytest.mark.parametrize(
    "condition",
    [
        "orders = 3",
        "spend = 24.5",
        "NOT is_new",
        "is_known",
        "tenure_days = 2",
        "tier = 'gold'",
        "tags IS NULL",
    ],
)
def test_facts_of_the_advocate_at_the_touch(condition: str) -> None:
    program = referral_program(advocates={"where": condition})
    assert columns(table("referrals", program, fact_log()), "friend") == ["bob"]


@pytest.mark.parametrize(
    "condition",
    [
        "orders = 0",
        "spend = 0",
        "is_new",
        "NOT is_known",
        "tenure_days = 0",
        "tier IS NULL",
        "tags IS NULL",
    ],
)
def test_facts_of_a_friend_never_seen(condition: str) -> None:
    program = referral_program(friends={"where": condition})
    assert columns(table("referrals", program, fact_log()), "friend") == ["bob"]


def test_tags_are_the_last_given() -> None:
    log = Log()
    log.identify("bob", tags=["old"])
    log.identify("bob", tags=["vip", "", 7])
    log.identify("bob", name="Bob")
    log.link("ann", "A1")
    log.signup("bob", referral_code="A1")
    program = referral_program(friends={"where": "tags = ',vip,7,'"})
    assert columns(table("referrals", program, log), "friend") == ["bob"]


# Milestones


def positions(program: Row | list[Row], log: Log) -> list[int]:
    """Give the positions of decisions."""
    return columns(table("decisions", program, log), "position")


def with_milestone(**parts: Any) -> Row:
    return referral_program(
        properties={"plan": "text"},
        milestones={"bought": {"on": "Order Completed"} | parts},
    )


def test_a_milestone_matches_from_the_join_on() -> None:
    log = Log()
    log.link("ann", "A1")
    log.click("A1", "d")
    log.order("bob")  # before the join
    log.order("bob", anonymous="d")  # the join itself
    log.order("cid")
    assert positions(with_milestone(), log) == [4]


def test_a_milestone_is_reached_once_without_repeats() -> None:
    log = joined_log("bob")
    log.order("bob")
    log.order("bob")
    assert positions(with_milestone(), log) == [3]


def test_conditions_and_currency_of_a_milestone() -> None:
    log = joined_log("bob")
    log.order("bob", total=49.99, currency="USD")
    log.order("bob", total=50, currency="usd")
    log.order("bob", total="fifty")
    log.order("bob", total="50.00", currency="")
    assert positions(with_milestone(where="total >= 50"), log) == [6]


@pytest.mark.parametrize(("seconds", "expected"), [(0, [3]), (1, [])])
def test_within_is_counted_from_the_start(seconds: int, expected: list[int]) -> None:
    log = joined_log("bob")
    log.order("bob", at=day(10, seconds=seconds))
    assert positions(with_milestone(within="10d"), log) == expected


def test_count_and_repeats() -> None:
    log = joined_log("bob")
    for _ in range(9):
        log.order("bob")
    assert positions(with_milestone(count=2), log) == [4]
    assert positions(with_milestone(count=2, repeats={"up_to": 3}), log) == [4, 6, 8]


def test_a_sum_jumps_over_multiples() -> None:
    """Sums 90, 250 (over 100 and 200), 260, 310, 290 (down), 305, 420."""
    log = joined_log("bob")
    for total in (90, 160, 10, 50, -20, 15, 115):
        log.order("bob", total=total)
    sum_of = {"of": "total", "reaches": 100}
    assert positions(with_milestone(sum=sum_of), log) == [4]
    assert positions(with_milestone(sum=sum_of, repeats={"up_to": 3}), log) == [4, 6, 9]
    assert positions(with_milestone(sum=sum_of, repeats={"up_to": 2}), log) == [4, 6]


def test_joined_is_reached_once_whatever_the_currency() -> None:
    log = Log()
    log.link("ann", "A1")
    log.order("bob", referral_code="A1", currency="EUR")
    log.signup("bob")
    assert positions(paying(on="joined"), log) == [2]


def test_facts_in_milestones_count_lower_positions() -> None:
    log = joined_log("bob")
    log.order("bob")
    log.order("bob")
    program = with_milestone(where="friend_orders = 1 AND advocate_is_new")
    assert positions(program, log) == [4]


def test_a_refunded_order_still_counts() -> None:
    log = joined_log("bob")
    log.order("bob", total=5, order_id="o1")
    log.refund("bob", "o1")
    log.order("bob", total=5)
    assert positions(with_milestone(count=2), log) == [5]


# Rewards


def test_a_whole_decision() -> None:
    log = joined_log("bob")
    log.order("bob", at="2026-01-03T10:00:00.5Z")
    program = paying(hold="14d", expires="1h")
    assert table("decisions", program, log) == [
        {
            "decision_id": "p/pay/ann/3",
            "program": "p",
            "version": 1,
            "reward": "pay",
            "to": "advocate",
            "beneficiary": "ann",
            "advocate": "ann",
            "friend": "bob",
            "milestone": "bought",
            "ordinal": 1,
            "position": 3,
            "occurred_at": "2026-01-03T10:00:00.500000Z",
            "unit": "cash USD",
            "raw_amount": 2000,
            "amount": 2000,
            "outcome": "granted",
            "reason": None,
            "available_at": "2026-01-17T10:00:00.500000Z",
            "expires_at": "2026-01-17T11:00:00.500000Z",
        }
    ]


def amounts(program: Row | list[Row], log: Log, **more: Any) -> list[tuple[Any, ...]]:
    """Give raw amount, amount and reason of each decision."""
    rows = table("decisions", program, log, **more)
    return columns(rows, "raw_amount", "amount", "reason")


def test_nth_counts_achievements_whatever_became_of_them() -> None:
    log = joined_log("bob", "cid", "dan")
    log.order("bob", total=1)
    log.order("cid", total=2)
    log.order("dan", total=3)
    rows = table("decisions", paying(when="total <> 2", amount={"sql": "nth"}), log)
    assert columns(rows, "friend", "ordinal", "amount") == [("bob", 1, 100), ("dan", 3, 300)]


def test_percent_with_its_ends() -> None:
    log = Log()
    for total in (19.99, "200", 5000, 0, None):
        log.order("u", total=total)
    amount = {"percent": 5, "of": "total", "min": 1.5, "max": 200}
    assert amounts(earning(give="cash", amount=amount), log) == [
        (150, 150, None),
        (1000, 1000, None),
        (20000, 20000, None),
        (150, 150, None),
        (0, 0, "zero_amount"),
    ]


def test_percent_rounds_half_away_from_zero() -> None:
    log = Log()
    log.order("u", total="20.10")  # 1.005
    log.order("u", total="20.08")  # 1.004
    assert amounts(earning(give="credit", amount={"percent": 5, "of": "total"}), log) == [
        (101, 101, None),
        (100, 100, None),
    ]


@pytest.mark.parametrize(
    ("ladder", "expected"),
    [
        ({"first": 50, "grow": "10%", "steps": 4}, [5000, 5500, 6050, 6655, 6655]),
        ({"first": 50, "add": 5, "steps": 3}, [5000, 5500, 6000, 6000, 6000]),
    ],
)
def test_ladders(ladder: Any, expected: list[int]) -> None:
    log = Log()
    for _ in range(5):
        log.order("u")
    rows = table("decisions", earning(give="cash", amount={"ladder": ladder}), log)
    assert columns(rows, "amount") == expected


def test_a_ladder_rounds_once_to_six_decimals() -> None:
    """The sixth step is 0.0031046 x 1.61051 = 0.004999989346, which is 0.005000: one cent."""
    log = Log()
    for _ in range(6):
        log.order("u")
    ladder = {"first": "0.0031046", "grow": "10%", "steps": 6}
    rows = table("decisions", earning(give="cash", amount={"ladder": ladder}), log)
    assert columns(rows, "amount") == [0, 0, 0, 0, 0, 1]


def test_tables_compare_as_text() -> None:
    log = Log()
    for product in ("roof", "wall", None, 3, True):
        log.track("Order Completed", "u", product=product, seats=product)
    by_text = {"by": "product", "table": {"roof": 5, "3": 7}}
    program = earning(amount=by_text) | {"properties": {"product": "text", "seats": "number"}}
    assert columns(table("decisions", program, log), "amount") == [5, 0, 0, 7, 0]
    by_number = {"by": "seats", "table": {"3": 9}, "else": 1}
    program = earning(amount=by_number) | {"properties": {"seats": "number"}}
    assert columns(table("decisions", program, log), "amount") == [1, 1, 1, 9, 1]
    by_fact = {"by": "is_new", "table": {"true": 4}, "else": 2}
    assert columns(table("decisions", earning(amount=by_fact), log), "amount") == [4, 2, 2, 2, 2]


def test_sql_amounts_below_zero_or_null_are_zero() -> None:
    log = Log()
    for total in (3, 1, None):
        log.order("u", total=total)
    assert amounts(earning(amount={"sql": "total - 2"}), log) == [
        (1, 1, None),
        (0, 0, "zero_amount"),
        (0, 0, "zero_amount"),
    ]


def test_boosts_multiply_by_the_dates_of_the_timezone() -> None:
    """11 January in Shanghai begins at 16:00 UTC on the tenth."""
    log = Log()
    for at in ("2026-01-10T15:59:59Z", "2026-01-10T16:00:00Z", "2026-01-11T16:00:00Z"):
        log.order("u", at=at)
    boosts = [
        {"from": "2026-01-11", "until": "2026-01-12", "times": 2},
        {"from": "2026-01-11", "until": "2026-01-13", "times": 1.5},
    ]
    program = earning(boosts=boosts) | {"timezone": "Asia/Shanghai"}
    assert columns(table("decisions", program, log), "amount") == [10, 30, 15]


@pytest.mark.parametrize(
    ("currency", "give", "expected"),
    [("JPY", "cash", 13), ("KWD", "cash", 12500), ("USD", "cash", 1250), ("USD", "points", 13)],
)
def test_amounts_are_whole_minor_units_or_counts(currency: str, give: str, expected: int) -> None:
    log = Log()
    log.order("u")
    program = earning(give=give, amount=12.5) | {"currency": currency}
    assert columns(table("decisions", program, log), "amount") == [expected]


def test_minor_digits() -> None:
    assert [minor_digits(each) for each in ("USD", "JPY", "KWD", "CLF")] == [2, 0, 3, 4]


def test_the_upline_is_the_advocates_advocate() -> None:
    log = joined_log("bob")
    log.link("bob", "B1")
    log.signup("cid", referral_code="B1")
    log.order("cid")
    log.order("bob")  # ann has no advocate
    assert columns(table("decisions", paying(to="upline"), log), "beneficiary", "friend") == [
        ("ann", "cid"),
    ]  # fmt: skip


def test_the_friend_is_not_their_own_upline() -> None:
    log = joined_log("bob")
    log.link("bob", "B1")
    log.signup("ann", referral_code="B1")
    log.order("ann")
    assert table("decisions", paying(to="upline"), log) == []


def test_a_charity_gets_a_grant_in_its_own_account() -> None:
    log = Log()
    log.order("u")
    rows = table("postings", earning(to="charity:trees"), log)
    assert columns(rows, "transfer_id", "account", "amount") == [
        ("p/earn/charity:trees/1/grant", "program:p", -10),
        ("p/earn/charity:trees/1/grant", "charity:trees:pending", 10),
        ("p/earn/charity:trees/1/available", "charity:trees:pending", -10),
        ("p/earn/charity:trees/1/available", "charity:trees:available", 10),
    ]


def test_rewards_are_decided_in_file_order() -> None:
    log = Log()
    log.link("ann", "A1")
    log.order("bob", referral_code="A1")
    rewards = {
        "z": {"to": "friend", "on": "bought", "give": "points", "amount": 1},
        "a": {"to": "advocate", "on": "joined", "give": "points", "amount": 1},
    }
    rows = table("decisions", referral_program(rewards=rewards), log)
    assert columns(rows, "reward") == ["z", "a"]


# Caps


def orders_log(*times: float | str, user: str = "u", **properties: Any) -> Log:
    log = Log()
    for at in times:
        log.order(user, at=at, **properties)
    return log


def test_an_amount_cap_grants_what_is_left() -> None:
    program = earning(caps=[{"per": "beneficiary", "amount": 25}])
    assert amounts(program, orders_log(0, 0, 0, 0)) == [
        (10, 10, None),
        (10, 10, None),
        (10, 5, "cap:0"),
        (10, 0, "cap:0"),
    ]


def test_all_or_nothing() -> None:
    program = earning(caps=[{"per": "beneficiary", "amount": 25, "partial": False}])
    assert amounts(program, orders_log(0, 0, 0)) == [
        (10, 10, None), (10, 10, None), (10, 0, "cap:0"),
    ]  # fmt: skip


def test_a_count_cap_counts_grants_above_zero() -> None:
    log = Log()
    for total in (0, 5, 6, 7):
        log.order("u", total=total)
    program = earning(amount={"sql": "total"}, caps=[{"per": "program", "count": 2}])
    assert amounts(program, log) == [
        (0, 0, "zero_amount"), (5, 5, None), (6, 6, None), (7, 0, "cap:0"),
    ]  # fmt: skip


def test_the_last_cap_that_cut_is_the_reason() -> None:
    caps = [{"per": "beneficiary", "amount": 8}, {"per": "program", "amount": 12}]
    program = earning(caps=caps) | {"limits": [{"give": "points", "per": "program", "amount": 9}]}
    log = orders_log(0)
    log.order("v")
    log.order("w")
    assert amounts(program, log) == [(10, 8, "cap:0"), (10, 1, "limit:0"), (10, 0, "limit:0")]


def test_limits_stand_over_rewards_of_one_unit() -> None:
    rewards = {
        "a": {"to": "self", "on": "bought", "give": "points", "amount": 10},
        "b": {"to": "self", "on": "bought", "give": "badge:x", "amount": 1},
        "c": {"to": "self", "on": "bought", "give": "points", "amount": 10},
    }
    limits = [
        {"give": "badge:x", "per": "program", "count": 5},
        {"give": "points", "per": "beneficiary", "amount": 15},
    ]
    program = self_program(rewards=rewards, limits=limits)
    assert amounts(program, orders_log(0)) == [
        (10, 10, None), (1, 1, None), (10, 5, "limit:1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("period", "times", "expected"),
    [
        ("day", ("03-08T07:59:59", "03-08T08:00:00", "03-09T06:59:59"), [6, 6, 4]),
        ("day", ("03-09T06:59:59", "03-09T07:00:00"), [6, 6]),
        ("week", ("03-02T08:00:00", "03-09T06:59:59", "03-09T07:00:00"), [6, 4, 6]),
        ("month", ("01-31T12:00:00", "02-01T07:59:59", "02-01T08:00:00"), [6, 4, 6]),
        ("quarter", ("03-31T12:00:00", "04-01T06:59:59", "04-01T07:00:00"), [6, 4, 6]),
        ("year", ("01-01T07:59:59", "01-01T08:00:00", "12-31T12:00:00"), [6, 6, 4]),
        (None, ("01-01T07:59:59", "01-01T08:00:00"), [6, 4]),
    ],
)
def test_calendar_periods_in_los_angeles(period: Any, times: Any, expected: list[int]) -> None:
    """On 8 March 2026 the clocks go forward: days begin at 08:00 UTC before, at 07:00 after."""
    cap = {"per": "beneficiary", "amount": 10} | ({"period": period} if period else {})
    program = earning(amount=6, caps=[cap]) | {"timezone": "America/Los_Angeles"}
    log = orders_log(*[f"2026-{time}Z" for time in times])
    assert columns(table("decisions", program, log), "amount") == expected


def test_periods_have_names() -> None:
    zone = read_version(self_program()).zone
    moment = read_moment("2026-05-17T00:00:00Z")  # a Sunday
    assert moment is not None
    assert period_of(moment, "week", zone) == "week of 2026-05-11"
    assert period_of(moment, "quarter", zone) == "quarter 2026-2"


def test_caps_per_advocate_and_friend() -> None:
    log = joined_log("bob", "cid")
    for friend in ("bob", "bob", "cid"):
        log.order(friend)
    repeated = {"bought": {"on": "Order Completed", "repeats": {"up_to": 9}}}
    per_friend = paying(caps=[{"per": "friend", "count": 1}]) | {"milestones": repeated}
    assert columns(table("decisions", per_friend, log), "amount") == [2000, 0, 2000]
    per_advocate = paying(caps=[{"per": "advocate", "count": 1}]) | {"milestones": repeated}
    assert columns(table("decisions", per_advocate, log), "amount") == [2000, 0, 0]


def test_what_is_reversed_is_given_back_to_its_period() -> None:
    log = Log()
    log.order("u", total=1, order_id="o1", at=0)
    log.order("u", total=1, order_id="o2", at=0)  # nothing left
    log.refund("u", "o1", at=40)
    log.order("u", total=1, order_id="o3", at=40)  # another month
    log.order("u", total=1, order_id="o4", at=1)  # late, in the month that got it back
    program = earning(caps=[{"per": "beneficiary", "period": "month", "amount": 10}])
    assert columns(table("decisions", program, log), "amount") == [10, 0, 10, 10]


def test_a_count_is_given_back_when_a_grant_is_wholly_reversed() -> None:
    log = Log()
    log.order("u", total=4, order_id="o1")
    log.refund("u", "o1", total=2)
    log.order("u", total=4, order_id="o2")
    log.refund("u", "o1", total=2)
    log.order("u", total=4, order_id="o3")
    program = earning(on_refund="proportional", caps=[{"per": "program", "count": 1}])
    assert columns(table("decisions", program, log), "amount") == [10, 0, 10]


def test_caps_go_on_over_versions() -> None:
    small = earning(caps=[{"per": "beneficiary", "amount": 15}])
    large = earning(caps=[{"per": "beneficiary", "amount": 30}, {"per": "program", "amount": 12}])
    log = orders_log(0, 0, 20, 20)
    assert amounts(two_versions(small, large), log) == [
        (10, 10, None), (10, 5, "cap:0"), (10, 10, None), (10, 2, "cap:1"),
    ]  # fmt: skip


def test_a_smaller_cap_of_a_later_version_is_full_at_once() -> None:
    large = earning(caps=[{"per": "beneficiary", "amount": 30}])
    small = earning(caps=[{"per": "beneficiary", "amount": 15}])
    assert columns(
        table("decisions", two_versions(large, small), orders_log(0, 0, 20)), "amount", "reason"
    ) == [(10, None), (10, None), (0, "cap:0")]


# Self programs


def test_a_self_program_counts_under_the_version_in_force() -> None:
    programs = two_versions(earning(amount=1), earning(amount=2))
    programs[1]["runs"] |= {"until": "2026-01-21"}
    rows = table("decisions", programs, orders_log(0, 15, 30))
    assert columns(rows, "position", "version", "ordinal", "amount", "to", "friend") == [
        (1, 1, 1, 1, "self", None),
        (2, 2, 2, 2, "self", None),
    ]


def test_running_counts_go_on_across_versions() -> None:
    """Two matches under `count: 5`, then `count: 3`: the third match reaches it."""
    five, three = self_program(), self_program()
    five["milestones"] = {"bought": {"on": "Order Completed", "count": 5}}
    three["milestones"] = {"bought": {"on": "Order Completed", "count": 3}}
    assert positions(two_versions(five, three), orders_log(0, 0, 15, 15)) == [3]


def test_an_anonymous_order_earns_nothing() -> None:
    log = Log()
    log.track("Order Completed", anonymous="d")
    log.order("u", anonymous="d")
    assert positions(earning(), log) == [2]


# Risk


def verdict(rule: Row, log: Log, **more: Any) -> list[tuple[Any, ...]]:
    """Give outcome, amount and reason of advocate's and friend's reward for each order."""
    rewards = {
        "a": {"to": "advocate", "on": "bought", "give": "points", "amount": 5},
        "f": {"to": "friend", "on": "bought", "give": "points", "amount": 5},
    }
    program = referral_program(rewards=rewards, risk=[{"id": "r"} | rule])
    return columns(table("decisions", program, log, **more), "outcome", "amount", "reason")


REJECTED = ("rejected", 0, "risk:r")
HELD = ("held", 5, "risk:r")
GRANTED = ("granted", 5, None)


def device_log(at_join: str) -> Log:
    log = Log()
    log.link("ann", "A1")
    log.track("Page Seen", "ann", device="phone-1", anonymous="web-1")
    log.signup("bob", device=at_join, anonymous=f"web-of-{at_join}", referral_code="A1")
    log.order("bob")
    return log


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"then": "reject"}, [REJECTED, REJECTED]),
        ({"then": "reject", "for": "both"}, [REJECTED, REJECTED]),
        ({"then": "reject", "for": "advocate"}, [REJECTED, GRANTED]),
        ({"then": "hold"}, [HELD, HELD]),
        ({"then": "hold", "for": "advocate"}, [HELD, GRANTED]),
    ],
)
def test_verdicts(rule: Row, expected: list[Any]) -> None:
    rule = {"when": "same_device"} | rule
    assert verdict(rule, device_log("phone-1")) == expected
    assert verdict(rule, device_log("phone-2")) == [GRANTED, GRANTED]


def test_a_device_is_no_anonymous_id() -> None:
    rule = {"when": "same_device", "then": "reject"}
    assert verdict(rule, device_log("web-1")) == [GRANTED, GRANTED]


def test_the_first_rule_that_holds_wins() -> None:
    risk = [
        {"id": "no", "when": "friends_total > 5", "then": "reject"},
        {"id": "first", "when": "friends_total = 1", "then": "hold"},
        {"id": "second", "when": "TRUE", "then": "reject"},
    ]
    log = joined_log("bob")
    log.order("bob")
    rows = table("decisions", paying() | {"risk": risk}, log)
    assert columns(rows, "outcome", "reason") == [("held", "risk:first")]


def test_what_is_earned_in_a_stop_of_any_version_is_held() -> None:
    log = joined_log("bob")
    log.order("bob")
    row = table("decisions", paying(), log)[0]
    moment = datetime.fromisoformat(row["occurred_at"])
    later = (moment + timedelta(seconds=1)).isoformat()
    for stop, expected in (
        ({"from": moment.isoformat()}, ("held", "stopped")),
        ({"from": "2020-01-01", "until": later}, ("held", "stopped")),
        ({"from": later}, ("granted", None)),
        ({"from": "2020-01-01", "until": moment.isoformat()}, ("granted", None)),
    ):
        newer = paying() | {"version": 2, "runs": {"from": "2040-01-01"}, "stops": [stop]}
        rows = table("decisions", [paying(), newer], log)
        assert [(one["outcome"], one["reason"]) for one in rows] == [expected], stop
        assert rows[0]["version"] == 1


def test_a_held_decision_of_nothing_is_rejected() -> None:
    log = joined_log("bob", "cid")
    log.order("bob")
    log.order("cid")
    risk = [{"id": "r", "when": "TRUE", "then": "hold"}]
    program = paying(caps=[{"per": "program", "amount": 30}]) | {"risk": risk}
    rows = table("decisions", program, log)
    assert columns(rows, "outcome", "amount", "reason") == [
        ("held", 2000, "risk:r"), ("held", 1000, "risk:r"),
    ]  # fmt: skip
    log.signup("dan", referral_code="ANN1")
    log.order("dan")
    assert columns(table("decisions", program, log), "outcome", "reason", "available_at")[2:] == [
        ("rejected", "cap:0", None),
    ]  # fmt: skip
    nothing = paying(amount=0) | {"risk": risk}
    assert set(columns(table("decisions", nothing, log), "outcome", "reason")) == {
        ("rejected", "zero_amount"),
    }  # fmt: skip


def test_a_rejection_by_risk_keeps_its_raw_amount_and_uses_no_cap() -> None:
    log = joined_log("bob", "cid")
    log.order("bob")
    log.order("cid")
    risk = [{"id": "r", "when": "friends_total = 1", "then": "reject"}]
    program = paying(caps=[{"per": "program", "count": 1}]) | {"risk": risk}
    assert amounts(program, log) == [(2000, 0, "risk:r"), (2000, 2000, None)]


@pytest.mark.parametrize(("seconds", "expected"), [(0, REJECTED), (1, GRANTED)])
def test_an_address_is_the_same_for_thirty_days(seconds: int, expected: Any) -> None:
    log = Log()
    log.link("ann", "A1")
    log.track("Page Seen", "ann", ip="1.2.3.4", at=-5)  # late: its log time is day 0
    log.track("Page Seen", "ann", ip="9.9.9.9", at=20)
    log.signup("bob", ip="1.2.3.4", at=day(30, seconds=seconds), referral_code="A1")
    log.order("bob", at=31)
    assert verdict({"when": "same_ip", "then": "reject"}, log)[0] == expected


@pytest.mark.parametrize(("mail", "expected"), [(" BOB@x.org", REJECTED), ("b@x.org", GRANTED)])
def test_a_shared_contact(mail: str, expected: Any) -> None:
    log = Log()
    log.link("ann", "A1")
    log.identify("ann", email="bob@x.org")
    log.identify("bob", email=mail)
    log.signup("bob", referral_code="A1")
    log.order("bob")
    assert verdict({"when": "same_contact", "then": "reject"}, log)[0] == expected


@pytest.mark.parametrize(("mail", "expected"), [("b@Trash.org", HELD), ("b@x.trash.org", GRANTED)])
def test_a_disposable_address(mail: str, expected: Any) -> None:
    log = Log()
    log.identify("bob", email=mail)
    log.link("ann", "A1")
    log.signup("bob", referral_code="A1")
    log.order("bob")
    rule = {"when": "disposable_email", "then": "hold"}
    assert verdict(rule, log, disposable=frozenset({"trash.org"}))[0] == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0, HELD), (1, GRANTED)])
def test_friends_in_a_day_of_log_time(seconds: int, expected: Any) -> None:
    log = joined_log("bob")
    log.link("eve", "E1")
    log.signup("dan", referral_code="E1", at=1)
    log.signup("cid", referral_code="ANN1", at=day(1, seconds=seconds))
    log.order("cid", at=2)
    rule = {"when": "friends_24h = 2 AND friends_total = 2", "then": "hold"}
    assert verdict(rule, log)[0] == expected


def test_friends_of_a_device() -> None:
    log = Log()
    log.link("ann", "A1")
    log.link("eve", "E1")
    log.signup("bob", referral_code="A1", device="d")
    log.signup("cid", referral_code="E1", anonymous="d")
    log.signup("dan", referral_code="E1", device="d")
    log.signup("fay", referral_code="E1")
    for friend in ("bob", "cid", "dan", "fay"):
        log.order(friend)
    rule = {"when": "device_friends = 2 OR device_friends = 0", "then": "hold"}
    assert verdict(rule, log)[::2] == [GRANTED, GRANTED, HELD, HELD]


def test_risk_knows_the_facts_of_both_sides() -> None:
    log = Log()
    log.order("ann")
    log.link("ann", "A1")
    log.order("bob", referral_code="A1")
    rule = {"when": "advocate_orders = 1 AND friend_orders = 0 AND friend_is_new", "then": "hold"}
    assert verdict(rule, log) == [HELD, HELD]


# Releases and denials


def held_log(**order: Any) -> tuple[Row, Log]:
    """A program that holds everything for 10 days and a log with one held decision."""
    log = joined_log("bob")
    log.order("bob", **order)
    risk = [{"id": "r", "when": "TRUE", "then": "hold"}]
    program = paying(hold="10d", expires="5d", caps=[{"per": "program", "count": 1}])
    return program | {"risk": risk}, log


@pytest.mark.parametrize(("released", "available"), [(2, 10), (12, 12)])
def test_a_release_makes_it_available_later(released: int, available: int) -> None:
    program, log = held_log()
    log.track("Decision Released", "boss", at=released, decision_id="p/pay/ann/3")
    log.track("Decision Released", "boss", at=released, decision_id="p/pay/ann/3")
    log.track("Decision Denied", "boss", at=released, decision_id="p/pay/ann/3")
    last = log.tick(at=30)
    rows = table("postings", program, log)
    assert columns(rows[::2], "transfer_id", "position", "occurred_at", "amount") == [
        ("p/pay/ann/3/grant", 4, day(released), -2000),
        ("p/pay/ann/3/available", 4 if released == 12 else last, day(available), -2000),
        ("p/pay/ann/3/expiry", last, day(available + 5), -2000),
    ]
    assert table("reversals", program, log) == []
    # The row promised at the achievement never changes.
    assert columns(table("decisions", program, log), "available_at", "expires_at") == [
        (day(10), day(15)),
    ]  # fmt: skip


def test_a_denial_takes_back_what_is_left_and_frees_the_cap() -> None:
    program, log = held_log()
    denied = log.track("Decision Denied", anonymous="console", at=3, decision_id="p/pay/ann/3")
    log.track("Decision Released", "boss", at=4, decision_id="p/pay/ann/3")
    log.signup("cid", referral_code="ANN1", at=4)
    log.order("cid", at=5)
    assert table("reversals", program, log) == [
        {
            "decision_id": "p/pay/ann/3",
            "position": denied,
            "occurred_at": day(3),
            "amount": 2000,
        }
    ]
    assert columns(table("decisions", program, log), "outcome") == ["held", "held"]
    assert table("postings", program, log) == []


def test_only_held_decisions_are_released_or_denied() -> None:
    log = joined_log("bob")
    log.order("bob")
    log.track("Decision Denied", "boss", decision_id="p/pay/ann/3")
    log.track("Decision Released", "boss", decision_id="p/pay/ann/3")
    log.track("Decision Released", "boss", decision_id="p/pay/ann/9")
    assert table("reversals", paying(), log) == []
    assert len(table("postings", paying(), log)) == 4


def test_a_held_decision_is_cut_by_refunds_before_its_release() -> None:
    log = joined_log("bob")
    log.order("bob", total=100, order_id="o1")
    log.refund("bob", "o1", total=25)
    log.track("Decision Released", "boss", decision_id="p/pay/ann/3")
    log.refund("bob", "o1", total=75)
    program = paying(on_refund="proportional") | {
        "risk": [{"id": "r", "when": "TRUE", "then": "hold"}]
    }
    assert columns(table("reversals", program, log), "position", "amount") == [(4, 500), (6, 1500)]
    rows = table("postings", program, log)
    assert columns(rows[::2], "transfer_id", "amount") == [
        ("p/pay/ann/3/grant", -1500),
        ("p/pay/ann/3/available", -1500),
        ("p/pay/ann/3/reversal/6", -1500),
    ]


# Refunds


def refunded(log: Log, **parts: Any) -> list[tuple[Any, ...]]:
    """Give the reversals of a program that gives 10 points an order."""
    return columns(table("reversals", earning(**parts), log), "decision_id", "position", "amount")


def order_log() -> Log:
    log = Log()
    log.order("u", total=30, order_id="o1")
    return log


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"on_refund": "proportional"}, [("p/earn/u/1", 2, 3), ("p/earn/u/1", 3, 4)]),
        ({"on_refund": "full"}, []),
        ({"on_refund": "keep"}, []),
        ({}, []),  # a number: full
        ({"amount": {"percent": 10, "of": "total"}}, [("p/earn/u/1", 2, 1), ("p/earn/u/1", 3, 1)]),
    ],
)
def test_partial_refunds(parts: Any, expected: list[Any]) -> None:
    """10 of 30 is a third of 10: 3; 20 of 30 is 6.67: 7. Of 3 points: 1, then 2."""
    log = order_log()
    log.refund("u", "o1", total=10)
    log.refund("u", "o1", total=10)
    assert refunded(log, **parts) == expected


def test_a_full_refund_takes_all_at_the_end() -> None:
    log = order_log()
    log.refund("u", "o1", total=29.99)
    log.refund("u", "o1", total=0.01)
    log.refund("u", "o1", total=5)
    assert refunded(log) == [("p/earn/u/1", 3, 10)]
    assert refunded(log, on_refund="keep") == []


def test_no_total_means_all() -> None:
    log = order_log()
    log.refund("u", "o1")
    assert refunded(log) == [("p/earn/u/1", 2, 10)]
    without = Log()
    without.order("u", order_id="o1")
    without.refund("u", "o1", total=0.01)
    assert refunded(without) == [("p/earn/u/1", 2, 10)]


@pytest.mark.parametrize("total", [0, -5, 0.001])
def test_an_order_without_a_positive_total_is_refunded_whole(total: float) -> None:
    log = Log()
    log.order("u", total=total, order_id="o1")
    log.refund("u", "o1", total=0)
    assert refunded(log) == [("p/earn/u/1", 2, 10)]


def test_refunds_that_touch_nothing() -> None:
    log = Log()
    log.refund("u", "o1", total=30)  # below the order
    log.order("u", total=30, order_id="o1")
    log.refund("v", "o1", total=30)  # of another user
    log.refund("u", "o2", total=30)  # of another order
    log.refund("u", "o1", total=10, message="same")
    log.refund("u", "o1", total=10, message="same")  # a duplicate
    assert refunded(log, on_refund="proportional") == [("p/earn/u/2", 5, 3)]


def test_a_refund_without_user_touches_every_user_of_the_order() -> None:
    log = order_log()
    log.order("v", total=60, order_id="o1")
    log.refund(None, "o1", total=30, anonymous="shop")
    log.refund("v", "o1", total=30)
    assert refunded(log) == [("p/earn/u/1", 3, 10), ("p/earn/v/2", 4, 10)]


def test_the_order_is_the_first_with_that_id() -> None:
    """The grant stands at another event; its fraction is of the order of 40."""
    log = Log()
    log.order("u", total=40, order_id="o1")
    log.order("u", total=10, order_id="o1")
    log.track("Plan Started", "u", total=20, order_id="o1")
    log.refund("u", "o1", total=10)
    program = earning(on_refund="proportional")
    program["milestones"] = {"bought": {"on": "Plan Started"}}
    assert columns(table("reversals", program, log), "amount") == [3]  # a quarter of 10, half away


def test_a_refund_that_reaches_a_milestone_does_not_take_its_own_reward_back() -> None:
    log = Log()
    log.order("u", total=30, order_id="o1")
    log.refund("u", "o1", total=30)
    log.refund("u", "o1", total=1)
    program = earning()
    program["milestones"] = {"bought": {"on": "Order Refunded"}}
    assert positions(program, log) == [2]
    assert columns(table("reversals", program, log), "position") == [3]


def test_a_refund_renumbers_nothing() -> None:
    log = order_log()
    log.refund("u", "o1")
    log.order("u", total=30, order_id="o2")
    assert columns(table("decisions", earning(), log), "ordinal") == [1, 2]


# Draws and experiments


def test_chance_is_the_hash() -> None:
    digits = sha256(b"p|rate|ann").hexdigest()[:16]
    assert chance_of("p|rate|ann") == chance_of("p|rate|ann")
    assert chance_of("p|rate|ann") * 16**16 == int(digits, 16)


def test_experiments_split_by_person() -> None:
    log = Log()
    log.link("ann", "A1")
    friends = [f"f{number}" for number in range(12)]
    for friend in friends:
        log.order(friend, referral_code="A1")
    amount = {"by": "rate", "table": {"a": 1, "b": 2}}
    program = paying(give="points", amount=amount, to="friend")
    program["experiments"] = {"rate": {"split": {"a": 25, "b": 75}, "by": "friend"}}
    expected = [1 if chance_of(f"p|rate|{friend}") * 4 < 1 else 2 for friend in friends]
    assert set(expected) == {1, 2}
    assert columns(table("decisions", program, log), "amount") == expected
    program["experiments"]["rate"]["by"] = "advocate"
    assert len(set(columns(table("decisions", program, log), "amount"))) == 1
    experiment = read_version(program).experiments["rate"]
    assert variant("p", "rate", experiment, "ann") in ("a", "b")


SEED = "open sesame"


def draw_program(**parts: Any) -> Row:
    draw = {
        "draw": [
            {"give": "gift:mug", "amount": 1, "weight": 1},
            {"give": "cash", "amount": 2.5, "weight": 3},
        ]
    }
    return earning(amount=draw | parts) | {"seed_sha256": sha256(SEED.encode()).hexdigest()}


def test_a_draw_follows_its_decision_id() -> None:
    log = orders_log(*[0] * 12)
    rows = table("decisions", draw_program(chance=0.5), log, seeds={"p": SEED})
    expected: list[tuple[str, int, str | None]] = []
    for position in range(1, 13):
        u = chance_of(f"{SEED}|p/earn/u/{position}")
        if u * 2 >= 1:
            expected.append(("points", 0, "zero_amount"))
        else:
            expected.append(("gift:mug", 1, None) if u * 8 < 1 else ("cash USD", 250, None))
    assert len(set(expected)) == 3
    assert columns(rows, "unit", "amount", "reason") == expected


def test_a_draw_without_its_seed_is_refused() -> None:
    log = orders_log(0)
    with pytest.raises(ValueError, match="no fitting seed"):
        run([draw_program()], log.lines)
    with pytest.raises(ValueError, match="no fitting seed"):
        run([draw_program()], log.lines, seeds={"p": "guess"})


# Money


def transfers(program: Row | list[Row], log: Log) -> list[tuple[Any, ...]]:
    """Give each transfer: its id, position, from, to, amount."""
    rows = table("postings", program, log)
    for source, target in zip(rows[::2], rows[1::2], strict=True):
        assert source["transfer_id"] == target["transfer_id"]
        assert source["amount"] == -target["amount"] < 0
    return [
        (source["transfer_id"], source["position"], source["account"], target["account"],
         target["amount"])
        for source, target in zip(rows[::2], rows[1::2], strict=True)
    ]  # fmt: skip


def moves(program: Row | list[Row], log: Log) -> list[tuple[str, int, int]]:
    """Give each transfer without its accounts, and without the program in its id."""
    return [
        (name.removeprefix("p/earn/"), position, amount)
        for name, position, _, _, amount in transfers(program, log)
    ]


def test_a_hold_ends_at_the_first_position_not_before_it() -> None:
    log = orders_log(0)
    log.tick(at=day(10, seconds=-1))
    last = log.order("v", at=10)
    rows = table("postings", earning(hold="10d"), log)
    assert transfers(earning(hold="10d"), log) == [
        ("p/earn/u/1/grant", 1, "program:p", "wallet:u:pending", 10),
        ("p/earn/u/1/available", last, "wallet:u:pending", "wallet:u:available", 10),
        ("p/earn/v/3/grant", last, "program:p", "wallet:v:pending", 10),
    ]
    assert rows[2]["occurred_at"] == day(10)


def test_late_duplicate_and_rejected_events_do_not_move_log_time() -> None:
    log = orders_log(0)
    log.track("X", "u", at=20, total=10**13)  # rejected
    log.track("X", "u", at=20, message="m1")  # a duplicate
    log.track("X", "u", at=5)
    assert moves(earning(hold="10d"), log) == [("u/1/grant", 1, 10)]


def test_what_is_due_at_once_follows_its_grant() -> None:
    log = Log()
    log.tick(at=60)
    log.order("u", at=0)
    assert moves(earning(hold="10d", expires="30d"), log) == [
        ("u/2/grant", 2, 10), ("u/2/available", 2, 10), ("u/2/expiry", 2, 10),
    ]  # fmt: skip


def test_a_reversal_takes_from_pending_then_from_available() -> None:
    log = order_log()
    log.refund("u", "o1", total=15, at=1)
    log.tick(at=10)
    log.refund("u", "o1", total=15, at=11)
    assert transfers(earning(hold="10d", on_refund="proportional"), log)[1:] == [
        ("p/earn/u/1/reversal/2", 2, "wallet:u:pending", "program:p", 5),
        ("p/earn/u/1/available", 3, "wallet:u:pending", "wallet:u:available", 5),
        ("p/earn/u/1/reversal/4", 4, "wallet:u:available", "program:p", 5),
    ]


def test_nothing_moves_when_all_was_reversed_while_pending() -> None:
    log = order_log()
    log.refund("u", "o1")
    log.tick(at=30)
    assert moves(earning(hold="10d", expires="1d"), log) == [
        ("u/1/grant", 1, 10), ("u/1/reversal/2", 2, 10),
    ]  # fmt: skip


def spend(log: Log, amount: Any, at: float = 0, **more: Any) -> int:
    fields = {"unit": "points", "amount": amount, "reference": f"r{len(log.lines)}"} | more
    return log.track("Wallet Spent", "u", at=at, **fields)


def test_spends_that_are_good() -> None:
    log = orders_log(0)
    spend(log, 4)
    spend(log, "6")
    assert transfers(earning(), log)[2:] == [
        ("spend/2", 2, "wallet:u:available", "spent:u", 4),
        ("spend/3", 3, "wallet:u:available", "spent:u", 6),
    ]


def test_spends_that_change_nothing() -> None:
    log = orders_log(0)
    spend(log, 11)  # above the balance
    spend(log, 2.5)  # not whole
    spend(log, 0)
    spend(log, -1)
    spend(log, 1, unit="credit USD")  # of nothing
    spend(log, 1, reference="again")
    spend(log, 1, reference="again")
    spend(log, 1, reference=None)
    spend(log, 1, unit=None)
    spend(log, None)
    log.track("Wallet Spent", anonymous="u", unit="points", amount=1, reference="x")
    assert [name for name, *_ in moves(earning(), log)[2:]] == ["spend/7"]


def test_pending_points_cannot_be_spent() -> None:
    log = orders_log(0)
    spend(log, 1)
    assert moves(earning(hold="1d"), log) == [("u/1/grant", 1, 10)]


def test_a_return_undoes_a_spend_once() -> None:
    log = orders_log(0)
    spend(log, 4, reference="r")
    log.track("Wallet Returned", "v", reference="r")  # another's
    log.track("Wallet Returned", "u", reference="r")
    log.track("Wallet Returned", "u", reference="r")
    spend(log, 4, reference="r")  # the reference stays used
    assert transfers(earning(), log)[2:] == [
        ("spend/2", 2, "wallet:u:available", "spent:u", 4),
        ("return/4", 4, "spent:u", "wallet:u:available", 4),
    ]


def test_a_spend_uses_up_what_expires_first() -> None:
    """Two grants, of the first 4 are left, then nothing: only the second has something to lose."""
    log = orders_log(0, 5)
    spend(log, 6, at=6)
    log.tick(at=10)
    log.tick(at=15)
    assert moves(earning(expires="10d"), log)[4:] == [
        ("spend/3", 3, 6), ("u/1/expiry", 4, 4), ("u/2/expiry", 5, 10),
    ]  # fmt: skip


def test_a_late_grant_may_expire_first() -> None:
    log = orders_log(5, 0)
    spend(log, 6, at=6)
    log.tick(at=10)
    log.tick(at=15)
    assert moves(earning(expires="10d"), log)[4:] == [
        ("spend/3", 3, 6), ("u/2/expiry", 4, 4), ("u/1/expiry", 5, 10),
    ]  # fmt: skip


def test_a_spend_that_changes_nothing_uses_up_no_reference() -> None:
    log = orders_log(0)
    for amount in (11, 0, 3):
        spend(log, amount, reference="r")
    assert [name for name, *_ in moves(earning(), log)[2:]] == ["spend/4"]


def test_a_spend_uses_up_nothing_of_another_user_or_unit() -> None:
    log = Log()
    log.order("v", at=0)
    log.order("u", at=1)
    spend(log, 10, at=2)
    log.tick(at=30)
    program = earning(expires="10d")
    program["rewards"]["star"] = program["rewards"]["earn"] | {"give": "badge:star", "amount": 1}
    names = [name for name, *_ in transfers(program, log)]
    assert [name for name in names if "expiry" in name or "spend" in name] == [
        "spend/3", "p/earn/v/1/expiry", "p/star/v/1/expiry", "p/star/u/2/expiry",
    ]  # fmt: skip


def test_what_is_returned_to_an_expired_grant_stays_available() -> None:
    log = orders_log(0)
    spend(log, 6, reference="r", at=1)
    log.tick(at=10)
    log.track("Wallet Returned", "u", reference="r", at=11)
    log.tick(at=99)
    spend(log, 6, at=99)
    assert moves(earning(expires="10d"), log)[2:] == [
        ("spend/2", 2, 6), ("u/1/expiry", 3, 4), ("return/4", 4, 6), ("spend/6", 6, 6),
    ]  # fmt: skip


def test_what_has_expired_counts_as_taken_back_first() -> None:
    """Of 10, 2 are taken back, 5 spent, 3 expire. 6 back in all: 3 expired, 2 moved, 1 to move."""
    log = Log()
    log.order("u", total=10, order_id="o1")
    log.refund("u", "o1", total=2)
    spend(log, 5)
    log.tick(at=10)
    log.refund("u", "o1", total=4, at=11)
    log.refund("u", "o1", total=4, at=12)
    program = earning(expires="10d", on_refund="proportional")
    assert columns(table("reversals", program, log), "amount") == [2, 4, 4]
    assert moves(program, log)[2:] == [
        ("u/1/reversal/2", 2, 2),
        ("spend/3", 3, 5),
        ("u/1/expiry", 4, 3),
        ("u/1/reversal/5", 5, 1),
        ("u/1/reversal/6", 6, 4),
    ]


def test_a_reversal_may_leave_a_debt_that_blocks_spending() -> None:
    log = Log()
    log.order("u", total=10, order_id="o1")
    spend(log, 10)
    log.refund("u", "o1")  # 10 below zero
    log.order("u")
    spend(log, 1)  # nothing above zero yet
    log.order("u")
    spend(log, 10)
    names = [name for name, *_ in moves(earning(), log)]
    assert names == [
        "u/1/grant", "u/1/available", "spend/2", "u/1/reversal/3",
        "u/4/grant", "u/4/available", "u/6/grant", "u/6/available", "spend/7",
    ]  # fmt: skip


def test_order_of_postings_inside_a_position() -> None:
    """By decision; then grant, available, reversal, expiry; spends last."""
    log = Log()
    log.order("u", at=0, total=10, order_id="o1")
    log.order("u", at=1, total=10, order_id="o2")
    log.refund("u", "o1", at=20, total=5)
    spend(log, 5, at=20)
    program = earning(hold="10d", expires="20d", on_refund="proportional")
    assert moves(program, log)[2:] == [
        ("u/1/available", 3, 10), ("u/1/reversal/3", 3, 5), ("u/2/available", 3, 10),
        ("spend/4", 4, 5),
    ]  # fmt: skip


# Replays until


def test_until_leaves_out_later_events_and_moves_log_time() -> None:
    log = Log()
    log.order("u", at=0, message="a")
    log.order("u", at=9, message="b")
    log.order("u", at=1, message="b")  # the first "b" was left out
    log.track("X", "u", at=9, total=10**13)  # left out, so no reject either
    rows = run([earning(hold="5d")], log.lines, until=day(5))
    assert columns(rows["decisions"], "position") == [1, 3]
    assert columns(rows["postings"][::2], "transfer_id", "position") == [
        ("p/earn/u/1/grant", 1),
        ("p/earn/u/3/grant", 3),
        ("p/earn/u/1/available", 4),
    ]
    assert rows["rejects"] == []


# Several programs


def test_programs_do_not_touch_one_another_but_share_a_wallet() -> None:
    log = orders_log(0)
    spend(log, 15)
    programs = [earning() | {"program": slug} for slug in ("q", "p")]
    assert [name for name, *_ in transfers(programs, log)] == [
        "p/earn/u/1/grant", "p/earn/u/1/available",
        "q/earn/u/1/grant", "q/earn/u/1/available", "spend/2",
    ]  # fmt: skip


def test_unicode_and_odd_ids() -> None:
    log = Log()
    log.link("张三", "码一")
    log.signup("a|b/c", referral_code="码一")
    log.order("a|b/c")
    rows = table("decisions", paying(), log)
    assert columns(rows, "decision_id", "friend") == [("p/pay/张三/3", "a|b/c")]


def test_ids_are_read_as_text() -> None:
    line = {"type": "track", "event": "Order Completed", "timestamp": day(0), "userId": 42}
    rows = run([earning()], [json.dumps(line).encode()])["decisions"]
    assert columns(rows, "beneficiary") == ["42"]


# Money from outside


def credit(log: Log, amount: Any, reference: str | None, at: float = 0, **more: Any) -> int:
    fields = {"unit": "points", "amount": amount, "reference": reference} | more
    return log.track("Wallet Credited", "u", at=at, **fields)


def test_a_credit_is_available_at_once_and_good_once() -> None:
    log = Log()
    credit(log, 5, "a")
    credit(log, "5", "a")  # again
    credit(log, 3, "b")
    spend(log, 8, reference="a")  # of its own kind
    log.track("Wallet Returned", "u", reference="b")  # no spend
    assert transfers(earning(), log) == [
        ("topup/1", 1, "topup:u", "wallet:u:available", 5),
        ("topup/3", 3, "topup:u", "wallet:u:available", 3),
        ("spend/4", 4, "wallet:u:available", "spent:u", 8),
    ]


def test_credits_that_change_nothing() -> None:
    log = Log()
    credit(log, 0, "a")
    credit(log, -1, "a")
    credit(log, 1.5, "a")
    credit(log, 10**12 + 1, "a")
    credit(log, None, "a")
    credit(log, 1, None)
    credit(log, 1, "a", unit=None)
    credit(log, 1, "a", expires_at="soon")
    credit(log, 1, "a", expires_at="2026-01-01")
    credit(log, 1, "a", expires_at=7)
    log.track("Wallet Credited", anonymous="u", unit="points", amount=1, reference="a")
    credit(log, 10**12, "a", expires_at="")  # none of them used the reference up
    assert moves(earning(), log) == [("topup/12", 12, 10**12)]


def test_credits_and_grants_are_spent_in_one_order() -> None:
    """A grant of 10 until day 10; credits until day 5, for ever, and until day 10, but later."""
    log = orders_log(0)
    credit(log, 4, "soon", expires_at=day(5))
    credit(log, 4, "ever")
    credit(log, 4, "same", expires_at=day(10))
    spend(log, 15)
    log.tick(at=5)
    log.tick(at=10)
    assert moves(earning(expires="10d"), log)[2:] == [
        ("topup/2", 2, 4), ("topup/3", 3, 4), ("topup/4", 4, 4),
        ("spend/5", 5, 15), ("topup/4/expiry", 7, 3),
    ]  # fmt: skip


def test_what_is_returned_to_a_lapsed_credit_stays_and_a_late_one_lapses_at_once() -> None:
    log = Log()
    credit(log, 4, "a", expires_at=day(1))
    spend(log, 3, reference="r")
    log.tick(at=2)
    log.track("Wallet Returned", "u", at=2, reference="r")
    credit(log, 9, "b", at=2, expires_at=day(1))
    spend(log, 4, at=2)
    spend(log, 3, at=2)
    assert moves(earning(), log) == [
        ("topup/1", 1, 4), ("spend/2", 2, 3), ("topup/1/expiry", 3, 1), ("return/4", 4, 3),
        ("topup/5", 5, 9), ("topup/5/expiry", 5, 9), ("spend/7", 7, 3),
    ]  # fmt: skip
