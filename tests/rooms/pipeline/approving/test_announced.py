"""A version that is announced, and what else of the program takes its place, for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from banyan.core.programs.acts import save_draft
from banyan.core.programs.force import running_one
from banyan.core.programs.read import VersionRow, version, versions
from banyan.pipeline.approving import reviews
from banyan.pipeline.approving.announced import (
    Displaced,
    NotAnnounced,
    Replaced,
    announced,
    displaced,
    replaced,
    withdraw,
)
from banyan.pipeline.approving.reviews import NeedsNotice
from banyan.pipeline.publish import publish
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line

MAY, JULY, SEPTEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 7, 9))
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def line(installation: Installation) -> Line:
    """In March."""
    return Line()


def text(
    number: int,
    begins: datetime | None = None,
    *,
    until: datetime | None = None,
    amount: str = "20.00",
) -> str:
    """The program under that number, with a run of its own."""
    said = PROGRAM.replace("version: 1", f"version: {number}").replace("20.00", amount)
    ends = {"from": begins, "until": until}
    run = ", ".join(f"{name}: {at:%Y-%m-%d}" for name, at in ends.items() if at)
    return f"{said}runs: {{{run}}}\n" if run else said


def coming(line: Line) -> list[tuple[int, datetime]]:
    """What is announced, and for when."""
    return [(row.number, start) for row, start in announced("spring", line.now)]


def counts(at: datetime) -> int | None:
    """Which version is in force then."""
    running = running_one("spring", at)
    return running.version.number if running is not None and running.is_in_force else None


def taken(row: VersionRow, begins: datetime) -> list[tuple[int, datetime, datetime | None]]:
    """Whose place a version takes, when that was to begin, and when it begins instead."""
    found: list[Displaced] = displaced(row, row.terms, begins)
    return [(one.row.number, one.start, one.later) for one in found]


@pytest.mark.parametrize(
    ("running_until", "announced_until", "goes_on_until"),
    [
        # The usual hand-over: the one ends where the other begins.
        (MAY, None, None),
        (MAY, SEPTEMBER, SEPTEMBER),
        (JULY, None, None),
        (JULY, SEPTEMBER, SEPTEMBER),
        (SEPTEMBER, JULY, SEPTEMBER),
        (None, JULY, None),
        (None, None, None),
    ],
)
def test_what_is_withdrawn_never_comes_into_force(
    line: Line,
    running_until: datetime | None,
    announced_until: datetime | None,
    goes_on_until: datetime | None,
) -> None:
    line.publish(text(1, until=running_until))
    line.publish(text(2, MAY, until=announced_until, amount="15.00"))
    assert coming(line) == [(2, MAY)]
    draft = withdraw("user:1", "spring", 2, now=line.now)
    assert withdraw("user:1", "spring", 2, now=line.now) == draft
    assert (draft.number, draft.status) == (3, "draft")
    assert taken(draft, line.now) == [(2, MAY, None)]
    line.publish(draft.source)
    assert coming(line) == []
    assert replaced(versions("spring")) == {2: Replaced(3, None)}
    assert counts(MAY - MICROSECOND) == counts(MAY) == 3
    assert counts(datetime(2027, 5, 1, tzinfo=UTC)) == (None if goes_on_until else 3)
    if goes_on_until:
        assert (counts(goes_on_until - MICROSECOND), counts(goes_on_until)) == (3, None)
    row = version("spring", 3)
    assert row is not None
    assert "amount: 20.00" in row.source


def test_what_runs_alone_and_what_begins_at_once_is_not_withdrawn(line: Line) -> None:
    line.publish(text(1, JULY))
    with pytest.raises(NotAnnounced, match="No other version is in force"):
        withdraw("user:1", "spring", 1, now=line.now)
    line.publish(text(2))
    with pytest.raises(NotAnnounced, match="does not wait"):
        withdraw("user:1", "spring", 2, now=line.now)
    assert [row.number for row in versions("spring")] == [2, 1]


def test_what_ends_before_the_announced_one_only_puts_it_off(line: Line) -> None:
    line.publish(text(1))
    line.publish(text(2, MAY, amount="15.00"))
    later = save_draft("user:1", text(3, until=JULY), now=line.now)
    assert taken(later, line.now) == [(2, MAY, JULY)]
    line.publish(later.source)
    assert coming(line) == [(2, JULY)]
    assert replaced(versions("spring")) == {2: Replaced(3, JULY)}
    assert (counts(MAY), counts(JULY - MICROSECOND), counts(JULY)) == (3, 3, 2)
    # It waits until then, and until then it can be withdrawn.
    line.now = MAY + timedelta(days=3)
    assert coming(line) == [(2, JULY)]
    draft = withdraw("user:1", "spring", 2, now=line.now)
    line.publish(draft.source)
    assert (coming(line), counts(JULY)) == ([], 4)


def test_what_begins_with_the_announced_one_takes_its_place(line: Line) -> None:
    line.publish(text(1))
    publish("tester", text(2, MAY), starts_at=None, now=line.now)
    for status in ("ordered", "published"):
        found = version("spring", 2)
        assert found is not None
        assert found.status == status
        same = save_draft("user:1", text(3, MAY), now=line.now)
        assert taken(same, MAY) == [(2, MAY, None)]
        assert taken(same, MAY + MICROSECOND) == []
        line.work()


def test_one_that_follows_another_takes_nothing_from_it(line: Line) -> None:
    line.publish(text(1))
    line.publish(text(2, MAY))
    third = save_draft("user:1", text(3, JULY), now=line.now)
    assert taken(third, JULY) == []
    line.publish(third.source)
    assert coming(line) == [(2, MAY), (3, JULY)]
    assert replaced(versions("spring")) == {}


def test_what_comes_back_after_another_is_not_announced(line: Line) -> None:
    line.publish(text(1))
    line.say("Signed Up", "ben")
    line.work()
    line.publish(text(2, MAY, until=JULY))
    line.now = MAY + timedelta(days=3)
    assert (counts(line.now), counts(JULY)) == (2, 1)
    assert coming(line) == []


def approved(line: Line, number: int) -> int:
    """A draft both sides agreed to; its review's number."""
    row = reviews.submit("user:1", "spring", number, note="", now=line.now)
    reviews.judge("user:2", row.id, "legal", is_approved=True, remarks="", now=line.now)
    reviews.judge("user:3", row.id, "finance", is_approved=True, remarks="", now=line.now)
    return row.id


