"""Disputes: whose they are, how they pass, by when, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, connections
from django.utils import translation

from banyan.core.referrals.read import decisions, referrals
from banyan.growth.feedback import acts, read
from banyan.growth.feedback.models import Word
from banyan.kernel.errors import Problem
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line

CAPPED = PROGRAM.replace("{per: advocate, count: 2}", "{per: advocate, count: 1}")
TEXT = "Cid kaufte für 70 $, rufen Sie mich an: +49 170 5550 1234"
HOUR = timedelta(hours=1)


@pytest.fixture
def line(installation: Installation) -> Line:
    """Ann may be thanked once and brings two; dan came to ann's link after bob's code."""
    line = Line()
    line.publish(CAPPED)
    line.story()
    line.say("Referral Link Created", "bob", code="BOB", program="spring")
    line.say("Referral Link Clicked", anonymousId="web-9", code="ANN")
    line.say("Signed Up", "dan", anonymousId="web-9", referral_code="BOB")
    line.work()
    return line


def decision_of(user: str, friend: str, outcome: str) -> str:
    """The id of the one decision for a user over a friend with that outcome."""
    [row] = decisions(beneficiary=user, friend=friend, outcome=outcome)
    return row.decision_id


def refused(act: Callable[[], object]) -> tuple[str, str]:
    """The name of the problem, and its sentence."""
    with pytest.raises(Problem) as caught:
        act()
    return type(caught.value).__name__, caught.value.sentence


def test_a_customer_disputes_a_decision_with_the_reason_it_had(line: Line) -> None:
    about = decision_of("ann", "cid", "rejected")
    row = acts.raise_dispute("ann", about=about, text=f"  {TEXT}\n", now=line.now)
    assert (row.user_id, row.about, row.program, row.state) == ("ann", about, "spring", "open")
    assert "had nothing left" in row.evidence["why"]["en"]
    assert "上限" in row.evidence["why"]["zh-hans"]
    assert [(one.kind, one.actor, one.text) for one in row.words] == [
        ("raised", "customer:ann", TEXT)
    ]
    assert read.disputes_of("ann") == [row]
    assert read.disputes_of("cid") == []


def test_what_was_said_lies_sealed(line: Line) -> None:
    about = decision_of("ann", "cid", "rejected")
    row = acts.raise_dispute("ann", about=about, text=TEXT, now=line.now)
    [word] = Word.objects.all()
    assert "5550" not in str(bytes(word.sealed or b""))
    with connection.cursor() as cursor:
        cursor.execute("SELECT evidence, about FROM feedback_dispute WHERE id = %s", [row.number])
        assert "5550" not in str(cursor.fetchall())


def test_other_peoples_decisions_are_not_there(line: Line) -> None:
    about = decision_of("ann", "cid", "rejected")
    foreign = refused(lambda: acts.raise_dispute("bob", about=about, text="Mine!", now=line.now))
    nothing = refused(lambda: acts.raise_dispute("bob", about="x/y/z", text="Mine!", now=line.now))
    no_name = refused(lambda: acts.raise_dispute("bob", about="spring", text="?", now=line.now))
    assert foreign == nothing == no_name
    assert foreign[0] == "NothingToDispute"
    assert read.disputes() == []


def test_an_invitation_in_vain_and_a_referral_are_disputed_by_program_and_friend(
    line: Line,
) -> None:
    lost = acts.raise_dispute("ann", about="spring/dan", text="He came by me.", now=line.now)
    assert "another invitation" in lost.evidence["why"]["en"]
    assert lost.evidence["stages"] == []
    own = acts.raise_dispute("bob", about="spring/dan", text="He did buy.", now=line.now)
    [referral] = referrals(program="spring", friend="dan")
    assert [one["stage"] for one in own.evidence["stages"]] == [
        one.stage for one in referral.stages
    ]
    assert own.evidence["stages"][-1]["stage"] == "activated"
    friend = acts.raise_dispute("dan", about="spring/dan", text="Ann sent me.", now=line.now)
    assert friend.number == own.number + 1
    stranger = refused(
        lambda: acts.raise_dispute("cid", about="spring/dan", text="Me!", now=line.now)
    )
    elsewhere = refused(
        lambda: acts.raise_dispute("ann", about="autumn/dan", text="Me!", now=line.now)
    )
    assert stranger == elsewhere


def test_a_thing_is_disputed_once_and_its_answer_is_final_after_one_appeal(line: Line) -> None:
    about = decision_of("ann", "cid", "rejected")

    def again() -> tuple[str, str]:
        return refused(lambda: acts.raise_dispute("ann", about=about, text="So!", now=line.now))

    number = acts.raise_dispute("ann", about=about, text=TEXT, now=line.now).number
    assert again() == (
        "AlreadyDisputed",
        "You have disputed this already; it is being looked at.",
    )
    later = line.now + HOUR
    assert acts.accept("key:1", number, now=later).state == "accepted"
    assert refused(lambda: acts.accept("key:1", number, now=later))[0] == "WrongState"
    early = refused(lambda: acts.appeal("ann", number, text="No", now=later))
    assert early == ("WrongState", "This dispute is still being looked at.")
    solved = acts.answer(
        "key:1", number, outcome="upheld", text="One reward a year.", now=later + HOUR
    )
    assert (solved.state, solved.outcome, solved.answer) == (
        "solved",
        "upheld",
        "One reward a year.",
    )
    assert solved.may_be_appealed
    assert refused(
        lambda: acts.answer("key:1", number, outcome="upheld", text="So.", now=later)
    ) == ("WrongState", "This dispute was answered before.")
    assert again()[1].startswith("This was answered before.")
    assert refused(lambda: acts.appeal("bob", number, text="Me!", now=later))[0] == "NoSuchDispute"
    appealed = acts.appeal("ann", number, text="The rules said two.", now=later + 2 * HOUR)
    assert (appealed.state, appealed.outcome, appealed.clock_from) == (
        "appealed",
        "",
        later + 2 * HOUR,
    )
    assert again()[0] == "AlreadyDisputed"
    final = acts.answer(
        "key:2", number, outcome="corrected", text="You are right.", now=later + 3 * HOUR
    )
    assert [(one.kind, one.actor, one.text) for one in final.words] == [
        ("raised", "customer:ann", TEXT),
        ("answered", "key:1", "One reward a year."),
        ("appealed", "customer:ann", "The rules said two."),
        ("answered", "key:2", "You are right."),
    ]
    assert not final.may_be_appealed
    assert refused(lambda: acts.appeal("ann", number, text="More!", now=later))[0] == "WrongState"


def test_what_was_withdrawn_may_be_disputed_anew(line: Line) -> None:
    about = decision_of("ann", "cid", "rejected")
    first = acts.raise_dispute("ann", about=about, text="So!", now=line.now)
    foreign = refused(lambda: acts.withdraw("bob", first.number, now=line.now))
    assert foreign == refused(lambda: acts.withdraw("bob", 2**63 + 1, now=line.now))
    assert acts.withdraw("ann", first.number, now=line.now).outcome == "withdrawn"
    assert refused(lambda: acts.withdraw("ann", first.number, now=line.now))[0] == "WrongState"
    assert refused(lambda: acts.appeal("ann", first.number, text="So!", now=line.now))[0] == (
        "WrongState"
    )
    second = acts.raise_dispute("ann", about=about, text="So, after all!", now=line.now)
    assert [row.number for row in read.disputes_of("ann")] == [second.number, first.number]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" \n", "Say in a few words what is wrong."),
        ("x" * 2_001, "At most 2,000 characters, please."),
        ("half \ud83d", "This text holds a broken character; write it again."),
    ],
)
def test_texts_that_say_nothing_or_too_much(line: Line, text: str, sentence: str) -> None:
    about = decision_of("ann", "cid", "rejected")
    found = refused(lambda: acts.raise_dispute("ann", about=about, text=text, now=line.now))
    assert found == ("BadText", sentence)
    longest = "好" * 2_000
    row = acts.raise_dispute("ann", about=about, text=longest, now=line.now)
    assert row.words[0].text == longest
    found = refused(
        lambda: acts.answer("key:1", row.number, outcome="upheld", text=text, now=line.now)
    )
    assert found == ("BadText", sentence)
    assert read.dispute(row.number) == row


def test_refusals_are_said_in_the_language_of_the_page(line: Line) -> None:
    with translation.override("zh-hans"):
        found = refused(lambda: acts.raise_dispute("ann", about="x/y", text="?", now=line.now))
    assert found == ("NothingToDispute", "在您名下没有找到这条奖励记录或推荐。")


def test_nobody_has_more_than_twenty_open(line: Line) -> None:
    friends = [f"f{number}" for number in range(21)]
    for friend in friends:
        line.say("Signed Up", friend, referral_code="ANN")
    line.work()
    for friend in friends[:20]:
        acts.raise_dispute("ann", about=f"spring/{friend}", text="So!", now=line.now)
    found = refused(lambda: acts.raise_dispute("ann", about="spring/f20", text="So!", now=line.now))
    assert found[0] == "AlreadyDisputed"
    acts.withdraw("ann", read.disputes_of("ann")[0].number, now=line.now)
    assert acts.raise_dispute("ann", about="spring/f20", text="So!", now=line.now).state == "open"


def test_two_at_once_are_one(line: Line) -> None:
    about, both = decision_of("ann", "cid", "rejected"), Barrier(2)

    def one(number: int) -> str:
        try:
            both.wait(10)
            acts.raise_dispute("ann", about=about, text=f"So {number}!", now=line.now)
        except acts.AlreadyDisputed:
            return "refused"
        finally:
            connections.close_all()
        return "raised"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == ["raised", "refused"]
    assert len(read.disputes_of("ann")) == 1


@pytest.mark.parametrize(
    ("accepted_h", "solved_h", "asked_h", "late"),
    [
        (None, None, 24, ""),
        (None, None, 24.01, "accept"),
        (24, None, 48, ""),
        (24.01, None, 30, "accept"),
        (1, None, 48.01, "solve"),
        (1, None, 72.01, "limit"),
        (1, 48, 100, ""),
        (1, 50, 100, "solve"),
        (None, 20, 100, ""),
        (None, 80, 100, "limit"),
    ],
)
def test_lateness(
    line: Line,
    accepted_h: float | None,
    solved_h: float | None,
    asked_h: float,
    late: str,
) -> None:
    """Hours since it was raised; the list and the gauge agree with the flag while it waits."""
    about, start = decision_of("ann", "cid", "rejected"), line.now
    row = acts.raise_dispute("ann", about=about, text="So!", now=start)
    assert (row.accept_by, row.solve_by, row.last_by) == (
        start + 24 * HOUR,
        start + 48 * HOUR,
        start + 72 * HOUR,
    )
    if accepted_h is not None:
        row = acts.accept("key:1", row.number, now=start + accepted_h * HOUR)
    if solved_h is not None:
        row = acts.answer(
            "key:1", row.number, outcome="upheld", text="No.", now=start + solved_h * HOUR
        )
    asked_at = start + asked_h * HOUR
    assert row.late(asked_at) == late
    waits = solved_h is None
    listed = read.disputes(late_at=asked_at)
    assert listed == ([row] if late and waits else [])
    assert read.backlog(now=asked_at) == read.Backlog(int(waits), len(listed))


def test_an_appeal_starts_the_clock_again(line: Line) -> None:
    about, start = decision_of("ann", "cid", "rejected"), line.now
    number = acts.raise_dispute("ann", about=about, text="So!", now=start).number
    acts.answer("key:1", number, outcome="upheld", text="No.", now=start + 70 * HOUR)
    row = acts.appeal("ann", number, text="But!", now=start + 200 * HOUR)
    assert (row.raised_at, row.accept_by) == (start, start + 224 * HOUR)
    assert row.late(start + 224 * HOUR) == ""
    assert row.late(start + 225 * HOUR) == "accept"


def test_lists_are_filtered_and_go_on_where_they_stopped(line: Line) -> None:
    about = decision_of("ann", "cid", "rejected")
    one = acts.raise_dispute("ann", about=about, text="So!", now=line.now)
    two = acts.raise_dispute("bob", about="spring/dan", text="So!", now=line.now)
    two = acts.accept("key:1", two.number, now=line.now)
    assert read.disputes() == [two, one]
    assert read.disputes(limit=1) == [two]
    assert read.disputes(before=two.number) == [one]
    assert read.disputes(state="accepted") == [two]
    assert read.disputes(user_id="ann", program="spring") == [one]
    assert read.disputes(program="autumn") == []


def test_what_is_due_first_comes_first(line: Line) -> None:
    for friend in ("gil", "hal", "ida"):
        line.say("Signed Up", friend, referral_code="ANN")
    line.work()
    ages = {"gil": 0, "hal": 20, "ida": 40}
    rows = {
        friend: acts.raise_dispute(
            "ann", about=f"spring/{friend}", text="So!", now=line.now - age * HOUR
        )
        for friend, age in ages.items()
    }
    solved = acts.raise_dispute("bob", about="spring/dan", text="So!", now=line.now)
    acts.answer("key:1", solved.number, outcome="upheld", text="So it is.", now=line.now)
    rows["ida"] = acts.accept("key:1", rows["ida"].number, now=line.now)
    # Hal's is to be taken up in 4 hours, ida's solved in 8, gil's taken up in 24.
    due = [rows["hal"], rows["ida"], rows["gil"]]
    assert read.disputes_due() == due
    assert read.disputes_due(offset=1, limit=1) == due[1:2]
    assert [(one.number, one.user_id, one.program) for one in read.all_due()] == [
        (rows[friend].number, "ann", "spring") for friend in ages
    ]
    assert [one.due_by - line.now for one in read.all_due()] == [24 * HOUR, 4 * HOUR, 8 * HOUR]
    assert [one.accept_by - line.now for one in read.all_due()] == [24 * HOUR, 4 * HOUR, -16 * HOUR]


def test_an_erased_customers_words_are_gone_and_nobody_elses(line: Line) -> None:
    about = decision_of("ann", "cid", "rejected")
    mine = acts.raise_dispute("ann", about=about, text=TEXT, now=line.now)
    acts.answer("key:1", mine.number, outcome="upheld", text="Dear Ann, no.", now=line.now)
    still = acts.raise_dispute("ann", about="spring/dan", text=TEXT, now=line.now)
    other = acts.raise_dispute("bob", about="spring/dan", text="So!", now=line.now)
    assert "+49 170" in str(read.for_export(["ann"]))
    assert acts.forget(["ann"], now=line.now) == 3
    assert [word.text for word in read.disputes_of("ann")[1].words] == [None, None]
    closed = read.dispute(still.number)
    assert closed is not None
    assert (closed.state, closed.outcome) == ("solved", "withdrawn")
    assert read.dispute(other.number) == other
    assert acts.forget(["ann"], now=line.now) == 0
    assert "+49 170" not in str(read.for_export(["ann"]))
