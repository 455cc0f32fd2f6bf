"""qualify: what friends (and, in self programs, customers) do -> achievements.

An achievement is one reaching of one milestone by one person at one position. Running counts are
kept by milestone and person, so a batch reads only what its people had reached before.
"""

from __future__ import annotations

import polars as pl

from banyan.engine.keys import assert_same
from banyan.engine.language.book import Book, Goal, Line, Terms
from banyan.engine.language.names import FACTS
from banyan.engine.order import complete, first_rows, joined, last_rows, nth, only, without
from banyan.engine.stages.conditions import column_of, holds, with_trials
from banyan.engine.stages.facts import as_of
from banyan.engine.stages.read import Events
from banyan.engine.stages.risk import with_facts
from banyan.engine.stages.versions import by_terms, terms_at
from banyan.engine.state import State

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
    columns = asked_columns(book)
    listened = complete(events.named(book.goal_events, columns), "user_key")
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


def asked_columns(book: Book) -> list[str]:
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
    friends = listened[["user_key"]].rename({"user_key": "friend_key"})
    referrals = state.around("referrals", friends, "friend_key")
    if referrals.is_empty():
        return listened.clear()
    referrals = only(referrals, referrals["line"] == line.index)
    referrals = referrals[REFERRAL].hstack([referrals["friend_key"].alias("user_key")])
    rows = joined(listened, referrals, "user_key", how="inner")
    assert_same(rows, "user", "friend")
    return only(rows, rows["position"] >= rows["join_position"])


def _joined(line: Line, referrals: pl.DataFrame, events: pl.DataFrame) -> Reached:
    """`joined` is reached once, at the joining event."""
    if not any(p.on == JOINED for t in line.terms for p in t.payouts):
        return {}
    mine = referrals.filter(pl.col("line") == line.index).select(*REFERRAL)
    rows = events.join(
        mine, left_on="position", right_on="join_position", how="inner", maintain_order="left"
    )
    return {(line.index, line.goals.index(JOINED)): rows.with_columns(join_position="position")}


def _achieved(line: Line, state: State, people: pl.DataFrame) -> tuple[Reached, State]:
    reached: Reached = {}
    progress = _progress(line, state, people)
    for index, name in enumerate(line.goals):
        if name == JOINED:
            continue
        matches = _matches(line, state, people, name)
        if matches.is_empty():
            continue
        before = last_rows(only(progress, progress["goal"] == index)[_SO_FAR], "user_key")
        counted = _counted(line, matches, before, name)
        state = state.plus(progress=_kept(line, state, counted, index))
        hits = only(counted, counted["hit"])
        reached[line.index, index] = hits[[c for c in matches.columns if c != "_add"]]
    return reached, state


def _progress(line: Line, state: State, people: pl.DataFrame) -> pl.DataFrame:
    """How far people had got before this batch: of several rows a milestone the last one counts."""
    rows = state.of("progress", people[["user_key"]], "user_key")
    return only(rows, rows["line"] == line.index)


def _matches(line: Line, state: State, people: pl.DataFrame, name: str) -> pl.DataFrame:
    """The events that match a milestone under the version each row stands under.

    Where a version sums, `_add` is what each adds to the running sum, 0 where its version counts.
    """
    sums = _sums(line, name)
    columns = [*people.columns, "_add"] if sums else people.columns
    parts = []
    for terms in line.terms:
        goal = terms.goals.get(name)
        if goal is None:
            continue
        rows = people.filter(_listens(line, terms, goal))
        names = goal.where.names if goal.where else frozenset()
        names |= {goal.sum_of} if goal.sum_of else set()
        if not rows.is_empty():
            rows = with_names(line, terms, state, rows, names) if names else rows
            # Asked also when it names nothing: `1 = 2` never holds.
            if goal.where is not None:
                rows = only(rows, holds(line, rows, goal.where))
        if sums:
            rows = rows.with_columns(_add=_addend(line, rows, goal))
        parts.append(rows[columns])
    if len(parts) > 1:
        return pl.concat(parts).sort("position")
    return parts[0] if parts else people.clear()


