"""Figures that somebody reads stay there, and whoever counts on does not wait for the reader."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import polars as pl
import pytest
from django.db import OperationalError, connection

from banyan.insight.metrics.facts import facts_between
from banyan.insight.metrics.rebuild import catch_up, go_on, held_position, position, start_again
from banyan.insight.segments import acts
from banyan.insight.segments.members import matching
from banyan.insight.segments.models import Mark
from banyan.insight.segments.rules import Condition, Group, Rules
from banyan.kernel.database import one_transaction
from tests.installation import Installation
from tests.rooms.insight.metrics.test_chains import terms
from tests.rooms.pipeline.line import Line


@pytest.fixture
def line(installation: Installation) -> Line:
    """A story of eight events, all of them counted."""
    if installation.kind != "postgres":
        pytest.skip("SQLite lets one write at a time")
    line = Line()
    line.publish()
    line.story()
    line.work()
    return line


def elsewhere(act: Callable[[], object]) -> object:
    """Done by another connection, which gives up where it would have to wait."""

    def done() -> object:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '200ms'")
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as one:
        return one.submit(done).result()


def test_figures_are_counted_on_while_somebody_reads_them(line: Line) -> None:
    stands, facts = terms(), facts_between(2, 5)
    start_again()
    assert catch_up(stands, cursor=8, limit=2)
    with one_transaction():
        assert held_position() == 2
        assert elsewhere(lambda: go_on(facts, before=2, upto=5, promised=stands)) is True
        assert elsewhere(lambda: catch_up(stands, cursor=8)) is True
        assert position() == 8
        with pytest.raises(OperationalError, match="lock timeout"):
            elsewhere(start_again)
    elsewhere(start_again)
    assert position() == 0


def test_nobody_reads_figures_that_are_being_thrown_away(line: Line) -> None:
    with one_transaction():
        start_again()
        assert elsewhere(position) == 8
        with pytest.raises(OperationalError, match="lock timeout"):
            elsewhere(held_position)
    assert elsewhere(held_position) == 0


@pytest.mark.parametrize("act", ["make", "change", "refresh"])
def test_nobody_waits_for_a_segment_that_is_worked_out(
    line: Line, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loyal = Rules("all", (Group("all", (Condition("orders", "at_least", "2"),)),))
    if act != "make":
        acts.make("user:1", "loyal", name="Loyal", rules=loyal, now=line.now)
    line.say("Order Completed", "cid", order_id="o9", total=5, currency="USD")
    line.work()
    waited = list[object]()

    def watched(rules: Rules, *, now: datetime) -> pl.Series:
        waited.append(elsewhere(start_again))
        waited.append(elsewhere(lambda: Mark.objects.update(joined=1)))
        return matching(rules, now=now)

    monkeypatch.setattr("banyan.insight.segments.acts.matching", watched)
    if act == "refresh":
        row = acts.refresh("loyal", now=line.now)
    else:
        row = getattr(acts, act)("user:1", "loyal", name="Loyal", rules=loyal, now=line.now)
    assert (row.count, row.position, waited) == (2, 9, [None, 1])
