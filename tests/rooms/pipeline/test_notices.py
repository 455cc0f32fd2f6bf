"""What the line decides becomes what people are told: who, what, in which words, and who is not."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings

from banyan.core.ledger.read import balances
from banyan.core.referrals.read import DecisionRow, decisions
from banyan.growth.journeys import acts, read
from banyan.growth.journeys.models import Place
from banyan.growth.journeys.reminders import ReminderClosed
from banyan.growth.leads.acts import decline, nominate
from banyan.growth.leads.contact import Given
from banyan.pipeline import notices
from banyan.trust.privacy.acts import erase_customer
from tests.installation import Installation
from tests.rooms.growth.journeys.people import post, sent
from tests.rooms.pipeline.line import Line

PROGRAM = """
program: spring
version: 1
title: {en: "Give 20, get 20", zh-hans: "送 20 得 20"}
currency: CNY
attribution:
  window: 30d
  prefer: [code, click]
  joins_on: [Signed Up]
milestones:
  bought: {on: Order Completed, where: "total >= 50", within: 60d}
rewards:
  thanks:
    {to: advocate, on: bought, give: cash, amount: 20.00, hold: 14d, expires: 60d,
     caps: [{per: advocate, count: 2}]}
  welcome: {to: friend, on: bought, give: points, amount: 100}
risk:
  - {id: burst, when: "friends_24h > 3", then: hold}
  - {id: twins, when: "same_device", then: reject}
"""

Told = list[tuple[str, str]]


class Story(Line):
    """Ann recommends; the notices follow."""

    def __init__(self, source: str = PROGRAM) -> None:
        super().__init__()
        self.publish(source)
        self.enrol("ann", name="王芳", locale="zh-CN")
        self.say("Referral Link Created", "ann", code="ANN1", program="spring")

    def enrol(self, user_id: str, **traits: object) -> None:
        """A customer who takes part."""
        self.say("identify", user_id, traits={"email": f"{user_id}@example.com"} | traits)
        self.say("Consent Given", user_id, purpose="program.spring")

    def join(self, user_id: str, **more: object) -> None:
        """A friend by Ann's code."""
        self.enrol(user_id, name="张三")
        self.say("Signed Up", user_id, referral_code="ANN1", **more)

    def tell(self) -> None:
        """Decide and tell all."""
        self.work()
        while notices.catch_up(self.now):
            pass

    def told(self, user_id: str) -> Told:
        """Kinds and texts in the inbox, the oldest first, and mark them read."""
        self.tell()
        fresh = [item for item in read.inbox(user_id, limit=100) if not item.is_read]
        acts.mark_read(user_id, now=self.now)
        return [(item.kind, item.text) for item in reversed(fresh)]


def test_an_advocate_hears_of_each_step_and_of_what_is_missing(installation: Installation) -> None:
    story = Story()
    story.join("bob")
    assert story.told("ann") == [
        (
            "friend_joined",
            "您推荐的张*已加入，还差 1 笔满 ¥50 的消费即可解锁奖励（2026 年 4 月 30 日前有效）。",
        )
    ]
    assert story.told("bob") == [
        (
            "welcome_friend",
            "Welcome! 王* recommended us to you. Still missing: 1 order of CN¥50 or more until the "
            "reward (by April 30, 2026).",
        )
    ]
    story.say("Order Completed", "bob", order_id="1", total=10, currency="CNY")
    assert story.told("ann") == [
        (
            "thanks_advocate",
            "您推荐的张*完成了首次消费，谢谢您的推荐。"
            "还差 1 笔满 ¥50 的消费即可解锁奖励（2026 年 4 月 30 日前有效）。",
        )
    ]
    story.say("Order Completed", "bob", order_id="2", total=60, currency="CNY")
    assert story.told("ann") == [
        ("step_reached", "您推荐的张*再次消费。"),
        (
            "reward_pending",
            "您获得了现金 ¥20.00，预计 2026 年 3 月 15 日到账。您推荐的张*完成了消费。",
        ),
    ]
    assert story.told("bob") == [
        ("reward_arrived", "You have received 100 points, because you have made a purchase.")
    ]
    story.now += timedelta(days=14)
    story.say("Clock Ticked", anonymousId="clock")
    assert story.told("ann") == [
        (
            "reward_arrived",
            "现金 ¥20.00 已到账。您推荐的张*完成了消费。有效期至 2026 年 5 月 14 日。",
        )
    ]
    story.say("Order Refunded", "bob", order_id="2")
    assert story.told("ann") == [
        (
            "reversed",
            "现金 ¥20.00 已收回：对应的订单已退款。"
            "对结果有疑问，可以申请复核：http://localhost:8000/me/disputes/",
        )
    ]
    assert story.told("ann") == []


