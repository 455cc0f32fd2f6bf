"""State: what earlier positions left behind, as frames keyed by what a stage looks up.

Frames are appended to (`plus`) and looked up by key (`of`), so a step costs what its batch costs.
The few running figures (counts, caps used, what a grant has left) are replaced row by row (`put`).
A replay starts from `empty()` and holds all rows; live work stands `over` a shelf that keeps them,
loads those for the keys in its batch and gives back what changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import polars as pl

from banyan.engine.order import FEW, among, complete, first_rows, only, without

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
    # whether the key belongs to the user. A key may have been seen with thousands: all those to
    # whom it does not belong have one place
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
    # nth of each achievement by reward and beneficiary: of several rows the last one counts
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
    # what was credited from outside, once a user and reference: wallets spend it like grants. Its
    # `grant` is its position below zero, so it meets no grant's number in fates, timers and parts
    "lots": {
        "grant": pl.Int64,
        "user": TEXT,
        "reference": TEXT,
        "unit": TEXT,
        "wallet_key": KEY,
        "amount": pl.Int64,
        "expires_at": TIME,
    },
    # what became of a grant; no row: nothing yet. `before` was reversed before it was released
    "fates": {
        "grant": pl.Int64,
        "reversed": pl.Int64,
        "denied": pl.Boolean,
        "released_position": POS,
        "released_at": TIME,
        "before": pl.Int64,
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
    "lots": (("grant",), ("user", "reference"), ("wallet_key",)),
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
    """Everything positions up to `position` left behind; `log` is the log time there.

    Over a `shelf` the frames hold only what the batch in hand appended or replaced, and `gone`
    names what it took out: together they are what has to be saved (`changes`).
    """

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
    lots: pl.DataFrame
    fates: pl.DataFrame
    timers: pl.DataFrame
    used: pl.DataFrame
    spends: pl.DataFrame
    spend_parts: pl.DataFrame
    shelf: Shelf | None = None
    gone: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    # Reading

    def of(self, name: str, keys: pl.DataFrame, *on: str, **fixed: bool) -> pl.DataFrame:
        """The rows of frame `name` whose columns `on` are those of a row of `keys`.

        And whose columns `fixed` have these values. They come in the order in which they were
        appended. Null is never found.
        """
        own = among(self._frame(name), keys, *on)
        for column, value in fixed.items():
            own = only(own, own[column] == value)
        if self.shelf is None or keys.is_empty():
            return own
        asked = first_rows(complete(keys[list(on)], *on), *on)
        if asked.is_empty():
            return own
        saved = self.shelf.rows(name, asked.with_columns(**fixed), (*on, *fixed))
        if name in KEYS:
            saved = without(saved, own, *KEYS[name])
            saved = self._still_there(name, saved)
        return append(saved, own)

    def around(
        self, name: str, keys: pl.DataFrame, *on: str, in_order: bool = False, **fixed: bool
    ) -> pl.DataFrame:
        """At least the rows of `of`, in their order, for a join that looks for the same keys.

        Where all rows are in hand and are not more than the keys, these are all rows: to choose
        among them first would be to join twice. `in_order`: they are also where they are more,
        because the caller makes use of their order.
        """
        frame = self._frame(name)
        if (
            self.shelf is None
            and keys.height > 1
            and (in_order or frame.height <= keys.height + FEW)
        ):
            return frame
        return self.of(name, keys, *on, **fixed)

    def lacks(self, name: str) -> bool:
        """Whether no row of frame `name` can be found, whatever is asked."""
        return self.shelf is None and self._frame(name).is_empty()

    def _frame(self, name: str) -> pl.DataFrame:
        frame: pl.DataFrame = getattr(self, name)
        return frame

    # Writing: each gives another state

    def but(self, **changes: Any) -> State:
        """The same state with some parts replaced."""
        return replace(self, **changes)

    def plus(self, **rows: pl.DataFrame) -> State:
        """The same state with rows appended to the frames named."""
        longer: dict[str, Any] = {
            name: append(self._frame(name), new) for name, new in rows.items() if new.height
        }
        return replace(self, **longer) if longer else self

    def put(self, **rows: pl.DataFrame) -> State:
        """The same state with rows in place of those with the same key, in frames of `KEYS`."""
        changed: dict[str, Any] = {
            name: append(without(self._frame(name), new, *KEYS[name]), new)
            for name, new in rows.items()
            if new.height
        }
        return replace(self, **changed) if changed else self

    def without(self, name: str, found: pl.DataFrame, *on: str) -> State:
        """The same state without the rows of frame `name` that `of` found for columns `on`."""
        if found.is_empty():
            return self
        state = self.but(**{name: without(self._frame(name), found, *on)})
        return state if self.shelf is None else state._forgetting(name, found)

    def ring(self) -> tuple[pl.DataFrame, State]:
        """The timers whose moment log time has reached, and the state without them."""
        if self.log is None:
            return self.timers.clear(), self
        ripe, state = self.timers.clear(), self
        first = self.timers["due"].min()
        if isinstance(first, int) and first <= self.log:
            reached = self.timers["due"] <= self.log
            ripe, state = self.timers.filter(reached), self.but(timers=self.timers.filter(~reached))
        if self.shelf is None:
            return ripe, state
        saved = self._still_there("timers", self.shelf.due(self.log))
        return append(saved, ripe), state._forgetting("timers", saved)

    def _still_there(self, name: str, saved: pl.DataFrame) -> pl.DataFrame:
        gone = self.gone.get(name)
        return saved if gone is None else without(saved, gone, *KEYS[name])

    def _forgetting(self, name: str, rows: pl.DataFrame) -> State:
        if rows.is_empty():
            return self
        keys = rows[list(KEYS[name])]
        if name in self.gone:
            keys = append(self.gone[name], keys)
        return replace(self, gone={**self.gone, name: keys})

    # Saving

    def changes(self) -> Changes:
        """What a shelf has to take up from a state over it; from any other state: everything."""
        rows = {name: frame for name in SCHEMAS if (frame := self._frame(name)).height}
        for name in rows.keys() & KEYS.keys():
            # Of several rows with one key, as running counts leave them, the last one counts.
            rows[name] = rows[name].unique(list(KEYS[name]), keep="last", maintain_order=True)
        return Changes(rows, self.gone)


class Changes(NamedTuple):
    """What a batch leaves behind, to be saved with `position`, `log` and `grants_made`.

    First the rows with the keys in `gone` (columns of `KEYS`) are taken out, then `rows` (columns
    of `SCHEMAS`) are put in: in place of those with the same key for frames of `KEYS`, below all
    others for the rest. Frames and keys that are not named do not change.
    """

    rows: Mapping[str, pl.DataFrame]
    gone: Mapping[str, pl.DataFrame]


def empty() -> State:
    """The state before position 1."""
    frames: dict[str, Any] = {name: blank(name) for name in SCHEMAS}
    return State(position=0, log=None, grants_made=0, **frames)


def over(shelf: Shelf, *, position: int, log: int | None, grants_made: int) -> State:
    """The state for one batch after `position`: everything earlier lies on the shelf.

    Good for one step: what the step gives is saved (`State.changes`) before the next one begins.
    """
    start = empty()
    return start.but(position=position, log=log, grants_made=grants_made, shelf=_AskedOnce(shelf))


class _AskedOnce:
    """A shelf that is asked each question once: nothing on it changes during a step."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._answers: dict[tuple[str, tuple[str, ...]], list[_Answer]] = {}

    def rows(self, name: str, keys: pl.DataFrame, on: tuple[str, ...]) -> pl.DataFrame:
        """As `Shelf.rows`; keys that are among those of an earlier question are not asked again."""
        asked = set(keys.rows())
        answers = self._answers.setdefault((name, on), [])
        for known, rows in answers:
            if asked <= known:
                return rows if len(asked) == len(known) else among(rows, keys, *on)
        rows = self._shelf.rows(name, keys, on)
        answers.append((asked, rows))
        return rows

    def due(self, log: int) -> pl.DataFrame:
        """As `Shelf.due`."""
        return self._shelf.due(log)


_Answer = tuple[set[tuple[Any, ...]], pl.DataFrame]

_BLANKS = {name: pl.DataFrame(schema=dict(schema)) for name, schema in SCHEMAS.items()}


def blank(name: str) -> pl.DataFrame:
    """An empty frame of the state's schema `name`."""
    return _BLANKS[name].clear()


def append(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Rows of `new` below those of `old`, without copying `old`."""
    if new.is_empty():
        return old
    if new.columns != old.columns:
        new = new[old.columns]
    if old.is_empty():
        return new
    longer = old.vstack(new)
    return longer.rechunk() if longer.n_chunks() > MANY_CHUNKS else longer
