"""Lines of reassurance: the number in them is true or is not there."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from banyan.core.referrals.brought import rewarded_people
from banyan.engine.language.program import Program
from banyan.growth.toolkit.read import Line, reassurance
from tests.installation import Installation
from tests.rooms.growth.toolkit.shop import SOURCE, SPRING
from tests.rooms.pipeline.line import Line as Log


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Counts are kept for a minute."""
    cache.clear()


def rewarded(log: Log, *numbers: int) -> None:
    """As many advocates bring a friend each, who buys."""
    for number in numbers:
        code = f"CODE{number}"
        log.say("Referral Link Created", f"adv-{number}", code=code, program="spring")
        log.say("Signed Up", f"friend-{number}", referral_code=code)
        log.say(
            "Order Completed", f"friend-{number}", order_id=f"o{number}", total=50, currency="USD"
        )
    log.work()


def test_the_promises_are_the_seeds_own_words(installation: Installation) -> None:
    lines = reassurance(SPRING, "zh-hans")
    assert [line.kind for line in lines] == ["privacy", "voluntary"]
    assert lines[1].text == "推荐与否完全自愿，即使未成功也不会影响您现有权益。"
    assert reassurance(SPRING, "en")[0].text.startswith("Sharing your link tells us nothing")


def test_the_number_is_told_from_ten_on_and_is_the_true_one(installation: Installation) -> None:
    log = Log()
    log.publish(SOURCE)
    rewarded(log, *range(9))
    assert len(reassurance(SPRING, "en")) == 2
    rewarded(log, 9, 10)
    assert len(reassurance(SPRING, "en")) == 2, "a minute has not passed"
    cache.clear()
    assert reassurance(SPRING, "en")[2] == Line(
        "success", "11 people have already been rewarded for a referral."
    )
    assert reassurance(SPRING, "zh-hans")[2].text == "已有 11 位用户通过推荐获得奖励。"


def test_nobody_is_counted_who_has_nothing_left_or_waits(installation: Installation) -> None:
    log = Log()
    log.publish(
        SOURCE + "risk:\n  - {id: many, when: 'friends_total > 1', then: hold, for: advocate}\n"
    )
    rewarded(log, 1, 2)
    assert rewarded_people("spring") == 2
    assert rewarded_people("other") == 0
    log.say("Order Refunded", "friend-1", order_id="o1")
    log.say("Signed Up", "friend-x", referral_code="CODE2")
    log.say("Order Completed", "friend-x", order_id="ox", total=50, currency="USD")
    log.say("Order Refunded", "friend-2", order_id="o2")
    log.work()
    assert rewarded_people("spring") == 0, "one is taken back, one is held"


def test_a_program_without_friends_needs_none(installation: Installation) -> None:
    assert reassurance(Program.load("programs/loyalty-points.yaml"), "en") == []
