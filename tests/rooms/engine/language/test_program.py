"""Program files: what they mean, and what is said about those that mean nothing."""

import json
import time
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from banyan.engine.language.program import (
    Boost,
    ByTable,
    Cap,
    Draw,
    Fixed,
    Ladder,
    Limit,
    Percent,
    Prize,
    Program,
    ProgramError,
    Repeats,
    SqlAmount,
    Sum,
)
from banyan.engine.language.source import Node, Source, Written, plain

SECOND = 1_000_000
DAY = 86_400 * SECOND
EXAMPLE = Path(__file__).with_name("example.yaml")

HEAD = "program: p\nversion: 1\ncurrency: USD\n"
REFERRAL = HEAD + "attribution: {}\nmilestones: {m: {on: Order Completed}}\n"
SELF = HEAD + "milestones: {m: {on: Order Completed}}\n"


def reward(text: str, head: str = REFERRAL) -> str:
    """A program whose one reward says this, beside `to`, `on` and `give` where it does not."""
    to = "self" if head == SELF else "advocate"
    lines = [f"  r: {{to: {to}, on: m, give: cash, amount: 1}}"]
    if text:
        keys = {"to": to, "on": "m", "give": "cash", "amount": "1"}
        keys |= dict(line.split(": ", 1) for line in text.strip().splitlines())
        lines = ["  r:", *(f"    {key}: {value}" for key, value in keys.items())]
    return head + "rewards:\n" + "\n".join(lines) + "\n"


def told(text: str | bytes) -> list[str]:
    """What is said about a text, without its name."""
    with pytest.raises(ProgramError) as refused:
        Program.parse(text)
    lines = str(refused.value).splitlines()
    assert lines == [str(finding) for finding in refused.value.findings]
    return [line.removeprefix("program.yaml:") for line in lines]


def told_without_place(text: str) -> list[str]:
    return [line.split(": ", 1)[1] for line in told(text)]


# What a program means


def test_every_key_of_the_language() -> None:
    program = Program.load(EXAMPLE)
    assert (program.program, program.version, program.currency) == ("meundies", 1, "USD")
    assert program.title is not None
    assert (program.title.en, program.title.zh_hans) == (
        "Give 20%, get $20",
        "送好友八折，得20美元",
    )
    assert program.timezone == "America/Los_Angeles"
    assert program.runs_us == (1_767_254_400 * SECOND, 1_798_790_400 * SECOND)
    assert program.properties == {"plan": "text", "seats": "number"}
    assert (program.advocates.where, program.friends.where) == ("orders >= 1", "is_new")
    assert program.attribution is not None
    assert program.attribution.window == 30 * DAY
    assert program.attribution.credit == "last_touch"
    assert program.attribution.prefer == ("code", "invite", "click")
    assert program.attribution.joins_on == ("Signed Up", "Order Completed")
    milestone = program.milestones["bought"]
    assert (milestone.on, milestone.where, milestone.count) == ("Order Completed", "total >= 50", 1)
    assert (milestone.sum, milestone.within) == (None, 60 * DAY)
    assert (milestone.repeats, milestone.times) == (Repeats(up_to=12), 12)
    paid = program.rewards["advocate-credit"]
    assert (paid.to, paid.on, paid.when) == ("advocate", "bought", "nth <= 100")
    assert (paid.give, program.unit(paid.give)) == ("credit", "credit USD")
    assert paid.amount == Fixed(value=Decimal("20.00"))
    assert (paid.hold, paid.expires, paid.refund_policy) == (14 * DAY, 365 * DAY, "full")
    assert paid.caps == (
        Cap(per="advocate", period="year", amount=Decimal("500.00")),
        Cap(per="program", amount=Decimal("100000.00")),
    )
    (boost,) = paid.boosts
    assert boost == Boost(from_="2026-11-11", until="2026-11-12", times=Decimal(2))
    assert program.at_us(boost.from_) == 1_794_384_000 * SECOND
    assert program.limits == (Limit(give="cash", per="program", amount=Decimal("50000.00")),)
    assert program.experiments["rate"].split == {"a": Decimal(50), "b": Decimal(50)}
    assert program.experiments["rate"].by == "advocate"
    assert program.seed_sha256 is not None
    assert program.seed_sha256.startswith("9f86d081")
    assert [(rule.id, rule.when, rule.then, rule.for_) for rule in program.risk] == [
        ("same-device", "same_device", "reject", "advocate"),
        ("burst", "friends_24h > 20", "hold", "both"),
    ]
    assert (program.is_self, program.minor_digits) == (False, 2)


