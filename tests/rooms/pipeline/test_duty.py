"""A worker process at work: what is appended is decided, told and checked, without anybody else."""

import json
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest

from banyan.core.events import read as log
from banyan.pipeline import duty
from banyan.pipeline.outbox import acts, read
from banyan.pipeline.outbox.sender import system_time
from banyan.pipeline.schedule import read as schedule
from banyan.pipeline.schedule.models import Job
from banyan.pipeline.wait import cursor_position
from tests.installation import Installation
from tests.rooms.pipeline.line import Line
from tests.rooms.pipeline.outbox.receivers import receiver

DUTY = """
import signal, threading, django
django.setup()
from banyan.pipeline import duty
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
duty.run(stop)
"""


def test_a_worker_process_decides_sends_and_keeps_the_clock(installation: Installation) -> None:
    now = system_time()
    Job.objects.create(name="verify", due_at=now - timedelta(seconds=1))
    environment = dict(installation.environment) | {
        "DJANGO_SETTINGS_MODULE": "banyan.site.settings",
        "BANYAN_WEBHOOKS_ALLOW_PRIVATE": "1",
    }
    line = Line()
    line.publish()
    with receiver() as one:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("django.conf.settings.WEBHOOKS_ALLOW_PRIVATE", True)
            key, _ = acts.subscribe(
                "ada", url=one.url, wanted=["referral.*", "decision.*"], now=now, concurrency=4
            )
        process = subprocess.Popen(
            [sys.executable, "-c", DUTY], env=environment, stderr=subprocess.PIPE, text=True
        )
        try:
            line.story()
            end = time.monotonic() + 60
            while not (
                cursor_position() == log.head()
                and read.backlog() == read.Backlog(0, 0, None, 0)
                and schedule.last_runs()[-1].ended_at
            ):
                assert time.monotonic() < end
                assert process.poll() is None
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGTERM)
            _, logged = process.communicate(timeout=30)
        assert process.returncode == 0
    # Two friends joined and were welcomed; their orders were thanked for, and one came back.
    assert one.types.count("referral.created") == 2
    assert one.types.count("decision.granted") == 4
    assert one.types.count("decision.reversed") == 1
    assert len(set(one.ids)) == len(one.ids) == len(read.deliveries(key, limit=500))
    lines = [json.loads(text) for text in logged.splitlines()]
    assert {"webhook_attempted", "job_ended", "leading"} <= {each["event"] for each in lines}
    for private in ("ann", "ben", "cid"):
        assert f'"{private}"' not in logged


def test_a_part_that_fails_begins_again(
    monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    monkeypatch.setattr(duty, "AFTER_FAULT_S", 0.01)
    stop, begun = threading.Event(), []

    def part(stop: threading.Event) -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise ZeroDivisionError
        stop.set()

    duty.kept_up(stop, "part", part)
    assert begun == [0, 1, 2]
