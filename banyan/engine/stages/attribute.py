"""attribute: touches that meet, and joins -> referrals and lost touches.

A touch meets a user once, at the user's first joining event at which one of the touch's keys is
known to be theirs. There it is judged for ever. So nothing stays open but touches of known users
who have done nothing yet (`state.waiting`), and every look-back is one as-of join.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from banyan.engine.language.book import KINDS, Book, Line, Terms
from banyan.engine.language.sql import Compiled
from banyan.engine.order import FEW, at_positions, complete, first_rows, nth, only, without
from banyan.engine.stages.conditions import holds, with_trials
from banyan.engine.stages.facts import as_of
from banyan.engine.stages.identify import Identity
from banyan.engine.stages.read import Events
from banyan.engine.stages.touches import keys_of, touched
from banyan.engine.stages.versions import by_terms
from banyan.engine.state import State

NEWER_TOUCHES = 100

Joins = pl.DataFrame
"""New referrals: the columns of `state.referrals` but the verdict, and those of the touch."""


class Attribution(NamedTuple):
    """What a batch decides about touches."""

    joins: pl.DataFrame
    lost: pl.DataFrame
    unknown: pl.DataFrame


def attribute(
    book: Book, state: State, events: Events, identity: Identity
) -> tuple[Attribution, State]:
    """Judge every touch that meets a user in this batch.

    Returns the new referrals, the lost touches with their reasons, and the events with unknown
    codes (`position`, `message_id`, `code`).
    """
    touches, unknown, state = touched(book, state, events)
    joins, lost, state = met_and_judged(book, state, events, identity, touches)
    return Attribution(joins, lost, unknown), state


def met_and_judged(
    book: Book, state: State, events: Events, identity: Identity, touches: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, State]:
    """The joins and the lost touches, out of the batch's touches and those known before.

    Needs of the events those that join.
    """
    if not book.referral_lines:
        return pl.DataFrame(), pl.DataFrame(), state
    candidates = _NO_CANDIDATES
    if not touches.is_empty() or not identity.pairs.is_empty():
        keys = keys_of(touches)
        candidates = _candidates(state, keys, identity)
        state = state.plus(touches=touches, touch_keys=keys)
    met, state = _meet(book, state, events, candidates)
    met = _not_buried(met, state)
    if met.is_empty():
        return pl.DataFrame(), pl.DataFrame(), state
    met = _with_touch_and_event(book, met, state, events)
    joins, lost = _judge(book, state, met)
    return joins, lost, state


# Whom a touch concerns, and where it meets them


_NO_CANDIDATES = pl.DataFrame(
    schema={
        "line": pl.Int32,
        "touch_position": pl.Int64,
        "terms": pl.Int32,
        "user_key": pl.UInt64,
        "avail": pl.Int64,
    }
)
_NONE_MET = _NO_CANDIDATES.with_columns(met_position="avail")


def _candidates(state: State, keys: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """(line, touch_position, terms, user_key, avail): touches newly known to concern a user.

    `avail` is the first position from which they may meet. `state` does not hold this batch's
    touches yet, but its pairs already.
    """
    found = []
    shared = keys
    if keys["own"].any():
        own = only(keys, keys["own"]).with_columns(user_key="key", avail="touch_position")
        found.append(own[_CANDIDATE])
        shared = only(keys, ~keys["own"])
    found.append(_concerned(shared, _owners(state, shared)))
    earlier = state.around("touch_keys", identity.pairs, "key")
    found.append(_concerned(earlier, identity.pairs))
    found = [rows for rows in found if rows.height]
    if not found:
        return _NO_CANDIDATES
    rows = pl.concat(found) if len(found) > 1 else found[0]
    if rows["other"].null_count() < rows.height:
        twin = pl.col("other").is_not_null()
        rows = pl.concat([rows.filter(~twin), _earliest(state, rows.filter(twin))])
    return rows[_NO_CANDIDATES.columns]


_CANDIDATE = ["line", "touch_position", "terms", "user_key", "avail", "other"]


def _owners(state: State, keys: pl.DataFrame) -> pl.DataFrame:
    """At least the pairs of these keys with the users to whom they belong."""
    return state.around("pairs", keys, "key", belongs=True)


def _concerned(keys: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """A row for each key of a touch and user to whom it belongs, with `avail`."""
    if keys.is_empty() or pairs.is_empty():
        return _NO_CANDIDATES
    rows = keys.join(pairs, on="key")
    if rows.is_empty():
        return _NO_CANDIDATES
    later = pl.max_horizontal("touch_position", "position").alias("avail")
    return only(rows, rows["belongs"]).with_columns(later)[_CANDIDATE]


def _earliest(state: State, twins: pl.DataFrame) -> pl.DataFrame:
    """Of touches with two keys: the row of the key that concerned the user first."""
    pairs = _owners(state, twins.select(key="other"))
    pairs = only(pairs, pairs["belongs"]).select(
        pl.col("key").alias("other"), "user_key", pl.col("position").alias("_from")
    )
    rows = twins.join(pairs, on=["other", "user_key"], how="left", maintain_order="left")
    since = pl.when(pl.col("other") == pl.col("user_key")).then(0).otherwise(pl.col("_from"))
    rows = rows.with_columns(_avail=pl.max_horizontal(pl.col("touch_position"), since))
    rows = rows.filter(since.is_null() | (pl.col("_avail") >= pl.col("avail")))
    return rows.unique(
        ["line", "touch_position", "user_key"], keep="first", maintain_order=True
    ).select(twins.columns)


def _meet(
    book: Book, state: State, events: Events, candidates: pl.DataFrame
) -> tuple[pl.DataFrame, State]:
    """Touches with the position at which they meet their user; the others go on waiting."""
    joining = events.named(book.joining_events, ["position", "user_key", "event"])
    if candidates.is_empty() and (joining.is_empty() or state.lacks("waiting")):
        return _NONE_MET, state
    joining = complete(joining, "user_key")
    called = state.of("waiting", joining, "user_key")
    rows = candidates
    if not called.is_empty():
        first = pl.lit(int(events.frame["position"][0]), dtype=pl.Int64)
        rows = pl.concat([called.with_columns(avail=first)[rows.columns], rows])
    if rows.is_empty():
        return _NONE_MET, state
    if joining.is_empty():
        return _NONE_MET, state.plus(waiting=rows)
    parts = []
    for names, pick in _joining_groups(book):
        mine = rows if pick is None else rows.filter(pick)
        at = (
            joining
            if len(names) == len(book.joining_events)
            else joining.filter(pl.col("event").is_in(list(names)))
        )
        parts.append(_first_at_or_after(mine, at[["position", "user_key"]]))
    rows = pl.concat(parts) if len(parts) > 1 else parts[0]
    # A touch that was waiting keeps waiting where its version joins on other events only.
    state = state.without("waiting", called, "user_key")
    if not rows["met_position"].null_count():
        return rows, state
    has_met = pl.col("met_position").is_not_null()
    return rows.filter(has_met), state.plus(waiting=rows.filter(~has_met))


def _joining_groups(book: Book) -> list[tuple[tuple[str, ...], pl.Expr | None]]:
    """Sets of joining events, each with the condition that picks its rows (None: all rows)."""
    groups: dict[tuple[str, ...], list[Terms]] = {}
    where: dict[tuple[str, ...], pl.Expr] = {}
    for line in book.referral_lines:
        for terms in line.terms:
            names = tuple(sorted(set(terms.joins_on)))
            groups.setdefault(names, []).append(terms)
            mine = (pl.col("line") == line.index) & (pl.col("terms") == terms.index)
            where[names] = where[names] | mine if names in where else mine
    if len(groups) == 1:
        return [(next(iter(groups)), None)]
    return [(names, where[names]) for names in groups]


def _first_at_or_after(rows: pl.DataFrame, joining: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `met_position`: the user's first joining event at or after `avail`."""
    if rows.is_empty() or joining.is_empty():
        return rows.with_columns(met_position=pl.lit(None, dtype=pl.Int64))
    there = at_positions(joining, "position", rows["avail"])["user_key"]
    here = rows["user_key"].eq_missing(there)
    at_once = only(rows, here)
    at_once = at_once.hstack([at_once["avail"].alias("met_position")])
    rest = only(rows, ~here)
    if rest.is_empty():
        return at_once
    if joining.height > FEW and rest.height < rows.height // 2:
        joining = joining.join(rest, on="user_key", how="semi", maintain_order="left")
    later = rest.sort("avail").join_asof(
        joining.hstack([joining["position"].alias("met_position")]),
        left_on="avail",
        right_on="position",
        by="user_key",
        strategy="forward",
        check_sortedness=False,
    )
    return pl.concat([at_once, later[at_once.columns]])


