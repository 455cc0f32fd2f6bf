"""Conditions and expressions in words."""

import pytest

from banyan.engine.language import names, sql
from banyan.engine.language.explain import condition, facts, safe
from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.program import Program

PROGRAM = Program.parse(
    """
program: words
version: 1
currency: USD
properties: {plan: text, seats: number, paid: boolean}
attribution: {}
milestones: {bought: {on: Order Completed}}
rewards: {r: {to: advocate, on: bought, give: points, amount: 1}}
experiments: {rate: {split: {a: 1, b: 1}, by: advocate}}
"""
)


def in_words(text: str, place: names.Place = "reward", lang: str = "en") -> str:
    voice = Voice(lang, safe.plain)
    return expressions(voice, PROGRAM, place, event="Order Completed").condition(text)


def worth(text: str, lang: str = "en") -> str:
    voice = Voice(lang, safe.plain)
    return expressions(voice, PROGRAM, "reward", event="Order Completed").value(text)


CONDITIONS = {
    "total >= 50 AND plan = 'pro'": (
        "the order total is at least 50 and plan is “pro”",
        "订单金额不低于 50，且 plan 为“pro”",
    ),
    "total > 1 OR total < 2": (
        "the order total is more than 1 or the order total is less than 2",
        "订单金额超过 1，或订单金额低于 2",
    ),
    "plan <> 'pro' AND (seats <= 5 OR NOT paid)": (
        "plan is not “pro” and (seats is at most 5 or paid is false)",
        "plan 不为“pro”，且（seats 不超过 5，或 paid 为假）",
    ),
    "NOT (seats < 5 AND paid)": (
        "seats is at least 5 or paid is false",
        "seats 不低于 5，或 paid 为假",
    ),
    "NOT (seats < 5 OR paid) OR plan = 'x'": (
        "(seats is at least 5 and paid is false) or plan is “x”",
        "（seats 不低于 5，且 paid 为假），或 plan 为“x”",
    ),
    "plan IN ('pro', 'team')": ("plan is one of “pro” or “team”", "plan 为“pro”或“team”"),
    "plan IN ('pro')": ("plan is “pro”", "plan 为“pro”"),
    "plan NOT IN ('pro', 'team')": (
        "plan is not one of “pro” or “team”",
        "plan 不是“pro”或“team”",
    ),
    "seats BETWEEN 2 AND 10": (
        "seats is between 2 and 10, both included",
        "seats 在 2 到 10 之间（含两端）",
    ),
    "seats NOT BETWEEN 2 AND 10": (
        "seats is below 2 or above 10",
        "seats 低于 2 或高于 10",
    ),
    "plan LIKE 'pro%'": ("plan begins with “pro”", "plan 以“pro”开头"),
    "plan LIKE '%pro'": ("plan ends with “pro”", "plan 以“pro”结尾"),
    "plan LIKE '%pro%'": ("plan contains “pro”", "plan 包含“pro”"),
    "plan LIKE 'pro'": ("plan is exactly “pro”", "plan 恰为“pro”"),
    "plan NOT LIKE 'pro%'": ("plan does not begin with “pro”", "plan 不以“pro”开头"),
    "plan LIKE 'p_o%'": (
        "plan matches the pattern “p_o%” (% is any text, _ any character)",
        "plan 符合模式“p_o%”（% 代表任意文本，_ 代表任意一个字符）",
    ),
    "advocate_tags LIKE '%,vip,%'": (
        "the advocate has the tag “vip”",
        "推荐人带有标签“vip”",
    ),
    "NOT friend_tags LIKE '%,vip,%'": (
        "the friend lacks the tag “vip”",
        "被推荐人没有标签“vip”",
    ),
    "coupon IS NULL": ("the coupon code is missing", "优惠码为空"),
    "order_id IS NOT NULL": ("the order number is present", "订单号不为空"),
    "(seats > 1) IS NULL": (
        "it is not known whether seats is more than 1",
        "无法判断“seats 超过 1”是否成立",
    ),
    "friend_is_new": ("the friend has not ordered yet", "被推荐人尚未下过单"),
    "NOT advocate_is_known": (
        "the advocate is not known to us yet",
        "推荐人还不是我们已知的用户",
    ),
    "paid = TRUE": ("paid is true", "paid 为真"),
    "friend_is_new = FALSE": ("the friend has ordered before", "被推荐人曾下过单"),
    "TRUE": ("always", "始终成立"),
    "NOT TRUE": ("never", "永不成立"),
    "nth = 3": ("it is the 3rd time", "这是第 3 次"),
    "nth <> 3": ("it is not the 3rd time", "这不是第 3 次"),
    "nth = 1": ("it is the 1st time", "这是第 1 次"),
    "nth <= 100": ("it is one of the first 100 times", "这是前 100 次之一"),
    "nth < 2": ("it is the first time", "这是首次"),
    "nth >= 11": ("it is the 11th time or a later one", "这是第 11 次或以后"),
    "nth > 21": ("it is the 22nd time or a later one", "这是第 22 次或以后"),
    "3 >= nth": ("it is one of the first 3 times", "这是前 3 次之一"),
    "nth IN (5, 10, 20)": ("it is the 5th, 10th, or 20th time", "这是第 5、第 10 或第 20 次"),
    "nth NOT IN (5, 10)": ("it is not the 5th or 10th time", "这不是第 5 或第 10 次"),
    "rate = 'a'": ("the variant of the test “rate” is “a”", "测试“rate”的分组为“a”"),
    "CASE WHEN seats > 1 THEN paid ELSE FALSE END": (
        "this is true: paid if seats is more than 1; false in all other cases",
        "以下成立：若 seats 超过 1，则为 paid；其他情况为假",
    ),
    "plan = NULL": ("plan is nothing", "plan 为空值"),
    "plan LIKE NULL": ("never", "永不成立"),
}

