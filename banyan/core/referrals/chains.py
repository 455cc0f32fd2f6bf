"""chains: who brought whom who brought whom, in one program, for a tree of any size.

A chain is made of referrals, and one referral hangs on another when its advocate was the friend
there *before*: two people may bring each other, and only the order tells who stands above. So a
person's chain is every referral of theirs, and what hangs on those.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from banyan.kernel.database import is_postgres, read

HIGHEST = 200
"""So many people are looked for above somebody; a chain that is longer is cut there."""

_BRANCH = {
    "friend": pl.String(),
    "position": pl.Int64(),
    "started_at": pl.Datetime("us", "UTC"),
    "friends": pl.Int64(),
}


@dataclass(frozen=True)
class Branch:
    """A friend in a chain: when they joined, and how many they brought since."""

    friend: str
    position: int
    started_at: datetime
    friends: int


def above(program: str, user_id: str) -> list[str]:
    """Who brought this person, who brought that one, and so on; the nearest first."""
    found = read(
        "WITH RECURSIVE up(advocate, position, level) AS ("
        "SELECT advocate, join_position, 1 FROM referrals_referral "
        "WHERE program = %s AND friend = %s "
        "UNION ALL SELECT r.advocate, r.join_position, up.level + 1 FROM up "
        "JOIN referrals_referral r ON r.program = %s AND r.friend = up.advocate "
        "AND r.join_position < up.position WHERE up.level < %s) "
        "SELECT advocate, level FROM up ORDER BY level",
        [program, user_id, program, HIGHEST],
        {"advocate": pl.String(), "level": pl.Int64()},
    )
    return found["advocate"].to_list()


def below(
    program: str, user_id: str, *, since: int = 0, after: int = 0, limit: int = 50
) -> list[Branch]:
    """Friends of this person who joined above the position `since`, in the order in which they
    joined; `after` is the position to go on from."""
    found = read(
        "SELECT f.friend, f.join_position, f.started_at, "
        "(SELECT COUNT(*) FROM referrals_referral r WHERE r.program = %s "
        "AND r.advocate = f.friend AND r.join_position > f.join_position) "
        "FROM (SELECT friend, join_position, started_at FROM referrals_referral "
        "WHERE program = %s AND advocate = %s AND join_position > %s "
        "ORDER BY join_position LIMIT %s) f ORDER BY f.join_position",
        [program, program, user_id, max(since, after), limit],
        _BRANCH,
    )
    return [Branch(*row) for row in found.iter_rows()]


def tree(program: str, user_id: str, *, most: int) -> tuple[str, list[object]]:
    """The chain below this person as SQL that a query begins with, and its parameters.

    It defines `member` (advocate, friend, position, level), the nearest levels first; `most` rows
    of it are worked out, however large the chain is. Who was brought by somebody in their own chain
    stands above their own friends as well as below them, so these may be in it twice.
    """
    # Each database ends the recursion by a limit of its own: SQLite by one inside, which PostgreSQL
    # does not know, and that by one on what is taken from it. One row more: the person.
    inside, bound = ("", []) if is_postgres() else (" LIMIT %s", [most + 1])
    # PostgreSQL reckons that each level has ten times the rows of the first term. That is one row,
    # so it asks the index for each member; of all friends of somebody popular it would expect so
    # many that it read the whole table once a level.
    return (
        "WITH RECURSIVE down(advocate, friend, position, level) AS ("
        "SELECT CAST('' AS TEXT), CAST(%s AS TEXT), CAST(0 AS BIGINT), 0 "
        "UNION ALL SELECT r.advocate, r.friend, r.join_position, down.level + 1 FROM down "
        "JOIN referrals_referral r ON r.program = %s AND r.advocate = down.friend "
        f"AND r.join_position > down.position{inside}), "
        "member AS MATERIALIZED (SELECT advocate, friend, position, level FROM down "
        "WHERE level > 0 LIMIT %s)",
        [user_id, program, *bound, most],
    )


def programs_of(user_id: str) -> list[str]:
    """The programs in which this person brought somebody or was brought, by name."""
    found = read(
        "SELECT p.slug FROM programs_program p WHERE EXISTS (SELECT 1 FROM referrals_referral r "
        "WHERE r.program = p.slug AND r.advocate = %s) OR EXISTS (SELECT 1 FROM "
        "referrals_referral r WHERE r.program = p.slug AND r.friend = %s) ORDER BY p.slug",
        [user_id, user_id],
        {"program": pl.String()},
    )
    return found["program"].to_list()
