"""An alarm that opens or is over is told once: to those it concerns, and to webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from threading import Event

import pytest
from django.apps import apps
from django.test import override_settings
from standardwebhooks import Webhook

from banyan.growth.journeys.models import Notice
from banyan.growth.journeys.providers import mail_provider
from banyan.insight.metrics.lines import OURS, draw
from banyan.pipeline.alarm_news import sends_mail, tell
from banyan.pipeline.alarms import close, raise_alarm
from banyan.pipeline.figures import watch
from banyan.pipeline.models import Alarm, Message
from banyan.pipeline.outbox import read
from banyan.pipeline.schedule.runner import turn
from banyan.pipeline.schedule.works import WORKS
from banyan.trust.staff import acts
from tests.installation import Installation
from tests.rooms.growth.journeys.mailserver import mail_server
from tests.rooms.growth.journeys.people import post, sent
from tests.rooms.pipeline.line import Line
from tests.rooms.pipeline.outbox.outboxes import add, sending
from tests.rooms.pipeline.outbox.receivers import receiver

pytestmark = pytest.mark.usefixtures("installation")
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def settings_of_tests() -> Iterator[None]:
    """A mail server is set up; receivers of webhooks stand on this machine."""
    with override_settings(
        EMAIL_PROVIDER=mail_provider("smtp://127.0.0.1:9"),
        WEBHOOKS_ALLOW_PRIVATE=True,
        COMPANY="Green Leaf",
        BASE_URL="https://refer.example.com",
        OPERATOR_TIME_ZONE="Asia/Shanghai",
    ):
        yield


def hired(email: str, *roles: str, password: str | None = "correct horse battery") -> int:
    return acts.add("system", email, roles=roles, password=password, now=NOW).id


def staff() -> None:
    """An admin, two of finance of whom one does growth too, one of growth; and who gets nothing."""
    hired("ada@example.com", "admin")
    hired("fay@example.com", "finance")
    hired("gus@example.com", "growth")
    hired("both@example.com", "growth", "finance")
    hired("sam@example.com", "sales")
    hired("new@example.com", "admin", "finance", password=None)
    acts.set_active("system", hired("left@example.com", "finance"), is_active=False, now=NOW)


def told(now: datetime = NOW) -> dict[str, tuple[str, str]]:
    """What is told now, by address: the subject and the text."""
    with post() as letters:
        tell(now, Event())
        sent(now)
    assert len({one.to for one in letters.letters}) == len(letters.letters)
    return {one.to: (one.title, one.text) for one in letters.letters}


def test_an_alarm_is_mailed_to_the_admins_once_when_it_opens_and_once_when_it_is_over() -> None:
    staff()
    nothing = "0 new alarms and 0 that are over, told in 0 e-mails."
    raise_alarm("verify", "Two rows differ.", now=NOW)
    with (
        mail_server() as server,
        override_settings(EMAIL_PROVIDER=mail_provider(f"smtp://127.0.0.1:{server.port}")),
    ):
        assert tell(NOW, Event()) == "1 new alarms and 0 that are over, told in 1 e-mails."
        raise_alarm("verify", "Three rows differ.", now=NOW + MINUTE)  # seen again
        assert tell(NOW + MINUTE, Event()) == nothing
        sent(NOW + MINUTE)
        [message] = server.messages
        close("verify", now=NOW + 5 * MINUTE)
        assert tell(NOW + 6 * MINUTE, Event()) == (
            "0 new alarms and 1 that are over, told in 1 e-mails."
        )
        assert tell(NOW + 7 * MINUTE, Event()) == nothing
        sent(NOW + 8 * MINUTE)
        _, end = server.messages
    assert (message["To"], message["Subject"]) == (
        "ada@example.com",
        "Alarms at Green Leaf · 1 new",
    )
    assert message.get_content().splitlines() == [
        "Hello,",
        "",
        "Somebody should look at this:",
        "",
        "- 2026-03-02 20:00 Two rows differ.",
        "",
        "All alarms that stand are on the board: https://refer.example.com/console/",
        "",
        "You get this because of your role in the console of Green Leaf. Each alarm is told once "
        "when it opens and once when it is over.",
    ]
    assert (end["To"], end["Subject"]) == ("ada@example.com", "Alarms at Green Leaf · 1 over")
    assert end.get_content().splitlines()[2:7] == [
        "This is over:",
        "",
        "- 2026-03-02 20:00 – 2026-03-02 20:05 Two rows differ.",
        "",
        "All alarms that stand are on the board: https://refer.example.com/console/",
    ]


def test_an_alarm_goes_to_everybody_of_the_role_it_is_raised_for_and_to_nobody_else() -> None:
    staff()
    raise_alarm("budget:spring", "It is used up.", now=NOW, role="finance")
    assert told().keys() == {"fay@example.com", "both@example.com"}
    close("budget:spring", now=NOW)
    assert told().keys() == {"fay@example.com", "both@example.com"}
    # Nobody has the role, so those are told who may give it to somebody.
    raise_alarm("other", "It is late.", now=NOW, role="legal")
    assert told().keys() == {"ada@example.com"}


def test_many_alarms_at_once_make_one_mail_with_what_concerns_its_reader() -> None:
    staff()
    raise_alarm("old", "Old.", now=NOW - MINUTE, role="finance")
    told()
    close("old", now=NOW)
    raise_alarm("a", "First.", now=NOW, role="finance")
    raise_alarm("b", "Second.", now=NOW, role="growth")
    raise_alarm("c", "Third.", now=NOW, role="finance")
    found = told()
    assert {to: title for to, (title, _) in found.items()} == {
        "fay@example.com": "Alarms at Green Leaf · 2 new · 1 over",
        "both@example.com": "Alarms at Green Leaf · 3 new · 1 over",
        "gus@example.com": "Alarms at Green Leaf · 1 new",
    }
    at = "- 2026-03-02 20:00"
    assert f"\n{at} First.\n{at} Second.\n{at} Third.\n" in found["both@example.com"][1]
    assert f"\n{at} First.\n{at} Third.\n" in found["fay@example.com"][1]
    assert "- 2026-03-02 19:59 – 2026-03-02 20:00 Old." in found["fay@example.com"][1]
    assert [line for line in found["gus@example.com"][1].splitlines() if line[:1] == "-"] == [
        f"{at} Second."
    ]


def test_one_that_opens_anew_with_another_sentence_is_told_as_new_and_not_as_over() -> None:
    staff()
    raise_alarm("line:spring:nps", "Yellow.", now=NOW)
    told()
    close("line:spring:nps", now=NOW + MINUTE)
    raise_alarm("line:spring:nps", "Red.", now=NOW + MINUTE)
    [(title, text)] = told(NOW + MINUTE).values()
    assert title == "Alarms at Green Leaf · 1 new"
    assert ("Red." in text, "Yellow." in text) == (True, False)


def test_one_that_was_over_before_it_was_told_is_told_as_over_alone() -> None:
    staff()
    raise_alarm("verify", "Two rows differ.", now=NOW)
    close("verify", now=NOW + MINUTE)
    [(title, _)] = told(NOW + MINUTE).values()
    assert title == "Alarms at Green Leaf · 1 over"
    assert told(NOW + 2 * MINUTE) == {}


@override_settings(LANGUAGE_CODE="zh-hans", COMPANY="绿叶生活")
def test_mails_are_in_the_language_of_the_installation() -> None:
    staff()
    raise_alarm(
        "follow_ups",
        "3 new referrals were not followed up in time; see the tasks.",
        now=NOW,
        role="growth",
    )
    title, text = told()["gus@example.com"]
    assert title == "绿叶生活告警 · 新增 1 项"
    assert text.splitlines() == [
        "您好，",
        "",
        "以下情况需要处理：",
        "",
        "- 2026-03-02 20:00 有 3 个新推荐没有及时跟进；请查看任务。",
        "",
        "看板上列有全部未解除的告警：https://refer.example.com/console/",
        "",
        "您收到此邮件，是因为您在绿叶生活控制台中的岗位。每项告警只在出现时和解除时各通知一次。",
    ]


def test_without_a_mail_server_nothing_is_sent_or_kept_and_nothing_breaks(
    installation: Installation,
) -> None:
    staff()
    with override_settings(EMAIL_PROVIDER=None):
        assert not sends_mail()
        raise_alarm("verify", "Two rows differ.", now=NOW)
        [work] = [one for one in WORKS if one.name == "alarms"]
        turn(work, Event(), now=lambda: NOW)
        assert turn(work, Event(), now=lambda: NOW + MINUTE)
        assert Notice.objects.count() == 0
        assert Alarm.objects.get().opening_told_at == NOW + MINUTE
    # Nor is the past poured out once there is one.
    assert sends_mail()
    assert told(NOW + 2 * MINUTE) == {}


def test_a_member_whose_address_no_mail_can_go_to_holds_up_nobody() -> None:
    acts.add("system", "ada@localhost", roles=["admin"], password="correct horse", now=NOW)
    hired("bea@example.com", "admin")
    raise_alarm("verify", "Two rows differ.", now=NOW)
    assert told().keys() == {"bea@example.com"}


def test_a_figure_that_crosses_its_line_is_told_to_its_owner() -> None:
    staff()
    line = Line()
    line.publish()
    line.story()
    line.work()
    draw("", "conversion", OURS["conversion"])
    watch(NOW, Event())
    assert told() == {}
    for number in range(30):
        line.say("Referral Link Clicked", anonymousId=f"v{number}", code="ANN")
    line.work()
    watch(NOW, Event())
    found = told()
    assert "The figure `acceptance` of spring is 0.0625" in found["gus@example.com"][1]
    rows = {row.kind: row.role for row in Alarm.objects.all()}
    assert rows["line:spring:acceptance"] == OURS["acceptance"].owner == "growth"
    assert "ada@example.com" not in found
    assert "sam@example.com" not in found
    assert told() == {}


def test_webhooks_are_told_of_both_and_can_check_the_signature() -> None:
    with receiver() as one, receiver() as other, sending():
        key, secret = add(one.url, "alarm.opened", "alarm.closed")
        add(other.url, "decision.*")
        raise_alarm("verify", "Two rows differ.", now=NOW)
        tell(NOW, Event())
        one.wait_for(1)
        close("verify", now=NOW + MINUTE)
        tell(NOW + MINUTE, Event())
        tell(NOW + 2 * MINUTE, Event())
        one.wait_for(2)
    assert one.types == ["alarm.opened", "alarm.closed"]
    bodies = [Webhook(secret).verify(body, headers) for headers, body in one.got]
    since = {
        "kind": "verify",
        "sentence": "Two rows differ.",
        "since": "2026-03-02T12:00:00.000000Z",
    }
    assert [body["data"] for body in bodies] == [
        since,
        since | {"until": "2026-03-02T12:01:00.000000Z"},
    ]
    assert other.got == []
    assert [one.topic for one in read.deliveries(key)] == ["alarm.closed", "alarm.opened"]


def test_no_message_is_written_while_nobody_has_a_webhook() -> None:
    raise_alarm("verify", "Two rows differ.", now=NOW)
    tell(NOW, Event())
    assert Message.objects.count() == 0


def test_what_was_over_before_alarms_were_told_stays_untold() -> None:
    raise_alarm("past", "Past.", now=NOW)
    close("past", now=NOW + MINUTE)
    raise_alarm("stands", "It stands.", now=NOW)
    hired("ada@example.com", "admin")
    import_module("banyan.pipeline.migrations.0002_alarm_news").leave_what_is_over(apps, None)
    [(title, text)] = told().values()
    assert title == "Alarms at Green Leaf · 1 new"
    assert "It stands." in text
