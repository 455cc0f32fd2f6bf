"""Whether, by which way and when a person may be written to: the refused beside the allowed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings

from banyan.growth.journeys import acts, read
from banyan.growth.journeys.acts import BadPreference
from banyan.growth.journeys.kinds import Channel
from banyan.growth.journeys.providers import Provider
from banyan.growth.journeys.rules import quiet_end
from banyan.pipeline.links import make_link
from banyan.trust.privacy.acts import erase_customer, merge_customers
from tests.installation import Installation
from tests.rooms.growth.journeys.people import NOON, known, post, sent, tell
from tests.rooms.pipeline.line import Line

SMS = Provider(
    "twilio", "https://api.twilio.com", "AC1", "t", options={"country": "1", "from": "+1"}
)
WECHAT = Provider("wechat", "https://api.weixin.qq.com", "wx1", "s", options={})


def said(number: int) -> tuple[str, str, dict[str, str]]:
    """Status, reason and refusals of a notice."""
    row = read.notice(number)
    return row.status, row.reason, dict(row.refusals)


@pytest.mark.parametrize(
    ("consents", "refusal"),
    [
        (("program.spring",), None),
        (("terms",), None),
        (("notices",), None),
        ((), "no_consent"),
        (("program.autumn",), "no_consent"),
        (("marketing",), "no_consent"),
    ],
)
def test_who_has_not_said_yes_is_not_written_to(
    installation: Installation, consents: tuple[str, ...], refusal: str | None
) -> None:
    known("ann", consents)
    with post() as letters:
        number = tell()
        sent()
    if refusal is None:
        assert letters.told == [("reward_arrived", "email", "ann@example.com")]
        assert said(number) == ("sent", "", {})
    else:
        assert letters.told == []
        assert said(number) == ("suppressed", "no_channel", {"email": refusal})


@pytest.mark.parametrize(
    ("purpose", "arrived", "joined"),
    [
        ("notices", False, False),
        ("notices.email", False, False),
        ("notices.rewards", False, True),
        ("notices.email.progress", True, False),
        ("notices.sms", True, True),
        ("marketing", True, True),
        ("", False, False),
    ],
)
def test_a_no_counts_for_what_it_names(
    installation: Installation, purpose: str, arrived: bool, joined: bool
) -> None:
    line = known()
    line.say("Consent Withdrawn", "ann", **({"purpose": purpose} if purpose else {}))
    line.work()
    with post() as letters:
        numbers = [tell(), tell(kind="friend_joined")]
        sent()
    told = {kind for kind, _, _ in letters.told}
    assert ("reward_arrived" in told, "friend_joined" in told) == (arrived, joined)
    for number, was_sent in zip(numbers, (arrived, joined), strict=True):
        wanted = (
            ("sent", "", {}) if was_sent else ("suppressed", "no_channel", {"email": "opted_out"})
        )
        assert said(number) == wanted


def test_a_yes_after_a_no_to_everything_counts_again(installation: Installation) -> None:
    line = known()
    line.say("Consent Withdrawn", "ann")
    line.say("Consent Given", "ann", purpose="program.spring")
    line.work()
    with post() as letters:
        tell()
        sent()
    assert len(letters.told) == 1


def test_a_notice_is_in_the_inbox_whatever_is_sent(installation: Installation) -> None:
    known("ann", ())
    tell()
    assert [(one.title, one.text) for one in read.inbox("ann")] == [
        ("Your reward has arrived: $20", "You have received $20.")
    ]


@override_settings(SMS_PROVIDER=SMS, WECHAT_PROVIDER=WECHAT)
def test_the_first_way_that_is_open_is_taken(installation: Installation) -> None:
    known(phone="+447700900123", wechat_openid="oABC123")
    order: tuple[tuple[Channel, str], ...] = (
        ("wechat", "oABC123"),
        ("email", "ann@example.com"),
        ("sms", "+447700900123"),
    )
    for turn, (channel, address) in enumerate(order):
        with post() as letters:
            number = tell(key=f"k{turn}", now=NOON + timedelta(days=turn))
            sent(NOON + timedelta(days=turn))
        assert letters.told == [("reward_arrived", channel, address)]
        assert said(number) == ("sent", "", dict.fromkeys([one for one, _ in order[:turn]], "off"))
        acts.set_preferences("ann", channels={channel: False}, now=NOON)
    with post() as letters:
        number = tell(key="none")
        sent()
    assert letters.told == []
    assert said(number)[2] == {"wechat": "off", "email": "off", "sms": "off"}


def test_what_is_no_address_is_none(installation: Installation) -> None:
    known(email="not an address")
    with post() as letters:
        number = tell()
        sent()
    assert letters.told == []
    assert said(number) == ("suppressed", "no_channel", {"email": "no_address"})


@pytest.mark.parametrize("who", ["nobody", "erased", "gone and back", "merged"])
def test_who_is_not_there_any_more(installation: Installation, who: str) -> None:
    line = known()
    if who in ("erased", "gone and back"):
        erase_customer("ada", "ann", reason="asked", now=line.now)
    if who == "gone and back":
        line.say("identify", "ann", traits={"email": "new@example.com"})
        line.say("Consent Given", "ann", purpose="program.spring")
        line.say("identify", "ann", traits={"email": "new@example.com"})
    if who == "merged":
        other = known("bob")
        other.say("Consent Given", "bob", purpose="program.spring")
        merge_customers("ada", "ann", "bob", reason="the same", now=other.now)
    line.work()
    user_id = "nobody" if who == "nobody" else "ann"
    with post() as letters:
        number = tell(user_id)
        sent()
    wanted = {"gone and back": "new@example.com", "merged": "bob@example.com"}
    assert [to for _, _, to in letters.told] == ([wanted[who]] if who in wanted else [])
    if who not in wanted:
        assert said(number)[:2] == ("suppressed", "unknown_person")
    if who == "merged":
        assert [one.number for one in read.inbox("bob")] == [number]


@pytest.mark.parametrize(
    ("now", "start", "end", "zone", "until"),
    [
        ("2026-03-02T20:59", "21:00", "09:00", "UTC", None),
        ("2026-03-02T21:00", "21:00", "09:00", "UTC", "2026-03-03T09:00"),
        ("2026-03-03T08:59", "21:00", "09:00", "UTC", "2026-03-03T09:00"),
        ("2026-03-03T09:00", "21:00", "09:00", "UTC", None),
        ("2026-03-02T13:30", "21:00", "09:00", "Asia/Shanghai", "2026-03-03T01:00"),
        ("2026-03-02T13:30", "13:00", "14:00", "UTC", "2026-03-02T14:00"),
        ("2026-03-02T14:00", "13:00", "14:00", "UTC", None),
        ("2026-03-02T03:00", "00:00", "00:00", "UTC", None),
        # The night in which New York's clocks go forward at 2: the hour that ends it is there.
        ("2026-03-08T04:00", "21:00", "09:00", "America/New_York", "2026-03-08T13:00"),
        # There is no 2:30 in that night; what waits for it waits till what it would have been.
        ("2026-03-08T06:30", "01:00", "02:30", "America/New_York", "2026-03-08T07:30"),
    ],
)
def test_quiet_hours_by_the_readers_clock(
    now: str, start: str, end: str, zone: str, until: str | None
) -> None:
    found = quiet_end(
        datetime.fromisoformat(now).replace(tzinfo=UTC),
        time.fromisoformat(start),
        time.fromisoformat(end),
        ZoneInfo(zone),
    )
    assert found == (datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None)


def test_what_comes_in_quiet_hours_waits_for_their_end(installation: Installation) -> None:
    known(timezone="Asia/Shanghai")
    evening = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)  # half past nine there
    morning = datetime(2026, 3, 3, 1, tzinfo=UTC)
    with post() as letters:
        number = tell(now=evening)
        code = acts.send_now(
            "sign_in_code",
            channel="email",
            to="ann@example.com",
            lang="en",
            values={"code": "1", "minutes": "10"},
            key="c",
            now=evening,
        )
        assert sent(evening) == 1
        assert said(number) == ("waiting", "quiet_hours", {})
        assert read.notice(number).next_at == morning
        assert said(code)[0] == "sent"
        assert sent(morning - timedelta(minutes=1)) == 0
        assert sent(morning) == 1
    assert [kind for kind, _, _ in letters.told] == ["sign_in_code", "reward_arrived"]


def test_a_person_sets_hours_and_zone(installation: Installation) -> None:
    known(timezone="Asia/Shanghai")
    row = acts.set_preferences("ann", quiet_hours=(time(12), time(13)), timezone="UTC", now=NOON)
    assert (row.quiet_from, row.quiet_until, row.timezone) == (time(12), time(13), "UTC")
    with post():
        number = tell()
        sent()
        assert read.notice(number).next_at == NOON + timedelta(hours=1)
        acts.set_preferences("ann", quiet_hours=(time(0), time(0)), now=NOON)
        tell(key="k2")
        assert sent() == 1
    with pytest.raises(BadPreference, match="Mars/Olympus"):
        acts.set_preferences("ann", timezone="Mars/Olympus", now=NOON)
    assert read.preferences("ann").timezone == "UTC"


def test_nobody_is_written_to_more_than_the_caps_allow(installation: Installation) -> None:
    known()
    found = []
    with post():
        for day in range(4):
            for turn in range(3):
                at = NOON + timedelta(days=day, minutes=turn)
                number = tell(key=f"{day}/{turn}", now=at)
                sent(at)
                found.append(said(number)[:2])
    two, third = ("sent", ""), ("suppressed", "cap_day")
    week = ("suppressed", "cap_week")
    assert found == [two, two, third] * 2 + [two, week, week] + [week] * 3
    with post() as letters:
        tell(key="later", now=NOON + timedelta(days=7, minutes=1))
        assert sent(NOON + timedelta(days=7, minutes=1)) == 1
        assert len(letters.told) == 1


def test_what_matters_more_goes_first(installation: Installation) -> None:
    known()
    with override_settings(NOTICES_A_DAY=1), post() as letters:
        less, more = tell(kind="friend_joined"), tell(kind="reward_arrived")
        sent()
    assert [kind for kind, _, _ in letters.told] == ["reward_arrived"]
    assert (said(more)[0], said(less)[:2]) == ("sent", ("suppressed", "cap_day"))


def test_caps_count_each_person_alone_and_codes_not_at_all(installation: Installation) -> None:
    known()
    known("bob")
    with override_settings(NOTICES_A_DAY=1), post() as letters:
        for key in ("c1", "c2"):
            acts.send_now(
                "sign_in_code",
                channel="email",
                to="ann@example.com",
                lang="en",
                values={"code": "1"},
                key=key,
                now=NOON,
            )
        tell("ann")
        tell("bob")
        sent()
    assert len(letters.told) == 4


def test_texts_speak_to_one_person_in_their_language(installation: Installation) -> None:
    line = Line()
    line.publish()
    traits = {"email": "w@example.com", "firstName": "芳", "name": "王芳", "locale": "zh-CN"}
    line.say("identify", "ann", traits=traits)
    line.say("Consent Given", "ann", purpose="program.spring")
    make_link("ada", program="spring", advocate="ann", code="FANG2", now=line.now)
    line.work()
    with post() as letters:
        tell()
        sent()
    [letter] = letters.letters
    assert letter.language == "zh-hans"
    assert letter.title == "奖励到账：$20"
    assert letter.text.startswith("芳，您好！\n\n好消息：$20 已经到您的账户。")
    assert "把您的专属链接发给对方就好：\nhttp://localhost:8000/r/FANG2" in letter.text
    assert letter.optout_link.startswith("http://localhost:8000/n/")