def test_what_is_left_out() -> None:
    program = Program.parse(REFERRAL)
    assert (program.title, program.advice, program.timezone) == (None, None, "UTC")
    assert program.runs_us == (None, None)
    assert (program.advocates.where, program.friends.where) == ("TRUE", "is_new")
    assert program.attribution is not None
    assert program.attribution.window == 30 * DAY
    assert program.attribution.credit == "last_touch"
    assert program.attribution.prefer == ("code", "invite", "click")
    assert program.attribution.joins_on == ("Signed Up", "Order Completed")
    milestone = program.milestones["m"]
    assert (milestone.where, milestone.count, milestone.sum) == (None, 1, None)
    assert (milestone.within, milestone.repeats, milestone.times) == (None, None, 1)
    paid = Program.parse(reward("")).rewards["r"]
    assert (paid.when, paid.hold, paid.expires, paid.on_refund) == (None, 0, None, None)
    assert (paid.caps, paid.boosts, paid.refund_policy) == ((), (), "full")


def test_a_self_program_has_no_attribution() -> None:
    assert Program.parse(SELF).is_self
    assert not Program.parse(REFERRAL).is_self


@pytest.mark.parametrize(
    ("written", "amount", "refunds"),
    [
        ("20.00", Fixed(value=Decimal("20.00")), "full"),
        ("1e3", Fixed(value=Decimal(1000)), "full"),
        (
            "{percent: 5, of: total, min: 1.00, max: 200.00}",
            Percent(percent=Decimal(5), of="total", min=Decimal("1.00"), max=Decimal("200.00")),
            "proportional",
        ),
        (
            "{percent: 7.5%, of: total}",
            Percent(percent=Decimal("7.5"), of="total"),
            "proportional",
        ),
        (
            "{ladder: {first: 50, grow: 10%, steps: 10}}",
            Ladder(first=Decimal(50), grow=Decimal(10), steps=10),
            "full",
        ),
        (
            "{ladder: {first: 50, add: -5, steps: 3}}",
            Ladder(first=Decimal(50), add=Decimal(-5), steps=3),
            "full",
        ),
        (
            "{by: coupon, table: {roof: 500, 7: 300, true: 0.1}, else: 2}",
            ByTable(
                by="coupon",
                table={"roof": Decimal(500), "7": Decimal(300), "true": Decimal("0.1")},
                else_=Decimal(2),
            ),
            "full",
        ),
        ("{by: coupon, table: {a: 1}}", ByTable(by="coupon", table={"a": Decimal(1)}), "full"),
        ('{sql: "nth * 2"}', SqlAmount(sql="nth * 2"), "full"),
        ("{sql: 5}", SqlAmount(sql="5"), "full"),
        (
            "{draw: [{give: gift:mug, amount: 1, weight: 5}], chance: 0.1}",
            Draw(
                draw=(Prize(give="gift:mug", amount=Decimal(1), weight=Decimal(5)),),
                chance=Decimal("0.1"),
            ),
            "full",
        ),
        (
            "{draw: [{give: gift:mug, amount: 1, weight: 5}]}",
            Draw(
                draw=(Prize(give="gift:mug", amount=Decimal(1), weight=Decimal(5)),),
                chance=Decimal(1),
            ),
            "full",
        ),
    ],
)
def test_amounts(written: str, amount: object, refunds: str) -> None:
    paid = Program.parse(reward(f"amount: {written}")).rewards["r"]
    assert paid.amount == amount
    assert paid.refund_policy == refunds


def test_the_steps_of_a_ladder_are_rounded_once() -> None:
    def steps(**terms: str | int) -> list[str]:
        given = {key: Decimal(value) for key, value in terms.items() if key != "steps"}
        return [str(s) for s in Ladder(steps=int(terms["steps"]), **given).steps_exact()]  # type: ignore[arg-type]

    assert steps(first=50, grow=10, steps=10) == [
        "50.000000",
        "55.000000",
        "60.500000",
        "66.550000",
        "73.205000",
        "80.525500",
        "88.578050",
        "97.435855",
        "107.179441",  # 107.1794405
        "117.897385",  # 117.89738455; from the rounded step before it would be 117.897385 too
    ]
    assert steps(first="0.000001", grow=50, steps=4) == [
        "0.000001",
        "0.000002",
        "0.000002",
        "0.000003",
    ]
    assert steps(first=50, add=5, steps=3) == ["50.000000", "55.000000", "60.000000"]
    assert steps(first=1, add="-0.7", steps=3) == ["1.000000", "0.300000", "-0.400000"]


