"""simulation: one run of a plan against a company; clients send while things break."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from django.db import connections

from banyan.core.events.read import head
from banyan.pipeline.wait import cursor_position
from tests.faults import reckoning
from tests.faults.client import Client, Memory
from tests.faults.company import Company
from tests.faults.plan import Action, Plan, plan
from tests.faults.processes import until


class Broken(AssertionError):
    """A run after which something is not as it was promised."""


def simulate(company: Company, memory: Memory, seed: int) -> None:
    """Carry out the plan of a seed and reckon. Raises Broken, with what replays the run."""
    made = plan(
        seed,
        on_postgres=company.kind == "postgres",
        on_small_disk=company.disk is not None,
    )
    try:
        _carry_out(company, memory, made)
        company.look_after()
        _wait_until_decided()
        found = reckoning.faults(memory)
    except AssertionError as failed:
        found = [str(failed)]
    if found:
        told = "\n".join(found)
        damages = "; ".join(f"{d.what} after {d.after} for {d.seconds:.2f} s" for d in made.damages)
        raise Broken(
            f"seed {seed} on {company.kind} ({damages}):\n{told}\n{company.logs()}\n"
            f"Again: BANYAN_FAULT_FIRST={seed} BANYAN_FAULT_RUNS=1 pytest tests/faults/test_runs.py"
        )


def _carry_out(company: Company, memory: Memory, made: Plan) -> None:
    client = Client(company.port, dict(company.keys), memory)
    begun = _Counter()
    failures: list[Exception] = []

    def send(lane: tuple[Action, ...]) -> None:
        try:
            for action in lane:
                begun.add()
                client.do(action)
        except Exception as failed:  # noqa: BLE001 - raised again by the thread that waits
            failures.append(failed)
        finally:
            begun.end()

    threads = [threading.Thread(target=send, args=(lane,)) for lane in made.lanes]
    begun.running = len(threads)
    for thread in threads:
        thread.start()
    try:
        for damage in made.damages:
            begun.wait_for(damage.after)
            DAMAGES[damage.what](company, damage.seconds)
            company.look_after()
    finally:
        for thread in threads:
            thread.join()
    for failed in failures:
        raise AssertionError(str(failed)) from failed


def _wait_until_decided() -> None:
    """Connections that this process had may have been cut."""
    connections.close_all()
    until(lambda: cursor_position() == head(), "the worker to decide everything")


class _Counter:
    """How many actions were begun, by all lanes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self.running = 0

    def add(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self.running -= 1
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Until that many were begun, or none is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._count >= count or self.running == 0)


def _kill_worker(company: Company, seconds: float) -> None:
    company.kill_workers()
    time.sleep(seconds)


def _kill_web(company: Company, seconds: float) -> None:
    company.kill_web()
    time.sleep(seconds)


def _kill_both(company: Company, seconds: float) -> None:
    company.kill_workers()
    company.kill_web()
    time.sleep(seconds)


def _kill_serving(company: Company, seconds: float) -> None:
    company.kill_serving()
    time.sleep(seconds)


def _change_leaders(company: Company, seconds: float) -> None:
    """A second worker stands by; it goes on when the first one dies."""
    company.start_worker()
    time.sleep(seconds)
    company.workers.pop(0).kill()


def _freeze_worker(company: Company, seconds: float) -> None:
    company.freeze(company.workers[0], seconds)


def _freeze_web(company: Company, seconds: float) -> None:
    assert company.web is not None
    company.freeze(company.web, seconds)


def _restart_database(company: Company, seconds: float) -> None:
    company.restart_database()


def _cut_connections(company: Company, seconds: float) -> None:
    company.cut_connections()


def _fill_disk(company: Company, seconds: float) -> None:
    assert company.disk is not None
    company.disk.fill()
    time.sleep(1.0 + seconds)
    company.disk.free()


DAMAGES: Mapping[str, Callable[[Company, float], None]] = {
    "kill worker": _kill_worker,
    "kill web": _kill_web,
    "kill both": _kill_both,
    "kill serving process": _kill_serving,
    "second worker, kill leader": _change_leaders,
    "freeze worker": _freeze_worker,
    "freeze web": _freeze_web,
    "restart database": _restart_database,
    "cut connections": _cut_connections,
    "fill disk": _fill_disk,
}
