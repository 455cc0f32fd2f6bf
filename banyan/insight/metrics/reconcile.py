"""reconcile: rewards against the orders they are for, the refunds of these, and the ledger.

`banyan verify` proves that the engine's rules were followed; here is asked what somebody in finance
asks: is there a reward whose order came back, a taking back without a refund, a friend who bought
and nobody got anything, an amount that the ledger does not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl
from django.conf import settings

from banyan.core.events import read as log
from banyan.core.ledger.frames import transfers_of_decisions
from banyan.core.referrals.frames import given_during, rewarded_friends
from banyan.insight.metrics.facts import ORDERED, REFUNDED, typed
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import Scope
from banyan.kernel.database import among, read

DifferenceKind = Literal["kept_after_refund", "taken_without_refund", "not_in_ledger", "unrewarded"]
_AT_ONCE = 5_000


@dataclass(frozen=True)
class Difference:
    """One thing to look at. Amounts are minor units or counts of the unit, of a friend who bought
    and was not rewarded the orders' value."""

    kind: DifferenceKind
    program: str
    customer: str
    decision_id: str
    unit: str
    expected: int
    found: int
    at: datetime


def differences(period: Period, scope: Scope) -> list[Difference]:
    """Of rewards decided and friends who bought first in the period, the latest first."""
    zone = ZoneInfo(settings.OPERATOR_TIME_ZONE)
    first = datetime.combine(period.first, time(), zone).astimezone(UTC)
    until = datetime.combine(period.last + timedelta(days=1), time(), zone).astimezone(UTC)
    rows = given_during(scope.programs, first, until)
    found = list(_unrewarded(period, scope, zone))
    for part in rows.iter_slices(_AT_ONCE):
        found += [*_unlike_ledger(part), *_unlike_refunds(part)]
    return sorted(found, key=lambda one: (one.at, one.decision_id), reverse=True)


def _unlike_ledger(rows: pl.DataFrame) -> Iterator[Difference]:
    """Granted or released rewards whose grant is not in the ledger with what was left of it."""
    moved = transfers_of_decisions(rows["decision_id"].to_list())
    grant = pl.col("transfer_id").str.ends_with("/grant")
    sums = moved.group_by("decision_id").agg(pl.col("amount").filter(grant).sum().alias("grant"))
    both = rows.join(sums, on="decision_id", how="left").with_columns(pl.col("grant").fill_null(0))
    due = pl.when(pl.col("outcome") == "granted").then("amount").otherwise("grant")
    unpaid = (pl.col("ruling") == "released") & (pl.col("grant") == 0)
    wrong = both.with_columns(due=due).filter(
        (pl.col("due") != pl.col("grant")) | (unpaid & (pl.col("taken") < pl.col("amount")))
    )
    for row in wrong.to_dicts():
        yield _of_decision(row, "not_in_ledger", row["amount"], row["grant"])


def _unlike_refunds(rows: pl.DataFrame) -> Iterator[Difference]:
    orders = _orders(rows)
    for row in rows.filter(pl.col("decision_id").is_in(list(orders))).to_dicts():
        refunded = orders[row["decision_id"]]
        if refunded >= 1 and row["taken"] < row["amount"]:
            yield _of_decision(row, "kept_after_refund", row["amount"], row["taken"])
        if refunded == 0 and row["taken"] and row["ruling"] != "denied":
            yield _of_decision(row, "taken_without_refund", 0, row["taken"])


def _orders(rows: pl.DataFrame) -> Mapping[str, float]:
    """Of decisions about an order the share of it that was refunded."""
    buyers = rows.with_columns(buyer=pl.coalesce("friend", "beneficiary"))
    people = buyers["buyer"].unique().to_list()
    # A buyer's other orders are nobody's business here, and may be many.
    bought = _values(log.these(ORDERED, buyers["position"].unique().to_list()))
    returned = _values(log.said(REFUNDED, people))
    orders = buyers.join(bought, on="position").select(
        "decision_id", "user_id", "order_id", "total"
    )
    refunds = orders.drop_nulls("order_id").join(
        returned.select("user_id", "order_id", back=pl.col("total"), whole=True),
        on=["user_id", "order_id"],
        how="left",
    )
    told = refunds.group_by("decision_id").agg(
        pl.col("total").first(),
        pl.col("back").fill_null(0).sum(),
        all_of_it=(pl.col("whole").is_not_null() & pl.col("back").is_null()).any(),
    )
    return {
        decision_id: 1.0 if all_of_it else (int(back) / int(total) if total else 0.0)
        for decision_id, total, back, all_of_it in told.rows()
    }


def _values(said: pl.DataFrame) -> pl.DataFrame:
    values = typed(said["body"]).select(total="properties.total", order_id="properties.order_id")
    return said.select("position", "user_id").hstack(values)


def _unrewarded(period: Period, scope: Scope, zone: ZoneInfo) -> Iterator[Difference]:
    """Friends who bought first in the period and about whom nothing was ever decided."""
    where, programs = among("program", scope.programs)
    bought = read(
        "SELECT program, friend, revenue - refunded, CAST(purchased_on AS TEXT) "
        f"FROM metrics_friend WHERE {where} AND purchased_on >= %s AND purchased_on <= %s",
        [*programs, period.first, period.last],
        {"program": pl.String, "friend": pl.String, "revenue": pl.Int64, "day": pl.String},
    )
    if bought.is_empty():
        return
    decided = rewarded_friends(scope.programs, bought["friend"].to_list())
    for row in bought.join(decided, on=["program", "friend"], how="anti").to_dicts():
        at = datetime.combine(datetime.fromisoformat(row["day"]).date(), time(), zone)
        yield Difference(
            "unrewarded", row["program"], row["friend"], "", scope.currency, row["revenue"], 0, at
        )


def _of_decision(
    row: Mapping[str, object], kind: DifferenceKind, expected: object, found: object
) -> Difference:
    at = row["occurred_at"]
    assert isinstance(at, datetime)
    return Difference(
        kind,
        str(row["program"]),
        str(row["beneficiary"]),
        str(row["decision_id"]),
        str(row["unit"]),
        int(str(expected)),
        int(str(found)),
        at,
    )