def test_other_values() -> None:
    program = Program.parse(
        HEAD.replace("USD", "JPY")
        + "attribution: {window: 36h, prefer: [click], joins_on: [Signed Up]}\n"
        + "advocates: {where: TRUE}\n"
        + "milestones: {m: {on: Order Completed, sum: {of: total, reaches: 500}}}\n"
        + "rewards:\n"
        + "  a: {to: charity:red-cross, on: joined, give: points, amount: 1, hold: 0}\n"
        + "  b: {to: upline, on: m, give: coupon:SAVE10, amount: 1, on_refund: keep,\n"
        + "      caps: [{per: beneficiary, count: 3, partial: false}]}\n"
    )
    assert program.attribution is not None
    assert program.attribution.window == 36 * 3_600 * SECOND
    assert program.advocates.where == "TRUE"
    assert program.milestones["m"].sum == Sum(of="total", reaches=Decimal(500))
    assert program.minor_digits == 0
    units = [program.unit(give) for give in ("cash", "credit", "points", "coupon:SAVE10")]
    assert units == ["cash JPY", "credit JPY", "points", "coupon:SAVE10"]
    assert program.rewards["b"].refund_policy == "keep"
    assert program.rewards["b"].caps == (Cap(per="beneficiary", count=3, partial=False),)


def test_a_name_may_be_written_in_any_script() -> None:
    text = SELF + "properties: {城市: text}\n" + "rewards: {首单: {to: self, on: m, give: points, "
    program = Program.parse(text + "amount: 1, when: \"城市 = '上海'\"}}\n")
    assert program.rewards["首单"].when == "城市 = '上海'"


def test_json_is_a_program_too() -> None:
    value = {"program": "p", "version": 1, "currency": "USD", "title": {"en": "😀"}}
    program = Program.parse(json.dumps(value))
    assert program.title is not None
    assert program.title.en == "😀"


def test_programs_are_values() -> None:
    program = Program.parse(reward(""))
    assert program == Program.parse(reward("").replace("\n", "\n\n"), "other.yaml")
    assert program != Program.parse(reward("amount: 2"))
    with pytest.raises(ValidationError):
        program.rewards["r"].hold = 5


