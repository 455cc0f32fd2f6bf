"""post: what is granted, due, reversed, spent -> postings.

A grant that nobody spends moves by its own dates alone, so whole batches are posted at once. Only
wallets that ever spent are walked (`wallets.py`), since a spend uses up the grants that expire
first. A moment falls due at the first position whose log time has reached it, before that
position's own event; what is due at once follows its grant.
"""

from __future__ import annotations

import polars as pl

from banyan.engine.language.book import Book
from banyan.engine.stages.read import Events
from banyan.engine.stages.settle import Settlement, fates_of
from banyan.engine.stages.wallets import Orders, read_orders, walk
from banyan.engine.state import State, of, put

GRANT, AVAILABLE, REVERSAL, EXPIRY, SPEND, RETURN = range(6)

TRANSFERS = {
    "grant": pl.Int64,
    "what": pl.Int32,
    "position": pl.Int64,
    "occurred_at": pl.Int64,
    "amount": pl.Int64,
    "pending": pl.Boolean,
}
"""Moves of grants; `pending`: a reversal that takes back what was not available yet."""

POSTINGS = {
    "transfer_id": pl.String,
    "position": pl.Int64,
    "occurred_at": pl.Int64,
    "account": pl.String,
    "unit": pl.String,
    "amount": pl.Int64,
}


def post(
    book: Book, state: State, settlement: Settlement, events: Events
) -> tuple[pl.DataFrame, State]:
    """Postings of the batch in their order; the state with timers, fates and spends moved on."""
    transfers, spending, state = moves(state, settlement, events, log=events.frame)
    return postings(book, state, transfers, spending), state


Spending = list[tuple[int, int, int, int, str, str]]
"""Spends and returns: SPEND or RETURN, position, occurred_at, amount, user, unit."""


def moves(
    state: State, settlement: Settlement, events: Events, *, log: pl.DataFrame
) -> tuple[pl.DataFrame, Spending, State]:
    """Transfers of grants (`TRANSFERS`), and the spends and returns that took place.

    Needs of the events those of wallets, and of `log` (`position`, `log`) no more rows than the
    first whose log time has reached each moment that falls due.
    """
    orders = read_orders(state, events)
    moving = moving_grants(state, settlement)
    nothing = pl.DataFrame(schema=TRANSFERS)
    if not orders and moving.is_empty() and settlement.reversals.is_empty() and not _any_due(state):
        return nothing, [], state
    ripe, state = _ripe(state, moving, log)
    reversals = _moved_back(state, settlement, moving)
    if moving.is_empty() and ripe.is_empty() and reversals.is_empty() and not orders:
        return nothing, [], state
    transfers = [
        moving.select(
            "grant",
            pl.lit(GRANT, dtype=pl.Int32).alias("what"),
            pl.col("since").alias("position"),
            "occurred_at",
            (pl.col("amount") - pl.col("before")).alias("amount"),
            pl.lit(False).alias("pending"),
        )
    ]
    spending: Spending = []
    wallets = _spending_wallets(state, orders)
    if wallets.is_empty():
        moved, state = _by_dates(state, ripe, reversals)
        transfers.append(moved)
    else:
        walked = of(state.grants, wallets, "wallet_key").select("grant")
        calm_ripe = ripe.join(walked, on="grant", how="anti")
        calm_reversals = reversals.join(walked, on="grant", how="anti")
        moved, state = _by_dates(state, calm_ripe, calm_reversals)
        transfers.append(moved)
        rows, spending, state = walk(
            state,
            wallets,
            ripe.join(walked, on="grant", how="semi"),
            reversals.join(walked, on="grant", how="semi"),
            orders,
        )
        transfers.append(pl.DataFrame(rows, schema=TRANSFERS, orient="row"))
    return pl.concat(transfers).filter(pl.col("amount") > 0), spending, state


def _any_due(state: State) -> bool:
    first = state.timers["due"].min()
    return isinstance(first, int) and state.log is not None and first <= state.log


