"""worth: what a chain of referrals brought in, beside what was paid for it.

Revenue is what the chain's members ordered, less what came back; the one at its top came by
themselves and is left out. Money is exact: sums of minor units, one currency alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from banyan.core.events import read as log
from banyan.core.programs.read import published_program, versions
from banyan.core.referrals import chains
from banyan.insight.metrics.rebuild import position
from banyan.insight.segments import sources
from banyan.insight.segments.models import Mark
from banyan.kernel.database import read, read_in_pieces

MONEY = ("cash", "credit")
_ALL = 2**62
_PIECE = 2_000

# Somebody who stands in a chain twice spent once: that counts where they are nearest.
_TURN = "ROW_NUMBER() OVER (PARTITION BY m.friend ORDER BY m.level)"

ORDERS = ("members", "depth", "width", "revenue", "paid")
"""By what chains can be sorted."""
NEAR = 5_000
"""Chains that lack no more of the log than this many events count as whole."""

# Sums that are kept; see `metrics.chains` and `income`.
_CHAINS = (
    "SELECT c.top, c.members, c.depth, c.width, COALESCE(i.revenue, 0), c.paid "
    "FROM metrics_chain c LEFT JOIN segments_chainincome i "
    "ON i.program = c.program AND i.top = c.top"
)
_CHAIN = {
    "top": pl.String(),
    **dict.fromkeys(("members", "depth", "width", "revenue", "paid"), pl.Int64()),
}
_LAYER = {
    "level": pl.Int64(),
    "members": pl.Int64(),
    "revenue": pl.Int64(),
    "paid": pl.Int64(),
    "found": pl.Int64(),
}
_MEMBER = {
    "level": pl.Int64(),
    "advocate": pl.String(),
    "friend": pl.String(),
    "joined_at": pl.Datetime("us", "UTC"),
    "revenue": pl.Int64(),
    "paid": pl.Int64(),
}


@dataclass(frozen=True)
class Worth:
    """Of one chain: its members, how many levels it has, what they spent (minor units of
    `currency`), and what was granted in money for its referrals, to whichever side."""

    top: str
    members: int
    depth: int
    width: int
    currency: str
    revenue: int
    paid: int


@dataclass(frozen=True)
class Layer:
    """Of one level of one chain: its members, what they spent, what was paid for their
    referrals."""

    level: int
    members: int
    revenue: int
    paid: int


@dataclass(frozen=True)
class Chain:
    """The chain below one person, the own friends first. With `is_cut` it has more members than
    were added up: the last level lacks some, and levels below it may be missing."""

    worth: Worth
    layers: tuple[Layer, ...]
    is_cut: bool


@dataclass(frozen=True)
class Level:
    """Of one level of all chains: its members, those who brought others, what members spent."""

    level: int
    members: int
    going_on: int
    revenue: int


def of_chain(program: str, user_id: str, *, most: int) -> Chain:
    """The chain below one person; the `most` nearest members are added up, by the database.
    `members` gives them all."""
    begin, parameters = chains.tree(program, user_id, most=most + 1)
    spent, of_spent = _spent_by("m.friend", program)
    paid, of_paid = _paid_for("m.friend", program)
    found = read(
        # SQLite sorts for the window before it obeys a limit below it, unless that is kept apart.
        f"{begin}, nearest AS MATERIALIZED (SELECT friend, level FROM member LIMIT %s), "
        f"counted AS (SELECT friend, level, {_TURN} AS turn FROM nearest m) "
        "SELECT level, COUNT(*), CAST(SUM(spent) AS BIGINT), CAST(SUM(paid) AS BIGINT), "
        "(SELECT COUNT(*) FROM member) FROM (SELECT m.level, "
        f"CASE WHEN m.turn = 1 THEN {spent} ELSE 0 END AS spent, "
        f"CASE WHEN m.turn = 1 THEN {paid} ELSE 0 END AS paid FROM counted m) told "
        "GROUP BY level ORDER BY level",
        [*parameters, most, *of_spent, *of_paid],
        _LAYER,
    )
    layers = tuple(Layer(*row[:4]) for row in found.iter_rows())
    whole = Worth(
        top=user_id,
        members=sum(one.members for one in layers),
        depth=len(layers),
        width=max((one.members for one in layers), default=0),
        currency=currency_of(program),
        revenue=sum(one.revenue for one in layers),
        paid=sum(one.paid for one in layers),
    )
    return Chain(whole, layers, is_cut=bool((found["found"] > most).any()))


def members(program: str, user_id: str) -> Iterator[pl.DataFrame]:
    """Everybody in the chain below one person, in pieces, the own friends first.

    Columns: level, advocate, friend, joined_at, revenue, paid.
    """
    begin, parameters = chains.tree(program, user_id, most=_ALL)
    spent, of_spent = _spent_by("m.friend", program)
    paid, of_paid = _paid_for("m.friend", program)
    return read_in_pieces(
        f"{begin} SELECT m.level, m.advocate, m.friend, j.started_at, "
        f"CASE WHEN m.turn = 1 THEN CAST({spent} AS BIGINT) ELSE 0 END, "
        f"CASE WHEN m.turn = 1 THEN CAST({paid} AS BIGINT) ELSE 0 END "
        f"FROM (SELECT level, advocate, friend, position, {_TURN} AS turn FROM member m) m "
        "JOIN referrals_referral j ON j.program = %s AND j.friend = m.friend "
        "ORDER BY m.level, m.position",
        [*parameters, *of_spent, *of_paid, program],
        _MEMBER,
        size=_PIECE,
    )


def greatest(
    program: str, *, by: str = "members", after: tuple[int, str] | None = None, limit: int = 50
) -> list[Worth]:
    """The chains of a program that are greatest by one of `ORDERS`; of equal ones those with the
    later name first. `after` is that number and the top of the chain to go on behind."""
    owner = "i" if by == "revenue" else "c"
    assert by in ORDERS
    there = f"AND ({owner}.{by}, {owner}.top) < (%s, %s) " if after else ""
    found = read(
        f"{_CHAINS} WHERE {owner}.program = %s {there}"
        f"ORDER BY {owner}.{by} DESC, {owner}.top DESC LIMIT %s",
        [program, *(after or ()), limit],
        _CHAIN,
    )
    return _worths(found, currency_of(program))


def every(program: str) -> Iterator[list[Worth]]:
    """All chains of a program, those with most members first, in pieces; each is a question of its
    own, so that nothing is open while a reader waits."""
    piece = greatest(program, limit=_PIECE)
    while piece:
        yield piece
        last = piece[-1]
        piece = greatest(program, after=(last.members, last.top), limit=_PIECE)


def by_level(program: str) -> list[Level]:
    """What each level of all chains brought in."""
    found = read(
        "SELECT l.level, l.members, l.going_on, COALESCE(i.revenue, 0) FROM metrics_level l "
        "LEFT JOIN segments_levelincome i ON i.program = l.program AND i.level = l.level "
        "WHERE l.program = %s AND l.members > 0 ORDER BY l.level",
        [program],
        dict.fromkeys(("level", "members", "going_on", "revenue"), pl.Int64()),
    )
    return [Level(*row) for row in found.iter_rows()]


def share_counted() -> float:
    """How much of the log chains count, with all that their members spent; 1 while no more than the
    last `NEAR` events are missing. The worker counts chains and what was paid at once, but what was
    spent is taken in by the clock, each minute, and by pages that need it."""
    head = log.head()
    taken, joined = Mark.objects.values_list("position", "joined").filter(id=1).first() or (0, 0)
    done = min(position(), taken, joined)
    return 1.0 if head - done <= NEAR else done / head


def currency_of(program: str) -> str:
    """The currency of a program's newest version."""
    found = [row for row in versions(program) if row.status == "published"]
    return published_program(program, found[0].number).currency if found else ""


