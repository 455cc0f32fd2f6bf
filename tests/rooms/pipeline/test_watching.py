"""What becomes a task by itself, what rises, and what closes by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Event

import pytest
from django.utils import translation

from banyan.growth.feedback import acts as feedback
from banyan.growth.journeys import sender
from banyan.growth.journeys.models import Notice
from banyan.growth.payouts import rules as payout_rules
from banyan.growth.tasks import acts, read
from banyan.growth.tasks.rules import Ask, FollowUp, Stuck, Thanks, set_rule
from banyan.kernel.sentences import translated
from banyan.pipeline import alarms, watching
from banyan.pipeline.models import Alarm
from tests.installation import Installation
from tests.rooms.growth.journeys.people import post
from tests.rooms.pipeline.line import PROGRAM, Line

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def line(installation: Installation) -> Line:
    """A program; ann has a link."""
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.work()
    look(line)
    return line


def look(line: Line, later: timedelta = timedelta()) -> str:
    """As the schedule does each minute."""
    return watching.look(line.now + later, Event())


def shown(kind: str) -> list[tuple[str, int, str]]:
    """Open tasks of a kind: about, level, role."""
    return [(one.about, one.level, one.role) for one in read.tasks(kinds=[kind])]  # type: ignore[list-item]


def test_a_stuck_referral_rises_level_by_level(line: Line) -> None:
    set_rule(
        "user:1",
        "spring",
        Stuck(activated_days=3, first_hours=24, second_hours=10, third_hours=5),
        now=line.now,
    )
    line.say("Signed Up", "ben", referral_code="ANN")
    line.work()
    look(line, 3 * DAY - HOUR)
    assert shown("stuck") == []
    look(line, 3 * DAY + HOUR)
    about = "referral:spring/ben@activated"
    assert shown("stuck") == [(about, 1, "support")]
    reminders = Notice.objects.filter(user_id="ben", kind="offer_waits")
    assert reminders.count() == 1
    reminders.update(status="sent")
    look(line, 3 * DAY + 2 * HOUR)
    assert (shown("stuck"), reminders.count()) == ([(about, 1, "support")], 1)
    look(line, 4 * DAY + 2 * HOUR)
    assert shown("stuck") == [(about, 2, "support")]
    [task] = read.tasks(kinds=["stuck"])
    acts.take("user:5", task.number, now=line.now + 4 * DAY + 3 * HOUR)
    look(line, 5 * DAY)
    assert shown("stuck") == [(about, 3, "growth")]
    assert read.tasks(kinds=["stuck"])[0].owner == ""
    line.say("Order Completed", "ben", order_id="o1", total=60, currency="USD")
    line.work()
    look(line, 6 * DAY)
    assert shown("stuck") == []
    row = read.task(task.number)
    assert row is not None
    assert row.state == "done"
    what = [one.what for one in read.steps(task.number)]
    assert what == ["opened", "reminded", "raised", "taken", "raised", "done"]


def test_a_reminder_is_noted_once_it_went_out_or_cannot(line: Line) -> None:
    set_rule("user:1", "spring", Stuck(activated_days=3, first_hours=24), now=line.now)
    line.say("identify", "ben", traits={"email": "ben@example.com"})
    line.say("Consent Given", "ben", purpose="program.spring")
    for friend in ("ben", "cid"):
        line.say("Signed Up", friend, referral_code="ANN")
    line.work()
    noon = line.now.replace(hour=12) + 4 * DAY
    watching.look(noon, Event())

    def noted() -> dict[str, list[tuple[str, str]]]:
        return {
            one.customer: [(step.what, step.note) for step in read.steps(one.number)]
            for one in read.tasks(kinds=["stuck"])
        }

    opened = ("opened", "")
    # Nothing was sent yet, so nothing is said of it.
    watching.look(noon, Event())
    assert noted() == {"ben": [opened], "cid": [opened]}
    with post() as letters:
        sender.send_due(lambda: noon)
    assert letters.told == [("offer_waits", "email", "ben@example.com")]
    for _time in range(2):
        watching.look(noon, Event())
    assert noted() == {
        "ben": [opened, ("reminded", "")],
        "cid": [opened, ("noted", "unreached")],
    }
    numbers = {one.customer: one.number for one in read.tasks(kinds=["stuck"])}
    assert read.unreached(list(numbers.values())) == {numbers["cid"]}


def test_those_at_the_top_keep_nobody_else_from_rising(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = Stuck(activated_days=3, first_hours=24, second_hours=10, third_hours=5)
    set_rule("user:1", "spring", rule, now=line.now)
    line.say("Signed Up", "ben", referral_code="ANN")
    line.work()
    for later in (3 * DAY + HOUR, 4 * DAY + 2 * HOUR, 5 * DAY):
        look(line, later)
    line.now += 5 * DAY
    line.say("Signed Up", "cid", referral_code="ANN")
    line.work()
    monkeypatch.setattr(watching, "MOST", 1)
    look(line, 3 * DAY + HOUR)
    look(line, 4 * DAY + 2 * HOUR)
    assert shown("stuck") == [
        ("referral:spring/ben@activated", 3, "growth"),
        ("referral:spring/cid@activated", 2, "support"),
    ]
    line.say("Order Completed", "cid", order_id="o1", total=60, currency="USD")
    line.work()
    look(line, 5 * DAY)
    assert shown("stuck") == [("referral:spring/ben@activated", 3, "growth")]


def test_a_rule_that_is_off_opens_nothing(line: Line) -> None:
    set_rule("user:1", "spring", Stuck(is_on=False), now=line.now)
    line.say("Signed Up", "ben", referral_code="ANN")
    line.work()
    look(line, 30 * DAY)
    assert shown("stuck") == []


def test_a_new_referral_starts_a_clock_whose_lapse_is_told(line: Line) -> None:
    line.say("Signed Up", "old", referral_code="ANN")
    line.work()
    look(line)
    set_rule("user:1", "spring", FollowUp(is_on=True, hours=2), now=line.now)
    line.say("Signed Up", "ben", referral_code="ANN")
    line.work()
    look(line)
    look(line)
    assert shown("follow_up") == [("referral:spring/ben", 1, "sales")]
    [task] = read.tasks(kinds=["follow_up"])
    assert task.due_at == line.now + 2 * HOUR
    look(line, 2 * HOUR - timedelta(minutes=1))
    assert (shown("exception"), alarms.raised()) == ([], [])
    look(line, 2 * HOUR)
    assert shown("exception") == [(f"task:{task.number}", 1, "growth")]
    assert [one.kind for one in alarms.raised()] == ["follow_ups:growth"]
    assert read.first_contact(since=line.now - DAY).lapsed == 1
    look(line, 3 * HOUR)
    assert len(shown("exception")) == 1
    acts.take("user:5", task.number, now=line.now + 3 * HOUR)
    look(line, 4 * HOUR)
    assert alarms.raised() == []


def test_each_managers_role_has_an_alarm_of_its_own(line: Line) -> None:
    line.publish(PROGRAM.replace("program: spring", "program: autumn"))
    line.say("Referral Link Created", "ann", code="ANNE", program="autumn")
    for program, role in (("spring", "growth"), ("autumn", "support")):
        set_rule("user:1", program, FollowUp(is_on=True, manager_role=role), now=line.now)
    # As it was kept by an older release.
    alarms.raise_alarm("follow_ups", "2 new referrals …", now=line.now, role="growth")
    for friend, code in (("ben", "ANN"), ("cid", "ANNE"), ("dan", "ANNE")):
        line.say("Signed Up", friend, referral_code=code)
    line.work()
    look(line)
    look(line, 2 * HOUR)
    said = "new referrals were not followed up in time; see the tasks."
    rows = Alarm.objects.filter(closed_at=None).order_by("kind")
    assert list(rows.values_list("kind", "role", "sentence")) == [
        ("follow_ups:growth", "growth", f"1 {said}"),
        ("follow_ups:support", "support", f"2 {said}"),
    ]
    for task in read.tasks(kinds=["follow_up"], program="autumn"):
        acts.take("user:5", task.number, now=line.now + 3 * HOUR)
    look(line, 4 * HOUR)
    assert [one.kind for one in alarms.raised()] == ["follow_ups:growth"]


def test_who_waits_behind_others_is_told_of_too(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rule("user:1", "spring", FollowUp(is_on=True, hours=2), now=line.now)
    for friend in ("ben", "cid", "dan"):
        line.say("Signed Up", friend, referral_code="ANN")
    line.work()
    look(line)
    monkeypatch.setattr(watching, "MOST", 1)
    look(line, 3 * HOUR)
    numbers = sorted(task.number for task in read.tasks(kinds=["follow_up"]))
    lapses = sorted(about for about, _, _ in shown("exception"))
    assert lapses == [f"task:{number}" for number in numbers]
    assert len(lapses) == 3
    [alarm] = alarms.raised()
    assert alarm.sentence.startswith("3 new referrals were not followed up")


def test_an_advocate_is_thanked_for_a_first_reward_once(line: Line) -> None:
    set_rule("user:1", "", Thanks(is_on=True, hours=24, role="sales"), now=line.now)
    line.say("Signed Up", "ben", referral_code="ANN")
    line.work()
    look(line)
    assert shown("thanks") == []
    line.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    line.work()
    assert "1 thanks, " in look(line)
    assert "0 thanks, " in look(line)
    assert shown("thanks") == [("thanks:spring/ann", 1, "sales")]
    [task] = read.tasks(kinds=["thanks"])
    assert (task.customer, task.program) == ("ann", "spring")
    assert task.due_at == line.now + DAY
    acts.close("user:5", task.number, outcome="done", note="", now=line.now)
    # Nor when the number is moved: once is once.
    set_rule("user:1", "", Thanks(is_on=True, rewards=2), now=line.now)
    line.say("Signed Up", "cid", referral_code="ANN")
    line.say("Order Completed", "cid", order_id="o2", total=50, currency="USD")
    line.work()
    look(line)
    assert shown("thanks") == []


@pytest.mark.parametrize(
    ("wanted", "after_first", "after_second"),
    [(Thanks(), 0, 0), (Thanks(is_on=True, rewards=2), 0, 1)],
)
def test_thanks_arise_at_the_number_that_is_set(
    line: Line, wanted: Thanks, after_first: int, after_second: int
) -> None:
    set_rule("user:1", "spring", wanted, now=line.now)
    for friend, expected in (("ben", after_first), ("cid", after_second)):
        line.say("Signed Up", friend, referral_code="ANN")
        line.say("Order Completed", friend, order_id=f"of-{friend}", total=50, currency="USD")
        line.work()
        look(line)
        assert len(shown("thanks")) == expected
    assert {role for _, _, role in shown("thanks")} <= {"growth"}


def test_how_a_look_went_is_told_in_chinese(line: Line) -> None:
    sentence = look(line)
    assert sentence.startswith("0 follow-ups, 0 stuck referrals, ")
    with translation.override("zh-hans"):
        told = translated(sentence)
    assert (re.findall("[A-Za-z]+", told), told.count("0")) == ([], sentence.count("0"))


def test_moments_become_asks_and_high_spenders_a_consultants(line: Line) -> None:
    wanted = Ask(
        is_on=True,
        moments=("repeat_order", "good_score", "friend_bought"),
        every_days=30,
        high_spend=500,
    )
    set_rule("user:1", "spring", wanted, now=line.now)
    line.say("Order Completed", "zoe", order_id="z1", total=20, currency="USD")
    line.say("NPS Answered", "low", score=8)
    line.work()
    look(line)
    assert shown("ask") == []
    line.say("Order Completed", "zoe", order_id="z2", total=20, currency="USD")
    line.say("NPS Answered", "kim", score=9)
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="b1", total=60, currency="USD")
    line.say("Order Completed", "rich", order_id="r1", total=400, currency="USD")
    line.say("Order Completed", "rich", order_id="r2", total=101, currency="USD")
    line.work()
    look(line)
    assert sorted(one[0] for one in shown("ask")) == [
        "customer:ann",
        "customer:kim",
        "customer:zoe",
    ]
    assert shown("consult") == [("customer:rich", 1, "sales")]
    notes = {
        one.customer: read.steps(one.number)[0].note for one in read.tasks(kinds=["ask", "consult"])
    }
    assert notes == {
        "ann": "friend_bought",
        "kim": "good_score",
        "zoe": "repeat_order",
        "rich": "repeat_order",
    }
    for one in read.tasks(kinds=["ask"]):
        acts.close("user:5", one.number, outcome="done", note="", now=line.now)
    line.say("Order Completed", "zoe", order_id="z3", total=20, currency="USD")
    line.work()
    look(line)
    assert shown("ask") == []


def test_a_first_result_of_the_product_is_a_moment(line: Line) -> None:
    wanted = Ask(is_on=True, moments=("product",), product_event="Course Completed")
    set_rule("user:1", "spring", wanted, now=line.now)
    line.say("Course Completed", "ann", course="yoga")
    line.say("Course Begun", "ben", course="yoga")
    line.work()
    look(line)
    assert shown("ask") == [("customer:ann", 1, "sales")]


def test_a_yearly_occasion_is_one_task(line: Line) -> None:
    day = f"{line.now:%m-%d}"
    set_rule("user:1", "spring", Ask(is_on=True, moments=("day",), day=day), now=line.now)
    look(line)
    look(line)
    assert shown("ask") == [(f"occasion:spring:{line.now:%Y-%m-%d}", 1, "sales")]


def test_disputes_stand_in_the_inbox_until_they_are_answered(line: Line) -> None:
    line.say("Signed Up", "ben", referral_code="ANN")
    line.work()
    row = feedback.raise_dispute("ann", about="spring/ben", text="where?", now=line.now)
    look(line)
    assert shown("dispute") == [(f"dispute:{row.number}", 1, "support")]
    assert read.tasks(kinds=["dispute"])[0].due_at == row.accept_by
    feedback.accept("user:5", row.number, now=line.now)
    look(line)
    [task] = read.tasks(kinds=["dispute"])
    assert task.due_at == row.solve_by
    # What somebody decided about the task stays.
    later = row.solve_by + DAY
    acts.put_off("user:5", task.number, due_at=later, now=line.now)
    look(line)
    assert read.tasks(kinds=["dispute"])[0].due_at == later
    feedback.answer("user:5", row.number, outcome="upheld", text="It is so.", now=line.now)
    look(line)
    assert shown("dispute") == []


def test_batches_are_asked_for_on_their_day(line: Line) -> None:
    payout_rules.set_rule(
        "user:1",
        "cash USD",
        least=1000,
        every="week",
        day=line.now.isoweekday(),
        now=line.now,
    )
    watching.payouts_due(line.now, Event())
    watching.payouts_due(line.now + DAY, Event())
    assert shown("payout") == [(f"due:cash USD:{line.now:%Y-%m-%d}", 1, "finance")]
