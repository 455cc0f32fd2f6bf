"""What chains brought in beside what was paid for them, to the minor unit."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from banyan.insight.segments import worth
from banyan.insight.segments.purchases import catch_up
from banyan.kernel.database import is_postgres, one_transaction, read, write
from tests.installation import Installation
from tests.rooms.core.referrals.test_chains import EVERYBODY
from tests.rooms.pipeline.line import START, Line


def company() -> Line:
    """ann brought ben (60 less 50) and cid (70); cid brought dan (5.50); gus brought hal (1)."""
    line = Line()
    line.publish()
    line.story()
    line.say("Referral Link Created", "cid", code="CID", program="spring")
    line.say("Signed Up", "dan", referral_code="CID")
    line.say("Order Completed", "dan", order_id="o7", total="5.50", currency="USD")
    line.say("Order Completed", "dan", order_id="o8", total=900, currency="JPY")
    line.say("Referral Link Created", "gus", code="GUS", program="spring")
    line.say("Signed Up", "hal", referral_code="GUS")
    line.say("Order Completed", "hal", order_id="o9", total=1, currency="USD")
    line.say("Order Completed", "ann", order_id="o10", total=1000, currency="USD")
    line.work()
    catch_up()
    return line


def test_a_chain_is_worth_what_its_members_spent(installation: Installation) -> None:
    company()
    found = worth.of_chain("spring", "ann", most=100)
    # 10.00 + 70.00 + 5.50; ann got 20.00 for cid (that for ben came back), cid 20.00 for dan.
    assert found.worth == worth.Worth("ann", 3, 2, 2, "USD", 8550, 4000)
    assert found.layers == (worth.Layer(1, 2, 8000, 2000), worth.Layer(2, 1, 550, 2000))
    assert not found.is_cut
    nobody = worth.of_chain("spring", "dan", most=100)
    assert nobody == worth.Chain(worth.Worth("dan", 0, 0, 0, "USD", 0, 0), (), is_cut=False)


def test_of_a_large_chain_the_nearest_are_added_up_and_it_says_so(
    installation: Installation,
) -> None:
    company()
    whole = worth.of_chain("spring", "ann", most=3)
    assert (whole.worth.members, whole.is_cut) == (3, False)
    cut = worth.of_chain("spring", "ann", most=2)
    assert cut.is_cut
    assert cut.layers == (worth.Layer(1, 2, 8000, 2000),)
    assert cut.worth == worth.Worth("ann", 2, 1, 2, "USD", 8000, 2000)


def test_all_members_come_in_pieces(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    company()
    monkeypatch.setattr(worth, "_PIECE", 2)
    pieces = list(worth.members("spring", "ann"))
    assert [piece.height for piece in pieces] == [2, 1]
    assert pl.concat(pieces).drop("joined_at").rows() == [
        (1, "ann", "ben", 1000, 0),
        (1, "ann", "cid", 7000, 2000),
        (2, "cid", "dan", 550, 2000),
    ]
    assert pieces[0]["joined_at"][0] == START + timedelta(minutes=3)


def test_who_stands_in_a_chain_twice_spent_once(installation: Installation) -> None:
    line = Line()
    line.publish(EVERYBODY)
    for advocate, friend in (("ann", "ben"), ("ben", "ann"), ("ann", "cid")):
        line.say("Referral Link Created", advocate, code=advocate, program="spring")
        line.say("Signed Up", friend, referral_code=advocate)
    line.say("Order Completed", "cid", order_id="o1", total=30, currency="USD")
    line.work()
    catch_up()
    # cid is a friend of ann, who is at the top and, since ben brought her, on level 2 as well.
    assert worth.of_chain("spring", "ann", most=100).layers == (
        worth.Layer(1, 2, 3000, 0),
        worth.Layer(2, 1, 0, 0),
        worth.Layer(3, 1, 0, 0),
    )
    [whole] = worth.members("spring", "ann")
    assert whole.select("level", "friend", "revenue").rows() == [
        (1, "ben", 0),
        (1, "cid", 3000),
        (2, "ann", 0),
        (3, "cid", 0),
    ]


def test_the_greatest_chains_and_levels(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    company()
    ann, gus = worth.greatest("spring")
    assert ann == worth.of_chain("spring", "ann", most=100).worth
    assert gus == worth.Worth("gus", 1, 1, 1, "USD", 100, 2000)
    assert [one.top for one in worth.greatest("spring", by="revenue", limit=1)] == ["ann"]
    assert list(worth.every("spring")) == [[ann, gus]]
    monkeypatch.setattr(worth, "_PIECE", 1)
    assert list(worth.every("spring")) == [[ann], [gus]]
    assert worth.by_level("spring") == [
        worth.Level(1, 3, 1, 8100),
        worth.Level(2, 1, 0, 550),
    ]
    assert worth.greatest("other") == []


@pytest.mark.parametrize("by", worth.ORDERS)
def test_the_list_goes_on_where_a_page_ends(installation: Installation, by: str) -> None:
    company()
    whole = worth.greatest("spring", by=by)
    assert len(whole) == 2
    [first] = worth.greatest("spring", by=by, limit=1)
    behind = (getattr(first, by), first.top)
    assert [first, *worth.greatest("spring", by=by, after=behind)] == whole
    last = (getattr(whole[-1], by), whole[-1].top)
    assert worth.greatest("spring", by=by, after=last) == []


@pytest.mark.parametrize("by", worth.ORDERS)
def test_the_greatest_are_found_by_an_index(installation: Installation, by: str) -> None:
    many(3_000)
    with CaptureQueriesContext(connection) as asked:
        assert len(worth.greatest("spring", by=by, after=(1_000, "u-1000"), limit=51)) == 51
    [query] = [one["sql"] for one in asked.captured_queries if "metrics_chain" in one["sql"]]
    explain, columns = ("EXPLAIN", {"plan": pl.String})
    if not is_postgres():
        explain, columns = ("EXPLAIN QUERY PLAN", _PLAN_OF_SQLITE)
    plan = "\n".join(read(f"{explain} {query}", [], columns)["plan"])
    assert ("chain_income_greatest" if by == "revenue" else f"metrics_chain_by_{by}") in plan
    for dear in ("Seq Scan", "Sort", "TEMP B-TREE"):
        assert dear not in plan


_PLAN_OF_SQLITE = {"id": pl.Int64, "parent": pl.Int64, "unused": pl.Int64, "plan": pl.String}


def many(number: int) -> None:
    """So many chains, each greater than the one before."""
    rows = pl.DataFrame({"members": range(1, number + 1)}).with_columns(
        program=pl.lit("spring"),
        top=pl.format("u-{}", "members"),
        depth="members",
        width="members",
        paid="members",
    )
    with one_transaction():
        write("metrics_chain", rows)
        write("segments_chainincome", rows.select("program", "top", revenue="members"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE metrics_chain")
        cursor.execute("ANALYZE segments_chainincome")
