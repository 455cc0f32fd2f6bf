"""counting: what one web process saw and has not written yet.

A page that is looked at waits for nothing here: the look is put in a list, and a thread of its own
hashes and writes what came together in some seconds. A process that is killed loses those seconds;
one that ends writes them first.
"""

from __future__ import annotations

import threading
from datetime import date, datetime
from hashlib import blake2b
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import Error, connection

from banyan.insight.exposure import save, sketch
from banyan.insight.exposure.save import EITHER, Page, Place, Tally

EVERY_S = 5.0
MOST_WAITING = 100_000
"""Looks that wait while the database cannot be written; those after them are lost."""

log = structlog.get_logger("banyan.exposure")


class Look(NamedTuple):
    """Somebody looks at a page. Lives in memory for some seconds and is never written."""

    day: date
    program: str
    page: Page
    network: str
    agent: str


class Counter:
    """One process's, from when it is made until it is closed."""

    def __init__(self) -> None:
        self._waiting: list[Look] = []
        self._lost = 0
        self._lock = threading.Lock()
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exposure", daemon=True)
        self._thread.start()

    def take(self, look: Look) -> None:
        """Count it soon."""
        with self._lock:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(look)
            else:
                self._lost += 1

    def close(self) -> None:
        """Write what waits and end."""
        self._is_ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_ending.wait(EVERY_S):
            self._write()
        self._write()
        connection.close()

    def _write(self) -> None:
        with self._lock:
            looks, self._waiting = self._waiting, []
            lost, self._lost = self._lost, 0
        if lost:
            log.warning("exposure_lost", looks=lost)
        if not looks:
            return
        try:
            save.add(tallied(looks))
        except Error:
            # A loop's edge: they are tried again, and pages go on meanwhile.
            log.warning("database_failed", exc_info=True)
            connection.close()
            with self._lock:
                self._waiting[:0] = looks


def tallied(looks: list[Look]) -> dict[Place, Tally]:
    """Looks as tallies; what tells people apart ends here. Asks for the key of each day."""
    keys = {day: save.key_of(day) for day in sorted({look.day for look in looks})}
    tallies: dict[Place, Tally] = {}
    for look in looks:
        who = f"{look.network}\n{look.agent}".encode("utf-8", "replace")
        hashed = int.from_bytes(blake2b(who, digest_size=8, key=keys[look.day]).digest())
        for page in (look.page, EITHER):
            tally = tallies.setdefault(Place(look.day, look.program, page), Tally())
            tally.views += 1
            sketch.add(tally.sketch, hashed)
    return tallies


def start() -> None:
    """Let this process count, until `stop`."""
    global _counter
    assert _counter is None, "this process counts already"
    _counter = Counter()


def stop() -> None:
    """Write what waits, and count no more."""
    global _counter
    counter, _counter = _counter, None
    if counter is not None:
        counter.close()


def seen(program: str, page: Page, *, network: str, agent: str, now: datetime) -> None:
    """Somebody at that network, with that browser, looks at a program's page.

    Does nothing in a process that serves no visitors and therefore did not start to count.
    """
    if _counter is not None:
        day = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
        _counter.take(Look(day, program, page, network, agent))


_counter: Counter | None = None