def _with_touch_and_event(
    book: Book, met: pl.DataFrame, state: State, events: Events
) -> pl.DataFrame:
    """Add what the touch was and what happened where it met."""
    is_one = len(book.referral_lines) == 1
    touches = state.around("touches", met, "touch_position", in_order=is_one)
    if is_one:
        at = at_positions(touches, "touch_position", met["touch_position"])
        met = met[["user_key", "avail", "met_position"]].hstack(at)
    else:
        met = met.drop("terms").join(
            touches, on=["line", "touch_position"], how="left", maintain_order="left"
        )
    columns = {"at": "met_at", "log": "join_log", "user": "friend"}
    columns["anonymous_key"] = "anonymous_key"
    optional = {"context.device.id": "device", "context.ip": "ip"}
    frame = events.frame
    columns |= {name: out for name, out in optional.items() if name in frame.columns}
    here = at_positions(frame[["position", *columns]], "position", met["met_position"])
    return met.hstack(here[list(columns)].rename(columns))


def _not_buried(met: pl.DataFrame, state: State) -> pl.DataFrame:
    """Without touches each of whose keys has 100 newer touches where they would meet."""
    waited = met["met_position"] > met["touch_position"]
    if not waited.any():
        return met
    later = only(met.with_row_index("_row"), waited)
    keys = state.around("touch_keys", later, "touch_position", in_order=True)
    keys = state.around("touch_keys", keys, "key", in_order=True)
    if not _any_crowded(keys["key"]):
        return met
    crowded = keys.group_by("line", "key").agg(many=pl.len()).filter(pl.col("many") > NEWER_TOUCHES)
    hot = keys.join(crowded, on=["line", "key"], how="semi").sort("touch_position")
    numbered = hot.select("line", "key", "touch_position", number=nth(hot, "line", "key"))
    mine = later.select("_row", "line", "touch_position", "user_key", "met_position").join(
        keys.select("line", "touch_position", "key"), on=["line", "touch_position"]
    )
    owners = state.of("pairs", mine, "key", belongs=True)
    mine = mine.join(
        owners.select("key", "user_key", "position"), on=["key", "user_key"], how="left"
    )
    theirs = (pl.col("key") == pl.col("user_key")) | (pl.col("position") <= pl.col("met_position"))
    mine = mine.filter(theirs.fill_null(False))
    mine = mine.join(numbered, on=["line", "key", "touch_position"], how="left")
    latest = mine.sort("met_position").join_asof(
        numbered.rename({"number": "_latest", "touch_position": "_touch"}),
        left_on="met_position",
        right_on="_touch",
        by=["line", "key"],
        check_sortedness=False,
    )
    newer = pl.col("_latest").fill_null(0) - pl.col("number").fill_null(0)
    fresh = latest.filter(newer < NEWER_TOUCHES)
    buried = without(later, fresh, "_row")
    return without(met.with_row_index("_row"), buried, "_row").drop("_row")


