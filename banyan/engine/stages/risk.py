"""risk: the first rule that holds gives a referral its verdict, once, at the join."""

from __future__ import annotations

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book, Line, Terms
from banyan.engine.language.names import FACTS
from banyan.engine.order import joined, only
from banyan.engine.stages.conditions import holds, with_trials
from banyan.engine.stages.facts import as_of
from banyan.engine.stages.read import Events
from banyan.engine.state import State, append, blank

CLEAR, REJECT, HOLD = 0, 1, 2
DAY_US = 86_400 * 10**6
IP_DAYS = 30
ONE = 10**12


def judge(
    book: Book, state: State, joins: pl.DataFrame, events: Events
) -> tuple[pl.DataFrame, State]:
    """The batch's new referrals with their verdicts; the state that holds them.

    `joins` stand by position and program.
    """
    if joins.is_empty():
        return blank("referrals"), state
    referrals = joins.with_columns(
        device_key=device_key(joins),
        friend_key="user_key",
        join_position="met_position",
        started_at="met_at",
        verdict=pl.lit(CLEAR, dtype=pl.Int32),
        verdict_id=pl.lit(None, dtype=pl.String),
        spares_friend=pl.lit(False),
    )
    if any(terms.checks for line in book.referral_lines for terms in line.terms):
        referrals = _judged(book, state, referrals, events).sort("join_position", "line")
    return referrals, state.plus(referrals=referrals)


def device_key(joins: pl.DataFrame) -> pl.Expr:
    """Key of the device a friend joined with; null where no rule asks for it."""
    if "device" in joins.columns:
        return key(pl.col("device"), "device")
    return pl.lit(None, dtype=pl.UInt64)


def _judged(book: Book, state: State, referrals: pl.DataFrame, events: Events) -> pl.DataFrame:
    parts = []
    for line in book.referral_lines:
        mine = only(referrals, referrals["line"] == line.index)
        if mine.is_empty():
            continue
        mine = _counts(state, line, mine, book.risk_names)
        mine = _shared(state, mine, book.risk_names)
        for terms in line.terms:
            rows = only(mine, mine["terms"] == terms.index)
            if not rows.is_empty():
                judged = _verdicts(state, line, terms, rows, events)
                parts.append(judged.select(referrals.columns))
    return pl.concat(parts)


def _verdicts(
    state: State, line: Line, terms: Terms, rows: pl.DataFrame, events: Events
) -> pl.DataFrame:
    asked = frozenset(name for check in terms.checks for name in check.when.names)
    rows = with_facts(state, rows, asked, position="join_position", at="started_at")
    rows = with_trials(
        line, terms, rows, asked & frozenset(terms.trials), advocate="advocate", friend="friend"
    )
    columns = {line.properties[name] for name in asked if name in line.properties}
    if columns:
        here = events.frame.select("position", *sorted(columns))
        rows = rows.join(
            here, left_on="join_position", right_on="position", how="left", maintain_order="left"
        )
    verdict, rule, spares = rows["verdict"], rows["verdict_id"], rows["spares_friend"]
    for check in reversed(terms.checks):
        hit = holds(line, rows, check.when)
        chosen = pl.select(
            verdict=pl.when(hit)
            .then(pl.lit(REJECT if check.then == "reject" else HOLD, dtype=pl.Int32))
            .otherwise(verdict),
            rule=pl.when(hit).then(pl.lit(check.id)).otherwise(rule),
            spares=pl.when(hit).then(pl.lit(check.spares_friend)).otherwise(spares),
        )
        verdict, rule, spares = chosen["verdict"], chosen["rule"], chosen["spares"]
    return rows.with_columns(verdict=verdict, verdict_id=rule, spares_friend=spares)


def with_facts(
    state: State, rows: pl.DataFrame, asked: frozenset[str], *, position: str, at: str
) -> pl.DataFrame:
    """`rows` with the `advocate_…` and `friend_…` facts asked for, as of a position."""
    for side in ("advocate", "friend"):
        prefix = f"{side}_"
        facts = frozenset(
            name.removeprefix(prefix)
            for name in asked
            if name.startswith(prefix) and name not in rows.columns
        ) & frozenset(FACTS)
        rows = as_of(
            state, rows, facts, person=f"{side}_key", position=position, at=at, prefix=prefix
        )
    return rows


def _counts(state: State, line: Line, mine: pl.DataFrame, names: frozenset[str]) -> pl.DataFrame:
    """How many referrals of the program an advocate, or a device, has up to and with this one."""
    if names & {"friends_24h", "friends_total"}:
        peers = _with_earlier(state, line, mine, "advocate_key")
        peers = peers.sort("advocate_key", maintain_order=True)
        nth = pl.int_range(1, pl.len() + 1).over("advocate_key", order_by="join_position")
        peers = peers.with_columns(friends_total=nth)
        mine = joined(mine, _within_a_day(peers), "join_position")
    # Where shards hold an advocate's referrals, who shares a device was counted before.
    if "device_friends" in names and "device_friends" not in mine.columns:
        everyone = _with_earlier(state, line, mine, "device_key", "anonymous_key")
        mine = joined(mine, device_friends(everyone), "join_position")
    return mine


