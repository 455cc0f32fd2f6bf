"""The benchmark log keeps its mix at every size."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from banyan.engine.language.lint import lint
from banyan.engine.language.program import Program
from banyan.engine.replay import replay
from banyan.growth.planning.benchmark import benchmark_log, benchmark_program
from banyan.growth.planning.eventlog import write

SIXTY_THOUSAND = {
    "Referral Link Created": 2_000,
    "Referral Link Clicked": 22_000,
    "Signed Up": 9_000,
    "Order Completed": 25_800,
    "Order Refunded": 1_419,
}


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    properties = pl.col("properties").struct
    return (
        benchmark_log(60_000)
        .frame()
        .with_columns(*(properties.field(n) for n in ("code", "order_id", "total", "currency")))
    )


def _named(events: pl.DataFrame, name: str) -> pl.DataFrame:
    return events.filter(pl.col("event") == name)


def test_the_mix_is_exact_and_grows_in_proportion() -> None:
    assert benchmark_log(60_000).counts() == SIXTY_THOUSAND
    assert benchmark_log(120_000).counts() == {n: 2 * k for n, k in SIXTY_THOUSAND.items()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path) -> None:
    def written(name: str, seed: int) -> bytes:
        file = tmp_path / f"{name}.parquet"
        write(benchmark_log(6_000, seed).frames(rows=2_500), file)
        return file.read_bytes()

    first = written("first", 1)
    assert first == written("again", 1)
    assert first != written("other", 2)


def test_visitors_people_and_orders(events) -> None:
    assert _named(events, "Referral Link Clicked")["anonymousId"].n_unique() == 20_000
    joined = _named(events, "Signed Up")
    assert (joined["userId"].n_unique(), joined["anonymousId"].n_unique()) == (9_000, 9_000)
    orders = _named(events, "Order Completed")
    assert orders["order_id"].n_unique() == 25_800
    assert orders["currency"].unique().to_list() == ["USD"]
    assert orders["total"].cast(pl.Float64).median() == pytest.approx(60, rel=0.02)
    each = orders["userId"].value_counts()["count"]
    assert orders.height / 9_000 == pytest.approx(2.87, abs=0.01)
    assert each.max() > 30


def test_two_years_with_a_late_event_in_fifty(events) -> None:
    assert events["timestamp"].min() >= datetime(2025, 1, 1, tzinfo=UTC)
    assert events["timestamp"].max() < datetime(2027, 1, 1, tzinfo=UTC)
    behind = events["timestamp"].cum_max() - events["timestamp"]
    assert behind.max() <= timedelta(hours=24)
    assert (behind > timedelta(minutes=30)).mean() == pytest.approx(0.02, abs=0.003)


def test_most_sign_ups_come_from_a_click_on_a_link_of_a_customer(events) -> None:
    row = events.with_row_index("row")
    links = _named(row, "Referral Link Created").select("code", "userId", made="row")
    assert links["userId"].is_unique().all()
    first = _named(row, "Order Completed").group_by("userId").agg(ordered=pl.col("row").min())
    before = links.join(first, on="userId").filter(pl.col("ordered") < pl.col("made"))
    assert before.height / links.height > 0.95
    clicks = _named(row, "Referral Link Clicked").join(links, on="code")
    assert (clicks["row"] > clicks["made"]).mean() > 0.999
    joined = _named(row, "Signed Up").select("anonymousId", joined="row")
    came = clicks.join(joined, on="anonymousId").filter(pl.col("row") < pl.col("joined"))
    assert came["anonymousId"].n_unique() / 9_000 == pytest.approx(0.97, abs=0.02)


def test_refunds_are_of_distinct_orders_by_their_buyer(events) -> None:
    orders = _named(events, "Order Completed").select("order_id", "userId", paid="total")
    refunds = _named(events, "Order Refunded")
    assert refunds["order_id"].is_unique().all()
    refunds = refunds.join(orders, on=["order_id", "userId"], how="left")
    assert (refunds["total"] <= refunds["paid"]).all()
    assert (refunds["total"] < refunds["paid"]).mean() == pytest.approx(0.3, abs=0.04)


def test_the_program_over_it() -> None:
    """Shares of what is asked for at six million: 860,000 referrals, 2.7 million decisions."""
    log = benchmark_log(60_000)
    found = replay([Program.parse(benchmark_program(60_000))], log.frame())
    assert found.referrals.height == pytest.approx(8_600, rel=0.03)
    assert found.decisions.height == pytest.approx(27_000, rel=0.03)
    met = found.referrals.height + found.touches_lost.height
    assert found.touches_lost.height / met == pytest.approx(0.10, abs=0.015)
    assert set(found.touches_lost["reason"]) == {
        "already_referred",
        "self_referral",
        "outside_window",
        "advocate_not_eligible",
        "not_new",
        "lost_to_other_touch",
    }
    spent = found.decisions["amount"].sum() - found.reversals["amount"].sum()
    assert spent == 90_000_00
    first = found.decisions.filter(pl.col("reason").str.starts_with("limit:"))["position"].min()
    assert first / log.height == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("size", "budget"), [(6_000_000, 9_000_000), (1_000_000, 1_500_000), (6_000, 9_000)]
)
def test_the_budget_goes_with_the_size(size, budget) -> None:
    program = Program.parse(benchmark_program(size))
    assert [(cap.give, cap.per, cap.amount) for cap in program.limits] == [
        ("cash", "program", budget)
    ]


def test_the_program_could_be_published() -> None:
    program = Program.parse(benchmark_program())
    assert {finding.severity for finding in lint(program)} == {"warning"}


def test_the_program_beside_the_speed_tests_is_that_of_six_million() -> None:
    file = Path(__file__).parents[3] / "speed" / "program.yaml"
    assert file.read_text(encoding="utf-8") == benchmark_program()
