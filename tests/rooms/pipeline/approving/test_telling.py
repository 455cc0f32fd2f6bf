"""Whoever has a link or a reward of a program hears of its stop, once."""

from threading import Event

import pytest

from banyan.growth.journeys.read import inbox
from banyan.pipeline.approving.stops import stop_now
from banyan.pipeline.approving.telling import tell
from banyan.pipeline.schedule.runner import Interrupted
from tests.installation import Installation
from tests.rooms.pipeline.approving.test_stops import WORDS, a_running_line


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