def moving_grants(state: State, settlement: Settlement) -> pl.DataFrame:
    """Grants that enter their wallet in this batch: `since` which position, less `before`."""
    columns = ["grant", "since", "occurred_at", "amount", "before", "available_at", "expires"]
    now = settlement.grants.filter(~pl.col("held")).with_columns(
        since="position", before=pl.lit(0, dtype=pl.Int64)
    )
    if settlement.releases.is_empty():
        return now.select(columns)
    released = settlement.releases.rename({"position": "since"}).join(
        state.grants.drop("position", "occurred_at"), on="grant", how="inner"
    )
    released = released.with_columns(available_at=pl.max_horizontal("available_at", "occurred_at"))
    return pl.concat([now.select(columns), released.select(columns)])


def timers_of(moving: pl.DataFrame) -> pl.DataFrame:
    """The moments at which grants that enter their wallet become available and expire."""
    fresh = [
        moving.select(
            "grant",
            pl.lit(AVAILABLE, dtype=pl.Int32).alias("what"),
            pl.col("available_at").alias("due"),
            "since",
        )
    ]
    expiring = moving.filter(pl.col("expires").is_not_null())
    if not expiring.is_empty():
        fresh.append(
            expiring.select(
                "grant",
                pl.lit(EXPIRY, dtype=pl.Int32).alias("what"),
                (pl.col("available_at") + pl.col("expires")).alias("due"),
                "since",
            )
        )
    return pl.concat(fresh)


def _ripe(state: State, moving: pl.DataFrame, frame: pl.DataFrame) -> tuple[pl.DataFrame, State]:
    """Timers that run out in this batch, with the `position` where they do."""
    known = state.timers.with_columns(since=pl.lit(-1, dtype=pl.Int64))
    timers = pl.concat([known, timers_of(moving)])
    log = state.log if state.log is not None else -(2**62)
    ripe = timers.filter(pl.col("due") <= log)
    rest = timers.filter(pl.col("due") > log).drop("since")
    if ripe.is_empty():
        return ripe.with_columns(position="since"), state.but(timers=rest)
    position = pl.lit(state.position, dtype=pl.Int64)
    if not frame.is_empty():
        index = frame["log"].search_sorted(ripe["due"], side="left")
        inside = index < frame.height
        found = frame["position"].gather(index.clip(upper_bound=frame.height - 1))
        ripe = ripe.with_columns(
            position=pl.when(pl.lit(inside)).then(pl.lit(found)).otherwise(position)
        )
    else:
        ripe = ripe.with_columns(position=position)
    ripe = ripe.with_columns(position=pl.max_horizontal("position", "since"))
    return ripe, state.but(timers=rest)


def _moved_back(state: State, settlement: Settlement, moving: pl.DataFrame) -> pl.DataFrame:
    """Reversals of grants that had moved: not those of decisions still held, nor denials."""
    rows = settlement.reversals
    if rows.is_empty():
        return rows.with_columns(since="position")
    grants = of(state.grants, rows.select("grant").unique(), "grant").select(
        "grant", "held", pl.col("position").alias("_granted")
    )
    fates = of(state.fates, rows.select("grant").unique(), "grant").select(
        "grant", "released_position"
    )
    rows = rows.join(grants, on="grant", how="left", maintain_order="left").join(
        fates, on="grant", how="left", maintain_order="left"
    )
    since = pl.when("held").then(pl.col("released_position")).otherwise(pl.col("_granted"))
    rows = rows.with_columns(since=since)
    return rows.filter(pl.col("since") < pl.col("position")).select(
        "grant", "position", "occurred_at", "amount", "since"
    )


def _spending_wallets(state: State, orders: Orders) -> pl.DataFrame:
    wallets = pl.concat([state.spends.select("wallet_key"), orders.wallets])
    return wallets.unique()


