"""The list of what departments do before a program begins."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.utils import translation

from banyan.growth.planning.preparations import (
    MOST,
    SHIPPED,
    BadPreparation,
    NoSuchPreparation,
    PreparationRow,
    add,
    begin,
    change,
    late,
    preparations,
    remove,
    tick,
    undone,
)
from banyan.growth.tasks.read import tasks
from banyan.growth.tasks.rules import Stuck, set_rule
from banyan.pipeline.watching import look
from banyan.trust.staff import acts as staff
from tests.installation import Installation

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)


def one(
    text: str = "Print the flyers.",
    *,
    department: str = "Marketing",
    owner: str = "",
    due_on: date | None = None,
    program: str = "spring",
) -> PreparationRow:
    """Put it on the list."""
    return add(
        "user:1", program, department=department, text=text, owner=owner, due_on=due_on, now=NOW
    )


def test_the_usual_items_are_there_once_and_read_in_both_languages(
    installation: Installation,
) -> None:
    assert begin("user:1", "spring", now=NOW) == len(SHIPPED) == 11
    assert begin("user:1", "spring", now=NOW) == 0
    rows = preparations("spring")
    departments = [row.department for row in rows]
    assert list(dict.fromkeys(departments)) == [
        "marketing",
        "sales",
        "support",
        "legal",
        "finance",
        "it",
    ]
    [terms] = [row for row in rows if row.shipped == "terms"]
    assert (terms.department_name, terms.words) == (
        "Legal",
        "Legal has approved the terms, the data notice and the invitations.",
    )
    with translation.override("zh-hans"):
        assert (terms.department_name, terms.words) == (
            "法务",
            "法务已批准条款、数据告知和邀请文案。",
        )
    remove("user:1", "spring", terms.id)
    assert begin("user:1", "spring", now=NOW) == 1
    assert preparations("summer") == []


def test_an_item_is_added_changed_done_and_removed(installation: Installation) -> None:
    row = one(department=" marketing ", text="  Print \n the flyers. ")
    assert (row.department, row.words, row.due_on) == ("marketing", "Print the flyers.", None)
    other = one("Train the shops.", department="Shops in the north")
    assert other.department_name == "Shops in the north"
    assert [item.id for item in preparations("spring")] == [row.id, other.id]
    changed = change(
        "user:1",
        "spring",
        row.id,
        department="IT",
        text="Print them.",
        owner="user:3",
        due_on=TODAY,
    )
    assert (changed.department, changed.words, changed.owner) == ("it", "Print them.", "user:3")
    done = tick("user:3", "spring", row.id, is_done=True, now=NOW)
    assert (done.done_at, done.done_by) == (NOW, "user:3")
    again = tick("user:4", "spring", row.id, is_done=True, now=NOW + timedelta(days=1))
    assert (again.done_at, again.done_by) == (NOW, "user:3")
    assert [item.id for item in undone("spring")] == [other.id]
    back = tick("user:4", "spring", row.id, is_done=False, now=NOW)
    assert (back.done_at, back.done_by) == (None, "")
    assert remove("user:1", "spring", row.id) == back
    assert [item.id for item in preparations("spring")] == [other.id]


def test_what_we_bring_keeps_its_languages_until_it_is_worded_anew(
    installation: Installation,
) -> None:
    begin("user:1", "spring", now=NOW)
    row = preparations("spring")[0]
    kept = change(
        "user:1",
        "spring",
        row.id,
        department=row.department,
        text=row.words,
        owner="user:3",
        due_on=None,
    )
    assert (kept.text, kept.owner) == ("", "user:3")
    own = change(
        "user:1", "spring", row.id, department="sales", text="Mine.", owner="", due_on=None
    )
    with translation.override("zh-hans"):
        assert own.words == "Mine."
    assert begin("user:1", "spring", now=NOW) == 0


def test_what_cannot_be_kept_is_refused(installation: Installation) -> None:
    row = one()
    faults: list[dict[str, Any]] = [
        {"text": " "},
        {"text": "x" * 501},
        {"department": ""},
        {"department": "x" * 61},
    ]
    for wrong in faults:
        with pytest.raises(BadPreparation):
            one(**wrong)
    with pytest.raises(NoSuchPreparation):
        tick("user:1", "summer", row.id, is_done=True, now=NOW)
    with pytest.raises(NoSuchPreparation):
        remove("user:1", "spring", row.id + 1)
    assert preparations("spring") == [row]
    for number in range(MOST - 1):
        one(f"Item {number}.")
    with pytest.raises(BadPreparation, match="at most 200 items"):
        one()
    with pytest.raises(BadPreparation):
        begin("user:1", "spring", now=NOW)
    assert len(preparations("spring")) == MOST


def test_only_what_is_late_is_late(installation: Installation) -> None:
    yesterday, today = TODAY - timedelta(days=1), TODAY
    first, second = one(due_on=yesterday), one(due_on=yesterday - timedelta(days=1))
    one(due_on=today)
    one()
    done = one(due_on=yesterday)
    tick("user:1", "spring", done.id, is_done=True, now=NOW)
    assert [row.id for row in late(TODAY)] == [second.id, first.id]
    assert (first.is_late(TODAY), first.is_late(yesterday)) == (True, False)


def test_what_is_late_stands_in_the_inbox_until_it_is_done_or_put_off(
    installation: Installation,
) -> None:
    set_rule("user:1", "", Stuck(is_on=False), now=NOW)
    fay = staff.add("system", "fay@example.com", roles=["finance"], password="x" * 20, now=NOW)
    ann = staff.add("system", "ann@example.com", roles=["analyst"], password="x" * 20, now=NOW)
    yesterday = TODAY - timedelta(days=1)
    money = one("Fill the account.", department="finance", owner=fay.actor, due_on=yesterday)
    # An analyst has no inbox, so it is for everybody of the department.
    words = one("Learn the answers.", department="support", owner=ann.actor, due_on=yesterday)
    one("Try it.", department="Shops", due_on=TODAY)

    def told(now: datetime = NOW) -> list[tuple[str, str, str]]:
        look(now, Event())
        return sorted((row.about, row.role, row.owner) for row in tasks(limit=10))

    of_money = (f"preparation:spring/{money.id}@2026-03-01", "finance", fay.actor)
    of_words = (f"preparation:spring/{words.id}@2026-03-01", "support", "")
    assert told() == [of_money, of_words]
    assert told() == [of_money, of_words]
    tick("user:1", "spring", money.id, is_done=True, now=NOW)
    change(
        "user:1",
        "spring",
        words.id,
        department="support",
        text="Learn the answers.",
        owner="",
        due_on=TODAY,
    )
    assert told() == []
    tomorrow = told(NOW + timedelta(days=1))
    assert [row[0].partition("@")[2] for row in tomorrow] == ["2026-03-02", "2026-03-02"]
    assert sorted(row[1] for row in tomorrow) == ["growth", "support"]
