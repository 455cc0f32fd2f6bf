"""The reckoning notices each broken promise, and nothing where all are kept."""

from __future__ import annotations

import pytest
from django.db import connection

from banyan.core.events.read import head
from tests.faults.client import Answer, Memory
from tests.faults.plan import Spend
from tests.faults.reckoning import faults
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


@pytest.fixture
def memory(installation: Installation) -> Memory:
    """What a client knows after ben joined (100 points) and spent 60 of them."""
    line = Line()
    line.publish()
    line.story()
    line.number = 100
    position = line.say("Wallet Spent", "ben", unit="points", amount=60, reference="r1")
    line.work()
    memory = Memory()
    memory.acknowledged = {"m1", "m3", "m101"}
    memory.links = {"ANN": "ann"}
    memory.clicks["web-1"] = memory.clicks_tried["web-1"] = 1
    order = Spend("ben", "points", 60, "r1")
    memory.spends["ben", "r1"].append((order, [Answer(200, _paid(position))]))
    return memory


def test_kept_promises_are_no_faults(memory: Memory) -> None:
    assert faults(memory) == []


def test_a_lost_event_is_one(memory: Memory) -> None:
    memory.acknowledged.add("m99")
    assert faults(memory) == ["m99 was acknowledged, and is not there"]


def test_an_event_nobody_sent_is_one(memory: Memory) -> None:
    line = Line()
    line.say("Signed Up", "eve", message="m-made-up")
    line.work()
    assert faults(memory) == ["m-made-up stands and was never sent"]


def test_a_gap_in_the_log_is_one(memory: Memory) -> None:
    _do("UPDATE events_head SET position = position + 1")
    assert faults(memory)[0] == f"positions are not 1 to {head()}: 9 of them, last [9]"


def test_a_click_too_many_and_one_too_few(memory: Memory) -> None:
    memory.clicks_tried["web-1"] = 0
    memory.clicks["web-1"] = 0
    assert faults(memory) == ["visitor web-1: 0 clicks sent, 0 answered, 1 in the log"]
    memory.clicks_tried["web-1"] = memory.clicks["web-1"] = 2
    assert faults(memory) == ["visitor web-1: 2 clicks sent, 2 answered, 1 in the log"]


def test_a_link_that_is_not_there(memory: Memory) -> None:
    memory.links["BOB"] = "bob"
    assert faults(memory) == ["code BOB of bob: 0 events, None"]


def test_a_spend_that_was_promised_and_not_made(memory: Memory) -> None:
    order = Spend("ben", "points", 10, "r2")
    memory.spends["ben", "r2"].append((order, [Answer(200, _paid(9))]))
    promise = ("spend/9", "points", 10)
    assert faults(memory) == [f"('ben', 'r2') was promised {promise}, and has None"]


def test_a_spend_that_was_refused_and_made(memory: Memory) -> None:
    order, _ = memory.spends["ben", "r1"][0]
    memory.spends["ben", "r1"] = [(order, [Answer(409, {"code": "insufficient_balance"})])]
    [fault] = faults(memory)
    assert fault.startswith("('ben', 'r1') was refused, and has [('spend/9'")


def test_a_balance_that_is_not_what_moved(memory: Memory) -> None:
    _do("UPDATE ledger_balance SET amount = amount + 1 WHERE account = 'wallet:ben:available'")
    told = faults(memory)
    assert told[0] == ("balance ('wallet:ben:available', 'points') is 41, its transfers give 40")
    assert told[1:] == ["verify: balances wallet:ben:available points: amount is 41, should be 40"]


def test_a_click_counted_twice(memory: Memory) -> None:
    _do("UPDATE programs_link SET clicks = 2")
    assert faults(memory) == ["link ANN counts 2 clicks, the log has 1 to 1"]


def test_an_answer_that_nobody_should_get(memory: Memory) -> None:
    memory.surprises.append("a spend answered 500")
    assert faults(memory) == ["a spend answered 500"]


def _paid(position: int) -> dict[str, str]:
    return {"transfer_id": f"spend/{position}"}


def _do(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
