"""A friend is reminded from day 3 on, twice at most, and not against their will."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from banyan.growth.journeys import acts
from banyan.growth.journeys.addresses import token_of
from banyan.growth.journeys.reminders import (
    Invitation,
    Reminded,
    ReminderClosed,
    remind_friend,
    reminded,
)
from tests.installation import Installation
from tests.rooms.growth.journeys.people import NOON, post, sent

DAY = timedelta(days=1)
INVITATION = Invitation(
    id="nomination/31",
    program="spring",
    advocate="ann",
    channel="email",
    to="dan@example.com",
    language="en",
    link="https://refer.example.com/c/Zq3v",
    invited_at=NOON,
)


def test_the_button_opens_on_day_three_and_twice_at_most(installation: Installation) -> None:
    with pytest.raises(ReminderClosed, match="from 2026-03-05 12:00 UTC on") as closed:
        remind_friend(INVITATION, advocate_name="A***", now=NOON + 2 * DAY)
    assert closed.value.opens_at == NOON + 3 * DAY
    with post() as letters:
        first = remind_friend(INVITATION, advocate_name="A***", now=NOON + 3 * DAY)
        assert first == Reminded(1, NOON + 6 * DAY)
        sent(NOON + 3 * DAY)
        with pytest.raises(ReminderClosed):
            remind_friend(INVITATION, advocate_name="A***", now=NOON + 5 * DAY)
        second = remind_friend(INVITATION, advocate_name="A***", now=NOON + 7 * DAY)
        assert second == Reminded(2, None)
        sent(NOON + 7 * DAY)
        with pytest.raises(ReminderClosed, match="reminded 2 times; that is enough"):
            remind_friend(INVITATION, advocate_name="A***", now=NOON + 30 * DAY)
    assert letters.told == [("friend_reminder", "email", "dan@example.com")] * 2
    assert "https://refer.example.com/c/Zq3v" in letters.letters[0].text
    assert letters.letters[0].optout_link


def test_of_an_invitation_to_nobody_the_press_counts_and_nothing_is_sent(
    installation: Installation,
) -> None:
    unsaid = replace(INVITATION, to="")
    with post() as letters:
        first = remind_friend(unsaid, advocate_name="A***", now=NOON + 3 * DAY)
        assert first == Reminded(1, NOON + 6 * DAY)
        sent(NOON + 3 * DAY)
    assert letters.told == []


def test_it_says_when_it_opens(installation: Installation) -> None:
    standing = reminded("nomination/31", invited_at=NOON)
    assert standing == Reminded(0, NOON + 3 * DAY)
    assert not standing.is_open(NOON + 3 * DAY - timedelta(seconds=1))
    assert standing.is_open(NOON + 3 * DAY)


def test_who_wants_no_messages_is_not_reminded(installation: Installation) -> None:
    token = token_of("email", "dan@example.com")
    acts.stop_contact(token, "email", "opted_out", now=NOON)
    with pytest.raises(ReminderClosed, match="does not want to be written to"):
        remind_friend(INVITATION, advocate_name="A***", now=NOON + 3 * DAY)
    assert reminded("nomination/31", invited_at=NOON).count == 0


def test_a_friend_is_not_woken_and_not_written_to_more_than_the_caps_allow(
    installation: Installation,
) -> None:
    night = (NOON + 3 * DAY).replace(hour=23)
    with post() as letters:
        remind_friend(INVITATION, advocate_name="A***", now=night)
        assert sent(night) == 0
        assert sent(night + timedelta(hours=10)) == 1
    assert len(letters.letters) == 1


def test_two_presses_at_once_remind_once(installation: Installation) -> None:
    def press() -> None:
        # Whoever comes later is told that it is too early for another one, or how it stands.
        with suppress(ReminderClosed):
            remind_friend(INVITATION, advocate_name="A***", now=NOON + 3 * DAY)
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reminded("nomination/31", invited_at=NOON).count == 1
    with post() as letters:
        sent(NOON + 3 * DAY)
    assert len(letters.letters) == 1
