"""chains: who brought whom who brought whom, in one program, for a tree of any size.

A chain is made of referrals, and one referral hangs on another when its advocate was the friend
there *before*: two people may bring each other, and only the order tells who stands above. So a
person's chain is every referral of theirs, and what hangs on those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
import polars as pl
from django.db import connection

from banyan.core.referrals.models import Referral
from banyan.kernel.database import is_postgres, read

HIGHEST = 200
"""So many people are looked for above somebody; a chain that is longer is cut there."""

_BRANCH = {
    "friend": pl.String(),
    "position": pl.Int64(),
    "started_at": pl.Datetime("us", "UTC"),
    "friends": pl.Int64(),
}
_EDGE = {"advocate": pl.String(), "friend": pl.String(), "position": pl.Int64()}


@dataclass(frozen=True)
class Branch:
    """A friend in a chain: when they joined, and how many they brought since."""

    friend: str
    position: int
    started_at: datetime
    friends: int


@dataclass(frozen=True)
class Fission:
    """How far recommending goes on by itself in a program.

    `levels`: of each level of all chains its members, and how many of them brought others.
    """

    referrals: int
    advocates: int
    chains: int
    levels: tuple[tuple[int, int], ...]
    layers_below: float
    """Of friends who brought others: how many levels hang on one, on average."""

    @property
    def per_advocate(self) -> float:
        """Friends for each advocate: the fission coefficient."""
        return self.referrals / self.advocates if self.advocates else 0.0


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


def forest(program: str) -> pl.DataFrame:
    """Every referral of a program with the chain it is in, in the order of the log.

    Columns: advocate, friend, position, top (at the head of the chain), level (1: a friend of the
    top), below (how many levels hang on it).
    """
    last = Referral.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return _forest(str(connection.settings_dict["NAME"]), program, last)


def fission(program: str) -> Fission:
    """How far recommending goes on by itself."""
    rows = forest(program)
    if rows.is_empty():
        return Fission(0, 0, 0, (), 0.0)
    levels = rows.group_by("level").agg(pl.len(), (pl.col("below") > 0).sum().alias("on"))
    going_on = rows.filter(pl.col("below") > 0)["below"].mean()
    return Fission(
        referrals=rows.height,
        advocates=rows["advocate"].n_unique(),
        chains=rows["top"].n_unique(),
        levels=tuple((n, on) for _, n, on in levels.sort("level").iter_rows()),
        layers_below=float(going_on) if isinstance(going_on, float) else 0.0,
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


@lru_cache(maxsize=16)
def _forest(_database: str, program: str, _last: int) -> pl.DataFrame:
    """Kept until there is another referral: rows of them never change."""
    edges = read(
        "SELECT advocate, friend, join_position FROM referrals_referral WHERE program = %s "
        "ORDER BY join_position",
        [program],
        _EDGE,
    ).with_row_index("row")
    own = edges.select(
        pl.col("friend").alias("advocate"),
        pl.col("row").cast(pl.Int64).alias("on"),
        pl.col("position").alias("since"),
    )
    rows = edges.join(own, on="advocate", how="left", maintain_order="left")
    hangs = pl.when(pl.col("since") < pl.col("position")).then("on").otherwise(-1).fill_null(-1)
    on = rows.select(hangs.alias("on"))["on"].to_numpy()
    top, level = _tops(on)
    return edges.select(
        "advocate",
        "friend",
        "position",
        top=edges["advocate"].gather(pl.Series(top, dtype=pl.UInt32)),
        level=pl.Series(level, dtype=pl.Int64),
        below=pl.Series(_heights(on, level), dtype=pl.Int64),
    )


def _tops(on: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row the row at the head of its chain, and its level from there, by doubling the
    distance that is looked at until nothing is above any more."""
    rows = np.arange(len(on))
    jump = np.where(on >= 0, on, rows)
    level = (on >= 0).astype(np.int64)
    while len(on) and (jump != jump[jump]).any():
        level = level + level[jump]
        jump = jump[jump]
    return jump, level + 1


def _heights(on: np.ndarray, level: np.ndarray) -> Sequence[int]:
    """How many levels hang on each row, from the lowest level up."""
    height = np.zeros(len(on), dtype=np.int64)
    by_level = np.argsort(level, kind="stable")
    starts = np.searchsorted(level[by_level], np.arange(1, level.max(initial=1) + 2))
    for number in range(len(starts) - 1, 1, -1):
        here = by_level[starts[number - 1] : starts[number]]
        np.maximum.at(height, on[here], height[here] + 1)
    return list(height)
