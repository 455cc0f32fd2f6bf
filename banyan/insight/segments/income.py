"""income: what the members of each chain of referrals spent, moved on as purchases are taken in.

A member counts with everything they ordered in the program's currency, also before they joined. So
whoever joins brings along what they spent until then, and every order after that moves their chain.
"""

from __future__ import annotations

import msgspec
import polars as pl
from django.db import connection

from banyan.insight.metrics.rebuild import held_position, position
from banyan.insight.metrics.referrals import friends_among
from banyan.insight.metrics.scope import latest_terms
from banyan.insight.segments.models import LevelIncome, Mark
from banyan.kernel.database import among, put, read

STRETCH = 50_000
"""Positions of the log whose new friends are counted in one transaction."""

_MEMBER = {
    "program": pl.String(),
    "friend": pl.String(),
    "top": pl.String(),
    "depth": pl.Int64(),
}
_SPENT = {"customer": pl.String(), "currency": pl.String(), "amount": pl.Int64()}


def follow(mark: Mark, spent: pl.DataFrame) -> bool:
    """Move chains on by what customers spent just now (customer, currency, amount) and by the
    spending of who joined since; whether there are more who joined. Wants `mark` locked; its caller
    saves it."""
    currencies = _currencies()
    is_other = _is_other(mark, currencies)
    mark.currencies = msgspec.json.encode(currencies).decode()
    if spent.is_empty() and position() == mark.joined and not is_other:
        return False
    # Places in chains come from the figures: those must not be made again while we look at them.
    counted = held_position()
    if counted < mark.joined or is_other:
        _start_again(mark)
    upto = min(counted, mark.joined + STRETCH)
    fresh = _joined(mark.joined, upto)
    members = _members(spent, mark.joined)
    parts = [_earned(members, spent, currencies), _earned(fresh, _spending(fresh), currencies)]
    # A chain has a row also when nobody in it spent anything.
    _add(pl.concat([*parts, fresh.select("program", "top", "depth", amount=pl.lit(0, pl.Int64))]))
    mark.joined = upto
    return upto < counted


def missing(mark: Mark) -> int:
    """How many positions `follow` has to look at for those who joined: all of them if it must start
    again."""
    counted = position()
    starts_again = counted < mark.joined or _is_other(mark, _currencies())
    return counted if starts_again else counted - mark.joined


def _currencies() -> dict[str, str]:
    return {slug: terms.currency for slug, terms in latest_terms().items()}


def _is_other(mark: Mark, currencies: dict[str, str]) -> bool:
    """Whether a program has another currency than that in which its chains were counted."""
    before = msgspec.json.decode(mark.currencies, type=dict[str, str])
    other = [slug for slug, currency in currencies.items() if before.get(slug) != currency]
    # One that was published since has no chains that were counted.
    return bool(other) and LevelIncome.objects.filter(program__in=other).exists()


def _start_again(mark: Mark) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM segments_chainincome")
        cursor.execute("DELETE FROM segments_levelincome")
    mark.joined = 0


def _joined(after: int, upto: int) -> pl.DataFrame:
    """Members who joined in (after, upto], with their places."""
    return read(
        "SELECT f.program, f.friend, f.top, f.depth FROM referrals_referral r "
        "JOIN metrics_friend f ON f.program = r.program AND f.friend = r.friend "
        "WHERE r.join_position > %s AND r.join_position <= %s",
        [after, upto],
        _MEMBER,
    )


def _members(spent: pl.DataFrame, upto: int) -> pl.DataFrame:
    """Those of who spent something who joined up to there."""
    known = friends_among(spent["customer"].unique().to_list())
    return known.filter(pl.col("join_position") <= upto).select(*_MEMBER)


def _spending(members: pl.DataFrame) -> pl.DataFrame:
    where, parameters = among("customer", members["friend"].unique().to_list())
    return read(
        f"SELECT customer, currency, amount - refunded FROM segments_spending WHERE {where}",
        parameters,
        _SPENT,
    )


def _earned(members: pl.DataFrame, spent: pl.DataFrame, currencies: dict[str, str]) -> pl.DataFrame:
    """Of members what they spent in their program's currency: (program, top, depth, amount)."""
    own = pl.col("program").replace_strict(currencies, default="", return_dtype=pl.String)
    rows = members.join(spent, left_on="friend", right_on="customer")
    ours = rows.filter((pl.col("currency") == own) | (pl.col("currency") == ""))
    return ours.select("program", "top", "depth", "amount")


def _add(rows: pl.DataFrame) -> None:
    for table, key in (("chainincome", "top"), ("levelincome", "level")):
        sums = (
            rows.rename({"depth": "level", "amount": "revenue"})
            .group_by("program", key)
            .agg(pl.col("revenue").sum())
            .sort("program", key)
        )
        put(f"segments_{table}", sums, ("program", key), adding=("revenue",))
