"""purchases: what the log says of orders and of tiers and tags, taken in as it grows.

The log stays the truth: what is here can be thrown away and taken in again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from banyan.core.events import read as log
from banyan.engine.raw import from_lines
from banyan.engine.values import Kind
from banyan.insight.segments.income import follow, missing
from banyan.insight.segments.models import Mark
from banyan.kernel.database import among, one_transaction, put, read, write
from banyan.kernel.money import MINOR_DIGITS

CHUNK = 20_000
NEAR = 2_000
"""So many events are taken in while a page waits."""

ORDERED, REFUNDED = "Order Completed", "Order Refunded"

_WANTED: Mapping[str, Kind] = {
    "properties.order_id": "text",
    "properties.total": "number",
    "properties.currency": "text",
    "traits.tier": "text",
    "traits.tags": "tags",
}
_SCALE = 10**12
_LARGEST = 10**12 * _SCALE
"""The engine has no use for an event with a larger number."""
_NO_CURRENCY_DIGITS = 2
_KNOWN: dict[str, Any] = {
    "position": pl.Int64(),
    "customer": pl.String(),
    "order_id": pl.String(),
    "currency": pl.String(),
    "amount": pl.Int64(),
    "refunded": pl.Int64(),
    "at": pl.Datetime("us", "UTC"),
}
_SPENDING: dict[str, Any] = {
    "customer": pl.String(),
    "currency": pl.String(),
    "orders": pl.Int64(),
    "amount": pl.Int64(),
    "refunded": pl.Int64(),
    "first_at": pl.Datetime("us", "UTC"),
    "last_at": pl.Datetime("us", "UTC"),
}
_NOTHING = pl.DataFrame(
    schema={"customer": pl.String(), "currency": pl.String(), "amount": pl.Int64()}
)


def catch_up() -> int:
    """Take in what the log has got since; up to which position that is."""
    while True:
        with one_transaction():
            # Two that catch up at once go one after the other.
            Mark.objects.get_or_create(id=1)
            mark = Mark.objects.select_for_update().get(id=1)
            before = mark.position, mark.joined, mark.currencies
            events = log.after(mark.position, CHUNK)
            spent = _NOTHING
            if not events.is_empty():
                spent = _take_in(events)
                mark.position = events["position"][-1]
            is_behind = follow(mark, spent)
            if (mark.position, mark.joined, mark.currencies) != before:
                mark.save()
        if events.is_empty() and not is_behind:
            return mark.position


def catch_up_if_near(most: int | None = None) -> int:
    """The same where no more than `most` is missing, by default as little as pages can wait for;
    else how far it is already."""
    mark, _made = Mark.objects.get_or_create(id=1)
    lacking = max(log.head() - mark.position, missing(mark))
    return catch_up() if lacking <= (NEAR if most is None else most) else mark.position


def bought(customers: Sequence[str], *, from_at: datetime, until_at: datetime) -> pl.DataFrame:
    """(customer, currency, at, net): what these ordered in [from_at, until_at), less what came back
    of it since, in minor units; the currency is empty where the order named none."""
    where, parameters = among("customer", customers)
    return read(
        "SELECT customer, currency, at, amount - refunded FROM segments_purchase "
        f"WHERE {where} AND at >= %s AND at < %s",
        [*parameters, from_at, until_at],
        {
            "customer": pl.String(),
            "currency": pl.String(),
            "at": pl.Datetime("us", "UTC"),
            "net": pl.Int64(),
        },
    )


def _take_in(events: pl.DataFrame) -> pl.DataFrame:
    """Keep what events say of purchases; by how much they moved what customers spent: (customer,
    currency, amount)."""
    named = events.filter(
        pl.col("name").is_in([ORDERED, REFUNDED])
        | ((pl.col("kind") == "identify") & (pl.col("user_id") != ""))
    )
    if named.is_empty():
        return _NOTHING
    said = from_lines("\n".join(named["body"]).encode(), _WANTED)
    rows = named.select("position", "kind", "name", "user_id", "occurred_at").hstack(said)
    orders = rows.filter((pl.col("name") == ORDERED) & (pl.col("user_id") != ""))
    bought = _purchases(orders)
    write("segments_purchase", bought)
    _add_up(bought)
    back = _take_back(rows.filter((pl.col("name") == REFUNDED) & _named("properties.order_id")))
    _take_portraits(rows.filter(pl.col("kind") == "identify"))
    return pl.concat([bought.select(_NOTHING.columns), back])


def _purchases(orders: pl.DataFrame) -> pl.DataFrame:
    orders = orders.filter(_total().abs() <= _LARGEST)
    return orders.select(
        "position",
        pl.col("user_id").alias("customer"),
        pl.col("properties.order_id").fill_null("").alias("order_id"),
        pl.col("properties.currency").fill_null("").alias("currency"),
        amount=_minor(),
        refunded=pl.lit(0, dtype=pl.Int64),
        at="occurred_at",
    )


def _take_back(refunds: pl.DataFrame) -> pl.DataFrame:
    """A refund is of the first order with its id, of the same customer or of anybody when it names
    none; without a total it takes all back. There are few, and one may follow on another.

    By how much they moved what customers spent: (customer, currency, amount), below zero.
    """
    if refunds.is_empty():
        return _NOTHING
    where, parameters = among("order_id", refunds["properties.order_id"].unique().to_list())
    columns = ", ".join(_KNOWN)
    known = read(
        f"SELECT {columns} FROM segments_purchase WHERE {where} ORDER BY position",
        parameters,
        _KNOWN,
    )
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in known.iter_rows(named=True):
        first.setdefault((row["customer"], row["order_id"]), row)
        first.setdefault(("", row["order_id"]), first[row["customer"], row["order_id"]])
    changed: dict[int, dict[str, Any]] = {}
    taken = refunds.select(
        "position",
        "user_id",
        pl.col("properties.order_id").alias("order_id"),
        pl.col("properties.total").is_null().alias("is_all"),
        amount=_minor(),
    )
    for refund in taken.iter_rows(named=True):
        order = first.get((refund["user_id"], refund["order_id"]))
        if order is not None and order["position"] < refund["position"] and order["amount"] > 0:
            back = order["amount"] if refund["is_all"] else max(refund["amount"], 0)
            order["refunded"] = min(order["amount"], order["refunded"] + back)
            changed[order["position"]] = order
    if not changed:
        return _NOTHING
    new = pl.DataFrame(list(changed.values()), schema=_KNOWN)
    put("segments_purchase", new, ["position"])
    return _count_back(known, new)


def _add_up(bought: pl.DataFrame) -> None:
    """Put new purchases to what their customers spent before."""
    if bought.is_empty():
        return
    known = _spending_of(bought["customer"].unique().to_list())
    new = bought.select(
        "customer",
        "currency",
        "amount",
        "refunded",
        orders=pl.lit(1, dtype=pl.Int64),
        first_at="at",
        last_at="at",
    ).select(list(_SPENDING))
    whole = (
        pl.concat([known, new])
        .group_by("customer", "currency", maintain_order=True)
        .agg(
            pl.col("orders", "amount", "refunded").sum(),
            pl.col("first_at").min(),
            pl.col("last_at").max(),
        )
    )
    changed = whole.join(new, on=["customer", "currency"], how="semi")
    put("segments_spending", changed, ["customer", "currency"])


def _count_back(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Put what came back of purchases to what came back of their customers' before; by how much
    that moved what they spent."""
    more = (
        after.join(before.select("position", old="refunded"), on="position")
        .group_by("customer", "currency")
        .agg(more=(pl.col("refunded") - pl.col("old")).sum())
    )
    known = _spending_of(more["customer"].to_list())
    changed = known.join(more, on=["customer", "currency"]).with_columns(
        refunded=pl.col("refunded") + pl.col("more")
    )
    put("segments_spending", changed.select(list(_SPENDING)), ["customer", "currency"])
    return more.select("customer", "currency", amount=-pl.col("more"))


