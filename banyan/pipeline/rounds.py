"""rounds: the engine's own stages, shard by shard.

Every round calls stages of `banyan.engine.stages` on what belongs together by one key, with an
empty state but for the rows of others' that the shard needs; no rule is written here. A state may
hold more than is asked for, never less. What must be together, round by round:

    MESSAGES  message id          the first event of each id counts
    TOUCH     code; person        a code's first owner, touches; history of facts, orders
    KEYS      visitor key; order  which 20 users a key belongs to; orders that were refunded
    ASK       advocate            facts of advocates at touches
    JOIN      user                where touches meet the user, who joins
    DEVICES   all joins           who shares a device: see below
    JUDGE     advocate            risk; advocates' facts at events; uplines
    QUALIFY   user                milestones, with facts of both sides
    REWARD    beneficiary         `nth` and raw amounts
    SETTLE    program             caps, refunds, releases: one sequence for each program
    DUE       stretch of the log  the position at which each moment falls due
    POST      beneficiary         transfers of wallets, credits, spends and returns

`device_friends` counts by device and by browser at once, so no one key keeps together what it
counts: where a rule asks for it, one shard takes five numbers of every join (40 bytes each).
A program's caps, limits and refunds are one sequence: SETTLE holds every reward due of a program
in one place, and as many places work as there are programs. And what belongs together is never
parted: a code, an advocate or a charity that fills half of the log fills a shard with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book, Line
from banyan.engine.language.names import FACTS
from banyan.engine.order import first_rows
from banyan.engine.raw import from_lines
from banyan.engine.stages.attribute import met_and_judged
from banyan.engine.stages.facts import as_of, looked_at, order_key, remember
from banyan.engine.stages.identify import USERS_PER_KEY, Identity, identify, numbered
from banyan.engine.stages.post import TRANSFERS, expiries_of, moves, moving_grants, timers_of
from banyan.engine.stages.qualify import Reached, asked_columns, qualify
from banyan.engine.stages.read import Events, events_of, read
from banyan.engine.stages.refunds import CHANGING, REFUNDED
from banyan.engine.stages.reward import beneficiaries, reward
from banyan.engine.stages.risk import device_friends, device_key, judge, with_facts
from banyan.engine.stages.settle import RELEASES, REVERSALS, Settlement, settle
from banyan.engine.stages.touches import TOUCHING, code_named, keys_of, touched
from banyan.engine.stages.wallets import CREDITED, ORDERED, credits_of
from banyan.engine.state import SCHEMAS, State, blank, empty
from banyan.pipeline.courier import Place, Round, Run, names_at_events
from banyan.pipeline.files import out_of_order
from banyan.pipeline.mail import (
    DONE,
    Inbox,
    Letter,
    by_key,
    by_shard,
    home,
    letters,
    to_all,
)

# fmt: off
(
    MESSAGES, TOUCH, KEYS, ASK, JOIN, DEVICES, JUDGE, QUALIFY, REWARD, SETTLE, DUE, POST,
) = range(12)
# fmt: on

GRANTS_A_SHARD = 1 << 40
"""Grants are numbered apart in each shard."""

LOG = {"position": pl.Int64, "log": pl.Int64}


# The log, piece by piece


def use_messages(run: Run, place: Place, raw: pl.DataFrame) -> Iterator[Letter]:
    """The message ids a piece would use up, and how much of it is out of order."""
    late = out_of_order(raw["timestamp"], place.latest)
    yield from letters(pl.DataFrame({"out_of_order": [late]}), DONE, 0, "order")
    events, _, state = read(run.book, empty(), _placed(run, place, raw))
    ids = state.seen.hstack(events.frame[["position", "at"]])
    ids = ids.with_columns(piece=pl.lit(place.number, dtype=pl.Int64))
    yield from by_key(ids, "key", MESSAGES, "ids", run.shards)


def use_once(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """Message ids that more than one piece would use, and how far each piece moves log time."""
    ids = inbox.find("ids", by="position")
    if ids is None:
        return
    first = ids["message_id"].is_first_distinct()
    again = ids.filter(~first).select("piece", *SCHEMAS["seen"])
    yield from letters(again, DONE, 0, "again")
    times = ids.filter(first).group_by("piece").agg(pl.col("at").max())
    yield from letters(times, DONE, 0, "times")


def open_piece(run: Run, place: Place, raw: pl.DataFrame) -> Iterator[Letter]:
    """The events of a piece that count, in parts, to all who need them."""
    book, shards = run.book, run.shards
    before = run.ends[place.number - 1] if place.number else None
    state = empty().but(position=place.first - 1, log=before)
    if place.number in run.used:
        state = state.plus(seen=run.used[place.number])
    is_last = place.first + place.height > run.last
    closing = run.closing if is_last else None
    events, faults, state = read(book, state, _placed(run, place, raw), closing=closing)
    yield from letters(faults, DONE, 0, "faults")
    frame = events.frame
    if frame.is_empty():
        return
    log = frame.select("position", "log").filter(pl.col("log").ne_missing(pl.col("log").shift(1)))
    yield from letters(log, DUE, place.number % shards, "log")
    yield from _touching(run, frame)
    yield from _people(run, events)
    yield from _taking_back(run, frame)
    _, state = identify(book, state, events)
    yield from by_key(state.pairs, "key", KEYS, "sights", shards)
    yield from by_key(state.contacts, "user_key", JUDGE, "contacts", shards)
    yield from by_key(state.contacts, "user_key", JOIN, "contacts", shards)
    yield from by_key(state.disposable, "user_key", JOIN, "disposable", shards)
    yield from by_key(state.devices, "user_key", JUDGE, "devices", shards)
    yield from by_key(state.ips, "user_key", JUDGE, "ips", shards)


def _placed(run: Run, place: Place, raw: pl.DataFrame) -> pl.DataFrame:
    """Typed events with their positions; those after the end of the replay only keep theirs."""
    positions = pl.int_range(place.first, place.first + place.height, dtype=pl.Int64)
    raw = raw.with_columns(position=positions)
    if run.closing is None:
        return raw
    return raw.with_columns(left_out=(pl.col("timestamp") > run.closing).fill_null(False))


def _touching(run: Run, frame: pl.DataFrame) -> Iterator[Letter]:
    """Events that create a link or may touch, to the home of the code they name, else anywhere."""
    names = ["Referral Link Created", "Referral Link Clicked", "Referral Submitted"]
    carried = ("referral_code", "advocate", "coupon")
    rows = frame[[*TOUCHING, "type"]].filter(
        pl.col("event").is_in(names).fill_null(False)
        | pl.any_horizontal(pl.col(f"properties.{name}").is_not_null() for name in carried)
    )
    anywhere = pl.col("position").cast(pl.UInt64)
    where = pl.coalesce(key(code_named(), "code"), anywhere)
    yield from by_key(rows, where, TOUCH, "touching", run.shards)


def _people(run: Run, events: Events) -> Iterator[Letter]:
    """What identified people did, to their homes: each round gets the columns it reads."""
    book, shards, asks = run.book, run.shards, run.asks
    known = events.frame.filter(pl.col("user_key").is_not_null())
    event = pl.col("event")

    def told(columns: list[str], rows: pl.Expr, round_: int, name: str) -> Iterator[Letter]:
        found = known[[c for c in dict.fromkeys(columns) if c in known.columns]]
        found = found.filter(known.select(rows).to_series())
        yield from by_key(found, "user_key", round_, name, shards)

    every = ["position", "at", "type", "event", "user", "user_key"]
    order = ["properties.order_id", "properties.total"]
    if book.facts or book.refunds_matter:
        traits = ["traits.tier", "traits.tags"]
        changing = (event == "Order Completed").fill_null(False) | (pl.col("type") == "identify")
        changing = changing | pl.col("user_key").is_first_distinct()
        yield from told([*every, *order, *traits], changing, TOUCH, "doing")
    joins = event.is_in(list(book.joining_events)).fill_null(False)
    goals = event.is_in(list(book.goal_events)).fill_null(False)
    where = ["log", "anonymous_key", "context.device.id", "context.ip"]
    yield from told([*every, *where, *asks.joined_columns], joins, JOIN, "joining")
    if asks.advocate_at_event:
        yield from told(["position", "user_key"], goals, JOIN, "goals")
    columns = [*asked_columns(book), "type"]
    yield from told(columns, joins | goals, QUALIFY, "events")
    spends = event.is_in([CREDITED, *ORDERED]).fill_null(False)
    spent = [f"properties.{name}" for name in ("reference", "unit", "amount", "expires_at")]
    yield from told([*every, *spent], spends, POST, "spending")
    credits_ = known.filter((event == CREDITED).fill_null(False))
    ending = expiries_of(credits_of(events_of(credits_)))
    homes = credits_.select(
        (-pl.col("position")).alias("grant"), home(pl.col("user_key"), shards).alias("to")
    )
    yield from _dues(run, ending.join(homes, on="grant"))


def _taking_back(run: Run, frame: pl.DataFrame) -> Iterator[Letter]:
    """Refunds and rulings, with a user or without, to wherever programs are settled."""
    properties = [f"properties.{name}" for name in ("order_id", "total", "decision_id")]
    taking = frame[["position", "at", "type", "event", "user_key", *properties]].filter(
        pl.col("event").is_in(list(CHANGING)).fill_null(False)
    )
    yield from to_all(taking, SETTLE, run.settling, "taking")
    refunded = taking.filter(pl.col("event") == REFUNDED)
    refunded = refunded.select(order_key("properties.order_id")).unique()
    yield from by_key(refunded, "order_key", KEYS, "refunded", run.shards)


# Who touched whom


def touch(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By code: touches with their advocates. By person: the history of facts, and orders."""
    touching = inbox.find("touching", by="position")
    if touching is not None:
        touches, unknown, _ = touched(run.book, empty(), events_of(touching))
        yield from letters(unknown, DONE, 0, "unknown")
        if not touches.is_empty():
            yield from _to_keys(run, touches)
    doing = inbox.find("doing", by="position")
    if doing is None:
        return
    state = remember(run.book, empty(), events_of(doing))
    yield from by_key(state.orders, "order_key", KEYS, "orders", run.shards)
    asks = run.asks
    wanted = {
        ASK: asks.advocate_at_touch,
        JOIN: asks.friend_at_touch or asks.friend_at_join,
        JUDGE: asks.advocate_at_join or asks.advocate_at_event,
        QUALIFY: asks.own_at_event,
    }
    for round_, is_wanted in wanted.items():
        if is_wanted:
            yield from by_key(state.history, "user_key", round_, "history", run.shards)


