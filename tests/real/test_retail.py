"""Seven months of real orders and cancellations under a points club.

What everyone earns and gives back is worked out a second time below, order by order in plain
Python.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest

from banyan.engine import Outcomes
from tests.real import retail
from tests.real.replaying import differing, in_one, unbalanced
from tests.real.retail import Event, Line

PROGRAM = """
program: club
version: 1
currency: GBP
timezone: Europe/London
milestones:
  order: {on: Order Completed, where: "total > 0", repeats: {up_to: 10000}}
  five-hundred:
    on: Order Completed
    where: "total > 0"
    sum: {of: total, reaches: 500}
    repeats: {up_to: 1000}
rewards:
  a-point-a-pound:
    to: self
    on: order
    give: points
    amount: {sql: "FLOOR(total)"}
    hold: 14d
    on_refund: proportional
  tiers:
    to: self
    on: five-hundred
    give: points
    amount: {ladder: {first: 50, add: 25, steps: 8}}
    expires: 90d
    on_refund: full
    caps:
      - {per: beneficiary, period: quarter, count: 4}
      - {per: program, period: quarter, amount: 150000}
"""


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return retail.lines()


@pytest.fixture(scope="module")
def events(lines) -> list[Event]:
    return retail.events(lines)


@pytest.fixture(scope="module")
def log(events) -> pl.DataFrame:
    return retail.frame(events)


@pytest.fixture(scope="module")
def decided(log) -> Outcomes:
    return in_one([PROGRAM], log)


def test_the_counts_of_the_file(lines) -> None:
    """Of the whole original, which goes on to 2011-12-09, twice as much is published."""
    assert len(lines) == 245_903
    assert len({line.invoice for line in lines}) == 12_795
    assert len({line.customer for line in lines} - {None}) == 3_002
    assert sum(line.customer is None for line in lines) == 69_014
    assert (lines[0].at.isoformat(), lines[-1].at.isoformat()) == (
        "2010-12-01T08:26:00",
        "2011-06-30T20:08:00",
    )
    cancelled = [line for line in lines if line.invoice.startswith("C")]
    assert (len(cancelled), len({line.invoice for line in cancelled})) == (4_494, 2_006)
    assert sum(line.amount for line in cancelled) == Decimal("-428515.73")
    assert sum(line.quantity < 0 for line in lines) == 4_494 + 758
    assert sum(line.price <= 0 for line in lines) == 1_478
    assert sum(line.amount for line in lines) == Decimal("4397950.761")
    rows = retail.read(retail.RETAIL)
    assert rows.height - rows.unique().height == 2_012


def test_what_cancellations_are_matched_with(lines) -> None:
    matched = list(retail.matches(lines))
    found = Counter("matched" if order else "unknown" for _, order in matched)
    guests = sum(line.customer is None for line, _ in matched)
    assert (found, guests) == ({"matched": 3_278, "unknown": 963 + 253}, 253)
    assert sum(line.amount for line, order in matched if order) == Decimal("-173595.61")


def test_the_events(events) -> None:
    assert Counter(one.name for one in events) == {
        "Order Completed": 10_031,
        "Order Refunded": 2_364,
        "Stock Corrected": 758,
    }


def test_a_line_that_stands_twice_is_paid_twice_and_cancelled_once() -> None:
    at = datetime(2011, 1, 4, 10, 0)  # noqa: DTZ001
    bought = Line("1", "mug", 6, at, Decimal("1.25"), "7")
    given_back = Line("C2", "mug", -6, at + timedelta(hours=1), Decimal("1.25"), "7")
    found = retail.events([bought, bought, given_back, given_back, given_back])
    assert [(one.name, one.order_id, one.total) for one in found] == [
        ("Order Completed", "1", 1_500),
        ("Order Refunded", "1", 1_500),
        ("Order Refunded", "C2", 750),
    ]


# --- a plain ledger


@dataclass
class Grant:
    """Points of one decision: `at` and the position decide where they stand among others."""

    reward: str
    customer: str
    position: int
    raw: int
    amount: int
    reason: str
    at: datetime
    reversed: int = 0
    expired: int = 0


@dataclass
class Club:
    """The program, event by event. Amounts are points, money is pence."""

    totals: dict = field(default_factory=dict)
    refunded: Counter = field(default_factory=Counter)
    spent: Counter = field(default_factory=Counter)
    steps: Counter = field(default_factory=Counter)
    in_quarter: Counter = field(default_factory=Counter)
    given: Counter = field(default_factory=Counter)
    grants: dict = field(default_factory=dict)
    reversals: list = field(default_factory=list)

    def order(self, position: int, one: Event) -> None:
        if one.customer is None or one.total <= 0:
            return
        self.totals[one.order_id] = one.total
        raw = one.total // 100
        mine = [
            self._grant("a-point-a-pound", one, position, raw, raw, "" if raw else "zero_amount")
        ]
        before = self.spent[one.customer]
        self.spent[one.customer] += one.total
        if self.spent[one.customer] // 50_000 > before // 50_000:
            mine.append(self._tier(position, one))
        self.grants[one.customer, one.order_id] = mine

    def _tier(self, position: int, one: Event) -> Grant:
        self.steps[one.customer] += 1
        raw = 50 + 25 * (min(self.steps[one.customer], 8) - 1)
        amount, reason = raw, ""
        customer, quarter = one.customer, _quarter(one.at)
        if self.in_quarter[customer, quarter] >= 4:
            amount, reason = 0, "cap:0"
        if 150_000 - self.given[quarter] < amount:
            amount, reason = 150_000 - self.given[quarter], "cap:1"
        self.in_quarter[customer, quarter] += amount > 0
        self.given[quarter] += amount
        return self._grant("tiers", one, position, raw, amount, reason)

    @staticmethod
    def _grant(reward, one, position, raw, amount, reason) -> Grant:
        return Grant(reward, one.customer, position, raw, amount, reason, one.at)

    def refund(self, position: int, one: Event) -> None:
        order = one.customer, one.order_id
        if order not in self.grants:
            return
        self.refunded[order] += one.total
        fraction = min(Fraction(self.refunded[order], self.totals[one.order_id]), Fraction(1))
        for grant in self.grants[order]:
            back = (2 * grant.amount * fraction + 1) // 2
            if grant.reward == "tiers":
                back = grant.amount if fraction == 1 else 0
            if back == grant.reversed:
                continue
            self._expire(grant, one.at)
            self.reversals.append((grant.customer, grant.reward, position, back - grant.reversed))
            if grant.reward == "tiers":
                self.in_quarter[grant.customer, _quarter(grant.at)] -= 1
                self.given[_quarter(grant.at)] -= back
            grant.reversed = back

    def close(self, end: datetime) -> None:
        for mine in self.grants.values():
            for grant in mine:
                self._expire(grant, end)

    @staticmethod
    def _expire(grant: Grant, now: datetime) -> None:
        if grant.reward == "tiers" and now - grant.at >= timedelta(days=90):
            grant.expired = grant.expired or grant.amount - grant.reversed


def _quarter(at: datetime) -> tuple[int, int]:
    return at.year, (at.month - 1) // 3


@pytest.fixture(scope="module")
def club(events) -> Club:
    book = Club()
    for position, one in enumerate(events, 1):
        if one.name == "Order Completed":
            book.order(position, one)
        elif one.name == "Order Refunded":
            book.refund(position, one)
    book.close(events[-1].at)
    return book


def test_every_decision_is_that_of_a_plain_ledger(decided, club) -> None:
    columns = ["reward", "beneficiary", "position", "raw_amount", "amount", "reason"]
    found = decided.decisions.with_columns(pl.col("reason").fill_null("")).select(columns)
    grants = [grant for mine in club.grants.values() for grant in mine]
    assert found.rows() == [
        (g.reward, g.customer, g.position, g.raw, g.amount, g.reason) for g in grants
    ]
    assert Counter((g.reward, g.reason) for g in grants) == {
        ("a-point-a-pound", ""): 8_797,
        ("a-point-a-pound", "zero_amount"): 5,  # orders below a pound
        ("tiers", ""): 3_145,
        ("tiers", "cap:0"): 424,
        ("tiers", "cap:1"): 368,
    }
    assert sum(g.amount for g in grants if g.reward == "a-point-a-pound") == 3_989_695
    assert sum(g.amount for g in grants if g.reward == "tiers") == 278_125


def test_every_reversal_is_that_of_a_plain_ledger(decided, club) -> None:
    of = decided.decisions.select("decision_id", "beneficiary", "reward")
    found = decided.reversals.join(of, on="decision_id", maintain_order="left")
    assert found.select("beneficiary", "reward", "position", "amount").rows() == club.reversals
    sums = found.group_by("reward").agg(pl.len(), pl.col("amount").sum())
    assert set(sums.rows()) == {("a-point-a-pound", 1_753, 171_599), ("tiers", 22, 2_125)}


def test_every_wallet_holds_what_was_not_given_back_and_not_lost(decided, club) -> None:
    held: Counter = Counter()
    for mine in club.grants.values():
        for grant in mine:
            held[grant.customer] += 0 if grant.expired else grant.amount - grant.reversed
    found = dict(_wallets(decided).rows())
    assert {name: points for name, points in held.items() if points} == {
        name: points for name, points in found.items() if points
    }
    expiries = decided.postings.filter(
        pl.col("transfer_id").str.ends_with("/expiry") & (pl.col("amount") > 0)
    )
    expired = [grant.expired for mine in club.grants.values() for grant in mine if grant.expired]
    assert (expiries.height, expiries["amount"].sum()) == (len(expired), sum(expired))
    assert (len(expired), sum(expired), sum(held.values())) == (1_716, 129_250, 3_964_896)


def _wallets(decided: Outcomes) -> pl.DataFrame:
    """Points by customer, pending and available together."""
    mine = pl.col("account").str.extract("^wallet:(.*):(?:pending|available)$").alias("customer")
    return (
        decided.postings.with_columns(mine)
        .drop_nulls("customer")
        .group_by("customer")
        .agg(pl.col("amount").sum())
    )


def test_the_books_balance(decided) -> None:
    assert unbalanced(decided).height == 0
    left = decided.decisions.join(
        decided.reversals.group_by("decision_id").agg(back=pl.col("amount").sum()),
        on="decision_id",
    )
    assert left.filter(pl.col("back") > pl.col("amount")).height == 0
    assert decided.rejects.height == 0


def test_who_is_not_named_earns_nothing(events, decided) -> None:
    guests = [one for one in events if one.name == "Order Completed" and one.customer is None]
    assert (len(guests), sum(one.total for one in guests)) == (1_228, 83_266_084)
    assert decided.decisions["beneficiary"].null_count() == 0


# --- two customers with a story


def _story(decided: Outcomes, customer: str) -> list[tuple]:
    mine = decided.decisions.filter(pl.col("beneficiary") == customer)
    back = decided.reversals.group_by("decision_id").agg(back=pl.col("amount").sum())
    told = mine.join(back, on="decision_id", how="left", maintain_order="left")
    return told.select("reward", "amount", pl.col("back").fill_null(0)).rows()


def _balance(decided: Outcomes, customer: str) -> dict[str, int]:
    mine = decided.postings.filter(pl.col("account").str.starts_with(f"wallet:{customer}:"))
    return dict(mine.group_by("account").agg(pl.col("amount").sum()).sort("account").rows())


def test_74215_jars_are_cancelled_and_leave_exactly_nothing(decided) -> None:
    assert _story(decided, "12346") == [
        ("a-point-a-pound", 77_183, 77_183),
        ("tiers", 50, 50),
    ]
    assert set(_balance(decided, "12346").values()) == {0}


def test_80995_paper_birds_are_cancelled_and_leave_the_points_of_2_90(lines, decided) -> None:
    assert _story(decided, "16446") == [("a-point-a-pound", 2, 0)]
    bird = retail.events([*lines, *retail.PAPER_CRAFT])
    later = in_one([PROGRAM], retail.frame(bird))
    assert _story(later, "16446") == [
        ("a-point-a-pound", 2, 0),
        ("a-point-a-pound", 168_469, 168_469),
        ("tiers", 50, 50),
    ]
    assert _balance(later, "16446") == {"wallet:16446:available": 2, "wallet:16446:pending": 0}


# --- laws


def test_an_import_that_comes_twice_changes_nothing(log, decided) -> None:
    twice = in_one([PROGRAM], pl.concat([log, log.tail(3_000)]))
    again = in_one([PROGRAM], pl.concat([log.head(9_000), log]))
    assert all(a.equals(b) for a, b in zip(twice, decided, strict=True))
    kept = ["program", "reward", "beneficiary", "ordinal", "occurred_at", "amount", "reason"]
    assert again.decisions.select(kept).equals(decided.decisions.select(kept))
    assert again.reversals.select("occurred_at", "amount").equals(
        decided.reversals.select("occurred_at", "amount")
    )


@pytest.mark.parametrize(
    "cuts", [[1], [6_000], [100, 101, 7_000, 12_000], list(range(499, 12_500, 499))]
)
def test_cuts_change_nothing(cuts, log, decided, tmp_path) -> None:
    assert differing([PROGRAM], log, decided, cuts=cuts, folder=tmp_path) == []