def reviewed(line: Line, source: str, *, notice: str) -> VersionRow:
    """Published at the console, by the way of reviews."""
    number = save_draft("user:1", source, now=line.now).number
    found = reviews.latest("spring", number)
    review = found.id if found is not None else approved(line, number)
    return reviews.publish_reviewed(
        "user:1", review, starts_at=None, notice=notice, now=line.now, lang="en"
    )


@pytest.mark.parametrize("is_taken_up", [False, True])
def test_customers_who_were_told_of_one_are_told_that_it_does_not_come(
    line: Line, is_taken_up: bool
) -> None:
    line.publish(text(1))
    reviewed(line, text(2, MAY, amount="25.00"), notice="More from May.")
    if is_taken_up:
        line.work()
    with pytest.raises(NeedsNotice, match="a version that now never comes into force, or later"):
        reviewed(line, text(3, MAY, amount="25.00"), notice="")
    with pytest.raises(NeedsNotice, match="since this version gives less"):
        reviewed(line, text(4, MAY, amount="22.00"), notice="")
    reviewed(line, text(3, MAY, amount="25.00"), notice="More from May, in other words.")
    line.work()
    assert coming(line) == [(3, MAY)]


def test_what_puts_off_a_raise_needs_the_days_of_notice(line: Line) -> None:
    line.publish(text(1))
    soon = line.now + timedelta(days=5)
    line.publish(text(2, soon, amount="25.00"))
    with pytest.raises(NeedsNotice, match="14 days from now at the earliest"):
        reviewed(line, text(3, until=MAY), notice="The raise comes in May.")
    assert [row.status for row in versions("spring")] == ["draft", "published", "published"]
