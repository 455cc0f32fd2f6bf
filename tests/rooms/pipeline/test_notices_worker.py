"""A worker process tells and sends by itself, is killed in between, and leaves nothing out."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from threading import Event

from banyan.core.events import clock
from banyan.growth.journeys import read
from banyan.growth.journeys.letter import Outcome
from banyan.growth.journeys.models import Notice
from banyan.pipeline import alarms
from banyan.pipeline.schedule.runner import turn
from banyan.pipeline.schedule.works import WORKS
from tests.installation import Installation
from tests.rooms.growth.journeys.mailserver import mail_server
from tests.rooms.growth.journeys.people import NOON, known, post, sent, tell
from tests.rooms.pipeline.test_duty import DUTY
from tests.rooms.pipeline.test_notices import Story

FRIENDS = 6


def test_what_happens_reaches_peoples_boxes_though_the_worker_is_killed(
    installation: Installation,
) -> None:
    story = Story()
    story.now = clock.now() - timedelta(hours=1)
    for number in range(FRIENDS):
        story.join(f"f{number}")
    with mail_server() as server:
        environment = dict(installation.environment) | {
            "DJANGO_SETTINGS_MODULE": "banyan.site.settings",
            "BANYAN_EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
            "BANYAN_QUIET_HOURS": "00:00-00:00",
            "BANYAN_NOTICES_A_DAY": "100",
            "BANYAN_NOTICES_A_WEEK": "100",
        }
        for _ in range(2):
            process = _worker(environment)
            end = time.monotonic() + 60
            before = len(server.messages)
            while len(server.messages) < before + 2 and not _is_done():
                assert time.monotonic() < end
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
            process.wait()
        # What was under way when it died waits for its claim to run out; here time is told to.
        Notice.objects.filter(claimed_until__isnull=False).update(claimed_until=NOON)
        process = _worker(environment)
        try:
            end = time.monotonic() + 60
            while not _is_done():
                assert time.monotonic() < end
                time.sleep(0.05)
        finally:
            process.terminate()
            process.wait()
    # A message under way at the kill may come twice, under the same id.
    unique = {
        message["Message-ID"]: (message["To"], message["Subject"]) for message in server.messages
    }
    assert sorted(unique.values()) == sorted(
        [("ann@example.com", "您推荐的张*已加入")] * FRIENDS
        + [(f"f{number}@example.com", "Welcome to localhost") for number in range(FRIENDS)]
    )
    assert {row.status for row in read.notices(limit=100)} == {"sent"}


def test_failures_of_a_day_open_an_alarm(installation: Installation) -> None:
    known()
    with post() as letters:
        letters.outcomes = [Outcome("failed", "the server said 553")]
        tell()
        sent()
    [work] = [one for one in WORKS if one.name == "clean_notices"]
    turn(work, Event(), now=lambda: NOON)
    turn(work, Event(), now=lambda: NOON + timedelta(hours=20))
    [alarm] = alarms.raised()
    assert alarm.kind == "job:clean_notices"
    assert alarm.sentence.startswith("clean_notices: 1 notices could not be sent in the last 24")
    turn(work, Event(), now=lambda: NOON + timedelta(hours=44))
    assert alarms.raised() == []


def _worker(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DUTY], env=environment, stderr=subprocess.DEVNULL, text=True
    )


def _is_done() -> bool:
    rows = read.notices(limit=100)
    return len(rows) == 2 * FRIENDS and all(row.status == "sent" for row in rows)
