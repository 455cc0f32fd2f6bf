"""Generated programs over the whole language: one or two, sometimes in two versions.

They are valid for the language. What only the lint refuses (a ladder without caps, a draw without a
base reward) is kept in, because the engine has to decide it all the same.
"""

from copy import deepcopy
from typing import Any

from tests.laws.dice import Dice, Rolled
from tests.laws.expressions import Names, make_condition, make_number
from tests.laws.pools import PROPERTIES, SEED_SHA256, SLUGS

File = dict[str, Any]

FACTS = {
    "orders": "number",
    "spend": "number",
    "is_new": "boolean",
    "is_known": "boolean",
    "tenure_days": "number",
    "tier": "text",
    "tags": "text",
}
BOTH_SIDES = {
    f"{side}_{name}": kind for side in ("friend", "advocate") for name, kind in FACTS.items()
}
RISK_NAMES = BOTH_SIDES | {
    "same_device": "boolean",
    "same_ip": "boolean",
    "same_contact": "boolean",
    "disposable_email": "boolean",
    "friends_24h": "number",
    "friends_total": "number",
    "device_friends": "number",
}
KNOWN = {"total": "number", "order_id": "text", "currency": "text", "coupon": "text"}
EVENT_NAMES = KNOWN | PROPERTIES

# Two versions meet here: around a year's end and both changes of the clocks in Los Angeles.
BOUNDARIES = ("2026-01-01", "2026-03-08", "2026-03-09", "2026-11-01")
ZONES = ("UTC", "UTC", "America/Los_Angeles", "Asia/Shanghai")
CURRENCIES = ("USD", "USD", "USD", "JPY", "KWD")
PERIODS = ("day", "week", "month", "quarter", "year")
DURATIONS = ("1d", "1h", "36h", "90m", "2d", "7d", "10s")


def make_programs(rolled: Rolled) -> list[File]:
    """Make the files of one or two programs of one currency."""
    head = rolled(4)
    currency = head.pick(CURRENCIES)
    files: list[File] = []
    for slug in head.pick([SLUGS[:1], SLUGS[:1], SLUGS[:1], SLUGS, SLUGS]):
        files += make_versions(rolled, {"program": slug, "currency": currency}, head.happens(0.3))
    return files


def make_versions(rolled: Rolled, head: File, is_self: bool) -> list[File]:
    """Make one version, for ever or for a time, or two whose runs adjoin."""
    first = head | {"version": 1, "title": {"en": head["program"]}} | make_body(rolled, is_self)
    roll = rolled(2)
    runs = roll.pick(["always"] * 8 + ["from", "until"] + ["two"] * 5)
    boundary = roll.pick(BOUNDARIES)
    if runs == "always":
        return [first]
    if runs != "two":
        return [first | {"runs": {runs: boundary}}]
    second = make_successor(first, rolled(80), is_self)
    return [first | {"runs": {"until": boundary}}, second | {"runs": {"from": boundary}}]


def make_body(rolled: Rolled, is_self: bool) -> File:
    """Make everything of a version but its name and its runs."""
    roll = rolled(60)
    terms: File = {"timezone": roll.pick(ZONES), "properties": dict(PROPERTIES)}
    if not is_self:
        terms |= make_joining(roll)
    milestones = ["bought", "grown"][: 1 + roll.happens(0.3)]
    terms["milestones"] = {name: make_milestone(rolled(40), is_self) for name in milestones}
    if not is_self and roll.happens(0.5):
        terms["experiments"] = {"rate": make_experiment(roll)}
    terms["rewards"] = {
        f"r{place}": make_reward(rolled(80), terms, is_self)
        for place in range(1, roll.pick([2, 3, 4]))
    }
    if roll.happens(0.4):
        terms["limits"] = make_limits(roll, terms["rewards"], is_self)
    if not is_self and roll.happens(0.6):
        terms["risk"] = make_risk(rolled(60))
    if any(is_draw(reward) for reward in terms["rewards"].values()):
        terms["seed_sha256"] = SEED_SHA256
    roll = rolled(6)
    if roll.happens(0.2):
        terms["stops"] = make_stops(roll)
    return terms


