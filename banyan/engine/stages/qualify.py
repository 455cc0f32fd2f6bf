"""qualify: what friends (and, in self programs, customers) do -> achievements.

An achievement is one reaching of one milestone by one person at one position. Running counts are
kept by milestone and person, so a batch reads only what its people had reached before.
"""

from __future__ import annotations

import polars as pl

from banyan.engine.keys import assert_same
from banyan.engine.language.book import Book, Goal, Line, Terms
from banyan.engine.language.names import FACTS
from banyan.engine.order import nth
from banyan.engine.stages.attribute import terms_at
from banyan.engine.stages.conditions import column_of, holds, with_trials
from banyan.engine.stages.facts import as_of
from banyan.engine.stages.read import Events
from banyan.engine.stages.risk import with_facts
from banyan.engine.state import SCHEMAS, State, of, put

JOINED = "joined"


Reached = dict[tuple[int, int], pl.DataFrame]
"""Achievements by line and goal (index into `line.goals`), in position order."""


def qualify(
    book: Book, state: State, events: Events, referrals: pl.DataFrame
) -> tuple[Reached, State]:
    """Achievements: one row each, with the event's columns and the person's.

    Rows hold what the event was, the person (`user_key`), for referral programs the referral's
    columns, and `terms`, the version they stand under.
    """
    columns = _asked(book)
    listened = events.named(book.goal_events, columns)
    if not listened.is_empty():
        listened = listened.filter(pl.col("user_key").is_not_null())
    reached: Reached = {}
    for line in book.lines:
        people = listened
        if not people.is_empty():
            people = _of_self(line, people) if line.is_self else _of_friends(line, state, people)
        if not people.is_empty():
            found, state = _achieved(line, state, people)
            reached |= found
        if not line.is_self and not referrals.is_empty():
            reached |= _joined(line, referrals, events.frame[columns])
    return reached, state


def _asked(book: Book) -> list[str]:
    """Just the columns some milestone or reward needs: wide frames cost time."""
    names = ["position", "at", "event", "user", "user_key"]
    names += ["properties.order_id", "properties.currency", "properties.total"]
    for line in book.lines:
        names += [column for name, column in line.properties.items() if name in line.names_asked]
    return list(dict.fromkeys(names))


def _of_self(line: Line, listened: pl.DataFrame) -> pl.DataFrame:
    index, in_run = terms_at(line, "at")
    return listened.with_columns(terms=index).filter(in_run)


REFERRAL = (
    "terms",
    "friend",
    "friend_key",
    "advocate",
    "advocate_key",
    "join_position",
    "started_at",
    "verdict",
    "verdict_id",
    "spares_friend",
)


def _of_friends(line: Line, state: State, listened: pl.DataFrame) -> pl.DataFrame:
    """Events of referred friends from their join on."""
    columns = [pl.col("friend_key").alias("user_key"), *REFERRAL]
    referrals = state.referrals.filter(pl.col("line") == line.index).select(columns)
    rows = listened.join(referrals, on="user_key", how="inner", maintain_order="left")
    assert_same(rows, "user", "friend")
    return rows.filter(pl.col("position") >= pl.col("join_position"))


def _joined(line: Line, referrals: pl.DataFrame, events: pl.DataFrame) -> Reached:
    """`joined` is reached once, at the joining event."""
    if not any(p.on == JOINED for t in line.terms for p in t.payouts):
        return {}
    mine = referrals.filter(pl.col("line") == line.index).select(*REFERRAL)
    rows = events.join(
        mine, left_on="position", right_on="join_position", how="inner", maintain_order="left"
    )
    return {(line.index, line.goals.index(JOINED)): rows.with_columns(join_position="position")}


def _achieved(
    line: Line, state: State, people: pl.DataFrame
) -> tuple[Reached, State]:
    reached: Reached = {}
    for index, name in enumerate(line.goals):
        if name == JOINED:
            continue
        matches = _matches(line, state, people, name)
        if matches.is_empty():
            continue
        counted, state = _count(line, state, matches, name, index)
        reached[line.index, index] = counted.filter("hit").drop("hit")
    return reached, state


def _matches(line: Line, state: State, people: pl.DataFrame, name: str) -> pl.DataFrame:
    """The events that match a milestone under the version each row stands under.

    `_add` is what each adds to a running sum, 0 where the version counts.
    """
    parts = []
    for terms in line.terms:
        goal = terms.goals.get(name)
        if goal is None:
            continue
        rows = people.filter(_listens(line, terms, goal))
        names = goal.where.names if goal.where else frozenset()
        names |= {goal.sum_of} if goal.sum_of else set()
        if names and not rows.is_empty():
            rows = with_names(line, terms, state, rows, names)
            if goal.where is not None:
                rows = rows.filter(holds(line, rows, goal.where))
        add = column_of(line, rows, goal.sum_of) if goal.sum_of and not rows.is_empty() else None
        zero = pl.lit(0, dtype=pl.Int128)
        rows = rows.with_columns(_add=zero if add is None else add.fill_null(0))
        parts.append(rows.select(*people.columns, "_add"))
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return people.clear()
    return pl.concat(parts).sort("position")


def _listens(line: Line, terms: Terms, goal: Goal) -> pl.Expr:
    currency = pl.col("properties.currency")
    fits = (pl.col("event") == goal.on) & (
        currency.is_null() | (currency == terms.currency)
    )
    if len(line.terms) > 1:
        fits = fits & (pl.col("terms") == terms.index)
    if goal.within is not None:
        fits = fits & ((pl.col("at") - pl.col("started_at")) <= goal.within)
    return fits


