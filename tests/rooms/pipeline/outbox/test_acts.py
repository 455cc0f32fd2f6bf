"""What people do with webhooks out."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.test import override_settings

from banyan.kernel.sealing import CannotOpen, unseal
from banyan.pipeline.models import Message
from banyan.pipeline.outbox import acts, read
from banyan.pipeline.outbox.addresses import BadAddress
from banyan.pipeline.outbox.envelope import message_id
from banyan.pipeline.outbox.fanout import give_out
from banyan.pipeline.outbox.models import Delivery, Subscription
from banyan.pipeline.outbox.topics import BadTopics
from banyan.trust.audit.models import Entry
from tests.rooms.pipeline.outbox.outboxes import ACTOR, NOW, add, write

pytestmark = pytest.mark.usefixtures("installation")
HOOK = "https://hooks.example.com/in?key=very-secret"


@pytest.fixture(autouse=True)
def public_only() -> Iterator[None]:
    with override_settings(WEBHOOKS_ALLOW_PRIVATE=False):
        yield


def test_a_subscription_begins_here_and_shows_its_secret_once() -> None:
    write("decision.granted")
    assert read.is_wanted() is False
    key, secret = add(HOOK, "decision.*", "wallet.spent")
    assert read.is_wanted() is True
    assert read.webhooks() == [read.webhook(key)]
    found = read.webhook(key)
    assert (found.url, found.topics, found.status, found.concurrency, found.created_at) == (
        HOOK,
        ("decision.*", "wallet.spent"),
        "active",
        2,
        NOW,
    )
    row = Subscription.objects.get()
    assert secret.encode() not in bytes(row.secret_sealed)
    assert unseal(row.secret_sealed, context=f"webhook:{key}").decode() == secret
    with pytest.raises(CannotOpen):
        unseal(row.secret_sealed, context="webhook:another")
    assert give_out(NOW) == 0
    assert read.deliveries(key) == []


def test_every_act_is_in_the_audit_log_without_secrets() -> None:
    key, secret = add(HOOK)
    acts.change(ACTOR, key, now=NOW, concurrency=4)
    new = acts.rotate_secret(ACTOR, key, now=NOW)
    delivery = acts.send_test(ACTOR, key, now=NOW)
    acts.replay(ACTOR, delivery, now=NOW)
    acts.replay_range(ACTOR, key, since=NOW, until=NOW + timedelta(1), now=NOW)
    acts.unsubscribe(ACTOR, key, now=NOW)
    entries = Entry.objects.order_by("number")
    assert [(entry.actor, entry.verb) for entry in entries] == [
        (ACTOR, f"webhook.{verb}")
        for verb in (
            "subscribe change rotate_secret send_test replay replay_range unsubscribe".split()
        )
    ]
    told = str([(entry.before, entry.after) for entry in entries])
    assert "hooks.example.com" in told
    for hidden in (secret, new, "very-secret"):
        assert hidden not in told


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"url": "https://10.0.0.1/"}, BadAddress),
        ({"url": "http://example.com/"}, BadAddress),
        ({"wanted": []}, BadTopics),
        ({"concurrency": 5}, acts.BadSubscription),
        ({"concurrency": 0}, acts.BadSubscription),
        ({"description": "x" * 501}, acts.BadSubscription),
        ({"description": "\0"}, acts.BadSubscription),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        acts.subscribe(ACTOR, **{"url": HOOK, "wanted": ["*"], "now": NOW} | changes)  # type: ignore[arg-type]
    assert read.webhooks() == []
    key, _ = add(HOOK)
    before = read.webhook(key)
    with pytest.raises(error):
        acts.change(ACTOR, key, now=NOW, **changes)  # type: ignore[arg-type]
    assert read.webhook(key) == before
    assert Entry.objects.count() == 1


def test_what_is_not_there_is_said() -> None:
    for act in (
        lambda: acts.change(ACTOR, "wh_no", now=NOW),
        lambda: acts.unsubscribe(ACTOR, "wh_no", now=NOW),
        lambda: acts.rotate_secret(ACTOR, "wh_no", now=NOW),
        lambda: acts.send_test(ACTOR, "wh_no", now=NOW),
        lambda: acts.replay_range(ACTOR, "wh_no", since=NOW, until=NOW, now=NOW),
        lambda: read.webhook("wh_no"),
    ):
        with pytest.raises(acts.NoSubscription, match="no webhook 'wh_no'"):
            act()
    with pytest.raises(acts.NoDelivery, match="no delivery 7"):
        acts.replay(ACTOR, 7, now=NOW)
    assert read.delivery(7) is None


def test_each_webhook_gets_what_it_wants_once() -> None:
    everything, _ = add("https://a.example.com/")
    decisions, _ = add("https://b.example.com/", "decision.*")
    write("decision.granted", "wallet.spent", "decision.held")
    assert (give_out(NOW), give_out(NOW)) == (6, 0)
    assert [one.topic for one in read.deliveries(everything)] == [
        "decision.held",
        "wallet.spent",
        "decision.granted",
    ]
    assert [one.topic for one in read.deliveries(decisions)] == [
        "decision.held",
        "decision.granted",
    ]
    first = read.deliveries(decisions)[-1]
    assert first.webhook_message_id == message_id("decision.granted:1")
    assert (first.status, first.attempts, first.next_at) == ("waiting", 0, NOW)
    assert read.deliveries(decisions, before=read.deliveries(decisions)[0].id) == [first]
    assert read.deliveries(decisions, status="dead") == []


def test_a_paused_webhook_keeps_its_place() -> None:
    key, _ = add(HOOK)
    acts.change(ACTOR, key, now=NOW, is_active=False)
    write("decision.granted", "decision.held")
    assert give_out(NOW) == 0
    assert read.backlog() == read.Backlog(0, 0, None, 0)
    acts.change(ACTOR, key, now=NOW, is_active=True)
    assert read.backlog() == read.Backlog(0, 0, None, 2)
    assert give_out(NOW) == 2
    assert read.backlog() == read.Backlog(2, 0, NOW, 0)


def test_a_test_goes_to_one_webhook_alone() -> None:
    key, _ = add(HOOK)
    other, _ = add(HOOK)
    delivery = acts.send_test(ACTOR, key, now=NOW)
    give_out(NOW)
    assert [one.id for one in read.deliveries(key)] == [delivery]
    assert read.deliveries(other) == []
    assert read.delivery(delivery).topic == "webhook.test"


def test_one_delivery_is_sent_again_as_if_it_were_new() -> None:
    key, _ = add(HOOK)
    write("decision.granted", "decision.held")
    give_out(NOW)
    Delivery.objects.update(status="dead", attempts=12)
    later = NOW + timedelta(days=4)
    chosen, other = read.deliveries(key)
    acts.replay(ACTOR, chosen.id, now=later)
    again = read.delivery(chosen.id)
    assert (again.status, again.attempts, again.next_at) == ("waiting", 0, later)
    assert again.webhook_message_id == chosen.webhook_message_id
    assert read.delivery(other.id) == other


def test_a_time_range_is_sent_again_also_what_came_before_the_subscription() -> None:
    write("decision.granted", "wallet.spent", at=NOW - timedelta(hours=2))
    write("decision.held", first=3, at=NOW - timedelta(hours=1))
    write("decision.denied", first=4, at=NOW)
    key, _ = add(HOOK, "decision.*")
    write("decision.granted", first=5, at=NOW)
    acts.send_test(ACTOR, key, now=NOW)
    span = {"since": NOW - timedelta(hours=2), "until": NOW}
    assert acts.replay_range(ACTOR, key, **span, now=NOW) == 2
    topics = [one.topic for one in read.deliveries(key)]
    assert topics == ["decision.held", "decision.granted", "webhook.test"]
    Delivery.objects.update(status="delivered", attempts=1)
    assert acts.replay_range(ACTOR, key, **span, now=NOW) == 2
    assert [one.status for one in read.deliveries(key)] == ["waiting", "waiting", "delivered"]
    assert give_out(NOW) == 1  # the test was written for this one alone
    assert Delivery.objects.count() == 4


def test_a_replay_of_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "MOST_REPLAYED", 2)
    write("decision.granted", "decision.held", "decision.denied")
    key, _ = add(HOOK)
    with pytest.raises(acts.TooMany, match="More than 2 messages"):
        acts.replay_range(ACTOR, key, since=NOW, until=NOW + timedelta(1), now=NOW)
    assert read.deliveries(key) == []


def test_unsubscribing_removes_deliveries_and_leaves_messages() -> None:
    key, _ = add(HOOK)
    write("decision.granted")
    give_out(NOW)
    acts.unsubscribe(ACTOR, key, now=NOW)
    assert (read.webhooks(), Delivery.objects.count(), Message.objects.count()) == ([], 0, 1)


def test_a_receivers_load_is_bounded_by_the_database_too() -> None:
    key, _ = add(HOOK)
    with pytest.raises(IntegrityError):
        Subscription.objects.filter(id=key).update(concurrency=5)
