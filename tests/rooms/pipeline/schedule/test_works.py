"""What is done by the clock, on a real installation."""

from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.db import connection

from banyan.core.events import read as log
from banyan.insight.segments.worth import greatest
from banyan.pipeline import alarms
from banyan.pipeline.models import Message
from banyan.pipeline.outbox import acts
from banyan.pipeline.outbox.fanout import give_out
from banyan.pipeline.outbox.models import Delivery
from banyan.pipeline.schedule import read
from banyan.pipeline.schedule.runner import turn
from banyan.pipeline.schedule.works import WORKS
from banyan.pipeline.wait import cursor_position
from banyan.trust.privacy.acts import INVITATION_DAYS, close_request, open_request
from tests.rooms.pipeline.line import Line
from tests.rooms.pipeline.outbox.outboxes import ACTOR, add, write

pytestmark = pytest.mark.usefixtures("installation")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def _do_all(moment: datetime) -> None:
    for work in WORKS:
        turn(work, Event(), now=lambda: moment)


def test_a_night_on_an_empty_installation() -> None:
    _do_all(NOW)
    assert [run.ended_at for run in read.last_runs()] == [None] * len(WORKS)
    _do_all(NOW + timedelta(days=1))
    assert {run.name: run.result for run in read.last_runs()} == {
        "alarms": "0 new alarms and 0 that are over, told in 0 e-mails.",
        "amends": "0 corrections were looked at.",
        "figures": "0 figures, 0 on another side of their lines than before.",
        "purchases": "Purchases up to position 0 are taken in.",
        "segments": "0 segments were counted anew.",
        "payouts": "0 payouts were sent; 0 batches are under way.",
        "payouts_due": "0 batches of payouts are due today.",
        "tasks": "0 follow-ups, 0 stuck referrals, 0 moments to ask, 0 thanks, 0 disputes, "
        "0 verdicts, 0 late preparations became tasks.",
        "budgets": "0 budgets, 0 programs paused, 0 not judged as figures are being made again.",
        "close_exposure": "0 sketches of visitors of days that are over were destroyed.",
        "clean_alarms": "0 alarms closed long ago were removed.",
        "clean_notices": "0 old notices and 0 to erased contacts were removed, the words of 0 "
        "that were given up destroyed.",
        "clean_signing_in": "0 codes, links and devices past their time were removed.",
        "clean_replies": "0 replies kept for retries were old and removed.",
        "clean_webhooks": "0 deliveries and 0 messages were old and removed.",
        "expire_invitations": "Contacts of friends in 0 old invitations were destroyed.",
        "expire_nominations": "0 contacts that no friend confirmed in time were deleted.",
        "expiry_notices": "0 rewards that expire soon were announced.",
        "program_notices": "0 customers were told what changes in their programs.",
        "privacy_requests": "No privacy request is past its term.",
        "verify": "The log up to position 0 gives exactly the live tables "
        "(0 decisions, 0 transfers).",
    }
    assert alarms.raised() == []


def _verify(moment: datetime, stop: Event) -> bool:
    [verify] = [work for work in WORKS if work.name == "verify"]
    return turn(verify, stop, now=lambda: moment)


def test_a_difference_found_at_night_is_an_alarm_until_it_is_mended() -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    _verify(NOW, Event())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_balance SET amount = amount + 1 WHERE unit = 'points'")
        changed = cursor.rowcount
    assert _verify(NOW + timedelta(days=1), Event()) is True
    [alarm] = alarms.raised()
    assert alarm.kind == "job:verify"
    assert alarm.sentence == (
        f"verify: {changed} differences between the live tables and the log up to position "
        f"{cursor_position()}; run: banyan verify"
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_balance SET amount = amount - 1 WHERE unit = 'points'")
    assert _verify(NOW + timedelta(days=2), Event()) is True
    assert alarms.raised() == []


def test_verify_stops_with_its_process_and_stays_due() -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    _verify(NOW, Event())
    stopped = Event()
    stopped.set()
    assert _verify(NOW + timedelta(days=1), stopped) is False
    [run] = read.last_runs()
    assert (run.ended_at, run.due_at) == (None, datetime(2026, 5, 2, 3, 20, tzinfo=UTC))
    assert _verify(NOW + timedelta(days=1), Event()) is True


def test_what_was_spent_is_taken_in_each_minute() -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    [purchases] = [work for work in WORKS if work.name == "purchases"]
    turn(purchases, Event(), now=lambda: NOW)
    assert turn(purchases, Event(), now=lambda: NOW + timedelta(minutes=1)) is True
    assert [run.result for run in read.last_runs()] == ["Purchases up to position 8 are taken in."]
    [chain] = greatest("spring")
    assert (chain.top, chain.revenue) == ("ann", 8000)


def test_a_friends_contact_that_an_advocate_gave_is_not_kept_for_ever() -> None:
    line = Line()
    line.say("Referral Submitted", "ann", email="friend@example.com")
    line.work()
    [expire] = [work for work in WORKS if work.name == "expire_invitations"]
    given = line.now
    assert expire.do(given + timedelta(days=INVITATION_DAYS - 1), Event()) == (
        "Contacts of friends in 0 old invitations were destroyed."
    )
    assert log.after(0, 1)["sealed"].null_count() == 0
    assert expire.do(given + timedelta(days=INVITATION_DAYS + 1), Event()) == (
        "Contacts of friends in 1 old invitations were destroyed."
    )
    assert log.after(0, 1)["sealed"].null_count() == 1


def test_a_privacy_request_past_its_term_is_an_alarm_until_it_is_closed() -> None:
    line = Line()
    line.say("identify", "ann", traits={"email": "ann@example.com"})
    line.work()
    number = open_request(ACTOR, "export", "ann", now=NOW)
    [look] = [work for work in WORKS if work.name == "privacy_requests"]
    assert look.do(NOW + timedelta(days=20), Event()) == "No privacy request is past its term."
    turn(look, Event(), now=lambda: NOW)
    turn(look, Event(), now=lambda: NOW + timedelta(days=22))
    assert [alarm.sentence for alarm in alarms.raised()] == [
        f"privacy_requests: 1 past their term; the oldest is number {number}."
    ]
    close_request(ACTOR, number, is_refused=True, reason="asked twice", now=NOW)
    turn(look, Event(), now=lambda: NOW + timedelta(days=23))
    assert alarms.raised() == []


def test_old_messages_go_and_what_somebody_waits_for_stays() -> None:
    key, _ = add("https://hooks.example.com/")
    old = NOW - timedelta(days=91)
    gone, waiting, dead = write("decision.granted", "decision.held", "decision.denied", at=old)
    give_out(old)
    for message, status, at in ((gone, "delivered", old), (dead, "dead", NOW - timedelta(days=80))):
        Delivery.objects.filter(message=message).update(status=status, attempted_at=at)
    behind = write("wallet.spent", first=4, at=old)[0]
    recent = write("wallet.spent", first=5, at=NOW)[0]
    [clean] = [work for work in WORKS if work.name == "clean_webhooks"]
    assert clean.do(NOW, Event()) == "1 deliveries and 1 messages were old and removed."
    assert list(Message.objects.order_by("id")) == [waiting, dead, behind, recent]
    acts.change(ACTOR, key, now=NOW, is_active=False)
    assert clean.do(NOW, Event()) == "0 deliveries and 1 messages were old and removed."
    assert list(Message.objects.order_by("id")) == [waiting, dead, recent]
