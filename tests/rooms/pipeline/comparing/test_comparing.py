"""A comparison's figures are those of two separate replays; it survives whoever works on it."""

import io
import json
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from threading import Event

import polars as pl
import pytest

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.engine.language import Program
from banyan.engine.replay import replay
from banyan.insight.metrics.assumptions import assume
from banyan.insight.metrics.scope import scope
from banyan.insight.segments import acts as segments
from banyan.insight.segments.rules import Condition, Group, Rules
from banyan.pipeline.comparing import acts, runner, sides
from banyan.pipeline.comparing.models import Comparison
from banyan.pipeline.comparing.read import comparison, comparisons, report_of
from banyan.pipeline.comparing.report import as_csv, as_markdown, workbook
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, START, Line

RUNNING = PROGRAM.replace("version: 1", "version: 1\nruns: {from: 2026-03-01}")
DRAFT = (
    PROGRAM.replace("20.00", "35.00")
    .replace("amount: 100}", "amount: 40}")
    .replace("version: 1", "version: 2\nruns: {from: 2030-01-01}\nstops: [{from: 2026-03-01}]")
)
PERIOD = {"from_at": START - timedelta(days=1), "until_at": START + timedelta(days=1)}


def asked(**changes: object) -> int:
    """Ask for the draft beside the running version."""
    wanted: dict[str, object] = {
        "name": "draft",
        "source": DRAFT,
        "base_name": "version 1",
        "base_source": RUNNING,
        "now": datetime(2026, 6, 1, tzinfo=UTC),
        **PERIOD,
    }
    return acts.ask("user:1", "spring", **(wanted | changes))  # type: ignore[arg-type]


def told() -> Line:
    """Ann brings ben and cid, twice over, on two days."""
    line = Line()
    line.story()
    line.now = START + timedelta(days=3)
    line.say("Signed Up", "dan", referral_code="ANN")
    line.say("Order Completed", "dan", order_id="o9", total=70, currency="USD")
    return line


def by_hand(source: str, until: datetime) -> dict[str, int]:
    """Net of each unit by a replay of the raw log, added up here."""
    bodies = log.after(0, 1_000)["body"]
    events = pl.DataFrame([json.loads(body) for body in bodies], infer_schema_length=None)
    program = Program.parse(source)
    tables = replay([program], events, until=until - timedelta(microseconds=1))
    net: dict[str, int] = {}
    unit_of = {}
    for row in tables.decisions.iter_rows(named=True):
        unit_of[row["decision_id"]] = row["unit"]
        net[row["unit"]] = net.get(row["unit"], 0) + row["amount"]
    for row in tables.reversals.iter_rows(named=True):
        net[unit_of[row["decision_id"]]] -= row["amount"]
    return net


