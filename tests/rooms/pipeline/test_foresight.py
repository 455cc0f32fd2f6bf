"""What would be decided is what is decided, and asking leaves nothing behind."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest
from django.db import connection

from banyan.core.referrals.read import referrals_of, touches_lost
from banyan.pipeline.foresight import NotYet, foresee
from tests.rooms.pipeline.line import Line

pytestmark = pytest.mark.usefixtures("installation")


def track(name: str, user: str, **properties: object) -> dict[str, object]:
    """One public event without time or id."""
    return {"type": "track", "event": name, "userId": user, "properties": properties}


def rows() -> dict[str, int]:
    """How many rows each table has."""
    with connection.cursor() as cursor:
        counts = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
            counts[table] = int(cursor.fetchone()[0])
    return counts


def test_a_referral_is_foreseen_and_then_comes_true() -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.work()
    before = rows()
    event = track("Signed Up", "ben", referral_code="ann")
    foreseen = foresee([event], now=line.now)
    assert rows() == before
    assert foreseen.referrals["friend"].to_list() == ["ben"]
    assert foreseen.decisions["reward"].to_list() == ["welcome"]
    line.say("Signed Up", "ben", referral_code="ann")
    line.work()
    [row] = referrals_of(["ben"])
    assert (row.advocate, row.kind) == ("ann", "code")


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (track("Signed Up", "ann", referral_code="ANN"), "self_referral"),
        (track("Signed Up", "cid", referral_code="ANN"), "already_referred"),
        (track("Signed Up", "dan", referral_code="ANN"), "not_new"),
    ],
)
def test_a_loss_is_foreseen_with_its_reason(event: Mapping[str, str], reason: str) -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "cid", referral_code="ANN")
    line.say("Order Completed", "dan", order_id="o1", total=5, currency="USD")
    line.work()
    foreseen = foresee([event], now=line.now)
    assert foreseen.referrals.is_empty()
    assert foreseen.touches_lost["reason"].to_list() == [reason]
    assert touches_lost() == []


def test_several_events_stand_one_after_the_other() -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.work()
    events = [
        track("Signed Up", "ben", referral_code="ANN"),
        track("Order Completed", "ben", order_id="o1", total=50, currency="USD"),
    ]
    decisions = foresee(events, now=line.now).decisions
    assert decisions.select("reward", "amount").rows() == [("welcome", 100), ("thanks", 2000)]
    assert decisions["position"].to_list() == [2, 3]
    assert decisions.schema["amount"] == pl.Int64


def test_nothing_is_said_before_the_worker_has_the_programs() -> None:
    with pytest.raises(NotYet):
        foresee([track("Signed Up", "ben", referral_code="ANN")], now=Line().now)