def is_draw(reward: File) -> bool:
    return isinstance(reward["amount"], dict) and "draw" in reward["amount"]


def maybe_condition(roll: Dice, key: str, usual: list[str], names: Names) -> File:
    """Make no condition, or a usual one, or any over the names, under a key."""
    match roll.pick(["none"] * 12 + ["usual"] * 4 + ["made"] * 3):
        case "usual":
            return {key: roll.pick(usual)}
        case "made":
            return {key: make_condition(roll, names)}
    return {}


def facts_of(is_self: bool) -> Names:
    return FACTS if is_self else BOTH_SIDES


# Joining


def make_joining(roll: Dice) -> File:
    attribution: File = {}
    if roll.happens(0.4):
        attribution["window"] = roll.pick(["7d", "2d", "2d", "36h", "1h"])
    if roll.happens(0.5):
        attribution["credit"] = roll.pick(["first_touch", "last_touch"])
    if roll.happens(0.4):
        kinds = ["click code", "invite click code", "click invite code", "code invite", "click"]
        attribution["prefer"] = roll.pick(kinds).split()
    if roll.happens(0.4):
        usual = ["Order Completed", "Plan Started", "Signed Up"]
        attribution["joins_on"] = roll.pick([usual, usual, usual[:1], usual[2:]])
    terms: File = {"attribution": attribution}
    for side, usual in (
        ("advocates", ["is_known", "is_known", "orders >= 1"]),
        ("friends", ["TRUE", "orders <= 1"]),
    ):
        where = maybe_condition(roll, "where", usual, FACTS)
        terms |= {side: where} if where else {}
    return terms


def make_experiment(roll: Dice) -> File:
    splits: list[File] = [{"a": 50, "b": 50}, {"a": 1, "b": 2, "c": 0.5}, {"b": 1}]
    return {"split": dict(roll.pick(splits)), "by": roll.pick(["friend", "advocate"])}


def make_risk(roll: Dice) -> list[File]:
    usual = [
        *["TRUE"] * 4,
        "same_device",
        "same_ip",
        "same_contact",
        "disposable_email",
        "friends_24h > 1",
        "friends_total >= 2",
        "device_friends > 1",
        "advocate_orders = 0",
        "friend_is_known",
    ]
    return [
        {
            "id": f"rule-{place}",
            "when": make_condition(roll, RISK_NAMES) if roll.happens(0.25) else roll.pick(usual),
            "then": roll.pick(["hold", "reject"]),
        }
        | roll.pick([{}, {"for": "both"}, {"for": "advocate"}])
        for place in range(1 + roll.count(2))
    ]


# Milestones


def make_milestone(roll: Dice, is_self: bool) -> File:
    events = [
        *["Order Completed"] * 14,
        "Plan Started",
        "Signed Up",
        "Order Refunded",
        "Wallet Spent",
        "Wallet Credited",
    ]
    milestone: File = {"on": roll.pick(events)}
    usual = ["total > 0", "total >= 50", "gift", "plan = 'pro'", "seats IS NOT NULL"]
    milestone |= maybe_condition(roll, "where", usual, EVENT_NAMES | dict(facts_of(is_self)))
    counts: list[File] = [
        *[{}] * 8,
        {"count": 1},
        {"count": 2},
        {"count": 3},
        {"sum": {"of": "total", "reaches": 80}},
        {"sum": {"of": "seats", "reaches": 2.5}},
    ]
    milestone |= deepcopy(roll.pick(counts))
    if roll.happens(0.6):
        milestone["repeats"] = {"up_to": roll.pick([12, 12, 2, 3, 1])}
    if not is_self and roll.happens(0.15):
        milestone["within"] = roll.pick(DURATIONS)
    return milestone


# Rewards


