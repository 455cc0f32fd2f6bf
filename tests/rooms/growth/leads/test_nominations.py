"""A friend's contact is given, asked once, and gone with the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from banyan.growth.leads import acts, read
from banyan.growth.leads.acts import NamedBefore, Nominated, NotWaiting, OwnContact, TooMany
from banyan.growth.leads.contact import Given, NotAName, named
from banyan.growth.leads.links import key_of, link_of, new_key
from banyan.growth.leads.models import Nomination
from tests.rooms.pipeline.line import START

pytestmark = pytest.mark.usefixtures("installation")

BEN = Given("email", "ben@example.com")
FEW = timedelta(minutes=1)


def give(contact: Given = BEN, **changes: Any) -> Nominated:
    """Ann names somebody for the spring program."""
    given = {
        "program": "spring",
        "advocate": "ann",
        "contact": contact,
        "name": "Ben Barker",
        "statement": "friend-agreed-1.en",
        "channel": "form",
        "language": "en",
        "known": (),
        "days": 14,
        "now": START,
    }
    return acts.nominate(**(given | changes))


def states(**asked: Any) -> list[tuple[str, str]]:
    """What Ann sees: whom, and how it stands."""
    rows = read.of_advocate("ann", "spring", now=asked.get("now", START + FEW))
    return [(row.shown, row.state) for row in rows]


def test_the_friend_opens_the_link_and_the_advocate_sees_a_mask() -> None:
    made = give()
    assert made.link is not None
    found = read.opened(made.link)
    assert found is not None
    assert (found.contact, found.name, found.advocate, found.statement) == (
        BEN,
        "Ben Barker",
        "ann",
        "friend-agreed-1.en",
    )
    assert found.is_open(START)
    assert not found.is_open(START + timedelta(days=14))
    assert states() == [("B*** B***", "waiting")]
    [row] = Nomination.objects.all()
    assert b"ben@example.com" not in bytes(row.sealed or b"")
    assert "ben@example.com" not in row.token.partition("@")[0]
    assert made.link not in (row.key, row.token)


def test_a_link_opens_its_own_nomination_and_no_other() -> None:
    key = new_key()
    assert key_of(link_of(key)) == key
    other = new_key()
    for wrong in (key, link_of(key)[:-1], other + link_of(key)[len(key) :], "", "ö" * 44, "\ud800"):
        assert key_of(wrong) is None
        assert read.opened(wrong) is None


def test_the_answer_deletes_the_contact_whatever_it_is() -> None:
    for number, end in enumerate((acts.decline, acts.erase, None)):
        contact = Given("phone", f"1381234123{number}")
        made = give(contact, name="")
        assert made.link is not None
        if end is None:
            acts.confirm(made.link, friend="p_1", is_new=True, now=START + FEW)
        else:
            end(made.link, now=START + FEW)
        with pytest.raises(NotWaiting):
            acts.decline(made.link, now=START + FEW)
        found = read.opened(made.link)
        assert found is not None
        assert (found.contact, found.name) == (None, "")
    assert states() == [
        ("138****1232", "confirmed"),
        ("", "declined"),
        ("138****1230", "declined"),
    ]
    assert [bool(row.token) for row in Nomination.objects.order_by("pk")] == [True, True, False]


def test_who_said_no_is_not_asked_again_for_a_year_and_the_advocate_cannot_tell() -> None:
    first = give()
    assert first.link is not None
    acts.decline(first.link, now=START)
    again = give(advocate="cid", now=START + timedelta(days=364))
    assert again.link is None
    later = give(advocate="cid", program="autumn", now=START + timedelta(days=366))
    assert later.link is not None
    rows = read.of_advocate("cid", "spring", now=START + timedelta(days=365))
    assert [(row.shown, row.state) for row in rows] == [("B*** B***", "waiting")]


def test_a_customer_and_somebody_who_was_named_by_others_look_like_anybody() -> None:
    assert give(known=["dan"]).link is None
    assert give(advocate="cid").link is not None
    assert give(advocate="eve").link is None
    assert [row.state for row in read.of_advocate("eve", "spring", now=START)] == ["waiting"]
    late = START + timedelta(days=15)
    assert [row.state for row in read.of_advocate("eve", "spring", now=late)] == ["expired"]
    # Nothing of a contact is kept that nobody will write to.
    assert [row.sealed for row in Nomination.objects.filter(is_silent=True)] == [None, None]


def test_the_own_contact_and_the_same_friend_twice_are_told() -> None:
    with pytest.raises(OwnContact):
        give(known=["ann"])
    give()
    with pytest.raises(NamedBefore):
        give()
    assert Nomination.objects.count() == 1
    assert give(program="autumn").link is not None


def test_an_advocate_names_ten_friends_a_day_and_the_staff_as_many_as_come() -> None:
    for number in range(acts.PER_DAY):
        give(Given("phone", f"1381234120{number}"), now=START + number * FEW)
    with pytest.raises(TooMany):
        give(now=START + timedelta(hours=23))
    assert give(taken_by="desk 3", now=START + timedelta(hours=23)).link is not None
    assert give(Given("email", "dan@example.com"), now=START + timedelta(days=1)).link is not None


def test_what_nobody_confirmed_in_time_is_deleted() -> None:
    made = give()
    assert made.link is not None
    assert acts.expire(now=START + timedelta(days=14) - FEW) == 0
    with pytest.raises(NotWaiting):
        acts.confirm(made.link, friend="p_1", is_new=True, now=START + timedelta(days=14))
    assert acts.expire(now=START + timedelta(days=14)) == 1
    [row] = Nomination.objects.all()
    assert (row.state, row.sealed, row.token, row.shown) == ("expired", None, "", "B*** B***")
    # The same friend may be asked again, since they never said no.
    assert give(now=START + timedelta(days=15)).link is not None


def test_the_stand_in_of_a_no_is_forgotten_after_a_year() -> None:
    made = give()
    assert made.link is not None
    acts.erase(made.link, now=START)
    acts.expire(now=START + timedelta(days=364))
    assert Nomination.objects.get().token != ""
    acts.expire(now=START + timedelta(days=365))
    assert Nomination.objects.get().token == ""


def test_a_contact_is_deleted_everywhere_when_its_owner_asks_the_company() -> None:
    give()
    give(program="autumn")
    give(Given("email", "dan@example.com"))
    assert acts.forget(BEN, now=START) == 2
    assert acts.forget(BEN, now=START) == 0
    assert [bool(row.sealed) for row in Nomination.objects.order_by("pk")] == [False, False, True]


def test_a_reminder_finds_who_waits_and_nobody_else() -> None:
    made = give()
    found = read.reminding(made.number, now=START + FEW)
    assert found is not None
    assert (found.contact, found.link) == (BEN, made.link)
    assert read.reminding(made.number, now=START + timedelta(days=14)) is None
    acts.decline(found.link, now=START)
    assert read.reminding(made.number, now=START) is None
    silent = give(Given("email", "dan@example.com"), known=["dan"])
    unsaid = read.reminding(silent.number, now=START)
    assert unsaid is not None
    assert unsaid.contact is None


def test_the_table_keeps_no_contact_after_the_answer() -> None:
    give()
    with pytest.raises(IntegrityError), transaction.atomic():
        Nomination.objects.update(state="declined", ended_at=START)
    assert states() == [("B*** B***", "waiting")]


def test_lists_for_the_staff_by_state() -> None:
    first, second = give(), give(program="autumn")
    assert second.link is not None
    acts.erase(second.link, now=START)
    late = START + timedelta(days=14)
    for state, now, numbers in (
        ("waiting", START, [first.number]),
        ("declined", START, [second.number]),
        ("expired", START, []),
        ("waiting", late, []),
        ("expired", late, [first.number]),
        (None, late, [second.number, first.number]),
    ):
        rows = read.nominations(state=state, now=now)  # type: ignore[arg-type]
        assert [row.number for row in rows] == numbers, (state, now)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("  Ben \n Barker ", "Ben Barker"), ("", ""), ("张三丰", "张三丰"), ("Ben 2", "Ben 2")],
)
def test_a_name_is_a_name(typed: str, name: str) -> None:
    assert named(typed) == name


@pytest.mark.parametrize(
    "typed", ["Ben 19900131", "ben@example.com", "https://ben.example", "６２２２０２", "B" * 201]
)
def test_more_than_a_name_is_refused(typed: str) -> None:
    with pytest.raises(NotAName):
        named(typed)
