"""Chains: trees of referrals, also where people brought each other."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import polars as pl
import pytest
from django.db import connection

from banyan.core.referrals import chains
from banyan.kernel.database import is_postgres, one_transaction, read, write
from tests.installation import Installation
from tests.rooms.pipeline.line import Line

EVERYBODY = """
program: spring
version: 1
currency: USD
attribution: {window: 30d}
friends: {where: "TRUE"}
milestones:
  bought: {on: Order Completed}
rewards:
  welcome: {to: friend, on: joined, give: points, amount: 100}
"""


_PLAN_OF_SQLITE = {"id": pl.Int64, "parent": pl.Int64, "unused": pl.Int64, "plan": pl.String}


@pytest.fixture
def line(installation: Installation) -> Line:
    """A program in which anybody may be anybody's friend."""
    line = Line()
    line.publish(EVERYBODY)
    return line


def brought(line: Line, advocate: str, friend: str) -> None:
    """The friend signs up with the advocate's code."""
    line.say("Referral Link Created", advocate, code=advocate, program="spring")
    line.say("Signed Up", friend, referral_code=advocate)


def tree(line: Line) -> None:
    """ann brought ben and cid, ben brought dan and eve, dan brought fay; gus brought hal."""
    for pair in ("ann ben", "ann cid", "ben dan", "ben eve", "dan fay", "gus hal"):
        brought(line, *pair.split())
    line.work()


def members(user_id: str, most: int = 100) -> list[tuple[str, str, int]]:
    """Of the chain below somebody: (advocate, friend, level)."""
    begin, parameters = chains.tree("spring", user_id, most=most)
    columns = {"advocate": pl.String(), "friend": pl.String(), "level": pl.Int64()}
    query = f"{begin} SELECT advocate, friend, level FROM member ORDER BY level, position"
    return read(query, parameters, columns).rows()


def levels(user_id: str) -> tuple[int, ...]:
    """How many members each level has."""
    return tuple(Counter(level for _advocate, _friend, level in members(user_id)).values())


def test_a_tree_is_told_up_and_down(line: Line) -> None:
    tree(line)
    assert chains.above("spring", "fay") == ["dan", "ben", "ann"]
    assert chains.above("spring", "ann") == []
    assert [(one.friend, one.friends) for one in chains.below("spring", "ann")] == [
        ("ben", 2),
        ("cid", 0),
    ]
    assert levels("ann") == (2, 2, 1)
    assert levels("gus") == (1,)
    assert levels("fay") == ()
    assert members("ben") == [("ben", "dan", 1), ("ben", "eve", 1), ("dan", "fay", 2)]
    assert chains.above("other", "fay") == []
    assert chains.programs_of("fay") == ["spring"]
    assert chains.programs_of("ann") == ["spring"]
    assert chains.programs_of("zoe") == []


def test_friends_come_in_pages_and_members_up_to_a_limit(line: Line) -> None:
    tree(line)
    [first] = chains.below("spring", "ann", limit=1)
    [second] = chains.below("spring", "ann", after=first.position, limit=1)
    assert (first.friend, second.friend) == ("ben", "cid")
    assert chains.below("spring", "ann", after=second.position) == []
    assert members("ann", most=3) == [("ann", "ben", 1), ("ann", "cid", 1), ("ben", "dan", 2)]
    assert members("ann", most=5) == members("ann")


def test_who_brought_each_other_stand_in_order(line: Line) -> None:
    brought(line, "ann", "ben")
    brought(line, "ben", "ann")
    brought(line, "ann", "cid")
    line.work()
    # ann joined after she had brought ben, so ben's chain holds her and whom she brought since.
    assert chains.above("spring", "ben") == ["ann"]
    assert chains.above("spring", "ann") == ["ben", "ann"]
    assert levels("ann") == (2, 1, 1)
    assert levels("ben") == (1, 1)
    # A friend's friends are those brought since the friend joined.
    assert [(one.friend, one.friends) for one in chains.below("spring", "ann")] == [
        ("ben", 1),
        ("cid", 0),
    ]
    assert [(one.friend, one.friends) for one in chains.below("spring", "ben")] == [("ann", 1)]


def test_a_chain_is_looked_up_by_the_index_and_not_read_through(installation: Installation) -> None:
    popular(20_000)
    begin, parameters = chains.tree("spring", "ann", most=3_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE referrals_referral")
    explain = "EXPLAIN" if is_postgres() else "EXPLAIN QUERY PLAN"
    columns = {"plan": pl.String} if is_postgres() else _PLAN_OF_SQLITE
    found = read(f"{explain} {begin} SELECT * FROM member", parameters, columns)
    plan = "\n".join(found["plan"])
    assert "referral_of_advocate" in plan
    assert "Seq Scan" not in plan
    assert "SCAN r" not in plan
    assert len(members("ann", most=3_000)) == 3_000


def popular(number: int) -> None:
    """ann brought half of so many people, and each of these one of the others."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    half = number // 2
    rows = pl.DataFrame({"position": range(1, number + 1)}).select(
        program=pl.lit("spring"),
        version=pl.lit(1),
        advocate=pl.when(pl.col("position") <= half)
        .then(pl.lit("ann"))
        .otherwise(pl.format("f-{}", pl.col("position") - half)),
        friend=pl.format("f-{}", "position"),
        kind=pl.lit("code"),
        touch_position="position",
        touched_at=pl.lit(at),
        join_position="position",
        started_at=pl.lit(at),
    )
    with one_transaction():
        write("referrals_referral", rows)
