"""wallets: what is credited from outside, spends and returns, and the grants they use up.

A credit is a lot that lies in its wallet like a grant that was available at once: it is spent in
the same order and expires in the same way. Only wallets that ever spent are walked, and only the
part of the ledger that concerns them: a spend uses up what expires first, so what later expires
depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from banyan.engine.columns import from_series
from banyan.engine.keys import key
from banyan.engine.language.book import SCALE
from banyan.engine.order import complete, first_rows, joined, only, without
from banyan.engine.stages.read import LARGEST, Events
from banyan.engine.stages.settle import fates_of
from banyan.engine.state import SCHEMAS, State

AVAILABLE, REVERSAL, EXPIRY, SPEND, RETURN = 1, 2, 3, 4, 5

CREDITED = "Wallet Credited"
ORDERED = ("Wallet Spent", "Wallet Returned")

Transfer = tuple[int, int, int, int, int, bool]
Spending = tuple[int, int, int, int, str, str, int]

SPENDING = {
    "what": pl.Int32,
    "position": pl.Int64,
    "occurred_at": pl.Int64,
    "amount": pl.Int64,
    "user": pl.String,
    "unit": pl.String,
    "lot": pl.Int64,
}
"""Moves that belong to no decision: SPEND and RETURN, and a credit's coming (AVAILABLE) and EXPIRY.
`lot` is the position of the credit; of a spend or return its own."""

CREDITS = {
    "grant": pl.Int64,
    "position": pl.Int64,
    "at": pl.Int64,
    "user": pl.String,
    "reference": pl.String,
    "unit": pl.String,
    "wallet_key": pl.UInt64,
    "amount": pl.Int64,
    "expires_at": pl.Int64,
}
"""Credits of a batch: a row of `state.lots` with where and when it came."""


def credits_of(events: Events) -> pl.DataFrame:
    """The `Wallet Credited` that can be read (`CREDITS`), in their order, repeated ones as well.

    They name a unit, a whole positive amount of at most 10^12 and a reference. An `expires_at` that
    is no RFC 3339 time makes one unreadable: money must not last longer than whoever gave it meant.
    """
    if not events.any_named(CREDITED):
        return _NO_CREDITS
    named = [f"properties.{name}" for name in ("reference", "unit", "amount", "expires_at")]
    rows = events.named([CREDITED], ["position", "at", "user", *named])
    rows = complete(rows, "user", "properties.reference", "properties.unit")
    said = rows["properties.expires_at"]
    ends = from_series("time", said)
    rows = only(rows.with_columns(ends.alias("expires_at")), said.is_null() | ends.is_not_null())
    wallet = pl.concat_str("user", pl.lit("\n"), pl.col("properties.unit"))
    return rows.filter(_is_sound()).select(
        (-pl.col("position")).alias("grant"),
        "position",
        "at",
        "user",
        pl.col("properties.reference").alias("reference"),
        pl.col("properties.unit").alias("unit"),
        key(wallet, "other").alias("wallet_key"),
        (pl.col("properties.amount") // SCALE).cast(pl.Int64).alias("amount"),
        "expires_at",
    )


def credited(state: State, events: Events) -> tuple[pl.DataFrame, State]:
    """The credits of the batch that count, the first of each user and reference; the state with
    them."""
    rows = credits_of(events)
    if rows.is_empty():
        return rows, state
    earlier = state.of("lots", rows, "user", "reference")
    rows = first_rows(without(rows, earlier, "user", "reference"), "user", "reference")
    return rows, state.plus(lots=rows[list(SCHEMAS["lots"])])


_NO_CREDITS = pl.DataFrame(schema=CREDITS)


def _is_sound() -> pl.Expr:
    """Larger numbers were cut when they were read."""
    amount = pl.col("properties.amount")
    return (amount > 0) & (amount <= LARGEST) & (amount % SCALE == 0)


@dataclass(frozen=True)
class Orders:
    """The batch's `Wallet Spent` and `Wallet Returned` that can be read, by position."""

    rows: list[tuple[int, int, int, str, str, str | None, int]]
    """(position, SPEND or RETURN, occurred_at, user, reference, unit, amount)"""
    wallets: pl.DataFrame
    earlier: list[tuple[str, str, str, int, int, int, bool]]
    """Earlier spends of the same users and references: user, reference, unit, wallet, …"""

    def __bool__(self) -> bool:
        return bool(self.rows)


