"""Which held decisions wait: kept apart, and always those that a look at all of them finds."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import polars as pl
from django.db import connection
from django.db.models import QuerySet

from banyan.core.events.acts import append_one
from banyan.core.referrals import held, save
from banyan.core.referrals.models import Decision, Reversal, Ruling, Waiting
from banyan.core.referrals.read import decisions
from tests.installation import Installation
from tests.rooms.insight.metrics.busy import NOW, busy
from tests.rooms.pipeline.line import PROGRAM, Line

RISKY = PROGRAM + 'risk:\n  - {id: any, when: "friends_total > 0", then: hold}\n'


def found() -> set[str]:
    """By looking at each."""
    rows = decisions(outcome="held", limit=1_000_000)
    return {row.decision_id for row in rows if row.waits_for_ruling}


def kept() -> set[str]:
    return set(ids(Waiting.objects.all()))


def ids(rows: QuerySet[Any]) -> list[str]:
    return list(rows.values_list("decision_id", flat=True))


def rule(line: Line, decision_id: str, word: str) -> None:
    said = {"decision_id": decision_id, "reason": "looked at"}
    event = {"type": "track", "event": word, "anonymousId": "user:1", "properties": said}
    append_one("user:1", event, now=line.now)
    line.work()


def test_those_that_wait_are_those_that_a_look_at_all_finds(installation: Installation) -> None:
    busy()
    waiting = kept()
    assert waiting == found()
    assert set(held.ids(held.Asked(), limit=1_000_000)) == waiting
    assert held.count(held.Asked()) == len(waiting) > 0


def test_a_word_or_a_refund_ends_the_waiting(installation: Installation) -> None:
    line = Line()
    line.publish(RISKY)
    line.story()
    line.work()
    waiting = kept()
    all_held = set(ids(Decision.objects.filter(outcome="held")))
    [taken_back] = all_held - waiting
    assert taken_back in ids(Reversal.objects.all())
    assert (waiting, len(waiting)) == (found(), 3)
    first, second, third = sorted(waiting)
    rule(line, first, "Decision Released")
    rule(line, second, "Decision Denied")
    assert kept() == found() == {third}
    assert held.count(held.Asked()) == held.count(held.Asked(program="spring")) == 1
    assert held.count(held.Asked(program="winter")) == 0


def test_a_word_before_the_decision_forbids_the_waiting(installation: Installation) -> None:
    line = Line()
    line.publish(RISKY)
    line.story()
    line.work()
    known = decisions(outcome="held", limit=100)
    Waiting.objects.all().delete()
    early = known[0].decision_id
    Ruling.objects.create(
        decision_id=early, position=1_000_000, verdict="released", occurred_at=NOW
    )
    rows = pl.DataFrame([{"decision_id": r.decision_id, "outcome": "held", "amount": r.amount}
                         for r in known])  # fmt: skip
    save._wait(rows)
    assert kept() == {row.decision_id for row in known} - {early}


def test_an_installation_from_before_finds_them_once(installation: Installation) -> None:
    busy()
    waiting = kept()
    Waiting.objects.all().delete()
    migration = import_module("banyan.core.referrals.migrations.0003_waiting")
    with connection.cursor() as cursor:
        cursor.execute(migration._THOSE_THERE)
    assert kept() == waiting
