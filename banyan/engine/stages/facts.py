"""facts: what was known of a person at a position, from a history that is only appended to.

A row of history holds everything as it is after its position, so a fact as of p is the last row
below p, also when p lies far back: a touch is often judged long after it happened.
"""

from __future__ import annotations

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book
from banyan.engine.stages.identify import group_starts
from banyan.engine.state import SCHEMAS, State, of

DAY_US = 86_400 * 10**6


def remember(book: Book, state: State, events: pl.DataFrame) -> State:
    """Append to the history what this batch changes of the facts the book asks for."""
    state = state.plus(orders=_first_orders(book, state, events))
    if not book.facts and not book.referral_lines:
        return state
    return state.plus(history=_history(book, state, events))


def _first_orders(book: Book, state: State, events: pl.DataFrame) -> pl.DataFrame:
    """First `Order Completed` of every user and order id: what a refund is measured against."""
    if not book.refunds_matter:
        return pl.DataFrame(schema=dict(SCHEMAS["orders"]))
    rows = events.filter(
        (pl.col("event") == "Order Completed")
        & pl.col("user_key").is_not_null()
        & pl.col("properties.order_id").is_not_null()
    ).select(
        order_key("properties.order_id"),
        "user_key",
        "position",
        pl.col("properties.total").alias("total"),
    )
    rows = rows.unique(["order_key", "user_key"], keep="first", maintain_order=True)
    old = of(state.orders, rows, "order_key")
    if old.is_empty():
        return rows
    return rows.join(old, on=["order_key", "user_key"], how="anti", maintain_order="left")


def order_key(column: str) -> pl.Expr:
    """Key of an order id, as `order_key`."""
    return key(pl.col(column), "order").alias("order_key")


def _history(book: Book, state: State, events: pl.DataFrame) -> pl.DataFrame:
    facts = book.facts
    ordered = pl.col("event") == "Order Completed"
    changes = ordered.fill_null(False)
    for trait in ("tier", "tags"):
        if trait in facts:
            changes = changes | (
                (pl.col("type") == "identify") & pl.col(f"traits.{trait}").is_not_null()
            )
    known = events.filter(pl.col("user_key").is_not_null())
    if facts & {"is_known", "tenure_days"}:
        first = pl.col("user_key").is_first_distinct()
        known = known.filter(changes | first)
    else:
        known = known.filter(changes)
    if known.is_empty():
        return known.clear().select(_empty_history())
    new = known.select(
        "user_key",
        "position",
        ordered.fill_null(False).cast(pl.Int64).alias("orders"),
        pl.when(ordered).then(pl.col("properties.total")).fill_null(0).alias("spend"),
        _trait("tier", facts),
        _trait("tags", facts),
        pl.col("at").alias("first_at"),
    )
    before = of(state.history, new, "user_key").unique("user_key", keep="last")
    return _run_on(new, before)


def _trait(name: str, facts: frozenset[str]) -> pl.Expr:
    if name not in facts:
        return pl.lit(None, dtype=pl.String).alias(name)
    return pl.when(pl.col("type") == "identify").then(pl.col(f"traits.{name}")).alias(name)


def _empty_history() -> list[pl.Expr]:
    return [
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in SCHEMAS["history"].items()
    ]


def _run_on(new: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Turn changes into running values, going on from each user's last row."""
    carried = before.with_columns(position=pl.lit(-1, dtype=pl.Int64))
    rows = pl.concat([carried.select(new.columns), new]) if not before.is_empty() else new
    rows = rows.sort("user_key", maintain_order=True)
    start = group_starts(["user_key"])
    group = start.cum_sum()

    def running(name: str) -> pl.Expr:
        whole = pl.col(name).cum_sum()
        base = pl.when(start).then(whole - pl.col(name)).forward_fill()
        return (whole - base).alias(name)

    rows = rows.with_columns(
        running("orders"),
        running("spend"),
        pl.when(start).then(pl.col("first_at")).forward_fill().alias("first_at"),
    )
    for text in ("tier", "tags"):
        if rows[text].null_count() < rows.height:
            rows = rows.with_columns(pl.col(text).forward_fill().over(group))
    return rows.filter(pl.col("position") >= 0).sort("position")


def as_of(
    state: State,
    asks: pl.DataFrame,
    facts: frozenset[str],
    *,
    person: str,
    position: str,
    at: str,
    prefix: str = "",
) -> pl.DataFrame:
    """`asks` with a column `prefix + fact` for each fact, as of the ask's position.

    Only lower positions count. `person` is a key column, `position` and `at` (when it happened)
    are columns of `asks`; the order of the rows is kept.
    """
    if not facts:
        return asks
    rows = asks.select(
        pl.col(person).alias("user_key"),
        pl.col(position).alias("_at_position"),
        pl.col(at).alias("_at"),
    ).with_row_index("_row")
    people = rows.select("user_key").filter(pl.col("user_key").is_not_null())
    history = of(state.history, people.unique(), "user_key")
    found = rows.sort("_at_position", maintain_order=True).join_asof(
        history,
        left_on="_at_position",
        right_on="position",
        by="user_key",
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    found = found.sort("_row").select(_value(fact).alias(prefix + fact) for fact in sorted(facts))
    return asks.hstack(found)


def _value(fact: str) -> pl.Expr:
    scale = pl.lit(10**12, dtype=pl.Int128)
    known = pl.col("first_at").is_not_null()
    match fact:
        case "orders":
            return pl.col("orders").fill_null(0).cast(pl.Int128) * scale
        case "spend":
            return pl.col("spend").fill_null(0)
        case "is_new":
            return pl.col("orders").fill_null(0) == 0
        case "is_known":
            return known
        case "tenure_days":
            days = (pl.col("_at") - pl.col("first_at")) // DAY_US
            return days.clip(lower_bound=0).fill_null(0).cast(pl.Int128) * scale
        case "tier":
            return pl.col("tier")
        case "tags":
            # The last given may be an empty list.
            return pl.when(pl.col("tags") != ",").then(pl.col("tags"))
    raise AssertionError(f"a fact without a value: {fact}")

