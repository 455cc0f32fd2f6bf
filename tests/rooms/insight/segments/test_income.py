"""What chains brought in is the sum of what their members spent, however it came about."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from banyan.core.programs.models import Program
from banyan.core.programs.read import published
from banyan.insight.metrics.promised import promised
from banyan.insight.metrics.rebuild import catch_up as catch_up_figures
from banyan.insight.metrics.rebuild import start_again
from banyan.insight.segments import income, purchases, worth
from banyan.insight.segments.models import ChainIncome, LevelIncome, Mark
from banyan.insight.segments.purchases import catch_up, catch_up_if_near
from banyan.kernel.database import read
from banyan.pipeline.books import book_of
from banyan.pipeline.wait import cursor_position
from tests.installation import Installation
from tests.rooms.core.referrals.test_chains import EVERYBODY, brought
from tests.rooms.insight.metrics.busy import CURRENCIES, busy
from tests.rooms.insight.metrics.by_hand import Books
from tests.rooms.insight.metrics.test_chains import IN_YEN, PAYING
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


def sold(line: Line) -> None:
    """ann brought ben, who ordered for 10 dollars and for 900 yen."""
    brought(line, "ann", "ben")
    line.say("Order Completed", "ben", order_id="o1", total=10, currency="USD")
    line.say("Order Completed", "ben", order_id="o2", total=900, currency="JPY")
    line.work()


def test_another_currency_makes_them_again(installation: Installation) -> None:
    line = Line()
    line.publish(PAYING)
    sold(line)
    catch_up()
    of_ann = worth.of_chain("spring", "ann", most=100).worth
    assert worth.greatest("spring") == [of_ann]
    assert of_ann == worth.Worth("ann", 1, 1, 1, "USD", 1000, 2000)
    line.publish(IN_YEN)
    catch_up()  # nothing happened since
    of_ann = worth.of_chain("spring", "ann", most=100).worth
    assert worth.greatest("spring") == [of_ann]
    assert of_ann == worth.Worth("ann", 1, 1, 1, "JPY", 900, 0)
    brought(line, "ann", "cid")
    line.say("Order Completed", "cid", order_id="o3", total=150, currency="JPY")
    line.work()
    catch_up()
    of_ann = worth.of_chain("spring", "ann", most=100).worth
    assert worth.greatest("spring") == [of_ann]
    assert of_ann == worth.Worth("ann", 2, 1, 2, "JPY", 1050, 500)
    assert kept() == ({("spring", "ann"): 1050}, {("spring", 1): 1050})


def test_a_page_does_not_wait_while_they_are_made_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    line.publish(PAYING)
    sold(line)
    catch_up()
    in_dollars = kept()
    monkeypatch.setattr(purchases, "NEAR", 3)
    line.publish(IN_YEN)
    assert catch_up_if_near() == 4
    assert kept() == in_dollars
    monkeypatch.setattr(purchases, "NEAR", 4)
    assert catch_up_if_near() == 4
    in_yen = kept()
    assert in_yen == ({("spring", "ann"): 900}, {("spring", 1): 900})
    # Figures that are counted anew stand below what chains count.
    start_again()
    monkeypatch.setattr(purchases, "NEAR", 2)
    count_figures(3)
    assert catch_up_if_near() == 4
    assert kept() == in_yen
    monkeypatch.setattr(purchases, "NEAR", 3)
    catch_up_if_near()
    assert Mark.objects.get(id=1).joined == 3


def test_among_many_programs_and_drafts_each_counts_in_its_currency(
    installation: Installation,
) -> None:
    line = Line()
    drafts = [Program(slug=f"a{n}", created_at=line.now) for n in range(201)]
    Program.objects.bulk_create(drafts)
    line.publish(PAYING)
    sold(line)
    catch_up()
    assert kept() == ({("spring", "ann"): 1000}, {("spring", 1): 1000})
    # Whoever counted it without a currency counts it again.
    Mark.objects.update(currencies='{"a1":""}')
    ChainIncome.objects.update(revenue=0)
    catch_up()
    assert kept()[0] == {("spring", "ann"): 1000}


def test_another_program_makes_nothing_again(installation: Installation) -> None:
    line = Line()
    line.publish(PAYING)
    sold(line)
    catch_up()
    ChainIncome.objects.update(revenue=7)
    line.publish(PAYING.replace("spring", "autumn"))
    catch_up()
    assert kept()[0] == {("spring", "ann"): 7}
    assert Mark.objects.get(id=1).currencies == '{"autumn":"USD","spring":"USD"}'


def test_a_look_that_finds_nothing_writes_nothing(installation: Installation) -> None:
    line = Line()
    line.publish(PAYING)
    sold(line)
    catch_up()
    with CaptureQueriesContext(connection) as asked:
        assert catch_up() == 4
    words = {one["sql"].split()[0] for one in asked.captured_queries}
    assert words & {"INSERT", "UPDATE", "DELETE"} == set()
