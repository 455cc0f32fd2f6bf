"""A stop holds what is earned from then on, keeps what was earned, and needs two to end."""

from datetime import timedelta

import pytest

from banyan.core.programs.acts import WrongStatus
from banyan.core.programs.acts import resume as open_doors
from banyan.core.programs.read import program, versions
from banyan.core.referrals.read import decisions
from banyan.pipeline import verify
from banyan.pipeline.approving.read import stop
from banyan.pipeline.approving.stops import (
    NotStoppable,
    NotStopped,
    SecondPerson,
    WordsMissing,
    approve_restart,
    ask_restart,
    stop_now,
)
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line

WORDS = {"reason": "An order of the authority.", "notice": "The program rests for now."}


def a_running_line() -> Line:
    """Ann brought ben, who bought."""
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    line.work()
    return line


def outcomes() -> list[tuple[str, str, str, int]]:
    """Reward, outcome, reason and version of every decision."""
    return [(d.reward, d.outcome, d.reason or "", d.version) for d in decisions(order="asc")]


EARLIER = [("welcome", "granted", "", 1), ("thanks", "granted", "", 1)]


def test_what_was_earned_stays_and_what_is_earned_in_a_stop_is_held(
    installation: Installation,
) -> None:
    line = a_running_line()
    line.say("Signed Up", "cid", referral_code="ANN")
    line.work()
    before = outcomes()
    stopped = stop_now("user:7", "spring", now=line.now, **WORDS)
    line.work()
    line.say("Order Completed", "cid", order_id="o2", total=50, currency="USD")
    line.say("Signed Up", "dan", referral_code="ANN")
    line.work()
    assert before == [*EARLIER, ("welcome", "granted", "", 1)]
    # Under the old terms for who was invited before, under the new version for who comes now.
    assert outcomes() == [
        *before,
        ("thanks", "held", "stopped", 1),
        ("welcome", "held", "stopped", 2),
    ]
    assert (stopped.version, stopped.by) == (2, "user:7")
    row = program("spring")
    assert row is not None
    assert row.status == "paused"
    with pytest.raises(WrongStatus, match="stopped by order"):
        open_doors("user:7", "spring")
    assert verify.run().is_sound


def test_a_second_person_lets_it_go_on(installation: Installation) -> None:
    line = a_running_line()
    stop_now("user:7", "spring", now=line.now, **WORDS)
    line.work()
    line.say("Signed Up", "cid", referral_code="ANN")
    with pytest.raises(NotStopped, match="Nobody has asked"):
        approve_restart("user:7", "spring", now=line.now)
    ask_restart("user:3", "spring", why="The texts were mended.", now=line.now)
    with pytest.raises(SecondPerson):
        approve_restart("user:3", "spring", now=line.now)
    approve_restart("user:7", "spring", now=line.now)
    line.work()
    line.say("Signed Up", "dan", referral_code="ANN")
    line.work()
    assert outcomes() == [
        *EARLIER,
        ("welcome", "held", "stopped", 2),
        ("welcome", "granted", "", 3),
    ]
    row = program("spring")
    assert row is not None
    assert row.status == "live"
    assert stop("spring") is None
    assert [one.status for one in versions("spring")] == ["published"] * 3
    assert verify.run().is_sound


def test_a_later_version_that_names_no_stop_does_not_lift_it(installation: Installation) -> None:
    line = a_running_line()
    stop_now("user:7", "spring", now=line.now, **WORDS)
    line.work()
    line.now += timedelta(minutes=1)
    later = line.publish(PROGRAM.replace("version: 1", "version: 3"))
    assert later.status == "published"
    line.say("Signed Up", "cid", referral_code="ANN")
    line.work()
    assert outcomes() == [*EARLIER, ("welcome", "held", "stopped", 3)]


def test_a_stop_says_why_and_is_made_once(installation: Installation) -> None:
    line = a_running_line()
    with pytest.raises(WordsMissing):
        stop_now("user:7", "spring", reason="An order.", notice=" ", now=line.now)
    with pytest.raises(NotStoppable):
        stop_now("user:7", "autumn", now=line.now, **WORDS)
    stop_now("user:7", "spring", now=line.now, **WORDS)
    with pytest.raises(NotStoppable, match="already"):
        stop_now("user:7", "spring", now=line.now, **WORDS)
    with pytest.raises(NotStopped):
        ask_restart("user:3", "autumn", why="Mended.", now=line.now)
