"""The diffusion of invitations: what a simulated log holds, and that it follows its settings."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from banyan.engine.language.program import Program
from banyan.engine.replay import replay
from banyan.growth.planning.eventlog import write
from banyan.growth.planning.settings import Channel, Segment, Settings
from banyan.growth.planning.simulate import expected_k, simulate

SMALL = Settings(seed=7, customers=2_000, days=200)


def _events(settings: Settings) -> pl.DataFrame:
    """The log, one row an event, with the leaves the tests ask for beside the rest."""
    frame = simulate(settings).log.frame()
    properties, context = pl.col("properties").struct, pl.col("context").struct
    return frame.with_columns(
        *(
            properties.field(name)
            for name in ("code", "channel", "email", "referral_code", "order_id", "total", "coupon")
        ),
        contact=pl.col("traits").struct.field("email"),
        tier=pl.col("traits").struct.field("tier"),
        ip=context.field("ip"),
        device=context.field("device").struct.field("id"),
    )


def _named(events: pl.DataFrame, name: str) -> pl.DataFrame:
    return events.filter(pl.col("event") == name)


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    """Without late events and duplicates, so that the order of the log is the order of time."""
    return _events(replace(SMALL, late=0.0, duplicates=0.0))


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "jsonl.gz"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, ending) -> None:
    def written(name: str, seed: int) -> bytes:
        file = tmp_path / f"{name}.{ending}"
        write(simulate(replace(SMALL, customers=200, seed=seed)).log.frames(rows=500), file)
        return file.read_bytes()

    first = written("first", 7)
    assert first == written("again", 7)
    assert first != written("other", 8)


def test_everything_says_that_it_is_simulated(events) -> None:
    library = pl.col("context").struct.field("library").struct.field("name")
    assert events.select((library == "banyan-simulate").all()).item()
    ids = ("messageId", "userId", "anonymousId", "order_id", "device", "email", "contact")
    for column in ids:
        assert events[column].drop_nulls().str.starts_with("sim-").all(), column
    for column in ("code", "referral_code"):
        assert events[column].drop_nulls().str.starts_with("SIM-").all(), column


def test_the_log_lies_in_its_days(events) -> None:
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    assert events["timestamp"].is_sorted()
    assert events["timestamp"].min() >= begins
    assert events["timestamp"].max() < begins + timedelta(days=200)


def test_people_sign_up_once_and_order_afterwards(events) -> None:
    joined = _named(events, "Signed Up").select("userId", joined="timestamp")
    assert joined["userId"].is_unique().all()
    orders = _named(events, "Order Completed").join(joined, on="userId", how="left")
    assert (orders["timestamp"] >= orders["joined"]).all()
    assert orders["order_id"].is_unique().all()
    assert (orders["total"] > 0).all()


def test_only_customers_invite_and_their_link_comes_first(events) -> None:
    row = events.with_row_index("row")
    ordered = _named(row, "Order Completed").group_by("userId").agg(ordered=pl.col("row").min())
    made = _named(row, "Referral Link Created").join(ordered, on="userId", how="left")
    assert (made["row"] > made["ordered"]).all()
    uses = row.filter(pl.col("event").is_in(["Referral Link Clicked", "Referral Shared"])).join(
        made.select("code", made="row"), on="code", how="left"
    )
    assert uses.height > 0
    assert (uses["row"] > uses["made"]).all()


def test_every_friend_comes_by_a_link_a_code_or_a_form(events) -> None:
    number = pl.col("userId").str.strip_prefix("sim-u-").cast(pl.Int64)
    friends = _named(events, "Signed Up").filter(number >= SMALL.customers)
    codes = _named(events, "Referral Link Created")["code"].implode()
    typed = _named(events, "Order Completed").filter(pl.col("coupon").is_in(codes))
    clicks = _named(events, "Referral Link Clicked")
    invited = _named(events, "Referral Submitted").select(contact="email")
    known = events.filter(pl.col("type") == "identify").join(invited, on="contact", how="semi")
    ways = [
        friends.join(clicks, on="anonymousId", how="semi")["userId"],
        friends.filter(pl.col("referral_code").is_in(codes))["userId"],
        friends.join(typed, on="userId", how="semi")["userId"],
        friends.join(known, on="userId", how="semi")["userId"],
    ]
    # A few click or are invited once more after they have come.
    assert set(pl.concat(ways)) == set(friends["userId"])
    shares = [len(way) / friends.height for way in ways]
    assert shares == pytest.approx([0.75, 0.075, 0.075, 0.10], abs=0.04)


PROGRAM = """\
program: plain
version: 1
currency: USD
advocates: {where: "orders >= 1"}
attribution: {window: 3650d}
milestones: {first: {on: Order Completed}}
rewards: {thanks: {to: advocate, on: first, give: points, amount: 1}}
"""


def test_the_engine_finds_every_accepted_invitation_and_no_other() -> None:
    simulation = simulate(replace(SMALL, known=0.0, late=0.0))
    found = replay([Program.parse(PROGRAM)], simulation.log.frame())
    assert found.rejects.height == 0
    assert found.referrals.height == simulation.summary.accepted
    assert set(found.referrals["kind"]) == {"click", "code", "invite"}
    assert found.decisions["friend"].n_unique() == found.decisions.height
    ordered = simulation.summary.customers / simulation.summary.people
    assert found.decisions.height / found.referrals.height == pytest.approx(ordered, abs=0.05)


def test_invitations_that_reach_customers_are_lost() -> None:
    found = replay([Program.parse(PROGRAM)], simulate(replace(SMALL, late=0.0)).log.frame())
    assert {"not_new", "already_referred"} <= set(found.touches_lost["reason"])


def test_most_visitors_never_sign_up(events) -> None:
    visitors = _named(events, "Referral Link Clicked").select("anonymousId").unique()
    joined = _named(events, "Signed Up").select("anonymousId")
    lost = visitors.join(joined, on="anonymousId", how="anti")
    assert 0.6 < lost.height / visitors.height < 0.9


def test_refunds_follow_their_order_and_never_exceed_it(events) -> None:
    orders = _named(events, "Order Completed").select(
        "order_id", "userId", ordered="timestamp", paid="total"
    )
    refunds = _named(events, "Order Refunded").join(orders, on=["order_id", "userId"], how="left")
    assert refunds["paid"].null_count() == 0
    assert (refunds["timestamp"] >= refunds["ordered"]).all()
    assert refunds.filter(pl.col("total") > pl.col("paid")).height == 0
    parts = refunds.filter(pl.col("total") < pl.col("paid")).height
    silent = refunds["total"].null_count()
    assert parts / refunds.height == pytest.approx(SMALL.partial, abs=0.08)
    assert silent / refunds.height == pytest.approx((1 - SMALL.partial) / 2, abs=0.08)


def test_a_late_event_is_at_most_a_day_behind_the_log() -> None:
    events = _events(replace(SMALL, late=0.05, duplicates=0.0))
    behind = events["timestamp"].cum_max() - events["timestamp"]
    assert behind.max() <= timedelta(hours=24)
    # Between two busy neighbours nearly every late event shows.
    assert (behind > timedelta(0)).mean() == pytest.approx(0.05, abs=0.005)


def test_a_duplicate_is_the_same_event_again() -> None:
    events = simulate(replace(SMALL, duplicates=0.1)).log.frame()
    copies = events.filter(pl.col("messageId").is_duplicated())
    assert copies.height == 2 * copies["messageId"].n_unique()
    assert copies["messageId"].n_unique() / events["messageId"].n_unique() == pytest.approx(
        0.1, abs=0.01
    )
    assert copies.unique().height == copies["messageId"].n_unique()


def test_some_friends_share_their_advocates_device_or_address() -> None:
    events = _events(replace(SMALL, shared_devices=0.2, shared_ips=0.5))
    people = _named(events, "Signed Up").unique("messageId")
    friends = 1 - 2_000 / people.height
    assert (people["device"].is_duplicated()).any()
    own = people.select((pl.col("device") == pl.col("userId").str.replace("-u-", "-d-")).mean())
    assert 1 - own.item() == pytest.approx(0.2 * friends, abs=0.02)
    assert 1 - people["ip"].n_unique() / people.height == pytest.approx(0.5 * friends, abs=0.05)


def test_accepted_invitations_agree_with_the_expectation() -> None:
    """Four standard errors: a right simulation fails this for one seed in 16,000."""
    settings = Settings(seed=11, customers=20_000, days=365)
    summary = simulate(settings).summary
    assert summary.k_expected == expected_k(settings)
    assert summary.k_error < 0.006
    assert abs(summary.k_decided - summary.k_expected) < 4 * summary.k_error
    assert summary.k_observed <= summary.k_decided


def test_a_wrong_expectation_would_be_noticed() -> None:
    settings = Settings(seed=11, customers=20_000, days=365)
    summary = simulate(settings).summary
    tireless = expected_k(replace(settings, fatigue=1.0))
    assert abs(summary.k_decided - tireless) > 20 * summary.k_error


def test_the_expectation_by_hand() -> None:
    settings = Settings(
        segments=(
            Segment(name="a", share=0.75, invites=0.4, accepts=0.5),
            Segment(name="b", share=0.25, invites=0.8, accepts=1.0),
        ),
        channels=(Channel(name="x", share=0.5, opens=0.2), Channel(name="y", share=0.5, opens=0.6)),
        most_invitations=3,
        sends_again=0.5,
        fatigue=0.8,
        known=0.1,
    )
    # Sent: 1, 0.5, 0.5 * 0.5 * 0.8; accepted at 1, 0.8, 0.64 of the first's rate.
    willing = 1 + 0.5 * 0.8 + 0.2 * 0.64
    reached = 0.9 * (0.5 * 0.2 + 0.5 * 0.6)
    assert expected_k(settings) == pytest.approx(
        (0.75 * 0.4 * 0.5 + 0.25 * 0.8 * 1.0) * reached * willing, rel=1e-12
    )


def test_generations_add_up_and_die_out() -> None:
    summary = simulate(SMALL).summary
    assert summary.generations[0] == 2_000
    assert sum(summary.generations) == summary.people
    assert summary.accepted == summary.people - 2_000
    shares = np.diff(np.log(summary.generations))
    assert (shares < 0).all()


def test_nobody_comes_when_the_market_is_used_up() -> None:
    lively = replace(
        SMALL,
        market=2_500,
        segments=(Segment(invites=1.0, accepts=1.0),),
        channels=(Channel(opens=1.0),),
    )
    assert expected_k(lively) > 2
    assert simulate(lively).summary.people == 2_500


def test_without_invitations_nobody_is_invited() -> None:
    summary = simulate(replace(SMALL, segments=(Segment(invites=0.0),))).summary
    assert (summary.generations, summary.k_observed, summary.k_expected) == ([2_000], 0.0, 0.0)
    assert summary.events.keys() == {"identify", "Signed Up", "Order Completed", "Order Refunded"}


def test_without_orders_nobody_invites() -> None:
    summary = simulate(replace(SMALL, first_order=0.0)).summary
    assert summary.events.keys() == {"identify", "Signed Up"}
    assert (summary.customers, summary.k_decided, summary.k_error) == (0, 0.0, 0.0)


def test_orders_follow_the_season() -> None:
    settings = Settings(
        seed=3,
        start=date(2026, 1, 1),
        days=364,
        customers=3_000,
        arrival_days=1.0,
        yearly=0.5,
        peak_day=340,
        weekly=0.4,
        daily=0.9,
        peak_hour=20,
        segments=(Segment(orders_per_month=4.0, invites=0.0),),
    )
    at = _named(_events(settings), "Order Completed")["timestamp"]
    at = at.filter(at >= datetime(2026, 1, 15, tzinfo=UTC))
    weekend = (at.dt.weekday() >= 6).mean()
    assert weekend == pytest.approx(2 * 1.4 / 7, abs=0.01)
    assert at.dt.hour().mode().item() in (19, 20)
    by_month = np.bincount(at.dt.month())
    assert by_month[12] > 2 * by_month[6]


def test_baskets_are_log_normal_around_their_median() -> None:
    settings = replace(SMALL, segments=(Segment(basket=80.0, basket_sigma=0.5),))
    totals = _named(_events(settings), "Order Completed")["total"].cast(pl.Float64)
    assert totals.median() == pytest.approx(80.0, rel=0.03)
    assert totals.log().std() == pytest.approx(0.5, rel=0.03)
