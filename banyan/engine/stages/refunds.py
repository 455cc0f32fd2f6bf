"""refunds: refunds, releases and denials -> operations on decisions made before.

Which decisions an event concerns, and how much of an order is refunded by then, is joined here for
the whole batch, so that the accountant only walks integers.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from banyan.engine.language.book import Book
from banyan.engine.order import complete, first_rows, joined, only
from banyan.engine.stages.caps import bucket_columns, with_buckets
from banyan.engine.stages.facts import order_key
from banyan.engine.stages.read import Events
from banyan.engine.state import SCHEMAS, State

REFUNDED, RELEASED, DENIED = "Order Refunded", "Decision Released", "Decision Denied"
CHANGING = (REFUNDED, RELEASED, DENIED)
"""Events that change decisions made before."""


@cache
def none_earlier(width: int) -> pl.DataFrame:
    """What `earlier_grants` gives where nothing is asked, for a book of this width."""
    fates = {k: SCHEMAS["fates"][k] for k in ("reversed", "denied", "released_position")}
    schema = {**SCHEMAS["grants"], "at": pl.Int64, **bucket_columns(width), **fates}
    return pl.DataFrame(schema=schema)


def rulings_of(events: Events) -> pl.DataFrame:
    """Releases and denials that name a decision: (position, at, event, properties.decision_id)."""
    rows = events.named([RELEASED, DENIED], ["position", "at", "event", "properties.decision_id"])
    return complete(rows, "properties.decision_id")


def refunds_of(book: Book, events: Events) -> pl.DataFrame:
    """Refunds that name an order, as in `state.refunds`, and when (`at`); `total`: null for all."""
    names = [REFUNDED] if book.refunds_matter else []
    columns = ["position", "at", "user_key", "properties.order_id", "properties.total"]
    rows = complete(events.named(names, columns), "properties.order_id")
    keys = rows.select(order_key("properties.order_id"))
    return rows.rename({"properties.total": "total"}).hstack(keys)


def earlier_grants(
    book: Book, state: State, refunds: pl.DataFrame, rulings: pl.DataFrame
) -> pl.DataFrame:
    """Grants of earlier batches that this batch's refunds or rulings may concern, with buckets."""
    found = state.of("grants", refunds, "order_key")
    if not rulings.is_empty():
        ids = rulings.select(decision_id="properties.decision_id")
        ruled = state.of("grants", ids, "decision_id")
        found = pl.concat([found, only(ruled, ruled["held"])])
        found = found.unique("grant", keep="first", maintain_order=True)
    if found.is_empty():
        return none_earlier(book.width)
    rows = found.with_columns(at="occurred_at")
    parts = [
        with_buckets(book, number, only(rows, rows["payout"] == number))
        for number in sorted(set(rows["payout"].to_list()))
    ]
    rows = pl.concat(parts) if len(parts) > 1 else parts[0]
    fates = state.of("fates", rows, "grant")
    return joined(rows, fates[["grant", "reversed", "denied", "released_position"]], "grant")


Operation = tuple[int, int, int, int, int, int]
"""(position, what, row, numerator, denominator, occurred_at)"""

REFUND_SHARE, REFUND_WHOLE, RELEASE, DENY = range(4)


def operations_on(
    book: Book,
    state: State,
    due: pl.DataFrame,
    earlier: pl.DataFrame,
    refunds: pl.DataFrame,
    rulings: pl.DataFrame,
) -> list[Operation]:
    """Everything that changes a decision after it was made, by position.

    Rows of `due` are numbered from 0, those of `earlier` go on from there.
    """
    columns = ["row", "payout", "order_key", "user_key", "position", "event_total", "decision_id"]
    everyone = due.with_row_index("row")[columns]
    if not earlier.is_empty():
        everyone = everyone.vstack(earlier.with_row_index("row", offset=due.height)[columns])
    operations: list[Operation] = []
    if not refunds.is_empty():
        operations += _refund_operations(book, state, everyone, refunds)
    if not rulings.is_empty():
        named = rulings.select(
            pl.col("position").alias("_at_position"),
            "at",
            pl.col("properties.decision_id").alias("decision_id"),
            pl.when(pl.col("event") == RELEASED).then(RELEASE).otherwise(DENY).alias("what"),
        )
        rows = named.join(everyone, on="decision_id").filter(
            pl.col("position") < pl.col("_at_position")
        )
        operations += [
            (p, w, r, 0, 1, at)
            for p, w, r, at in rows.select("_at_position", "what", "row", "at").rows()
        ]
    return sorted(operations)