def _sums(line: Line, name: str) -> bool:
    return any((g := t.goals.get(name)) is not None and g.sum_of for t in line.terms)


def _addend(line: Line, rows: pl.DataFrame, goal: Goal) -> pl.Expr:
    if goal.sum_of is None or rows.is_empty():
        return pl.lit(0, dtype=pl.Int128)
    return column_of(line, rows, goal.sum_of).fill_null(0)


def _listens(line: Line, terms: Terms, goal: Goal) -> pl.Expr:
    currency = pl.col("properties.currency")
    fits = (pl.col("event") == goal.on) & (currency.is_null() | (currency == terms.currency))
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


_SO_FAR = ["user_key", "matches", "sum", "top", "reached"]


def _counted(line: Line, matches: pl.DataFrame, before: pl.DataFrame, name: str) -> pl.DataFrame:
    """`matches` with `hit` where the milestone is reached, and the running counts after each.

    A milestone that is reached at a person's first match loses all others.
    """
    if _once(line, name):
        first = without(first_rows(matches, "user_key"), before, "user_key")
        return first.with_columns(
            _n=pl.lit(1, dtype=pl.Int64), _reached=pl.lit(1, dtype=pl.Int64), hit=pl.lit(True)
        )
    rows = matches.hstack([nth(matches, "user_key").alias("_n")])
    had = not before.is_empty()
    if had:
        rows = joined(rows, before, "user_key")
        rows = rows.with_columns(pl.col("_n") + pl.col("matches").fill_null(0))
    if _sums(line, name):
        rows = _with_sums(rows, had=had)
    if line.is_self and len(line.terms) > 1:
        return _hits_over_versions(line, rows, name, had=had)
    return _hits(line, rows, name, had=had)


def _once(line: Line, name: str) -> bool:
    """Whether the first match alone matters, in every version."""
    goals = [t.goals.get(name) for t in line.terms]
    return all(g is None or (g.count == 1 and not g.up_to and not g.sum_of) for g in goals)


def _with_sums(rows: pl.DataFrame, *, had: bool) -> pl.DataFrame:
    """`_sum` so far, `_top`, the greatest it has been, and `_top_before`: what was reached once is
    not reached again after a fall."""
    zero = pl.lit(0, dtype=pl.Int128)
    old_sum = pl.col("sum").fill_null(0) if had else zero
    old_top = pl.col("top").fill_null(0) if had else zero
    rows = rows.with_columns(_sum=pl.col("_add").cum_sum().over("user_key") + old_sum)
    rows = rows.with_columns(
        _top=pl.max_horizontal(pl.col("_sum").cum_max().over("user_key"), old_top)
    )
    before = pl.coalesce(pl.col("_top").shift(1).over("user_key"), old_top)
    return rows.with_columns(_top_before=before)


