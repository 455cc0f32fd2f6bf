"""Whoever has a link or a reward of a program hears of its stop, and of the end of it, once."""

from datetime import timedelta
from threading import Event

import pytest
from django.core.management import call_command

from banyan.growth.journeys.read import inbox
from banyan.pipeline.approving.models import Stop
from banyan.pipeline.approving.stops import approve_restart, ask_restart, stop_now
from banyan.pipeline.approving.telling import tell
from banyan.pipeline.schedule.runner import Interrupted
from tests.installation import Installation
from tests.rooms.pipeline.approving.test_stops import WORDS, a_running_line
from tests.rooms.pipeline.line import Line


def test_customers_are_told_once(installation: Installation) -> None:
    line = a_running_line()
    assert tell(line.now, Event()).startswith("0 customers")
    stop_now("user:7", "spring", now=line.now, **WORDS)
    ends = Event()
    ends.set()
    with pytest.raises(Interrupted):
        tell(line.now, ends)
    assert tell(line.now, Event()).startswith("2 customers")
    assert tell(line.now, Event()).startswith("0 customers")
    for who in ("ann", "ben"):
        told = [one for one in inbox(who, lang="en", now=line.now) if one.kind == "terms_changed"]
        assert [one.text for one in told] == ["News of “spring”: The program rests for now."]


def let_it_go_on(line: Line) -> None:
    ask_restart("user:3", "spring", why="The texts were mended.", now=line.now)
    approve_restart("user:7", "spring", now=line.now)
    line.work()


def kinds(line: Line, who: str) -> list[str]:
    """What somebody was told of the program's terms, the last first."""
    told = [one.kind for one in inbox(who, lang="en", now=line.now)]
    return [one for one in told if one in ("terms_changed", "program_resumed")]


def test_who_heard_of_a_stop_hears_once_that_it_goes_on(installation: Installation) -> None:
    line = a_running_line()
    stop_now("user:7", "spring", now=line.now, **WORDS)
    tell(line.now, Event())
    line.work()
    # Somebody who came in the stop never heard of it.
    line.say("Signed Up", "cid", referral_code="ANN")
    line.work()
    assert tell(line.now, Event()).startswith("0 customers")
    let_it_go_on(line)
    ends = Event()
    ends.set()
    with pytest.raises(Interrupted):
        tell(line.now, ends)
    assert tell(line.now, Event()).startswith("2 customers")
    assert tell(line.now, Event()).startswith("0 customers")
    for who in ("ann", "ben"):
        assert kinds(line, who) == ["program_resumed", "terms_changed"]
    assert kinds(line, "cid") == []
    [english, *_] = inbox("ann", lang="en", now=line.now)
    assert english.text == (
        "“spring” goes on: you can invite again. "
        "A person looks at what was earned meanwhile before it is given."
    )
    [chinese, *_] = inbox("ann", lang="zh-hans", now=line.now)
    assert chinese.text == (
        "「spring」已恢复，您可以继续邀请好友。暂停期间产生的奖励经专人核对后发放。"
    )


def test_a_stop_that_is_over_before_it_was_told_is_told_with_its_end(
    installation: Installation,
) -> None:
    line = a_running_line()
    for _time in range(2):
        line.now += timedelta(minutes=1)
        stop_now("user:7", "spring", now=line.now, **WORDS)
        line.work()
        let_it_go_on(line)
    assert tell(line.now, Event()).startswith("8 customers")
    assert kinds(line, "ann") == ["program_resumed", "terms_changed"] * 2


def test_a_stop_that_ended_before_this_release_is_not_told_as_ending(
    installation: Installation,
) -> None:
    line = a_running_line()
    stop_now("user:7", "spring", now=line.now, **WORDS)
    tell(line.now, Event())
    line.work()
    let_it_go_on(line)
    call_command("migrate", "approving", "0003", verbosity=0)
    call_command("migrate", "approving", verbosity=0)
    assert tell(line.now, Event()).startswith("0 customers")
    [row] = Stop.objects.all()
    assert row.end_told_at == row.ended_at
    assert kinds(line, "ann") == ["terms_changed"]
