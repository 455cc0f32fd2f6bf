"""A real forest of who vouched for whom, fourteen levels deep, under a program without conditions.

The rewards are computed a second time below, in plain Python on fractions.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

import polars as pl
import pytest

from banyan.engine import Outcomes
from tests.real import vouchers
from tests.real.replaying import differing, in_one, unbalanced
from tests.real.vouchers import Account

# A friend whose first rating is negative brings nobody a reward.
PROGRAM = """
program: vouchers
version: 1
currency: USD
properties: {rating: number}
attribution: {window: 30d}
milestones:
  trusted: {on: Rated, where: "rating > 0"}
rewards:
  ladder:
    to: advocate
    on: trusted
    give: points
    amount: {ladder: {first: 100, grow: 10%, steps: 10}}
    caps:
      - {per: advocate, period: year, amount: 5000}
      - {per: program, amount: 450000}
  second-level:
    to: upline
    on: trusted
    give: points
    amount: 10
    caps:
      - {per: beneficiary, count: 60}
limits:
  - {give: points, per: program, period: year, amount: 150000}
"""
# Accounts by their depth in the forest, as published.
LEVELS = [691, 1646, 946, 919, 555, 446, 254, 205, 100, 55, 44, 18, 1, 1]
# (reward, reason) to (decisions, points). The program's cap of 450,000 is used to the last point.
GRANTED = {
    ("ladder", ""): (3_038, 448_603),
    ("ladder", "cap:0"): (491, 1_161),
    ("ladder", "cap:1"): (393, 28),
    ("ladder", "limit:0"): (943, 208),
    ("second-level", ""): (2_539, 25_390),
    ("second-level", "cap:0"): (52, 0),
    ("second-level", "limit:0"): (786, 0),
}


@pytest.fixture(scope="module")
def people() -> list[Account]:
    return vouchers.accounts()


@pytest.fixture(scope="module")
def log(people) -> pl.DataFrame:
    return vouchers.events(people)


@pytest.fixture(scope="module")
def decided(log) -> Outcomes:
    return in_one([PROGRAM], log)


def test_every_account_that_was_brought_is_a_referral(people, log, decided) -> None:
    assert (len(people), log.height) == (5_881, 5_881 + 5_190)
    assert decided.referrals.height == 5_190
    assert (decided.touches_lost.height, decided.rejects.height) == (0, 0)
    brought = {one.name: one.voucher for one in people if one.voucher is not None}
    assert dict(decided.referrals.select("friend", "advocate").iter_rows()) == brought
    assert decided.referrals["kind"].unique().to_list() == ["code"]


def test_the_levels_of_the_forest(people, decided) -> None:
    level: dict[str, int] = {}
    for advocate, friend in decided.referrals.select("advocate", "friend").iter_rows():
        level[friend] = level.setdefault(advocate, 0) + 1
    alone = len({one.name for one in people} - set(level))
    found = Counter(level.values())
    found[0] += alone
    assert [found[depth] for depth in range(14)] == LEVELS
    assert sum(found.values()) == sum(LEVELS)
    assert alone == 432  # roots that brought nobody, so that no referral names them


def test_who_brought_how_many(decided) -> None:
    brought = decided.referrals["advocate"].value_counts(sort=True)
    assert (brought.height, brought["count"].max()) == (1_313, 423)
    assert brought.filter(pl.col("count") == 423)["advocate"].to_list() == ["35"]


# --- rewards


@dataclass
class Ledger:
    """The two rewards and their caps, account by account."""

    advocate_of: dict[str, str] = field(default_factory=dict)
    times: Counter = field(default_factory=Counter)
    by_year: Counter = field(default_factory=Counter)
    ladder: int = 0
    grants: Counter = field(default_factory=Counter)
    total: Counter = field(default_factory=Counter)
    rows: list[tuple] = field(default_factory=list)

    def trust(self, one: Account) -> None:
        """A friend with a good first rating: the advocate climbs, the upline gets ten."""
        year = datetime.fromtimestamp(one.joined, UTC).year
        advocate = one.voucher
        self.times[advocate] += 1
        step = min(self.times[advocate], 10) - 1
        raw = _rounded(_rounded(100 * Fraction(11, 10) ** step, 6), 0)
        room = {
            "cap:0": 5_000 - self.by_year[advocate, year],
            "cap:1": 450_000 - self.ladder,
            "limit:0": 150_000 - self.total[year],
        }
        granted, reason = _cut(raw, room)
        self.by_year[advocate, year] += granted
        self.ladder += granted
        self._grant("ladder", advocate, year, raw, granted, reason)
        upline = self.advocate_of.get(advocate)
        if upline is not None and upline != one.name:
            room = {
                "cap:0": 10 if self.grants[upline] < 60 else 0,
                "limit:0": 150_000 - self.total[year],
            }
            granted, reason = _cut(10, room)
            self.grants[upline] += granted > 0
            self._grant("second-level", upline, year, 10, granted, reason)

    def _grant(self, reward, person, year, raw, granted, reason) -> None:
        self.total[year] += granted
        self.rows.append((reward, person, raw, granted, reason))


def _cut(raw: int, room: dict[str, int]) -> tuple[int, str]:
    granted, reason = raw, ""
    for name, left in room.items():
        if left < granted:
            granted, reason = left, name
    return granted, reason


def _rounded(value: Fraction, places: int) -> Fraction | int:
    """Half away from zero; values here are positive."""
    whole = (value * 10**places * 2 + 1) // 2
    return whole if places == 0 else Fraction(whole, 10**places)


@pytest.fixture(scope="module")
def ledger(people) -> Ledger:
    book = Ledger()
    for one in people:
        if one.voucher is not None:
            book.advocate_of[one.name] = one.voucher
            if one.rating > 0:
                book.trust(one)
    return book


def test_every_decision_is_that_of_a_plain_ledger(decided, ledger) -> None:
    columns = ["reward", "beneficiary", "raw_amount", "amount", "reason"]
    found = decided.decisions.with_columns(pl.col("reason").fill_null("")).select(columns)
    assert found.rows() == ledger.rows


def test_what_was_granted_and_what_cut_it(decided) -> None:
    rows = decided.decisions.group_by("reward", pl.col("reason").fill_null("")).agg(
        pl.len(), pl.col("amount").sum()
    )
    found = {(reward, reason): (count, sum_) for reward, reason, count, sum_ in rows.rows()}
    assert found == GRANTED
    assert (
        sum(points for (reward, _), (_, points) in found.items() if reward == "ladder") == 450_000
    )


def test_325_bad_first_ratings_are_worth_nothing(people, decided) -> None:
    bad = {one.name for one in people if one.rating is not None and one.rating < 0}
    assert len(bad) == 325
    assert bad <= set(decided.referrals["friend"])
    assert bad & set(decided.decisions["friend"]) == set()
    ladder = decided.decisions.filter(pl.col("reward") == "ladder")
    assert ladder.height == 5_190 - 325


def test_the_books_balance(decided) -> None:
    assert unbalanced(decided).height == 0
    wallets = decided.postings.filter(pl.col("account").str.starts_with("wallet:"))
    assert wallets["amount"].sum() == decided.decisions["amount"].sum()


@pytest.mark.parametrize(
    "cuts",
    [[1], [5_000], [3, 4, 5, 9_000, 11_070], list(range(137, 11_071, 137))],
    ids=["after-one", "in-two", "uneven", "by-137"],
)
def test_cuts_change_nothing(cuts, log, decided, tmp_path) -> None:
    assert differing([PROGRAM], log, decided, cuts=cuts, folder=tmp_path) == []