def read_orders(state: State, events: Events) -> Orders:
    """Spends that name a unit, a whole positive amount and a reference; returns that name one."""
    if not events.any_named(*ORDERED):
        return _NO_ORDERS
    columns = ["position", "at", "event", "user"]
    columns += [f"properties.{name}" for name in ("reference", "unit", "amount")]
    asked = complete(events.named(ORDERED, columns), "user", "properties.reference")
    amount = pl.col("properties.amount")
    spends = pl.col("event") == "Wallet Spent"
    sound = pl.col("properties.unit").is_not_null() & _is_sound()
    rows = asked.select(
        "position",
        pl.when(spends).then(SPEND).otherwise(RETURN).alias("what"),
        "at",
        "user",
        pl.col("properties.reference").alias("reference"),
        pl.when(spends).then("properties.unit").alias("unit"),
        pl.when(spends).then(amount // SCALE).otherwise(0).cast(pl.Int64).alias("amount"),
        (sound | ~spends).fill_null(False).alias("sound"),
    )
    rows = rows.filter("sound").drop("sound")
    earlier = state.of("spends", rows, "user", "reference")
    named = pl.concat([rows.select("user", "unit"), earlier.select("user", "unit")])
    wallets = named.filter(pl.col("unit").is_not_null()).select(
        wallet_key=key(pl.concat_str("user", pl.lit("\n"), "unit"), "other")
    )
    return Orders(rows.rows(), wallets.unique(), earlier.rows())


_NO_ORDERS = Orders([], pl.DataFrame(schema={"wallet_key": pl.UInt64}), [])


@dataclass
class _Grant:
    """What is left of one grant, or of one credit."""

    number: int
    amount: int
    pending: bool
    rank: tuple[int, int]
    """Expires first, then by position; a credit behind the grants of its own event."""
    reversed: int
    moved: int
    expired: int
    spent: int

    @property
    def figures(self) -> tuple[int, int, int]:
        """What the walk changes, as `state.fates` keeps it."""
        return self.moved, self.expired, self.spent

    @property
    def balance(self) -> int:
        """Its part of the available balance; below zero when more was taken back than was left."""
        return self.amount - self.moved - self.expired - self.spent

    @property
    def left(self) -> int:
        return max(0, self.balance)


@dataclass
class _Spend:
    position: int
    unit: str
    wallet: int
    amount: int
    returned: bool
    parts: list[tuple[int, int]] = field(default_factory=list)
    is_new: bool = False


def walk(
    state: State,
    wallets: pl.DataFrame,
    ripe: pl.DataFrame,
    reversals: pl.DataFrame,
    orders: Orders,
) -> tuple[list[Transfer], list[Spending], State]:
    """Walk the wallets' moves and orders of a batch.

    Returns transfers of grants and credits, spends and returns that took place, and the state with
    the grants' fates and the spends.
    """
    grants, by_wallet = _grants(state, wallets, ripe, reversals)
    before = {number: grant.figures for number, grant in grants.items()}
    spends = _earlier_spends(state, orders)
    changed: dict[tuple[str, str], _Spend] = {}
    transfers: list[Transfer] = []
    spending: list[Spending] = []
    for _, _, what, payload in _agenda(ripe, reversals, orders):
        if what in (AVAILABLE, EXPIRY):
            transfers.append(_falls_due(grants[payload[0]], what, *payload[1:]))
        elif what == REVERSAL:
            transfers.append(_taken_back(grants[payload[0]], *payload[1:]))
        else:
            done = _ordered(what, payload, grants, by_wallet, spends, changed)
            if done is not None:
                spending.append(done)
    moved = [grant for grant in grants.values() if grant.figures != before[grant.number]]
    return transfers, spending, _remember(state, moved, changed)


def _grants(
    state: State, wallets: pl.DataFrame, ripe: pl.DataFrame, reversals: pl.DataFrame
) -> tuple[dict[int, _Grant], dict[int, list[_Grant]]]:
    """All that entered the wallets, as it stood before this batch's moves."""
    rows = pl.concat([_grants_in(state, wallets), _lots_in(state, wallets)])
    waiting = _waiting(state.of("timers", rows, "grant")) | _waiting(ripe)
    back = reversals.group_by("grant").agg(pl.col("amount").sum())
    batch = dict(back.select("grant", "amount").rows())
    grants: dict[int, _Grant] = {}
    by_wallet: dict[int, list[_Grant]] = {}
    for number, wallet, amount, before, expires, position, *money in rows.rows():
        reversed_, moved, expired, spent = money
        grants[number] = _Grant(
            number=number,
            amount=amount - before,
            pending=number in waiting,
            rank=(expires, position),
            reversed=reversed_ - before - batch.get(number, 0),
            moved=moved,
            expired=expired,
            spent=spent,
        )
        by_wallet.setdefault(wallet, []).append(grants[number])
    for mine in by_wallet.values():
        mine.sort(key=lambda g: g.rank)
    return grants, by_wallet


_FIGURES = ("reversed", "moved", "expired", "spent")
_NEVER = 2**62


def _grants_in(state: State, wallets: pl.DataFrame) -> pl.DataFrame:
    """Grants that entered these wallets, with their fates."""
    rows = state.of("grants", wallets, "wallet_key")
    rows = joined(rows, fates_of(state, rows[["grant"]]), "grant")
    rows = rows.filter(~pl.col("held") | pl.col("released_position").is_not_null())
    available = pl.max_horizontal("available_at", "released_at")
    ends = (available + pl.col("expires")).fill_null(_NEVER).alias("ends")
    return rows.select("grant", "wallet_key", "amount", "before", ends, "position", *_FIGURES)


def _lots_in(state: State, wallets: pl.DataFrame) -> pl.DataFrame:
    """Credits of these wallets, in the same columns; those of this batch as well."""
    rows = state.of("lots", wallets, "wallet_key")
    rows = joined(rows, fates_of(state, rows[["grant"]]), "grant")
    ends = pl.col("expires_at").fill_null(_NEVER).alias("ends")
    position = (-pl.col("grant")).alias("position")
    return rows.select("grant", "wallet_key", "amount", "before", ends, position, *_FIGURES)


def _waiting(timers: pl.DataFrame) -> set[int]:
    """Grants that are still to become available."""
    return set(only(timers, timers["what"] == AVAILABLE)["grant"].to_list())


def _earlier_spends(state: State, orders: Orders) -> dict[tuple[str, str], _Spend]:
    spends = {}
    positions = pl.DataFrame({"position": [row[4] for row in orders.earlier]}, schema=_AT)
    parts: dict[int, list[tuple[int, int]]] = {}
    for position, grant, amount in state.of("spend_parts", positions, "position").rows():
        parts.setdefault(position, []).append((grant, amount))
    for user, reference, unit, wallet, position, amount, returned in orders.earlier:
        spends[user, reference] = _Spend(
            position, unit, wallet, amount, returned, parts.get(position, [])
        )
    return spends


_AT = {"position": pl.Int64}


def _agenda(
    ripe: pl.DataFrame, reversals: pl.DataFrame, orders: Orders
) -> list[tuple[int, int, int, tuple]]:  # type: ignore[type-arg]
    """Everything that happens, in order: what falls due, grants made now, reversals, and then the
    event's own credit or order."""
    agenda: list[tuple[int, int, int, tuple]] = []  # type: ignore[type-arg]
    columns = ["since", "what", "grant", "position", "due"]
    for since, what, grant, position, due in ripe.select(columns).rows():
        first = 0 if position > since else 2 if grant >= 0 else 5
        phase = first + (1 if what == EXPIRY else 0)
        agenda.append((position, phase, what, (grant, position, due)))
    for grant, position, at, amount, _ in reversals.rows():
        agenda.append((position, 4, REVERSAL, (grant, position, at, amount)))
    for row in orders.rows:
        agenda.append((row[0], 5, row[1], row))
    return sorted(agenda, key=lambda entry: entry[:3])


def _falls_due(grant: _Grant, what: int, position: int, due: int) -> Transfer:
    if what == AVAILABLE:
        grant.pending = False
        return grant.number, AVAILABLE, position, due, grant.amount - grant.moved, False
    left = grant.left
    grant.expired += left
    return grant.number, EXPIRY, position, due, left, False


def _taken_back(grant: _Grant, position: int, at: int, amount: int) -> Transfer:
    """What has expired counts as taken back first."""
    grant.reversed += amount
    moved = max(grant.moved, grant.reversed - grant.expired)
    move = moved - grant.moved
    grant.moved = moved
    return grant.number, REVERSAL, position, at, move, grant.pending


def _ordered(
    what: int,
    row: tuple[int, int, int, str, str, str | None, int],
    grants: dict[int, _Grant],
    by_wallet: dict[int, list[_Grant]],
    spends: dict[tuple[str, str], _Spend],
    changed: dict[tuple[str, str], _Spend],
) -> Spending | None:
    position, _, at, user, reference, unit, amount = row
    spend = spends.get((user, reference))
    if what == RETURN:
        if spend is None or spend.returned:
            return None
        spend.returned = True
        changed[user, reference] = spend
        for number, part in spend.parts:
            grants[number].spent -= part
        return RETURN, position, at, spend.amount, user, spend.unit, position
    if spend is not None or unit is None:
        return None
    wallet = _wallet(user, unit)
    mine = [g for g in by_wallet.get(wallet, []) if not g.pending]
    if amount > sum(g.balance for g in mine):
        return None
    spend = _Spend(position, unit, wallet, amount, returned=False, is_new=True)
    rest = amount
    for grant in mine:
        part = min(rest, grant.left)
        if part:
            grant.spent += part
            rest -= part
            spend.parts.append((grant.number, part))
    assert rest == 0, "what a wallet has available is what is left of its grants"
    spends[user, reference] = changed[user, reference] = spend
    return SPEND, position, at, amount, user, unit, position


def _wallet(user: str, unit: str) -> int:
    name = pl.select(key(pl.lit(f"{user}\n{unit}"), "other")).item()
    assert isinstance(name, int)
    return name


def _remember(state: State, moved: list[_Grant], changed: dict[tuple[str, str], _Spend]) -> State:
    """The state with what the walk moved: fates of grants, new and returned spends."""
    figures = pl.DataFrame(
        [(grant.number, *grant.figures) for grant in moved],
        schema={name: SCHEMAS["fates"][name] for name in ("grant", "moved", "expired", "spent")},
        orient="row",
    )
    fates = fates_of(state, figures).drop("moved", "expired", "spent")
    spends = pl.DataFrame(
        [
            (user, reference, s.unit, s.wallet, s.position, s.amount, s.returned)
            for (user, reference), s in changed.items()
        ],
        schema=dict(SCHEMAS["spends"]),
        orient="row",
    )
    parts = [(s.position, *part) for s in changed.values() if s.is_new for part in s.parts]
    spend_parts = pl.DataFrame(parts, schema=dict(SCHEMAS["spend_parts"]), orient="row")
    state = state.put(fates=joined(fates, figures, "grant"), spends=spends)
    return state.plus(spend_parts=spend_parts)
