"""One decision in words, for every outcome and every reason."""

from datetime import UTC, datetime
from typing import Any

import pytest

from banyan.engine.language.explain import (
    LANGUAGES,
    explain_decision,
    explain_lost,
    explain_reject,
)
from banyan.engine.language.explain.losses import LOST, REJECTED
from banyan.engine.language.program import Program
from banyan.engine.stages import read

PROGRAM = Program.parse(
    """
program: meundies
version: 1
currency: USD
advocates: {where: "orders >= 1"}
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed, where: "total >= 50", within: 60d}
rewards:
  credit:
    to: advocate
    on: bought
    give: credit
    amount: 20.00
    hold: 14d
    expires: 365d
    caps:
      - {per: advocate, period: year, amount: 50.00}
      - {per: friend, count: 1}
    boosts:
      - {from: 2026-11-11, until: 2026-11-12, times: 2}
  whole:
    to: advocate
    on: bought
    give: credit
    amount: 20.00
    caps:
      - {per: advocate, amount: 30.00, partial: false}
  lot:
    to: advocate
    on: bought
    give: points
    amount: {draw: [{give: gift:mug, amount: 1, weight: 1}], chance: 0.5}
limits:
  - {give: credit, per: program, amount: 1000.00}
seed_sha256: 1a0b34673fb26f9fe3ccba88b704cdbe18f279a54c65f38637da6ccb4eca3a28
risk:
  - {id: device, when: "same_device", then: reject}
  - {id: burst, when: "friends_24h > 20", then: hold}
"""
)