def _by_dates(
    state: State, ripe: pl.DataFrame, reversals: pl.DataFrame
) -> tuple[pl.DataFrame, State]:
    """Moves of grants nobody spends: each follows from its dates and its reversals."""
    if ripe.is_empty() and reversals.is_empty():
        return pl.DataFrame(schema=TRANSFERS), state
    people = pl.concat([ripe.select("grant"), reversals.select("grant")]).unique()
    grants = of(state.grants, people, "grant").select("grant", "amount")
    fates = of(state.fates, people, "grant").select("grant", "before", "moved", "expired")
    due = ripe.join(grants, on="grant", how="left", maintain_order="left")
    left = pl.col("amount")
    if not fates.is_empty():
        due = due.join(fates, on="grant", how="left", maintain_order="left")
        left = left - pl.col("before").fill_null(0) - pl.col("moved").fill_null(0)
    if not reversals.is_empty():
        back = reversals.select("grant", _position="position", _amount="amount")
        taken = due.select("grant", "what", pl.col("position").alias("_due_at")).join(
            back, on="grant"
        )
        taken = taken.filter(pl.col("_position") < pl.col("_due_at"))
        taken = taken.group_by("grant", "what").agg(_taken=pl.col("_amount").sum())
        due = due.join(taken, on=["grant", "what"], how="left", maintain_order="left")
        left = left - pl.col("_taken").fill_null(0)
    due = due.with_columns(amount=left)
    transfers = [
        due.select(
            "grant",
            "what",
            "position",
            pl.col("due").alias("occurred_at"),
            "amount",
            pl.lit(False).alias("pending"),
        )
    ]
    moved = reversals.clear().select("grant", "amount")
    if not reversals.is_empty():
        rows = _reversal_moves(state, due, fates, reversals)
        transfers.append(rows)
        moved = rows.select("grant", "amount")
    expired = due.filter(pl.col("what") == EXPIRY).select("grant", "amount")
    return pl.concat(transfers), _moved_on(state, moved, expired)


def _reversal_moves(
    state: State, due: pl.DataFrame, fates: pl.DataFrame, reversals: pl.DataFrame
) -> pl.DataFrame:
    """From pending before availability, from available after it, nothing once expired."""

    def moment(what: int, name: str) -> pl.DataFrame:
        return due.filter(pl.col("what") == what).select("grant", pl.col("position").alias(name))

    waiting = of(state.timers.filter(pl.col("what") == AVAILABLE), reversals, "grant")
    rows = (
        reversals.join(moment(AVAILABLE, "_available"), on="grant", how="left")
        .join(moment(EXPIRY, "_expired"), on="grant", how="left")
        .join(fates.select("grant", _gone="expired"), on="grant", how="left")
    )
    still = pl.col("grant").is_in(waiting["grant"].implode())
    pending = (pl.col("_available") > pl.col("position")).fill_null(False) | still
    expired = (pl.col("_expired") <= pl.col("position")).fill_null(False) | (
        pl.col("_gone").fill_null(0) > 0
    )
    return rows.filter(~expired).select(
        "grant",
        pl.lit(REVERSAL, dtype=pl.Int32).alias("what"),
        "position",
        "occurred_at",
        "amount",
        pending.alias("pending"),
    )


def _moved_on(state: State, moved: pl.DataFrame, expired: pl.DataFrame) -> State:
    """Fates with what reversals moved and what expired."""
    if moved.is_empty() and expired.is_empty():
        return state
    people = pl.concat([moved.select("grant"), expired.select("grant")]).unique()
    rows = fates_of(state, people)
    back = moved.group_by("grant").agg(_moved=pl.col("amount").sum())
    gone = expired.group_by("grant").agg(_expired=pl.col("amount").sum())
    rows = rows.join(back, on="grant", how="left").join(gone, on="grant", how="left")
    rows = rows.with_columns(
        moved=pl.col("moved") + pl.col("_moved").fill_null(0),
        expired=pl.col("expired") + pl.col("_expired").fill_null(0),
    )
    return state.but(fates=put(state.fates, rows, "grant"))


