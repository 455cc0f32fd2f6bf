"""Of how many who came by a referral it is known whose, and by what they were recognised."""

from __future__ import annotations

from datetime import date, timedelta

from banyan.insight.metrics import figures
from banyan.insight.metrics.known import Carrier, Known, carriers, known, nobodys
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import scope
from banyan.pipeline.figures import rebuild
from tests.installation import Installation
from tests.rooms.pipeline.line import Line

DAY = Period(date(2026, 3, 1), date(2026, 3, 1))


def told() -> Line:
    """Ann brings ben by a link and cid by a code; four more say that somebody sent them."""
    line = Line()
    line.publish()
    line.story()
    line.say("Signed Up", "dan", referral_code="ANNN")
    line.say("Signed Up", "eve", source="Referral")
    line.say("Order Completed", "eve", order_id="o5", total=9, currency="USD", source="friend")
    line.say("Order Completed", "fay", order_id="o6", total=9, currency="USD", source="转介绍")
    line.say("Signed Up", "gus", source="newspaper")
    line.say("Order Completed", "hal", order_id="o7", total=9, currency="USD", coupon="SUMMER")
    line.say("Signed Up", "ida", source="friend")
    line.work()
    return line


def test_who_names_a_strange_code_or_says_so_is_nobodys(installation: Installation) -> None:
    told()
    assert known(DAY, scope()) == Known(2, 4)
    assert known(DAY, scope()).share == 2 / 6
    assert [(one.user_id, one.why) for one in nobodys(DAY)] == [
        ("dan", "code"),
        ("eve", "said"),
        ("fay", "said"),
        ("ida", "said"),
    ]
    assert carriers(DAY, scope()) == [Carrier("click", 1, 1), Carrier("code", 1, 1)]
    [figure] = figures.tracking(DAY, scope())
    assert (figure.meant.key, figure.value, figure.colour) == ("attributed", 2 / 6, "red")


def test_who_is_referred_later_is_no_longer_nobodys(installation: Installation) -> None:
    line = told()
    line.now += timedelta(hours=1)
    line.say("Signed Up", "ida", referral_code="ANN")
    line.work()
    assert known(DAY, scope()) == Known(3, 3)
    assert "ida" not in [one.user_id for one in nobodys(DAY)]


def test_counted_again_from_the_log_it_is_the_same(installation: Installation) -> None:
    told()
    before = (known(DAY, scope()), nobodys(DAY))
    rebuild(progress=lambda done, whole: None)
    assert (known(DAY, scope()), nobodys(DAY)) == before


def test_nothing_to_know_has_no_share(installation: Installation) -> None:
    Line().publish()
    assert known(DAY, scope()) == Known(0, 0)
    assert known(DAY, scope()).share is None
