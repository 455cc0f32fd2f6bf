"""Which names mean what, and where."""

import pytest

from banyan.engine.language.names import columns, reserved, sizes
from banyan.engine.language.program import Program

BODY = """\
program: p
version: 1
currency: USD
properties: {seats: number, plan: text, trial: boolean}
experiments: {rate: {split: {a: 1, b: 1}, by: friend}}
"""
PROPERTIES = {
    "order_id": "text",
    "currency": "text",
    "coupon": "text",
    "total": "number",
    "seats": "number",
    "plan": "text",
    "trial": "boolean",
}
FACTS = {
    "orders": "number",
    "spend": "number",
    "is_new": "boolean",
    "is_known": "boolean",
    "tenure_days": "number",
    "tier": "text",
    "tags": "text",
}
BOTH = {f"{side}_{fact}": kind for side in ("advocate", "friend") for fact, kind in FACTS.items()}
RISK = {
    "same_device": "boolean",
    "same_ip": "boolean",
    "same_contact": "boolean",
    "disposable_email": "boolean",
    "friends_24h": "number",
    "friends_total": "number",
    "device_friends": "number",
}


def test_a_referral_program() -> None:
    program = Program.parse(BODY + "attribution: {}\n")
    rate = {"rate": "text"}
    assert columns(program, "advocates") == FACTS | rate
    assert columns(program, "friends") == FACTS | rate
    assert columns(program, "milestone") == BOTH | rate | PROPERTIES
    assert columns(program, "reward") == {"nth": "number"} | BOTH | rate | PROPERTIES
    assert columns(program, "risk") == RISK | BOTH | rate | PROPERTIES


def test_a_self_program() -> None:
    program = Program.parse(BODY)
    rate = {"rate": "text"}
    assert columns(program, "milestone") == FACTS | rate | PROPERTIES
    assert columns(program, "reward") == {"nth": "number"} | FACTS | rate | PROPERTIES


def test_names_nothing_else_may_have() -> None:
    assert reserved() == {"nth", *FACTS, *BOTH, *RISK}


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("total", (-(10**12), 10**12, False)),
        ("friend_spend", (-(10**18), 10**18, False)),
        ("advocate_orders", (0, 10**12, True)),
        ("tenure_days", (0, 10**12, True)),
        ("nth", (0, 10**12, True)),
        ("friends_24h", (0, 10**12, True)),
        ("open_orders", (-(10**12), 10**12, False)),
    ],
)
def test_sizes(name: str, size: tuple[int, int, bool]) -> None:
    assert sizes(name) == size
