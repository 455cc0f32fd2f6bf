"""Sending: at least once, never twice at a time; other ways, later, given up, again by hand."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings

from banyan.core.events import clock
from banyan.growth.journeys import acts, claims, read, sender
from banyan.growth.journeys.acts import BadValue, NotRetriable
from banyan.growth.journeys.addresses import BadAddress, token_of
from banyan.growth.journeys.kinds import UnknownKind
from banyan.growth.journeys.letter import Outcome
from banyan.growth.journeys.models import Notice
from banyan.growth.journeys.read import NoSuchNotice
from tests.installation import Installation
from tests.rooms.growth.journeys.people import NOON, known, post, sent, tell
from tests.rooms.growth.journeys.test_rules import SMS, said

NEVER = (dt.time(), dt.time())
LATER = Outcome("later", "HTTP 503")


def code(key: str = "c1", to: str = "ann@example.com") -> int:
    """A sign-in code by e-mail."""
    return acts.send_now(
        "sign_in_code",
        channel="email",
        to=to,
        lang="en",
        values={"code": "481902", "minutes": "10"},
        key=key,
        now=NOON,
    )


def test_a_message_to_an_address_is_sent_once_for_each_key(installation: Installation) -> None:
    with post() as letters:
        assert code() == code()
        assert code("c2") != code()
        assert sent() == 2
        assert sent(NOON + timedelta(hours=1)) == 0
    first = letters.letters[0]
    assert (first.to, first.title) == ("ann@example.com", "Your sign-in code is 481902")
    assert first.text.startswith(
        "Hello,\n\nYour sign-in code is:\n\n481902\n\nIt is good for 10 min"
    )
    assert first.optout_link == ""


def test_what_was_sent_to_an_address_is_kept_nowhere(installation: Installation) -> None:
    number = code()
    row = Notice.objects.get(pk=number)
    assert row.sealed is not None
    assert b"ann" not in bytes(row.address_sealed or b"")
    assert b"481902" not in bytes(row.sealed)
    with post():
        sent()
    row.refresh_from_db()
    assert (row.sealed, row.address_sealed) == (None, None)
    assert row.token == token_of("email", "ann@example.com")


def test_what_cannot_be_sent_is_refused_at_once(installation: Installation) -> None:
    with pytest.raises(BadAddress):
        code(to="ann@example.com\nBcc: eve@example.com")
    with pytest.raises(BadAddress):
        code(to="nobody")
    with pytest.raises(UnknownKind, match="'no_such'"):
        acts.notify("ann", "no_such", values={}, key="k", now=NOON)
    with pytest.raises(BadValue, match="frend: notice friend_joined has no such variable"):
        acts.notify("ann", "friend_joined", values={"frend": "x"}, key="k", now=NOON)
    assert read.notices() == []


def test_what_fails_is_tried_again_ever_later_and_then_given_up(installation: Installation) -> None:
    known()
    now, waits = NOON, []
    with post() as letters, override_settings(QUIET_HOURS=NEVER):
        letters.outcomes = [LATER] * 100
        heard: list[claims.Failure] = []
        number = tell()
        while (row := read.notice(number)).status == "waiting":
            due = 1 if row.next_at and row.next_at <= now else 0
            assert sent(now, failed=heard.append) == due
            after = read.notice(number)
            if after.next_at is None:
                break
            if after.status == "waiting" and after.attempts == 0:
                now = after.next_at  # by another way
                continue
            waits.append((after.next_at - now).total_seconds())
            now = after.next_at
    assert said(number) == ("failed", "no_channel", {"email": "gave_up"})
    assert heard == [claims.Failure(number, "reward_arrived", "ann", "email", "no_channel")]
    assert len({letter.key for letter in letters.letters}) == 1
    for wait, usual in zip(waits, [10, 40, 160, 640, 2560, 10240, 21600, 21600], strict=False):
        assert usual * 0.8 <= wait <= usual * 1.2
    assert timedelta(days=2.5) < now - NOON <= timedelta(days=3)
    assert [row.number for row in read.failures()] == [number]
    assert read.failed_since(NOON) == 1


def test_a_code_is_no_use_after_a_quarter_of_an_hour(installation: Installation) -> None:
    with post() as letters:
        late = code()
        assert sent(NOON + timedelta(minutes=16)) == 0
        letters.outcomes = [LATER] * 100
        failing = code("c2")
        now = NOON
        for _ in range(20):
            sent(now)
            now += timedelta(minutes=1)
    assert said(late)[:2] == ("suppressed", "too_late")
    assert said(failing)[:2] == ("failed", "gave_up")
    assert 3 <= len(letters.letters) <= 6


def test_a_provider_that_names_a_later_time_is_believed(installation: Installation) -> None:
    known()
    with post() as letters:
        letters.outcomes = [Outcome("later", "busy", retry_after_s=3600)]
        number = tell()
        sent()
    row = read.notice(number)
    assert (row.status, row.attempts, row.answer) == ("waiting", 1, "busy")
    assert row.next_at == NOON + timedelta(hours=1)


@override_settings(SMS_PROVIDER=SMS)
def test_who_cannot_be_reached_by_one_way_is_by_another(installation: Installation) -> None:
    known(phone="+447700900123")
    with post() as letters:
        letters.outcomes = [Outcome("stopped", "the server refused the address (550)")]
        number = tell()
        assert sent() == 2
        second = tell(key="k2")
        sent()
    assert [(channel, to) for _, channel, to in letters.told] == [
        ("email", "ann@example.com"),
        ("sms", "+447700900123"),
        ("sms", "+447700900123"),
    ]
    assert said(number) == ("sent", "", {"email": "bounced"})
    assert said(second) == ("sent", "", {"email": "bounced"})


def test_a_contact_that_bounced_is_written_to_no_more_until_somebody_says_so(
    installation: Installation,
) -> None:
    known()
    with post() as letters:
        letters.outcomes = [Outcome("stopped", "550")]
        first, second = tell(), None
        sent()
        second = tell(key="k2")
        sent()
        assert len(letters.letters) == 1
        assert said(first) == ("failed", "no_channel", {"email": "bounced"})
        assert said(second) == ("suppressed", "no_channel", {"email": "bounced"})
        token = token_of("email", "ann@example.com")
        assert acts.allow_contact(token, "email")
        assert not acts.allow_contact(token, "email")
        tell(key="k3")
        sent()
    assert len(letters.letters) == 2


def test_what_failed_goes_out_again_by_hand_while_its_words_are_kept(
    installation: Installation,
) -> None:
    with post() as letters:
        letters.outcomes = [Outcome("failed", "no such template")]
        number = code()
        sent()
        assert said(number)[:2] == ("failed", "failed")
        acts.retry(number, now=NOON)
        sent()
        assert said(number)[:2] == ("sent", "")
        with pytest.raises(NotRetriable, match=f"Notice {number} is sent"):
            acts.retry(number, now=NOON)
        letters.outcomes = [Outcome("failed", "x")]
        other = code("c2")
        sent()
    assert acts.clean(now=NOON + timedelta(days=6)) == (0, 0)
    assert acts.clean(now=NOON + timedelta(days=8)) == (2, 0)
    with pytest.raises(NotRetriable):
        acts.retry(other, now=NOON)
    with pytest.raises(NoSuchNotice):
        acts.retry(999, now=NOON)
    assert acts.clean(now=NOON + timedelta(days=366)) == (0, 2)
    assert read.notices() == []


def test_a_claim_keeps_others_away_until_it_runs_out(installation: Installation) -> None:
    code()
    [first] = claims.claim(NOON, 10)
    assert claims.claim(NOON + timedelta(minutes=2), 10) == []
    [second] = claims.claim(NOON + timedelta(minutes=2, seconds=1), 10)
    assert (second.number, second.letter.key) == (first.number, first.letter.key)
    assert second.claim != first.claim
    claims.finish([(first, Outcome("failed", "too late to tell"))], NOON)
    assert said(first.number)[0] == "waiting"
    claims.finish([(second, Outcome("sent", "", provider_id="x"))], NOON)
    assert said(first.number)[0] == "sent"


def test_two_that_send_at_once_send_nothing_twice_and_keep_the_caps(
    installation: Installation,
) -> None:
    people = [f"p{n}" for n in range(6)]
    for user_id in people:
        known(user_id)
    for turn in range(5):
        for user_id in people:
            tell(user_id, key=f"k{turn}")
    stop = threading.Event()

    def work() -> None:
        try:
            sender.run(stop, now=lambda: NOON)
        finally:
            connection.close()

    with post() as letters:
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 60
        while read.backlog(NOON).waiting and time.monotonic() < end:
            time.sleep(0.05)
        stop.set()
        for thread in threads:
            thread.join()
    keys = [letter.key for letter in letters.letters]
    assert len(keys) == len(set(keys)) == 2 * len(people)
    status = [row.status for row in read.notices(limit=100)]
    assert (status.count("sent"), status.count("suppressed")) == (12, 18)


KILLED = """
import os, signal, sys, threading, time
import django
django.setup()
from banyan.core.events import clock
from banyan.growth.journeys import sender
def hang(letter):
    open(sys.argv[1], "a").write(letter.key + "\\n")
    time.sleep(60)