# What is no program: one fault at a time


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (
            "program: p\n",
            [
                "1:1: error currency: currency is missing: ISO 4217 code; an event with "
                "another currency matches no milestone",
                "1:1: error version: version is missing: the number of this version; a "
                "published version never changes",
            ],
        ),
        (
            HEAD + "titel: x\n",
            ["4:1: error titel: the key 'titel' is not known; did you mean title?"],
        ),
        (
            HEAD + "title: {}\n",
            ["4:8: error title: give the words in at least one language: en or zh-hans"],
        ),
        (
            HEAD + "title: Hello\n",
            ["4:8: error title: expected a mapping of keys to values, found 'Hello'"],
        ),
        (
            HEAD + "timezone: Asia/Shangai\n",
            [
                "4:11: error timezone: 'Asia/Shangai' is no IANA time zone; did you mean "
                "Asia/Shanghai?"
            ],
        ),
        (
            HEAD + "program: q\n",
            ["4:1: error program: this key was given in line 1 already; keep one of them"],
        ),
        (
            HEAD + "runs: {from: 2026-02-30}\n",
            ["4:14: error runs.from: there is no such date or time as '2026-02-30'"],
        ),
        (
            HEAD + "seed_sha256: abc\n",
            ["4:14: error seed_sha256: expected the SHA-256 of the seed: 64 hexadecimal digits"],
        ),
        (HEAD + "limits: {give: cash}\n", ["4:9: error limits: expected a list, found a mapping"]),
        (
            HEAD + "runs:\n",
            ["4:6: error runs: expected a mapping of keys to values, found nothing"],
        ),
        (
            "program: Big Name\nversion: 1\ncurrency: USD\n",
            [
                "1:10: error program: expected 1 to 64 characters of a-z, 0-9 and -, found 'Big "
                "Name'"
            ],
        ),
        (
            "program: 2026\nversion: 1\ncurrency: USD\n",
            [
                "1:10: error program: expected text, found the number 2026; to mean the text, "
                "write "
                '"2026"'
            ],
        ),
        (
            "program: p\nversion: 1.5\ncurrency: USD\n",
            ["2:10: error version: expected a whole number, found 1.5"],
        ),
        (
            "program: p\nversion: 0\ncurrency: USD\n",
            ["2:10: error version: expected a number of at least 1"],
        ),
        (
            'program: p\nversion: "1"\ncurrency: USD\n',
            ["2:10: error version: expected a whole number, found '1'"],
        ),
        (
            "program: p\nversion: 1\ncurrency: usd\n",
            ["3:11: error currency: 'usd' is no ISO 4217 currency code; did you mean USD?"],
        ),
        (
            "program: p\nversion: 1\ncurrency: BTC\n",
            ["3:11: error currency: 'BTC' is no ISO 4217 currency code; such as USD or CNY"],
        ),
    ],
)
def test_faults_of_the_head(text: str, findings: list[str]) -> None:
    assert told(text) == findings


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("to: advocat", "8:9: error rewards.r.to: 'advocat' is not known; did you mean advocate?"),
        (
            "to: charity",
            "8:9: error rewards.r.to: expected charity:NAME with a name of 1 to 64 "
            "characters without spaces, : / and |, found 'charity'",
        ),
        ("on: n", "9:9: error rewards.r.on: there is no milestone 'n'; expected m or joined"),
        ("give: cahs", "10:11: error rewards.r.give: 'cahs' is not known; did you mean cash?"),
        (
            "give: 'gift:'",
            "10:11: error rewards.r.give: expected gift:REF with a name of 1 to 64 "
            "characters without spaces, : / and |, found 'gift:'",
        ),
        (
            "give: cash:USD",
            "10:11: error rewards.r.give: cash takes no name after a colon; write cash",
        ),
        ("amount: -1", "11:13: error rewards.r.amount: expected a number of at least 0"),
        ("amount: lots", "11:13: error rewards.r.amount: expected a number, found 'lots'"),
        (
            'amount: "20"',
            "11:13: error rewards.r.amount: expected a number, found the text '20'; "
            "remove the quotes",
        ),
        ("amount: 1_000", "11:13: error rewards.r.amount: expected a number, found '1_000'"),
        (
            "amount: 0x10",
            "11:13: error rewards.r.amount: expected a decimal number such as 20.00, found 0x10",
        ),
        (
            "amount: .nan",
            "11:13: error rewards.r.amount: expected a decimal number such as 20.00, found .nan",
        ),
        ("amount: 1e13", "11:13: error rewards.r.amount: a number may be at most 10^12 in size"),
        (
            "amount: 0.1234567890123",
            "11:13: error rewards.r.amount: a number may have at most 12 decimals",
        ),
        (
            "amount: " + "9" * 5000,
            "11:13: error rewards.r.amount: this number has 5000 digits; at most 10^12 is possible",
        ),
        (
            "amount: {precent: 5, of: total}",
            "11:13: error rewards.r.amount: expected a number, or "
            "a mapping with percent, ladder, by and table, sql or draw, found a mapping with "
            "precent; "
            "did you mean percent?",
        ),
        (
            "amount: {percent: 5}",
            "11:5: error rewards.r.amount.of: of is missing: the property or "
            "fact it is a share of, such as total",
        ),
        (
            "amount: {percent: -5%, of: total}",
            "11:23: error rewards.r.amount.percent: expected a number of at least 0",
        ),
        (
            "amount: {percent: 5, of: plan}",
            "11:30: error rewards.r.amount.of: the name 'plan' is "
            "not known here; expected nth, advocate_orders, advocate_spend, advocate_is_new, "
            "advocate_is_known, advocate_tenure_days, advocate_tier, advocate_tags, friend_orders, "
            "friend_spend, friend_is_new, friend_is_known, friend_tenure_days, friend_tier, "
            "friend_tags, order_id, currency, coupon or total",
        ),
        (
            "amount: {percent: 5, of: coupon}",
            "11:30: error rewards.r.amount.of: expected a number, but coupon is a text",
        ),
        (
            "amount: {percent: 5, of: total, min: 3, max: 2}",
            "11:42: error rewards.r.amount.min: min 3 is above max 2",
        ),
        (
            "amount: {ladder: {first: 5, steps: 3}}",
            "11:22: error rewards.r.amount.ladder: a ladder rises by exactly one of grow and add",
        ),
        (
            "amount: {ladder: {first: 5, grow: 10, steps: 3}}",
            "11:39: error rewards.r.amount.ladder"
            ".grow: expected a percentage such as 10%, found the number 10",
        ),
        (
            "amount: {ladder: {first: 5, add: 1}}",
            "11:14: error rewards.r.amount.ladder.steps: "
            "steps is missing: the number of steps; later successes stay at the last one",
        ),
        (
            "amount: {ladder: {first: 5, add: 1, steps: 3}, max: 9}",
            "11:57: error rewards.r.amount."
            "max: max stands beside ladder; a ladder's keys stand inside it",
        ),
        (
            "amount: {ladder: {first: 9, grow: 900%, steps: 99}}",
            "11:22: error rewards.r.amount."
            "ladder: a step of this ladder is beyond 10^12; take fewer steps or a smaller rise",
        ),
        (
            "amount: {by: nth, table: {1: 5}}",
            "11:18: error rewards.r.amount.by: the name 'nth' is "
            "not known here; expected advocate_orders, advocate_spend, advocate_is_new, "
            "advocate_is_known, advocate_tenure_days, advocate_tier, advocate_tags, friend_orders, "
            "friend_spend, friend_is_new, friend_is_known, friend_tenure_days, friend_tier, "
            "friend_tags, order_id, currency, coupon or total",
        ),
        (
            "amount: {by: coupon, table: {}}",
            "11:33: error rewards.r.amount.table: the table is "
            "empty; give an amount for at least one value",
        ),
        (
            'amount: {sql: "total + ttal"}',
            "11:28: error rewards.r.amount.sql: the name 'ttal' is "
            "not known here; did you mean total?",
        ),
        (
            'amount: {sql: "total > 5"}',
            "11:20: error rewards.r.amount.sql: expected a number, but this is a condition",
        ),
        (
            "amount: {draw: []}",
            "11:20: error rewards.r.amount.draw: the list is empty; give at least one entry",
        ),
        (
            "amount: {draw: [{give: cash, amount: 1, weight: 0}]}",
            "11:53: error rewards.r.amount.draw[0].weight: expected a number above 0",
        ),
        (
            "amount: {draw: [{give: cash, amount: 1, weight: 1}], chance: 1.1}",
            "11:66: error rewards.r.amount.chance: a chance is above 0 and at most 1; 10% is 0.1",
        ),
        (
            "hold: 14",
            "12:11: error rewards.r.hold: a span needs a unit (d, h, m or s), such as 14d",
        ),
        ("hold: -14d", "12:11: error rewards.r.hold: a span cannot be negative, found -14d"),
        ("expires: -1", "12:14: error rewards.r.expires: a span cannot be negative, found -1"),
        (
            "hold: 2 weeks",
            "12:11: error rewards.r.hold: expected a span such as 30d, 12h, 90m or "
            "45s, found '2 weeks'",
        ),
        (
            "on_refund: none",
            "12:16: error rewards.r.on_refund: 'none' is not known; expected "
            "proportional, full or keep",
        ),
        (
            "holds: 1d",
            "12:5: error rewards.r.holds: the key 'holds' is not known; did you mean hold?",
        ),
        (
            "caps: [{per: advocat, amount: 1}]",
            "12:18: error rewards.r.caps[0].per: 'advocat' is "
            "not known; did you mean advocate? (known: advocate, friend, beneficiary or program)",
        ),
        (
            "caps: [{per: program, amount: 1}, {per: program}]",
            "12:39: error rewards.r.caps[1]: expected exactly one of amount and count",
        ),
        (
            "caps: [{per: program, amount: 1, count: 1}]",
            "12:12: error rewards.r.caps[0]: expected exactly one of amount and count",
        ),
        (
            "caps: [{per: program, amount: 1, partial: no}]",
            "12:47: error rewards.r.caps[0].partial: expected true or false, found 'no'",
        ),
        (
            "boosts: [{from: 2026-01-01, times: 2}]",
            "12:14: error rewards.r.boosts[0].until: until is missing: the first moment after it",
        ),
        (
            "boosts: [{from: 2026-01-01, until: 2026-01-02, times: 101}]",
            "12:5: error rewards.r."
            "boosts: boosts that overlap multiply, here to more than 100 times",
        ),
        ('when: "nth <= 3 AND"', "12:21: error rewards.r.when: something is missing after AND"),
        ('when: "nth"', "12:12: error rewards.r.when: expected a condition, but this is a number"),
        (
            "when: \"total = 'x'\"",
            "12:20: error rewards.r.when: a text cannot stand beside a number",
        ),
        (
            'when: "order_id = 1"',
            "12:23: error rewards.r.when: a number cannot stand beside a text",
        ),
        (
            'when: "orders > 1"',
            "12:12: error rewards.r.when: the name 'orders' is not known here; "
            "did you mean advocate_orders or friend_orders?",
        ),
        (
            "when: ''",
            "12:11: error rewards.r.when: expected a condition or expression in SQL, found nothing",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_faults_of_a_reward(line: str, finding: str) -> None:
    assert told(reward(line)) == [finding]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            "milestones: {m: {on: X, count: 0}}",
            "milestones.m.count: expected a number of at least 1",
        ),
        (
            "milestones: {m: {on: X, count: 2, sum: {of: total, reaches: 5}}}",
            "milestones.m.sum: a milestone has either count or sum, not both",
        ),
        (
            "milestones: {m: {on: X, sum: {of: coupon, reaches: 5}}}",
            "milestones.m.sum.of: expected a number, but coupon is a text",
        ),
        (
            "milestones: {m: {on: X, sum: {of: total, reaches: 0}}}",
            "milestones.m.sum.reaches: expected a number above 0",
        ),
        (
            "milestones: {m: {on: X, repeats: {}}}",
            "milestones.m.repeats.up_to: up_to is missing: how often in all",
        ),
        (
            "milestones: {m: {on: X, where: nth = 1}}",
            "milestones.m.where: the name 'nth' is not known here; expected advocate_is_known, "
            "advocate_is_new, advocate_orders, advocate_spend, advocate_tags, "
            "advocate_tenure_days, "
            "advocate_tier, coupon, currency, friend_is_known, friend_is_new, friend_orders, "
            "friend_spend, friend_tags, friend_tenure_days, friend_tier, order_id or total",
        ),
        (
            "milestones: {m: {on: ''}}",
            "milestones.m.on: expected the name of a track event, such as Order Completed",
        ),
        (
            "milestones: {m: {where: TRUE}}",
            "milestones.m.on: on is missing: the name of the track event, such as Order Completed",
        ),
        (
            "milestones: {joined: {on: X}}",
            "milestones.joined: joined is built in, the start of a referral; take another name",
        ),
        (
            "milestones: {a/b: {on: X}}",
            "milestones.a/b: a name has 1 to 64 characters, no / or |, and no space at its ends; "
            "found "
            "'a/b'",
        ),
        (
            "attribution: {window: 30d, prefer: [click, click]}",
            "attribution.prefer[1]: click is listed twice",
        ),
        (
            "attribution: {prefer: [clicks]}",
            "attribution.prefer[0]: 'clicks' is not known; did you mean click? (known: code, "
            "invite or "
            "click)",
        ),
        (
            "attribution: {joins_on: []}",
            "attribution.joins_on: the list is empty; give at least one entry",
        ),
        ("attribution: 30d", "attribution: expected a mapping of keys to values, found '30d'"),
        (
            "friends: {where: friend_is_new}",
            "friends.where: the name 'friend_is_new' is not known here; did you mean is_new?",
        ),
        (
            "advocates: {where: total > 5}",
            "advocates.where: the name 'total' is not known here; expected is_known, is_new, "
            "orders, "
            "spend, tags, tenure_days or tier",
        ),
        (
            "experiments: {e: {split: {a: 1, b: 0}, by: friend}}",
            "experiments.e.split.b: expected a number above 0",
        ),
        (
            "experiments: {e: {split: {}, by: friend}}",
            "experiments.e.split: a split names at least one variant, such as {a: 50, b: 50}",
        ),
        (
            "experiments: {tier: {split: {a: 1}, by: friend}}",
            "experiments.tier: tier has a meaning of its own; take another name",
        ),
        (
            "experiments: {total: {split: {a: 1}, by: friend}}",
            "experiments.total: total has a meaning of its own; take another name",
        ),
        (
            "properties: {orders: number}",
            "properties.orders: orders is a fact already; no property can have this name",
        ),
        (
            "properties: {friend_tier: text}",
            "properties.friend_tier: friend_tier is a fact already; no property can have this name",
        ),
        (
            "properties: {same_ip: text}",
            "properties.same_ip: same_ip is a fact already; no property can have this name",
        ),
        (
            "properties: {nth: number}",
            "properties.nth: nth is built in; no property can have this name",
        ),
        ("properties: {total: text}", "properties.total: total is always known, as number"),
        (
            "properties: {x: string}",
            "properties.x: 'string' is not known; expected number, text or boolean",
        ),
        (
            "properties: {e: text}\nexperiments: {e: {split: {a: 1}, by: friend}}",
            "properties.e: e is an experiment too; give one of them another name",
        ),
        (
            "risk: [{id: a, when: same_ip, then: hold}, {id: a, when: same_ip, then: hold}]",
            "risk[1].id: another rule is called 'a' already",
        ),
        (
            "risk: [{id: a, when: same_ip, then: pay}]",
            "risk[0].then: 'pay' is not known; expected reject or hold",
        ),
        (
            "risk: [{id: a, when: same_ip, then: hold, for: friend}]",
            "risk[0].for: 'friend' is not known; expected advocate or both",
        ),
        (
            "risk: [{id: a, when: friends_24h, then: hold}]",
            "risk[0].when: expected a condition, but this is a number",
        ),
        (
            "limits: [{give: cash, per: program}]",
            "limits[0]: expected exactly one of amount and count",
        ),
        (
            "rewards: {r: {to: self, on: m, give: cash, amount: 1}}",
            "rewards.r.to: self belongs to programs without attribution; here it is advocate, "
            "friend, "
            "upline or charity:NAME",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_faults_of_a_referral_program(text: str, finding: str) -> None:
    key = text.split(":")[0]
    head = HEAD + "".join(
        line + "\n"
        for line in ("attribution: {}", "milestones: {m: {on: Order Completed}}")
        if not line.startswith(key)
    )
    assert told_without_place(head + text + "\n") == [f"error {finding}"]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            SELF + "friends: {where: is_new}\n",
            "friends: a program without attribution has no friends",
        ),
        (
            SELF + "advocates: {where: is_new}\n",
            "advocates: a program without attribution has no advocates",
        ),
        (SELF + "risk: []\n", "risk: a program without attribution has no risk"),
        (
            HEAD + "milestones: {m: {on: X, within: 3d}}\n",
            "milestones.m.within: within counts from the start of a referral, and a program "
            "without "
            "attribution has none",
        ),
        (reward("on: joined", SELF), "rewards.r.on: a program without attribution has no joined"),
        (
            reward("to: friend", SELF),
            "rewards.r.to: a program without attribution has no friend; here it is self or "
            "charity:NAME",
        ),
        (
            reward("caps: [{per: advocate, amount: 5}]", SELF),
            "rewards.r.caps[0].per: a program without attribution has no advocate; here it is "
            "beneficiary or program",
        ),
        (
            SELF + "limits: [{give: cash, per: friend, amount: 5}]\n",
            "limits[0].per: a program without attribution has no friend; here it is beneficiary or "
            "program",
        ),
        (
            reward("when: friend_orders = 1", SELF),
            "rewards.r.when: the name 'friend_orders' is not known here; did you mean orders?",
        ),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_faults_of_a_self_program(text: str, finding: str) -> None:
    assert told_without_place(text) == [f"error {finding}"]


