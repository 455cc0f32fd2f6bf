"""Chains as sums: also where people brought each other, and however the log is cut."""

from __future__ import annotations

import random
import time

import polars as pl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from banyan.core.ledger.frames import transfers_of_decisions
from banyan.core.programs.read import published
from banyan.core.referrals import held
from banyan.core.referrals.models import Decision
from banyan.insight.metrics import forest
from banyan.insight.metrics.chains import hang
from banyan.insight.metrics.keeper import Keeper
from banyan.insight.metrics.models import Chain, Progress
from banyan.insight.metrics.promised import Promised, promised
from banyan.insight.metrics.rebuild import catch_up, start_again
from banyan.insight.metrics.reconcile import differences
from banyan.insight.metrics.scope import scope
from banyan.insight.segments.worth import currency_of, of_chain
from banyan.pipeline.books import book_of
from banyan.pipeline.wait import cursor_position
from tests.installation import Installation
from tests.rooms.core.referrals.test_chains import EVERYBODY, brought, tree
from tests.rooms.insight.metrics.busy import busy
from tests.rooms.insight.metrics.by_hand import Books
from tests.rooms.insight.metrics.test_figures import assert_chains, everything, rows
from tests.rooms.insight.metrics.test_reading import DAY
from tests.rooms.pipeline.line import Line

HOLDING = """
program: spring
version: 1
currency: USD
attribution: {window: 30d}
friends: {where: "TRUE"}
milestones:
  bought: {on: Order Completed}
rewards:
  thanks: {to: advocate, on: bought, give: cash, amount: 20.00}
risk:
  - {id: crowd, when: "friends_24h >= 2", then: hold, for: advocate}
"""


PAYING = EVERYBODY + "  thanks: {to: advocate, on: bought, give: cash, amount: 20.00}\n"
IN_YEN = PAYING.replace("version: 1", "version: 2").replace("USD", "JPY").replace("20.00", "500")


def everybody() -> Line:
    line = Line()
    line.publish(EVERYBODY)
    return line


def places() -> list[tuple[object, ...]]:
    """Of each friend: advocate, friend, top, depth, below."""
    return sorted((row[2], row[1], row[22], row[8], row[23]) for row in rows("friend"))


def terms() -> Promised:
    """What is published now."""
    versions = published()
    return promised(book_of(versions), versions)


def counted_anew(*, limit: int) -> None:
    """All figures again, so many positions at a time."""
    start_again()
    while catch_up(terms(), cursor=cursor_position(), limit=limit):
        pass


def test_a_tree_is_kept_as_sums(installation: Installation) -> None:
    tree(everybody())
    assert rows("chain") == [("spring", "ann", 5, 3, 2, 0), ("spring", "gus", 1, 1, 1, 0)]
    assert rows("chainlevel") == [
        ("spring", "ann", 1, 2),
        ("spring", "ann", 2, 2),
        ("spring", "ann", 3, 1),
        ("spring", "gus", 1, 1),
    ]
    # ben and dan brought others: two levels hang on ben, one on dan.
    assert rows("level") == [
        ("spring", 1, 3, 1, 2, 2, 1),
        ("spring", 2, 2, 1, 1, 1, 0),
        ("spring", 3, 1, 0, 0, 1, 1),
    ]


def test_how_far_recommending_goes_on(installation: Installation) -> None:
    tree(everybody())
    assert forest.fission("spring") == forest.Fission(6, 4, 2, 1.5)
    assert forest.fission("spring").per_advocate == 1.5
    assert forest.depths("spring") == [(1, 1), (3, 1)]
    assert forest.fission("other") == forest.Fission(0, 0, 0, 0.0)
    assert forest.fission("other").per_advocate == 0.0
    assert forest.depths("other") == []
    assert forest.members() == {"spring": 6}