def test_of_what_happens_at_one_moment_one_message_goes_out(installation: Installation) -> None:
    story = Story()
    story.join("bob")
    story.say("Order Completed", "bob", order_id="1", total=60, currency="CNY")
    story.tell()
    noon = story.now + timedelta(hours=3)
    with post() as letters, override_settings(NOTICES_A_DAY=9):
        sent(noon)
    assert sorted((kind, to.partition("@")[0]) for kind, _, to in letters.told) == [
        ("friend_joined", "ann"),
        ("reward_arrived", "bob"),
        ("reward_pending", "ann"),
        ("welcome_friend", "bob"),
    ]
    [row] = read.notices(kind="thanks_advocate")
    assert (row.status, row.reason) == ("suppressed", "told_together")
    pending = next(one for one in letters.letters if one.kind == "reward_pending")
    assert pending.title == "您有一笔奖励：现金 ¥20.00"
    assert "http://localhost:8000/r/ANN1" in pending.text


def test_a_held_reward_waits_for_a_person(installation: Installation) -> None:
    story = Story()
    for number in range(5):
        story.join(f"f{number}")
    story.tell()
    story.told("ann")
    for user_id in ("f3", "f4"):
        story.say("Order Completed", user_id, order_id=user_id, total=60, currency="CNY")
    held = [text for kind, text in story.told("ann") if kind == "reward_pending"]
    assert held == ["您获得了现金 ¥20.00，待人工审核通过后到账。您推荐的张*完成了消费。"] * 2
    ids = [row.decision_id for row in _decisions("ann")]
    story.say("Decision Released", anonymousId="ada", decision_id=ids[1])
    story.say("Decision Denied", anonymousId="ada", decision_id=ids[0])
    assert story.told("ann") == [
        (
            "reward_pending",
            "您获得了现金 ¥20.00，预计 2026 年 3 月 15 日到账。您推荐的张*完成了消费。",
        ),
        (
            "refused",
            "这一次没有奖励：经人工审核，未予通过。"
            "对结果有疑问，可以申请复核：http://localhost:8000/me/disputes/",
        ),
    ]


def test_who_gets_nothing_hears_why(installation: Installation) -> None:
    story = Story()
    for number in range(3):
        story.join(f"f{number}")
        story.say("Order Completed", f"f{number}", order_id=str(number), total=60, currency="CNY")
    story.say("Signed Up", "ann", referral_code="ANN1")
    story.join("gone")
    story.say("Referral Declined", "gone", program="spring")
    refused = [text.partition("。")[0] for kind, text in story.told("ann") if kind == "refused"]
    assert refused == [
        "这一次没有奖励：已达到每人可得的上限",
        "这一次没有奖励：不能推荐自己",
        "这一次没有奖励：对方谢绝了邀请",
    ]