def _with_earlier(state: State, line: Line, mine: pl.DataFrame, *shared: str) -> pl.DataFrame:
    """`mine` and the earlier referrals of the program that share one of the keys, by position."""
    columns = ["line", "advocate_key", "join_position", "join_log", "device_key", "anonymous_key"]
    rows = pl.concat([state.of("referrals", mine, key)[columns] for key in shared])
    if len(shared) > 1:
        rows = rows.unique(["line", "join_position"])
    rows = only(rows, rows["line"] == line.index)
    return append(rows, mine).sort("join_position")


def _within_a_day(peers: pl.DataFrame) -> pl.DataFrame:
    """Referrals of the same advocate whose log time is at most 24 hours before, both ends in."""
    before = peers.select(
        "advocate_key", pl.col("join_log").alias("_log"), earlier="friends_total"
    ).sort("_log", "earlier")
    # Log time never falls with position, so those too old are exactly the first ones: count them.
    asks = peers.with_columns(_since=pl.col("join_log") - DAY_US - 1).sort("_since")
    found = asks.join_asof(
        before, left_on="_since", right_on="_log", by="advocate_key", check_sortedness=False
    )
    return found.select(
        "join_position",
        friends_total=pl.col("friends_total").cast(pl.Int128) * ONE,
        friends_24h=(pl.col("friends_total") - pl.col("earlier").fill_null(0)).cast(pl.Int128)
        * ONE,
    )


def device_friends(everyone: pl.DataFrame) -> pl.DataFrame:
    """Referrals joined with the same device or anonymous id, up to and with each one.

    `everyone` are all referrals of one program: `join_position`, `device_key`, `anonymous_key`.
    """

    def running(*keys: str) -> pl.Expr:
        present = pl.all_horizontal(pl.col(k).is_not_null() for k in keys)
        count = pl.int_range(1, pl.len() + 1).over(*keys, order_by="join_position")
        return pl.when(present).then(count).otherwise(0)

    both = running("device_key") + running("anonymous_key")
    both = both - running("device_key", "anonymous_key")
    return everyone.select("join_position", device_friends=both.cast(pl.Int128) * ONE)


def _shared(state: State, mine: pl.DataFrame, names: frozenset[str]) -> pl.DataFrame:
    """What friend and advocate share: devices, addresses, contacts; and throw-away mail."""
    if "same_device" in names:
        by_device = _seen_with(state, "devices", mine, "device_key")
        by_anonymous = _seen_with(state, "pairs", mine, "anonymous_key")
        mine = mine.with_columns(same_device=by_device | by_anonymous)
    if "same_ip" in names:
        mine = mine.with_columns(same_ip=_same_ip(state, mine))
    if "same_contact" in names:
        mine = mine.with_columns(same_contact=_same_contact(state, mine))
    if "disposable_email" in names:
        rows = mine.select("join_position", user_key="friend_key")
        given = state.of("disposable", rows, "user_key")
        rows = joined(rows, given, "user_key")
        throwaway = (rows["position"] < rows["join_position"]).fill_null(False)
        mine = mine.with_columns(disposable_email=throwaway)
    return mine


def _seen_with(state: State, name: str, mine: pl.DataFrame, column: str) -> pl.Series:
    """Whether the key in `column` was seen with the advocate at a lower position."""
    rows = mine.select("join_position", key=column, user_key="advocate_key")
    seen = state.of(name, rows, "key", "user_key")[["key", "user_key", "position"]]
    rows = rows.join(seen, on=["key", "user_key"], how="left", maintain_order="left")
    return (rows["position"] < rows["join_position"]).fill_null(False)


def _same_ip(state: State, mine: pl.DataFrame) -> pl.Series:
    rows = mine.select(
        key(pl.col("ip"), "ip").alias("key"),
        pl.col("advocate_key").alias("user_key"),
        "join_position",
        "join_log",
    ).with_row_index("_row")
    sights = state.of("ips", rows, "key", "user_key").sort("position")
    found = (
        rows.sort("join_position")
        .join_asof(
            sights,
            left_on="join_position",
            right_on="position",
            by=["key", "user_key"],
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .sort("_row")
    )
    return (found["join_log"] - found["log"] <= IP_DAYS * DAY_US).fill_null(False)


def _same_contact(state: State, mine: pl.DataFrame) -> pl.Series:
    """Whether a contact given by the friend was given by the advocate too.

    Every key both are known by counts but browsers: those are `same_device`.
    """
    rows = mine.select("friend_key", "advocate_key", "join_position").with_row_index("_row")
    theirs = rows.join(_contacts_of(state, rows, "friend"), on="friend_key")
    both = theirs.join(_contacts_of(state, rows, "advocate"), on=["key", "advocate_key"]).filter(
        (pl.col("_friend_at") < pl.col("join_position"))
        & (pl.col("_advocate_at") < pl.col("join_position"))
    )
    return rows["_row"].is_in(both["_row"].unique().implode())


def _contacts_of(state: State, rows: pl.DataFrame, side: str) -> pl.DataFrame:
    """Contacts of the friends or the advocates: (key, SIDE_key, _SIDE_at)."""
    people = rows.select(user_key=f"{side}_key")
    contacts = state.of("contacts", people, "user_key")
    return contacts.rename({"user_key": f"{side}_key", "position": f"_{side}_at"})
