"""What is told of a program while it is designed: layers, shares, mistakes, promises."""

from __future__ import annotations

from decimal import Decimal

import pytest

from banyan.core.programs.presets import preset
from banyan.engine.language import Program
from banyan.growth.planning.advice import advice
from banyan.growth.planning.layers import layer
from banyan.growth.planning.promises import Text, overpromises
from banyan.growth.planning.share import shares

HEAD = """\
program: p
version: 1
currency: CNY
advocates: {where: "orders >= 1"}
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed, where: "total >= 200", within: 60d}
  often: {on: Order Completed, count: 3}
rewards:
"""


def program(*rewards: str, head: str = HEAD) -> Program:
    lines = [f"  r{n}: {{{one}}}\n" for n, one in enumerate(rewards)]
    return Program.parse(head + "".join(lines))


def shipped(name: str) -> Program:
    found = preset(name)
    assert found is not None
    return found.terms


FIXED = "to: advocate, on: bought, give: cash, amount: 50, hold: 14d"


@pytest.mark.parametrize(
    ("reward", "wanted"),
    [
        (FIXED, "base"),
        (FIXED + ', when: "advocate_orders > 3"', "advanced"),
        (FIXED + ', when: "nth = 5"', "advanced"),
        (FIXED + ', when: "friend_orders = 0"', "base"),
        ("to: advocate, on: often, give: points, amount: 5", "advanced"),
        ("to: advocate, on: bought, give: badge:star, amount: 1", "advanced"),
        (
            "to: advocate, on: bought, give: cash, amount: {ladder: {first: 5, add: 1, steps: 3}}",
            "advanced",
        ),
        ("to: upline, on: bought, give: cash, amount: 5", "burst"),
        (FIXED + ", boosts: [{from: 2027-01-01, until: 2027-01-02, times: 2}]", "burst"),
    ],
)
def test_layers(reward: str, wanted: str) -> None:
    terms = program(reward)
    assert layer(terms, terms.rewards["r0"]) == wanted


def test_shares_of_the_price() -> None:
    terms = program(
        FIXED,
        "to: friend, on: bought, give: credit, amount: {percent: 10, of: total, max: 60}",
        "to: friend, on: joined, give: points, amount: 100",
        "to: advocate, on: bought, give: cash, amount: {ladder: {first: 10, add: 100, steps: 3}}",
    )
    found = [(one.reward, one.low, one.high, one.verdict) for one in shares(terms, Decimal(1000))]
    assert found == [
        ("r0", Decimal("5.0"), Decimal("5.0"), "modest"),
        ("r1", Decimal("6.0"), Decimal("6.0"), "modest"),
        ("r3", Decimal("1.0"), Decimal("21.0"), "unfelt"),
    ]
    assert [one.verdict for one in shares(terms, Decimal(250))] == ["strong", "modest", "unfelt"]
    expensive = shares(terms, Decimal(1000), is_expensive=True)
    assert [one.verdict for one in expensive] == ["small", "small", "unfelt"]
    assert [one.verdict for one in shares(terms, Decimal(250), is_expensive=True)][:2] == [
        "strong",
        "small",
    ]


def ids(terms: Program, **facts: str) -> list[str]:
    return [one.id for one in advice(terms, facts)]


def test_mistakes_are_told_and_what_is_in_order_is_not() -> None:
    named = {"owner": "Growth", "follow_owner": "Sales"}
    assert ids(program(FIXED), **named) == []
    assert ids(program(FIXED)) == ["departments-apart"]
    assert ids(program(FIXED), **named, steps="3") == []
    assert ids(program(FIXED), **named, steps="4") == ["many-steps"]
    anybody = HEAD.replace('"orders >= 1"', '"TRUE"')
    assert ids(program(FIXED, head=anybody), **named) == ["no-member-check"]
    clicks = HEAD.replace("{window: 30d}", "{window: 30d, prefer: [click]}")
    assert ids(program(FIXED, head=clicks), **named) == ["no-referrer-id"]
    friends = program("to: friend, on: joined, give: points, amount: 5")
    assert ids(friends, **named) == ["nothing-for-advocates"]
    # 50 is 5 % of 1,000 and 4.9 % of 1,020.
    assert ids(program(FIXED), **named, price="1,000") == []
    assert ids(program(FIXED), **named, price="1020") == ["small-benefit"]
    assert ids(program(FIXED), **named, price="1000", expensive="yes") == ["small-benefit"]
    assert ids(program(FIXED), **named, price="250", expensive="yes") == []
    assert ids(program(FIXED), **named, price="much") == []


