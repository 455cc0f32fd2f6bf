"""What is less, what is more, and what cannot be shown to be no less."""

import pytest

from banyan.engine.language import Program
from banyan.pipeline.approving.changes import changes, cuts

BASE = """
program: spring
version: 1
currency: USD
properties: {plan: text}
attribution: {window: 30d, prefer: [code, click], joins_on: [Signed Up, Order Completed]}
milestones:
  bought: {on: Order Completed, where: "total >= 20", count: 2, within: 60d, repeats: {up_to: 3}}
rewards:
  thanks:
    to: advocate
    on: bought
    give: cash
    amount: 20.00
    hold: 14d
    expires: 90d
    caps: [{per: advocate, period: year, amount: 100.00}]
    boosts: [{from: 2026-05-01, until: 2026-06-01, times: 2}]
  share: {to: advocate, on: bought, give: cash, amount: {percent: 5, of: total, max: 50.00}}
  steps: {to: advocate, on: bought, give: points, amount: {ladder: {first: 10, add: 5, steps: 3}}}
  by-plan: {to: friend, on: bought, give: points, amount: {by: plan, table: {pro: 20}, else: 5}}
limits: [{give: cash, per: program, amount: 1000.00}]
risk: [{id: burst, when: "friends_24h > 20", then: hold}]
"""

CASES = {
    # what changes: (old text, new text, effect, a part of the sentence)
    "less money": ("amount: 20.00", "amount: 15.00", "cut", "“thanks” is lowered: $15.00"),
    "more money": ("amount: 20.00", "amount: 25.00", "raise", "“thanks” is raised: $25.00"),
    "lower share": ("percent: 5", "percent: 4", "cut", "“share” is lowered: 4%"),
    "lower most": ("max: 50.00", "max: 40.00", "cut", "“share” is lowered"),
    "no most": (", max: 50.00", "", "raise", "“share” is raised"),
    "other base": ("of: total", "of: friend_orders", "cut", "worked out anew and may be less"),
    "flatter steps": ("add: 5", "add: 4", "cut", "10 points the first time, 18 points from time 3"),
    "a ladder for a number": (
        "amount: 20.00",
        "amount: {ladder: {first: 20, add: 1, steps: 2}}",
        "raise",
        "is raised",
    ),
    "smaller table": ("pro: 20", "pro: 10", "cut", "“by-plan” is lowered"),
    "longer hold": ("hold: 14d", "hold: 20d", "cut", "waiting time of the reward “thanks” is less"),
    "shorter hold": (
        "hold: 14d",
        "hold: 1d",
        "raise",
        "waiting time of the reward “thanks” is more",
    ),
    "expires sooner": ("expires: 90d", "expires: 30d", "cut", "30 days instead of 90 days"),
    "never expires": ("    expires: 90d\n", "", "raise", "without limit instead of 90 days"),
    "lower cap": ("amount: 100.00", "amount: 90.00", "cut", "capped lower: at most $90.00"),
    "no cap": (
        "    caps: [{per: advocate, period: year, amount: 100.00}]\n",
        "",
        "raise",
        "no longer capped",
    ),
    "all or nothing": ("amount: 100.00", "amount: 100.00, partial: false", "cut", "capped lower"),
    "lower limit": ("amount: 1000.00", "amount: 900.00", "cut", "limit over all of “cash”"),
    "weaker boost": ("times: 2}", "times: 1.5}", "cut", "multiplied by less from 2026-05-01"),
    "no boost": (
        "    boosts: [{from: 2026-05-01, until: 2026-06-01, times: 2}]\n",
        "",
        "cut",
        "1 instead of 2",
    ),
    "refund takes all": ("hold: 14d", "hold: 14d\n    on_refund: keep", "raise", "takes back less"),
    "shorter window": ("window: 30d", "window: 20d", "cut", "20 days instead of 30 days"),
    "fewer touches": (
        "prefer: [code, click]",
        "prefer: [code]",
        "cut",
        "kind “click” no longer count",
    ),
    "fewer joins": (
        "[Signed Up, Order Completed]}",
        "[Signed Up]}",
        "cut",
        "event “Order Completed”",
    ),
    "needs more": ("count: 2", "count: 3", "cut", "“bought” takes more: 3 instead of 2"),
    "by a sum": ("count: 2", "sum: {of: total, reaches: 90}", "cut", "in another way"),
    "less often": ("up_to: 3", "up_to: 2", "cut", "2 instead of 3 times"),
    "sooner": ("within: 60d", "within: 30d", "cut", "time for the milestone “bought” is less"),
    "other condition": (
        "total >= 20",
        "total >= 30",
        "cut",
        "the condition is now “the order total is at least 30”; until now “the order total is at "
        "least 20”.",
    ),
    "no condition": (', where: "total >= 20"', "", "raise", "the condition falls away"),
    "who may refer": (
        "milestones:",
        'advocates: {where: "orders >= 1"}\nmilestones:',
        "cut",
        "Who may refer",
    ),
    "ends": (
        "properties:",
        "runs: {until: 2027-01-01}\nproperties:",
        "cut",
        "ends earlier: January 1, 2027",
    ),
    "other currency": ("currency: USD", "currency: EUR", "cut", "from USD to EUR"),
    "a check": ("friends_24h > 20", "friends_24h > 10", "other", "“burst” changes"),
    "a clock": (
        "currency: USD",
        "currency: USD\ntimezone: Asia/Shanghai",
        "other",
        "another clock",
    ),
    "credit": ("window: 30d", "window: 30d, credit: first_touch", "other", "Another one"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_difference_has_its_effect_and_sentence(case: str) -> None:
    old, new, effect, part = CASES[case]
    assert BASE.count(old) >= 1
    changed = changes(Program.parse(BASE), Program.parse(BASE.replace(old, new, 1)), lang="en")
    assert [one.effect for one in changed if part in one.sentence] == [effect], changed


def test_what_falls_away_is_a_cut_and_what_is_new_is_none() -> None:
    lines = BASE.splitlines(keepends=True)
    fewer = "".join(line for line in lines if not line.startswith("  share:"))
    old, new = Program.parse(BASE), Program.parse(fewer)
    (less,) = changes(old, new, lang="en")
    assert (less.effect, less.sentence) == ("cut", "The reward “share” is no longer given.")
    (more,) = changes(new, old, lang="en")
    assert more.effect == "raise"
    assert (
        more.sentence == "The reward “share” is new: 5% of the order total, at most $50.00 in cash."
    )
    assert cuts([less, more]) == (less,)


def test_the_same_promises_are_no_change() -> None:
    assert changes(Program.parse(BASE), Program.parse(BASE + "# a word\n"), lang="en") == ()


def test_it_speaks_chinese() -> None:
    old, new = Program.parse(BASE), Program.parse(BASE.replace("amount: 20.00", "amount: 15.00"))
    (change,) = changes(old, new, lang="zh-hans")
    assert change.sentence == "奖励“thanks”降低：现金 US$15.00。原为：现金 US$20.00。"
