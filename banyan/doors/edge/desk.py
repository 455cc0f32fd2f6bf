"""desk: what the hot doors ask the rooms, without ever waiting in the event loop.

Answers that were had a moment ago are taken from memory; all else is asked in a few threads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from django.db import Error, InterfaceError, OperationalError, connection

from banyan.core.events import clock
from banyan.core.events.incoming import Incoming, Receipt
from banyan.core.programs import read as programs
from banyan.core.programs.read import Landing
from banyan.doors.edge.appender import Appender, Outcome, Unavailable, Waiting
from banyan.trust.access import keys
from banyan.trust.access.keys import Key

THREADS = 2
CLOCK_S = 1.0
KEY_S = 2.0
LANDING_S = 5.0
# Short, since a code may be made meanwhile.
UNKNOWN_S = 1.0
MOST_KEPT = 100_000

T = TypeVar("T")


class Kept(Generic[T]):
    """Answers of the last seconds, by name."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._answers: dict[str, tuple[float, T]] = {}

    def get(self, name: str) -> T | None:
        """The answer if it is fresh."""
        until, answer = self._answers.get(name, (0.0, None))
        return answer if time.monotonic() < until else None

    def put(self, name: str, answer: T) -> None:
        """Keep an answer for as long as it is fresh."""
        if len(self._answers) >= MOST_KEPT:
            self._answers.clear()
        self._answers[name] = (time.monotonic() + self._seconds, answer)


class Desk:
    """One for each process, made inside its event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="desk")
        self._appender = Appender(self._tell_all)
        self._ahead: Kept[timedelta] = Kept(CLOCK_S)
        self._keys: Kept[Key] = Kept(KEY_S)
        self._landings: Kept[Landing] = Kept(LANDING_S)
        self._unknown: Kept[bool] = Kept(UNKNOWN_S)
        self._arrived: list[Waiting] = []

    async def now(self) -> datetime:
        """The installation's time, UTC; a clock that was moved is seen within two seconds."""
        ahead = self._ahead.get("")
        if ahead is None:
            ahead = await self.ask(_clock_ahead)
            self._ahead.put("", ahead)
        return datetime.now(UTC) + ahead

    async def key(self, secret: str) -> Key | None:
        """Who has that secret; None for nobody, or when the key was revoked."""
        key = self._keys.get(secret)
        if key is None:
            key = await self.ask(lambda: keys.find(secret))
            if key is not None:
                self._keys.put(secret, key)
        return key

    async def landing(self, code: str) -> Landing | None:
        """Where a code leads; None for an unknown one, which was so a second ago at the latest."""
        landing = self._landings.get(code)
        if landing is None and not self._unknown.get(code):
            landing = await self.ask(lambda: programs.link(code))
            if landing is not None:
                self._landings.put(code, landing)
            else:
                self._unknown.put(code, True)
        return landing

    async def append(self, events: Sequence[Incoming]) -> list[Receipt]:
        """Write events to the log; returns once they are durable. Raises Unavailable."""
        if not events:
            return []
        durable: asyncio.Future[list[Receipt]] = self._loop.create_future()
        if not self._arrived:
            self._loop.call_soon(self._hand_in)
        self._arrived.append(Waiting(events, durable))
        return await durable

    def _hand_in(self) -> None:
        """What the requests of one turn of the loop bring goes into one commit."""
        arrived, self._arrived = self._arrived, []
        try:
            self._appender.hand_in(arrived)
        except Unavailable as away:
            _tell([(waiting, away) for waiting in arrived])

    async def ask(self, question: Callable[[], T]) -> T:
        """Ask a room in a thread. Raises Unavailable when the database does not answer."""
        return await self._loop.run_in_executor(self._threads, _answered, question)

    def close(self) -> None:
        """Write what waits and end the threads."""
        self._appender.close()
        self._threads.shutdown()

    def _tell_all(self, outcomes: list[tuple[Waiting, Outcome]]) -> None:
        # Into the loop once a commit, not once a request: each call would wake it.
        self._loop.call_soon_threadsafe(_tell, outcomes)


def _tell(outcomes: list[tuple[Waiting, Outcome]]) -> None:
    for waiting, outcome in outcomes:
        if waiting.durable.done():  # the caller went away; the events stand all the same
            continue
        if isinstance(outcome, Exception):
            waiting.durable.set_exception(outcome)
        else:
            waiting.durable.set_result(outcome)


def _clock_ahead() -> timedelta:
    return clock.now() - datetime.now(UTC)


def _answered(question: Callable[[], T]) -> T:
    """A connection that broke while nobody used it is opened anew once."""
    try:
        return question()
    except (OperationalError, InterfaceError):
        connection.close()
    try:
        return question()
    except Error as failed:
        connection.close()
        raise Unavailable("The database does not answer; try again in a moment.") from failed
