"""chains: who brought whom who brought whom, in one program, for a tree of any size.

A chain is made of referrals, and one referral hangs on another when its advocate was the friend
there *before*: two people may bring each other, and only the order tells who stands above. So a
person's chain is every referral of theirs, and what hangs on those.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
import polars as pl
from django.db import connection

from banyan.core.referrals.models import Referral
from banyan.kernel.database import among, read

HIGHEST = 200
"""So many people are looked for above somebody; a chain that is longer is cut there."""

_MEMBER = {"friend": pl.String(), "level": pl.Int64()}
_EDGE = {"advocate": pl.String(), "friend": pl.String(), "position": pl.Int64()}


@dataclass(frozen=True)
class Branch:
    """A friend in a chain: when they joined, and how many they brought since."""

    friend: str
    position: int
    started_at: datetime
    friends: int


@dataclass(frozen=True)
class Extent:
    """How large somebody's chain is. `levels` counts its members level by level, the own friends
    first; with `is_cut` there are more than were counted."""

    levels: tuple[int, ...]
    is_cut: bool

    @property
    def members(self) -> int:
        """Everybody in it, without the one at its top."""
        return sum(self.levels)

    @property
    def depth(self) -> int:
        """How many levels it has."""
        return len(self.levels)

    @property
    def width(self) -> int:
        """The members of its fullest level."""
        return max(self.levels, default=0)


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
    rows = Referral.objects.filter(
        program=program, advocate=user_id, join_position__gt=max(since, after)
    ).order_by("join_position")[:limit]
    joined = [(row.friend, row.join_position, row.started_at) for row in rows]
    brought = _brought(program, {friend: position for friend, position, _ in joined})
    return [Branch(friend, position, at, brought.get(friend, 0)) for friend, position, at in joined]


def extent(program: str, user_id: str, *, most: int = 100_000) -> Extent:
    """How large the chain below this person is; `most` members are counted."""
    found = _members(program, user_id, most + 1)
    is_cut = found.height > most
    counted = found.head(most).group_by("level").len().sort("level")
    return Extent(tuple(counted["len"].to_list()), is_cut)


def members(program: str, user_id: str, *, most: int = 100_000) -> pl.DataFrame:
    """The members of the chain below this person, the nearest levels first: (friend, level)."""
    return _members(program, user_id, most)


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


def programs_of(user_ids: Collection[str]) -> list[str]:
    """The programs in which these people brought somebody or were brought, by name."""
    where, parameters = among("advocate", sorted(user_ids))
    either, others = among("friend", sorted(user_ids))
    found = read(
        f"SELECT program FROM referrals_referral WHERE {where} "
        f"UNION SELECT program FROM referrals_referral WHERE {either} ORDER BY program",
        [*parameters, *others],
        {"program": pl.String()},
    )
    return found["program"].to_list()


def _members(program: str, user_id: str, most: int) -> pl.DataFrame:
    # A limit on what the recursion gives ends it on both databases; a person stands once in it,
    # since they joined once.
    return read(
        "WITH RECURSIVE down(friend, position, level) AS ("
        "SELECT friend, join_position, 1 FROM referrals_referral "
        "WHERE program = %s AND advocate = %s "
        "UNION ALL SELECT r.friend, r.join_position, down.level + 1 FROM down "
        "JOIN referrals_referral r ON r.program = %s AND r.advocate = down.friend "
        "AND r.join_position > down.position) "
        "SELECT friend, level FROM down LIMIT %s",
        [program, user_id, program, most],
        _MEMBER,
    ).sort("level", maintain_order=True)


def _brought(program: str, joined: dict[str, int]) -> dict[str, int]:
    """How many friends these people brought after they had joined themselves."""
    where, parameters = among("advocate", list(joined))
    found = read(
        f"SELECT advocate, friend, join_position FROM referrals_referral WHERE program = %s "
        f"AND {where}",
        [program, *parameters],
        _EDGE,
    )
    own = pl.DataFrame(
        {"advocate": list(joined), "since": list(joined.values())},
        schema={"advocate": pl.String(), "since": pl.Int64()},
    )
    later = found.join(own, on="advocate").filter(pl.col("position") > pl.col("since"))
    return dict(later.group_by("advocate").len().iter_rows())


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
