"""What a batch decided becomes messages, in the transaction that decided it."""

import json
import threading
import time
from datetime import timedelta

import polars as pl
from django.db import connection

from banyan.growth.journeys.claims import Failure
from banyan.kernel.database import one_transaction, read
from banyan.pipeline import news
from banyan.pipeline.models import Cursor
from banyan.pipeline.outbox.acts import subscribe
from tests.installation import Installation
from tests.rooms.pipeline.line import Line
from tests.rooms.pipeline.outbox.outboxes import write


def messages() -> list[tuple[str, int, dict[str, object]]]:
    rows = read(
        "SELECT topic, position, payload FROM pipeline_message ORDER BY id",
        [],
        {"topic": pl.String, "position": pl.Int64, "payload": pl.String},
    )
    return [(topic, position, json.loads(payload)) for topic, position, payload in rows.rows()]


def test_a_story_is_told_in_its_order(installation: Installation) -> None:
    line = Line()
    line.publish()
    subscribe("t", url="https://example.com/hook", wanted=["*"], now=line.now)
    line.story()
    line.say("Wallet Spent", "ben", unit="points", amount=60, reference="r1")
    lapses = (line.now + timedelta(days=2)).isoformat()
    card = {"unit": "points", "amount": 5, "reference": "r1", "expires_at": lapses}
    line.say("Wallet Credited", "dan", **card)
    line.now += timedelta(days=14)
    line.say("Clock Ticked", anonymousId="clock")
    line.say("Wallet Returned", "ben", reference="r1")
    line.work(1)
    told = [(topic, position) for topic, position, _ in messages()]
    assert [one for one in told if one[1] in (3, 5)] == [
        ("referral.created", 3),
        ("referral.advanced", 3),
        ("referral.advanced", 3),
        ("decision.granted", 3),
        ("wallet.granted", 3),
        ("wallet.available", 3),
        ("referral.advanced", 5),
        ("referral.advanced", 5),
        ("decision.granted", 5),
        ("wallet.granted", 5),
    ]
    assert [one for one in told if one[1] >= 8] == [
        ("decision.reversed", 8),
        ("wallet.reversed", 8),
        ("wallet.spent", 9),
        ("wallet.credited", 10),
        ("wallet.available", 11),
        ("wallet.expired", 11),
        ("wallet.returned", 12),
    ]


def test_a_message_says_what_the_tables_say(installation: Installation) -> None:
    line = Line()
    line.publish()
    subscribe("t", url="https://example.com/hook", wanted=["decision.*"], now=line.now)
    line.story()
    line.work()
    [payload] = [
        p for topic, position, p in messages() if (topic, position) == ("decision.granted", 6)
    ]
    assert payload["decision_id"] == "spring/thanks/ann/6"
    assert (payload["amount"], payload["unit"]) == (2000, "cash USD")
    assert payload["occurred_at"] == "2026-03-01T08:06:00.000000Z"


def test_nothing_is_written_that_nobody_asked_for(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    assert messages() == []


def test_a_notice_that_reached_nobody_is_told_without_its_address(
    installation: Installation,
) -> None:
    line = Line()
    failure = Failure(7, "reward_arrived", "ann", "email", "no_channel")
    news.of_failure(failure, position=3, now=line.now)
    assert messages() == []
    subscribe("t", url="https://example.com/hook", wanted=["notice.failed"], now=line.now)
    news.of_failure(failure, position=3, now=line.now)
    told = {"notice": 7, "kind": "reward_arrived", "user_id": "ann", "channel": "email"}
    assert messages() == [("notice.failed", 3, {**told, "reason": "no_channel"})]


def test_a_message_from_beside_the_line_waits_for_the_batch_that_is_being_written(
    installation: Installation,
) -> None:
    line = Line()
    line.publish()
    subscribe("t", url="https://example.com/hook", wanted=["*"], now=line.now)
    is_writing, ended = threading.Event(), []

    def batch() -> None:
        """As the worker: the cursor first, then what was decided, then all of it stands."""
        with one_transaction():
            Cursor.objects.filter(id=1).update(moved_at=line.now)
            write("decision.granted", at=line.now)
            is_writing.set()
            time.sleep(0.5)
            ended.append(time.monotonic())
        connection.close()

    thread = threading.Thread(target=batch)
    thread.start()
    assert is_writing.wait(10)
    news.of_alarm(
        "alarm.opened",
        number=1,
        kind="verify",
        sentence="Two rows differ.",
        since=line.now,
        until=None,
        now=line.now,
    )
    assert time.monotonic() >= ended[0]
    thread.join()
    assert [topic for topic, _, _ in messages()] == ["decision.granted", "alarm.opened"]