def with_names(
    line: Line, terms: Terms, state: State, rows: pl.DataFrame, names: frozenset[str]
) -> pl.DataFrame:
    """`rows` with the facts and experiments an expression at the event asks for."""
    trials = names & frozenset(terms.trials)
    if line.is_self:
        facts = (names & frozenset(FACTS)) - frozenset(rows.columns)
        rows = as_of(state, rows, facts, person="user_key", position="position", at="at")
        return with_trials(line, terms, rows, trials, advocate="user", friend="user")
    rows = with_facts(state, rows, names, position="position", at="at")
    return with_trials(line, terms, rows, trials, advocate="advocate", friend="friend")


def _count(
    line: Line, state: State, matches: pl.DataFrame, name: str, index: int
) -> tuple[pl.DataFrame, State]:
    """`matches` with `hit` where the milestone is reached; the state with the new counts."""
    mine = (pl.col("line") == line.index) & (pl.col("goal") == index)
    people = matches.select("user_key")
    before = of(state.progress.filter(mine), people, "user_key").drop("line", "goal")
    rows = matches.with_columns(_n=nth(matches, "user_key"))
    if not before.is_empty():
        rows = rows.join(before, on="user_key", how="left", maintain_order="left")
        rows = rows.with_columns(pl.col("_n") + pl.col("matches").fill_null(0))
    sums = any((g := t.goals.get(name)) is not None and g.sum_of for t in line.terms)
    if sums:
        rows = _by_sum(line, rows, name, had=not before.is_empty())
    else:
        rows = rows.with_columns(hit=_by_count(line, name))
    if not sums and _once(line, name):
        return rows.select(*matches.drop("_add").columns, "hit"), _counted(
            line, state, rows.filter(pl.col("_n") == 1), index, sums=False
        )
    last = rows.unique("user_key", keep="last", maintain_order=True)
    state = _counted(line, state, last, index, sums=sums)
    return rows.select(*matches.drop("_add").columns, "hit"), state


def _counted(
    line: Line, state: State, last: pl.DataFrame, index: int, *, sums: bool
) -> State:
    """The state with people's running counts."""
    zero = pl.lit(0, dtype=pl.Int128)
    progress = last.select(
        line=pl.lit(line.index, dtype=pl.Int32),
        goal=pl.lit(index, dtype=pl.Int32),
        user_key="user_key",
        matches="_n",
        sum=pl.col("_sum") if sums else zero,
        top=pl.col("_top") if sums else zero,
        reached=pl.col("_reached") if sums else pl.lit(0, dtype=pl.Int64),
    )
    return state.but(progress=put(state.progress, progress, ["line", "goal", "user_key"]))


def _once(line: Line, name: str) -> bool:
    """Whether in every version the first match alone matters, so that it need not be counted on."""
    goals = [t.goals.get(name) for t in line.terms]
    return all(g is None or (g.count == 1 and g.times == 1 and not g.sum_of) for g in goals)


def _by_count(line: Line, name: str) -> pl.Expr:
    hit = pl.lit(False)
    for terms in line.terms:
        goal = terms.goals.get(name)
        if goal is None:
            continue
        n = pl.col("_n")
        mine = (n % goal.count == 0) & (n // goal.count <= goal.times)
        hit = mine if len(line.terms) == 1 else hit | (mine & (pl.col("terms") == terms.index))
    return hit


def _by_sum(line: Line, rows: pl.DataFrame, name: str, *, had: bool) -> pl.DataFrame:
    """Running sums; a milestone is reached where the sum first gets to a further multiple.

    `_top` is the greatest sum so far: what was reached once is not reached again after a fall.
    A version that counts matches keeps its place among versions that sum.
    """
    zero = pl.lit(0, dtype=pl.Int128)
    old_sum = pl.col("sum").fill_null(0) if had else zero
    old_top = pl.col("top").fill_null(0) if had else zero
    old_reached = pl.col("reached").fill_null(0) if had else pl.lit(0, dtype=pl.Int64)
    rows = rows.with_columns(_sum=pl.col("_add").cum_sum().over("user_key") + old_sum)
    rows = rows.with_columns(
        _top=pl.max_horizontal(pl.col("_sum").cum_max().over("user_key"), old_top)
    )
    previous = pl.coalesce(pl.col("_top").shift(1).over("user_key"), old_top)
    crossed = pl.lit(False)
    times = pl.lit(0, dtype=pl.Int64)
    for terms in line.terms:
        goal = terms.goals.get(name)
        if goal is None:
            continue
        mine = pl.col("terms") == terms.index
        if goal.sum_of:
            top, below = pl.col("_top") // goal.reaches, previous // goal.reaches
            crossed = crossed | (mine & (top > below) & (top >= 1))
        else:
            n = pl.col("_n")
            reached = (n % goal.count == 0) & (n // goal.count <= goal.times)
            crossed = crossed | (mine & reached)
        times = pl.when(mine).then(goal.times).otherwise(times)
    rows = rows.with_columns(_crossed=crossed)
    so_far = pl.col("_crossed").cast(pl.Int64).cum_sum().over("user_key") + old_reached
    rows = rows.with_columns(_reached=so_far)
    return rows.with_columns(hit=pl.col("_crossed") & (pl.col("_reached") <= times))