def _multiples(line: Line, name: str) -> tuple[pl.Expr, pl.Expr]:
    """Whole multiples of the count, or of the sum to reach, got to before a match and after it."""
    before: dict[int, pl.Expr] = {}
    after: dict[int, pl.Expr] = {}
    for terms in line.terms:
        goal = terms.goals.get(name)
        if goal is None:
            continue
        if goal.sum_of:
            after[terms.index] = (pl.col("_top") // goal.reaches).cast(pl.Int64)
            before[terms.index] = (pl.col("_top_before") // goal.reaches).cast(pl.Int64)
        else:
            after[terms.index] = pl.col("_n") // goal.count
            before[terms.index] = (pl.col("_n") - 1) // goal.count
    none = pl.lit(0, dtype=pl.Int64)
    return by_terms(line, before, none), by_terms(line, after, none)


def _hits(line: Line, rows: pl.DataFrame, name: str, *, had: bool) -> pl.DataFrame:
    """`hit` where the milestone is reached, and `_reached`, how often so far in all.

    All rows of a person stand under one version here. Multiples jumped over are not made up for,
    so with sums the times are counted; with counts the multiple tells them.
    """
    up_to = {t.index: g.up_to for t in line.terms if (g := t.goals.get(name)) is not None}
    none = pl.lit(0, dtype=pl.Int64)
    most = by_terms(line, {i: pl.lit(n or 1) for i, n in up_to.items()}, none)
    before, after = _multiples(line, name)
    if "_sum" not in rows.columns:
        hit = (after > before) & (after <= most)
        return rows.with_columns(hit=hit, _reached=pl.min_horizontal(after, most))
    rows = rows.with_columns(_before=before, _after=after)
    again = pl.col("_after") > pl.col("_before")
    crossed = by_terms(
        line,
        {i: again if n else again & (pl.col("_before") < 1) for i, n in up_to.items()},
        pl.lit(False),
    ) & (pl.col("_after") >= 1)
    so_far = pl.col("reached").fill_null(0) if had else none
    rows = rows.with_columns(_crossed=crossed)
    times = pl.col("_crossed").cast(pl.Int64).cum_sum().over("user_key") + so_far
    rows = rows.with_columns(_times=times)
    return rows.with_columns(
        hit=pl.col("_crossed") & (pl.col("_times") <= most),
        _reached=pl.min_horizontal("_times", most),
    )


def _hits_over_versions(line: Line, rows: pl.DataFrame, name: str, *, had: bool) -> pl.DataFrame:
    """The same where a person's rows stand under several versions, each with its own `up_to`.

    A crossing refused by one version's limit does not use up another's, so the times are counted
    until they agree with what they allow; each round settles at least one more crossing a person.
    """
    up_to = {t.index: g.up_to for t in line.terms if (g := t.goals.get(name)) is not None}
    before, after = _multiples(line, name)
    rows = rows.with_columns(_before=before, _after=after)
    again = (pl.col("_after") > pl.col("_before")) & (pl.col("_after") >= 1)
    crossed = by_terms(
        line,
        {i: again if n else again & (pl.col("_before") < 1) for i, n in up_to.items()},
        pl.lit(False),
    )
    unbound = pl.lit(2**62, dtype=pl.Int64)
    most = by_terms(
        line, {i: pl.lit(n, dtype=pl.Int64) if n else unbound for i, n in up_to.items()}, unbound
    )
    so_far = pl.col("reached").fill_null(0) if had else pl.lit(0, dtype=pl.Int64)
    rows = rows.with_columns(_crossed=crossed, _most=most, _so_far=so_far, hit=crossed)
    while True:
        times = pl.col("hit").cast(pl.Int64).cum_sum().over("user_key") + pl.col("_so_far")
        rows = rows.with_columns(_reached=times)
        before = pl.col("_reached") - pl.col("hit").cast(pl.Int64)
        hit = rows.select(pl.col("_crossed") & (before < pl.col("_most"))).to_series()
        if (hit == rows["hit"]).all():
            return rows
        rows = rows.with_columns(hit=hit)


def _kept(line: Line, state: State, rows: pl.DataFrame, index: int) -> pl.DataFrame:
    """People's running counts as `state.progress` keeps them: of a person's rows the last counts.

    Later batches keep one row a person, or look-ups would grow with every match.
    """
    sums = "_sum" in rows.columns
    rows = rows[["user_key", "_n", "_reached", *(["_sum", "_top"] if sums else [])]]
    if not state.lacks("progress"):
        rows = last_rows(rows, "user_key")
    zero = pl.lit(0, dtype=pl.Int128)
    return rows.select(
        line=pl.lit(line.index, dtype=pl.Int32),
        goal=pl.lit(index, dtype=pl.Int32),
        user_key="user_key",
        matches="_n",
        sum=pl.col("_sum") if sums else zero,
        top=pl.col("_top") if sums else zero,
        reached="_reached",
    )
