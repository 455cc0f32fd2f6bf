"""Which requests share a commit."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from banyan.doors.edge import appender as appenders
from banyan.doors.edge.appender import MANY, Appender, Waiting

PATIENCE_S = 10


class Gate:
    """Commits that begin when they are let, and what was in them."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.begun, self._go = threading.Semaphore(0), threading.Semaphore(0)

    def write(self, group: list[Waiting]) -> list[list[object]]:
        self.groups.append(len(group))
        self.begun.release()
        assert self._go.acquire(timeout=PATIENCE_S)
        return [[] for _ in group]

    def await_commit(self) -> None:
        assert self.begun.acquire(timeout=PATIENCE_S)

    def let(self) -> None:
        self._go.release()


@contextmanager
def _appending(
    monkeypatch: pytest.MonkeyPatch, *, gather_s: float
) -> Iterator[tuple[Gate, Appender]]:
    gate = Gate()
    monkeypatch.setattr(appenders, "_written", gate.write)
    monkeypatch.setattr(appenders, "GATHER_S", gather_s)
    appender = Appender(lambda outcomes: None)
    try:
        yield gate, appender
    finally:
        for _ in range(20):
            gate.let()
        appender.close()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with closing(asyncio.new_event_loop()) as loop:
        yield loop


def _requests(loop: asyncio.AbstractEventLoop, count: int) -> list[Waiting]:
    return [Waiting([], loop.create_future()) for _ in range(count)]


def test_a_busy_door_gathers_whom_it_has_just_answered(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two halves of the callers that come by turns become one group, and stay one."""
    with _appending(monkeypatch, gather_s=PATIENCE_S) as (gate, appender):
        appender.hand_in(_requests(loop, MANY))
        gate.await_commit()
        appender.hand_in(_requests(loop, MANY + 1))
        gate.let()
        gate.await_commit()
        appender.hand_in(_requests(loop, MANY))  # fewer than came together before: they wait
        gate.let()
        appender.hand_in(_requests(loop, MANY + 1))
        gate.await_commit()
        gate.let()
        appender.hand_in(_requests(loop, MANY * 2 + 1))
        gate.await_commit()
    assert gate.groups == [MANY, MANY + 1, 2 * MANY + 1, 2 * MANY + 1]


def test_who_stays_away_is_not_waited_for_long(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _appending(monkeypatch, gather_s=0.01) as (gate, appender):
        for count in (MANY, 1, 2, 1):
            appender.hand_in(_requests(loop, count))
            gate.await_commit()
            gate.let()
    assert gate.groups == [MANY, 1, 2, 1]


def test_a_quiet_door_waits_for_nobody(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _appending(monkeypatch, gather_s=PATIENCE_S * 2) as (gate, appender):
        for count in (MANY - 1, 1, 1):
            appender.hand_in(_requests(loop, count))
            gate.await_commit()
            gate.let()
    assert gate.groups == [MANY - 1, 1, 1]
