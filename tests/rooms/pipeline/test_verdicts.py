"""What waits for a verdict, in the inbox of whoever gives it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from banyan.core.programs.acts import save_draft
from banyan.growth.tasks import acts, read
from banyan.pipeline import verdicts
from banyan.pipeline.approving import life, reviews
from banyan.pipeline.approving.read import legal_due
from banyan.trust.privacy.acts import close_request, open_request
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line

DAY = timedelta(days=1)


@pytest.fixture
def line(installation: Installation) -> Line:
    line = Line()
    line.publish()
    line.say("Signed Up", "ann")
    line.work()
    life.check("user:9", "spring", is_approved=True, remarks="", now=line.now)
    return line


def shown() -> list[tuple[str, str, str, str, datetime]]:
    """Open tasks, the first due first: kind, about, role, program, due."""
    return [(t.kind, t.about, t.role, t.program, t.due_at) for t in read.tasks()]


def test_a_text_waits_for_each_side_until_it_has_spoken(line: Line) -> None:
    now = line.now
    assert verdicts.look(now) == 0
    save_draft("user:1", PROGRAM.replace("version: 1", "version: 2"), now=now)
    row = reviews.submit("user:1", "spring", 2, note="", now=now)
    assert (verdicts.look(now), verdicts.look(now)) == (2, 0)
    legal = ("approval", f"verdict:{row.id}/legal", "legal", "spring", now + 2 * DAY)
    finance = ("approval", f"verdict:{row.id}/finance", "finance", "spring", now + 2 * DAY)
    assert shown() == [legal, finance]
    reviews.judge("user:2", row.id, "legal", is_approved=True, remarks="", now=now)
    assert verdicts.look(now) == 0
    assert shown() == [finance]
    reviews.withdraw("user:1", row.id, now=now)
    verdicts.look(now)
    assert shown() == []


def test_none_is_left_out_however_many_wait(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MOST", 2)
    numbers = [open_request("user:1", "export", "ann", now=line.now) for _ in range(5)]
    for number in range(3):  # of somebody else's, which are due first
        acts.open_task(
            "approval", f"payout:{number}", owner_role="finance", due_at=line.now, now=line.now
        )
    waiting = {f"privacy:{number}" for number in numbers}
    assert (verdicts.look(line.now), verdicts.look(line.now)) == (5, 0)
    assert {about for _, about, *_ in shown()} - {f"payout:{one}" for one in range(3)} == waiting
    for number in numbers[1:]:
        close_request("user:2", number, is_refused=True, reason="asked twice", now=line.now)
    assert verdicts.look(line.now) == 0
    assert sorted(about for _, about, *_ in shown()) == [
        "payout:0", "payout:1", "payout:2", f"privacy:{numbers[0]}",
    ]  # fmt: skip


def test_a_privacy_request_and_a_quarter_without_a_look(line: Line) -> None:
    number = open_request("user:1", "erase", "ann", now=line.now)
    acts.open_task(
        "review", "note:1", owner_role="growth", due_at=line.now + 400 * DAY, now=line.now
    )
    assert verdicts.look(line.now) == 1
    [asked, by_hand] = read.tasks()
    assert (asked.kind, asked.about, asked.role, asked.customer) == (
        "approval", f"privacy:{number}", "legal", "ann",
    )  # fmt: skip
    [due] = legal_due()
    assert verdicts.look(due.due_at - timedelta(seconds=1)) == 0
    assert verdicts.look(due.due_at) == 1
    looked = ("review", "check:spring", "legal", "spring", due.due_at)
    assert looked in shown()
    life.check("user:9", "spring", is_approved=True, remarks="", now=due.due_at)
    assert verdicts.look(due.due_at) == 0
    assert looked not in shown()
    # What somebody set by hand stays until somebody closes it.
    assert by_hand.about in [about for _, about, *_ in shown()]