def test_who_comes_later_lifts_those_above(installation: Installation) -> None:
    line = everybody()
    tree(line)
    brought(line, "hal", "ida")
    brought(line, "fay", "joe")
    line.work()
    assert rows("chain") == [("spring", "ann", 6, 4, 2, 0), ("spring", "gus", 2, 2, 1, 0)]
    assert forest.depths("spring") == [(2, 1), (4, 1)]
    below = {row[1]: row[4] for row in places() if row[4]}
    assert below == {"ben": 3, "dan": 2, "fay": 1, "hal": 1}
    assert forest.fission("spring") == forest.Fission(8, 6, 2, 7 / 4)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_who_brought_each_other_stand_in_order(installation: Installation, limit: int) -> None:
    line = everybody()
    for pair in ("ann ben", "ben ann", "ann cid"):
        brought(line, *pair.split())
    line.work()
    live = everything()
    counted_anew(limit=limit)
    assert everything() == live
    # ann joined after she had brought ben, so ben's chain holds her and whom she brought since.
    assert places() == [
        ("ann", "ben", "ann", 1, 2),
        ("ann", "cid", "ann", 3, 0),
        ("ben", "ann", "ann", 2, 1),
    ]
    assert rows("chain") == [("spring", "ann", 3, 3, 1, 0)]
    # She is one advocate, with friends on two levels.
    assert rows("level") == [
        ("spring", 1, 1, 1, 2, 1, 0),
        ("spring", 2, 1, 1, 1, 1, 0),
        ("spring", 3, 1, 0, 0, 0, 1),
    ]


def crowd(line: Line) -> None:
    """dan, ben and cid come by ann and order; what she gets for the latter two is held."""
    for friend in ("dan", "ben", "cid"):
        line.say("Signed Up", friend, referral_code="ann")
        line.say("Order Completed", friend, order_id=f"of-{friend}", total=50, currency="USD")


def word(line: Line, verdict: str, decision_id: str) -> None:
    """Somebody's word on a held decision."""
    line.say(f"Decision {verdict}", anonymousId="staff", decision_id=decision_id)


def paid() -> int:
    """What ann's chain was paid; as kept, and as its decisions say."""
    [(_program, _top, _members, _depth, _width, kept)] = rows("chain")
    assert kept == of_chain("spring", "ann", most=100).worth.paid
    return int(kept)


def granted(decision_id: str) -> int:
    """By the ledger."""
    moved = transfers_of_decisions([decision_id])
    return int(moved.filter(pl.col("transfer_id").str.ends_with("/grant"))["amount"].sum())


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_a_held_reward_counts_from_its_release(installation: Installation, limit: int) -> None:
    line = Line()
    line.publish(HOLDING)
    line.say("Referral Link Created", "ann", code="ann", program="spring")
    crowd(line)
    line.work()
    assert paid() == 2000
    first, second = sorted(held.ids(held.Asked(), limit=10))
    word(line, "Released", first)
    word(line, "Released", first)
    word(line, "Denied", second)
    line.work()
    assert paid() == 4000
    line.say("Order Refunded", "dan", order_id="of-dan")
    line.work()
    assert paid() == 2000
    line.say("Order Refunded", "ben", order_id="of-ben")
    line.work()
    assert paid() == 0
    live = everything()
    counted_anew(limit=limit)
    assert everything() == live


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_a_word_before_its_decision_releases_nothing(
    installation: Installation, limit: int
) -> None:
    line = Line()
    line.publish(HOLDING)
    line.say("Referral Link Created", "ann", code="ann", program="spring")
    word(line, "Released", "spring/thanks/ann/6")
    line.work()
    crowd(line)
    line.work()
    assert "spring/thanks/ann/6" in Decision.objects.filter(outcome="held").values_list(
        "decision_id", flat=True
    )
    assert granted("spring/thanks/ann/6") == 0
    assert differences(DAY, scope()) == []
    assert paid() == 2000
    counted_anew(limit=limit)
    assert paid() == 2000
    word(line, "Released", "spring/thanks/ann/6")
    line.work()
    assert paid() == 4000
    assert granted("spring/thanks/ann/6") == 2000
    line.say("Order Refunded", "ben", order_id="of-ben")
    line.work()
    assert paid() == 2000
    live = everything()
    counted_anew(limit=limit)
    assert everything() == live


def ordered(line: Line, friend: str, number: int, currency: str = "USD") -> None:
    """An order of 10."""
    line.say("Order Completed", friend, order_id=f"o{number}", total=10, currency=currency)


@pytest.mark.parametrize("limit", [1, 5, 100])
def test_what_was_paid_is_told_in_the_money_of_the_newest_version(
    installation: Installation, limit: int
) -> None:
    line = Line()
    line.publish(PAYING)
    brought(line, "ann", "ben")
    brought(line, "ann", "cid")
    ordered(line, "ben", 1)
    line.work()
    assert paid() == 2000
    line.publish(IN_YEN)
    line.work()  # nothing happened since
    assert (currency_of("spring"), paid()) == ("JPY", 0)
    ordered(line, "cid", 2)  # was promised dollars
    brought(line, "ann", "dan")
    ordered(line, "dan", 3, "JPY")
    line.say("Order Refunded", "ben", order_id="o1")
    line.work()
    assert sorted(Decision.objects.exclude(unit="points").values_list("unit", "amount")) == [
        ("cash JPY", 500),
        ("cash USD", 2000),
        ("cash USD", 2000),
    ]
    assert paid() == 500
    live = everything()
    counted_anew(limit=limit)
    assert everything() == live
    # Back again: what was paid in dollars counts, less what came back of it.
    line.publish(PAYING.replace("version: 1", "version: 3"))
    line.work()
    assert (currency_of("spring"), paid()) == ("USD", 2000)


