"""appender: group commit. Events that arrive while a commit runs make up the next one.

One thread a process, with a connection of its own. Whoever hands events in is told once they are
durable, or that they are not in the log; a retry is harmless, since `messageId` de-duplicates.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming, Receipt
from banyan.kernel import counters
from banyan.kernel.errors import Problem

MOST_AT_ONCE = 4_000
"""Events in one commit: more would only make the first of them wait."""
MOST_WAITING = 40_000
MANY = 12
"""Requests in a commit from which on the next one waits until as many are there again: whoever was
answered asks anew, and two commits of half the size cost everybody half as much again."""
GATHER_S = 0.0015
"""How long it waits for them at most: about what a commit takes."""

log = structlog.get_logger("banyan.edge")

Outcome = list[Receipt] | Exception


class Unavailable(Problem):
    """The log cannot be written now; nothing of the request stands in it. Trying again is safe."""


class Waiting(NamedTuple):
    """Events of one request, and what its caller awaits; only the event loop touches that."""

    events: Sequence[Incoming]
    durable: asyncio.Future[list[Receipt]]


class Appender:
    """Writes what is handed in until it is closed.

    `tell_all` is called in the appender's thread, once a commit, with everyone's outcome.
    """

    def __init__(self, tell_all: Callable[[list[tuple[Waiting, Outcome]]], None]) -> None:
        self._tell_all = tell_all
        self._waiting: list[Waiting] = []
        self._events_waiting = 0
        self._awaited = 1
        self._groups = (0, 0)
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="appender", daemon=True)
        self._thread.start()

    def hand_in(self, arrived: Sequence[Waiting]) -> None:
        """Queue the events of some requests. Raises Unavailable for all of them when too many wait
        already, or after `close`."""
        events = sum(len(waiting.events) for waiting in arrived)
        with self._changed:
            if self._is_closed:
                raise Unavailable("The server is stopping; send the events again.")
            if self._events_waiting + events > MOST_WAITING:
                raise Unavailable("Too many events wait to be written; send them again later.")
            self._events_waiting += events
            self._waiting.extend(arrived)
            if len(self._waiting) >= self._awaited:
                self._changed.notify()

    def close(self) -> None:
        """Write what waits and end."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            started = time.perf_counter()
            outcomes = _written(group)
            counters.committed(
                sum(len(each.events) for each in group), time.perf_counter() - started
            )
            self._tell_all(list(zip(group, outcomes, strict=True)))
        connection.close()

    def _next_group(self) -> list[Waiting]:
        """What waits, up to a limit; nothing once the appender is closed and all is written."""
        with self._changed:
            self._await(1)
            if (usual := max(self._groups)) >= MANY:
                self._await(usual, GATHER_S)
            count = taken = 0
            for waiting in self._waiting:
                if taken and count + len(waiting.events) > MOST_AT_ONCE:
                    break
                count += len(waiting.events)
                taken += 1
            group, self._waiting = self._waiting[:taken], self._waiting[taken:]
            self._events_waiting -= count
            self._groups = (self._groups[1], taken)
            return group

    def _await(self, requests: int, seconds: float | None = None) -> None:
        self._awaited = requests
        self._changed.wait_for(lambda: len(self._waiting) >= requests or self._is_closed, seconds)
        self._awaited = 1


def _written(group: Sequence[Waiting]) -> list[Outcome]:
    """Write a group in one transaction; if a row of it cannot be written, each request by itself,
    so that nobody's events are lost by another's."""
    try:
        receipts = _appended([event for waiting in group for event in waiting.events])
    except (OperationalError, InterfaceError) as gone:
        log.error("log_not_written", events=sum(len(w.events) for w in group), error=_line(gone))
        return [_away()] * len(group)
    except DatabaseError as bad_row:
        log.error("row_refused", requests=len(group), error=_line(bad_row))
        return [_away()] if len(group) == 1 else [_written([waiting])[0] for waiting in group]
    outcomes: list[Outcome] = []
    start = 0
    for waiting in group:
        outcomes.append(receipts[start : start + len(waiting.events)])
        start += len(waiting.events)
    return outcomes


def _appended(events: Sequence[Incoming]) -> list[Receipt]:
    """A connection that broke since the last commit is opened anew once. Should the first try have
    been committed after all, the second finds its events in the log."""
    try:
        return append(events)
    except (OperationalError, InterfaceError):
        connection.close()
        try:
            return append(events)
        except DatabaseError:
            connection.close()
            raise


def _away() -> Unavailable:
    return Unavailable("The log cannot be written now; nothing was stored. Send the events again.")


def _line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