# Rows of the ledger


def postings(book: Book, state: State, transfers: pl.DataFrame, spending: Spending) -> pl.DataFrame:
    """Two postings a transfer, source first, in the order of the table."""
    if transfers.is_empty() and not spending:
        return pl.DataFrame(schema=POSTINGS)
    # Grants are numbered in the order of their decisions: position, program, place.
    rows = transfers
    for column in ("what", "grant", "position"):
        rows = rows.sort(column, maintain_order=True)
    rows = rows.hstack(_grants_of(state, rows["grant"]))
    slugs = pl.Series([f"program:{line.slug}" for line in book.lines], dtype=pl.String)
    wallet = (
        pl.when("_charity").then("beneficiary").otherwise(pl.lit("wallet:") + pl.col("beneficiary"))
    )
    rows = rows.with_columns(
        _program=slugs.gather(rows["line"]),
        _pending=wallet + pl.lit(":pending"),
        _available=wallet + pl.lit(":available"),
    )
    what = pl.col("what")
    # fmt: off
    source = (
        pl.when(what == GRANT).then("_program")
        .when((what == AVAILABLE) | ((what == REVERSAL) & pl.col("pending"))).then("_pending")
        .otherwise(pl.col("_available"))
    )
    target = (
        pl.when(what == GRANT).then("_pending")
        .when(what == AVAILABLE).then("_available")
        .otherwise(pl.col("_program"))
    )
    suffix = (
        pl.when(what == GRANT).then(pl.lit("/grant"))
        .when(what == AVAILABLE).then(pl.lit("/available"))
        .when(what == EXPIRY).then(pl.lit("/expiry"))
        .otherwise(pl.lit("/reversal/") + pl.col("position").cast(pl.String))
    )
    # fmt: on
    rows = rows.select(
        pl.concat_str("decision_id", suffix).alias("transfer_id"),
        "position",
        "occurred_at",
        source.alias("_source"),
        target.alias("_target"),
        "unit",
        "amount",
    )
    if spending:
        rows = pl.concat([rows, _spent(spending)]).sort("position", maintain_order=True)
    return _two_sides(rows)


def _grants_of(state: State, numbers: pl.Series) -> pl.DataFrame:
    columns = ["decision_id", "line", "beneficiary", "wallet_key", "unit"]
    if state.grants.height == state.grants_made:
        found = state.grants.select(pl.col(columns).gather(numbers))
    else:
        asked = numbers.to_frame("grant")
        found = asked.join(state.grants, on="grant", how="left", maintain_order="left")[columns]
    return found.with_columns(pl.col("wallet_key").is_null().alias("_charity"))


def _spent(spending: Spending) -> pl.DataFrame:
    """Transfers of spends and returns: from available to `spent:USER` and back."""
    rows = []
    for what, position, at, amount, user, unit in spending:
        wallet, spent = f"wallet:{user}:available", f"spent:{user}"
        source, target = (wallet, spent) if what == SPEND else (spent, wallet)
        name = f"spend/{position}" if what == SPEND else f"return/{position}"
        rows.append((name, position, at, source, target, unit, amount))
    schema = {
        "transfer_id": pl.String,
        "position": pl.Int64,
        "occurred_at": pl.Int64,
        "_source": pl.String,
        "_target": pl.String,
        "unit": pl.String,
        "amount": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _two_sides(transfers: pl.DataFrame) -> pl.DataFrame:
    twice = transfers[pl.select(pl.int_range(2 * transfers.height) // 2).to_series()]
    source = (pl.int_range(pl.len()) % 2) == 0
    return twice.select(
        "transfer_id",
        "position",
        "occurred_at",
        pl.when(source).then("_source").otherwise("_target").alias("account"),
        "unit",
        pl.when(source).then(-pl.col("amount")).otherwise("amount").alias("amount"),
    )
