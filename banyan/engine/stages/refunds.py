"""refunds: refunds, releases and denials -> operations on decisions made before.

Which decisions an event concerns, and how much of an order is refunded by then, is joined here for
the whole batch, so that the accountant only walks integers.
"""

from __future__ import annotations

import polars as pl

from banyan.engine.language.book import Book
from banyan.engine.order import first_rows
from banyan.engine.stages.caps import bucket_columns, with_buckets
from banyan.engine.stages.facts import order_key
from banyan.engine.stages.read import Events
from banyan.engine.state import SCHEMAS, State, of

REFUNDED, RELEASED, DENIED = "Order Refunded", "Decision Released", "Decision Denied"
CHANGING = (REFUNDED, RELEASED, DENIED)
"""Events that change decisions made before."""


def none_earlier(book: Book) -> pl.DataFrame:
    """What `earlier_grants` gives where nothing is asked."""
    fates = {k: SCHEMAS["fates"][k] for k in ("reversed", "denied", "released_position")}
    schema = {**SCHEMAS["grants"], "at": pl.Int64, **bucket_columns(book), **fates}
    return pl.DataFrame(schema=schema)


def rulings_of(events: Events) -> pl.DataFrame:
    """Releases and denials that name a decision: (position, at, event, properties.decision_id)."""
    rows = events.named([RELEASED, DENIED], ["position", "at", "event", "properties.decision_id"])
    return rows.filter(pl.col("properties.decision_id").is_not_null())


def refunds_of(book: Book, events: Events) -> pl.DataFrame:
    """Refunds that name an order, as in `state.refunds`, and when (`at`); `total`: null for all."""
    names = [REFUNDED] if book.refunds_matter else []
    columns = ["position", "at", "user_key", "properties.order_id", "properties.total"]
    rows = events.named(names, columns)
    return rows.filter(pl.col("properties.order_id").is_not_null()).select(
        order_key("properties.order_id"),
        "user_key",
        "position",
        pl.col("properties.total").alias("total"),
        "at",
    )


def earlier_grants(
    book: Book, state: State, refunds: pl.DataFrame, rulings: pl.DataFrame
) -> pl.DataFrame:
    """Grants of earlier batches that this batch's refunds or rulings may concern, with buckets."""
    found = of(state.grants, refunds.select("order_key").unique(), "order_key")
    if not rulings.is_empty():
        ids = rulings.select(decision_id="properties.decision_id").unique()
        ruled = of(state.grants.filter("held"), ids, "decision_id")
        found = pl.concat([found, ruled]).unique("grant", keep="first", maintain_order=True)
    rows = found.with_columns(at="occurred_at")
    parts = [
        with_buckets(book, int(number), rows.filter(pl.col("payout") == number))
        for number in rows["payout"].unique().sort()
    ]
    rows = pl.concat(parts) if parts else with_buckets(book, 0, rows) if book.payouts else rows
    fates = of(state.fates, rows, "grant").select(
        "grant", "reversed", "denied", "released_position"
    )
    return rows.join(fates, on="grant", how="left", maintain_order="left")


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
    everyone = pl.concat(
        [
            due.with_row_index("row").select(columns),
            earlier.with_row_index("row", offset=due.height).select(columns),
        ]
    )
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
    concerned = everyone.join(refunds, on="order_key", how="semi")
    policies = _policies(book)
    concerned = concerned.join(policies, on="payout").filter(pl.col("policy") >= 0)
    if concerned.is_empty():
        return []
    pairs = refunds.rename({"position": "refund_position", "user_key": "refunder"}).join(
        concerned, on="order_key"
    )
    pairs = pairs.filter(
        (pl.col("position") < pl.col("refund_position"))
        & (pl.col("refunder").is_null() | (pl.col("refunder") == pl.col("user_key")))
    )
    if pairs.is_empty():
        return []
    pairs = _fractions(state, pairs)
    rows = pairs.select("refund_position", "policy", "row", "_paid_back", "_order_total", "at")
    return [(p, w, r, int(n), int(d), at) for p, w, r, n, d, at in rows.rows()]


def _policies(book: Book) -> pl.DataFrame:
    """Per payout: how a refund takes back (-1: not at all), and the currency's decimal places."""
    known = {"proportional": REFUND_SHARE, "full": REFUND_WHOLE, "keep": -1}
    return pl.DataFrame(
        {
            "payout": [p.number for _, _, p in book.payouts],
            "policy": [known[p.refund] for _, _, p in book.payouts],
            "digits": [t.program.minor_digits for _, t, _ in book.payouts],
        },
        schema={"payout": pl.Int32, "policy": pl.Int64, "digits": pl.Int64},
    )


def _fractions(state: State, pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs` of refund and decision with what was refunded so far and of how much.

    Both in minor units; a refund or an order without a total means all, written 1 of 1.
    """
    orders = of(state.orders, pairs.select("order_key").unique(), "order_key")
    orders = first_rows(orders, "order_key", "user_key").rename(
        {"position": "order_position", "total": "order_total"}
    )
    pairs = pairs.join(orders, on=["order_key", "user_key"], how="left")
    known = pl.col("order_position") < pl.col("refund_position")
    pairs = pairs.with_columns(
        base=pl.when(known).then(pl.col("order_position")).otherwise(pl.col("position")),
        whole=pl.when(known).then(pl.col("order_total")).otherwise(pl.col("event_total")),
    )
    pairs = pairs.with_columns(whole=_minor("whole"))
    before = of(state.refunds, pairs.select("order_key").unique(), "order_key").select(
        "order_key",
        pl.col("user_key").alias("_by"),
        pl.col("position").alias("_position"),
        pl.col("total").alias("_total"),
    )
    so_far = pairs.select("row", "refund_position", "order_key", "user_key", "base", "digits").join(
        before, on="order_key"
    )
    so_far = so_far.filter(
        (pl.col("_by").is_null() | (pl.col("_by") == pl.col("user_key")))
        & (pl.col("_position") > pl.col("base"))
        & (pl.col("_position") <= pl.col("refund_position"))
    )
    sums = so_far.group_by("row", "refund_position").agg(
        paid=_minor("_total").sum(), all=pl.col("_total").is_null().any()
    )
    pairs = pairs.join(sums, on=["row", "refund_position"], how="left")
    everything = pl.col("all") | pl.col("whole").is_null() | (pl.col("whole") <= 0)
    one = pl.lit(1, dtype=pl.Int128)
    return pairs.with_columns(
        _paid_back=pl.when(everything)
        .then(one)
        .otherwise(pl.min_horizontal(pl.col("paid").clip(lower_bound=0), pl.col("whole"))),
        _order_total=pl.when(everything).then(one).otherwise(pl.col("whole")),
    )


def _minor(column: str) -> pl.Expr:
    """A scaled amount in minor units of `digits` places, half away from zero."""
    size = pl.col(column).abs()
    result = pl.lit(None, dtype=pl.Int128)
    for digits in range(5):
        step = 10**12 // 10**digits
        result = (
            pl.when(pl.col("digits") == digits)
            .then((size + step // 2) // pl.lit(step, dtype=pl.Int128))
            .otherwise(result)
        )
    return pl.when(pl.col(column) < 0).then(result * -1).otherwise(result)
