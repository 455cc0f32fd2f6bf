"""post: what is granted, due, reversed, spent -> postings.

A grant that nobody spends moves by its own dates alone, so whole batches are posted at once. Only
wallets that ever spent are walked (`wallets.py`), since a spend uses up the grants that expire
first. A moment falls due at the first position whose log time has reached it, before that
position's own event; what is due at once follows its grant.
"""

from __future__ import annotations

import polars as pl

from banyan.engine.language.book import Book
from banyan.engine.order import joined, only, without
from banyan.engine.stages.read import Events
from banyan.engine.stages.settle import Settlement, fates_of
from banyan.engine.stages.wallets import SPENDING, Orders, credited, read_orders, walk
from banyan.engine.state import State

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


def moves(
    state: State, settlement: Settlement, events: Events, *, log: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, State]:
    """Transfers of grants (`TRANSFERS`), and the moves of wallets that took place (`SPENDING`).

    Needs of the events those of wallets, and of `log` (`position`, `log`) no more rows than the
    first whose log time has reached each moment that falls due.
    """
    orders = read_orders(state, events)
    credits_, state = credited(state, events)
    moving = moving_grants(state, settlement)
    ripe, state = _ripe(state, moving, credits_, log)
    reversals = _moved_back(state, settlement)
    if moving.is_empty() and ripe.is_empty() and reversals.is_empty() and not orders:
        return _NO_TRANSFERS, _NO_SPENDING, state
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
    spending = _NO_SPENDING
    grants = _held(state, pl.concat([ripe[["grant"]], reversals[["grant"]]]))
    wallets = _spending_wallets(state, grants, orders)
    if wallets.is_empty():
        moved, state = _by_dates(state, grants, ripe, reversals)
        transfers.append(moved)
    else:
        walked = grants.join(wallets, on="wallet_key", how="semi")[["grant"]]
        calm_ripe, calm_reversals = (without(rows, walked, "grant") for rows in (ripe, reversals))
        moved, state = _by_dates(state, grants, calm_ripe, calm_reversals)
        transfers.append(moved)
        rows, ordered, state = walk(
            state,
            wallets,
            ripe.join(walked, on="grant", how="semi"),
            reversals.join(walked, on="grant", how="semi"),
            orders,
        )
        transfers.append(pl.DataFrame(rows, schema=TRANSFERS, orient="row"))
        spending = pl.DataFrame(ordered, schema=SPENDING, orient="row")
    moved = pl.concat(transfers).filter(pl.col("amount") > 0)
    of_credits = moved["grant"] < 0
    if of_credits.any():
        spending = pl.concat([spending, _of_credits(state, moved.filter(of_credits))])
        moved = moved.filter(~of_credits)
    return moved, spending, state


def _held(state: State, numbers: pl.DataFrame) -> pl.DataFrame:
    """What lies in a wallet under these numbers: `grant`, `wallet_key`, `amount`."""
    columns = ["grant", "wallet_key", "amount"]
    grants = state.of("grants", numbers, "grant")[columns]
    lots = only(numbers, numbers["grant"] < 0)
    return (
        grants if lots.is_empty() else pl.concat([grants, state.of("lots", lots, "grant")[columns]])
    )


def _of_credits(state: State, moved: pl.DataFrame) -> pl.DataFrame:
    """Transfers of credits as moves of their wallets."""
    lots = state.of("lots", moved, "grant")[["grant", "user", "unit"]]
    rows = joined(moved, lots, "grant")
    return rows.with_columns(lot=-pl.col("grant"))[list(SPENDING)]


def moving_grants(state: State, settlement: Settlement) -> pl.DataFrame:
    """Grants that enter their wallet in this batch: `since` which position, less `before`."""
    if settlement.grants.is_empty() and settlement.releases.is_empty():
        return _NONE_MOVING
    now = only(settlement.grants, ~settlement.grants["held"]).with_columns(
        since="position", before=pl.lit(0, dtype=pl.Int64)
    )[_NONE_MOVING.columns]
    if settlement.releases.is_empty():
        return now
    released = settlement.releases.rename({"position": "since"})
    grants = state.of("grants", released, "grant").drop("position", "occurred_at")
    released = joined(released, grants, "grant", how="inner")
    released = released.with_columns(available_at=pl.max_horizontal("available_at", "occurred_at"))
    return pl.concat([now, released[_NONE_MOVING.columns]])


