"""The figures, and who may read them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import override_settings
from prometheus_client.parser import text_string_to_metric_families

from banyan.doors.edge import metrics
from banyan.growth.feedback.acts import raise_dispute
from banyan.kernel import counters
from banyan.pipeline import alarms
from banyan.pipeline.outbox import acts
from banyan.pipeline.outbox.fanout import give_out
from banyan.pipeline.outbox.models import Delivery
from banyan.pipeline.outbox.sender import system_time
from banyan.pipeline.schedule.models import Job
from tests.installation import Installation, connected
from tests.rooms.pipeline.line import Line
from tests.rooms.pipeline.outbox.outboxes import ACTOR, add, write

TOKEN = "metrics-token-for-tests"


def read(**headers: str) -> dict[str, float]:
    """Every sample of the page by its name and labels."""
    status, _, body = metrics.respond(peer="127.0.0.1", headers=headers)
    assert status == 200
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_the_line_is_told_from_the_database(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work(3)
    line.say("Signed Up", "dan")
    found = read()
    assert found["banyan_database_up"] == 1
    assert (found["banyan_log_head"], found["banyan_cursor"]) == (9, 8)
    assert found["banyan_lag_seconds"] > 0
    assert found["banyan_lag_limit_seconds"] == 60
    assert found["banyan_alarms_open"] == 0
    assert found["banyan_webhooks_waiting"] == 0


def test_webhooks_alarms_and_jobs_are_told(installation: Installation) -> None:
    now = system_time()
    key, _ = add("https://hooks.example.com/")
    paused, _ = add("https://paused.example.com/")
    write("decision.granted", "decision.held", "decision.denied")
    give_out(now - timedelta(seconds=90))
    acts.change(ACTOR, paused, now=now, is_active=False)
    Delivery.objects.filter(message__topic="decision.held", subscription=key).update(status="dead")
    write("decision.granted", first=9)
    alarms.raise_alarm("job:verify", "…", now=now)
    Job.objects.create(
        name="verify",
        due_at=now,
        ended_at=now,
        succeeded_at=now - timedelta(hours=24),
        result="It failed.",
    )
    found = read()
    assert found["banyan_webhooks_waiting"] == 2
    assert found["banyan_webhooks_dead"] == 1
    assert 89 < found["banyan_webhooks_oldest_seconds"] < 120
    assert found["banyan_messages_not_given_out"] == 1
    assert (found["banyan_alarms_open"], found["banyan_alarm job:verify"]) == (1, 1)
    assert found["banyan_job_ok verify"] == 0
    assert 86_399 < found["banyan_job_age_seconds verify"] < 86_500


def test_the_failure_rate_stands_beside_its_target(installation: Installation) -> None:
    before = read()
    for status in (200, 200, 302, 503):
        counters.answered("test-door", status, 0.002)
    found = read()
    for name, more in (
        ("requests_total test-door 200", 2),
        ("requests_total test-door 503", 1),
        ("request_seconds_count test-door", 4),
        ("request_seconds_bucket test-door 0.001", 0),
        ("request_seconds_bucket test-door 0.0025", 4),
    ):
        assert found[f"banyan_{name}"] - before.get(f"banyan_{name}", 0) == more
    assert found["banyan_request_failure_ratio_target"] == 0.005
    requests = {k: v for k, v in found.items() if k.startswith("banyan_requests_total ")}
    failed = sum(v for k, v in requests.items() if k.split()[-1].startswith("5"))
    assert found["banyan_request_failure_ratio"] == failed / sum(requests.values())


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_read(installation: Installation, peer: str) -> None:
    assert metrics.respond(peer=peer, headers={})[0] == 200


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.1", {}),
        ("203.0.113.9", {}),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.9"}),
        ("127.0.0.1", {"forwarded": "for=203.0.113.9"}),
        ("127.0.0.1", {"via": "1.1 proxy"}),
        ("10.0.0.1", {"authorization": "Bearer "}),
        ("10.0.0.1", {"x-forwarded-for": "127.0.0.1"}),
    ],
)
def test_others_may_not(peer: str, headers: dict[str, str]) -> None:
    status, sent, body = metrics.respond(peer=peer, headers=headers)
    assert (status, json.loads(body)["code"]) == (403, "metrics_forbidden")
    assert ("Content-Type", "application/problem+json") in sent
    assert b"banyan_" not in body.replace(b"BANYAN_", b"")


def test_behind_a_proxy_this_machine_is_everybody() -> None:
    with override_settings(BEHIND_PROXY=True):
        assert metrics.respond(peer="127.0.0.1", headers={})[0] == 403


def test_with_a_token_its_bearer_reads_from_anywhere_and_nobody_else(
    installation: Installation,
) -> None:
    with override_settings(METRICS_TOKEN=TOKEN, BEHIND_PROXY=True):
        bearer = {"authorization": f"Bearer {TOKEN}", "x-forwarded-for": "203.0.113.9"}
        assert metrics.respond(peer="10.0.0.1", headers=bearer)[0] == 200
        for wrong in ({}, {"authorization": TOKEN}, {"authorization": f"Bearer {TOKEN}x"}):
            assert metrics.respond(peer="127.0.0.1", headers=wrong)[0] == 403


def test_counts_are_told_also_when_the_database_is_away(tmp_path: Path) -> None:
    with connected("postgresql://nobody@127.0.0.1:1/none", tmp_path):
        found = read()
    assert found["banyan_database_up"] == 0
    assert "banyan_log_head" not in found
    assert found["banyan_request_failure_ratio_target"] == 0.005


def test_disputes_are_told(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    assert (read()["banyan_disputes_open"], read()["banyan_disputes_late"]) == (0, 0)
    now = system_time()
    raise_dispute("ann", about="spring/ben", text="He did not send it back.", now=now)
    raise_dispute("ben", about="spring/ben", text="I kept it.", now=now - timedelta(hours=25))
    assert (read()["banyan_disputes_open"], read()["banyan_disputes_late"]) == (2, 1)
