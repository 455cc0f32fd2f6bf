"""save: figures moved on by what a stretch of the log brought.

The worker calls it in the transaction of each batch; `rebuild` calls it with the same facts read
back. Figures are sums, so that it does not matter how the log was cut.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from banyan.core.events import read as log
from banyan.core.referrals.frames import freed_between, terms_of
from banyan.insight.metrics import measures as of
from banyan.insight.metrics.chains import hang, save_chains
from banyan.insight.metrics.facts import ANSWERED, ORDERED, REFUNDED, Facts, typed
from banyan.insight.metrics.known import save_unattributed
from banyan.insight.metrics.money import minor, resolved
from banyan.insight.metrics.people import save_advocates, save_buyers
from banyan.insight.metrics.promised import Promised
from banyan.insight.metrics.referrals import friends_among, new_friends, save_friends
from banyan.insight.metrics.touches import touches
from banyan.kernel.database import put

_SLICE = ("program", "version", "channel", "script", "variant")
_DAY = ("day", "program", "measure", "item", "unit")


def save(facts: Facts, *, after: int, upto: int, promised: Promised, zone: str) -> None:
    """Add everything that `facts`, of the positions in (after, upto], brought; days are those of
    `zone`."""
    began = facts.referrals.sort("join_position", maintain_order=True)
    hung = hang(began)
    joined = new_friends(began, hung.columns(), promised, zone=zone)
    terms = _terms(facts, promised)
    given = _given(facts.decisions, after, upto)
    friends = friends_among(_people(facts, terms, given))
    orders = _orders(facts.events)
    refunds = _refunds(facts.events)
    mine = _of_friends(orders, friends, promised)
    back = _of_friends(refunds, friends, promised)
    moved = _money(facts, terms, friends, promised)
    stages = facts.stages.join(friends, on=["program", "friend"]).with_columns(
        day=day_of("at", zone), measure="stage"
    )
    reached = touches(facts, joined, promised).with_columns(day=day_of("occurred_at", zone))
    known = friends.select("friend", "join_position").group_by("friend").min()
    save_friends(stages, orders=mine, refunds=back, moved=moved)
    save_chains(hung, given, friends, promised)
    bought = stages.filter(pl.col("stage") == of.PURCHASED)
    save_advocates(reached, joined, bought)
    shop = _shop(orders, known).with_columns(day=day_of("occurred_at", zone))
    fresh = save_buyers(shop)
    save_unattributed(facts.events.with_columns(day=day_of("occurred_at", zone)))
    add_figures(
        [
            as_figures(joined, of.JOINED, day="joined_on", amount="depth"),
            as_figures(stages.filter(pl.col("stage").is_in(of.STAGES)), "measure"),
            as_figures(reached, "measure"),
            as_figures(
                mine.with_columns(day=day_of("occurred_at", zone)), of.ORDERS, amount="minor"
            ),
            as_figures(
                back.with_columns(day=day_of("occurred_at", zone)), of.REFUNDS, amount="minor"
            ),
            as_figures(
                moved.with_columns(day=day_of("occurred_at", zone)), "measure", amount="amount"
            ),
            as_figures(_decided(facts, friends, zone), "measure", amount="amount"),
            as_figures(_all_decided(facts, zone), of.DECIDED),
            *_of_shop(shop, fresh, _shop(refunds, known), zone),
            as_figures(_answers(facts.events, zone), "measure"),
        ]
    )


def day_of(moment: str, zone: str) -> pl.Expr:
    """The day of a moment in a time zone."""
    return pl.col(moment).dt.convert_time_zone(zone).dt.date()


def _terms(facts: Facts, promised: Promised) -> pl.DataFrame:
    """Of every decision that was made or moved: (decision_id, version, friend)."""
    here = facts.decisions.select("decision_id", "version", "friend")
    program = pl.col("decision_id").str.extract(r"^([^/]*)/")
    asked = (
        facts.transfers.filter(
            pl.col("decision_id").is_not_null() & ~program.is_in(list(promised.plain))
        )
        .join(here, on="decision_id", how="anti")
        .get_column("decision_id")
        .unique()
        .to_list()
    )
    return pl.concat([here, terms_of(asked)]) if asked else here


def _given(decisions: pl.DataFrame, after: int, upto: int) -> pl.DataFrame:
    """What was granted or released for referrals, less what was taken back of it: (program, friend,
    unit, amount)."""
    freed = freed_between(after, upto)
    granted = decisions.filter((pl.col("outcome") == of.GRANTED) & pl.col("friend").is_not_null())
    return pl.concat([granted.select(freed.columns), freed])


def _people(facts: Facts, terms: pl.DataFrame, given: pl.DataFrame) -> list[str]:
    buyers = facts.events.filter(pl.col("name").is_in([ORDERED, REFUNDED]))["user_id"]
    parts = [buyers, facts.stages["friend"], terms["friend"], given["friend"]]
    return pl.concat(parts).drop_nulls().unique().to_list()


def _orders(events: pl.DataFrame) -> pl.DataFrame:
    """Orders of known customers: position, occurred_at, user_id, currency (empty for none),
    total."""
    rows = events.filter((pl.col("name") == ORDERED) & (pl.col("user_id") != ""))
    return rows.select("position", "occurred_at", "user_id", resolved("currency"), "total")


def _refunds(events: pl.DataFrame) -> pl.DataFrame:
    """Refunds, columns as of orders; without a total it is that of the customer's order.

    One that names neither a total nor a customer counts, with nothing.
    """
    rows = events.filter(pl.col("name") == REFUNDED)
    whole = rows.filter(pl.col("total").is_null() & (pl.col("user_id") != ""))
    if whole.height:
        said = log.said(ORDERED, whole["user_id"].unique().to_list())
        values = typed(said["body"])
        earlier = said.select("user_id", order_position="position").hstack(
            values.select(
                order_id="properties.order_id",
                order_total="properties.total",
                order_currency="properties.currency",
            )
        )
        found = (
            whole.select("position", "user_id", "order_id")
            .join(earlier, on=["user_id", "order_id"])
            .filter(pl.col("order_position") < pl.col("position"))
            .sort("order_position")
            .unique("position", keep="first")
            .select("position", "order_total", "order_currency")
        )
        rows = rows.join(found, on="position", how="left", maintain_order="left").with_columns(
            total=pl.coalesce("total", "order_total"),
            currency=pl.coalesce("currency", "order_currency"),
        )
    return rows.select("position", "occurred_at", "user_id", resolved("currency"), "total")


def _of_friends(orders: pl.DataFrame, friends: pl.DataFrame, promised: Promised) -> pl.DataFrame:
    """Orders from the friend's joining on, once a program: with the referral's columns, `unit`,
    `minor`, and whether it is in the program's currency (`fits`)."""
    rows = orders.join(friends, left_on="user_id", right_on="friend").filter(
        pl.col("position") >= pl.col("join_position")
    )
    own = promised.currency(program="program", version="version")
    rows = rows.with_columns(own=own).with_columns(
        unit=pl.when(pl.col("currency") == "").then("own").otherwise("currency")
    )
    return rows.with_columns(
        minor("total", "unit").alias("minor"), fits=pl.col("unit") == pl.col("own")
    )


