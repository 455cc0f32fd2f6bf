"""The demonstration: a real year of baskets, simulated invitations, two programs over both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from banyan.engine.language.program import Program
from banyan.growth.planning import eventlog, journey
from banyan.growth.planning.journey import journey_events, journey_programs, with_invitations
from banyan.pipeline.runs import Progressing, Run, run_replay
from banyan.pipeline.tables import TableWriter, read_table

EVENTS = "events.parquet"
MONEY = "credit USD"
BATCH = 50_000
"""Events a step: small, so that a progress bar moves."""
EARNERS = 5
"""Beneficiaries shown of each unit."""

_MEMBER = r"^wallet:(.*):(?:pending|available)$"


@dataclass(frozen=True)
class Log:
    """What the log is made of. Money is cents; days are those of the shops' zone."""

    households: int
    baskets: int
    coupons: int
    revenue_minor: int
    first_day: date
    last_day: date
    seed: int
    links: int
    clicks: int
    ties: int
    """Simulated notes that tie a visitor's click to a household."""


@dataclass(frozen=True)
class Cost:
    """What a program gave in a unit (cents, points), beside the revenue it was given for (cents).

    For the loyalty program that is all revenue; for the referral program what the households that
    were referred spent from their joining on.
    """

    program: str
    unit: str
    granted: int
    taken_back: int
    expired: int
    net: int
    revenue_minor: int


@dataclass(frozen=True)
class Earner:
    """A household and what it earned of one unit; `held` is pending and available together."""

    household: str
    unit: str
    decisions: int
    granted: int
    expired: int
    held: int
    brought: int


@dataclass(frozen=True)
class Month:
    """A household's movements of a unit in a month; `held` is what it has at the end of it."""

    month: date
    unit: str
    granted: int
    expired: int
    held: int


@dataclass(frozen=True)
class Statement:
    """The year of one household. `told` names the decision that is worth a question."""

    household: str
    brought_by: str | None
    brought: int
    baskets: int
    spent_minor: int
    months: tuple[Month, ...]
    told: str


@dataclass(frozen=True)
class Demonstration:
    """A finished demonstration; the folder of `run` also holds the log and the programs."""

    run: Run
    log: Log
    referred: int
    costs: tuple[Cost, ...]
    earners: tuple[Earner, ...]
    statement: Statement
    preparing_seconds: float


def run_demonstration(*, out: Path, seed: int, progress: Progressing) -> Demonstration:
    """Make the log, replay the programs over it, and say what came of it.

    Leaves in `out` what `run_replay` does, the log and the program files. `seed` is that of the
    invitations. Raises Problem without the data's package, or for a folder that holds other things.
    """
    started = time.perf_counter()
    progress(0, None, "")
    events = with_invitations(journey_events(), seed)
    _claim(out)
    eventlog.write(iter([events]), out / EVENTS)
    paths = []
    for name, text in journey_programs().items():
        paths.append(out / f"{name}.yaml")
        paths[-1].write_text(text, encoding="utf-8")
    prepared = time.perf_counter() - started
    run = run_replay(
        [Program.load(path) for path in paths],
        [str(out / EVENTS)],
        paths=[str(path) for path in paths],
        out=out,
        batch=BATCH,
        until=None,
        seeds={},
        form="parquet",
        engine="local",
        progress=progress,
    )
    return _told(run, events.with_row_index("position", offset=1), seed, prepared)


def _claim(out: Path) -> None:
    """Make the folder, or see that it is a replay's: the log can only be put into it first."""
    with TableWriter(out, "parquet") as writer:
        writer.write_summary("{}\n")


def _told(run: Run, events: pl.DataFrame, seed: int, prepared: float) -> Demonstration:
    referrals = read_table(run.out, "referrals")
    decisions = read_table(run.out, "decisions")
    wallets = _wallets(read_table(run.out, "postings"))
    orders = _orders(events)
    log = _log(events, orders, seed)
    earners = _earners(wallets, decisions, referrals)
    busiest = (
        referrals["advocate"].value_counts().sort("count", "advocate", descending=[True, False])
    )
    return Demonstration(
        run=run,
        log=log,
        referred=referrals.height,
        costs=_costs(run, log, _referred_revenue(orders, referrals)),
        earners=earners,
        statement=_statement(busiest["advocate"][0], wallets, decisions, referrals, orders),
        preparing_seconds=prepared,
    )


def _orders(events: pl.DataFrame) -> pl.DataFrame:
    """position, household and cents of each basket."""
    total = pl.col("properties").struct.field("total")
    return events.filter(pl.col("event") == "Order Completed").select(
        pl.col("position").cast(pl.Int64), household="userId", minor=(total * 100).cast(pl.Int64)
    )