def _refund_operations(
    book: Book, state: State, everyone: pl.DataFrame, refunds: pl.DataFrame
) -> list[Operation]:
    asked = refunds[["order_key", "user_key", "position", "at"]]
    asked = asked.rename({"user_key": "refunder", "position": "refund_position"})
    pairs = asked.join(everyone, on="order_key")
    if pairs.is_empty():
        return []
    pairs = pairs.hstack(_policies(book)[pairs["payout"]])
    pairs = pairs.filter(
        (pl.col("policy") >= 0)
        & (pl.col("position") < pl.col("refund_position"))
        & (pl.col("refunder").is_null() | (pl.col("refunder") == pl.col("user_key")))
    )
    if pairs.is_empty():
        return []
    columns = ["refund_position", "policy", "row", "paid_back", "order_total", "at"]
    return _refunded(state, pairs)[columns].rows()


def _policies(book: Book) -> pl.DataFrame:
    """By number of payout: how a refund takes back (-1: not at all), and the currency's places."""
    known = {"proportional": REFUND_SHARE, "full": REFUND_WHOLE, "keep": -1}
    return pl.DataFrame(
        {
            "policy": [known[p.refund] for _, _, p in book.payouts],
            "digits": [t.program.minor_digits for _, t, _ in book.payouts],
        },
        schema={"policy": pl.Int64, "digits": pl.Int64},
    )


def _refunded(state: State, pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs` of refund and decision with what was refunded so far, and of how much.

    Both in minor units; a refund or an order without a total means all, written 1 of 1.
    """
    orders = first_rows(state.of("orders", pairs, "order_key"), "order_key", "user_key")
    orders = orders.rename({"position": "order_position", "total": "order_total"})
    pairs = pairs.join(orders, on=["order_key", "user_key"], how="left")
    known = pl.col("order_position") < pl.col("refund_position")
    total = pl.when(known).then(pl.col("order_total")).otherwise(pl.col("event_total"))
    places = sorted(set(pairs["digits"].to_list()))
    pairs = pairs.with_columns(
        base=pl.when(known).then(pl.col("order_position")).otherwise(pl.col("position")),
        whole=_minor(total, places),
    )
    # Every pair finds at least its own refund.
    so_far = state.of("refunds", pairs, "order_key").select(
        "order_key", _by="user_key", _position="position", _total="total"
    )
    so_far = pairs.join(so_far, on="order_key").filter(
        (pl.col("_by").is_null() | (pl.col("_by") == pl.col("user_key")))
        & (pl.col("_position") > pl.col("base"))
        & (pl.col("_position") <= pl.col("refund_position"))
    )
    sums = so_far.group_by("row", "refund_position").agg(
        pl.col("policy", "at", "whole").first(),
        paid=_minor(pl.col("_total"), places).sum(),
        all=pl.col("_total").is_null().any(),
    )
    everything = pl.col("all") | pl.col("whole").is_null() | (pl.col("whole") <= 0)
    paid_back = pl.min_horizontal(pl.col("paid").clip(lower_bound=0), pl.col("whole"))
    return sums.with_columns(
        paid_back=pl.when(everything).then(1).otherwise(paid_back).cast(pl.Int64),
        order_total=pl.when(everything).then(1).otherwise(pl.col("whole")).cast(pl.Int64),
    )


def _minor(amount: pl.Expr, places: list[int]) -> pl.Expr:
    """A scaled amount in minor units, half away from zero; `places` are all that `digits` holds."""
    first, *others = (_units(amount.abs(), digits) for digits in places)
    result = first
    for digits, units in zip(places[1:], others, strict=True):
        result = pl.when(pl.col("digits") == digits).then(units).otherwise(result)
    return pl.when(amount < 0).then(result * -1).otherwise(result)


def _units(size: pl.Expr, digits: int) -> pl.Expr:
    step = 10**12 // 10**digits
    units: pl.Expr = (size + step // 2) // pl.lit(step, dtype=pl.Int128)
    return units