_NO_TRANSFERS = pl.DataFrame(schema=TRANSFERS)
_NO_SPENDING = pl.DataFrame(schema=SPENDING)
_NONE_MOVING = pl.DataFrame(
    schema={
        "grant": pl.Int64,
        "since": pl.Int64,
        "occurred_at": pl.Int64,
        "amount": pl.Int64,
        "before": pl.Int64,
        "available_at": pl.Int64,
        "expires": pl.Int64,
    }
)
_NONE_BACK = pl.DataFrame(
    schema={
        "grant": pl.Int64,
        "position": pl.Int64,
        "occurred_at": pl.Int64,
        "amount": pl.Int64,
        "since": pl.Int64,
    }
)
_NONE_RIPE = pl.DataFrame(
    schema={
        "grant": pl.Int64,
        "what": pl.Int32,
        "due": pl.Int64,
        "since": pl.Int64,
        "position": pl.Int64,
    }
)


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


def expiries_of(credits_: pl.DataFrame) -> pl.DataFrame:
    """The moments at which credits expire, as `timers_of` gives those of grants."""
    ending = only(credits_, credits_["expires_at"].is_not_null())
    return ending.select(
        "grant",
        pl.lit(EXPIRY, dtype=pl.Int32).alias("what"),
        pl.col("expires_at").alias("due"),
        pl.col("position").alias("since"),
    )


def _ripe(
    state: State, moving: pl.DataFrame, credits_: pl.DataFrame, frame: pl.DataFrame
) -> tuple[pl.DataFrame, State]:
    """Timers that run out in this batch, with the `position` where they do.

    A credit's coming is one of them: it is available at its own position, whatever the time.
    """
    known, state = state.ring()
    ripe = known.with_columns(since=pl.lit(-1, dtype=pl.Int64)) if known.height else _NONE_RIPE
    if moving.height or credits_.height:
        timers = timers_of(moving)
        if credits_.height:
            timers = pl.concat([timers, expiries_of(credits_)])
        reached = timers["due"] <= (-(2**62) if state.log is None else state.log)
        state = state.plus(timers=only(timers, ~reached))
        now = only(timers, reached)
        ripe = pl.concat([ripe[now.columns], now])
    if ripe.is_empty() and credits_.is_empty():
        return _NONE_RIPE, state
    position = pl.lit(state.position, dtype=pl.Int64)
    if not frame.is_empty():
        index = frame["log"].search_sorted(ripe["due"], side="left")
        inside = index < frame.height
        found = frame["position"].gather(index.clip(upper_bound=frame.height - 1))
        position = pl.when(pl.lit(inside)).then(pl.lit(found)).otherwise(position)
    ripe = ripe.with_columns(position=pl.max_horizontal(position, "since"))
    return (ripe if credits_.is_empty() else pl.concat([_coming(credits_), ripe])), state


def _coming(credits_: pl.DataFrame) -> pl.DataFrame:
    return credits_.select(
        "grant",
        pl.lit(AVAILABLE, dtype=pl.Int32).alias("what"),
        pl.col("at").alias("due"),
        pl.col("position").alias("since"),
        "position",
    )


def _moved_back(state: State, settlement: Settlement) -> pl.DataFrame:
    """Reversals of grants that had moved: not those of decisions still held, nor denials."""
    rows = settlement.reversals
    if rows.is_empty():
        return _NONE_BACK
    grants = state.of("grants", rows, "grant")[["grant", "held", "position"]]
    fates = state.of("fates", rows, "grant")[["grant", "released_position"]]
    rows = joined(rows, grants.rename({"position": "_granted"}), "grant")
    rows = joined(rows, fates, "grant")
    since = pl.when("held").then(pl.col("released_position")).otherwise(pl.col("_granted"))
    rows = rows.with_columns(since=since)
    return rows.filter(pl.col("since") < pl.col("position"))[_NONE_BACK.columns]