VALUES = {
    "total * 0.05": ("the order total × 0.05", "订单金额 × 0.05"),
    "(total + 1) * 2 - seats / 4": (
        "(the order total + 1) × 2 − seats ÷ 4",
        "（订单金额 + 1） × 2 − seats ÷ 4",
    ),
    "total - (seats - 1)": ("the order total − (seats − 1)", "订单金额 − （seats − 1）"),
    "total - seats - 1": ("the order total − seats − 1", "订单金额 − seats − 1"),
    "-seats": ("−seats", "−seats"),
    "-(seats + 1)": ("−(seats + 1)", "−（seats + 1）"),
    "COALESCE(seats, 1)": ("seats (or 1 if that is missing)", "seats（为空时取 1）"),
    "LEAST(200, GREATEST(20, seats))": (
        "the smaller of (200; the larger of (20; seats))",
        "较小值（200；较大值（20；seats））",
    ),
    "LEAST(1, 2, seats)": ("the smallest of (1; 2; seats)", "最小值（1；2；seats）"),
    "GREATEST(1, 2, seats)": ("the largest of (1; 2; seats)", "最大值（1；2；seats）"),
    "ROUND(total)": (
        "the order total, rounded to a whole number",
        "订单金额，四舍五入取整",
    ),
    "ROUND(total, 2)": (
        "the order total, rounded to 2 decimals",
        "订单金额，四舍五入保留 2 位小数",
    ),
    "ROUND(total, 1)": (
        "the order total, rounded to 1 decimal",
        "订单金额，四舍五入保留 1 位小数",
    ),
    "ROUND(total, -2)": (
        "the order total, rounded to a multiple of 100",
        "订单金额，四舍五入到 100 的整数倍",
    ),
    "FLOOR(total) * 2": (
        "(the order total, rounded down to a whole number) × 2",
        "（订单金额，向下取整） × 2",
    ),
    "CEIL(total)": ("the order total, rounded up to a whole number", "订单金额，向上取整"),
    "ABS(total)": ("the size of the order total without its sign", "订单金额的绝对值"),
    "CASE WHEN nth = 1 THEN 10 WHEN paid THEN 7.5 ELSE 5 END": (
        "10 if it is the 1st time; 7.5 if paid is true; 5 in all other cases",
        "若这是第 1 次，则为 10；若 paid 为真，则为 7.5；其他情况为 5",
    ),
    "CASE plan WHEN 'pro' THEN 10 END": (
        "10 if plan is “pro”; nothing in all other cases",
        "若 plan 为“pro”，则为 10；其他情况为空值",
    ),
    "advocate_spend": ("the advocate’s total spend", "推荐人的累计消费额"),
    "nth": ("the running number of the success", "累计次数"),
    "1234567.250": ("1,234,567.25", "1,234,567.25"),
    "COALESCE(plan, '')": (
        "plan (or an empty text if that is missing)",
        "plan（为空时取空文本）",
    ),
    "NULL": ("nothing", "空值"),
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_in_both_languages(text: str) -> None:
    assert (in_words(text), in_words(text, lang="zh-hans")) == CONDITIONS[text]


@pytest.mark.parametrize("text", VALUES)
def test_a_value_in_both_languages(text: str) -> None:
    assert (worth(text), worth(text, "zh-hans")) == VALUES[text]


def test_a_plain_fact_is_the_one_of_the_place() -> None:
    assert in_words("orders >= 1", "advocates") == "the advocate’s number of orders is at least 1"
    assert in_words("orders >= 1", "friends") == "the friend’s number of orders is at least 1"


def test_in_a_self_program_facts_are_the_customers() -> None:
    program = Program.parse("{program: s, version: 1, currency: USD}")
    voice = Voice("en", safe.plain)
    words = expressions(voice, program, "milestone").condition("tier = 'gold' AND NOT is_new")
    assert words == "the customer’s tier is “gold” and the customer has ordered before"


def test_the_total_of_an_event_that_is_no_order_is_no_order_total() -> None:
    voice = Voice("en", safe.plain)
    told = expressions(voice, PROGRAM, "milestone", event="Donation Made")
    assert told.condition("total >= 1") == "the total is at least 1"


@pytest.mark.parametrize("name", names.RISK_FACTS)
@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_every_risk_fact_has_words(name: str, lang: str) -> None:
    if names.RISK_FACTS[name] == "boolean":
        told = [in_words(name, "risk", lang), in_words(f"NOT {name}", "risk", lang)]
    else:
        told = [in_words(f"{name} > 5", "risk", lang), in_words(f"{name} <= 5", "risk", lang)]
    assert told[0] != told[1]
    assert name not in told[0] + told[1]


@pytest.mark.parametrize("side", ["advocate", "friend"])
@pytest.mark.parametrize("name", names.FACTS)
def test_every_fact_has_words(name: str, side: str) -> None:
    fact = f"{side}_{name}"
    text = {"boolean": fact, "number": f"{fact} > 5", "text": f"{fact} = 'x'"}[names.FACTS[name]]
    assert fact not in in_words(text)
    assert f"the {side}" in in_words(text)


def test_the_words_are_about_the_names_of_the_language_and_no_others() -> None:
    booleans = {name for name, kind in names.FACTS.items() if kind == "boolean"}
    assert set(facts.FACTS) == set(names.FACTS) - booleans
    assert set(facts.PROPERTIES) == set(names.ALWAYS_KNOWN)
    signs = {name for name, kind in names.RISK_FACTS.items() if kind == "boolean"}
    assert set(facts.SIGNS) == booleans | signs
    assert set(facts.MEASURES) == set(names.RISK_FACTS) - signs | {"nth"}


def test_every_construct_that_the_language_admits_has_words_and_no_other_has() -> None:
    assert set(condition.CONDITIONS) | set(condition.VALUES) == set(sql.NODES)


def test_every_construct_is_shown_above() -> None:
    voice = Voice("en", safe.plain)
    seen: set[type] = set()
    for text in [*CONDITIONS, *VALUES]:
        tree = expressions(voice, PROGRAM, "reward").tree(text)
        seen |= {type(node) for node in tree.walk()}
    assert set(sql.NODES) <= seen