sender.send = hang
sender.run(threading.Event(), now=clock.now)
"""


def test_who_is_killed_while_sending_leaves_it_to_another(installation: Installation) -> None:
    now = clock.now()
    number = acts.send_now(
        "sign_in_code",
        channel="email",
        to="ann@example.com",
        lang="en",
        values={"code": "1", "minutes": "10"},
        key="c",
        now=now,
    )
    seen = installation.home / "seen"
    environment = dict(installation.environment)
    environment["DJANGO_SETTINGS_MODULE"] = "banyan.site.settings"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(seen)], env=environment)
    try:
        end = time.monotonic() + 30
        while not seen.exists() or not seen.read_text():
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    with post() as letters:
        assert sent(clock.now()) == 0
        assert sent(clock.now() + claims.CLAIMED_FOR) == 1
    assert [letter.key for letter in letters.letters] == seen.read_text().split()
    assert said(number)[0] == "sent"


def test_a_fault_of_ours_is_tried_again_and_seen(installation: Installation) -> None:
    number = code()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender, "send", lambda letter: 1 / 0)
        sent()
    row = read.notice(number)
    assert (row.status, row.answer) == ("waiting", "a fault (ZeroDivisionError)")
    with post():
        assert sent(NOON + timedelta(minutes=1)) == 1


def test_a_sample_goes_whatever_the_rules_say(installation: Installation) -> None:
    night = NOON.replace(hour=23)
    with override_settings(NOTICES_A_DAY=0), post() as letters:
        number = acts.send_sample(
            "reward_arrived",
            channel="email",
            to="me@example.com",
            lang="zh-hans",
            key="t",
            now=night,
        )
        assert sent(night) == 1
    assert said(number)[0] == "sent"
    assert "20 元现金已经到您的账户" in letters.letters[0].text


def test_a_channel_that_is_not_set_up_is_a_failure_one_sees(installation: Installation) -> None:
    number = acts.send_now(
        "sign_in_code",
        channel="sms",
        to="13812345678",
        lang="zh-hans",
        values={"code": "1", "minutes": "10"},
        key="s",
        now=NOON,
    )
    with post() as letters:
        assert sent() == 0
    assert letters.letters == []
    assert said(number)[:2] == ("failed", "channel_not_set_up")


def test_the_company_is_told_of_leads_where_an_address_is_set(installation: Installation) -> None:
    lead = {"program": "spring", "advocate": "王芳", "key": "n1"}
    assert acts.announce_lead(**lead, now=NOON) is None
    owner = override_settings(OWNER_EMAIL="owner@example.com", LANGUAGE_CODE="zh-hans")
    with owner, post() as letters:
        assert acts.announce_lead(**lead, now=NOON) is not None
        sent()
    assert letters.told == [("lead_submitted", "email", "owner@example.com")]
    assert "王芳刚刚在「spring」中提交了一条推荐" in letters.letters[0].text


def test_what_is_told_of_somebody_goes_with_them(installation: Installation) -> None:
    known()
    known("bob")
    for user_id in ("ann", "bob"):
        tell(user_id)
    acts.set_preferences("ann", channels={"email": False}, now=NOON)
    assert acts.forget(["ann"]) == 1
    assert [row.user_id for row in read.notices()] == ["bob"]
    assert read.preferences("ann").is_email_on