def test_a_check_against_abuse_is_told_once_to_each(installation: Installation) -> None:
    story = Story()
    story.say("Signed Up", "ann", anonymousId="web-1")
    story.enrol("eve")
    story.say("Signed Up", "eve", anonymousId="web-1", referral_code="ANN1")
    story.say("Order Completed", "eve", order_id="1", total=60, currency="CNY")
    refused = [kind for kind, _ in story.told("ann")].count("refused")
    assert refused == 1
    assert [text for kind, text in story.told("eve") if kind == "refused"] == [
        "There is no reward this time: a check against abuse did not pass. If you think this is "
        "wrong, have it looked at: http://localhost:8000/me/disputes/"
    ]


def test_who_did_not_take_part_is_told_nothing(installation: Installation) -> None:
    story = Story()
    story.say("identify", "bob", traits={"email": "bob@example.com"})
    story.say("Signed Up", "bob", referral_code="ANN1")
    story.say("Order Completed", "bob", order_id="1", total=60, currency="CNY")
    assert story.told("bob") == []
    assert [kind for kind, _ in story.told("ann")] == [
        "friend_joined",
        "thanks_advocate",
        "reward_pending",
    ]


def test_old_events_tell_nobody_anything(installation: Installation) -> None:
    story = Story()
    story.join("bob")
    story.say("Order Completed", "bob", order_id="1", total=60, currency="CNY")
    story.work()
    later = story.now + timedelta(hours=73)
    while notices.catch_up(later):
        pass
    assert (read.notices(), acts.place()) == ([], 7)
    story.now = later
    story.join("cid")
    assert [kind for kind, _ in story.told("ann")] == ["friend_joined"]


def test_nothing_is_told_twice_and_nothing_left_out(installation: Installation) -> None:
    story = Story()
    for number in range(3):
        story.join(f"f{number}")
        story.say("Order Completed", f"f{number}", order_id=str(number), total=60, currency="CNY")
    story.work()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notices, "MOST", 1)
        while notices.catch_up(story.now):
            pass
    singly = sorted(row.kind for row in read.notices(limit=100))
    Place.objects.update(position=0)
    while notices.catch_up(story.now):
        pass
    assert sorted(row.kind for row in read.notices(limit=100)) == singly
    for user_id in ("ann", "f0", "f1", "f2"):
        acts.forget([user_id])
    Place.objects.update(position=0)
    while notices.catch_up(story.now):
        pass
    assert sorted(row.kind for row in read.notices(limit=100)) == singly
    assert singly.count("friend_joined") == singly.count("welcome_friend") == 3


def test_two_that_follow_the_line_tell_once(installation: Installation) -> None:
    story = Story()
    for number in range(8):
        story.join(f"f{number}")
    story.work()
    stop = threading.Event()

    def follow() -> None:
        try:
            while not stop.is_set():
                notices.catch_up(story.now)
        finally:
            connection.close()

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    while acts.place() < 2 + 1 + 8 * 3:
        pass
    stop.set()
    for thread in threads:
        thread.join()
    kinds = [row.kind for row in read.notices(limit=100)]
    assert (kinds.count("friend_joined"), kinds.count("welcome_friend")) == (8, 8)


def test_erasure_removes_what_was_told(installation: Installation) -> None:
    story = Story()
    story.join("bob")
    story.tell()
    assert [row.user_id for row in read.notices()] == ["bob", "ann"]
    erase_customer("ada", "bob", reason="asked", now=story.now)
    story.tell()
    assert [row.user_id for row in read.notices()] == ["ann"]
    # What Ann was told names nobody any more.
    [item] = read.inbox("ann")
    assert item.title == "您推荐的朋友已加入"


def test_a_friend_who_agreed_is_shown_by_name(installation: Installation) -> None:
    story = Story()
    story.join("bob")
    story.tell()
    story.say("Consent Given", "bob", purpose="name_shown")
    story.tell()
    assert read.inbox("ann")[0].title == "您推荐的张三已加入"