def _shop(orders: pl.DataFrame, joined: pl.DataFrame) -> pl.DataFrame:
    """Everybody's orders with `unit`, `minor` and whether some program brought them
    (`is_referred`)."""
    rows = orders.join(joined, left_on="user_id", right_on="friend", how="left")
    referred = (pl.col("join_position") <= pl.col("position")).fill_null(False)
    return rows.with_columns(
        minor("total", "currency").alias("minor"), unit="currency", is_referred=referred
    )


def _of_shop(
    orders: pl.DataFrame, fresh: pl.DataFrame, refunds: pl.DataFrame, zone: str
) -> Iterator[pl.DataFrame]:
    refunds = refunds.with_columns(day=day_of("occurred_at", zone))
    for rows, all_of_them, referred in (
        (orders, of.SHOP_ORDERS, of.REFERRED_ORDERS),
        (refunds, of.SHOP_REFUNDS, of.REFERRED_REFUNDS),
    ):
        yield as_figures(rows, all_of_them, amount="minor")
        yield as_figures(rows.filter("is_referred"), referred, amount="minor")
    yield as_figures(fresh, of.NEW)
    yield as_figures(fresh.filter("is_referred"), of.REFERRED_NEW)


def _money(
    facts: Facts, terms: pl.DataFrame, friends: pl.DataFrame, promised: Promised
) -> pl.DataFrame:
    """Transfers with what they were (`measure`), of which reward (`item`) and which referral."""
    name, pending = pl.col("transfer_id").str, pl.col("source").str.ends_with(":pending")
    measure = (
        pl.when(name.ends_with("/grant"))
        .then(pl.lit(of.GRANTED))
        .when(name.ends_with("/available"))
        .then(pl.lit(of.AVAILABLE))
        .when(name.ends_with("/expiry"))
        .then(pl.lit(of.EXPIRED))
        .when(name.starts_with("spend/"))
        .then(pl.lit(of.SPENT))
        .when(name.starts_with("return/"))
        .then(pl.lit(of.RETURNED))
        .when(pl.col("decision_id").is_null())
        .then(pl.lit(of.CREDITED))
        .when(pending)
        .then(pl.lit(of.TAKEN_PENDING))
        .otherwise(pl.lit(of.TAKEN))
    )
    named = pl.col("decision_id").str.splitn("/", 3)
    rows = facts.transfers.select(
        "decision_id",
        "occurred_at",
        "unit",
        "amount",
        measure=measure,
        program=named.struct[0].fill_null(""),
        item=named.struct[1].fill_null(""),
    )
    known = rows.join(terms, on="decision_id", how="left", maintain_order="left")
    known = known.with_columns(
        pl.coalesce("version", promised.only_version("program")).alias("version"),
    )
    return _with_referral(known, friends)


