"""Stages that staff put into funnels: counted from the log, live and for what was there already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import override_settings

from banyan.core.programs.read import published
from banyan.insight.metrics import counting
from banyan.insight.metrics.counting import being_counted, follow
from banyan.insight.metrics.funnel import days_to, funnel, funnels, leak, segment_funnel, steps
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.promised import promised
from banyan.insight.metrics.rebuild import catch_up, rebuild, start_again
from banyan.insight.metrics.scope import scope
from banyan.insight.metrics.stages import (
    BUILT_IN,
    OURS,
    BadStages,
    Payable,
    Stage,
    configure,
    payable,
    plan,
    reset,
    wanted,
)
from banyan.insight.metrics.sums import sums
from banyan.insight.segments import acts as segments
from banyan.insight.segments.rules import Condition, Group, Rules
from banyan.pipeline.books import book_of
from banyan.pipeline.wait import cursor_position
from tests.installation import Installation
from tests.rooms.insight.metrics.busy import CURRENCIES, busy
from tests.rooms.insight.metrics.by_hand import Books
from tests.rooms.pipeline.line import PROGRAM, Line

DAY = Period(date(2026, 3, 1), date(2026, 3, 1))
TRIAL = Stage("event:Trial Attended", 0.6, "Trial lesson", "课程体验")
BOUGHT = Stage("milestone:bought", 0.4)
STAGES = (*OURS[:3], TRIAL, OURS[3], BOUGHT)


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    """Days of a zone that is not UTC."""
    with override_settings(OPERATOR_TIME_ZONE="Asia/Shanghai"):
        yield


def story() -> Line:
    """Ben and cid come and buy; cid attends two lessons and eve, whom nobody sent, one."""
    line = Line()
    line.publish()
    line.say("Trial Attended", "ben")  # before he came: it counts for nobody
    line.story()
    line.say("Trial Attended", "cid")
    line.say("Trial Attended", "eve")
    line.now += timedelta(days=2)
    line.say("Trial Attended", "cid")
    line.work()
    return line


def reached() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT program, friend, stage, CAST(reached_on AS TEXT) FROM metrics_reached"
        )
        return sorted(cursor.fetchall())


def counted(*measures: str) -> list[tuple[object, ...]]:
    """Figures of these stages, by day and by everything else."""
    found = []
    for table in ("day", "slice"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM metrics_{table}")
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        found += [
            (table, *(str(row[name]) for name in sorted(row) if name != "id"))
            for row in rows
            if row["measure"] in measures
        ]
    return sorted(found)


def nothing(done: int, whole: int) -> None:
    """No progress is shown."""


def test_a_funnel_shows_what_was_chosen_for_it(installation: Installation) -> None:
    story()
    assert (plan("spring").said_by, plan("spring").stages) == ("ours", OURS)
    changed = configure(scope(), (OURS[0], TRIAL))
    assert changed.before["said_by"] == "ours"
    assert (plan("spring").said_by, plan("spring").stages) == ("all", (OURS[0], TRIAL))
    configure(scope("spring"), STAGES)
    assert (plan("spring").said_by, plan("spring").stages) == ("program", STAGES)
    assert (plan("").said_by, plan("").stages) == ("all", (OURS[0], TRIAL))
    assert wanted() == ["event:Trial Attended", "milestone:bought"]
    reset(scope("spring"))
    assert plan("spring").said_by == "all"
    assert reset(scope()).after["said_by"] == "ours"
    assert (plan("spring").stages, wanted()) == (OURS, [])


def test_what_makes_no_funnel_is_refused(installation: Installation) -> None:
    story()
    first, spring = OURS[0], scope("spring")
    assert payable(spring) == [Payable("bought", is_always=True)]
    for stages, said in (
        ((first,), "stages: expected 2 to 12 of them"),
        ((first, TRIAL, TRIAL), "stages: Trial Attended stands there twice"),
        ((first, Stage("milestone:flown")), "stages: no reward is on a milestone flown"),
        ((first, Stage("lost")), "stages: there is no stage lost"),
        ((first, Stage("event: ")), "stages: say which event it is"),
        (
            (first, Stage("event:a", name_en="a\nb")),
            "stages: a name has at most 100 characters, on one line",
        ),
        (
            (first, Stage("event:a", 0)),
            "stages: what should come on is more than 0 % and at most 100 %",
        ),
    ):
        with pytest.raises(BadStages) as refused:
            configure(spring, stages)
        assert refused.value.sentence == said
    assert plan("spring").said_by == "ours"


def test_a_milestone_that_pays_only_sometimes_says_so(installation: Installation) -> None:
    line = Line()
    line.publish(
        PROGRAM.replace(
            "rewards:\n",
            "  big: {on: Order Completed, within: 60d}\n  idle: {on: Signed Up, within: 1d}\n"
            "rewards:\n  more: {to: advocate, on: big, when: total > 60, give: points, amount: 5,\n"
            "    caps: [{per: advocate, count: 2}]}\n",
        )
    )
    line.story()
    line.work()
    assert payable(scope("spring")) == [
        Payable("big", is_always=False),
        Payable("bought", is_always=True),
    ]
    configure(scope("spring"), (OURS[0], Stage("milestone:big")))
    line.work()
    assert reached() == [("spring", "cid", "milestone:big", "2026-03-01")]


def test_what_was_in_the_log_is_counted_and_what_comes(installation: Installation) -> None:
    line = story()
    configure(scope("spring"), STAGES)
    keys = [stage.key for stage in STAGES]
    assert being_counted(keys) == {TRIAL.key: 0, BOUGHT.key: 0}
    line.work()
    assert being_counted(keys) == {}
    assert reached() == [
        ("spring", "ben", BOUGHT.key, "2026-03-01"),
        ("spring", "cid", TRIAL.key, "2026-03-01"),
        ("spring", "cid", BOUGHT.key, "2026-03-01"),
    ]
    line.say("Trial Attended", "cid")
    line.say("Trial Attended", "ben")
    line.work()
    assert [row for row in reached() if row[2] == TRIAL.key] == [
        ("spring", "ben", TRIAL.key, "2026-03-03"),
        ("spring", "cid", TRIAL.key, "2026-03-01"),
    ]
    days = Period(date(2026, 3, 1), date(2026, 3, 3))
    found = sums(days, scope("spring"))
    told = funnel(found, found.during(days.before), STAGES)
    assert [(one.stage, one.n) for one in told] == [
        ("initiated", 2),
        ("accepted", 2),
        ("activated", 2),
        (TRIAL.key, 2),
        ("purchased", 2),
        (BOUGHT.key, 2),
    ]
    assert days_to(days, scope("spring"), STAGES) == {
        "accepted": 0,
        "activated": 0,
        TRIAL.key: 1,  # cid on the same day, ben two days later
        "purchased": 0,
        BOUGHT.key: 0,
    }
    assert days_to(DAY, scope("spring"), STAGES)[TRIAL.key] == 0
    groups = {
        one.name: [s.n for s in one.steps] for one in funnels(days, scope(), "channel", STAGES)
    }
    assert groups == {"wechat": [1, 1, 1, 1, 1, 1], "": [1, 1, 1, 1, 1, 1]}
    rules = Rules("all", (Group("all", (Condition("friends", "at_least", "1", of="spring"),)),))
    segments.make("tester", "bringing", name="Bringing", rules=rules, now=line.now)
    for segment, n in (("bringing", 2), ("nobody", 0)):
        theirs = segment_funnel(days, scope(), segment, STAGES)
        assert [one.n for one in theirs] == [0, n, n, n, n, n]


def test_what_no_funnel_shows_any_longer_is_thrown_away(installation: Installation) -> None:
    line = story()
    configure(scope("spring"), (OURS[0], TRIAL))
    configure(scope(), (OURS[0], BOUGHT))
    line.work()
    assert {row[2] for row in reached()} == {TRIAL.key, BOUGHT.key}
    before = counted(*BUILT_IN)
    reset(scope("spring"))
    line.work()
    assert {row[2] for row in reached()} == {BOUGHT.key}
    assert (counted(TRIAL.key), counted(*BUILT_IN)) == ([], before)
    configure(scope("spring"), (OURS[0], TRIAL))
    line.work()
    assert {row[2] for row in reached()} == {TRIAL.key, BOUGHT.key}
    assert len(counted(TRIAL.key)) == 2


def test_however_it_is_cut_it_is_what_the_exported_log_says(installation: Installation) -> None:
    busy()
    books = Books("Asia/Shanghai", CURRENCIES)
    event = "event:Order Completed"
    for slug in scope().programs:
        named = {one.name for one in payable(scope(slug))}
        own = [Stage(f"milestone:{name}") for name in sorted(named)]
        configure(scope(slug), (OURS[0], Stage(event), *own))
    keys = wanted()
    assert event in keys
    assert len(keys) > 2
    while follow(limit=97):
        pass
    live, figures = reached(), counted(*keys)
    wanted_rows = set()
    for (program, friend), row in books.friends.items():
        orders = [
            one
            for one in books.named("Order Completed")
            if one["user"] == friend and one["position"] >= row["join_position"]
        ]
        if orders:
            wanted_rows.add((program, friend, event, books.day(orders[0]["at"])))
    decisions = sorted(books.tables["decisions"], key=lambda one: one["position"])
    first: dict[tuple[str, str, str], str] = {}
    for one in decisions:
        key = f"milestone:{one['milestone']}"
        if key in keys and (one["program"], one["friend"]) in books.friends:
            day = books.day(one["occurred_at"])
            first.setdefault((one["program"], one["friend"], key), day)
    wanted_rows |= {(*key, day) for key, day in first.items()}
    assert set(live) == wanted_rows
    assert len(live) == len(wanted_rows) > 60
    versions = published()
    stands = promised(book_of(versions), versions)
    rebuild(stands, cursor=cursor_position, progress=nothing)
    assert (reached(), counted(*keys)) == (live, figures)
    # While the other figures are behind, so are stages: never before them.
    start_again()
    assert (reached(), counted(*keys)) == ([], [])
    while catch_up(stands, cursor=cursor_position(), limit=501):
        follow(limit=300)
    while follow(limit=300):
        pass
    assert (reached(), counted(*keys)) == (live, figures)


def test_nothing_is_looked_through_that_nobody_chose(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = story()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the log was read")

    monkeypatch.setattr(counting, "_count", never)
    line.say("Trial Attended", "ben")
    line.work()
    assert not follow()
    assert reached() == []


def test_a_stage_that_loses_more_than_half_leaks() -> None:
    """课程体验: 55 % of those who registered did not come to the trial lesson."""
    stages = (*OURS[:3], TRIAL, OURS[3])
    now = {"initiated": 400, "accepted": 200, "activated": 180, TRIAL.key: 81, "purchased": 60}
    told = steps(now, {}, stages)
    assert (told[3].from_previous, told[3].lost) == (0.45, 0.55)
    found = leak(told)
    assert found is not None
    assert (found.stage, found.rate, found.expected) == (TRIAL.key, 0.45, 0.6)
    assert leak(told, uncounted=[TRIAL.key]) is None
    before = now | {TRIAL.key: 90}
    dropped = leak(steps(now | {TRIAL.key: 60, "purchased": 45}, before, stages))
    assert dropped is not None
    assert (dropped.stage, dropped.expected, dropped.is_drop) == (TRIAL.key, 0.5, True)
