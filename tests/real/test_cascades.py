"""Real trees of who passed a rumour on, dirt and all: nothing crashes, and each child has at most
one advocate.

Who brought whom is decided a second time below, row by row in plain Python.
"""

from collections import Counter
from collections.abc import Iterable

import polars as pl
import pytest

from banyan.engine import Outcomes
from tests.real import cascades
from tests.real.cascades import Row
from tests.real.replaying import differing, in_one, unbalanced

ANYONE = """
program: anyone
version: 1
currency: USD
attribution: {window: 1d}
rewards:
  first-level:
    to: advocate
    on: joined
    give: points
    amount: 10
    caps: [{per: advocate, count: 50}]
  second-level: {to: upline, on: joined, give: points, amount: 1}
"""
# Whoever has posted before, be it the root, is brought by nobody.
STRANGERS = """
program: strangers
version: 1
currency: USD
friends: {where: "NOT is_known"}
attribution: {window: 1d}
rewards:
  first-level: {to: advocate, on: joined, give: points, amount: 10}
"""
FIRST = """
program: first
version: 1
currency: USD
attribution: {window: 7d, credit: first_touch}
rewards:
  first-level: {to: advocate, on: joined, give: points, amount: 10}
"""
LAST = FIRST.replace("program: first", "program: last").replace("first_touch", "last_touch")
WINDOW_US = 7 * 86_400_000_000
NEWEST_TOUCHES = 100  # a key's older touches do not meet


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return cascades.table()


@pytest.fixture(scope="module")
def tenth(table) -> pl.DataFrame:
    """The trees whose number ends in 3. The one with the most parents a child is among them."""
    return table.filter(pl.col("tree").str.ends_with("3"))


@pytest.fixture(scope="module")
def anyone(table) -> Outcomes:
    return in_one([ANYONE], cascades.sign_ups(table))


def test_the_dirt_of_the_data(table) -> None:
    edges = table.filter(pl.col("parent").is_not_null())
    assert (table.height, table["tree"].n_unique(), edges.height) == (624_458, 1_490, 622_968)
    assert table.height - table["text"].n_unique() == 17_169
    assert edges.filter(pl.col("parent") == pl.col("child")).height == 1_218
    assert edges.filter(pl.col("child_us") < pl.col("parent_us")).height == 7_017
    assert table.filter(pl.col("child_us") < 0).height == 671
    first_rows = table.unique("child", keep="first", maintain_order=True)
    assert (first_rows.height, table.height - first_rows.height) == (599_196, 25_262)
    assert first_rows.filter(pl.col("child") == pl.col("parent")).height == 8
    # Those eight are the only rings that are left when the first row of a child wins.
    assert _rings(first_rows.select("child", "parent").drop_nulls().rows()) == 8


# --- every row a sign-up that names its parent


def _sign_ups(rows: Iterable[Row], *, strangers_only: bool = False) -> tuple[list, list]:
    """(advocate, friend, position) and (advocate, friend, position, reason), by position."""
    seen: set[str] = set()
    known: set[str] = set()
    brought: dict[str, tuple] = {}
    lost = []
    for position, row in enumerate(rows, 1):
        if row.text in seen:
            continue
        seen.add(row.text)
        if row.parent is not None:
            reason = None
            if row.child in brought:
                reason = "already_referred"
            elif row.parent == row.child:
                reason = "self_referral"
            elif strangers_only and row.child in known:
                reason = "not_new"
            if reason is None:
                brought[row.child] = (row.parent, row.child, position)
            else:
                lost.append((row.parent, row.child, position, reason))
        known.add(row.child)
    return list(brought.values()), lost


def _rewards(referrals: list[tuple]) -> list[tuple]:
    """(reward, beneficiary, position, nth, amount) under the program `anyone`."""
    advocate_of: dict[str, str] = {}
    times: Counter = Counter()
    rows = []
    for advocate, friend, position in referrals:
        advocate_of[friend] = advocate
        times["first-level", advocate] += 1
        nth = times["first-level", advocate]
        rows.append(("first-level", advocate, position, nth, 10 if nth <= 50 else 0))
        upline = advocate_of.get(advocate)
        if upline is not None and upline != friend:
            times["second-level", upline] += 1
            rows.append(("second-level", upline, position, times["second-level", upline], 1))
    return rows


def _referrals(outcomes: Outcomes, program: str) -> list[tuple]:
    mine = outcomes.referrals.filter(pl.col("program") == program)
    return mine.select("advocate", "friend", "join_position").rows()


def _lost(outcomes: Outcomes, program: str) -> list[tuple]:
    mine = outcomes.touches_lost.filter(pl.col("program") == program)
    return mine.select("advocate", "visitor", "touch_position", "reason").rows()


