"""The sentences events are written in, and those that are refused."""

import json
from zoneinfo import ZoneInfo

import pytest

from tests.golden.words import Unreadable, amount_of, amount_text, read_events

UTC = ZoneInfo("UTC")


def read(line: str, zone: ZoneInfo = UTC) -> dict[str, object]:
    """The one event of a line, without what every event has."""
    (written,) = read_events(f"1  {line}", zone)
    event: dict[str, object] = json.loads(written)
    assert event.pop("messageId", "m1") == "m1"
    return event


def words(sentence: str) -> dict[str, object]:
    event = read(f"2026-01-05 09:00  {sentence}")
    assert event.pop("timestamp") == "2026-01-05T09:00:00Z"
    return event


SENTENCES = {
    "ann makes link ANN for maple": (
        "Referral Link Created",
        "ann",
        {"code": "ANN", "program": "maple"},
    ),
    "ann clicks BEA (channel wechat)": (
        "Referral Link Clicked",
        "ann",
        {"code": "BEA", "channel": "wechat"},
    ),
    "ann invites +49 (171) 5": ("Referral Submitted", "ann", {"phone": "+49 (171) 5"}),
    "ann invites bob@x.org for maple": (
        "Referral Submitted",
        "ann",
        {"email": "bob@x.org", "program": "maple"},
    ),
    "张三 signs up": ("Signed Up", "张三", {}),
    "bob signs up with coupon ANN sent by bea": (
        "Signed Up",
        "bob",
        {"coupon": "ANN", "advocate": "bea"},
    ),
    "bob orders": ("Order Completed", "bob", {}),
    "bob orders for 19.99": ("Order Completed", "bob", {"total": 19.99}),
    "bob orders o1 for 1,200.50 USD with code ANN": (
        "Order Completed",
        "bob",
        {"order_id": "o1", "total": 1200.5, "currency": "USD", "referral_code": "ANN"},
    ),
    "o1 of bob is refunded": ("Order Refunded", "bob", {"order_id": "o1"}),
    "o1 of bob is refunded 20.10": ("Order Refunded", "bob", {"order_id": "o1", "total": 20.1}),
    "bob does Trip Completed for 75 USD (plan go, seats 3, paid true)": (
        "Trip Completed",
        "bob",
        {"total": 75, "currency": "USD", "plan": "go", "seats": 3, "paid": True},
    ),
    "ann spends 15.05 cash USD for basket-1": (
        "Wallet Spent",
        "ann",
        {"unit": "cash USD", "amount": 1505, "reference": "basket-1"},
    ),
    "ann spends 1,200 gift:mug for basket-1": (
        "Wallet Spent",
        "ann",
        {"unit": "gift:mug", "amount": 1200, "reference": "basket-1"},
    ),
    "ann is credited 5.00 credit USD for card-7 (expires_at 2026-02-01T00:00:00Z)": (
        "Wallet Credited",
        "ann",
        {
            "unit": "credit USD",
            "amount": 500,
            "reference": "card-7",
            "expires_at": "2026-02-01T00:00:00Z",
        },
    ),
    "ann gets back basket-1": ("Wallet Returned", "ann", {"reference": "basket-1"}),
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_an_event_of_its_user(sentence: str) -> None:
    name, user, properties = SENTENCES[sentence]
    assert words(sentence) == {
        "type": "track",
        "event": name,
        "userId": user,
        "properties": properties,
    }


def test_events_of_nobody_in_particular() -> None:
    track = {"type": "track", "properties": {}}
    assert words("clock ticks") == track | {"event": "Clock Ticked", "anonymousId": "clock"}
    assert words("decision p/r/ann/4 is denied") == track | {
        "event": "Decision Denied",
        "anonymousId": "desk",
        "properties": {"decision_id": "p/r/ann/4"},
    }
    assert words("o1 is refunded") == track | {
        "event": "Order Refunded",
        "anonymousId": "desk",
        "properties": {"order_id": "o1"},
    }
    assert words("visitor web-1 clicks ANN") == track | {
        "event": "Referral Link Clicked",
        "anonymousId": "web-1",
        "properties": {"code": "ANN"},
    }


def test_what_is_known_of_a_user() -> None:
    assert words("bob has email bob@x.org") == {
        "type": "identify",
        "userId": "bob",
        "traits": {"email": "bob@x.org"},
    }
    assert words("bob has tags [vip, new]")["traits"] == {"tags": ["vip", "new"]}
    assert words("bob has tier null")["traits"] == {"tier": None}
    assert words("bob was web-1 before") == {
        "type": "alias",
        "userId": "bob",
        "previousId": "web-1",
    }
    assert words("bob opens a page as web-1 on device phone-1 at address 10.0.0.1") == {
        "type": "page",
        "userId": "bob",
        "name": "Home",
        "anonymousId": "web-1",
        "context": {"device": {"id": "phone-1"}, "ip": "10.0.0.1"},
    }


def test_times_are_of_the_zone_unless_they_say_otherwise() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    stamps = {
        line: read(f"{line}  clock ticks", shanghai)["timestamp"]
        for line in ("2026-01-05 09:00", "2026-01-05 09:00:01.5", "2026-01-05 09:00+00:00")
    }
    assert list(stamps.values()) == [
        "2026-01-05T01:00:00Z",
        "2026-01-05T01:00:01.500000Z",
        "2026-01-05T09:00:00Z",
    ]


def test_one_line_can_stand_for_many_events() -> None:
    text = """
# Two bills each, a day apart.
1-4  2026-01-05 09:00  each of f9 to f10 does Invoice Paid, 2 times every 1d
5  event 2 comes again
6  {"type": "track"}
"""
    log = [json.loads(line) for line in read_events(text, UTC)]
    assert [(line["userId"], line["timestamp"][:10], line["messageId"]) for line in log[:5]] == [
        ("f9", "2026-01-05", "m1"),
        ("f10", "2026-01-05", "m2"),
        ("f9", "2026-01-06", "m3"),
        ("f10", "2026-01-06", "m4"),
        ("f10", "2026-01-05", "m2"),
    ]
    assert log[5] == {"type": "track"}


@pytest.mark.parametrize(
    "line",
    [
        "ann makes link ANN",
        "1  ann makes link ANN",
        "2  2026-01-05 09:00  ann makes link ANN",
        "1-2  2026-01-05 09:00  ann makes link ANN",
        "1  2026-01-05 09:00  ann sings",
        "1  2026-01-05 09:00  bob orders o1 for many USD",
        "1  2026-01-05 09:00  bob signs up with luck ANN",
        "1  2026-01-05 09:00  ann spends 1.005 cash USD for basket-1",
        "1  2026-01-05 09:00  ann spends 1.5 points for basket-1",
    ],
)
def test_what_is_no_sentence_is_refused(line: str) -> None:
    with pytest.raises(Unreadable):
        read_events(line, UTC)


def test_amounts_are_written_with_the_decimals_of_their_currency() -> None:
    written = {"cash USD": "-1,234.50", "cash JPY": "-123,450", "credit KWD": "-123.450"}
    for unit, text in written.items():
        assert amount_text(-123450, unit) == text
        assert amount_of(text, unit) == -123450
    assert amount_text(1500, "points") == "1,500"
    assert amount_text(0, "cash USD") == "0.00"
