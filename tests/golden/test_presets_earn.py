"""Every reward of every shipped program can be earned by customers who do what it asks for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banyan.engine import Program, replay
from banyan.engine.language.explain import explain_decision

PROGRAMS = Path(__file__).parents[2] / "programs"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.yaml"))

# What the events of a friend carry; the programs declare only what they use.
EVERYTHING = {
    "total": 150_000,
    "amount": 100,
    "plan": "go5g",
    "edition": "business-plus",
    "product": "solar-roof",
    "seats": 10,
    "demand_index": 1.5,
    "email_confirmed": True,
    "depth": 6,
    "legal_approval": "2027/14",
    "coupon": "ADVOCATE",
}
OTHERS = {"b2b-software": {"plan": "team"}, "idea-upgrade": {"plan": "pro"}}
# The one reward for which a person has to say yes first.
HELD = "super-referrer-seat"
# Three tiers exclude one another, and so do the groups of a test: an advocate of each.
TIERS = ("annual-100000-and-more", "annual-50000-to-100000", None)
FRIENDS = 26


def beginning(program: Program) -> datetime:
    first = program.runs_us[0]
    return datetime(2027, 1, 2, tzinfo=UTC) if first is None else at(first) + timedelta(days=1)


def at(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


class Log:
    """Events one minute after the other."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.rows: list[dict[str, Any]] = []

    def add(self, user: str, event: str, **properties: Any) -> None:
        self.put("track", user, event=event, properties=json.dumps(properties))

    def identify(self, user: str, **traits: Any) -> None:
        self.put("identify", user, traits=json.dumps(traits))

    def put(self, kind: str, user: str, **fields: str) -> None:
        self.now += timedelta(minutes=1)
        device = {"device": {"id": f"device-{user}"}}
        row = {"type": kind, "messageId": str(len(self.rows)), "userId": user, "event": None}
        row |= {"timestamp": self.now.isoformat(), "properties": "{}", "traits": "{}"}
        self.rows.append(row | {"context": json.dumps(device)} | fields)


def history(program: Program) -> pl.DataFrame:
    """Advocates who bought long before, and friends who come and do everything, more than once."""
    log = Log(beginning(program) - timedelta(days=400))
    advocates = ["ann", "bea", "cleo"]
    for user, tier in zip(advocates, TIERS, strict=True):
        tags = ["member", "super-referrer"] if user == "ann" else ["member"]
        log.identify(user, tier=tier, tags=tags)
        log.add(user, "Order Completed", order_id=f"o-{user}", total=5_000)
    log.now = beginning(program)
    properties = EVERYTHING | OTHERS.get(program.program, {})
    if program.is_self:
        for number in range(3):
            for user in advocates:
                do_everything(log, program, user, properties | {"order_id": f"s{number}-{user}"})
        return pl.DataFrame(log.rows)
    for user in advocates:
        log.add(user, "Referral Link Created", code=code_of(user))
    for number in range(FRIENDS):
        log.now += timedelta(days=1, hours=5)
        for user in advocates:
            refer(log, program, user, f"friend-{number}-of-{user}", properties)
    if program.program == "idea-social-gifting":
        # The second level: a friend of the first advocate passes a present on.
        giver = f"friend-0-of-{advocates[0]}"
        log.add(giver, "Referral Link Created", code=code_of(giver))
        refer(log, program, giver, "friend-of-a-friend", properties)
    return pl.DataFrame(log.rows)


def code_of(user: str) -> str:
    return f"CODE-{user}".upper()


def refer(log: Log, program: Program, user: str, friend: str, properties: dict[str, Any]) -> None:
    assert program.attribution is not None
    if "click" in program.attribution.prefer:
        log.add(friend, "Referral Link Clicked", code=code_of(user))
        code = {}
    else:
        code = {"referral_code": code_of(user), "coupon": code_of(user)}
    joining = properties | code | {"order_id": f"j-{friend}"}
    log.add(friend, program.attribution.joins_on[0], **joining)
    for number in range(2):
        more = properties | code | {"order_id": f"{number}-{friend}"}
        do_everything(log, program, friend, more)


def do_everything(log: Log, program: Program, user: str, properties: dict[str, Any]) -> None:
    for milestone in program.milestones.values():
        for _ in range(milestone.count):
            log.add(user, milestone.on, **properties)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Any]:
    found = {}
    for name in NAMES:
        program = Program.load(PROGRAMS / f"{name}.yaml")
        seeds = {name: "banyan"} if program.seed_sha256 else {}
        found[name] = (program, replay([program], history(program), seeds=seeds))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_reward_is_earned(name: str, outcomes: dict[str, Any]) -> None:
    program, outcome = outcomes[name]
    given = outcome.decisions.filter(pl.col("amount") > 0).to_dicts()
    granted = {row["reward"] for row in given if row["outcome"] == "granted"}
    held = {row["reward"] for row in given if row["outcome"] == "held"}
    assert granted | (held & {HELD}) == set(program.rewards)
    assert HELD not in granted


@pytest.mark.parametrize("name", NAMES)
def test_every_decision_can_be_explained(name: str, outcomes: dict[str, Any]) -> None:
    program, outcome = outcomes[name]
    epoch = pl.selectors.temporal().dt.epoch("us")
    decisions = outcome.decisions.with_columns(epoch).to_dicts()
    friends = {row["friend"]: row for row in outcome.referrals.with_columns(epoch).to_dicts()}
    for number, row in enumerate(decisions[:60]):
        text = explain_decision(
            program,
            row,
            referral=friends.get(row["friend"]),
            lost=[],
            reversals=[],
            postings=[],
            decisions_before=decisions[:number],
            lang="en",
        )
        assert text.startswith(f"Decision “{row['decision_id']}” (program “{name}”, version 1).")