def make_reward(roll: Dice, terms: File, is_self: bool) -> File:
    names = reward_names(terms, is_self)
    to = (
        ["self"] * 6
        if is_self
        else ["advocate", "advocate", "advocate", "friend", "friend", "upline", "upline"]
    )
    on = list(terms["milestones"]) * 2 + ([] if is_self else ["joined"])
    give = roll.pick(["cash", "credit", "points", "points", "coupon:SAVE", "badge:star"])
    reward: File = {
        "to": roll.pick([*to, "charity:trees"]),
        "on": roll.pick(on),
        "give": give,
        "amount": make_amount(roll, give, names),
    }
    reward |= maybe_condition(roll, "when", ["nth <= 2", "nth > 1", "total > 0"], names)
    if roll.happens(0.4):
        reward["hold"] = roll.pick(DURATIONS)
    if roll.happens(0.5):
        reward["expires"] = roll.pick(DURATIONS)
    if roll.happens(0.5):
        reward["on_refund"] = roll.pick(
            ["proportional", "proportional", "proportional", "full", "keep"]
        )
    if roll.happens(0.5):
        count = 1 + roll.happens(0.4)
        reward["caps"] = [make_cap(roll, give, is_self, is_draw(reward)) for _ in range(count)]
    if roll.happens(0.2):
        reward["boosts"] = make_boosts(roll)
    return reward


def reward_names(terms: File, is_self: bool) -> Names:
    experiments = dict.fromkeys(terms.get("experiments", {}), "text")
    return {"nth": "number"} | EVENT_NAMES | dict(facts_of(is_self)) | experiments


def make_amount(roll: Dice, give: str, names: Names) -> Any:
    """Make an amount of any form."""
    match roll.pick(["fixed", "fixed", "percent", "percent", "ladder", "table", "sql", "draw"]):
        case "percent":
            return make_percentage(roll)
        case "ladder":
            return {"ladder": make_ladder(roll)}
        case "table":
            return make_table(roll, names)
        case "sql":
            usual = ["nth", "total / 10", "LEAST(total, 20)", "CASE WHEN nth > 1 THEN 7 ELSE 3 END"]
            return {"sql": make_number(roll, names) if roll.happens(0.7) else roll.pick(usual)}
        case "draw":
            return make_lottery(roll, give)
    return make_fixed(roll, give)


def make_fixed(roll: Dice, give: str) -> float:
    money = [10, 10, 25.5, 25.5, 3.333, 1, 0.005, 0]
    return roll.pick(money if give in ("cash", "credit") else [10, 10, 3, 7, 2.5, 1, 0])


def make_percentage(roll: Dice) -> File:
    percentage: File = {
        "percent": roll.pick([10, 5, 12.5, 33.3, 100]),
        "of": roll.pick(["total"] * 5 + ["seats"]),
    }
    if roll.happens(0.3):
        percentage["min"] = roll.pick([1, 2.5])
    if roll.happens(0.4):
        percentage["max"] = roll.pick([4, 7.77, 200])
    return percentage


def make_ladder(roll: Dice) -> File:
    ladder: File = {"first": roll.pick([10, 0.33, 50]), "steps": 1 + roll.count(3)}
    if roll.happens(0.5):
        return ladder | {"grow": roll.pick(["10%", "50%", "7.5%"])}
    return ladder | {"add": roll.pick([5, 0.125])}


def make_table(roll: Dice, names: Names) -> File:
    """Make a table over a text, a number, a boolean, a fact, or the experiment."""
    by_kind: dict[str, File] = {
        "text": {"pro": 8, "basic": 2.5, "gold": 1, "a": 7, "b": 3, ",vip,": 9},
        "number": {"1": 4, "2": 5, "2.5": 6, "100": 7, "0": 1},
        "boolean": {"true": 6, "false": 0},
    }
    columns = [name for name in names if name not in ("nth", "order_id", "coupon")]
    likely = [name for name in ("plan", "seats", "gift", "rate", "rate") if name in names]
    by = roll.pick(likely if roll.happens(0.7) else columns)
    table: File = {"by": by, "table": by_kind[names[by]]}
    return table | roll.pick([{}, {"else": 0.5}, {"else": 2}])