def _spending_wallets(state: State, grants: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    """Wallets that ever spent, of those in which something moves or is ordered in this batch."""
    if state.lacks("spends") and not orders:
        return orders.wallets
    spent = state.of("spends", grants, "wallet_key")[["wallet_key"]]
    return pl.concat([spent, orders.wallets]).unique()


def _by_dates(
    state: State, grants: pl.DataFrame, ripe: pl.DataFrame, reversals: pl.DataFrame
) -> tuple[pl.DataFrame, State]:
    """Moves of grants and credits nobody spends: each follows from its dates and its reversals.

    `grants` are at least those of the timers and the reversals.
    """
    if ripe.is_empty() and reversals.is_empty():
        return _NO_TRANSFERS, state
    people = pl.concat([ripe[["grant"]], reversals[["grant"]]])
    fates = state.of("fates", people, "grant")[["grant", "before", "moved", "expired"]]
    due = joined(ripe, grants[["grant", "amount"]], "grant")
    left = pl.col("amount")
    if not fates.is_empty():
        due = joined(due, fates, "grant")
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
    moved = reversals[["grant", "amount"]]
    if not reversals.is_empty():
        rows = _reversal_moves(state, due, fates, reversals)
        transfers.append(rows)
        moved = rows[["grant", "amount"]]
    expired = only(due, (due["what"] == EXPIRY) & (due["amount"] > 0))[["grant", "amount"]]
    return pl.concat(transfers), _moved_on(state, moved, expired)


def _reversal_moves(
    state: State, due: pl.DataFrame, fates: pl.DataFrame, reversals: pl.DataFrame
) -> pl.DataFrame:
    """From pending before availability, from available after it, nothing once expired."""

    def moment(what: int, name: str) -> pl.DataFrame:
        return due.filter(pl.col("what") == what).select("grant", pl.col("position").alias(name))

    timers = state.of("timers", reversals, "grant")
    waiting = only(timers, timers["what"] == AVAILABLE)
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
    rows = fates_of(state, pl.concat([moved[["grant"]], expired[["grant"]]]).unique())
    back = moved.group_by("grant").agg(_moved=pl.col("amount").sum())
    gone = expired.group_by("grant").agg(_expired=pl.col("amount").sum())
    rows = joined(joined(rows, back, "grant"), gone, "grant").with_columns(
        moved=pl.col("moved") + pl.col("_moved").fill_null(0),
        expired=pl.col("expired") + pl.col("_expired").fill_null(0),
    )
    return state.put(fates=rows)


# Rows of the ledger

_NO_POSTINGS = pl.DataFrame(schema=POSTINGS)


def postings(
    book: Book, state: State, transfers: pl.DataFrame, spending: pl.DataFrame
) -> pl.DataFrame:
    """Two postings a transfer, source first, in the order of the table."""
    if transfers.is_empty() and spending.is_empty():
        return _NO_POSTINGS
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
    if spending.height:
        rows = pl.concat([rows, _spent(spending)]).sort("position", maintain_order=True)
    return _two_sides(rows)


def _grants_of(state: State, numbers: pl.Series) -> pl.DataFrame:
    columns = ["decision_id", "line", "beneficiary", "wallet_key", "unit"]
    if state.grants.height == state.grants_made:
        # All there are: a grant's number is its place.
        found = state.grants.select(pl.col(columns).gather(numbers))
    else:
        asked = numbers.to_frame("grant")
        known = state.of("grants", asked, "grant")[["grant", *columns]]
        found = joined(asked, known, "grant")[columns]
    return found.with_columns(pl.col("wallet_key").is_null().alias("_charity"))


def _spent(spending: pl.DataFrame) -> pl.DataFrame:
    """Transfers of wallets alone: to and from `spent:USER`, from and to `topup:USER`."""
    what, position, lot = pl.col("what"), pl.col("position"), pl.col("lot")
    ordered = what.is_in([SPEND, RETURN])
    leaves = what.is_in([SPEND, EXPIRY])
    wallet = pl.format("wallet:{}:available", "user")
    other = (
        pl.when(ordered)
        .then(pl.format("spent:{}", "user"))
        .otherwise(pl.format("topup:{}", "user"))
    )
    # fmt: off
    name = (
        pl.when(what == SPEND).then(pl.format("spend/{}", position))
        .when(what == RETURN).then(pl.format("return/{}", position))
        .when(what == EXPIRY).then(pl.format("topup/{}/expiry", lot))
        .otherwise(pl.format("topup/{}", lot))
    )
    # fmt: on
    return spending.sort("position", "lot", "what").select(
        name.alias("transfer_id"),
        "position",
        "occurred_at",
        pl.when(leaves).then(wallet).otherwise(other).alias("_source"),
        pl.when(leaves).then(other).otherwise(wallet).alias("_target"),
        "unit",
        "amount",
    )


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
