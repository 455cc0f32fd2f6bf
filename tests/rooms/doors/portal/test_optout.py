"""The link by which a reader of messages is spared more of them."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from banyan.core.people.read import consents
from banyan.growth.journeys import acts, optout, read
from banyan.growth.journeys.optout import BadLink, Reader
from banyan.growth.journeys.reminders import remind_friend
from tests.installation import Installation
from tests.rooms.growth.journeys.people import known, post, sent, tell
from tests.rooms.growth.journeys.test_reminders import DAY, INVITATION, NOON


@pytest.fixture
def browser() -> Client:
    """That checks forms as a real one would be."""
    return Client(headers={"host": "localhost"}, enforce_csrf_checks=True)


def path(link: str) -> str:
    """Of an address of ours."""
    return link.removeprefix("http://localhost:8000")


def test_one_click_in_the_mail_program_ends_e_mails(
    installation: Installation, browser: Client
) -> None:
    line = known()
    with post() as letters:
        tell()
        sent()
    link = path(letters.letters[0].optout_link)
    page = browser.get(link)
    assert page.status_code == 200
    assert b"No more e-mails?" in page.content
    assert read.preferences("ann").is_email_on
    reply = browser.post(link, {"List-Unsubscribe": "One-Click"})
    assert reply.status_code == 200
    assert b"We send you no more e-mails" in reply.content
    assert not read.preferences("ann").is_email_on
    line.work()
    last = consents("ann")[-1]
    assert (last.purpose, last.is_given, last.channel) == ("notices.email", False, "email")
    with post() as letters:
        number = tell(key="k2")
        sent()
    assert letters.letters == []
    assert dict(read.notice(number).refusals) == {"email": "off"}
    # Also when the preference is turned on by mistake, the log's word counts.
    acts.set_preferences("ann", channels={"email": True}, now=NOON)
    with post() as letters:
        number = tell(key="k3")
        sent()
    assert letters.letters == []
    assert dict(read.notice(number).refusals) == {"email": "opted_out"}


def test_who_is_no_customer_is_spared_too(installation: Installation, browser: Client) -> None:
    with post() as letters:
        remind_friend(INVITATION, advocate_name="A***", now=NOON + 3 * DAY)
        sent(NOON + 3 * DAY)
        browser.post(path(letters.letters[0].optout_link))
        number = acts.send_now(
            "friend_reminder",
            channel="email",
            to=INVITATION.to,
            lang="en",
            values={},
            key="other",
            now=NOON + 9 * DAY,
        )
        sent(NOON + 9 * DAY)
    assert len(letters.letters) == 1
    assert (read.notice(number).status, read.notice(number).reason) == ("suppressed", "opted_out")


def test_a_link_names_nobody_and_only_ours_open(
    installation: Installation, browser: Client
) -> None:
    link = optout.link(Reader("email", user_id="ann"))
    text = link.rpartition("/")[2]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert "ann" not in text
    assert optout.reader_of(text) == Reader("email", user_id="ann")
    for wrong in (text[:-1], text[:-2] + "AA", "x", "é", "A" * 80):
        with pytest.raises(BadLink):
            optout.reader_of(wrong)
        assert browser.get(f"/n/{wrong}").status_code == 404
    assert browser.put(path(link)).status_code == 405


def test_the_page_speaks_chinese(installation: Installation, browser: Client) -> None:
    link = path(optout.link(Reader("sms", user_id="ann")))
    page = browser.get(link, headers={"accept-language": "zh-CN"}).content.decode()
    assert "不再接收短信？" in page
    assert "noindex" in page
