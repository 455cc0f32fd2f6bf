"""facts: what was known of a person at a position, from a history that is only appended to.

A row of history holds everything as it is after its position, so a fact as of p is the last row
below p, also when p lies far back: a touch is often judged long after it happened.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book
from banyan.engine.order import complete, first_rows, group_starts, joined, last_rows, nth
from banyan.engine.stages.read import Events
from banyan.engine.state import SCHEMAS, State

DAY_US = 86_400 * 10**6


def remember(book: Book, state: State, events: Events) -> State:
    """Append to the history what this batch changes of the facts the book asks for."""
    ordered = events.any_named(ORDERED)
    orders = pl.DataFrame()
    if ordered:
        columns = ["position", "user_key", "properties.order_id", "properties.total"]
        orders = complete(events.named([ORDERED], columns), "user_key")
        if book.refunds_matter:
            state = state.plus(orders=_orders(orders))
    changing = ordered or bool(book.facts & {"is_known", "tenure_days"})
    if "identify" in events.types:
        changing = changing or bool(book.facts & {"tier", "tags"})
    if not book.facts or not changing:
        return state
    if book.facts <= {"orders", "is_new"}:
        return state.plus(history=_orders_counted(state, orders))
    return state.plus(history=_history(book, state, events))


ORDERED = "Order Completed"


def _orders(rows: pl.DataFrame) -> pl.DataFrame:
    """Every order with an id: the first is what a refund is measured against."""
    rows = complete(rows, "properties.order_id")
    keys = rows.select(order_key("properties.order_id"))
    return rows.rename({"properties.total": "total"}).hstack(keys)


def order_key(column: str) -> pl.Expr:
    """Key of an order id, as `order_key`."""
    return key(pl.col(column), "order").alias("order_key")


def _orders_counted(state: State, rows: pl.DataFrame) -> pl.DataFrame:
    """The usual case, no other fact asked for: a row per order with its number."""
    rows = rows[["user_key", "position"]]
    before = state.of("history", rows, "user_key")[["user_key", "orders"]]
    orders: pl.Series | pl.Expr = nth(rows, "user_key")
    if not before.is_empty():
        had = last_rows(before, "user_key").rename({"orders": "_had"})
        rows = joined(rows, had, "user_key")
        orders = pl.lit(orders) + pl.col("_had").fill_null(0)
    return rows.with_columns(
        orders=orders,
        spend=pl.lit(None, dtype=pl.Int128),
        tier=pl.lit(None, dtype=pl.String),
        tags=pl.lit(None, dtype=pl.String),
        first_at=pl.lit(None, dtype=pl.Int64),
    )


def _history(book: Book, state: State, events: Events) -> pl.DataFrame:
    facts = book.facts
    traits = [t for t in ("tier", "tags") if t in facts]
    rows = events.frame.select(
        "position",
        "at",
        "user_key",
        "properties.total",
        (pl.col("event") == ORDERED).fill_null(False).alias("ordered"),
        *(
            pl.when(pl.col("type") == "identify").then(pl.col(f"traits.{t}")).alias(t)
            for t in traits
        ),
    ).filter(pl.col("user_key").is_not_null())
    changes = pl.any_horizontal("ordered", *(pl.col(t).is_not_null() for t in traits))
    rows = rows.with_columns(_changes=changes)
    if facts & {"is_known", "tenure_days"}:
        changes = changes | pl.col("user_key").is_first_distinct()
    rows = rows.filter(changes)
    before = last_rows(state.of("history", rows, "user_key"), "user_key")
    # What changes nothing is kept of a person of whom nothing is known yet.
    is_known = pl.col("user_key").is_in(before["user_key"].implode())
    return _run_on(rows.filter(pl.col("_changes") | ~is_known), before, traits)


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
    asked = [("user_key", person), ("_at_position", position), ("_at", at)]
    rows = pl.DataFrame([asks[column].alias(name) for name, column in asked])
    rows = rows.with_row_index("_row")
    found = _last_below(state, rows)
    places = np.argsort(found["_row"].to_numpy())
    found = found.select(_value(fact).alias(prefix + fact) for fact in sorted(facts))
    return asks.hstack(found[places])


def _last_below(state: State, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` (`user_key`, `_at_position`) with the last row of history below each."""
    history = state.of("history", rows, "user_key")
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
    history = state.around("history", people, "user_key")
    if history.is_empty():
        return history
    firsts = history.filter(history["orders"] == 1)
    if firsts.height > people.height:
        firsts = firsts.join(people, on="user_key", how="semi", maintain_order="left")
    return first_rows(firsts, "user_key")


def _is_new(
    state: State, asks: pl.DataFrame, person: str, position: str, name: str
) -> pl.DataFrame:
    """The usual question needs no look-back: was the first order below the position?"""
    rows = asks[[person, position]].rename({person: "user_key", position: "_at"})
    firsts = _first_orders(state, rows)[["user_key", "position"]]
    found = joined(rows, firsts, "user_key")
    ordered = (found["position"] < found["_at"]).fill_null(False)
    return asks.hstack([(~ordered).alias(name)])


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