def us(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000


REFERRAL = {
    "program": "meundies",
    "version": 1,
    "advocate": "ann",
    "friend": "ben",
    "kind": "click",
    "channel": "wechat",
    "script": None,
    "touch_position": 3,
    "touched_at": us("2026-01-02T10:00:00"),
    "join_position": 7,
    "started_at": us("2026-01-05T09:30:00"),
}


def decision(**changes: Any) -> dict[str, Any]:
    """A grant of 20.00 to ann for ben's order at position 12."""
    row = {
        "decision_id": "meundies/credit/ann/12",
        "program": "meundies",
        "version": 1,
        "reward": "credit",
        "to": "advocate",
        "beneficiary": "ann",
        "advocate": "ann",
        "friend": "ben",
        "milestone": "bought",
        "ordinal": 3,
        "position": 12,
        "occurred_at": us("2026-01-10T08:00:00"),
        "unit": "credit USD",
        "raw_amount": 2000,
        "amount": 2000,
        "outcome": "granted",
        "reason": "",
        "available_at": us("2026-01-24T08:00:00"),
        "expires_at": us("2027-01-24T08:00:00"),
    }
    return {**row, **changes}


def earlier(position: int, amount: int, **changes: Any) -> dict[str, Any]:
    """An earlier grant to ann of the same reward, for another friend."""
    return decision(
        decision_id=f"meundies/{changes.get('reward', 'credit')}/ann/{position}",
        position=position,
        friend=f"friend-{position}",
        raw_amount=amount,
        amount=amount,
        **changes,
    )


def posting(step: str, at: str, amount: int, position: int = 20) -> list[dict[str, Any]]:
    row = {
        "transfer_id": f"meundies/credit/ann/12/{step}",
        "position": position,
        "occurred_at": us(at),
        "unit": "credit USD",
    }
    return [
        {**row, "account": "from", "amount": -amount},
        {**row, "account": "to", "amount": amount},
    ]


def reversal(position: int, amount: int, of: str = "meundies/credit/ann/12") -> dict[str, Any]:
    at = us("2026-02-01T00:00:00")
    return {"decision_id": of, "position": position, "occurred_at": at, "amount": amount}


def told(row: dict[str, Any], lang: str = "en", **given: Any) -> str:
    rest: dict[str, Any] = {
        "referral": REFERRAL,
        "lost": [],
        "reversals": [],
        "postings": [],
        "decisions_before": [],
        **given,
    }
    return explain_decision(PROGRAM, row, lang=lang, **rest)


BEGINNING = (
    "Decision “meundies/credit/ann/12” (program “meundies”, version 1). “ben” came by a click on "
    "the link of “ann” (position 3, January 2, 2026, 10:00) and joined at position 7, January 5, "
    "2026, 09:30. The channel was “wechat”. The event at position 12, January 10, 2026, 08:00 "
    "reached the milestone “bought”; for the reward “credit” this was the 3rd time of “ann” (the "
    "advocate). The milestone’s rule: the friend’s event “Order Completed” counts if the order "
    "total is at least "
    "50. The first such event reaches the milestone, once. Only events within 60 days of joining "
    "count. "
)


def test_a_grant_in_full() -> None:
    text = told(decision(), decisions_before=[earlier(9, 2000)])
    assert text == (
        BEGINNING + "The rule gives $20.00 in credit. Caps asked, in this order: at most $50.00 in "
        "credit for each advocate in a calendar year ($20.00 in credit used before, $30.00 in "
        "credit left); at most 1 grant for each friend in all (0 used before, 1 left); at most "
        "$1,000.00 in credit for the whole program in all ($20.00 in credit used before, $980.00 "
        "in credit left). All of it was granted. It is to become available on January 24, 2026, "
        "08:00. (The hold is 14 days.) It expires on January 24, 2027, 08:00. Times are those of "
        "UTC."
    )


def test_a_grant_in_full_in_chinese() -> None:
    assert told(decision(), "zh-hans", decisions_before=[earlier(9, 2000)]) == (
        "决定“meundies/credit/ann/12”（计划“meundies”，版本 1）。"
        "“ben”点击了“ann”的链接（位置 3，2026 年 1 月 2 日 10:00），"
        "随后加入（位置 7，2026 年 1 月 5 日 09:30）。渠道为“wechat”。"
        "事件（位置 12，2026 年 1 月 10 日 08:00）达到里程碑“bought”；"
        "就奖励“credit”而言，这是“ann”（推荐人）的第 3 次。"
        "里程碑规则：计入被推荐人的“Order Completed”事件，条件是：订单金额不低于 50。"
        "第一个这样的事件即达到里程碑，只此一次。只计算加入后 60 天内的事件。"
        "按规则应得抵用金 US$20.00。依次核对上限："
        "每位推荐人每个自然年最多抵用金 US$50.00"
        "（此前已用抵用金 US$20.00，剩余抵用金 US$30.00）；"
        "每位被推荐人累计最多 1 次（此前已用 0，剩余 1）；"
        "整个计划累计最多抵用金 US$1,000.00"
        "（此前已用抵用金 US$20.00，剩余抵用金 US$980.00）。已全额发放。"
        "将于 2026 年 1 月 24 日 08:00 可用。（等待期为 14 天。）"
        "有效期至 2027 年 1 月 24 日 08:00。以上时间为 UTC。"
    )


def test_a_cap_that_leaves_a_part() -> None:
    row = decision(amount=1000, reason="cap:0")
    text = told(row, decisions_before=[earlier(8, 2000), earlier(9, 2000)])
    assert (
        "at most $50.00 in credit for each advocate in a calendar year ($40.00 in credit used "
        "before, $10.00 in credit left)"
    ) in text
    assert (
        "Only $10.00 in credit was granted and $10.00 in credit was cut: cap 1 of the reward (at "
        "most $50.00 in credit for each advocate in a calendar year) had no more left."
    ) in text


REJECTED_ROW = {"amount": 0, "outcome": "rejected", "available_at": None, "expires_at": None}


def test_a_cap_with_nothing_left() -> None:
    row = decision(reason="cap:1", **REJECTED_ROW)
    text = told(row, decisions_before=[earlier(9, 2000) | {"friend": "ben"}])
    assert "at most 1 grant for each friend in all (1 used before, 0 left)" in text
    assert (
        "Nothing was granted: cap 2 of the reward (at most 1 grant for each friend in all) had "
        "nothing left."
    ) in text
    assert "available" not in text.partition("Nothing was granted")[2]


def test_a_cap_that_grants_all_or_nothing() -> None:
    row = decision(
        reward="whole", decision_id="meundies/whole/ann/12", reason="cap:0", **REJECTED_ROW
    )
    text = told(row, decisions_before=[earlier(9, 2000, reward="whole")])
    assert (
        "Nothing was granted: cap 1 of the reward (at most $30.00 in credit for each advocate in "
        "all, and nothing when less than the whole is left) had only $10.00 in credit left."
    ) in text


def test_a_limit_counts_every_reward_of_its_unit() -> None:
    row = decision(reason="limit:0", **REJECTED_ROW)
    other = earlier(9, 100_000, reward="whole") | {"advocate": "zoe", "beneficiary": "zoe"}
    text = told(row, decisions_before=[other])
    assert (
        "Nothing was granted: limit 1 of the program (at most $1,000.00 in credit for the whole "
        "program in all) had nothing left."
    ) in text


def test_what_was_taken_back_before_is_free_again() -> None:
    ninth = earlier(9, 2000)
    back = [reversal(10, 500, ninth["decision_id"]), reversal(12, 900, ninth["decision_id"])]
    text = told(decision(), decisions_before=[ninth], reversals=back)
    assert "($15.00 in credit used before, $35.00 in credit left)" in text


def test_a_count_is_given_back_by_a_whole_reversal_alone() -> None:
    ninth = earlier(9, 2000) | {"friend": "ben"}
    for back, words in ((500, "(1 used before, 0 left)"), (2000, "(0 used before, 1 left)")):
        reversals = [reversal(10, back, ninth["decision_id"])]
        text = told(decision(), decisions_before=[ninth], reversals=reversals)
        assert f"at most 1 grant for each friend in all {words}" in text


def test_grants_of_another_year_use_nothing_up() -> None:
    last_year = earlier(9, 2000) | {"occurred_at": us("2025-12-31T23:59:59")}
    text = told(decision(), decisions_before=[last_year])
    assert "in a calendar year ($0.00 in credit used before, $50.00 in credit left)" in text


def test_what_another_version_granted_leaves_the_figures_unsaid() -> None:
    text = told(decision(), decisions_before=[earlier(9, 2000) | {"version": 2}])
    assert "order: at most $50.00 in credit for each advocate in a calendar year;" in text


def test_a_boost_in_force_is_named() -> None:
    row = decision(occurred_at=us("2026-11-11T23:00:00"), raw_amount=4000, amount=4000)
    text = told(row)
    assert "The rule gives $40.00 in credit. This includes the boost in force: × 2." in text
    assert "boost" not in told(decision())


def test_an_amount_of_nothing() -> None:
    text = told(decision(raw_amount=0, reason="zero_amount", **REJECTED_ROW))
    assert (
        "The rule gives an amount of 0 here. Caps were not asked. So nothing was granted. Times "
    ) in text


LOT = {"reward": "lot", "decision_id": "meundies/lot/ann/12"}


def test_a_draw_that_won_and_one_that_did_not() -> None:
    lost = decision(**LOT, unit="points", raw_amount=0, reason="zero_amount", **REJECTED_ROW)
    assert "The draw won nothing. Caps were not asked. So nothing was granted." in told(lost)
    won = decision(**LOT, unit="gift:mug", raw_amount=1, amount=1, expires_at=None)
    assert "The draw won 1 gift “mug”. No cap applies. All of it was granted." in told(won)
    assert "It does not expire." in told(won)


def test_a_check_that_rejects() -> None:
    text = told(decision(reason="risk:device", **REJECTED_ROW))
    assert (
        "The rule gives $20.00 in credit. Caps were not asked. Nothing was granted, because the "
        "check “device” applied when the friend joined: the friend joins on a device or browser on "
        "which the advocate was seen before."
    ) in text


HELD = {"outcome": "held", "reason": "risk:burst"}


def test_a_check_that_holds() -> None:
    text = told(decision(**HELD))
    assert (
        "The check “burst” applied when the friend joined (the number of the advocate’s friends "
        "who joined within 24 hours (this one included) is more than 20), so $20.00 in credit is "
        "held until a person releases or denies it. If it is released, it becomes available on "
        "January 24, 2026, 08:00, or at the release if that is later. (The hold is 14 days.) It "
        "expires 365 days after that."
    ) in text


def test_a_held_decision_that_caps_had_cut() -> None:
    text = told(decision(**HELD, amount=1000))
    assert "so $10.00 in credit is held" in text
    assert "The caps had cut it from $20.00 in credit." in text


def test_a_held_decision_that_was_released() -> None:
    postings = posting("grant", "2026-02-01T12:00:00", 2000, position=30)
    postings += posting("available", "2026-02-01T12:00:00", 2000, position=30)
    text = told(decision(**HELD), postings=postings)
    assert (
        "It was released at position 30, February 1, 2026, 12:00. It became available on February "
        "1, 2026, 12:00. (The hold is 14 days.) It expires on February 1, 2027, 12:00."
    ) in text


def test_a_held_decision_that_was_denied() -> None:
    text = told(decision(**HELD), reversals=[reversal(30, 2000)])
    assert (
        "Later this was taken back, by a denial, or after a refund of the order: $20.00 in credit "
        "at position 30, February 1, 2026; $0.00 in credit remains."
    ) in text


def test_refunds_afterwards_and_what_remains() -> None:
    text = told(decision(), reversals=[reversal(30, 500), reversal(31, 250)])
    assert (
        "Later this was taken back, after a refund of the order: $5.00 in credit at position 30, "
        "February 1, 2026; $2.50 in credit at position 31, February 1, 2026; $12.50 in credit "
        "remains."
    ) in text


def test_an_expiry() -> None:
    text = told(decision(), postings=posting("expiry", "2027-01-24T08:00:00", 700))
    assert "On January 24, 2027, 08:00, $7.00 in credit expired unused." in text


def lost(reason: str, kind: str = "code", position: int = 5) -> dict[str, Any]:
    return {
        "program": "meundies",
        "advocate": "zoe",
        "visitor": "ben",
        "kind": kind,
        "touch_position": position,
        "touched_at": us("2026-01-03T00:00:00"),
        "join_position": 7,
        "reason": reason,
    }


def test_other_invitations_that_did_not_count() -> None:
    rows = [lost("outside_window"), lost("lost_to_other_touch", "invite", 6)]
    assert (
        "2 other invitations did not count: the code of “zoe” (position 5, January 3, 2026): the "
        "friend joined too long after the invitation; an invitation that “zoe” sent (position 6, "
        "January 3, 2026): another invitation that also counted went before it."
    ) in told(decision(), lost=rows)


def test_many_invitations_are_counted_after_the_first_five() -> None:
    text = told(decision(), lost=[lost("not_new", position=n) for n in range(1, 9)])
    assert "8 other invitations did not count:" in text
    assert text.count("the code of “zoe”") == 5
    assert "; 3 more." in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("click", "“ben” came by a click on the link of “ann” (position 3,"),
        ("code", "“ben” gave the code of “ann” (position 3,"),
        ("invite", "“ben” came by an invitation that “ann” sent (position 3,"),
    ],
)
def test_every_kind_of_invitation(kind: str, words: str) -> None:
    assert words in told(decision(), referral={**REFERRAL, "kind": kind})


