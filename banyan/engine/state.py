"""State: what earlier positions left behind, as frames keyed by what a stage looks up.

A replay starts from `empty()`; live work loads the rows for the keys in its batch. Frames are
appended to and looked up by key (`of`), so a step costs what its batch costs. The few running
figures (counts, caps used, what a grant has left) are replaced row by row (`put`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import polars as pl

KEY = pl.UInt64
POS = pl.Int64
TIME = pl.Int64
TEXT = pl.String
NUMBER = pl.Int128
SMALL = pl.Int32

MANY_CHUNKS = 100
"""A frame in more pieces is joined up: every look-up pays for each piece."""

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    # which message ids were used
    "seen": {"key": KEY, "message_id": TEXT},
    # key and user seen together: first position, place among the key's users (0 = first), and
    # whether the key belongs to the user: a key may have been seen with thousands
    "pairs": {
        "key": KEY,
        "user_key": KEY,
        "position": POS,
        "place": pl.Int64,
        "belongs": pl.Boolean,
    },
    # contacts known disposable: user and first position
    "disposable": {"user_key": KEY, "position": POS},
    # contacts a user gave, and since when
    "contacts": {"key": KEY, "user_key": KEY, "position": POS},
    # who used which device (first position) and ip (every position, with its log time)
    "devices": {"key": KEY, "user_key": KEY, "position": POS},
    "ips": {"key": KEY, "user_key": KEY, "position": POS, "log": TIME},
    # a code's one owner
    "codes": {"code": TEXT, "advocate": TEXT, "program": TEXT, "created": POS},
    # facts: a row whenever one changes, holding all as they are after `position`
    "history": {
        "user_key": KEY,
        "position": POS,
        "orders": pl.Int64,
        "spend": NUMBER,
        "tier": TEXT,
        "tags": TEXT,
        "first_at": TIME,
    },
    # first Order Completed of every user and order id
    "orders": {"order_key": KEY, "user_key": KEY, "position": POS, "total": NUMBER},
    "refunds": {"order_key": KEY, "user_key": KEY, "position": POS, "total": NUMBER},
    # touches, and each of their keys (`other`: the touch's other key, `own`: the user's id itself)
    "touches": {
        "line": SMALL,
        "touch_position": POS,
        "touch_at": TIME,
        "kind": SMALL,
        "advocate": TEXT,
        "advocate_key": KEY,
        "visitor": TEXT,
        "channel": TEXT,
        "script": TEXT,
        "terms": SMALL,
        "in_run": pl.Boolean,
    },
    "touch_keys": {
        "key": KEY,
        "other": KEY,
        "line": SMALL,
        "touch_position": POS,
        "terms": SMALL,
        "own": pl.Boolean,
    },
    # touches known to concern a user, waiting for that user's next joining event
    "waiting": {"line": SMALL, "touch_position": POS, "user_key": KEY, "terms": SMALL},
    "referrals": {
        "line": SMALL,
        "friend_key": KEY,
        "friend": TEXT,
        "advocate_key": KEY,
        "advocate": TEXT,
        "terms": SMALL,
        "join_position": POS,
        "started_at": TIME,
        "join_log": TIME,
        "device_key": KEY,
        "anonymous_key": KEY,
        "verdict": SMALL,
        "verdict_id": TEXT,
        "spares_friend": pl.Boolean,
    },
    # running counts of a milestone by person: of several rows the last one counts
    "progress": {
        "line": SMALL,
        "goal": SMALL,
        "user_key": KEY,
        "matches": pl.Int64,
        "sum": NUMBER,
        "top": NUMBER,
        "reached": pl.Int64,
    },
    # nth of each achievement by reward and beneficiary; the greatest counts
    "ordinals": {"line": SMALL, "reward": SMALL, "beneficiary_key": KEY, "nth": pl.Int64},
    # decisions that gave or hold something; `grant` numbers them. `wallet_key`: null for charities
    "grants": {
        "grant": pl.Int64,
        "decision_id": TEXT,
        "payout": SMALL,
        "line": SMALL,
        "place": SMALL,
        "position": POS,
        "occurred_at": TIME,
        "beneficiary": TEXT,
        "beneficiary_key": KEY,
        "advocate_key": KEY,
        "friend_key": KEY,
        "user_key": KEY,
        "wallet_key": KEY,
        "order_key": KEY,
        "event_total": NUMBER,
        "unit": TEXT,
        "amount": pl.Int64,
        "held": pl.Boolean,
        "available_at": TIME,
        "expires": TIME,
    },
    # what became of a grant; no row: nothing yet. `before` was reversed before it was released
    "fates": {
        "grant": pl.Int64,
        "reversed": pl.Int64,
        "denied": pl.Boolean,
        "released_position": POS,
        "released_at": TIME,
        "before": pl.Int64,
        "available": pl.Boolean,
        "moved": pl.Int64,
        "expired": pl.Int64,
        "spent": pl.Int64,
    },
    # moments not yet reached: 1 = becomes available, 2 = expires
    "timers": {"grant": pl.Int64, "what": SMALL, "due": TIME},
    "used": {"bucket": KEY, "used": pl.Int64},
    # spends by user and reference, and what each took from which grant
    "spends": {
        "user": TEXT,
        "reference": TEXT,
        "unit": TEXT,
        "wallet_key": KEY,
        "position": POS,
        "amount": pl.Int64,
        "returned": pl.Boolean,
    },
    "spend_parts": {"position": POS, "grant": pl.Int64, "amount": pl.Int64},
}

KEYS: Mapping[str, tuple[str, ...]] = {
    "waiting": ("line", "touch_position", "user_key"),
    "progress": ("line", "goal", "user_key"),
    "ordinals": ("line", "reward", "beneficiary_key"),
    "fates": ("grant",),
    "timers": ("grant", "what"),
    "used": ("bucket",),
    "spends": ("user", "reference"),
}
"""Frames whose rows are replaced or taken out, and by which columns; all others only grow."""

ASKED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "seen": (("key",),),
    "pairs": (("key", "belongs"), ("key", "user_key")),
    "disposable": (("user_key",),),
    "contacts": (("user_key",), ("key", "user_key")),
    "devices": (("key", "user_key"),),
    "ips": (("key", "user_key"),),
    "codes": (("code",),),
    "history": (("user_key",),),
    "orders": (("order_key",),),
    "refunds": (("order_key",),),
    "touches": (("touch_position",),),
    "touch_keys": (("key",), ("touch_position",)),
    "waiting": (("user_key",),),
    "referrals": (("friend_key",), ("advocate_key",), ("device_key",), ("anonymous_key",)),
    "progress": (("user_key",),),
    "ordinals": (("beneficiary_key",),),
    "grants": (("grant",), ("order_key",), ("decision_id",), ("wallet_key",)),
    "fates": (("grant",),),
    "timers": (("grant",),),
    "used": (("bucket",),),
    "spends": (("user", "reference"), ("wallet_key",)),
    "spend_parts": (("position",),),
}
"""The columns by which each frame is asked for: the indexes a store of it needs."""


class Shelf(Protocol):
    """Rows that earlier batches left and somebody keeps: a state asks for those of its keys."""

    def rows(self, name: str, keys: pl.DataFrame, on: tuple[str, ...]) -> pl.DataFrame:
        """The rows of frame `name` whose columns `on` are those of a row of `keys`.

        `keys` has just these columns, no row twice and no null; `on` is one of `ASKED[name]`.
        Rows come in the order in which they were appended, in the columns of `SCHEMAS[name]`.
        """

    def due(self, log: int) -> pl.DataFrame:
        """The timers whose `due` is at or below `log` (UTC microseconds)."""


@dataclass(frozen=True)
class State:
    """Everything positions up to `position` left behind; `log` is the log time there."""

    position: int
    log: int | None
    grants_made: int
    seen: pl.DataFrame
    pairs: pl.DataFrame
    disposable: pl.DataFrame
    contacts: pl.DataFrame
    devices: pl.DataFrame
    ips: pl.DataFrame
    codes: pl.DataFrame
    history: pl.DataFrame
    orders: pl.DataFrame
    refunds: pl.DataFrame
    touches: pl.DataFrame
    touch_keys: pl.DataFrame
    waiting: pl.DataFrame
    referrals: pl.DataFrame
    progress: pl.DataFrame
    ordinals: pl.DataFrame
    grants: pl.DataFrame
    fates: pl.DataFrame
    timers: pl.DataFrame
    used: pl.DataFrame
    spends: pl.DataFrame
    spend_parts: pl.DataFrame

    def but(self, **changes: Any) -> State:
        """The same state with some parts replaced."""
        return replace(self, **changes)

    def plus(self, **rows: pl.DataFrame) -> State:
        """The same state with rows appended to the frames named."""
        longer: dict[str, Any] = {n: append(getattr(self, n), new) for n, new in rows.items()}
        return replace(self, **longer)


def empty() -> State:
    """The state before position 1."""
    frames = {f.name: blank(f.name) for f in fields(State) if f.name in SCHEMAS}
    return State(position=0, log=None, grants_made=0, **frames)


def blank(name: str) -> pl.DataFrame:
    """An empty frame of the state's schema `name`."""
    return pl.DataFrame(schema=dict(SCHEMAS[name]))


def append(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Rows of `new` below those of `old`, without copying `old`."""
    if new.is_empty():
        return old
    new = new[old.columns]
    if old.is_empty():
        return new
    longer = old.vstack(new)
    return longer.rechunk() if longer.n_chunks() > MANY_CHUNKS else longer


def of(frame: pl.DataFrame, keys: pl.DataFrame, on: str | list[str]) -> pl.DataFrame:
    """The rows of a state frame for the keys a batch asks about."""
    if frame.is_empty() or keys.is_empty():
        return frame.clear()
    return frame.join(keys, on=on, how="semi", maintain_order="left")


def put(old: pl.DataFrame, new: pl.DataFrame, on: str | list[str]) -> pl.DataFrame:
    """`old` with the rows of `new` in place of those with the same key."""
    if new.is_empty():
        return old
    new = new[old.columns]
    if old.is_empty():
        return new
    return old.join(new, on=on, how="anti").vstack(new)
