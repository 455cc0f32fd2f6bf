"""Figures made again by the command, watched by the clock, and kept beside a running worker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event

from banyan.insight.metrics import keeper
from banyan.insight.metrics.models import Day
from banyan.insight.metrics.rebuild import position, start_again
from banyan.pipeline.alarms import raised
from banyan.pipeline.figures import watch
from banyan.pipeline.wait import cursor_position
from banyan.pipeline.worker import Worker
from tests.installation import Installation
from tests.rooms.pipeline.line import Line

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_command_makes_figures_again(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    before = sorted(Day.objects.values_list("day", "program", "measure", "n", "amount"))
    assert len(before) == 21
    start_again()
    done = installation.banyan("metrics", "rebuild")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "All figures up to position 8 are made again.\n"
    assert sorted(Day.objects.values_list("day", "program", "measure", "n", "amount")) == before


def test_an_alarm_is_raised_when_a_line_is_crossed_and_closed_when_it_is_back(
    installation: Installation,
) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    assert watch(NOW, Event()).startswith("20 figures, ")
    assert raised() == []  # how it stands at the first look is no crossing
    assert watch(NOW, Event()) == "20 figures, 0 on another side of their lines than before."
    for number in range(30):
        line.say("Referral Link Clicked", anonymousId=f"v{number}", code="ANN")
    line.work()
    watch(NOW, Event())
    told = {one.kind: one.sentence for one in raised()}
    assert told["line:spring:acceptance"] == (
        "The figure `acceptance` of spring is 0.0625 over the last 30 days, below its red line "
        "of 0.1; see Analytics in the console."
    )
    watch(NOW + timedelta(days=60), Event())
    assert "line:spring:acceptance" in {one.kind for one in raised()}  # nothing to judge by
    for number in range(30):
        line.say("Signed Up", f"u{number}", anonymousId=f"v{number}")
    line.work()
    watch(NOW, Event())
    assert "line:spring:acceptance" not in {one.kind for one in raised()}


def test_a_worker_counts_for_a_moment_together(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    worker = Worker()
    assert worker.advance() == 0  # it has looked, and nothing is missing
    line.say("Order Completed", "cid", order_id="o8", total=1, currency="USD")
    assert worker.advance() == 1
    assert (cursor_position(), position()) == (9, 8)
    worker.advance()
    assert position() == 8
    # One that dies now loses nothing: the next one reads it back.
    Worker().advance()
    assert position() == 9


def test_what_is_kept_is_counted_after_a_second_or_when_it_is_much() -> None:
    kept = keeper.Keeper()
    assert kept.is_due(NOW)  # before the first look
    kept._is_behind = False
    assert kept.is_due(NOW)  # nor has anybody looked which stages funnels show
    kept._followed_at = NOW
    assert not kept.is_due(NOW)
    kept._since, kept._upto = NOW, 10
    assert not kept.is_due(NOW + timedelta(milliseconds=999))
    assert kept.is_due(NOW + timedelta(seconds=1))
    assert kept.is_due(NOW - timedelta(seconds=1))  # a clock that was set back
    kept._upto = keeper.MANY
    assert kept.is_due(NOW)
    idle = keeper.Keeper()
    idle._is_behind, idle._followed_at = False, NOW
    assert not idle.is_due(NOW + timedelta(milliseconds=1999))
    assert idle.is_due(NOW + keeper.LOOKS)
    idle._are_stages_behind = True
    assert not idle.is_due(NOW + timedelta(milliseconds=499))
    assert idle.is_due(NOW + keeper.GAPS)