def _log(events: pl.DataFrame, orders: pl.DataFrame, seed: int) -> Log:
    # An `identify` has no name.
    named = dict(events["event"].fill_null("identify").value_counts().rows())
    day = events["timestamp"].dt.convert_time_zone(journey.ZONE).dt.date()
    first_day, last_day = day.min(), day.max()
    assert isinstance(first_day, date)
    assert isinstance(last_day, date)
    return Log(
        households=orders["household"].n_unique(),
        baskets=orders.height,
        coupons=named["Coupon Redeemed"],
        revenue_minor=int(orders["minor"].sum()),
        first_day=first_day,
        last_day=last_day,
        seed=seed,
        links=named["Referral Link Created"],
        clicks=named["Referral Link Clicked"],
        ties=named["identify"],
    )


def _referred_revenue(orders: pl.DataFrame, referrals: pl.DataFrame) -> int:
    """Cents that referred households spent from their joining on."""
    joined = referrals.select("join_position", household="friend")
    after = orders.join(joined, on="household").filter(
        pl.col("position") >= pl.col("join_position")
    )
    return int(after["minor"].sum())


def _costs(run: Run, log: Log, referred_minor: int) -> tuple[Cost, ...]:
    return tuple(
        Cost(**row, revenue_minor=referred_minor if row["unit"] == MONEY else log.revenue_minor)
        for row in run.figures["cost"]
    )


def _wallets(postings: pl.DataFrame) -> pl.DataFrame:
    """Movements of households' wallets: household, unit, occurred_at, amount, granted, expired."""
    step = pl.col("transfer_id").str.extract("/([a-z]+)$")
    mine = postings.with_columns(household=pl.col("account").str.extract(_MEMBER), step=step)
    return mine.drop_nulls("household").select(
        "household",
        "unit",
        "occurred_at",
        "amount",
        granted=pl.when(pl.col("step") == "grant").then("amount").otherwise(0),
        expired=pl.when(pl.col("step") == "expiry").then(-pl.col("amount")).otherwise(0),
    )


def _earners(
    wallets: pl.DataFrame, decisions: pl.DataFrame, referrals: pl.DataFrame
) -> tuple[Earner, ...]:
    """Of each unit those who were granted most."""
    rows = (
        wallets.group_by("household", "unit")
        .agg(pl.col("granted", "expired").sum(), held=pl.col("amount").sum())
        .join(
            decisions.group_by("unit", household="beneficiary").agg(decisions=pl.len()),
            on=["household", "unit"],
        )
        .join(
            referrals.group_by(household="advocate").agg(brought=pl.len()),
            on="household",
            how="left",
        )
        .with_columns(pl.col("brought").fill_null(0))
        .sort("unit", "granted", "brought", "household", descending=[True, True, True, False])
        .group_by("unit", maintain_order=True)
        .head(EARNERS)
    )
    return tuple(Earner(**row) for row in rows.to_dicts())


def _statement(
    household: str,
    wallets: pl.DataFrame,
    decisions: pl.DataFrame,
    referrals: pl.DataFrame,
    orders: pl.DataFrame,
) -> Statement:
    own = orders.filter(pl.col("household") == household)
    brought_by = referrals.filter(pl.col("friend") == household)["advocate"].to_list()
    return Statement(
        household=household,
        brought_by=brought_by[0] if brought_by else None,
        brought=referrals.filter(pl.col("advocate") == household).height,
        baskets=own.height,
        spent_minor=int(own["minor"].sum()),
        months=_months(wallets.filter(pl.col("household") == household)),
        told=_worth_a_question(decisions.filter(pl.col("beneficiary") == household)),
    )


def _months(wallet: pl.DataFrame) -> tuple[Month, ...]:
    local = pl.col("occurred_at").dt.convert_time_zone(journey.ZONE)
    rows = (
        wallet.with_columns(month=local.dt.date().dt.month_start())
        .group_by("unit", "month")
        .agg(pl.col("granted", "expired", "amount").sum())
        .sort(pl.col("unit"), "month", descending=[True, False])
        .with_columns(held=pl.col("amount").cum_sum().over("unit"))
        .drop("amount")
    )
    return tuple(Month(**row) for row in rows.to_dicts())


def _worth_a_question(decisions: pl.DataFrame) -> str:
    """The first reward in money that a cap has cut but not to nothing, else the last one."""
    money = decisions.filter(pl.col("unit") == MONEY)
    cut = money.filter((pl.col("amount") > 0) & (pl.col("amount") < pl.col("raw_amount")))
    chosen = cut.head(1) if cut.height else money.tail(1)
    return str(chosen["decision_id"].item())
