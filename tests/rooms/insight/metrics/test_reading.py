"""What is read from figures: funnels, leaks, advocates, cohorts, money, lines."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection

from banyan.core.programs.read import link_row
from banyan.insight.metrics import economics, figures, lines
from banyan.insight.metrics.advocates import brought, cover, elapsed, layers
from banyan.insight.metrics.assumptions import Assumptions, assume, assumptions
from banyan.insight.metrics.cohorts import cohorts
from banyan.insight.metrics.funnel import funnel, funnels, leak, steps
from banyan.insight.metrics.lines import BadLine
from banyan.insight.metrics.lines import Line as Drawn
from banyan.insight.metrics.measures import CLICKS, INITIATED
from banyan.insight.metrics.models import Friend
from banyan.insight.metrics.periods import Period, floored, latest
from banyan.insight.metrics.periods import year as yearly
from banyan.insight.metrics.reconcile import differences
from banyan.insight.metrics.scope import scope
from banyan.insight.metrics.sums import moved_in_all, sums
from banyan.pipeline.figures import rebuild
from tests.installation import Installation
from tests.rooms.insight.metrics.test_figures import everything
from tests.rooms.pipeline.line import PROGRAM, Line

DAY = Period(date(2026, 3, 1), date(2026, 3, 1))
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def story() -> Line:
    line = Line()
    line.publish()
    line.story()
    line.work()
    return line


def test_a_period_has_one_before_it_and_pieces() -> None:
    week = latest(7, today=date(2026, 3, 8))
    assert week == Period(date(2026, 3, 2), date(2026, 3, 8))
    assert week.before == Period(date(2026, 2, 23), date(2026, 3, 1))
    assert (week.step, len(list(week.pieces()))) == ("day", 7)
    year = Period(date(2026, 1, 15), date(2026, 12, 31))
    assert list(year.pieces())[:2] == [date(2026, 1, 1), date(2026, 2, 1)]
    assert len(list(year.pieces())) == 12
    assert floored(date(2026, 3, 8), "week") == date(2026, 3, 2)
    assert yearly(date(2026, 3, 8)) == Period(date(2025, 4, 1), date(2026, 3, 8))
    assert yearly(date(2026, 12, 1)) == Period(date(2026, 1, 1), date(2026, 12, 1))


def test_the_funnel_of_a_story(installation: Installation) -> None:
    story()
    found = sums(DAY, scope("spring"))
    told = funnel(found, found.during(DAY.before))
    assert [(one.stage, one.n) for one in told] == [
        ("initiated", 2),
        ("accepted", 2),
        ("activated", 2),
        ("purchased", 2),
        ("repurchased", 1),
    ]
    assert [one.from_previous for one in told] == [None, 1.0, 1.0, 1.0, 0.5]
    assert leak(told) is None  # two people say nothing
    [wechat, other] = sorted(funnels(DAY, scope(), "channel"), key=lambda one: one.name)[::-1]
    assert (wechat.name, [step.n for step in wechat.steps]) == ("wechat", [1, 1, 1, 1, 1])
    assert (wechat.revenue, other.revenue) == (6000, 7000)
    assert (other.name, [step.n for step in other.steps]) == ("", [1, 1, 1, 1, 0])


def test_a_leak_is_where_most_is_missing_against_before() -> None:
    before = {"initiated": 100, "accepted": 50, "activated": 40, "purchased": 20}
    now = {"initiated": 100, "accepted": 48, "activated": 20, "purchased": 10, "repurchased": 9}
    found = leak(steps(now, before))
    assert found is not None
    assert (found.stage, found.is_drop) == ("activated", True)
    assert (round(found.rate, 4), found.expected) == (0.4167, 0.8)
    # Without a period before, what is usual stands in for it.
    fresh = leak(steps({"initiated": 100, "accepted": 30, "activated": 29, "purchased": 2}, {}))
    assert fresh is not None
    assert (fresh.stage, fresh.expected, fresh.is_drop) == ("purchased", 0.5, False)
    assert leak(steps(before, before)) is None


def test_the_twenty_figures_of_a_story(installation: Installation) -> None:
    line = story()
    line.say("NPS Answered", "ben", score=10)
    line.say("NPS Answered", "cid", score=3)
    line.say("NPS Answered", "dan", score=8)
    line.work()
    assume(scope("spring"), {"other_cac": "50", "running_cost": "300"})
    found = {
        one.meant.key: one.value
        for one in figures.everything(DAY, scope("spring"), today=date(2026, 3, 1))
    }
    # Of 40 granted, 20 came back with ben's order; ten of a month's 300 run a day.
    assert found == {
        "initiated": 2,
        "acceptance": 1,
        "conversion": 1,
        "redemption": 0,
        "depth": 1,
        "new_share": 1,
        "per_advocate": 2,
        "layers": 1,
        "coverage": 0.5,
        "lead_conversion": 1,
        "retention": None,
        "nps": 0,
        "days_to_purchase": 0,
        "roi": 8000 / 3000,
        "cac_saved": 1 - 15 / 50,
        "uplift": None,
        "cost_share": 0.25,
        "revenue_share": 1,
        "attributed": 1,
        "exposure": None,
    }
    assert len(figures.KPIS) == 5
    assert len(figures.CORE) == 12
    assert set(figures.ALL) == set(lines.OURS)


def test_how_much_of_the_business_referral_carries_is_known_of_all_programs_alone(
    installation: Installation,
) -> None:
    line = Line()
    line.publish()
    line.publish(PROGRAM.replace("spring", "autumn"))
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    line.say("Order Completed", "zoe", order_id="o2", total=150, currency="USD")
    line.work()

    def told(program: str) -> dict[str, float | None]:
        found = figures.everything(DAY, scope(program), today=date(2026, 3, 1))
        return {one.meant.key: one.value for one in found}

    def carried(program: str) -> float | None:
        return economics.revenue_share(sums(DAY, scope(program)))

    assert (told("")["revenue_share"], carried("")) == (0.25, 0.25)
    assert told("spring").keys() == told("").keys() - {"revenue_share"}
    assert (carried("spring"), carried("autumn")) == (None, None)
    [shown] = figures.weight(sums(DAY, scope("spring")), sums(DAY, scope("spring")), DAY)
    assert (shown.value, shown.colour) == (None, None)


def test_where_more_came_back_than_was_ordered_there_is_no_share(
    installation: Installation,
) -> None:
    line = story()
    line.say("Order Completed", "zoe", order_id="o4", total=30, currency="USD")
    line.say("Order Refunded", "zoe", order_id="o4", total=120)
    line.work()
    # 80 by whom a program brought, 90 less by others.
    assert economics.revenue_share(sums(DAY, scope())) is None
    line.say("Order Completed", "zoe", order_id="o5", total=20, currency="USD")
    line.work()
    assert economics.revenue_share(sums(DAY, scope())) == 8


def test_who_brings_and_how_deep(installation: Installation) -> None:
    line = story()
    line.say("Signed Up", "dan", referral_code="ANN")
    line.say("Referral Link Created", "ben", code="BEN", program="spring")
    line.say("Signed Up", "eve", referral_code="BEN")
    line.say("Order Completed", "eve", order_id="o9", total=40, currency="USD")
    line.work()
    found = brought(DAY, scope())
    assert (found.advocates, found.once, found.again, found.joined) == (2, 1, 1, 4)
    assert (found.head_count, found.head_share, found.per_advocate) == (1, 0.75, 2)
    assert [(one.advocate, one.joined, one.purchased) for one in found.heads] == [
        ("ann", 3, 2),
        ("ben", 1, 1),
    ]
    # 13000 less the 5000 that came back; a reward of 20 was left.
    assert (found.heads[0].revenue, found.heads[0].cost) == (8000, 2000)
    assert [(one.depth, one.friends, one.revenue) for one in layers(DAY, scope())] == [
        (1, 3, 8000),
        (2, 1, 4000),
    ]
    covered = cover(DAY)
    assert (covered.customers, covered.active, covered.brought, covered.brought_again) == (
        3,
        2,
        2,
        1,
    )
    assert [one.friends for one in elapsed(DAY, scope())] == [3, 0, 0, 0, 0, 0, 0, 0]
    [march] = cohorts(scope(), what="referred", today=date(2026, 4, 10), months=3)
    assert (march.month, march.size, march.reached) == (date(2026, 3, 1), 4, (1, 1, None))
    [march] = cohorts(scope(), what="bought", today=date(2026, 3, 10), months=3)
    assert march.reached == (3, None, None)


def test_money_and_from_where_on_it_pays(installation: Installation) -> None:
    story()
    found = sums(DAY, scope())
    typed = {"customer_value": "500", "other_cac": "80", "running_cost": "3000", "margin": "40"}
    changed = assume(scope(), typed | {"budget_share": "20"})
    assert changed.before["customer_value"] is None
    assumed = assumptions(scope())
    assert (assumed.customer_value, assumed.margin, assumed.budget_share) == (50_000, 0.4, 0.2)
    told = economics.economics(found, assumed, days=30)
    assert (told.net, told.rewards, told.running, told.won) == (8000, 2000, 300_000, 2)
    assert (told.revenue_share, told.new_share) == (1, 1)
    assert (told.budget, told.budget_used) == (1600, 1.25)
    assert told.cac == 151_000
    assert told.referral_value == 58_000
    even = economics.break_even(told, assumed)
    # 3000.00 ÷ (40 % of 500.00 − 10.00) = 15.8 friends
    assert (even.value, even.reward, even.friends) == (20_000, 1000, 16)
    assert even.marketing == 16 * 8000
    poor = Assumptions(customer_value=10, running_cost=5, margin=1)
    assert economics.break_even(told, poor).friends is None
    rewards = economics.given(DAY, scope())
    assert [(one.reward, one.unit, one.kind, one.times, one.granted) for one in rewards] == [
        ("thanks", "cash USD", "base", 2, 4000),
        ("welcome", "points", "other", 2, 200),
    ]
    told_split = economics.split(rewards, assumed)
    assert [(one.kind, one.planned, one.actual) for one in told_split] == [
        ("base", 0.7, 1),
        ("ladder", 0.2, 0),
        ("other", 0.1, 0.5),
    ]
    [cash, points] = economics.stock(moved_in_all(scope()))
    assert (cash.unit, cash.granted, cash.pending, cash.available, cash.taken) == (
        "cash USD",
        4000,
        2000,
        0,
        2000,
    )
    assert (points.unit, points.available) == ("points", 200)


def test_what_is_assumed_must_be_numbers(installation: Installation) -> None:
    with pytest.raises(BadLine, match="margin: expected a number such as"):
        assume(scope(), {"margin": "much"})
    with pytest.raises(BadLine, match="other_cac: expected a number of 0 or more"):
        assume(scope(), {"other_cac": "-1"})
    assert assumptions(scope()) == Assumptions()


def test_lines_are_the_programs_else_of_all_else_ours(installation: Installation) -> None:
    assert lines.lines("spring")["acceptance"].colour(0.15) == "yellow"
    assert lines.lines("spring")["acceptance"].colour(0.05) == "red"
    assert lines.lines("spring")["acceptance"].colour(0.2) == "green"
    assert lines.lines("spring")["redemption"].colour(0.95) == "yellow"
    assert lines.lines("spring")["initiated"].colour(5) is None
    lines.draw("", "acceptance", Drawn(target=0.5, yellow=0.4, red=0.3, owner="sales"))
    changed = lines.draw("spring", "acceptance", Drawn(target=0.6, yellow=0.5, red=0.2))
    assert changed.before["target"] == "0.5"
    assert lines.lines("spring")["acceptance"].colour(0.35) == "yellow"
    assert lines.lines("autumn")["acceptance"].colour(0.35) == "yellow"
    assert lines.lines("autumn")["acceptance"].colour(0.25) == "red"
    assert lines.lines("autumn")["acceptance"].owner == "sales"
    with pytest.raises(BadLine, match="draw it below yellow"):
        lines.draw("", "acceptance", Drawn(yellow=0.1, red=0.2))
    with pytest.raises(BadLine, match="draw it above yellow"):
        lines.draw("", "cost_share", Drawn(yellow=0.2, red=0.1))
    with pytest.raises(BadLine, match="there is no figure 'luck'"):
        lines.draw("", "luck", Drawn())


def test_a_crossing_is_told_once(installation: Installation) -> None:
    key = ("spring", "acceptance")
    [first] = lines.crossings({key: "green"}, now=NOW)
    assert (first.colour, first.before) == ("green", None)
    assert lines.crossings({key: "green"}, now=NOW) == []
    assert lines.crossings({key: None}, now=NOW) == []
    [fallen] = lines.crossings({key: "red"}, now=NOW)
    assert (fallen.program, fallen.figure, fallen.colour, fallen.before) == (*key, "red", "green")
    # One that nobody looks at any longer is over.
    other = ("spring", "depth")
    [_new, over] = lines.crossings({other: "green"}, now=NOW)
    assert (over.program, over.figure, over.colour, over.before) == (*key, "green", "red")
    assert lines.crossings({other: "green"}, now=NOW) == []


def test_rewards_are_held_against_orders_refunds_and_the_ledger(
    installation: Installation,
) -> None:
    line = Line()
    line.publish(PROGRAM.replace("hold: 14d,", "hold: 14d, on_refund: keep,"))
    line.story()
    line.say("Signed Up", "dan", referral_code="ANN")
    line.work()
    found = differences(DAY, scope())
    assert [(one.kind, one.decision_id, one.expected, one.found) for one in found] == [
        ("kept_after_refund", "spring/thanks/ann/5", 2000, 0)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ledger_transfer WHERE transfer_id = 'spring/thanks/ann/6/grant'"
        )
        cursor.execute("DELETE FROM referrals_decision WHERE friend = 'ben'")
    kinds = [(one.kind, one.customer, one.expected, one.found) for one in differences(DAY, scope())]
    assert sorted(kinds) == [
        ("not_in_ledger", "ann", 2000, 0),
        ("unrewarded", "ben", 1000, 0),
    ]


def test_a_number_is_typed_as_people_write_it() -> None:
    assert lines.number(" 12.5 % ", field="red", is_percent=True) == 0.125
    assert lines.number("", field="red") is None
    assert lines.number("1.5", field="red") == float(Decimal("1.5"))
    for wrong in ("a", "nan", "inf", "1e12"):
        with pytest.raises(BadLine, match="red: expected a number"):
            lines.number(wrong, field="red")


def test_what_came_by_a_link_with_words_of_its_own_stands_under_them(
    installation: Installation,
) -> None:
    """The event was in a salon: its code is clicked, typed, and once followed with another word."""
    line = Line()
    line.publish()
    own = {"channel": "event:salon", "script": "gift"}
    line.say("Referral Link Created", "ann", code="SALON8", program="spring", **own)
    line.say("Referral Link Created", "ann", code="PLAIN", program="spring")
    line.say("Referral Link Clicked", anonymousId="w1", code="SALON8")
    line.say("Referral Link Clicked", anonymousId="w2", code="SALON8", channel="sms")
    line.say("Signed Up", "ben", anonymousId="w1")
    line.say("Signed Up", "cid", referral_code="salon8 ")
    line.say("Signed Up", "dan", anonymousId="w2")
    line.say("Signed Up", "eve", referral_code="PLAIN")
    line.say("Signed Up", "fay", coupon="Salon8")
    line.work()
    day = Period(line.now.date(), line.now.date())

    def stages(by: str) -> dict[str, list[int]]:
        return {one.name: [step.n for step in one.steps] for one in funnels(day, scope(), by)}

    assert stages("channel") == {
        "event:salon": [3, 3, 3, 0, 0],
        "sms": [1, 1, 1, 0, 0],
        "": [1, 1, 1, 0, 0],
    }
    assert stages("script") == {"gift": [4, 4, 4, 0, 0], "": [1, 1, 1, 0, 0]}


def test_words_are_of_the_code_that_the_engine_goes_by(installation: Installation) -> None:
    line = Line()
    line.publish()
    for who, code in (("ann", "SALON8"), ("bob", "BOB1")):
        line.say("Referral Link Created", who, code=code, program="spring", channel=f"of {who}")
    line.say("Signed Up", "ben", referral_code="", coupon=" salon8")
    line.say("Signed Up", "cid", referral_code=" ", coupon="SALON8")
    line.say("Signed Up", "dan", advocate="ann", coupon="BOB1")
    line.say("Signed Up", "eve", advocate="", coupon="BOB1")
    line.say("Signed Up", "fay", advocate="ann", referral_code="BOB1")
    line.work()
    found = Friend.objects.order_by("friend").values_list("friend", "advocate", "channel")
    assert list(found) == [
        ("ben", "ann", "of ann"),
        ("cid", "ann", "of ann"),
        ("dan", "ann", ""),
        ("eve", "bob", "of bob"),
        ("fay", "bob", "of bob"),
    ]
    codes = [link_row(code) for code in ("SALON8", "BOB1")]
    assert [one.referrals for one in codes if one] == [2, 2]


@pytest.mark.parametrize("limit", [1, 100])
def test_a_link_that_is_made_later_gives_no_words(installation: Installation, limit: int) -> None:
    line = Line()
    line.publish()
    early = {"advocate": "ann", "code": "SOON"}
    line.say("Referral Link Clicked", anonymousId="w1", **early)
    line.say("Signed Up", "ben", anonymousId="w1")
    line.say("Signed Up", "cid", advocate="ann", referral_code="soon")
    own = {"channel": "salon", "script": "gift"}
    line.say("Referral Link Created", "ann", code="SOON", program="spring", **own)
    line.say("Referral Link Clicked", anonymousId="w2", **early)
    line.say("Signed Up", "dan", anonymousId="w2")
    line.say("Signed Up", "eve", advocate="ann", referral_code="soon")
    line.work(limit)
    live = everything()
    found = Friend.objects.order_by("friend").values_list("friend", "channel", "script")
    assert list(found) == [
        ("ben", "", ""),
        ("cid", "", ""),
        ("dan", "salon", "gift"),
        ("eve", "salon", "gift"),
    ]
    clicks = [(row[1], row[3], row[9]) for row in live["slice"] if row[6] == "clicks"]
    assert sorted(clicks) == [("", "", 1), ("spring", "salon", 1)]
    rebuild(progress=lambda *_: None)
    assert everything() == live


def test_somebody_who_clicks_again_was_reached_once(installation: Installation) -> None:
    """However the log is cut; a browser and a person of the same name are two."""
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    for _ in range(2):
        line.say("Referral Link Clicked", anonymousId="same", code="ANN")
        line.say("Referral Link Clicked", "same", code="ann ")
        line.say("Referral Link Clicked", anonymousId="web-2", code="ANN")
        line.work(limit=1)
    day = Period(line.now.date(), line.now.date())
    found = sums(day, scope())
    assert (found.n(CLICKS), found.n(INITIATED)) == (6, 3)