def _spent_by(person: str, program: str) -> tuple[str, list[object]]:
    """SQL of what a customer ordered in the program's currency less what came back. A
    question for each member, which no database answers by reading everybody's."""
    return (
        "COALESCE((SELECT SUM(s.amount - s.refunded) FROM segments_spending s "
        f"WHERE s.customer = {person} AND s.currency IN (%s, '')), 0)",
        [currency_of(program)],
    )


def _paid_for(friend: str, program: str) -> tuple[str, list[object]]:
    """SQL of what was granted in money for a referral and not taken back."""
    units = _units(program)
    return (
        "COALESCE((SELECT SUM(d.amount - COALESCE((SELECT SUM(b.amount) FROM referrals_reversal b "
        "WHERE b.decision_id = d.decision_id), 0)) FROM referrals_decision d "
        f"WHERE d.friend = {friend} AND d.program = %s "
        f"AND d.unit IN ({', '.join(['%s'] * len(units))}) AND {sources.KEPT}), 0)",
        [program, *units],
    )


def _worths(rows: pl.DataFrame, currency: str) -> list[Worth]:
    return [Worth(currency=currency, **row) for row in rows.iter_rows(named=True)]


def _units(program: str) -> list[str]:
    currency = currency_of(program)
    return [f"{give} {currency}" for give in MONEY]