def _decided(facts: Facts, friends: pl.DataFrame, zone: str) -> pl.DataFrame:
    rows = facts.decisions.filter(pl.col("outcome").is_in([of.HELD, of.REJECTED])).with_columns(
        measure="outcome", item="reward", day=day_of("occurred_at", zone)
    )
    kept = ["decision_id", "program", "version", "friend", "measure", "item", "unit", "amount"]
    return _with_referral(rows.select(*kept, "day"), friends)


def _all_decided(facts: Facts, zone: str) -> pl.DataFrame:
    return facts.decisions.select("program", "version", day=day_of("occurred_at", zone))


def _with_referral(rows: pl.DataFrame, friends: pl.DataFrame) -> pl.DataFrame:
    """Rows of decisions with how their friend came; where there is none, nothing of it."""
    how = friends.select("program", "friend", "channel", "script", "variant")
    return rows.join(how, on=["program", "friend"], how="left", maintain_order="left")


def _answers(events: pl.DataFrame, zone: str) -> pl.DataFrame:
    rows = events.filter(pl.col("name") == ANSWERED)
    score = pl.col("body").str.json_path_match("$.properties.score").cast(pl.Float64, strict=False)
    group = (
        pl.when(score >= 9)
        .then(pl.lit(of.PROMOTERS))
        .when(score >= 7)
        .then(pl.lit(of.PASSIVES))
        .otherwise(pl.lit(of.DETRACTORS))
    )
    told = rows.filter(score.is_between(0, 10))
    return told.select(measure=group, day=day_of("occurred_at", zone))


def as_figures(
    rows: pl.DataFrame, measure: str, *, day: str = "day", amount: str = ""
) -> pl.DataFrame:
    """One figure a row: `measure` is a column, or the name of a measure."""
    if rows.is_empty():
        return _NO_FIGURES
    blank = {**dict.fromkeys(of.KEY, pl.lit("")), "version": pl.lit(0)}
    key = {name: pl.col(name) if name in rows.columns else blank[name] for name in of.KEY}
    key["day"] = pl.col(day)
    key["measure"] = pl.col(measure) if measure in rows.columns else pl.lit(measure)
    texts = {name: expr.fill_null("") for name, expr in key.items() if name not in _NO_TEXT}
    return rows.select(
        key["day"].alias("day"),
        key["version"].fill_null(0).cast(pl.Int64).alias("version"),
        **texts,
        n=pl.lit(1, pl.Int64),
        amount=(pl.col(amount) if amount else pl.lit(0)).cast(pl.Int64),
    ).select(*of.KEY, "n", "amount")


def add_figures(parts: list[pl.DataFrame]) -> None:
    """Add figures to those that are kept, by everything they are asked by."""
    rows = pl.concat([part for part in parts if part.height] or [_NO_FIGURES])
    if rows.is_empty():
        return
    for table, key in (("metrics_slice", of.KEY), ("metrics_day", _DAY)):
        sums = rows.group_by(key).agg(pl.col("n", "amount").sum()).sort(key)
        stored = sums.with_columns(pl.col("day").cast(pl.String))
        # In one order for everybody, so that two writers could never wait for each other.
        put(table, stored, key, adding=("n", "amount"))


_NO_TEXT = ("day", "version")
_NO_FIGURES = pl.DataFrame(
    schema={
        **dict.fromkeys(of.KEY, pl.String),
        "day": pl.Date,
        "version": pl.Int64,
        "n": pl.Int64,
        "amount": pl.Int64,
    }
)