def test_what_a_self_program_may_say() -> None:
    text = "when: orders >= 1 AND tier = 'gold' AND nth < 3\ncaps: [{per: beneficiary, count: 5}]"
    assert Program.parse(reward(text, SELF)).rewards["r"].to == "self"
    assert Program.parse(reward("to: charity:wwf", SELF)).rewards["r"].to == "charity:wwf"


@pytest.mark.parametrize("cap", ["{per: program, amount: 5}", "{per: program, count: 5}"])
def test_only_counted_caps_stand_over_a_draw(cap: str) -> None:
    draw = "amount: {draw: [{give: points, amount: 9, weight: 1}]}"
    limit = f"limits: [{{give: points, {cap[1:]}]\n"
    other = f"limits: [{{give: cash, {cap[1:]}]\n"
    if "count" in cap:
        Program.parse(reward(f"{draw}\ncaps: [{cap}]") + limit + "")
        return
    assert told_without_place(reward(f"{draw}\ncaps: [{cap}]")) == [
        "error rewards.r.caps[0].amount: only caps with count may stand over a draw, since a prize "
        "is won or not"
    ]
    assert told_without_place(reward(draw) + limit) == [
        "error limits[0].amount: a draw gives points, and only limits with count may stand over a "
        "draw"
    ]
    Program.parse(reward(draw) + other)


