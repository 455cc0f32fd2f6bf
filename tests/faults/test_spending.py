"""Many clients at one wallet: exactly what it holds is paid."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from banyan.core.ledger.read import balances, statement
from banyan.pipeline.verify import run as verified
from tests.faults.client import Client, Memory
from tests.faults.company import Company
from tests.faults.plan import Events, Link, Spend

CLIENTS = 64

pytestmark = pytest.mark.faults


def test_sixty_four_clients_spend_what_there_is(shop: Company) -> None:
    memory = Memory()
    _give_ben_a_hundred_points(shop, memory)
    orders = [Spend("ben", "points", 7, f"r{number}") for number in range(CLIENTS)]
    _all_at_once(shop, memory, orders)
    assert memory.surprises == []
    last = [answers[-1] for [(_, answers)] in memory.spends.values()]
    assert sum(answer.status == 200 for answer in last) == 14
    assert sum(answer.code == "insufficient_balance" for answer in last) == 50
    assert all(answer.body["balance"]["available"] >= 2 for answer in last if answer.status == 200)
    [points] = balances("ben")
    assert (points.pending, points.available) == (0, 2)
    moved = [line.transfer_id for line in statement("ben") if line.amount == -7]
    assert sorted(moved) == sorted(a.body["transfer_id"] for a in last if a.status == 200)
    assert verified().differences == ()


def test_one_reference_is_paid_once_whoever_asks(shop: Company) -> None:
    memory = Memory()
    _give_ben_a_hundred_points(shop, memory)
    _all_at_once(shop, memory, [Spend("ben", "points", 30, "the-same")] * CLIENTS)
    assert memory.surprises == []
    [orders] = memory.spends.values()
    replies = {_told(answers[-1].body) for _, answers in orders}
    assert len(orders) == CLIENTS
    [(transfer_id, unit, amount)] = replies
    assert (unit, amount) == ("points", 30)
    [points] = balances("ben")
    assert points.available == 70
    assert [line.transfer_id for line in statement("ben") if line.amount < 0] == [transfer_id]


def _give_ben_a_hundred_points(shop: Company, memory: Memory) -> None:
    client = Client(shop.port, dict(shop.keys), memory)
    client.do(Link("ann", "ANN"))
    joined: dict[str, Any] = {
        "type": "track",
        "event": "Signed Up",
        "userId": "ben",
        "messageId": "m-joined",
        "properties": {"referral_code": "ANN"},
    }
    client.do(Events((joined,)))


def _all_at_once(shop: Company, memory: Memory, orders: list[Spend]) -> None:
    gate = threading.Barrier(len(orders))

    def spend(order: Spend) -> None:
        gate.wait()
        Client(shop.port, dict(shop.keys), memory).do(order)

    threads = [threading.Thread(target=spend, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _told(body: dict[str, Any]) -> tuple[str, str, int]:
    return body["transfer_id"], body["unit"], body["amount"]
