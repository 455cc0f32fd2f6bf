"""The log: positions, duplicates, several writers at once, the clock, erasure."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from banyan.core.events import clock, read
from banyan.core.events.acts import NotAccepted, append, append_one
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.core.events.person import forget
from tests.installation import Installation

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(message_id: str, user: str = "u1", **more: object) -> Incoming:
    raw = {"type": "page", "userId": user, "messageId": message_id} | more
    accepted = accept(raw, now=NOW, source="key:1", role="write")
    assert isinstance(accepted, Incoming)
    return accepted


def positions(*message_ids: str) -> list[tuple[int, bool]]:
    return [(r.position, r.is_duplicate) for r in append([event(m) for m in message_ids])]


def test_positions_begin_at_one_and_have_no_gaps(installation: Installation) -> None:
    assert read.head() == 0
    assert positions("a", "b") == [(1, False), (2, False)]
    assert positions() == []
    assert positions("c") == [(3, False)]
    assert read.head() == 3


def test_a_message_sent_again_keeps_its_first_position(installation: Installation) -> None:
    positions("a", "b")
    assert positions("b", "c", "a", "c", "d") == [
        (2, True),
        (3, False),
        (1, True),
        (3, True),
        (4, False),
    ]
    assert positions("a", "a") == [(1, True), (1, True)]
    assert read.head() == 4
    assert read.after(0, 10)["message_id"].to_list() == ["a", "b", "c", "d"]


def test_what_is_read_is_what_was_written(installation: Installation) -> None:
    odd = event("é\\N\t'\"", user="榕,\r", traits={"name": "Ann"}, properties={"t": 'a\\b\n, "q"'})
    append([event("a"), odd])
    row = read.after(1, 10).row(0, named=True)
    assert row == {
        "position": 2,
        "message_id": odd.message_id,
        "kind": "page",
        "name": "",
        "user_id": "榕,\r",
        "anonymous_id": "",
        "occurred_at": NOW,
        "received_at": NOW,
        "source": "key:1",
        "body": odd.body,
        "sealed": odd.sealed,
    }
    assert read.after(0, 1)["position"].to_list() == [1]
    assert read.after(2, 5).is_empty()
    assert read.at(2).row(0, named=True) == row


def test_texts_that_copy_would_misread_beside_plain_ones(installation: Installation) -> None:
    names = ["plain", "a\tb", "\\N", "\\.", "line\nfeed", "return\r", "榕树", "\\"]
    given = [event(name, user=f"u{name}", properties={"t": name}) for name in names]
    assert [receipt.position for receipt in append(given)] == list(range(1, len(names) + 1))
    rows = read.after(0, 100)
    assert rows["message_id"].to_list() == names
    assert rows["user_id"].to_list() == [f"u{name}" for name in names]
    assert rows["body"].to_list() == [each.body for each in given]


def test_a_group_larger_than_the_drivers_buffers(installation: Installation) -> None:
    long = "x" * 30_000
    given = [event(f"m{i}", properties={"t": long}) for i in range(100)]
    assert append(given)[-1].position == 100
    assert read.after(98, 9)["body"].to_list() == [each.body for each in given[98:]]
    assert [receipt.is_duplicate for receipt in append([*given, event("new")])] == [True] * 100 + [
        False
    ]
    assert read.head() == 101


def test_a_transaction_that_fails_leaves_no_gap(installation: Installation) -> None:
    positions("a")
    with transaction.atomic():
        positions("b")
        transaction.set_rollback(True)
    assert read.head() == 1
    assert positions("c") == [(2, False)]


def test_a_connection_that_breaks_is_not_used_again(installation: Installation) -> None:
    """What was under way is not in the log; the next events are written over a new connection."""
    if installation.kind == "sqlite":
        pytest.skip("SQLite has no connection that could break")
    positions("a")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    with psycopg.connect(installation.database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises(OperationalError):
        positions("b")
    assert positions("b", "c") == [(2, False), (3, False)]
    assert read.head() == 3


def test_many_writers_with_the_same_messages(installation: Installation) -> None:
    receipts: list[tuple[str, int]] = []

    def writer(k: int) -> None:
        for i in range(20):
            batch = [event(f"shared-{i}"), event(f"own-{k}-{i}")]
            receipts.extend((r.message_id, r.position) for r in append(batch))
        connection.close()

    threads = [threading.Thread(target=writer, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = read.after(0, 1000)
    assert log["position"].to_list() == list(range(1, 101))
    assert read.head() == 100
    where = dict(log.select("message_id", "position").iter_rows())
    assert len(receipts) == 160
    assert all(where[message] == position for message, position in receipts)


def test_a_command_is_an_event(installation: Installation) -> None:
    receipt = append_one(
        "key:7", {"type": "track", "event": "Wallet Spent", "userId": "u1"}, now=NOW
    )
    row = read.at(receipt.position).row(0, named=True)
    assert (row["source"], row["name"], row["occurred_at"]) == ("key:7", "Wallet Spent", NOW)
    assert json.loads(row["body"])["messageId"] == receipt.message_id
    with pytest.raises(NotAccepted, match="neither `userId` nor `anonymousId`") as refused:
        append_one("key:7", {"type": "page"}, now=NOW)
    assert (refused.value.code, refused.value.status) == ("no_id", 422)
    assert read.head() == 1


def test_a_timeline_shows_the_latest_first(installation: Installation) -> None:
    append([event("a"), event("b", "u2"), event("c"), event("d")])
    assert read.timeline("u1", limit=2)["message_id"].to_list() == ["d", "c"]
    assert read.timeline("u1", before=3)["message_id"].to_list() == ["a"]
    assert read.timeline("u3").is_empty()


def test_erasure_empties_what_is_sealed_and_nothing_else(installation: Installation) -> None:
    append([event("a", traits={"name": "Ann"}), event("b", "u2", traits={"name": "Bo"})])
    before = read.after(0, 9).drop("sealed")
    assert forget(["u1"], []) == 1
    assert forget(["u1"], []) == 0
    after = read.after(0, 9)
    assert after.drop("sealed").equals(before)
    assert after["sealed"].is_null().to_list() == [True, False]
    with pytest.raises(DatabaseError, match="never changed"), connection.cursor() as cursor:
        cursor.execute("UPDATE events_event SET body = '{}'")


def test_the_clock_moves_ahead_and_never_back(installation: Installation) -> None:
    start = clock.now()
    assert abs(start - datetime.now(UTC)) < timedelta(seconds=5)
    receipt = clock.advance("key:1", start + timedelta(days=30))
    assert timedelta(0) <= clock.now() - start - timedelta(days=30) < timedelta(seconds=5)
    tick = read.at(receipt.position).row(0, named=True)
    assert (tick["name"], tick["anonymous_id"]) == ("Clock Ticked", "clock")
    assert tick["occurred_at"] == start + timedelta(days=30)
    with pytest.raises(clock.ClockGoesBack, match="moved back"):
        clock.advance("key:1", start)
    assert read.head() == 1