def test_what_expires_is_told_a_week_and_a_day_before(installation: Installation) -> None:
    story = Story()
    story.join("bob")
    story.say("Order Completed", "bob", order_id="1", total=60, currency="CNY")
    story.now += timedelta(days=14)
    story.say("Clock Ticked", anonymousId="clock")
    story.tell()
    available = next(row for row in _decisions("ann")).available_at
    assert available is not None
    end = available + timedelta(days=60)
    story.say("Wallet Spent", "ann", unit="cash CNY", amount=500, reference="s1")
    story.tell()
    story.told("ann")
    assert [row.available for row in balances("ann")] == [1500]
    told = [
        notices.tell_of_expiry(end - timedelta(days=days, minutes=1)) for days in (9, 7, 6, 1, 0)
    ]
    assert told == [0, 0, 1, 0, 1]
    assert notices.tell_of_expiry(end - timedelta(days=6, minutes=1)) == 1  # the same again
    items = read.inbox("ann", now=end - timedelta(hours=30))
    assert [(item.kind, item.text) for item in items if not item.is_read] == [
        ("reward_expiring", "您有现金 ¥15.00 将于 2026 年 5 月 14 日到期，还剩 1 天。")
    ] * 2


def test_a_top_up_that_lapses_is_told_of_like_a_reward(installation: Installation) -> None:
    story = Story()
    end = story.now + timedelta(days=30)
    story.enrol("cid")
    story.say("identify", "dan", traits={"email": "dan@example.com"})  # takes part in nothing
    for user in ("ann", "cid", "dan"):
        story.say(
            "Wallet Credited",
            user,
            unit="cash CNY",
            amount=2_000,
            reference="card-1",
            expires_at=end.isoformat(),
        )
    story.say("Wallet Credited", "ann", unit="cash CNY", amount=700, reference="for-ever")
    story.say("Wallet Spent", "ann", unit="cash CNY", amount=500, reference="s1")
    story.say("Wallet Spent", "cid", unit="cash CNY", amount=2_000, reference="s2")
    story.tell()
    story.told("ann")
    story.told("cid")
    told = [
        notices.tell_of_expiry(end - timedelta(days=days, minutes=1)) for days in (9, 7, 6, 1, 0)
    ]
    assert told == [0, 0, 1, 0, 1]
    items = read.inbox("ann", now=end - timedelta(hours=30))
    assert [(item.kind, item.text) for item in items if not item.is_read] == [
        ("reward_expiring", "您有现金 ¥15.00 将于 2026 年 3 月 31 日到期，还剩 1 天。")
    ] * 2
    assert [one for one in read.inbox("cid", now=end) if not one.is_read] == []
    assert read.inbox("dan", now=end) == []


def test_the_friend_of_a_lead_is_reminded_while_nobody_has_answered(
    installation: Installation,
) -> None:
    story = Story()
    story.tell()
    lead = nominate(
        program="spring",
        advocate="ann",
        contact=Given("email", "dan@example.com"),
        name="",
        statement="friend-agreed-1",
        channel="form",
        language="zh-hans",
        known=(),
        days=14,
        now=story.now,
    )
    assert lead.link is not None
    day3 = story.now + timedelta(days=3, hours=3)
    with pytest.raises(ReminderClosed, match="A reminder can be sent from"):
        notices.remind("ann", lead.number, now=story.now + timedelta(days=2))
    with pytest.raises(ReminderClosed, match="nobody to remind"):
        notices.remind("bob", lead.number, now=day3)
    with post() as letters:
        assert notices.remind("ann", lead.number, now=day3).count == 1
        sent(day3)
    [letter] = letters.letters
    assert (letter.kind, letter.to) == ("friend_reminder", "dan@example.com")
    assert letter.title == "王*提醒您：邀请还在等您"
    assert f"http://localhost:8000/c/{lead.link}" in letter.text
    decline(lead.link, now=day3)
    with pytest.raises(ReminderClosed, match="nobody to remind"):
        notices.remind("ann", lead.number, now=day3 + timedelta(days=4))


def _decisions(user_id: str) -> list[DecisionRow]:
    return decisions(beneficiary=user_id)
