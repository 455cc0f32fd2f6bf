"""Tasks: asked for once, taken, handed on, closed; how often a person is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from banyan.growth.tasks import acts, read
from banyan.growth.tasks.asking import Asked, fatigue, may_ask
from banyan.growth.tasks.models import Step
from banyan.growth.tasks.rules import Ask, BadRule, FollowUp, Stuck, Thanks, rule, set_rule
from banyan.kernel.errors import Problem
from tests.installation import Installation

NOW = datetime(2026, 5, 20, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def opened(about: str = "referral:spring/ben", **options: object) -> int:
    """A follow-up that is due in two hours."""
    given: dict[str, object] = {"owner_role": "sales", "due_at": NOW + 2 * HOUR, "now": NOW}
    return acts.open_task("follow_up", about, **(given | options))  # type: ignore[arg-type]


def refused(act: Callable[[], object]) -> str:
    """The name of the problem."""
    with pytest.raises(Problem) as caught:
        act()
    return type(caught.value).__name__


def test_the_same_thing_is_asked_for_once_while_it_is_open(installation: Installation) -> None:
    number = opened()
    assert opened(note="again") == number
    assert acts.settle("follow_up", "referral:spring/ben", now=NOW)
    assert not acts.settle("follow_up", "referral:spring/ben", now=NOW)
    assert opened() == number + 1


def test_it_is_in_the_inbox_of_its_role_until_somebody_takes_it(installation: Installation) -> None:
    number = opened()
    mine, others = ("user:1", "sales"), ("user:2", "sales")

    def inbox(who: tuple[str, str]) -> list[int]:
        return [one.number for one in read.tasks(owner=who[0], roles=[who[1]])]

    assert (inbox(mine), inbox(others)) == ([number], [number])
    acts.take("user:1", number, now=NOW + HOUR)
    assert (inbox(mine), inbox(others)) == ([number], [])
    acts.give("user:1", number, role="support", note="she is ours", now=NOW + HOUR)
    assert (inbox(mine), inbox(("user:9", "support"))) == ([], [number])


def test_what_somebody_took_is_the_roles_again_once_they_have_left(
    installation: Installation,
) -> None:
    number = opened()
    acts.take("user:1", number, now=NOW + HOUR)

    def inbox(*left: str) -> list[int]:
        return [one.number for one in read.tasks(owner="user:2", roles=["sales"], left=left)]

    assert (inbox(), inbox("user:3"), inbox("user:1")) == ([], [], [number])
    assert read.count(roles=["sales"], left=["user:1"]) == 1
    assert read.count(roles=["support"], left=["user:1"]) == 0


def test_a_task_is_put_off_to_a_later_time_alone(installation: Installation) -> None:
    number = opened()
    due = read.task(number)
    assert refused(lambda: acts.put_off("user:1", number, due_at=NOW, now=NOW)) == "BadDate"
    assert (acts.BadDate.status, acts.BadDate.code) == (422, "invalid")
    assert read.task(number) == due
    assert acts.put_off("user:1", number, due_at=NOW + HOUR, now=NOW).due_at == NOW + HOUR


def test_notes_are_sealed_and_destroyed_with_the_customer(installation: Installation) -> None:
    number = opened(customer="ben")
    acts.note("user:1", number, "Call +49 170 5550 1234", now=NOW)
    assert [one.note for one in read.steps(number)] == ["", "Call +49 170 5550 1234"]
    kept = [bytes(one.sealed or b"") for one in Step.objects.exclude(sealed=None)]
    assert b"5550" not in b"".join(kept)
    assert acts.forget(["ben"]) == 1
    assert [one.note for one in read.steps(number)] == ["", ""]


def test_what_is_closed_stays_closed(installation: Installation) -> None:
    number = opened()
    row = acts.close("user:1", number, outcome="done", note="", now=NOW)
    assert (row.state, row.taken_at) == ("done", NOW)
    assert refused(lambda: acts.take("user:1", number, now=NOW)) == "TaskClosed"
    assert refused(lambda: acts.take("user:1", 999, now=NOW)) == "NoSuchTask"
    other = opened("referral:spring/cid")
    assert refused(lambda: acts.note("user:1", other, " ", now=NOW)) == "BadNote"


def test_time_to_first_contact(installation: Installation) -> None:
    for minutes, friend in ((10, "a"), (20, "b"), (90, "c")):
        number = opened(f"referral:spring/{friend}", program="spring")
        acts.take("user:1", number, now=NOW + timedelta(minutes=minutes))
    opened("referral:spring/d", program="spring")
    found = read.first_contact(since=NOW - DAY, program="spring")
    assert (found.followed, found.lapsed) == (3, 0)
    assert (found.median, found.slowest_tenth) == (
        timedelta(minutes=20),
        timedelta(minutes=90),
    )
    assert read.first_contact(since=NOW - DAY, program="other").median is None


def test_nobody_is_asked_too_often(installation: Installation) -> None:
    wanted = Ask(every_days=30, most_a_year=2)
    at = NOW
    for _turn in range(2):
        assert may_ask("ann", wanted, now=at) is Asked.YES
        number = acts.open_task(
            "ask", "customer:ann", owner_role="sales", due_at=at, customer="ann", now=at
        )
        assert may_ask("ann", wanted, now=at) is Asked.OPEN
        acts.close("user:1", number, outcome="done", note="", now=at)
        assert may_ask("ann", wanted, now=at + 29 * DAY) is Asked.LATELY
        at += 31 * DAY
    assert may_ask("ann", wanted, now=at) is Asked.OFTEN
    assert may_ask("ann", wanted, now=NOW + 366 * DAY) is Asked.YES
    assert fatigue("ann", now=at) == (2, NOW + 31 * DAY)
    assert may_ask("bob", wanted, now=at) is Asked.YES


def test_an_ask_that_was_dropped_does_not_count(installation: Installation) -> None:
    number = acts.open_task(
        "ask", "customer:ann", owner_role="sales", due_at=NOW, customer="ann", now=NOW
    )
    acts.close("user:1", number, outcome="dropped", note="", now=NOW)
    assert may_ask("ann", Ask(), now=NOW) is Asked.YES


def test_rules_of_a_program_go_before_those_of_all(installation: Installation) -> None:
    assert rule(Stuck, "spring") == Stuck()
    set_rule("user:1", "", FollowUp(is_on=True, hours=4), now=NOW)
    set_rule("user:1", "spring", FollowUp(is_on=True, hours=1), now=NOW)
    assert (rule(FollowUp, "spring").hours, rule(FollowUp, "autumn").hours) == (1, 4)
    for wrong in (
        Stuck(accepted_days=0),
        Ask(good_score=11),
        Ask(moments=("day",), day="31-12"),
        Ask(moments=("product",)),
        Thanks(rewards=0),
    ):
        with pytest.raises(BadRule):
            set_rule("user:1", "", wrong, now=NOW)
