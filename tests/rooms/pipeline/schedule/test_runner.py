"""Work that is due by the clock on the wall."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.db import connection
from django.test import override_settings

from banyan.kernel.errors import Problem
from banyan.pipeline import alarms
from banyan.pipeline.schedule import read
from banyan.pipeline.schedule.models import Job
from banyan.pipeline.schedule.runner import Interrupted, Work, next_time, run, turn

pytestmark = pytest.mark.usefixtures("installation")
NIGHTLY = "20 3 * * *"
MIDDAY = datetime(2026, 5, 1, 12, tzinfo=UTC)
NIGHT = datetime(2026, 5, 2, 3, 20, tzinfo=UTC)


class Wall:
    """A clock that a test sets, and work that writes down when it was done."""

    def __init__(self) -> None:
        self.time = MIDDAY
        self.done: list[datetime] = []
        self.trouble: Exception | None = None

    def now(self) -> datetime:
        return self.time

    def work(self, when: str = NIGHTLY) -> Work:
        return Work("nightly", when, timedelta(hours=6), self._do)

    def turn(self, moment: datetime) -> bool:
        self.time = moment
        return turn(self.work(), Event(), now=self.now)

    def _do(self, now: datetime, _stop: Event) -> str:
        self.done.append(now)
        if self.trouble is not None:
            raise self.trouble
        return "All is well."


@pytest.fixture
def wall() -> Iterator[Wall]:
    with override_settings(OPERATOR_TIME_ZONE="UTC"):
        yield Wall()


def test_works_are_told_the_installation_s_time(wall: Wall) -> None:
    """A test moves that on by two weeks; what is due by the wall stays so."""
    moved = NIGHT + timedelta(days=14)
    wall.turn(MIDDAY)
    wall.time = NIGHT
    assert turn(wall.work(), Event(), now=wall.now, at=lambda: moved) is True
    assert (wall.done, wall.turn(NIGHT)) == ([moved], False)
    [last] = read.last_runs()
    assert last.succeeded_at == NIGHT


def test_work_is_done_once_when_its_time_comes(wall: Wall) -> None:
    assert wall.turn(MIDDAY) is False
    assert wall.turn(NIGHT - timedelta(seconds=1)) is False
    assert wall.turn(NIGHT) is True
    assert wall.turn(NIGHT) is False
    assert wall.turn(NIGHT + timedelta(hours=20)) is False
    assert wall.turn(NIGHT + timedelta(days=1, seconds=30)) is True
    assert wall.done == [NIGHT, NIGHT + timedelta(days=1, seconds=30)]
    [last] = read.last_runs()
    assert last == read.LastRun(
        "nightly", NIGHT + timedelta(days=2), wall.time, wall.time, "All is well."
    )
    assert last.is_well is True


def test_what_was_slept_through_is_done_once(wall: Wall) -> None:
    wall.turn(MIDDAY)
    late = NIGHT + timedelta(days=9, hours=4)
    assert wall.turn(late) is True
    assert wall.turn(late) is False
    assert wall.done == [late]


def test_a_clock_that_is_set_back_brings_the_next_time_back(wall: Wall) -> None:
    wall.turn(MIDDAY)
    wall.turn(NIGHT + timedelta(days=3_000))
    assert wall.turn(MIDDAY) is False
    assert read.last_runs()[0].due_at == NIGHT
    assert wall.turn(NIGHT) is True


def test_a_claim_made_by_a_clock_that_was_set_back_counts_as_run_out(wall: Wall) -> None:
    wall.turn(MIDDAY)
    Job.objects.update(claim="x", claimed_until=NIGHT + timedelta(hours=1))
    assert wall.turn(NIGHT) is False
    Job.objects.update(claimed_until=NIGHT + timedelta(days=300))
    assert wall.turn(NIGHT) is True


def test_work_whose_process_died_is_taken_up_when_its_claim_has_run_out(wall: Wall) -> None:
    wall.turn(MIDDAY)
    wall.trouble = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        wall.turn(NIGHT)
    wall.trouble = None
    assert wall.turn(NIGHT + timedelta(hours=6)) is False
    assert wall.turn(NIGHT + timedelta(hours=6, seconds=1)) is True


def test_work_that_stopped_with_its_process_stays_due(wall: Wall) -> None:
    wall.turn(MIDDAY)
    wall.trouble = Interrupted("stopped")
    assert wall.turn(NIGHT) is False
    wall.trouble = None
    assert wall.turn(NIGHT + timedelta(seconds=5)) is True


def test_a_failure_raises_an_alarm_that_the_next_success_closes(wall: Wall) -> None:
    wall.turn(MIDDAY)
    wall.trouble = Problem("Two rows differ.")
    assert wall.turn(NIGHT) is True
    assert alarms.raised() == [alarms.Raised("job:nightly", "nightly: Two rows differ.", NIGHT)]
    [last] = read.last_runs()
    assert (last.is_well, last.succeeded_at, last.result) == (False, None, "Two rows differ.")
    wall.trouble = ZeroDivisionError("secret detail")
    wall.turn(NIGHT + timedelta(days=1))
    assert (
        read.last_runs()[0].result == "It failed (ZeroDivisionError); the worker's log says more."
    )
    wall.trouble = None
    wall.turn(NIGHT + timedelta(days=2))
    assert alarms.raised() == []
    assert read.last_runs()[0].is_well is True


@pytest.mark.parametrize(
    ("zone", "after", "due"),
    [
        ("Asia/Shanghai", "2026-05-01T12:00:00+00:00", "2026-05-01T19:20:00+00:00"),
        # Berlin's 02:30 does not come on 29 March and comes twice on 25 October 2026.
        ("Europe/Berlin", "2026-03-28T12:00:00+00:00", "2026-03-29T01:20:00+00:00"),
        ("Europe/Berlin", "2026-10-24T12:00:00+00:00", "2026-10-25T02:20:00+00:00"),
    ],
)
def test_nights_are_the_operators(zone: str, after: str, due: str) -> None:
    with override_settings(OPERATOR_TIME_ZONE=zone):
        assert next_time(NIGHTLY, datetime.fromisoformat(after)) == datetime.fromisoformat(due)


def test_an_hour_that_comes_twice_is_used_once() -> None:
    with override_settings(OPERATOR_TIME_ZONE="Europe/Berlin"):
        moment, times = datetime(2026, 10, 24, 12, tzinfo=UTC), []
        for _ in range(2):
            moment = next_time("30 2 * * *", moment)
            times.append(moment)
    assert [time.date().isoformat() for time in times] == ["2026-10-25", "2026-10-26"]


def test_of_many_that_look_one_does_it(wall: Wall) -> None:
    wall.turn(MIDDAY)
    wall.time = NIGHT
    results: list[bool] = []
    gate = threading.Barrier(6)

    def look() -> None:
        gate.wait()
        try:
            results.append(turn(wall.work(), Event(), now=wall.now))
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(wall.done), results.count(True), len(results)) == (1, 1, 6)


def test_it_runs_until_it_is_stopped(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("banyan.pipeline.schedule.runner.LOOK_EVERY_S", 0.02)
    stop = Event()
    thread = threading.Thread(target=run, args=(stop, [wall.work()]), kwargs={"now": wall.now})
    thread.start()
    end = time.monotonic() + 10
    while not Job.objects.exists() and time.monotonic() < end:
        time.sleep(0.02)
    wall.time = NIGHT
    while not wall.done and time.monotonic() < end:
        time.sleep(0.02)
    stop.set()
    thread.join(10)
    assert (thread.is_alive(), wall.done) == (False, [NIGHT])
