"""settle: caps, refunds and releases in position order -> decisions and reversals.

Which cap, which period, which refund touches which grant and which fraction is joined beforehand
(`caps.py`, `refunds.py`); only `accountant.py` walks decisions one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book
from banyan.engine.order import joined, only, without
from banyan.engine.stages.accountant import Accountant, no_garbage_collection
from banyan.engine.stages.read import Events
from banyan.engine.stages.refunds import (
    CHANGING,
    Operation,
    earlier_grants,
    none_earlier,
    operations_on,
    refunds_of,
    rulings_of,
)
from banyan.engine.stages.risk import HOLD, REJECT
from banyan.engine.state import SCHEMAS, State, append, blank

REVERSALS = {
    "grant": pl.Int64,
    "position": pl.Int64,
    "occurred_at": pl.Int64,
    "amount": pl.Int64,
}
RELEASES = {
    "grant": pl.Int64,
    "position": pl.Int64,
    "occurred_at": pl.Int64,
    "before": pl.Int64,
}


class Settlement(NamedTuple):
    """What a batch decides about money, before it moves."""

    decisions: pl.DataFrame
    """The rewards due, with amount, outcome, reason, available_at and expires_at."""
    grants: pl.DataFrame
    """Those that gave or hold something, as in `state.grants`."""
    reversals: pl.DataFrame
    releases: pl.DataFrame


def settle(book: Book, state: State, due: pl.DataFrame, events: Events) -> tuple[Settlement, State]:
    """Decide every due reward, and apply every refund, release and denial of the batch."""
    changing = events.any_named(*CHANGING)
    if due.is_empty() and not changing:
        return Settlement(due, _NO_GRANTS, _NO_REVERSALS, _NO_RELEASES), state
    earlier = none_earlier(book.width)
    operations: list[Operation] = []
    if changing:
        refunds, rulings = refunds_of(book, events), rulings_of(events)
        state = state.plus(refunds=refunds)
        earlier = earlier_grants(book, state, refunds, rulings)
        operations = operations_on(book, state, due, earlier, refunds, rulings)
    with no_garbage_collection():
        walk = Accountant(book, state, due, earlier)
        walk.run(operations)
    decisions = _decided(book, due, *walk.decided())
    grants = _grants(state, decisions)
    touched = {row for row, *_ in (*walk.reversals, *walk.releases)}.union(walk.denied)
    numbers = _grant_numbers(state, decisions, earlier, touched)
    reversals = _numbered(walk.reversals, REVERSALS, numbers)
    releases = _numbered(walk.releases, RELEASES, numbers)
    denied = {numbers[d] for d in walk.denied}
    fates = _fates(state, reversals, releases, denied)
    state = state.plus(grants=grants).put(used=walk.used_rows(), fates=fates)
    state = state.but(grants_made=state.grants_made + grants.height)
    return Settlement(decisions, grants, reversals, releases), state


_NO_GRANTS = pl.DataFrame(schema=dict(SCHEMAS["grants"]))
_NO_REVERSALS = pl.DataFrame(schema=REVERSALS)
_NO_RELEASES = pl.DataFrame(schema=RELEASES)


def _decided(book: Book, due: pl.DataFrame, amounts: np.ndarray, cuts: np.ndarray) -> pl.DataFrame:
    """Due rewards with their outcome; the reason tells the last cap that cut."""
    amount = pl.Series("amount", amounts)
    rejected = pl.lit(amount == 0)
    held = pl.lit(due["verdict"] == HOLD)
    risky = pl.lit("risk:") + pl.col("verdict_id")
    waits = pl.when(pl.col("verdict_id").is_null()).then(pl.lit("stopped")).otherwise(risky)
    reason = (
        pl.when(pl.lit(due["verdict"] == REJECT))
        .then(risky)
        .when(pl.lit(due["raw"] == 0))
        .then(pl.lit("zero_amount"))
        .when(held & ~rejected)
        .then(waits)
        .otherwise(pl.lit(_cut_by(book, due, cuts)))
    )
    outcome = (
        pl.when(rejected)
        .then(pl.lit("rejected"))
        .when(held)
        .then(pl.lit("held"))
        .otherwise(pl.lit("granted"))
    )
    available = pl.when(~rejected).then(pl.col("at") + pl.col("hold"))
    return due.with_columns(
        amount,
        outcome=outcome,
        reason=reason,
        available_at=available,
        expires_at=available + pl.col("expires"),
    )


def _cut_by(book: Book, due: pl.DataFrame, cuts: np.ndarray) -> pl.Series:
    """Name of the last cap or limit that cut each reward, null for none."""
    place = due["payout"].to_numpy() * np.int64(book.width) + cuts
    slots = pl.Series(book.slots, dtype=pl.String)
    return slots[np.where(cuts >= 0, place, len(slots) - 1)]


def _grants(state: State, decisions: pl.DataFrame) -> pl.DataFrame:
    rows = only(decisions, decisions["amount"] > 0)
    if rows.is_empty():
        return _NO_GRANTS
    first = state.grants_made
    numbers = pl.int_range(first, first + rows.height, dtype=pl.Int64, eager=True)
    held = rows["outcome"] == "held"
    wallets = rows.select(_wallet_key())
    rows = rows.rename({"at": "occurred_at"})
    rows = rows.hstack([numbers.alias("grant"), held.alias("held"), *wallets])
    return rows[list(SCHEMAS["grants"])]


def _wallet_key() -> pl.Expr:
    """A wallet is a user and a unit; a charity has none."""
    wallet = key(pl.concat_str("beneficiary", pl.lit("\n"), "unit"), "other")
    return pl.when(~pl.col("charity")).then(wallet).alias("wallet_key")


def _grant_numbers(
    state: State, decisions: pl.DataFrame, earlier: pl.DataFrame, rows: set[int]
) -> dict[int, int]:
    """Numbers of the grants behind some rows of the walk."""
    if not rows:
        return {}
    asked = sorted(row for row in rows if row < decisions.height)
    before = (decisions["amount"] > 0).cum_sum().gather(asked)
    numbers = {row: state.grants_made + int(n) - 1 for row, n in zip(asked, before, strict=True)}
    offset = decisions.height
    numbers |= {offset + i: grant for i, grant in enumerate(earlier["grant"].to_list())}
    return numbers


def _numbered(
    rows: list[tuple[int, int, int, int]], schema: Mapping[str, Any], numbers: dict[int, int]
) -> pl.DataFrame:
    renamed = [(numbers[row], *rest) for row, *rest in rows]
    return pl.DataFrame(renamed, schema=schema, orient="row")


def _fates(
    state: State, reversals: pl.DataFrame, releases: pl.DataFrame, denied: set[int]
) -> pl.DataFrame:
    """The rows of `state.fates` that were reversed, denied or released in this batch."""
    if reversals.is_empty() and releases.is_empty() and not denied:
        return blank("fates")
    grants = pl.concat(
        [
            reversals[["grant"]],
            releases[["grant"]],
            pl.DataFrame({"grant": list(denied)}, schema={"grant": pl.Int64}),
        ]
    ).unique()
    rows = fates_of(state, grants)
    more = reversals.group_by("grant").agg(_more=pl.col("amount").sum())
    let = releases.rename({"position": "_position", "occurred_at": "_at", "before": "_before"})
    return joined(joined(rows, more, "grant"), let, "grant").with_columns(
        reversed=pl.col("reversed") + pl.col("_more").fill_null(0),
        denied=pl.col("denied") | pl.col("grant").is_in(list(denied)),
        released_position=pl.coalesce("_position", "released_position"),
        released_at=pl.coalesce("_at", "released_at"),
        before=pl.coalesce("_before", "before"),
    )


def fates_of(state: State, grants: pl.DataFrame) -> pl.DataFrame:
    """Fates of the grants named, a fresh one where nothing has become of a grant yet."""
    known = state.of("fates", grants, "grant")
    fresh = without(grants[["grant"]], known, "grant")
    if fresh.is_empty():
        return known
    fresh = fresh.with_columns(
        reversed=pl.lit(0, dtype=pl.Int64),
        denied=pl.lit(False),
        released_position=pl.lit(None, dtype=pl.Int64),
        released_at=pl.lit(None, dtype=pl.Int64),
        before=pl.lit(0, dtype=pl.Int64),
        moved=pl.lit(0, dtype=pl.Int64),
        expired=pl.lit(0, dtype=pl.Int64),
        spent=pl.lit(0, dtype=pl.Int64),
    )
    return append(known, fresh)