def test_a_reward_for_joining_has_no_rule_to_cite() -> None:
    text = told(decision(milestone="joined"))
    assert "reached the milestone “joined”; for the reward “credit”" in text
    assert "The milestone’s rule" not in text


def test_a_self_program_speaks_of_nobody_else() -> None:
    club = Program.parse(
        """
program: club
version: 1
currency: USD
milestones: {order: {on: Order Completed}}
rewards: {points: {to: self, on: order, give: points, amount: 5}}
"""
    )
    row = decision(
        decision_id="club/points/ann/12",
        program="club",
        reward="points",
        to="self",
        advocate=None,
        friend=None,
        milestone="order",
        unit="points",
        raw_amount=5,
        amount=5,
        available_at=us("2026-01-10T08:00:00"),
        expires_at=None,
    )
    text = explain_decision(
        club,
        row,
        referral=None,
        lost=[],
        reversals=[],
        postings=[],
        decisions_before=[],
        lang="en",
    )
    assert text == (
        "Decision “club/points/ann/12” (program “club”, version 1). The event at position 12, "
        "January 10, 2026, 08:00 reached the milestone “order”; for the reward “points” this was "
        "the 3rd time of “ann” (the customer). The milestone’s rule: the customer’s event "
        "“Order Completed” "
        "counts. The first such event reaches the milestone, once. The rule gives 5 points. No cap "
        "applies. All of it was granted. It is to become available on January 10, 2026, 08:00. It "
        "does not expire. Times are those of UTC."
    )


