"""A disk without room: nothing is acknowledged that is not kept, and all goes on once there is."""

from __future__ import annotations

import pytest
from django.db import connections

from banyan.core.events.read import head
from banyan.core.referrals.read import referrals
from banyan.pipeline.alarms import raised
from banyan.pipeline.verify import run as verified
from banyan.pipeline.wait import decided
from tests.faults.client import Client, Memory
from tests.faults.company import Company
from tests.faults.plan import Events, Link

pytestmark = pytest.mark.faults


def test_a_full_disk_refuses_until_there_is_room(shop: Company) -> None:
    if shop.disk is None:
        pytest.skip("A disk that can be filled needs a user who may mount.")
    memory = Memory()
    client = Client(shop.port, dict(shop.keys), memory)
    client.do(Link("ann", "ANN"))
    shop.disk.fill()
    number = 0
    while memory.refused == 0:
        # What is allocated already takes a few batches yet.
        number += 1
        assert number < 200, "two hundred batches found room on a full disk"
        client.do(_batch(number, gives_up=True))
    refused = {event["messageId"] for event in _batch(number).events}
    assert memory.acknowledged == {
        event["messageId"] for each in range(1, number) for event in _batch(each).events
    }
    shop.disk.free()
    client.do(_batch(number))
    assert refused <= memory.acknowledged
    connections.close_all()
    assert memory.surprises == []
    # The link's event stands before all of them.
    assert head() == 1 + 40 * number
    assert decided(head(), timeout_s=60)
    assert len(referrals(limit=40 * number)) == 40 * number
    assert raised() == []
    assert verified().differences == ()


def _batch(number: int, *, gives_up: bool = False) -> Events:
    """Forty people sign up."""
    events = [
        {
            "type": "track",
            "event": "Signed Up",
            "userId": f"u{number}-{n}",
            "messageId": f"m-{number}-{n}",
            "properties": {"referral_code": "ANN", "note": "x" * 2000},
        }
        for n in range(40)
    ]
    return Events(tuple(events), gives_up=gives_up)