def _any_crowded(keys: pl.Series) -> bool:
    """Whether some key has more than 100 touches: in order, it then stands 100 rows apart too."""
    if len(keys) <= NEWER_TOUCHES:
        return False
    in_order = keys.sort()
    return bool((in_order[NEWER_TOUCHES:] == in_order[:-NEWER_TOUCHES]).any())


# Judging


def _judge(book: Book, state: State, met: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Referrals and lost touches out of touches that meet.

    Judged on the few columns that count; the winners and losers then take up the rest by row.
    """
    narrow = met[_JUDGED].with_row_index("_row")
    parts = []
    for line in book.referral_lines:
        rows = only(narrow, narrow["line"] == line.index)
        if not rows.is_empty():
            parts.append(_reasons(line, state, rows, met))
    rows = pl.concat(parts) if len(parts) > 1 else parts[0]
    # A friend joins once a program; with one program the friend alone is the key.
    keys = ["user_key"] if len(book.referral_lines) == 1 else ["line", "user_key"]
    rows = _only_first_join(state, rows, keys)
    eligible = rows["reason"].is_null()
    rivals = only(rows, eligible)
    winners = _winners(book, rivals, keys)
    lost = only(rows, ~eligible)[["_row", "reason"]]
    if winners.height < rivals.height:
        beaten = without(rivals[["_row"]], winners, "_row")
        lost = pl.concat([lost, beaten.with_columns(reason=pl.lit("lost_to_other_touch"))])
    winners = winners.sort("met_position", "line")
    return met[winners["_row"]], met[lost["_row"]].with_columns(lost["reason"])


_JUDGED = [
    "line",
    "user_key",
    "terms",
    "kind",
    "touch_position",
    "touch_at",
    "met_position",
    "met_at",
    "advocate_key",
    "in_run",
]


def _only_first_join(state: State, rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Touches that meet a friend above the friend's join are lost, whatever else is true."""
    friends = rows[["user_key"]].rename({"user_key": "friend_key"})
    before = state.of("referrals", friends, "friend_key").rename({"friend_key": "user_key"})
    before = before[[*keys, "join_position"]]
    alone, several = _apart(rows, keys, before)
    if several.is_empty():
        return rows
    # Sorted by where they meet, a friend's first eligible touch tells the join.
    eligible = several.filter(several["reason"].is_null()).sort("met_position")
    joined = first_rows(eligible[[*keys, "met_position"]], *keys)
    joined = joined.rename({"met_position": "join_position"})
    if not before.is_empty():
        joined = pl.concat([before, without(joined, before, *keys)])
    several = several.join(joined, on=keys, how="left", maintain_order="left")
    referred = pl.col("met_position") > pl.col("join_position")
    reason = pl.when(referred).then(pl.lit("already_referred")).otherwise(pl.col("reason"))
    several = several.with_columns(reason=reason)[rows.columns]
    return pl.concat([alone, several])


def _apart(
    rows: pl.DataFrame, keys: list[str], known: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that need no look at others, and the rest.

    Most users meet one touch and are not known yet. Of a few rows, to look costs less than to tell.
    """
    if rows.height == 1 and known.is_empty():
        return rows, rows.clear()
    if rows.height < FEW:
        return rows.clear(), rows
    shared = rows[keys].is_duplicated()
    if not known.is_empty():
        shared |= rows["user_key"].is_in(known["user_key"].implode())
    return only(rows, ~shared), only(rows, shared)


def _reasons(line: Line, state: State, rows: pl.DataFrame, met: pl.DataFrame) -> pl.DataFrame:
    """The first reason but `already_referred` for which a touch is lost, or null."""
    late = (pl.col("met_at") - pl.col("touch_at")).clip(lower_bound=0)
    window = by_terms(
        line, {t.index: pl.lit(t.window) for t in line.terms}, pl.lit(None, dtype=pl.Int64)
    )
    reason = (
        pl.when(pl.col("advocate_key") == pl.col("user_key"))
        .then(pl.lit("self_referral"))
        .when(~pl.col("in_run"))
        .then(pl.lit("outside_run"))
        .when(late > window)
        .then(pl.lit("outside_window"))
    )
    for place, person, code in (
        ("advocates", "advocate_key", "advocate_not_eligible"),
        ("friends", "user_key", "not_new"),
    ):
        for terms in line.terms:
            condition: Compiled | None = getattr(terms, place)
            if condition is not None:
                failed = ~_hold(line, terms, state, rows, met, condition, person)
                if len(line.terms) > 1:
                    failed &= rows["terms"] == terms.index
                reason = reason.when(pl.lit(failed)).then(pl.lit(code))
    return rows.with_columns(reason=reason)


def _hold(
    line: Line,
    terms: Terms,
    state: State,
    rows: pl.DataFrame,
    met: pl.DataFrame,
    condition: Compiled,
    person: str,
) -> pl.Series:
    """Whether a condition on a person holds, as of each touch."""
    trials = condition.names & frozenset(terms.trials)
    facts = condition.names - trials
    asks = as_of(state, rows, facts, person=person, position="touch_position", at="touch_at")
    if trials:
        asks = asks.hstack(met[asks["_row"]][["advocate", "friend"]])
        asks = with_trials(line, terms, asks, trials, advocate="advocate", friend="friend")
    return holds(line, asks, condition)


def _winners(book: Book, rivals: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Of the eligible touches that meet a user at one event, the one that wins."""
    alone, rivals = _apart(rivals, keys, rivals.clear())
    if rivals.is_empty():
        return alone
    multi = any(len(line.terms) > 1 for line in book.referral_lines)
    best = pl.col("terms").max().over("line", "user_key") if multi else pl.col("terms")
    rivals = rivals.with_columns(_best=best)
    rank = pl.lit(len(KINDS), dtype=pl.Int32)
    first = pl.lit(False)
    for line in book.referral_lines:
        for terms in line.terms:
            mine = (pl.col("line") == line.index) & (pl.col("_best") == terms.index)
            for place, kind in enumerate(terms.prefer):
                rank = (
                    pl.when(mine & (pl.col("kind") == kind))
                    .then(pl.lit(place, dtype=pl.Int32))
                    .otherwise(rank)
                )
            if terms.credit_first:
                first = first | mine
    position = pl.col("touch_position")
    order = pl.when(first).then(position).otherwise(-position)
    ranked = rivals.with_columns(_rank=rank, _order=order).sort("_rank", "_order")
    return pl.concat([alone, first_rows(ranked, *keys)[alone.columns]])
