"""The sending process against real receivers, in this process and in others that are killed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import override_settings
from standardwebhooks import Webhook

from banyan.kernel import attempts
from banyan.pipeline import alarms
from banyan.pipeline.models import Message
from banyan.pipeline.outbox import acts, claims, read, sender
from banyan.pipeline.outbox.envelope import message_id
from banyan.pipeline.outbox.fanout import give_out
from banyan.pipeline.outbox.models import Delivery, Subscription
from banyan.pipeline.outbox.post import Answer
from tests.installation import Installation
from tests.rooms.pipeline.outbox.outboxes import ACTOR, NOW, add, sending, write
from tests.rooms.pipeline.outbox.receivers import receiver

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture(autouse=True)
def private_allowed() -> Iterator[None]:
    with override_settings(WEBHOOKS_ALLOW_PRIVATE=True):
        yield


def until(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def statuses(webhook: str) -> list[str]:
    return [one.status for one in reversed(read.deliveries(webhook, limit=500))]


def test_a_message_arrives_signed_and_is_written_down_as_delivered() -> None:
    with receiver(answer=lambda n: (201, {}, b"ok")) as one, sending():
        key, secret = add(one.url)
        write("decision.granted")
        until(lambda: statuses(key) == ["delivered"])
    [(headers, body)] = one.got
    assert Webhook(secret).verify(body, headers)["data"] == {"amount": 1}
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["webhook-id"] == message_id("decision.granted:1")
    [sent] = read.deliveries(key)
    assert (sent.attempts, sent.answer_status, sent.answer) == (1, 201, "201 ok")
    assert sent.next_at is None
    assert Delivery.objects.get().claim == ""


def test_what_fails_is_tried_again_later_under_the_same_id() -> None:
    moment = NOW
    with receiver(answer=lambda n: (503, {}, b"later") if n < 2 else (200, {}, b"")) as one:
        key, _ = add(one.url)
        write("decision.granted")
        waits = []
        with sending(lambda: moment):
            for attempts in (1, 2, 3):
                until(
                    lambda n=attempts: (
                        read.deliveries(key)[:1] != [] and read.deliveries(key)[0].attempts == n
                    )
                )  # type: ignore[misc]
                [sent] = read.deliveries(key)
                if sent.next_at is not None:
                    assert (sent.status, sent.answer) == ("waiting", "503 later")
                    assert read.webhook(key).failing_since == NOW
                    waits.append((sent.next_at - moment).total_seconds())
                    moment = sent.next_at
    assert len(one.got) == 3
    assert len(set(one.ids)) == 1
    assert 4 <= waits[0] <= 6
    assert 16 <= waits[1] <= 24
    assert statuses(key) == ["delivered"]
    assert read.webhook(key).failing_since is None


def test_after_three_days_a_delivery_is_dead_and_can_be_replayed_by_hand() -> None:
    moment = NOW
    is_well = False
    with receiver(answer=lambda n: (200 if is_well else 500, {}, b"")) as one:
        key, _ = add(one.url)
        write("decision.granted")
        with sending(lambda: moment):
            while True:
                count = len(one.got) + 1
                one.wait_for(count)
                until(lambda n=count: read.deliveries(key)[0].attempts == n)  # type: ignore[misc]
                [sent] = read.deliveries(key)
                if sent.next_at is None:
                    break
                moment = sent.next_at
            assert sent.status == "dead"
            assert moment - NOW > timedelta(days=2.3)
            assert read.backlog().dead == 1
            is_well = True
            acts.replay(ACTOR, sent.id, now=moment)
            until(lambda: statuses(key) == ["delivered"])
    assert len(set(one.ids)) == 1
    assert read.backlog().dead == 0


def test_a_webhook_that_fails_for_days_is_disabled_with_an_alarm_and_goes_on_when_told() -> None:
    is_well = False
    with receiver(answer=lambda n: (200 if is_well else 500, {}, b"")) as one:
        key, _ = add(one.url)
        write("decision.granted")
        Subscription.objects.update(failing_since=NOW - timedelta(days=5))
        with sending(lambda: NOW):
            until(lambda: read.webhook(key).status == "disabled")
            write("decision.held", first=2)
            time.sleep(1.0)
            assert len(one.got) == 1
            [alarm] = alarms.raised()
            assert (alarm.kind, alarm.opened_at) == (f"webhook:{key}", NOW)
            assert "failed since 2026-04-26 12:00 UTC" in alarm.sentence
            is_well = True
            acts.change(ACTOR, key, now=NOW, is_active=True)
            acts.replay(ACTOR, read.deliveries(key)[0].id, now=NOW)
            until(lambda: statuses(key) == ["delivered", "delivered"])
        assert alarms.raised() == []


def test_a_receiver_that_is_gone_is_left_at_once() -> None:
    with receiver(answer=lambda n: (410, {}, b"")) as one, sending():
        key, _ = add(one.url)
        write("decision.granted")
        until(lambda: read.webhook(key).status == "disabled")
    assert "410 Gone" in alarms.raised()[0].sentence


def test_a_slow_receiver_holds_up_nobody_and_gets_no_more_than_its_share() -> None:
    with receiver(delay_s=1.5) as slow, receiver() as quick, sending():
        slow_key, _ = add(slow.url, concurrency=2)
        quick_key, _ = add(quick.url, concurrency=4)
        write(*["decision.granted"] * 60)
        until(lambda: statuses(quick_key) == ["delivered"] * 60)
        assert statuses(slow_key).count("delivered") < 20
    assert slow.most_at_once == 2
    assert quick.most_at_once <= 4


def test_a_rotated_secret_overlaps_for_a_day() -> None:
    moment = NOW
    with receiver() as one:
        key, old = add(one.url)
        new = acts.rotate_secret(ACTOR, key, now=NOW)
        with sending(lambda: moment):
            write("decision.granted")
            until(lambda: statuses(key) == ["delivered"])
            moment = NOW + timedelta(hours=25)
            write("decision.granted", first=2)
            one.wait_for(2)
    stamped = [
        headers["webhook-signature"] == f"{_sign(new, headers, body)} {_sign(old, headers, body)}"
        for headers, body in one.got
    ]
    alone = [headers["webhook-signature"] == _sign(new, headers, body) for headers, body in one.got]
    assert (stamped, alone) == ([True, False], [False, True])


def _sign(secret: str, headers: dict[str, str], body: bytes) -> str:
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(headers["webhook-id"], moment, body.decode())


def test_a_claim_is_one_senders_alone_until_it_runs_out() -> None:
    key, _ = add("http://127.0.0.1:9009/", concurrency=4)
    write("decision.granted", "decision.held")
    give_out(NOW)
    first = claims.claim(NOW, 1)
    second = claims.claim(NOW, 9)
    assert [one.letter.topic for one in (*first, *second)] == ["decision.granted", "decision.held"]
    assert claims.claim(NOW + claims.CLAIMED_FOR, 9) == []
    later = NOW + claims.CLAIMED_FOR + timedelta(seconds=1)
    again = claims.claim(later, 9)
    assert [one.delivery_id for one in again] == [one.delivery_id for one in (*first, *second)]
    claims.finish([(first[0], Answer(200, "200"))], later)
    assert statuses(key) == ["waiting", "waiting"]
    claims.finish([(again[0], Answer(200, "200"))], later)
    assert statuses(key) == ["delivered", "waiting"]


def test_a_test_leads_past_nothing_that_is_still_being_written() -> None:
    key, _ = add("http://127.0.0.1:9009/")
    [earlier] = write("decision.granted")
    number = earlier.pk
    earlier.delete()
    acts.send_test(ACTOR, key, now=NOW)
    assert give_out(NOW) == 0
    # The worker took its number before the test did, and its transaction stands only now.
    earlier.pk = number
    Message.objects.bulk_create([earlier])
    assert give_out(NOW) == 1
    assert [one.topic for one in read.deliveries(key)] == ["decision.granted", "webhook.test"]


def test_webhooks_take_turns() -> None:
    keys = [add("http://127.0.0.1:9009/", concurrency=4)[0] for _ in range(3)]
    write(*["decision.granted"] * 5)
    give_out(NOW)
    begun = claims.claim(NOW, 6)
    assert [[one.subscription_id for one in begun].count(key) for key in keys] == [2, 2, 2]


def test_an_answer_for_a_webhook_that_was_removed_changes_nothing() -> None:
    key, _ = add("http://127.0.0.1:9009/")
    write("decision.granted")
    give_out(NOW)
    begun = claims.claim(NOW, 1)
    acts.unsubscribe(ACTOR, key, now=NOW)
    claims.finish([(begun[0], Answer(500, "500"))], NOW)
    assert (Delivery.objects.count(), alarms.raised()) == (0, [])


def test_a_secret_that_does_not_open_fails_its_own_webhook_alone() -> None:
    with receiver() as one, sending():
        bad, _ = add(one.url)
        Subscription.objects.update(secret_sealed=b"\x01" + bytes(40))
        good, _ = add(one.url)
        write("decision.granted")
        until(lambda: statuses(good) == ["delivered"])
        until(lambda: read.deliveries(bad)[0].attempts == 1)
    assert "does not open" in read.deliveries(bad)[0].answer


SENDER = """
import threading, django
django.setup()
from banyan.pipeline.outbox import sender
sender.run(threading.Event())
"""


def start(installation: Installation) -> "subprocess.Popen[bytes]":
    environment = dict(installation.environment) | {
        "DJANGO_SETTINGS_MODULE": "banyan.site.settings",
        "BANYAN_WEBHOOKS_ALLOW_PRIVATE": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-c", SENDER], env=environment, stderr=subprocess.DEVNULL
    )


def test_several_processes_send_each_message_once(installation: Installation) -> None:
    processes = [start(installation) for _ in range(2)]
    try:
        with receiver(delay_s=0.01) as one:
            key, _ = add(one.url, concurrency=4)
            for batch in range(4):
                write(*["decision.granted"] * 15, first=batch * 15 + 1)
                time.sleep(0.2)
            until(lambda: statuses(key) == ["delivered"] * 60, 60)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert len(one.ids) == 60
    assert len(set(one.ids)) == 60
    assert one.most_at_once <= 4


def test_a_sender_that_is_killed_loses_nothing(installation: Installation) -> None:
    with receiver(delay_s=0.1) as one:
        key, _ = add(one.url, concurrency=4)
        write(*["decision.granted"] * 40)
        process = start(installation)
        try:
            one.wait_for(6)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        time.sleep(0.3)
        half_done = statuses(key).count("delivered")
        assert half_done < 40
        # Its claims run out within the minute; the next sender lives after that.
        with sending(lambda: sender.system_time() + claims.CLAIMED_FOR):
            until(lambda: statuses(key) == ["delivered"] * 40)
    wanted = {message_id(f"decision.granted:{number}") for number in range(1, 41)}
    assert set(one.ids) == wanted
    assert 40 <= len(one.ids) <= 44


def test_the_body_names_this_installation() -> None:
    with (
        receiver() as one,
        override_settings(BASE_URL="https://refer.example.com"),
        sending(),
    ):
        add(one.url)
        write("decision.granted")
        one.wait_for(1)
    assert json.loads(one.got[0][1])["source"] == "https://refer.example.com"


def test_a_database_that_fails_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "AFTER_TROUBLE_S", 0.1)
    with receiver() as one, sending() as thread:
        key, _ = add(one.url)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE outbox_delivery RENAME TO away")
            write("decision.granted")
            time.sleep(1.0)
            assert (thread.is_alive(), one.got) == (True, [])
            cursor.execute("ALTER TABLE away RENAME TO outbox_delivery")
        until(lambda: statuses(key) == ["delivered"])
