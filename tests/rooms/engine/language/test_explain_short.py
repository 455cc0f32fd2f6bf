"""A program's offer in few words: true, short, in both languages."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from banyan.engine.language.explain import LANGUAGES, Language, offer
from banyan.engine.language.explain.bounds import Bounds, bounds
from banyan.engine.language.program import Program

PRESETS = sorted(Path("programs").glob("*.yaml"))


def program(*rewards: dict[str, Any], **more: Any) -> Program:
    """A program with these rewards; each is for the advocate and on `bought` unless it says so."""
    usual = {"to": "advocate", "on": "bought", "give": "credit", "amount": 20}
    given = {
        "program": "shop",
        "version": 1,
        "currency": "USD",
        "attribution": {},
        "milestones": {"bought": {"on": "Order Completed"}},
        "rewards": {f"r{n}": usual | reward for n, reward in enumerate(rewards)},
    }
    written = {key: value for key, value in (given | more).items() if value is not None}
    return Program.parse(json.dumps(written))


def advocate(*rewards: dict[str, Any], lang: Language = "en", **more: Any) -> str:
    return offer(program(*rewards, **more), lang).advocate


def test_both_sides_of_a_usual_offer() -> None:
    usual = program(
        {}, {"to": "friend", "on": "joined", "give": "coupon:20-percent-off", "amount": 1}
    )
    english, chinese = offer(usual, "en"), offer(usual, "zh-hans")
    assert english.advocate == "$20 in credit for each friend, after the first order"
    assert english.friend == "coupon “20 percent off” after joining"
    assert chinese.advocate == "每位好友首次下单后可得 US$20 抵用金"
    assert chinese.friend == "加入后可得优惠券“20 percent off”"


def test_things_go_by_the_names_they_are_given() -> None:
    gift = program({"give": "gift:mug", "amount": 2}, {"to": "charity:trees", "amount": 1})
    names = {"gift:mug": "搪瓷杯", "charity:trees": "百万森林"}
    assert offer(gift, "zh-hans", names=names).advocate_lines == (
        "每位好友首次下单后可得搪瓷杯 × 2",
        "每位好友首次下单后向百万森林捐赠 US$1 抵用金",
    )


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (19.5, "$19.50 in credit"),
        ({"percent": 5, "of": "total"}, "5% of the order total in credit"),
        ({"percent": 5, "of": "total", "max": 20}, "5% of the order total in credit (up to $20)"),
        (
            {"percent": 5, "of": "total", "min": 1},
            "5% of the order total in credit (at least $1)",
        ),
        (
            {"percent": 5, "of": "total", "min": 1, "max": 20},
            "5% of the order total in credit ($1 to $20)",
        ),
        (
            {"ladder": {"first": 5, "add": 5, "steps": 3}},
            "$5 to $15 in credit (rising each time)",
        ),
        ({"ladder": {"first": 15, "add": -5, "steps": 3}}, "$5 to $15 in credit"),
        ({"by": "plan", "table": {"a": 10, "b": 30}}, "up to $30 in credit"),
        ({"by": "plan", "table": {"a": 10, "b": 30}, "else": 5}, "$5 to $30 in credit"),
        ({"sql": "CASE WHEN nth <= 10 THEN 20 ELSE 10 END"}, "$10 to $20 in credit"),
        ({"sql": "total * 0.1"}, "credit (how much, the rules say)"),
        (
            {"draw": [{"give": "points", "amount": 1, "weight": 1}], "chance": 0.5},
            "a chance to win 1 point",
        ),
    ],
)
def test_every_form_of_an_amount(amount: object, told: str) -> None:
    said = advocate({"amount": amount}, properties={"plan": "text"})
    assert said == f"{told} for each friend, after the first order"


def test_a_boost_below_one_is_not_left_out_of_the_promise() -> None:
    cut = {"boosts": [{"from": "2027-01-01", "until": "2027-01-02", "times": 0.5}]}
    assert advocate(cut).startswith("$10 to $20 in credit")
    more = {"boosts": [{"from": "2027-01-01", "until": "2027-01-02", "times": 2}]}
    assert advocate(more).startswith("$20 in credit")


def test_what_gives_nothing_is_no_offer() -> None:
    nothing = program({"amount": 0}, {"amount": {"percent": 0, "of": "total"}})
    assert offer(nothing, "en").advocate_lines == ()
    assert offer(program(), "zh-hans").friend == ""


@pytest.mark.parametrize(
    ("milestone", "told"),
    [
        ({"on": "Signed Up"}, "after the first sign-up"),
        ({"on": "Quote Asked"}, "after the first “Quote Asked”"),
        ({"on": "Order Completed", "where": "total >= 50"}, "after the first order of $50 or more"),
        ({"on": "Order Completed", "where": "50 <= total"}, "after the first order of $50 or more"),
        ({"on": "Order Completed", "where": "total > 0"}, "after the first order"),
        ({"on": "Order Completed", "where": "friend_orders = 0"}, "after the first order"),
        ({"on": "Order Completed", "where": "total > 50"}, "after the first qualifying order"),
        (
            {"on": "Order Completed", "where": "NOT coupon = 'X'"},
            "after the first qualifying order",
        ),
        ({"on": "Order Completed", "count": 3}, "after 3 orders"),
        (
            {"on": "Order Completed", "repeats": {"up_to": 12}},
            "after each order, up to 12 times",
        ),
        (
            {"on": "Order Completed", "count": 3, "repeats": {"up_to": 2}},
            "after every 3 orders, up to 2 times",
        ),
        (
            {"on": "Order Completed", "sum": {"of": "total", "reaches": 500}},
            "once the order total adds up to $500",
        ),
        (
            {
                "on": "Order Completed",
                "sum": {"of": "total", "reaches": 500},
                "repeats": {"up_to": 4},
            },
            "each time the order total adds up to $500, up to 4 times",
        ),
    ],
)
def test_every_kind_of_milestone(milestone: dict[str, Any], told: str) -> None:
    friends = offer(program({"to": "friend"}, milestones={"bought": milestone}), "en").friend
    assert friends == f"$20 in credit {told}"


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("nth = 3", "at the 3rd successful referral"),
        ("nth IN (10, 5)", "at the 5th and 10th successful referral"),
        ("nth <= 100", "for each friend, after the first order, the first 100 times only"),
        ("total > 9", "for each friend, after the first order (conditions apply)"),
        ("nth = 3 AND total > 9", "at the 3rd successful referral (conditions apply)"),
        ("nth > 3", "for each friend, after the first order (conditions apply)"),
        ("TRUE", "for each friend, after the first order"),
    ],
)
def test_every_kind_of_condition(when: str, told: str) -> None:
    assert advocate({"when": when}) == f"$20 in credit {told}"


def test_a_customers_own_program_names_no_friend() -> None:
    own = program({"to": "self", "give": "points", "amount": 1}, attribution=None)
    assert offer(own, "en").advocate == "1 point after the first order"
    assert offer(own, "zh-hans").advocate == "首次下单后可得 1 积分"


def test_a_long_offer_ends_with_the_rules() -> None:
    many = [{"when": f"nth = {n}", "amount": n} for n in (1, 2, 3, 4, 5)]
    lines = offer(program(*many), "zh-hans").advocate_lines
    assert lines[0] == "第 1 次成功推荐后可得 US$1 抵用金"
    assert lines[3:] == ("更多奖励见规则",)
    at_once = [{"give": f"gift:g{n}", "amount": 1} for n in range(5)]
    assert advocate(*at_once).startswith("gift “g0”, gift “g1”, gift “g2”, and other rewards for")


def test_a_name_cannot_turn_the_text_round() -> None:
    turned = offer(program({"give": "gift:mug"}), "en", names={"gift:mug": "A\u202emug\n"})
    assert turned.advocate.startswith("20 × Amug for")


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_shipped_program_has_an_offer_that_fits(path: Path, lang: Language) -> None:
    preset = Program.load(path)
    found = offer(preset, lang)
    assert found.advocate_lines
    pays_friends = any(reward.to == "friend" for reward in preset.rewards.values())
    assert bool(found.friend_lines) == pays_friends
    for line in (*found.advocate_lines, *found.friend_lines):
        assert len(line) <= 220
        assert "{" not in line
        assert "  " not in line


@pytest.mark.parametrize(
    ("sql", "low", "high"),
    [
        ("LEAST(400, ROUND(200 * COALESCE(size, 1), 0))", 0, 400),
        ("LEAST(200, GREATEST(20, FLOOR(advocate_spend * 0.01)))", 20, 200),
        ("CASE WHEN nth = 1 THEN 5 END", 0, 5),
        ("10 - CASE WHEN nth = 1 THEN 3 ELSE 4 END", 6, 7),
        ("-CASE WHEN nth = 1 THEN 3 ELSE -4 END", 0, 4),
        ("ABS(CASE WHEN nth = 1 THEN -3 ELSE -4 END)", 3, 4),
        ("ABS(CASE WHEN nth = 1 THEN -3 ELSE 4 END)", 0, 4),
        ("CASE WHEN nth = 1 THEN 2 ELSE 3 END * CASE WHEN nth = 1 THEN 5 ELSE 7 END + 1", 11, 22),
        ("ROUND(2.345, 2)", "2.35", "2.35"),
        ("CEIL(2.1) + FLOOR(2.9)", 5, 5),
        ("0 * nth", 0, 0),
        ("LEAST(5, size)", 0, 5),
        ("GREATEST(5, size)", 5, "Infinity"),
        ("nth + 1", 1, "Infinity"),
        ("6 / nth", 0, "Infinity"),
        ("NULL", 0, 0),
    ],
)
def test_bounds_are_never_narrower_than_the_expression(
    sql: str, low: str | int, high: str | int
) -> None:
    shop = program({"amount": {"sql": sql}}, properties={"size": "number"})
    found = bounds(shop, shop.rewards["r0"])
    assert found == Bounds(Decimal(low), Decimal(high))