# Many faults at once


def test_every_error_is_told_at_once() -> None:
    text = """\
program: P
version: 1
currency: USD
properties: {plan: texts}
attribution: {windw: 30d}
milestones:
  bought: {on: Order Completed, where: "plan = 'x' AND totl > 5"}
rewards:
  a: {to: advocat, on: bougth, give: points, amount: 1}
  b: {to: friend, on: bought, give: points, amount: {percent: 5}, when: "nth <"}
  c: {to: friend, on: bought, give: cash, amount: 1, caps: [{per: you, amount: 1}, {per: program}]}
"""
    assert told(text) == [
        "1:10: error program: expected 1 to 64 characters of a-z, 0-9 and -, found 'P'",
        "4:20: error properties.plan: 'texts' is not known; did you mean text? (known: number, "
        "text "
        "or boolean)",
        "5:15: error attribution.windw: the key 'windw' is not known; did you mean window?",
        "9:11: error rewards.a.to: 'advocat' is not known; did you mean advocate?",
        "9:24: error rewards.a.on: there is no milestone 'bougth'; did you mean bought?",
        "10:45: error rewards.b.amount.of: of is missing: the property or fact it is a share of, "
        "such as total",
        "10:78: error rewards.b.when: something is missing after <",
        "11:67: error rewards.c.caps[0].per: 'you' is not known; expected advocate, friend, "
        "beneficiary or program",
        "11:84: error rewards.c.caps[1]: expected exactly one of amount and count",
    ]


