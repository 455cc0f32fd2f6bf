"""What the worker counts is what a rebuild counts is what the exported log says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from django.db import connection
from django.test import override_settings

from banyan.core.programs.read import published
from banyan.insight.metrics import referrals
from banyan.insight.metrics.facts import facts_between
from banyan.insight.metrics.promised import promised
from banyan.insight.metrics.rebuild import (
    catch_up,
    go_on,
    position,
    rebuild,
    start_again,
)
from banyan.kernel.database import read
from banyan.pipeline.books import book_of
from banyan.pipeline.wait import cursor_position
from tests.installation import Installation
from tests.rooms.insight.metrics.busy import CURRENCIES, busy
from tests.rooms.insight.metrics.by_hand import Books
from tests.rooms.pipeline.line import Line

ZONE = "Asia/Shanghai"
TABLES = {
    "day": "CAST(day AS TEXT), program, measure, item, unit, n, amount",
    "slice": "CAST(day AS TEXT), program, version, channel, script, variant, measure, item, unit, "
    "n, amount",
    "friend": "program, friend, advocate, version, kind, channel, script, variant, depth, "
    "join_position, CAST(touched_on AS TEXT), CAST(joined_on AS TEXT), CAST(accepted_on AS TEXT), "
    "CAST(activated_on AS TEXT), CAST(purchased_on AS TEXT), CAST(rewarded_on AS TEXT), "
    "CAST(repurchased_on AS TEXT), CAST(lost_on AS TEXT), orders, revenue, refunded, cost, top, "
    "below",
    "chain": "program, top, members, depth, width, paid",
    "chainlevel": "program, top, level, members",
    "level": "program, level, members, going_on, below, advocates, chains",
    "advocate": "user_id, CAST(first_on AS TEXT), CAST(last_on AS TEXT), initiated, joined, "
    "purchased",
    "buyer": "user_id, first_position, CAST(first_on AS TEXT), CAST(last_on AS TEXT), orders, "
    "currency, revenue, CAST(referred AS INTEGER)",
}


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    """Days of a zone that is not UTC."""
    with override_settings(OPERATOR_TIME_ZONE=ZONE):
        yield


def rows(table: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {TABLES[table]} FROM metrics_{table}")
        return sorted(cursor.fetchall(), key=repr)


def everything() -> dict[str, list[Any]]:
    return {table: rows(table) for table in TABLES}


def nothing(done: int, whole: int) -> None:
    """No progress is shown."""


def test_live_is_rebuilt_is_reckoned_from_the_log(installation: Installation) -> None:
    busy()
    live = everything()
    versions = published()
    reached = rebuild(
        promised(book_of(versions), versions), cursor=cursor_position, progress=nothing
    )
    assert reached == cursor_position()
    again = everything()
    for table, kept in live.items():
        assert set(again[table]) ^ set(kept) == set(), table
    assert again == live

    books = Books(ZONE, CURRENCIES)
    days = {tuple(row[:5]): row[5:] for row in live["day"]}
    assert days == books.days()
    measures = {key[2] for key in days}
    assert {
        "initiated", "clicks", "invites", "joined", "accepted", "activated", "purchased",
        "rewarded", "repurchased", "lost", "friend_orders", "friend_refunds", "held", "rejected",
        "granted", "available", "expired", "taken", "taken_pending", "spent", "returned",
        "shop_orders", "shop_refunds", "shop_orders_referred", "shop_refunds_referred", "shop_new",
        "shop_new_referred",
    } <= measures  # fmt: skip
    money = {(row[0], row[1]): row[18:22] for row in live["friend"]}
    assert money == books.money_of_friends()
    assert {(row[0], row[1]): row[8] for row in live["friend"]} == {
        key: books.depth(*key) for key in books.friends
    }
    assert max(row[8] for row in live["friend"]) >= 4
    assert_chains(live, books)
    stages = {
        (row[0], row[1]): dict(
            zip(
                ("accepted", "activated", "purchased", "rewarded", "repurchased", "lost"),
                row[12:18],
                strict=True,
            )
        )
        for row in live["friend"]
    }
    assert {
        key: {name: day for name, day in reached.items() if day} for key, reached in stages.items()
    } == {
        key: {name: books.day(at) for name, at in reached.items()}
        for key, reached in books.stages().items()
    }


def assert_chains(kept: dict[str, list[Any]], books: Books) -> None:
    """Every chain and level is that of the exported referrals."""
    assert {(row[0], row[1]): row[22:] for row in kept["friend"]} == {
        key: (books.top(*key), below) for key, below in books.below().items()
    }
    assert {row[:2]: row[2:] for row in kept["chain"]} == books.chains()
    assert {row[:2]: row[2:] for row in kept["level"]} == books.levels()
    members = Counter((key[0], books.top(*key), books.depth(*key)) for key in books.friends)
    assert {row[:3]: row[3] for row in kept["chainlevel"]} == members


def test_friends_are_moved_alike_one_by_one_and_together(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy()
    versions = published()
    stands = promised(book_of(versions), versions)
    found = []
    for few in (0, 1_000_000):
        monkeypatch.setattr(referrals, "_FEW", few)
        rebuild(stands, cursor=cursor_position, progress=nothing)
        found.append(rows("friend"))
    together, one_by_one = found
    assert together == one_by_one
    assert len(together) > 50


def test_slices_add_up_to_days_and_name_variants(installation: Installation) -> None:
    busy()
    days = read(
        "SELECT measure, SUM(n), SUM(amount) FROM metrics_day GROUP BY 1 ORDER BY 1",
        [],
        {"measure": pl.String, "n": pl.Int64, "amount": pl.Int64},
    )
    slices = read(
        "SELECT measure, SUM(n), SUM(amount) FROM metrics_slice GROUP BY 1 ORDER BY 1",
        [],
        {"measure": pl.String, "n": pl.Int64, "amount": pl.Int64},
    )
    assert days.equals(slices)
    split = read(
        "SELECT variant, SUM(n) FROM metrics_slice WHERE measure = 'joined' GROUP BY 1 ORDER BY 1",
        [],
        {"variant": pl.String, "n": pl.Int64},
    )
    assert split["variant"].to_list() == ["rate=a", "rate=b"]
    assert split["n"].sum() == len(rows("friend"))


def test_a_story_by_hand(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.say("NPS Answered", "ben", score=10)
    line.say("Order Completed", "eve", order_id="o7", total=5, currency="JPY")
    line.work(3)
    day, usd = "2026-03-01", "cash USD"
    figures = {tuple(row[1:5]): row[5:] for row in rows("day")}
    assert {row[0] for row in rows("day")} == {day}
    assert figures == {
        ("spring", "clicks", "", ""): (1, 0),
        ("spring", "initiated", "", ""): (2, 0),  # ben clicked, cid was given the code
        ("spring", "joined", "", ""): (2, 2),
        ("spring", "accepted", "", ""): (2, 0),
        ("spring", "activated", "", ""): (2, 0),
        ("spring", "purchased", "", ""): (2, 0),
        ("spring", "rewarded", "", ""): (2, 0),
        ("spring", "repurchased", "", ""): (1, 0),
        ("spring", "friend_orders", "", "USD"): (3, 13000),
        ("spring", "friend_refunds", "", "USD"): (1, 5000),
        ("spring", "decided", "", ""): (4, 0),
        ("spring", "granted", "thanks", usd): (2, 4000),
        ("spring", "taken_pending", "thanks", usd): (1, 2000),
        ("spring", "granted", "welcome", "points"): (2, 200),
        ("spring", "available", "welcome", "points"): (2, 200),
        ("", "shop_orders", "", "USD"): (3, 13000),
        ("", "shop_orders", "", "JPY"): (1, 5),
        ("", "shop_orders_referred", "", "USD"): (3, 13000),
        ("", "shop_refunds", "", "USD"): (1, 5000),
        ("", "shop_refunds_referred", "", "USD"): (1, 5000),
        ("", "shop_new", "", "USD"): (2, 0),
        ("", "shop_new", "", "JPY"): (1, 0),
        ("", "shop_new_referred", "", "USD"): (2, 0),
        ("", "nps_promoters", "", ""): (1, 0),
    }
    assert rows("advocate") == [("ann", day, day, 2, 2, 2)]


def test_an_installation_from_before_is_caught_up_with(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    whole = everything()
    start_again()
    assert (rows("day"), position()) == ([], 0)
    versions = published()
    stands = promised(book_of(versions), versions)
    assert catch_up(stands, cursor=cursor_position(), limit=5)
    assert position() == 5
    line.work()  # a worker that finds a gap fills it, and goes on from there
    assert everything() == whole
    assert not catch_up(stands, cursor=cursor_position(), limit=5)
    line.say("Order Completed", "cid", order_id="o9", total=1, currency="USD")
    line.work()
    assert position() == cursor_position()
    assert ("spring", "cid", 2, 7100) in {(r[0], r[1], *r[18:20]) for r in rows("friend")}


def test_what_stands_behind_a_gap_is_not_counted_before_it(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    versions = published()
    stands = promised(book_of(versions), versions)
    facts = facts_between(6, 9)
    start_again()
    assert not go_on(facts, before=6, upto=9, promised=stands)
    assert rows("day") == []


def test_another_time_zone_makes_them_again(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    versions = published()
    with override_settings(OPERATOR_TIME_ZONE="Pacific/Kiritimati"):
        catch_up(promised(book_of(versions), versions), cursor=cursor_position())
        assert {row[0] for row in rows("day")} == {"2026-03-01"}
        line.say("Order Completed", "cid", order_id="o8", total=1, currency="USD")
        line.work()
    assert len(rows("friend")) == 2