def _spending_of(customers: list[str]) -> pl.DataFrame:
    where, parameters = among("customer", customers)
    columns = ", ".join(_SPENDING)
    return read(f"SELECT {columns} FROM segments_spending WHERE {where}", parameters, _SPENDING)


def _take_portraits(identified: pl.DataFrame) -> None:
    last = (
        identified.filter(pl.col("traits.tier").is_not_null() | pl.col("traits.tags").is_not_null())
        .group_by("user_id")
        .agg(
            pl.col("traits.tier").drop_nulls().last(),
            pl.col("traits.tags").drop_nulls().last(),
        )
        .rename({"user_id": "customer", "traits.tier": "tier", "traits.tags": "tags"})
        .sort("customer")
    )
    if last.is_empty():
        return
    where, parameters = among("customer", last["customer"].to_list())
    known = read(
        f"SELECT customer, tier, tags FROM segments_portrait WHERE {where}",
        parameters,
        {"customer": pl.String(), "tier": pl.String(), "tags": pl.String()},
    )
    both = last.join(known, on="customer", how="left", suffix="_known").select(
        "customer",
        pl.coalesce("tier", "tier_known", pl.lit("")).alias("tier"),
        pl.coalesce("tags", "tags_known", pl.lit("")).str.replace(r"^,$", "").alias("tags"),
    )
    put("segments_portrait", both, ["customer"])


def _named(column: str) -> pl.Expr:
    return pl.col(column).fill_null("") != ""


def _total() -> pl.Expr:
    return pl.col("properties.total").fill_null(0)


def _minor() -> pl.Expr:
    """The total in minor units, rounded half away from zero; a currency nobody knows has two
    digits, like one that was not named."""
    digits = pl.col("properties.currency").replace_strict(
        MINOR_DIGITS, default=_NO_CURRENCY_DIGITS, return_dtype=pl.Int64
    )
    size = _total()
    unit = digits.replace_strict({n: _SCALE // 10**n for n in range(5)}, return_dtype=pl.Int128)
    whole = ((size.abs() + unit // 2) // unit).cast(pl.Int64)
    return pl.when(size < 0).then(-whole).otherwise(whole)