def test_a_benefit_that_is_not_felt_says_how_small_and_how_large_it_should_be() -> None:
    facts = {"owner": "a", "follow_owner": "b", "price": "2000"}
    [one] = advice(program(FIXED), facts)
    assert one.path == ("rewards", "r0", "amount")
    assert one.reason == "r0 is 2.5 % of a price of 2,000, too little to be felt."
    assert one.cure == "Give 5 % or more, or less often."
    [one] = advice(program(FIXED), facts | {"expensive": "yes"})
    assert one.cure == "Give 20 % or more, or less often."


def found(terms: Program, text: str) -> list[str]:
    return [one.found for one in overpromises(terms, [Text("t", text)])]


@pytest.mark.parametrize(
    "text",
    [
        "Bring a friend and get 50 CNY with an order of 200 or more.",
        "好友满200元下单，你得50元。",
        "Two hundred friends and 7 days.",
        "好友满 200 元，得 ¥50",
    ],
)
def test_what_the_rules_give_may_be_said(text: str) -> None:
    assert found(program(FIXED), text) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("得88元，满200元即可", ["88元"]),
        ("Get $1,000 for orders of 200", ["$1,000"]),
        ("好友满200元打八五折", ["八五折"]),
        ("15% off orders of 200", ["15%"]),
    ],
)
def test_an_amount_that_no_rule_gives_is_found(text: str, wanted: list[str]) -> None:
    assert found(program(FIXED), text) == wanted


COUPON = "to: friend, on: bought, give: coupon:20-percent-off-over-200, amount: 1"
POINTS = "to: friend, on: bought, give: points, amount: 50"
YEAR = "to: friend, on: bought, give: coupon:5-dollars-off-2026, amount: 1"
SHARE = "to: advocate, on: bought, give: credit, amount: {percent: 10, of: total, max: 60}"


@pytest.mark.parametrize(
    ("reward", "allowed", "refused", "wanted"),
    [
        # A percentage is no sum of money, and a sum of money is no percentage.
        (COUPON, "20% off orders of 200 CNY", "20元 off orders of 200 CNY", ["20元"]),
        (COUPON, "满200元打八折", "满200元减20元", ["20元"]),
        (FIXED, "满200元得50元", "满200元得50%", ["50%"]),
        (SHARE, "满200元返10%，最多60元", "满200元返60%，最多10元", ["10元", "60%"]),
        # What is counted is not money.
        (POINTS, "满200元得50积分", "满200元得50元", ["50元"]),
        # Neither is other money.
        (FIXED, "得 ¥50，满200元", "得 $50，满200元", ["$50"]),
        (FIXED, "50 CNY for orders of 200", "US$50 for orders of 200", ["US$50"]),
        # A number in a name that says no unit is none.
        (YEAR, "$5 off orders of 200 CNY", "2026元 off orders of 200 CNY", ["2026元"]),
    ],
)
def test_an_amount_is_one_with_its_unit(
    reward: str, allowed: str, refused: str, wanted: list[str]
) -> None:
    terms = program(reward)
    assert found(terms, allowed) == []
    assert found(terms, refused) == wanted


def test_a_coupon_of_a_percentage_does_not_promise_dollars() -> None:
    terms = shipped("b2b")
    assert found(terms, "Give 20% with orders of 100,000元") == []
    assert found(terms, "Give $20 with orders of 100,000元") == ["$20"]


def test_a_threshold_that_is_not_named_is_found() -> None:
    one = overpromises(program(FIXED), [Text("Moments", "推荐好友得50元！")])
    assert [(o.text, o.found) for o in one] == [("Moments", "200")]
    assert "200" in one[0].reason


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("meundies", "送好友八折，得 20 美元", []),
        ("meundies", "送好友七折，得 20 美元", ["七折"]),
        ("meundies", "Give 20%, get $20", []),
    ],
)
def test_titles_of_presets(name: str, text: str, wanted: list[str]) -> None:
    assert found(shipped(name), text) == wanted