def test_the_figures_are_those_of_two_replays(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    told()
    # Chunks of three events: nothing may depend on where the log is cut.
    monkeypatch.setattr(sides, "CHUNK", 3)
    number = asked()
    assert runner.turn(Event())
    row, made = comparison(number), report_of(number)
    assert row is not None
    assert made is not None
    assert (row.status, row.done, row.total, row.percent) == ("done", 20, 20, 100)
    plain = DRAFT.replace("\nruns: {from: 2030-01-01}\nstops: [{from: 2026-03-01}]", "")
    for side, source in (("a", RUNNING), ("b", plain)):
        found = {one["unit"]: one[f"net_{side}"] for one in made.totals}
        assert found == by_hand(source, PERIOD["until_at"])
    assert {one["unit"]: (one["net_a"], one["net_b"]) for one in made.totals} == {
        "cash USD": (2000, 3500),
        "points": (200, 80),
    }
    assert [(one["beneficiary"], one["difference"]) for one in made.winners] == [("ann", 1500)]
    assert [(one["beneficiary"], one["difference"]) for one in made.losers] == [
        ("cid", -60),
        ("ben", -60),
    ]
    # Cash waits 14 days, points none.
    assert list(made.pending) == [
        {"unit": "cash USD", "pending_a": 2000, "held_a": 0, "pending_b": 3500, "held_b": 0},
        {"unit": "points", "pending_a": 0, "held_a": 0, "pending_b": 0, "held_b": 0},
    ]
    assert sum(one["net_b"] for one in made.burn if one["unit"] == "cash USD") == 3500
    assert {one["channel"] for one in made.channels} == {"", "wechat"}


def test_the_period_decides_what_counts(installation: Installation) -> None:
    told()
    later = asked(from_at=START + timedelta(days=2), until_at=START + timedelta(days=9))
    first = asked(base_source="", base_name="nothing")
    runner.turn(Event())
    runner.turn(Event())
    made, alone = report_of(later), report_of(first)
    assert made is not None
    assert alone is not None
    # Ben's and cid's orders had used the two grants that ann may have.
    assert {one["unit"]: (one["net_a"], one["net_b"]) for one in made.totals} == {
        "cash USD": (2000, 3500),
        "points": (100, 40),
    }
    assert {one["unit"]: (one["net_a"], one["net_b"]) for one in alone.totals} == {
        "cash USD": (0, 3500),
        "points": (0, 80),
    }


def test_it_is_taken_along_as_a_file(installation: Installation) -> None:
    told()
    number = asked()
    runner.turn(Event())
    made = report_of(number)
    assert made is not None
    heading = [("Program", "spring"), ("Draft", "=1+1")]
    assert as_csv(made, "totals").splitlines()[1].startswith("cash USD,2,2,1,40.0,20.0,20.0,")
    assert "| ann | cash USD | 20.0 | 35.0 | 15.0 |" in as_markdown(made, heading)
    with zipfile.ZipFile(io.BytesIO(workbook(made, heading))) as file:
        assert len([one for one in file.namelist() if "worksheets/sheet" in one]) == 10
        # A text stays a text, whatever it begins with.
        assert b"<f>" not in file.read("xl/worksheets/sheet1.xml")


def segment(slug: str, *customers: str) -> None:
    """A segment of customers who bear its name as a tag."""
    line = Line()
    line.now, line.number = START + timedelta(days=4), 100 * (1 + len(slug))
    for customer in customers:
        line.say("identify", customer, traits={"tags": [slug]})
    one = Group("all", (Condition("tag", "has", slug),))
    now = START + timedelta(days=5)
    segments.make("user:1", slug, name=slug.title(), rules=Rules("all", (one,)), now=now)


def test_each_segment_tells_who_gains_and_what_is_left(installation: Installation) -> None:
    line = told()
    line.publish()
    line.work()
    segment("loyal", "ann")
    segment("newcomers", "ben", "zoe")
    number = asked(segments=["newcomers", "loyal"])
    assert runner.turn(Event())
    made = report_of(number)
    assert made is not None
    shape = ("name", "unit", "gain", "lose", "same", "net_a", "net_b", "difference")
    assert [tuple(one[key] for key in shape) for one in made.segments] == [
        ("Newcomers", "points", 0, 1, 0, 100, 40, -60),
        ("Loyal", "cash USD", 1, 0, 0, 2000, 3500, 1500),
        ("", "points", 0, 1, 0, 100, 40, -60),
    ]
    assert [(one["segment"], one["beneficiary"]) for one in made.segment_people] == [
        ("newcomers", "ben"),
        ("loyal", "ann"),
        ("", "cid"),
    ]
    # Of ben's 60 USD 50 came back; his 10, cid's 70 and the rewards for them are ann's.
    assert [dict(one) for one in made.segment_left] == [
        {"segment": "loyal", "name": "Loyal", "unit": "USD", "revenue_a": 8000, "revenue_b": 8000,
         "cost_a": 2000, "cost_b": 3500, "left_a": 6000, "left_b": 4500},
    ]  # fmt: skip
    assert as_csv(made, "segment_left").splitlines()[1] == (
        "loyal,Loyal,USD,80.0,80.0,20.0,35.0,60.0,45.0"
    )
    assert "## segment_people" in as_markdown(made, [])
    with zipfile.ZipFile(io.BytesIO(workbook(made, []))) as file:
        assert len([one for one in file.namelist() if "worksheets/sheet" in one]) == 13
    # A margin takes the goods off.
    assume(scope("spring"), {"margin": "60"})
    number = asked(segments=["loyal"])
    assert runner.turn(Event())
    made = report_of(number)
    assert made is not None
    assert made.margin == 0.6
    [one] = made.segment_left
    assert (one["left_a"], one["left_b"]) == (2800, 1300)


def test_what_friends_ordered_before_is_not_the_advocates(installation: Installation) -> None:
    line = Line()
    line.say("Order Completed", "cid", order_id="o0", total=500, currency="USD")
    line.story()
    line.work()
    segment("loyal", "ann")
    anybody = DRAFT.replace("attribution:", 'friends: {where: "TRUE"}\nattribution:')
    asked(source=anybody, base_source="", base_name="nothing", segments=["loyal"])
    assert runner.turn(Event())
    made = report_of(1)
    assert made is not None
    # Without the 500 of before; on the side without a program there are no friends.
    [one] = made.segment_left
    assert (one["name"], one["revenue_a"], one["revenue_b"]) == ("Loyal", 0, 8000)


def test_segments_that_are_not_there_are_refused(installation: Installation) -> None:
    told()
    with pytest.raises(acts.BadComparison, match="is gone"):
        asked(segments=["nobody"])
    with pytest.raises(acts.BadComparison, match="At most 10"):
        asked(segments=[f"s{number}" for number in range(11)])
    segment("loyal", "ann")
    number = asked(segments=["loyal"])
    segments.remove("loyal")
    assert runner.turn(Event())
    row = comparison(number)
    assert row is not None
    assert row.status == "failed"
    assert "There is no segment" in row.reason


def test_what_cannot_be_compared_is_refused(installation: Installation) -> None:
    with pytest.raises(acts.BadComparison, match="ends before"):
        asked(until_at=PERIOD["from_at"])
    with pytest.raises(acts.BadComparison, match="future"):
        asked(now=START - timedelta(days=9))
    with pytest.raises(acts.NoSuchComparison):
        acts.cancel("user:1", 99, now=START)


def test_one_runs_and_the_dead_one_is_begun_again(installation: Installation) -> None:
    told()
    first, second = asked(), asked()
    begun = runner._claimed(clock.now())
    assert begun is not None
    assert begun.pk == first
    assert runner._claimed(clock.now()) is None
    Comparison.objects.filter(pk=first).update(claimed_until=clock.now() - timedelta(seconds=1))
    assert runner.turn(Event())
    assert [one.status for one in comparisons("spring")] == ["waiting", "done"]
    # The one that was taken for dead may no longer write.
    runner._end(begun, Comparison.Status.FAILED, reason="late")
    row = comparison(first)
    assert row is not None
    assert row.status == "done"
    assert runner.turn(Event())
    row = comparison(second)
    assert row is not None
    assert row.status == "done"


def test_it_can_be_cancelled_stopped_and_thrown_away(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    told()
    number = asked()
    stop = Event()
    stop.set()
    assert runner.turn(stop)
    row = comparison(number)
    assert row is not None
    assert (row.status, row.done) == ("waiting", 0)
    with pytest.raises(acts.BadComparison, match="cancel it first"):
        acts.delete("user:1", number, now=START)

    def cancelling(*arguments: object, **options: object) -> object:
        acts.cancel("user:2", number, now=START)
        return decided(*arguments, **options)  # type: ignore[arg-type]

    decided = runner.decided
    monkeypatch.setattr(runner, "decided", cancelling)
    assert runner.turn(Event())
    row = comparison(number)
    assert row is not None
    assert row.status == "cancelled"
    assert report_of(number) is None
    acts.delete("user:1", number, now=START)
    assert comparison(number) is None


WORKER = """
import threading, django
django.setup()
from banyan.pipeline.comparing import runner, sides
sides.CHUNK = 1
slow = runner.decided
def decided(*arguments, beat, **options):
    def slower(count):
        beat(count)
        print("beat", flush=True)
        threading.Event().wait(60)
    return slow(*arguments, beat=slower, **options)
runner.decided = decided
runner.run(threading.Event())
"""


def test_a_killed_worker_leaves_it_to_the_next(installation: Installation) -> None:
    told()
    number = asked()
    environment = dict(installation.environment) | {
        "DJANGO_SETTINGS_MODULE": "banyan.site.settings"
    }
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        while process.stdout.readline().strip() != "beat":
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    row = comparison(number)
    assert row is not None
    assert (row.status, row.done) == ("running", 1)
    Comparison.objects.filter(pk=number).update(claimed_until=clock.now() - timedelta(seconds=1))
    began = time.monotonic()
    assert runner.turn(Event())
    row = comparison(number)
    assert row is not None
    assert (row.status, row.done) == ("done", 20)
    assert time.monotonic() - began < 30