def test_more_than_a_hundred_errors() -> None:
    lines = told(HEAD + "".join(f"key{n}: 1\n" for n in range(10_000)))
    assert len(lines) == 101
    assert lines[0].startswith("4:1: error key0: the key 'key0' is not known; ")
    assert lines[99].startswith("103:1: error key99: the key 'key99' is not known; ")
    assert lines[100] == "103:1: error: more errors follow; mend those above first"


def test_bytes_and_texts_are_read_alike() -> None:
    assert Program.parse(HEAD.encode()) == Program.parse(HEAD)
    with pytest.raises(ProgramError) as refused:
        Program.parse(b"\xff", "here.yaml")
    assert str(refused.value) == (
        "here.yaml:1:1: error: byte 0xff is not UTF-8; save the file as UTF-8"
    )


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "title: {en: x, zh_hans: y}\n",
        HEAD + "runs: {from_: 2026-01-01}\n",
        HEAD + "attribution: {}\nrisk: [{id: a, when: same_ip, then: hold, for_: both}]\n",
        reward("amount: {by: coupon, table: {a: 1}, else_: 2}"),
    ],
    ids=["zh_hans", "from_", "for_", "else_"],
)
def test_our_own_names_are_no_keys(text: str) -> None:
    (line,) = told_without_place(text)
    assert "is not known; did you mean" in line


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))