def test_a_worker_that_goes_on_hears_of_another_currency(installation: Installation) -> None:
    line = Line()
    line.publish(PAYING)
    brought(line, "ann", "ben")
    ordered(line, "ben", 1)
    line.work()
    keeper, cursor = Keeper(), cursor_position()
    keeper.count(terms(), cursor=cursor, now=line.now)
    assert paid() == 2000
    line.publish(IN_YEN)
    # As if it had not been the worker that published it who counts.
    Chain.objects.update(paid=2000)
    Progress.objects.update(currencies='{"spring":"USD"}')
    keeper.count(terms(), cursor=cursor, now=line.now)
    assert paid() == 0


def test_what_is_added_up_anew_is_what_was_added_up_bit_by_bit(installation: Installation) -> None:
    busy()
    live = rows("chain")
    assert sum(row[5] for row in live) > 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE metrics_chain SET paid = paid + 7")
        cursor.execute("UPDATE metrics_progress SET currencies = '{}'")
    assert not catch_up(terms(), cursor=cursor_position())
    assert rows("chain") == live


def long_chain(line: Line, length: int) -> None:
    """A chain in which each brought the next."""
    for number in range(length):
        brought(line, f"p{number}", f"p{number + 1}")
    line.work()


def asked_for(line: Line) -> list[str]:
    """What is asked of referrals' rows while the line works."""
    with CaptureQueriesContext(connection) as asked:
        line.work()
    queries = [one["sql"] for one in asked.captured_queries]
    return [one for one in queries if "metrics_friend" in one and "SELECT" in one]


def test_a_long_chain_is_lifted_by_one_question(installation: Installation) -> None:
    line = everybody()
    long_chain(line, 3)
    brought(line, "p3", "q")
    few = asked_for(line)
    long_chain(line, 80)
    brought(line, "p80", "last")
    many = asked_for(line)
    assert len(many) == len(few)
    assert [one.split()[0] for one in many].count("WITH") == 1
    assert {row[1]: row[4] for row in places()} == {
        **{f"p{number}": 81 - number for number in range(1, 81)},
        "q": 0,
        "last": 0,
    }
    # Whoever lifts nobody far asks for nobody.
    brought(line, "p40", "aside")
    assert [one.split()[0] for one in asked_for(line)].count("WITH") == 0


def test_a_line_of_new_referrals_is_looked_at_once_each(installation: Installation) -> None:
    number = 20_000
    rows = pl.DataFrame({"n": range(number)}).select(
        program=pl.lit("spring"),
        advocate=pl.format("p{}", "n"),
        friend=pl.format("p{}", pl.col("n") + 1),
    )
    began = time.perf_counter()
    hung = hang(rows)
    assert time.perf_counter() - began < 5  # a look at each for each would take minutes
    assert hung.columns()["below"].to_list() == list(range(number - 1, -1, -1))
    assert set(hung.columns()["top"]) == {"p0"}


@pytest.mark.parametrize("seed", range(3))
def test_whoever_brings_whom_is_lifted_alike(installation: Installation, seed: int) -> None:
    chance, line, people = random.Random(seed), everybody(), [f"p{n}" for n in range(40)]
    friends = chance.sample(people, 36)
    for friend in friends:
        # Mostly those who joined lately bring others, so that chains are long and forked.
        place = friends.index(friend)
        lately = friends[max(0, place - 4) : place] if chance.random() < 0.8 else []
        others = [one for one in people if one != friend]
        brought(line, chance.choice(lately or others), friend)
    line.work(limit=5)
    live = everything()
    assert max(row[3] for row in live["chain"]) >= 5
    assert_chains(live, Books("UTC", {"spring": "USD"}))
    for limit in (1, 7, 1000):
        counted_anew(limit=limit)
        assert everything() == live


def test_other_cuts_of_the_log_change_nothing(installation: Installation) -> None:
    busy()
    live = everything()
    assert max(row[3] for row in live["chain"]) >= 4
    counted_anew(limit=170)
    assert everything() == live