@pytest.mark.parametrize(
    ("to", "role"),
    [
        ("friend", "(the friend)"),
        ("upline", "(the advocate’s own advocate)"),
        ("charity:trees", "(the charity)"),
    ],
)
def test_every_recipient_is_told_by_role(to: str, role: str) -> None:
    assert f"this was the 3rd time of “ann” {role}." in told(decision(to=to))


def test_ids_that_hold_control_characters_stay_on_their_line() -> None:
    text = told(decision(beneficiary="a\x1b[2J\nb"))
    assert "“a [2J b”" in text
    assert "\n" not in text


REASONS = ["already_referred", "self_referral", "outside_run", "outside_window"]
REASONS += ["advocate_not_eligible", "not_new", "lost_to_other_touch"]


def test_every_reason_for_a_lost_invitation_has_a_sentence_of_its_own() -> None:
    assert list(LOST) == REASONS
    for lang in LANGUAGES:
        told = {explain_lost(lost(reason), timezone="UTC", lang=lang) for reason in REASONS}
        assert len(told) == len(REASONS)


def test_a_lost_invitation_in_one_sentence() -> None:
    assert explain_lost(lost("self_referral", "click"), timezone="UTC", lang="en") == (
        "In program “meundies”, when the friend came at position 7, this did not count: a click on "
        "the link of “zoe” (position 5, January 3, 2026): the advocate and the friend are the same "
        "person."
    )


def test_every_reject_code_has_a_sentence_of_its_own() -> None:
    assert set(REJECTED) == set(read.SENTENCES)
    for lang in LANGUAGES:
        rows = [{"position": 9, "message_id": "m", "code": code} for code in REJECTED]
        assert len({explain_reject(row, lang=lang) for row in rows}) == len(REJECTED)
    assert explain_reject({"position": 9, "code": "bad_json"}, lang="zh-hans") == (
        "位置 9 的事件无法使用：该行不是 JSON 对象。"
    )
