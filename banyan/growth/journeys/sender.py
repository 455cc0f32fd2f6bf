"""The sending process: claims what is due, hands it to providers, writes down what came of it.

Any number may run. The main thread alone speaks to the database; threads wait for providers, so
that a slow one holds up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Event

import structlog
from django.db import Error, connection

from banyan.growth.journeys.channels import send
from banyan.growth.journeys.claims import Attempt, claim, finish
from banyan.growth.journeys.letter import Outcome

THREADS = 8
IDLE_S = 0.5
AFTER_TROUBLE_S = 2.0

log = structlog.get_logger("banyan.notices")

Ended = SimpleQueue[tuple[Attempt, Outcome]]


def run(stop: Event, *, now: Callable[[], datetime]) -> None:
    """Send until `stop` is set; then let the attempts that are under way end.

    While the database is away it is asked again and again. Outcomes that could not be written down
    are forgotten: their claims run out, and those notices are attempted once more.
    """
    ended: Ended = SimpleQueue()
    busy, wait_s = 0, 0.0
    with ThreadPoolExecutor(THREADS, thread_name_prefix="notice") as threads:
        while busy or not stop.is_set():
            outcomes = _come_in(ended, wait_s)
            busy -= len(outcomes)
            try:
                finish(outcomes, now())
                begun = [] if stop.is_set() else claim(now(), THREADS - busy)
            except Error:
                log.warning("database_failed", exc_info=True)
                connection.close()
                stop.wait(AFTER_TROUBLE_S)
                continue
            for attempt in begun:
                threads.submit(_deliver, attempt, ended)
            busy += len(begun)
            wait_s = 0.0 if begun and busy < THREADS else IDLE_S


def send_due(now: Callable[[], datetime], *, most: int = 1_000) -> int:
    """Send what is due in this thread, once each; how many attempts that were."""
    done = 0
    while done < most and (attempts := claim(now(), min(THREADS, most - done))):
        for attempt in attempts:
            finish([(attempt, _sent(attempt))], now())
        done += len(attempts)
    return done


def _come_in(ended: Ended, wait_s: float) -> list[tuple[Attempt, Outcome]]:
    """What has ended; when nothing has, what ends first within the wait."""
    found = []
    try:
        found.append(ended.get(timeout=wait_s) if wait_s else ended.get_nowait())
        while True:
            found.append(ended.get_nowait())
    except Empty:
        return found


def _deliver(attempt: Attempt, ended: Ended) -> None:
    ended.put((attempt, _sent(attempt)))


def _sent(attempt: Attempt) -> Outcome:
    try:
        return send(attempt.letter)
    except Exception as fault:
        # A thread's edge: a fault of ours is tried again like one of the provider, and seen.
        log.exception("notice_failed", notice=attempt.number)
        return Outcome("later", f"a fault ({type(fault).__name__})")