def as_json(node: Node) -> object:
    value = plain(node)
    if isinstance(value, Written):
        return json.loads(value.text)
    if isinstance(value, dict):
        return {key: as_json(inner) for key, (_, inner) in node.entries.items()}
    return [as_json(inner) for inner in node.items] if isinstance(value, list) else value


ODD: list[Any] = [
    None, True, -1, 10**30, "", "nth", "10%", "-5d", "((", [], [[]], {}, {"ladder": 5},
    {"draw": [5]},
]  # fmt: skip


def test_whatever_stands_in_a_value() -> None:
    """Anything in any place is read, or refused in sentences of ours at places in the file."""
    whole: Any = as_json(Source.load(EXAMPLE).root)
    Program.parse(json.dumps(whole))
    whole["rewards"]["drawn"] = {
        "to": "charity:c", "on": "joined", "give": "points",
        "amount": {"draw": [{"give": "points", "amount": 1, "weight": 1}], "chance": 1},
    }  # fmt: skip
    refused = 0
    for path in leaves(whole):
        for odd in ODD:
            spoilt = deepcopy(whole)
            holder = spoilt
            for part in path[:-1]:
                holder = holder[part]
            holder[path[-1]] = odd
            text = json.dumps(spoilt, indent=1)
            try:
                Program.parse(text)
            except ProgramError as error:
                refused += 1
                for finding in error.findings:
                    assert 1 <= finding.line <= text.count("\n") + 1
                    assert "\n" not in finding.sentence
                    assert "Input should" not in finding.sentence
    assert refused > 500


# Long files


def test_ten_thousand_good_lines() -> None:
    block = """\
  r{n}:
    to: advocate
    on: m
    when: "nth <= {n} AND friend_orders > 0 AND total BETWEEN 1 AND {n}"
    give: cash
    amount: {{percent: 5, of: total, max: 20.00}}
    hold: 14d
    caps:
      - {{per: advocate, period: year, amount: 500.00}}
      - {{per: program, amount: 100000.00}}
"""
    text = REFERRAL + "rewards:\n" + "".join(block.format(n=n) for n in range(1_000))
    assert text.count("\n") > 10_000
    started = time.process_time()
    program = Program.parse(text)
    # Some 0.6 s on an idle core; the bound leaves room for a busy one.
    assert time.process_time() - started < 4
    assert len(program.rewards) == 1_000


def test_more_rewards_than_can_be_checked_at_once() -> None:
    text = "".join(f"  r{n}: {{to: friend, on: m, give: cash, amount: 1}}\n" for n in range(1_001))
    assert told(REFERRAL + "rewards:\n" + text) == [
        "7:3: error rewards: expected at most 1,000 entries, found 1,001"
    ]


@pytest.mark.parametrize(
    ("condition", "finding"),
    [
        (
            "(" * 990 + "is_new" + ")" * 990,
            "7:43: error friends.where: nested more than 24 levels deep",
        ),
        (
            "orders + " * 8_000 + "1 > 0",
            "7:2019: error friends.where: an expression has at most 2,000 characters",
        ),
    ],
    ids=["parentheses", "terms"],
)
def test_long_conditions(condition: str, finding: str) -> None:
    text = REFERRAL + f'\nfriends: {{where: "{condition}"}}\n'
    assert told(text) == [finding]