def _to_keys(run: Run, touches: pl.DataFrame) -> Iterator[Letter]:
    """Touches to the homes of their keys; a user's own id needs no asking whose it is."""
    keys = keys_of(touches).select(
        "line", "touch_position", "own", home(pl.col("key"), run.shards).alias("_to")
    )
    rows = touches.join(keys.unique(), on=["line", "touch_position"])
    yield from by_shard(rows.filter(~pl.col("own")).drop("own"), KEYS, "touches")
    own = rows.filter("own").drop("own").rename({"_to": "to"})
    yield from by_key(own, "advocate_key", ASK, "touches", run.shards)


def keep_keys(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By visitor key: whose it is, and so whom its touches concern. By order: what is refunded."""
    shards = run.shards
    sights = inbox.get("sights", SCHEMAS["pairs"], by="position")
    pairs = numbered(first_rows(sights, "key", "user_key"), blank("pairs"))
    if "same_device" in run.book.risk_names:
        yield from by_key(pairs, "user_key", JUDGE, "pairs", shards)
    pairs = pairs.filter(pl.col("place") < USERS_PER_KEY)
    yield from by_key(pairs, "user_key", JOIN, "pairs", shards)
    touches = inbox.find("touches", by=["touch_position", "line"])
    if touches is not None:
        concerned = keys_of(touches).filter(~pl.col("own")).join(pairs, on="key")
        concerned = concerned.select(
            "line", "touch_position", home(pl.col("user_key"), shards).alias("to")
        )
        rows = touches.join(concerned.unique(), on=["line", "touch_position"])
        yield from by_key(rows, "advocate_key", ASK, "touches", shards)
    orders = inbox.find("orders", by="position")
    refunded = inbox.find("refunded", by="order_key")
    if orders is not None and refunded is not None:
        asked = orders.join(refunded, on="order_key", how="semi")
        yield from to_all(asked, SETTLE, run.settling, "orders")


def ask_advocates(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By advocate: touches on to whom they concern, with the facts that decide on the advocate."""
    touches = inbox.find("touches", by=["touch_position", "line", "to"])
    if touches is None:
        return
    yield from by_shard(touches.rename({"to": "_to"}), JOIN, "touches")
    if run.asks.advocate_at_touch:
        state = empty().but(history=_history(inbox))
        yield from _answers(
            state, touches, touches["to"], JOIN, person="advocate_key", position="touch_position"
        )


def _answers(
    state: State, asks: pl.DataFrame, to: pl.Series, round_: int, *, person: str, position: str
) -> Iterator[Letter]:
    """The history that answers each ask, to the shard that asks."""
    rows = looked_at(state, asks, person=person, position=position)
    rows = rows.with_columns(to.gather(rows["ask"]).alias("_to")).drop("ask")
    yield from by_shard(rows.unique(), round_, "history")


def _history(inbox: Inbox) -> pl.DataFrame:
    """The shard's own history and the rows it was sent; some may have come twice."""
    rows = inbox.get("history", SCHEMAS["history"], by="position")
    return rows.unique(["user_key", "position"], keep="first", maintain_order=True)


# Who joins


def join(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By user: joins and lost touches, and what their advocates' homes must know of the friend."""
    joining = inbox.find("joining", by="position")
    touches = inbox.find("touches", by=["touch_position", "line"])
    if joining is None or touches is None:
        return
    touches = first_rows(touches, "line", "touch_position")
    pairs = inbox.get("pairs", SCHEMAS["pairs"], by="position")
    state = empty().but(history=_history(inbox), pairs=pairs)
    nobody = Identity(blank("pairs"))
    events = events_of(joining)
    joins, lost, _ = met_and_judged(run.book, state, events, nobody, touches)
    yield from letters(lost, DONE, 0, "lost")
    if joins.is_empty():
        return
    yield from by_key(joins, "advocate_key", JUDGE, "joins", run.shards)
    own = joins.select("line", "user_key", "advocate", "advocate_key", "met_position")
    yield from by_key(own, "user_key", JUDGE, "own", run.shards)
    yield from _of_friends(run, inbox, joins, events)
    if run.asks.friend_at_join:
        to = joins.select(home(pl.col("advocate_key"), run.shards)).to_series()
        yield from _answers(state, joins, to, JUDGE, person="user_key", position="met_position")
    if run.asks.advocate_at_event:
        yield from _asks_of_advocates(run, inbox, joins)
    if "device_friends" in run.book.risk_names:
        rows = joins.select(
            "line",
            "advocate_key",
            pl.col("met_position").alias("join_position"),
            device_key(joins).alias("device_key"),
            "anonymous_key",
        )
        yield from letters(rows, DEVICES, 0, "joins")


def _of_friends(run: Run, inbox: Inbox, joins: pl.DataFrame, events: Events) -> Iterator[Letter]:
    """Contacts of friends, throw-away mail, and joining events, to their advocates' homes."""
    to = home(pl.col("advocate_key"), run.shards).alias("_to")
    for name in ("contacts", "disposable"):
        rows = inbox.find(name, by="position")
        if rows is not None:
            rows = rows.join(joins.select("user_key", to).unique(), on="user_key")
            yield from by_shard(rows, JUDGE, name)
    if run.asks.joined_columns:
        rows = events.frame.select("position", "type", "event", *run.asks.joined_columns)
        where = joins.select(to, position="met_position").unique()
        yield from by_shard(rows.join(where, on="position"), JUDGE, "joined")


def _asks_of_advocates(run: Run, inbox: Inbox, joins: pl.DataFrame) -> Iterator[Letter]:
    """The positions at which a friend's events may ask for the advocate's facts."""
    at_joins = joins.select("advocate_key", "user_key", position="met_position")
    goals = inbox.get("goals", {"position": pl.Int64, "user_key": pl.UInt64}, by="position")
    later = goals.join(at_joins, on="user_key", suffix="_joined")
    later = later.filter(pl.col("position") >= pl.col("position_joined"))
    rows = pl.concat([at_joins, later.select(at_joins.columns)])
    asks = rows.select("advocate_key", "position", home(pl.col("user_key"), run.shards).alias("to"))
    yield from by_key(asks.unique(), "advocate_key", JUDGE, "asks", run.shards)


def count_devices(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """On one shard: how many referrals share a device or a browser."""
    joins = inbox.find("joins", by=["join_position", "line"])
    if joins is None:
        return
    for line in run.book.referral_lines:
        mine = joins.filter(pl.col("line") == line.index)
        counts = mine.join(device_friends(mine), on="join_position", maintain_order="left")
        counts = counts.select("line", "advocate_key", "join_position", "device_friends")
        yield from by_key(counts, "advocate_key", JUDGE, "device_friends", run.shards)


def judge_joins(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By advocate: referrals with their verdicts, and what their friends' homes must know."""
    joins = inbox.find("joins", by=["met_position", "line"])
    if joins is None:
        return
    state = empty().but(
        history=_history(inbox),
        pairs=inbox.get("pairs", SCHEMAS["pairs"], by="position"),
        ips=inbox.get("ips", SCHEMAS["ips"], by="position"),
        contacts=_first(inbox, "contacts", "key", "user_key"),
        devices=_first(inbox, "devices", "key", "user_key"),
        disposable=_first(inbox, "disposable", "user_key"),
    )
    joined = inbox.find("joined", by="position")
    nothing = Events(pl.DataFrame(schema={"position": pl.Int64}), frozenset(), frozenset())
    counts = inbox.find("device_friends", by=["join_position", "line"])
    if counts is not None:
        counts = counts.rename({"join_position": "met_position"}).drop("advocate_key")
        joins = joins.join(counts, on=["line", "met_position"], how="left", maintain_order="left")
    events = nothing if joined is None else events_of(first_rows(joined, "position"))
    referrals, state = judge(run.book, state, joins, events)
    yield from letters(referrals, DONE, 0, "referrals")
    yield from by_key(state.referrals, "friend_key", QUALIFY, "referrals", run.shards)
    yield from _uplines(run, inbox, joins)
    asks = inbox.find("asks", by=["position", "to"])
    if asks is not None:
        yield from _answers(
            state, asks, asks["to"], QUALIFY, person="advocate_key", position="position"
        )


def _first(inbox: Inbox, name: str, *keys: str) -> pl.DataFrame:
    """Rows of which each piece of the log told its own first ones."""
    return first_rows(inbox.get(name, SCHEMAS[name], by="position"), *keys)


def _uplines(run: Run, inbox: Inbox, joins: pl.DataFrame) -> Iterator[Letter]:
    """The advocates' own referrals, to the homes of their friends."""
    own = inbox.find("own", by=["met_position", "line"])
    wanted = any(p.to == "upline" for _, _, p in run.book.payouts)
    if own is None or not wanted:
        return
    friends = joins.select(
        "line",
        pl.col("advocate_key").alias("friend_key"),
        home(pl.col("user_key"), run.shards).alias("_to"),
    )
    rows = own.rename({"user_key": "friend_key", "met_position": "join_position"})
    rows = rows.join(friends.unique(), on=["line", "friend_key"])
    yield from by_shard(rows, QUALIFY, "uplines")


def _upline_state(inbox: Inbox) -> pl.DataFrame:
    """Referrals of which no more is known than who referred whom, and when."""
    rows = inbox.find("uplines", by=["join_position", "line"])
    if rows is None:
        return blank("referrals")
    rows = first_rows(rows, "line", "friend_key")
    return pl.concat([blank("referrals"), rows], how="diagonal")


# Who gets what


def reach(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By user: achievements, with the facts their rewards ask for, to all their beneficiaries."""
    events = inbox.find("events", by="position")
    if events is None:
        return
    referrals = inbox.get("referrals", SCHEMAS["referrals"], by=["join_position", "line"])
    state = empty().but(history=_history(inbox), referrals=referrals)
    reached, _ = qualify(run.book, state, events_of(events), referrals)
    uplines = empty().but(referrals=_upline_state(inbox))
    for (index, goal), rows in reached.items():
        if rows.is_empty():
            continue
        line = run.book.lines[index]
        rows = _with_facts(line, line.goals[goal], state, rows)
        rows = rows.join(_homes(run, line, line.goals[goal], uplines, rows), on="position")
        yield from by_shard(rows, REWARD, f"{REACHED}{index}/{goal}")
        if not line.is_self:
            advocates = rows.select("_to", pl.col("advocate_key").alias("friend_key"))
            above = uplines.referrals.filter(pl.col("line") == index)
            above = above.join(advocates.unique(), on="friend_key")
            yield from by_shard(above.select(*UPLINE, "_to"), REWARD, "uplines")


REACHED = "reached/"
UPLINE = ("line", "friend_key", "advocate", "advocate_key", "join_position")


def _with_facts(line: Line, goal: str, state: State, rows: pl.DataFrame) -> pl.DataFrame:
    """Achievements with the facts that rewards for them ask for, as of the event."""
    names = names_at_events(line, goal)
    if not line.is_self:
        return with_facts(state, rows, names, position="position", at="at")
    facts = names & frozenset(FACTS)
    return as_of(state, rows, facts, person="user_key", position="position", at="at")


def _homes(run: Run, line: Line, goal: str, uplines: State, rows: pl.DataFrame) -> pl.DataFrame:
    """The homes (`_to`) of all who may get something for an achievement (`position`)."""
    found = [pl.DataFrame(schema={"position": pl.Int64, "_to": pl.Int32})]
    for terms in line.terms:
        mine = rows.filter(pl.col("terms") == terms.index)
        for payout in terms.payouts:
            if payout.on == goal and not mine.is_empty():
                theirs = beneficiaries(line, uplines, payout, mine)
                to = home(pl.col("beneficiary_key"), run.shards)
                found.append(theirs.select("position", to.alias("_to")))
    return pl.concat(found).unique()


def give(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By beneficiary: rewards due, with `nth` and raw amount."""
    reached: Reached = {}
    for name in inbox.named(REACHED):
        index, goal = map(int, name.removeprefix(REACHED).split("/"))
        reached[index, goal] = inbox.get(name, {}, by="position")
    due, _ = reward(run.book, empty().but(referrals=_upline_state(inbox)), reached)
    # Of who lives elsewhere this shard does not see all.
    here = home(pl.col("beneficiary_key"), run.shards) == inbox.shard
    due = due.filter(here).with_columns(_to=pl.col("line") % run.shards)
    yield from by_shard(due, SETTLE, "due")


def settle_programs(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By program: decisions, and what is taken back or released of them."""
    due = inbox.find("due", by=["position", "line", "place"])
    if due is None:
        return
    taking = inbox.find("taking", by="position")
    events = nothing_happened(run.book) if taking is None else events_of(taking)
    state = empty().but(orders=inbox.get("orders", SCHEMAS["orders"], by="position"))
    settlement, state = settle(run.book, state, due, events)
    yield from letters(settlement.decisions, DONE, 0, "decisions")
    moving = moving_grants(state, settlement)
    grants, reversals, releases, fates, timers = (
        rows.with_columns(pl.col("grant") + inbox.shard * GRANTS_A_SHARD)
        for rows in (
            settlement.grants,
            settlement.reversals,
            settlement.releases,
            state.fates,
            timers_of(moving),
        )
    )
    yield from letters(grants, DONE, 0, "grants")
    yield from letters(reversals, DONE, 0, "reversals")
    yield from by_key(grants, "beneficiary_key", POST, "grants", run.shards)
    homes = grants.select("grant", home(pl.col("beneficiary_key"), run.shards).alias("_to"))
    parts = {"reversals": reversals, "releases": releases, "fates": fates}
    for name, rows in parts.items():
        yield from by_shard(rows.join(homes, on="grant"), POST, name)
    yield from _dues(run, timers.join(homes.rename({"_to": "to"}), on="grant"))


def nothing_happened(book: Book) -> Events:
    """Events without a row, with every column."""
    events, _, _ = read(book, empty(), from_lines(b"", book.wanted))
    return events


# Wallets


def _dues(run: Run, timers: pl.DataFrame) -> Iterator[Letter]:
    """Moments that the log reaches, to where the stretch of the log lies that reaches them."""
    early = -(2**62)
    ends = pl.Series([early if end is None else end for end in run.ends], dtype=pl.Int64)
    dues = timers.select("due", "to").unique().filter(pl.col("due") <= ends[-1])
    piece = ends.search_sorted(dues["due"], side="left").cast(pl.Int64)
    yield from by_shard(dues.with_columns(_to=piece % run.shards), DUE, "dues")


def fall_due(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By stretch of the log: the event at which each moment is reached."""
    dues = inbox.find("dues", by=["due", "to"])
    if dues is None:
        return
    log = inbox.get("log", LOG, by="position")
    rows = log[log["log"].search_sorted(dues["due"], side="left")]
    yield from by_shard(rows.with_columns(dues["to"].alias("_to")).unique(), POST, "log")


def move(run: Run, inbox: Inbox) -> Iterator[Letter]:
    """By beneficiary: transfers of grants and credits, spends and returns."""
    spending = inbox.find("spending", by="position")
    grants = inbox.get("grants", SCHEMAS["grants"], by=["position", "line", "place"])
    if grants.is_empty() and spending is None:
        return
    settlement = Settlement(
        grants,
        grants,
        inbox.get("reversals", REVERSALS, by=["position", "grant"]),
        inbox.get("releases", RELEASES, by=["position", "grant"]),
    )
    fates = inbox.get("fates", SCHEMAS["fates"], by="grant")
    state = empty().but(position=run.last, log=run.log, grants=grants, fates=fates)
    events = nothing_happened(run.book) if spending is None else events_of(spending)
    log = first_rows(inbox.get("log", LOG, by="position"), "position")
    transfers, spent, _ = moves(state, settlement, events, log=log)
    yield from letters(transfers.select(list(TRANSFERS)), DONE, 0, "transfers")
    yield from letters(spent, DONE, 0, "spending")


ROUNDS: Mapping[int, tuple[Round, str]] = {
    TOUCH: (touch, "touches and facts"),
    KEYS: (keep_keys, "whose key it is"),
    ASK: (ask_advocates, "advocates at the touch"),
    JOIN: (join, "joins"),
    DEVICES: (count_devices, "shared devices"),
    JUDGE: (judge_joins, "risk"),
    QUALIFY: (reach, "milestones"),
    REWARD: (give, "rewards"),
    SETTLE: (settle_programs, "caps and refunds"),
    DUE: (fall_due, "due moments"),
    POST: (move, "postings"),
}
"""The rounds after the log was read, in order, and what each is about."""