def _rings(edges: Iterable[tuple[str, str]]) -> int:
    """How many rings (child, parent) pairs close, in which every child stands once."""
    parent_of = dict(edges)
    walked: dict[str, str] = {}
    rings = 0
    for start in parent_of:
        node = start
        while node in parent_of and node not in walked:
            walked[node] = start
            node = parent_of[node]
        rings += walked.get(node) == start
    return rings


def test_each_child_has_one_advocate_at_most(table, anyone) -> None:
    referrals, lost = _sign_ups(cascades.rows(table))
    assert _referrals(anyone, "anyone") == referrals
    assert _lost(anyone, "anyone") == lost
    assert Counter(reason for *_, reason in lost) == {
        "already_referred": 7_914,
        "self_referral": 50,
    }
    assert len(referrals) == 597_835
    friends = anyone.referrals["friend"]
    assert friends.is_unique().all()
    assert (anyone.referrals["advocate"] != friends).all()
    assert anyone.rejects.height == 0


def test_what_the_levels_are_paid(anyone) -> None:
    decisions = anyone.decisions.select("reward", "beneficiary", "position", "ordinal", "amount")
    assert decisions.rows() == _rewards(_referrals(anyone, "anyone"))
    paid = decisions.group_by("reward", "amount").len()
    assert set(paid.rows()) == {
        ("first-level", 10, 199_909),
        ("first-level", 0, 397_926),
        ("second-level", 1, 158_417),
    }
    assert unbalanced(anyone).height == 0


def test_cuts_change_nothing(table, anyone, tmp_path) -> None:
    log = cascades.sign_ups(table)
    cuts = [1, 77_777, 400_000, 400_001]
    assert differing([ANYONE], log, anyone, cuts=cuts, folder=tmp_path) == []


def test_rings_close_and_pay_nobody_for_himself(anyone) -> None:
    """A root joins before anybody brings it, so that its own followers may bring it later."""
    assert _rings(anyone.referrals.select("friend", "advocate").rows()) == 129
    assert (anyone.decisions["beneficiary"] != anyone.decisions["friend"]).all()


def test_only_the_first_row_of_a_child_counts_among_strangers(tenth, tmp_path) -> None:
    log = cascades.sign_ups(tenth)
    decided = in_one([STRANGERS], log)
    referrals, lost = _sign_ups(cascades.rows(tenth), strangers_only=True)
    assert _referrals(decided, "strangers") == referrals
    assert _lost(decided, "strangers") == lost
    assert len(referrals) == 58_217
    assert Counter(reason for *_, reason in lost) == {
        "already_referred": 745,
        "not_new": 13,
        "self_referral": 4,
    }
    cuts = list(range(1_000, log.height, 7_777))
    assert differing([STRANGERS], log, decided, cuts=cuts, folder=tmp_path) == []


# --- every row a click, then all sign up


def _by_clicks(log: pl.DataFrame, *, last: bool) -> tuple[list, list]:
    touches: dict[str, list[tuple[int, str, int]]] = {}
    referrals, lost = [], []
    columns = ["event", "userId", "properties.advocate", pl.col("timestamp").dt.epoch("us")]
    for position, (event, user, advocate, at) in enumerate(log.select(columns).iter_rows(), 1):
        if event == "Referral Link Clicked":
            touches.setdefault(user, []).append((position, advocate, at))
            continue
        eligible = []
        for place, who, when in touches.get(user, [])[-NEWEST_TOUCHES:]:
            if who == user:
                lost.append((who, user, place, "self_referral"))
            elif at - when > WINDOW_US:
                lost.append((who, user, place, "outside_window"))
            else:
                eligible.append((who, user, place))
        if eligible:
            winner = eligible.pop(-1 if last else 0)
            referrals.append((winner[0], user, position))
            lost += [(*other, "lost_to_other_touch") for other in eligible]
    return referrals, lost


def test_the_first_or_the_last_parent_is_paid(tenth, tmp_path) -> None:
    log = cascades.clicks_then_sign_ups(tenth)
    decided = in_one([FIRST, LAST], log)
    for program, is_last in (("first", False), ("last", True)):
        referrals, lost = _by_clicks(log, last=is_last)
        assert _referrals(decided, program) == referrals
        assert sorted(_lost(decided, program)) == sorted(lost)
        assert len(referrals) == 20_806
        assert Counter(reason for *_, reason in lost) == {
            "outside_window": 39_151,
            "lost_to_other_touch": 869,
            "self_referral": 113,
        }
    winners = decided.referrals.pivot(on="program", index="friend", values="advocate")
    assert winners.filter(pl.col("first") != pl.col("last")).height == 174
    # Two children were touched 147 and 141 times; of each only the newest hundred meet.
    clicks = log.filter(pl.col("event") == "Referral Link Clicked").height
    assert clicks - 20_806 - 39_151 - 869 - 113 == 47 + 41
    cuts = list(range(5_000, log.height, 11_111))
    assert differing([FIRST, LAST], log, decided, cuts=cuts, folder=tmp_path) == []
