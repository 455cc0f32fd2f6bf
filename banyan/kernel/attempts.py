"""attempts: work that waits for others, tried in threads, written down by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event
from typing import TypeVar

import structlog
from django.db import Error, connection

IDLE_S = 0.5
AFTER_TROUBLE_S = 2.0

Attempt = TypeVar("Attempt")
Outcome = TypeVar("Outcome")

log = structlog.get_logger("banyan.attempts")


def keep_attempting(
    stop: Event,
    *,
    name: str,
    threads: int,
    turn: Callable[[Sequence[tuple[Attempt, Outcome]], int], tuple[Sequence[Attempt], bool]],
    attempt: Callable[[Attempt], Outcome],
) -> None:
    """Attempt what is due until `stop` is set; then let the attempts that are under way end.

    `turn` alone speaks to the database, in this thread: it writes down what has ended, claims at
    most so many new attempts, and says besides whether there may be more at once. `attempt` runs in
    a thread and never raises, so that a slow receiver holds up nobody else.

    While the database is away it is asked again and again. What could not be written down is
    forgotten: its claim runs out, and it is attempted once more.
    """
    ended: SimpleQueue[tuple[Attempt, Outcome]] = SimpleQueue()
    busy, wait_s = 0, 0.0
    with ThreadPoolExecutor(threads, thread_name_prefix=name) as pool:
        while busy or not stop.is_set():
            outcomes = _come_in(ended, wait_s)
            busy -= len(outcomes)
            try:
                begun, is_more = turn(outcomes, threads - busy)
            except Error:
                log.warning("database_failed", part=name, exc_info=True)
                connection.close()
                stop.wait(AFTER_TROUBLE_S)
                continue
            for one in begun:
                pool.submit(_put, ended, one, attempt)
            busy += len(begun)
            wait_s = 0.0 if is_more else IDLE_S


def _put(
    ended: SimpleQueue[tuple[Attempt, Outcome]], one: Attempt, attempt: Callable[[Attempt], Outcome]
) -> None:
    ended.put((one, attempt(one)))


def _come_in(
    ended: SimpleQueue[tuple[Attempt, Outcome]], wait_s: float
) -> list[tuple[Attempt, Outcome]]:
    """What has ended; when nothing has, what ends first within the wait."""
    found = []
    try:
        found.append(ended.get(timeout=wait_s) if wait_s else ended.get_nowait())
        while True:
            found.append(ended.get_nowait())
    except Empty:
        return found
