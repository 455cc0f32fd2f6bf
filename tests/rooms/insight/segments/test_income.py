"""What chains brought in is the sum of what their members spent, however it came about."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from banyan.core.programs.read import published
from banyan.insight.metrics.promised import promised
from banyan.insight.metrics.rebuild import catch_up as catch_up_figures
from banyan.insight.metrics.rebuild import start_again
from banyan.insight.segments import income, purchases
from banyan.insight.segments.models import ChainIncome, LevelIncome, Mark
from banyan.insight.segments.purchases import catch_up
from banyan.kernel.database import read
from banyan.pipeline.books import book_of
from banyan.pipeline.wait import cursor_position
from tests.installation import Installation
from tests.rooms.core.referrals.test_chains import EVERYBODY, brought
from tests.rooms.insight.metrics.busy import CURRENCIES, busy
from tests.rooms.insight.metrics.by_hand import Books
from tests.rooms.pipeline.line import Line


def kept() -> tuple[dict[tuple[str, str], int], dict[tuple[str, int], int]]:
    """What chains and what levels brought in."""
    chains = ChainIncome.objects.values_list("program", "top", "revenue")
    levels = LevelIncome.objects.values_list("program", "level", "revenue")
    return (
        {(program, top): revenue for program, top, revenue in chains},
        {(program, level): revenue for program, level, revenue in levels},
    )


def added_up() -> tuple[dict[tuple[str, str], int], dict[tuple[str, int], int]]:
    """The same from the exported referrals and from every single purchase."""
    books = Books("UTC", CURRENCIES)
    spent: Counter[tuple[str, str]] = Counter()
    for customer, currency, net in read(
        "SELECT customer, currency, amount - refunded FROM segments_purchase", [], _PURCHASE
    ).rows():
        spent[customer, currency] += net
    chains: dict[tuple[str, str], int] = {}
    levels: dict[tuple[str, int], int] = {}
    for program, friend in books.friends:
        net = spent[friend, CURRENCIES[program]] + spent[friend, ""]
        top, level = (program, books.top(program, friend)), (program, books.depth(program, friend))
        chains[top] = chains.get(top, 0) + net
        levels[level] = levels.get(level, 0) + net
    return chains, levels


_PURCHASE = {"customer": pl.String, "currency": pl.String, "net": pl.Int64}


def count_figures(limit: int) -> bool:
    """Figures of the next so many positions."""
    versions = published()
    stands = promised(book_of(versions), versions)
    return catch_up_figures(stands, cursor=cursor_position(), limit=limit)


def test_chains_hold_what_their_members_spent(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy()
    catch_up()
    whole = kept()
    assert whole == added_up()
    assert sum(whole[0].values()) == sum(whole[1].values()) > 100_000
    # While figures are counted anew, chains know those members alone that are counted already.
    start_again()
    catch_up()
    assert kept() == ({}, {})
    monkeypatch.setattr(income, "STRETCH", 100)
    while count_figures(700):
        catch_up()
    assert kept() == whole


def test_each_order_and_each_friend_count_once(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purchases, "CHUNK", 2)
    line = Line()
    line.publish(EVERYBODY)
    steps = []

    def then() -> None:
        line.work()
        catch_up()
        steps.append(kept()[0])

    # ben ordered before anybody brought him; zoe is nobody's friend.
    line.say("Order Completed", "ben", order_id="o1", total=10, currency="USD")
    line.say("Order Completed", "zoe", order_id="o2", total=70, currency="USD")
    then()
    brought(line, "ann", "ben")
    then()
    line.say("Order Completed", "ben", order_id="o3", total=5, currency="USD")
    line.say("Order Completed", "ben", order_id="o4", total=900, currency="JPY")
    line.say("Order Refunded", "ben", order_id="o1", total=4)
    then()
    brought(line, "ben", "cid")
    brought(line, "gus", "hal")
    line.say("Order Completed", "cid", order_id="o5", total=1)
    then()
    assert steps == [
        {},
        {("spring", "ann"): 1000},
        {("spring", "ann"): 1100},
        {("spring", "ann"): 1200, ("spring", "gus"): 0},
    ]
    assert kept()[1] == {("spring", 1): 1100, ("spring", 2): 100}
    catch_up()
    assert kept()[0] == steps[-1]


def test_orders_may_be_taken_in_before_they_are_decided(installation: Installation) -> None:
    line = Line()
    line.publish(EVERYBODY)
    brought(line, "ann", "ben")
    line.say("Order Completed", "ben", order_id="o1", total=10, currency="USD")
    catch_up()
    assert kept() == ({}, {})
    line.work()
    catch_up()
    assert kept() == ({("spring", "ann"): 1000}, {("spring", 1): 1000})
    mark = Mark.objects.get(id=1)
    assert (mark.position, mark.joined, mark.currencies) == (3, 3, '{"spring":"USD"}')


def test_another_currency_makes_them_again(installation: Installation) -> None:
    line = Line()
    line.publish(EVERYBODY)
    brought(line, "ann", "ben")
    line.say("Order Completed", "ben", order_id="o1", total=10, currency="USD")
    line.say("Order Completed", "ben", order_id="o2", total=900, currency="JPY")
    line.work()
    catch_up()
    assert kept()[0] == {("spring", "ann"): 1000}
    line.publish(EVERYBODY.replace("version: 1", "version: 2").replace("USD", "JPY"))
    line.say("identify", "ben", traits={"tier": "gold"})
    line.work()
    line.say("Order Completed", "ben", order_id="o3", total=150, currency="JPY")
    line.work()
    catch_up()
    assert kept() == ({("spring", "ann"): 1050}, {("spring", 1): 1050})