def make_lottery(roll: Dice, give: str) -> File:
    """Make a draw among gifts, money and what the reward gives anyhow."""
    mug: File = {"give": "gift:mug", "amount": 1, "weight": 5}
    pen: File = {"give": give, "amount": 2, "weight": 2.5}
    trip: File = {"give": "cash", "amount": 2.5, "weight": 4}
    lottery: File = {"draw": roll.pick([[mug], [mug, pen], [pen, mug, trip]])}
    return lottery | roll.pick([{}, {"chance": 0.5}, {"chance": 0.9}, {"chance": 1}])


def make_boosts(roll: Dice) -> list[File]:
    start = roll.pick(BOUNDARIES)
    boosts: list[File] = [
        {"from": start, "until": f"{start[:-2]}28", "times": roll.pick([2, 1.5])},
        {"from": "2025-12-31", "until": f"{start[:-2]}10", "times": roll.pick([0.5, 3, 0])},
    ]
    return boosts[: 1 + roll.happens(0.5)]


def make_stops(roll: Dice) -> list[File]:
    start = roll.pick(BOUNDARIES)
    return [{"from": start} | ({"until": f"{start[:-2]}28"} if roll.happens(0.6) else {})]


# Caps


def make_cap(roll: Dice, give: str, is_self: bool, only_count: bool) -> File:
    """Make a cap: per somebody, in a period or for ever, of an amount or a count."""
    whose = (
        ["beneficiary", "program"] if is_self else ["advocate", "program", "friend", "beneficiary"]
    )
    cap: File = {"per": roll.pick(whose)}
    if roll.happens(0.4):
        cap["period"] = roll.pick(PERIODS)
    if only_count or roll.happens(0.35):
        return cap | {"count": 1 + roll.count(2)}
    cap["amount"] = roll.pick([15, 12, 25.5, 5] if give in ("cash", "credit") else [15, 12, 25, 4])
    return cap | ({"partial": False} if roll.happens(0.3) else {})


def make_limits(roll: Dice, rewards: File, is_self: bool) -> list[File]:
    """Make limits over the units the rewards give; only counts over what may be drawn."""
    gives = [reward["give"] for reward in rewards.values()]
    drawn = {reward["give"] for reward in rewards.values() if is_draw(reward)}
    for reward in rewards.values():
        if is_draw(reward):
            drawn |= {entry["give"] for entry in reward["amount"]["draw"]}
    limits = []
    for _ in range(1 + roll.happens(0.4)):
        give = roll.pick([*gives, *sorted(drawn)])
        limits.append({"give": give} | make_cap(roll, give, is_self, give in drawn))
    return limits


# Later versions


def make_successor(first: File, roll: Dice, is_self: bool) -> File:
    """Make the next version: the same rewards for the same milestones on other terms.

    Units stay, and the kind (`per`) of each cap, because their counters go on over versions.
    """
    second = deepcopy(first) | {"version": 2}
    if not is_self:
        second |= make_joining(roll)
        if roll.happens(0.4):
            second.pop("risk", None)
    for milestone in second["milestones"].values():
        if "sum" not in milestone and roll.happens(0.3):
            milestone["count"] = 1 + roll.count(2)
    for reward in second["rewards"].values():
        change_reward(roll, reward, reward_names(first, is_self), is_self)
    if roll.happens(0.2):
        second["rewards"].pop("r1" if len(second["rewards"]) > 1 else "r0", None)
    return second


def change_reward(roll: Dice, reward: File, names: Names, is_self: bool) -> None:
    if not is_draw(reward) and roll.happens(0.5):
        reward["amount"] = (
            make_fixed(roll, reward["give"]) if roll.happens(0.5) else make_table(roll, names)
        )
    if roll.happens(0.4):
        reward["hold"] = roll.pick(DURATIONS)
    for cap in reward.get("caps", ()):
        change_cap(roll, cap)
    if roll.happens(0.25):
        more = make_cap(roll, reward["give"], is_self, is_draw(reward))
        reward["caps"] = [*reward.get("caps", ()), more]


def change_cap(roll: Dice, cap: File) -> None:
    if "amount" in cap:
        cap["amount"] = roll.pick([cap["amount"], 8, 30])
    else:
        cap["count"] = 1 + roll.count(3)
    if roll.happens(0.3):
        cap["period"] = roll.pick(PERIODS)
