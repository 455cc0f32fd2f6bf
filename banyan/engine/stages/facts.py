"""facts: what was known of a person at a position, from a history that is only appended to.

A row of history holds everything as it is after its position, so a fact as of p is the last row
below p, also when p lies far back: a touch is often judged long after it happened.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book
from banyan.engine.order import first_rows, group_starts, nth
from banyan.engine.stages.read import Events
from banyan.engine.state import SCHEMAS, State, of

DAY_US = 86_400 * 10**6


def remember(book: Book, state: State, events: Events) -> State:
    """Append to the history what this batch changes of the facts the book asks for."""
    if book.refunds_matter and "Order Completed" in events.names:
        state = state.plus(orders=_orders(events))
    changing = "Order Completed" in events.names or bool(book.facts & {"is_known", "tenure_days"})
    if "identify" in events.types:
        changing = changing or bool(book.facts & {"tier", "tags"})
    if not book.facts or not changing:
        return state
    return state.plus(history=_history(book, state, events))


def _orders(events: Events) -> pl.DataFrame:
    """Every `Order Completed` with an order id: the first is what a refund is measured against."""
    columns = ["position", "user_key", "properties.order_id", "properties.total"]
    rows = events.named(["Order Completed"], columns)
    return rows.filter(
        pl.col("user_key").is_not_null() & pl.col("properties.order_id").is_not_null()
    ).select(
        order_key("properties.order_id"),
        "user_key",
        "position",
        pl.col("properties.total").alias("total"),
    )


def order_key(column: str) -> pl.Expr:
    """Key of an order id, as `order_key`."""
    return key(pl.col(column), "order").alias("order_key")


def _history(book: Book, state: State, events: Events) -> pl.DataFrame:
    facts = book.facts
    traits = [t for t in ("tier", "tags") if t in facts]
    rows = events.frame.select(
        "position",
        "at",
        "user_key",
        "properties.total",
        (pl.col("event") == "Order Completed").fill_null(False).alias("ordered"),
        *(
            pl.when(pl.col("type") == "identify").then(pl.col(f"traits.{t}")).alias(t)
            for t in traits
        ),
    ).filter(pl.col("user_key").is_not_null())
    changes = pl.any_horizontal("ordered", *(pl.col(t).is_not_null() for t in traits))
    if facts & {"is_known", "tenure_days"}:
        changes = changes | pl.col("user_key").is_first_distinct()
    rows = rows.filter(changes)
    before = _latest(of(state.history, rows, "user_key"))
    if facts & {"spend", "is_known", "tenure_days", *traits}:
        return _run_on(rows, before, traits)
    return _orders_counted(rows, before)


def _latest(history: pl.DataFrame) -> pl.DataFrame:
    if history.height < 2:
        return history
    return history.unique("user_key", keep="last", maintain_order=True)


def _orders_counted(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The usual case, no other fact asked for: a row per order with its number."""
    count = nth(rows, "user_key")
    if not before.is_empty():
        had = rows.select("user_key").join(
            before.select("user_key", "orders"), on="user_key", how="left", maintain_order="left"
        )
        count = count + had["orders"].fill_null(0)
    return rows.select(
        "user_key",
        "position",
        orders=count,
        spend=pl.lit(None, dtype=pl.Int128),
        tier=pl.lit(None, dtype=pl.String),
        tags=pl.lit(None, dtype=pl.String),
        first_at=pl.lit(None, dtype=pl.Int64),
    )


def _run_on(rows: pl.DataFrame, before: pl.DataFrame, traits: Sequence[str]) -> pl.DataFrame:
    """Changes as running values, going on from each user's last row."""
    nothing = pl.lit(None, dtype=pl.String)
    new = rows.select(
        "user_key",
        "position",
        pl.col("ordered").cast(pl.Int64).alias("orders"),
        pl.when("ordered").then("properties.total").otherwise(None).fill_null(0).alias("spend"),
        *(pl.col(t) if t in traits else nothing.alias(t) for t in ("tier", "tags")),
        pl.col("at").alias("first_at"),
    )
    carried = before.with_columns(position=pl.lit(-1, dtype=pl.Int64))
    rows = pl.concat([carried.select(new.columns), new]) if not before.is_empty() else new
    rows = rows.sort("user_key", maintain_order=True).with_columns(
        _start=group_starts(("user_key",))
    )

    def running(name: str) -> pl.Expr:
        whole = pl.col(name).cum_sum()
        base = pl.when("_start").then(whole - pl.col(name)).forward_fill()
        return (whole - base).alias(name)

    rows = rows.with_columns(
        running("orders"),
        running("spend"),
        pl.when("_start").then("first_at").otherwise(None).forward_fill().alias("first_at"),
        *(pl.col(t).forward_fill().over("user_key") for t in traits),
    )
    return rows.filter(pl.col("position") >= 0).drop("_start").sort("position")


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
    if facts == {"is_new"}:
        return _is_new(state, asks, person, position, prefix + "is_new")
    rows = asks.select(
        pl.col(person).alias("user_key"),
        pl.col(position).alias("_at_position"),
        pl.col(at).alias("_at"),
    ).with_row_index("_row")
    found = _last_below(state, rows).sort("_row")
    found = found.select(_value(fact).alias(prefix + fact) for fact in sorted(facts))
    return asks.hstack(found)


def _last_below(state: State, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` (`user_key`, `_at_position`) with the last row of history below each."""
    history = of(state.history, rows, "user_key")
    return rows.sort("_at_position", maintain_order=True).join_asof(
        history,
        left_on="_at_position",
        right_on="position",
        by="user_key",
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,
    )


def looked_at(state: State, asks: pl.DataFrame, *, person: str, position: str) -> pl.DataFrame:
    """The rows of history from which `as_of` answers, each with the number of its `ask`.

    They are all of a person's history that must travel to where it is asked for. One row may
    answer many asks, and an ask may look at two rows.
    """
    rows = asks.select(
        pl.col(person).alias("user_key"), pl.col(position).alias("_at_position")
    ).with_row_index("ask")
    columns = ["ask", *SCHEMAS["history"]]
    last = _last_below(state, rows).filter(pl.col("position").is_not_null())
    first = rows.join(_first_orders(state, rows), on="user_key")
    first = first.filter(pl.col("position") < pl.col("_at_position"))
    return pl.concat([last.select(columns), first.select(columns)])


def _first_orders(state: State, people: pl.DataFrame) -> pl.DataFrame:
    """The history's row of the first order of each of the people who ordered."""
    firsts = of(state.history.filter(pl.col("orders") == 1), people, "user_key")
    return first_rows(firsts, "user_key")


def _is_new(
    state: State, asks: pl.DataFrame, person: str, position: str, name: str
) -> pl.DataFrame:
    """The usual question needs no look-back: was the first order below the position?"""
    rows = asks.select(pl.col(person).alias("user_key"), pl.col(position).alias("_at"))
    firsts = _first_orders(state, rows)[["user_key", "position"]]
    found = rows.join(firsts, on="user_key", how="left", maintain_order="left")
    ordered = (found["position"] < found["_at"]).fill_null(False)
    return asks.with_columns((~ordered).alias(name))


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
