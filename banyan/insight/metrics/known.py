"""known: of how many who came by a referral it is known whose, and by what they were recognised.

A code alone loses those who come by a link, a link those who come by telephone; together they lose
nobody. What is lost all the same shows here: somebody names a code that nobody has, or says that
somebody sent them and nobody knows who.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from banyan.insight.metrics.facts import ACCOUNT_CREATED, ORDERED, SIGNED_UP
from banyan.insight.metrics.funnel import share
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import Scope
from banyan.kernel.database import among, put, read

SAYS = ("referral", "referred", "friend", "word of mouth", "word_of_mouth", "转介绍", "朋友推荐")
"""What `properties.source` of a sign-up or order says of somebody whom another sent."""
_JOINING = (SIGNED_UP, ACCOUNT_CREATED, ORDERED)
_NOBODYS = (
    "FROM metrics_unattributed u WHERE u.first_on >= %s AND u.first_on <= %s AND NOT EXISTS "
    "(SELECT 1 FROM metrics_friend f WHERE f.friend = u.user_id)"
)


@dataclass(frozen=True)
class Known:
    """Of a period: friends whose advocate is known, and people who came by a referral of whom it is
    not. The unknown stand under every program: nobody knows whose they are."""

    known: int
    unknown: int

    @property
    def share(self) -> float | None:
        """Of all who came by a referral, those whose advocate is known."""
        return share(self.known, self.known + self.unknown)


@dataclass(frozen=True)
class Carrier:
    """By what friends were recognised: `click`, `code`, `invite`; and how many bought."""

    kind: str
    friends: int
    purchased: int


@dataclass(frozen=True)
class Nobodys:
    """Somebody whose advocate is unknown; `why` is `code` or `said`."""

    user_id: str
    first_on: date
    why: str


def known(period: Period, scope: Scope) -> Known:
    """Those who came in the period."""
    where, programs = among("program", scope.programs)
    friends = read(
        f"SELECT COUNT(DISTINCT friend) FROM metrics_friend WHERE {where} "
        "AND joined_on >= %s AND joined_on <= %s",
        [*programs, period.first, period.last],
        {"n": pl.Int64},
    )
    lost = read(f"SELECT COUNT(*) {_NOBODYS}", [period.first, period.last], {"n": pl.Int64})
    return Known(int(friends["n"][0]), int(lost["n"][0]))


def carriers(period: Period, scope: Scope) -> list[Carrier]:
    """Friends who came in the period by what they were recognised, the most first."""
    where, programs = among("program", scope.programs)
    rows = read(
        "SELECT kind, COUNT(*), COUNT(purchased_on) FROM metrics_friend "
        f"WHERE {where} AND joined_on >= %s AND joined_on <= %s GROUP BY kind",
        [*programs, period.first, period.last],
        {"kind": pl.String, "friends": pl.Int64, "purchased": pl.Int64},
    ).sort("friends", "kind", descending=[True, False])
    return [Carrier(**row) for row in rows.to_dicts()]


def nobodys(period: Period, *, most: int = 50) -> list[Nobodys]:
    """People of the period whose advocate is unknown, the latest first."""
    rows = read(
        f"SELECT u.user_id, CAST(u.first_on AS TEXT), u.why {_NOBODYS} "
        "ORDER BY u.first_on DESC, u.user_id LIMIT %s",
        [period.first, period.last, most],
        {"user_id": pl.String, "first_on": pl.String, "why": pl.String},
    )
    return [Nobodys(user, date.fromisoformat(day), why) for user, day, why in rows.rows()]


def save_unattributed(events: pl.DataFrame) -> None:
    """Keep who came by a referral that is nobody's; the first event of somebody counts. Whether
    they were referred all the same is asked when it is read."""
    rows = events.filter(pl.col("name").is_in(_JOINING) & (pl.col("user_id") != ""))
    # Most events name no source; to look for the word first is far cheaper than to read each.
    may_say = pl.col("body").str.contains('"source"', literal=True)
    rows = rows.filter(pl.col("is_code_unknown") | may_say)
    if rows.is_empty():
        return
    source = pl.col("body").str.json_path_match("$.properties.source")
    says = source.str.strip_chars().str.to_lowercase().is_in(SAYS).fill_null(False)
    why = pl.when("is_code_unknown").then(pl.lit("code")).otherwise(pl.lit("said"))
    found = (
        rows.with_columns(says=says, why=why)
        .filter(pl.col("is_code_unknown") | pl.col("says"))
        .unique("user_id", keep="first", maintain_order=True)
        .select("user_id", pl.col("day").cast(pl.String).alias("first_on"), "why")
    )
    if found.is_empty():
        return
    where, parameters = among("user_id", found["user_id"].to_list())
    there = read(
        f"SELECT user_id FROM metrics_unattributed WHERE {where}",
        parameters,
        {"user_id": pl.String},
    )
    put("metrics_unattributed", found.join(there, on="user_id", how="anti"), ("user_id",))
