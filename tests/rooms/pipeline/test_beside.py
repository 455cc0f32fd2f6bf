"""Figures that are counted beside the next batch while the worker is behind the log."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection

from banyan.insight.metrics.keeper import Keeper
from banyan.insight.metrics.models import Advocate, Buyer, Day, Friend, Slice
from banyan.insight.metrics.rebuild import position, start_again
from banyan.pipeline import publish, worker
from banyan.pipeline.beside import Beside
from banyan.pipeline.wait import cursor_position
from banyan.pipeline.worker import Worker
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line


def test_work_runs_beside_and_one_after_the_other(installation: Installation) -> None:
    beside, may_go, done = Beside("figures"), threading.Event(), list[str]()

    def slow() -> None:
        with connection.cursor() as cursor:  # of its own, and closed afterwards
            cursor.execute("SELECT 1")
        may_go.wait(10)
        done.append(threading.current_thread().name)

    beside.start(slow)
    assert done == []
    may_go.set()
    beside.start(lambda: done.append("second"))
    beside.wait()
    assert done == ["figures_0", "second"]


def test_what_failed_beside_is_told_once() -> None:
    beside = Beside("figures")
    beside.start(lambda: _fail("no such table"))
    with pytest.raises(ValueError, match="no such table"):
        beside.wait()
    beside.wait()


def test_figures_are_the_same_beside_and_in_turn(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    count = Keeper.count

    def noted(self: Keeper, *args: Any, **options: Any) -> None:
        counted.append(threading.current_thread().name)
        count(self, *args, **options)

    monkeypatch.setattr(worker, "MUCH", 3)
    monkeypatch.setattr("banyan.insight.metrics.keeper.MANY", 3)
    monkeypatch.setattr(Keeper, "count", noted)
    line = Line()
    line.publish()
    line.story()
    busy = Worker()
    assert [busy.advance(3) for _ in range(4)] == [3, 3, 2, 0]
    assert position() == 8
    beside = {name for name in counted if name.startswith("figures")}
    assert beside == ({"figures_0"} if installation.kind == "postgres" else set())
    found = _figures()
    start_again()
    Worker().advance()
    assert _figures() == found


def test_a_count_that_fails_beside_stops_the_worker_as_one_in_turn(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    line.publish()
    line.story()
    monkeypatch.setattr(worker, "MUCH", 3)
    monkeypatch.setattr(Keeper, "count", lambda *_, **__: _fail("a figure too many"))
    with pytest.raises(ValueError, match="a figure too many"):
        _advance_all(3)
    monkeypatch.undo()
    _advance_all(worker.BATCH)  # as a leader that starts anew
    assert position() == 8


def test_a_batch_stands_whatever_becomes_of_its_figures(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    busy = Worker()
    busy.advance(3)
    busy._beside.start(lambda: _fail("a figure too many"))
    with pytest.raises(ValueError, match="a figure too many"):
        busy.advance(3)
    assert busy.position == cursor_position() == 6


def test_who_publishes_hears_of_figures_that_failed_beside(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = Worker.advance

    def behind(self: Worker, *args: Any) -> int:
        count = advance(self, *args)
        self._beside.start(lambda: _fail("a figure too many"))
        return count

    line = Line()
    row = publish.publish("tester", PROGRAM, starts_at=None, now=line.now)
    monkeypatch.setattr(Worker, "advance", behind)
    with pytest.raises(ValueError, match="a figure too many"):
        publish.settled("spring", row.number, timeout_s=10)
    assert publish.settled("spring", row.number, timeout_s=10).status == "published"


def _advance_all(limit: int) -> None:
    busy = Worker()
    while busy.advance(limit):
        pass


def _fail(why: str) -> None:
    raise ValueError(why)


def _figures() -> list[list[tuple[object, ...]]]:
    return [_rows(model.objects.values_list()) for model in (Day, Slice, Friend, Advocate, Buyer)]


def _rows(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Without numbers that are given anew."""
    return sorted((row[1:] if isinstance(row[0], int) else row for row in rows), key=repr)
