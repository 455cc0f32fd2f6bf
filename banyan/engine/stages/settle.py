"""settle: caps, refunds and releases in position order -> decisions and reversals.

The one loop of the engine: what a cap has left depends on every grant and reversal before, so
decisions are walked one by one, with nothing in the loop but integers and one dictionary. All
else (which cap, which period, which refund touches which grant, which fraction) is joined before.
"""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import SCALE, Book, Bucket
from banyan.engine.order import first_rows
from banyan.engine.stages.caps import bucket_columns, with_buckets
from banyan.engine.stages.facts import order_key
from banyan.engine.stages.read import Events
from banyan.engine.stages.risk import HOLD, REJECT
from banyan.engine.state import SCHEMAS, State, append, of, put

REFUNDED, RELEASED, DENIED = "Order Refunded", "Decision Released", "Decision Denied"
CHANGING = (REFUNDED, RELEASED, DENIED)
"""Events that change decisions made before."""

REVERSALS = {
    "grant": pl.Int64,
    "position": pl.Int64,
    "occurred_at": pl.Int64,
    "amount": pl.Int64,
}
RELEASES = {
    "grant": pl.Int64,
    "position": pl.Int64,
    "occurred_at": pl.Int64,
    "before": pl.Int64,
}


class Settlement(NamedTuple):
    """What a batch decides about money, before it moves."""

    decisions: pl.DataFrame
    """The rewards due, with amount, outcome, reason, available_at and expires_at."""
    grants: pl.DataFrame
    """Those that gave or hold something, as in `state.grants`."""
    reversals: pl.DataFrame
    releases: pl.DataFrame


def settle(book: Book, state: State, due: pl.DataFrame, events: Events) -> tuple[Settlement, State]:
    """Decide every due reward, and apply every refund, release and denial of the batch."""
    changing = not events.names.isdisjoint(CHANGING)
    if due.is_empty() and not changing:
        return Settlement(due, _NO_GRANTS, _NO_REVERSALS, _NO_RELEASES), state
    earlier = _none_earlier(book)
    operations: list[Operation] = []
    if changing:
        refunds, rulings = _refunds(book, events), _rulings(events)
        state = state.plus(refunds=refunds)
        earlier = _earlier(book, state, refunds, rulings)
        operations = _operations(book, state, due, earlier, refunds, rulings)
    with _no_garbage_collection():
        walk = _Walk(book, state, due, earlier)
        walk.run(operations)
    decisions = _decided(book, due, walk.amounts[: due.height], walk.cuts)
    grants = _grants(state, decisions)
    touched = {row for row, *_ in (*walk.reversals, *walk.releases)}.union(walk.denied)
    numbers = _grant_numbers(state, decisions, earlier, touched)
    reversals = _numbered(walk.reversals, REVERSALS, numbers)
    releases = _numbered(walk.releases, RELEASES, numbers)
    denied = {numbers[d] for d in walk.denied}
    state = state.plus(grants=grants).but(
        grants_made=state.grants_made + grants.height,
        used=put(state.used, walk.used_rows(), "bucket"),
        fates=_fates(state, reversals, releases, denied),
    )
    return Settlement(decisions, grants, reversals, releases), state


_NO_GRANTS = pl.DataFrame(schema=dict(SCHEMAS["grants"]))
_NO_REVERSALS = pl.DataFrame(schema=REVERSALS)
_NO_RELEASES = pl.DataFrame(schema=RELEASES)


# Refunds, releases, denials


def _none_earlier(book: Book) -> pl.DataFrame:
    fates = {k: SCHEMAS["fates"][k] for k in ("reversed", "denied", "released_position")}
    schema = {**SCHEMAS["grants"], "at": pl.Int64, **bucket_columns(book), **fates}
    return pl.DataFrame(schema=schema)


def _rulings(events: Events) -> pl.DataFrame:
    rows = events.named([RELEASED, DENIED], ["position", "at", "event", "properties.decision_id"])
    return rows.filter(pl.col("properties.decision_id").is_not_null())


def _refunds(book: Book, events: Events) -> pl.DataFrame:
    names = [REFUNDED] if book.refunds_matter else []
    columns = ["position", "at", "user_key", "properties.order_id", "properties.total"]
    rows = events.named(names, columns)
    return rows.filter(pl.col("properties.order_id").is_not_null()).select(
        order_key("properties.order_id"),
        "user_key",
        "position",
        pl.col("properties.total").alias("total"),
        "at",
    )


_EARLIER = ["grant", *(c for c in SCHEMAS["grants"] if c != "grant")]


def _earlier(
    book: Book, state: State, refunds: pl.DataFrame, rulings: pl.DataFrame
) -> pl.DataFrame:
    """Grants of earlier batches that this batch's refunds or rulings may concern, with buckets."""
    found = of(state.grants, refunds.select("order_key").unique(), "order_key")
    if not rulings.is_empty():
        ids = rulings.select(decision_id="properties.decision_id").unique()
        ruled = of(state.grants.filter("held"), ids, "decision_id")
        found = pl.concat([found, ruled]).unique("grant", keep="first", maintain_order=True)
    rows = found.with_columns(at="occurred_at")
    parts = [
        with_buckets(book, int(number), rows.filter(pl.col("payout") == number))
        for number in rows["payout"].unique().sort()
    ]
    rows = pl.concat(parts) if parts else with_buckets(book, 0, rows) if book.payouts else rows
    fates = of(state.fates, rows, "grant").select(
        "grant", "reversed", "denied", "released_position"
    )
    return rows.join(fates, on="grant", how="left", maintain_order="left")


Operation = tuple[int, int, int, int, int, int]
"""(position, what, row, numerator, denominator, occurred_at)"""

REFUND_SHARE, REFUND_WHOLE, RELEASE, DENY = range(4)


def _operations(
    book: Book,
    state: State,
    due: pl.DataFrame,
    earlier: pl.DataFrame,
    refunds: pl.DataFrame,
    rulings: pl.DataFrame,
) -> list[Operation]:
    """Everything that changes a decision after it was made, by position.

    Rows of `due` are numbered from 0, those of `earlier` go on from there.
    """
    columns = ["row", "payout", "order_key", "user_key", "position", "event_total", "decision_id"]
    everyone = pl.concat(
        [
            due.with_row_index("row").select(columns),
            earlier.with_row_index("row", offset=due.height).select(columns),
        ]
    )
    operations: list[Operation] = []
    if not refunds.is_empty():
        operations += _refund_operations(book, state, everyone, refunds)
    if not rulings.is_empty():
        named = rulings.select(
            pl.col("position").alias("_at_position"),
            "at",
            pl.col("properties.decision_id").alias("decision_id"),
            pl.when(pl.col("event") == RELEASED).then(RELEASE).otherwise(DENY).alias("what"),
        )
        rows = named.join(everyone, on="decision_id").filter(
            pl.col("position") < pl.col("_at_position")
        )
        operations += [
            (p, w, r, 0, 1, at)
            for p, w, r, at in rows.select("_at_position", "what", "row", "at").rows()
        ]
    return sorted(operations)


def _refund_operations(
    book: Book, state: State, everyone: pl.DataFrame, refunds: pl.DataFrame
) -> list[Operation]:
    concerned = everyone.join(refunds, on="order_key", how="semi")
    policies = _policies(book)
    concerned = concerned.join(policies, on="payout").filter(pl.col("policy") >= 0)
    if concerned.is_empty():
        return []
    pairs = refunds.rename({"position": "refund_position", "user_key": "refunder"}).join(
        concerned, on="order_key"
    )
    pairs = pairs.filter(
        (pl.col("position") < pl.col("refund_position"))
        & (pl.col("refunder").is_null() | (pl.col("refunder") == pl.col("user_key")))
    )
    if pairs.is_empty():
        return []
    pairs = _fractions(state, pairs)
    rows = pairs.select("refund_position", "policy", "row", "_paid_back", "_order_total", "at")
    return [(p, w, r, int(n), int(d), at) for p, w, r, n, d, at in rows.rows()]


def _policies(book: Book) -> pl.DataFrame:
    """Per payout: how a refund takes back (-1: not at all), and the currency's decimal places."""
    known = {"proportional": REFUND_SHARE, "full": REFUND_WHOLE, "keep": -1}
    return pl.DataFrame(
        {
            "payout": [p.number for _, _, p in book.payouts],
            "policy": [known[p.refund] for _, _, p in book.payouts],
            "digits": [t.program.minor_digits for _, t, _ in book.payouts],
        },
        schema={"payout": pl.Int32, "policy": pl.Int64, "digits": pl.Int64},
    )


def _fractions(state: State, pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs` of refund and decision with what was refunded so far and of how much.

    Both in minor units; a refund or an order without a total means all, written 1 of 1.
    """
    orders = of(state.orders, pairs.select("order_key").unique(), "order_key")
    orders = first_rows(orders, "order_key", "user_key").rename(
        {"position": "order_position", "total": "order_total"}
    )
    pairs = pairs.join(orders, on=["order_key", "user_key"], how="left")
    known = pl.col("order_position") < pl.col("refund_position")
    pairs = pairs.with_columns(
        base=pl.when(known).then(pl.col("order_position")).otherwise(pl.col("position")),
        whole=pl.when(known).then(pl.col("order_total")).otherwise(pl.col("event_total")),
    )
    pairs = pairs.with_columns(whole=_minor("whole"))
    before = of(state.refunds, pairs.select("order_key").unique(), "order_key").select(
        "order_key",
        pl.col("user_key").alias("_by"),
        pl.col("position").alias("_position"),
        pl.col("total").alias("_total"),
    )
    so_far = pairs.select("row", "refund_position", "order_key", "user_key", "base", "digits").join(
        before, on="order_key"
    )
    so_far = so_far.filter(
        (pl.col("_by").is_null() | (pl.col("_by") == pl.col("user_key")))
        & (pl.col("_position") > pl.col("base"))
        & (pl.col("_position") <= pl.col("refund_position"))
    )
    sums = so_far.group_by("row", "refund_position").agg(
        paid=_minor("_total").sum(), all=pl.col("_total").is_null().any()
    )
    pairs = pairs.join(sums, on=["row", "refund_position"], how="left")
    everything = pl.col("all") | pl.col("whole").is_null() | (pl.col("whole") <= 0)
    one = pl.lit(1, dtype=pl.Int128)
    return pairs.with_columns(
        _paid_back=pl.when(everything)
        .then(one)
        .otherwise(pl.min_horizontal(pl.col("paid").clip(lower_bound=0), pl.col("whole"))),
        _order_total=pl.when(everything).then(one).otherwise(pl.col("whole")),
    )


def _minor(column: str) -> pl.Expr:
    """A scaled amount in minor units of `digits` places, half away from zero."""
    size = pl.col(column).abs()
    result = pl.lit(None, dtype=pl.Int128)
    for digits in range(5):
        step = 10**12 // 10**digits
        result = (
            pl.when(pl.col("digits") == digits)
            .then((size + step // 2) // pl.lit(step, dtype=pl.Int128))
            .otherwise(result)
        )
    return pl.when(pl.col(column) < 0).then(result * -1).otherwise(result)


# The loop


Buckets = tuple[int | None, ...]


class _Plan:
    """The caps over one reward, as the loop asks them: (slot, size, counts, partial)."""

    __slots__ = ("caps", "first", "second", "usual")

    def __init__(self, buckets: Sequence[Bucket]) -> None:
        self.caps = tuple((slot, b.size, b.counts, b.partial) for slot, b in enumerate(buckets))
        plain = all(b.partial and not b.counts and not b.unit_varies for b in buckets)
        self.usual = len(buckets) if plain and len(buckets) <= 2 else 0
        self.first = buckets[0].size if buckets else 0
        self.second = buckets[1].size if len(buckets) > 1 else 0


class _Walk:
    """Decisions and operations in order: the only place where one decision sees the one before.

    Rows are those of `due`, then those of `earlier`. Plain lists of integers and one dictionary:
    no tuple keys, no objects, nothing allocated a row.
    """

    def __init__(self, book: Book, state: State, due: pl.DataFrame, earlier: pl.DataFrame) -> None:
        playing = (pl.col("verdict") != REJECT) & (pl.col("raw") > 0)
        self.positions: list[int] = due["position"].to_list()
        self.raws: list[int] = due.select(pl.when(playing).then("raw").otherwise(0))[
            "raw"
        ].to_list()
        self.amounts: list[int] = [0] * due.height + earlier["amount"].to_list()
        self.cuts: list[int] = [-1] * due.height
        plans = [_Plan(p.buckets) for _, _, p in book.payouts]
        payouts = due["payout"].to_list() + earlier["payout"].to_list()
        self.row_plans = list(map(plans.__getitem__, payouts))
        slots = [f"bucket_{i}" for i in range(book.width)]
        columns = [due[s].to_list() + earlier[s].to_list() for s in slots]
        self.buckets: list[Buckets] = (
            list(zip(*columns, strict=True)) if slots else [()] * len(payouts)
        )
        self.used = self._used(state, slots, due, earlier)
        held = (due["verdict"] == HOLD).arg_true().to_list()
        held += [due.height + i for i in earlier["held"].arg_true().to_list()]
        self.held = set(held)
        self.reversed: dict[int, int] = {}
        self.ruled: set[int] = set()
        self._take_up(earlier, due.height)
        self.denied: list[int] = []
        self.reversals: list[tuple[int, int, int, int]] = []
        self.releases: list[tuple[int, int, int, int]] = []

    def _take_up(self, earlier: pl.DataFrame, offset: int) -> None:
        """What earlier batches did to earlier decisions."""
        fates = earlier.select("reversed", "denied", "released_position").rows()
        for row, (gone, denied, released) in enumerate(fates, start=offset):
            if gone:
                self.reversed[row] = gone
            if denied or released is not None:
                self.ruled.add(row)

    def _used(
        self, state: State, slots: list[str], due: pl.DataFrame, earlier: pl.DataFrame
    ) -> dict[int | None, int]:
        if state.used.is_empty() or not slots:
            return {}
        frames = [due] if earlier.is_empty() else [due, earlier]
        asked = pl.concat([f[s].alias("bucket") for s in slots for f in frames])
        rows = of(state.used, asked.unique().to_frame(), "bucket")
        return dict(zip(rows["bucket"].to_list(), rows["used"].to_list(), strict=True))

    def run(self, operations: list[Operation]) -> None:
        """Walk everything; at one position decisions come before what takes back."""
        start = 0
        for operation in operations:
            stop = bisect_right(self.positions, operation[0])
            if stop > start:
                self._decide(start, stop)
                start = stop
            self._operate(operation)
        self._decide(start, len(self.positions))

    def _decide(self, start: int, stop: int) -> None:
        """Cut each amount by its caps and limits in file order, and count what is granted.

        The usual plan, one or two caps that grant what is left, is written out: it is most of the
        time of a long replay. `_cut` says the same for any plan.
        """
        used, amounts, cuts = self.used, self.amounts, self.cuts
        known = used.get
        rows = range(start, stop)
        raws, plans, keys = self.raws, self.row_plans, self.buckets
        for row, amount, plan, buckets in zip(
            rows, raws[start:stop], plans[start:stop], keys[start:stop], strict=True
        ):
            if not amount:
                continue
            if plan.usual == 2:
                first, second = buckets[0], buckets[1]
                was = known(first, 0)
                left = plan.first - was
                if amount > left:
                    amount = left if left > 0 else 0
                    cuts[row] = 0
                    if not amount:
                        continue
                was_second = known(second, 0)
                left = plan.second - was_second
                if amount > left:
                    amount = left if left > 0 else 0
                    cuts[row] = 1
                    if not amount:
                        continue
                used[first] = was + amount
                used[second] = was_second + amount
            elif plan.usual == 1:
                was = known(buckets[0], 0)
                left = plan.first - was
                if amount > left:
                    amount = left if left > 0 else 0
                    cuts[row] = 0
                used[buckets[0]] = was + amount
            else:
                amount = self._cut(row, amount, plan, buckets)
            amounts[row] = amount

    def _cut(self, row: int, amount: int, plan: _Plan, buckets: Buckets) -> int:
        used = self.used
        for slot, size, counts, partial in plan.caps:
            bucket = buckets[slot]
            if bucket is None:
                continue
            left = size - used.get(bucket, 0)
            if counts:
                if left > 0:
                    continue
                amount = 0
            elif amount <= left:
                continue
            else:
                amount = left if partial and left > 0 else 0
            self.cuts[row] = slot
            if not amount:
                return 0
        for slot, _, counts, _ in plan.caps:
            bucket = buckets[slot]
            if bucket is not None:
                used[bucket] = used.get(bucket, 0) + (1 if counts else amount)
        return amount

    def _give_back(self, row: int, amount: int, *, whole: bool) -> None:
        buckets = self.buckets[row]
        for slot, _, counts, _ in self.row_plans[row].caps:
            bucket = buckets[slot]
            if bucket is not None:
                self.used[bucket] -= whole if counts else amount

    def _operate(self, operation: Operation) -> None:
        position, what, row, paid_back, total, at = operation
        amount = self.amounts[row]
        if not amount:
            return
        gone = self.reversed.get(row, 0)
        if what == RELEASE:
            if row in self.held and row not in self.ruled:
                self.ruled.add(row)
                self.releases.append((row, position, at, gone))
            return
        if what == DENY:
            if row not in self.held or row in self.ruled:
                return
            self.ruled.add(row)
            self.denied.append(row)
            target = amount
        elif what == REFUND_WHOLE:
            target = amount if paid_back >= total else gone
        else:
            target = (2 * amount * paid_back + total) // (2 * total)
        if target > gone:
            self.reversed[row] = target
            self.reversals.append((row, position, at, target - gone))
            self._give_back(row, target - gone, whole=target == amount)

    def used_rows(self) -> pl.DataFrame:
        """What every bucket that was asked has used now."""
        return pl.DataFrame(
            {"bucket": list(self.used), "used": list(self.used.values())},
            schema=dict(SCHEMAS["used"]),
        )


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of integers in lists make every collection a full walk; none is needed here."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


# Results


def _decided(book: Book, due: pl.DataFrame, amounts: list[int], cuts: list[int]) -> pl.DataFrame:
    """Due rewards with their outcome; the reason tells the last cap that cut."""
    labels = _labels(book)
    width = max(book.width, 1)
    cut = pl.Series("cut", cuts, dtype=pl.Int64)
    label = due["payout"].cast(pl.Int64) * width + cut
    slot = labels.gather(pl.select(pl.when(cut >= 0).then(label)).to_series())
    rows = due.with_columns(
        amount=pl.Series(amounts, dtype=pl.Int64),
        _slot=slot,
    )
    rejected = pl.col("amount") == 0
    risky = pl.lit("risk:") + pl.col("verdict_id")
    reason = (
        pl.when(pl.col("verdict") == REJECT)
        .then(risky)
        .when(pl.col("raw") == 0)
        .then(pl.lit("zero_amount"))
        .when((pl.col("verdict") == HOLD) & ~rejected)
        .then(risky)
        .otherwise(pl.col("_slot"))
    )
    outcome = (
        pl.when(rejected)
        .then(pl.lit("rejected"))
        .when(pl.col("verdict") == HOLD)
        .then(pl.lit("held"))
        .otherwise(pl.lit("granted"))
    )
    available = pl.when(~rejected).then(pl.col("at") + pl.col("hold"))
    return rows.with_columns(
        outcome=outcome,
        reason=reason,
        available_at=available,
        expires_at=available + pl.col("expires"),
    )


def _labels(book: Book) -> pl.Series:
    width = max(book.width, 1)
    names: list[str | None] = [None] * (width * len(book.payouts))
    for _, _, payout in book.payouts:
        for slot, bucket in enumerate(payout.buckets):
            names[payout.number * width + slot] = bucket.slot
    return pl.Series(names, dtype=pl.String)


def _grants(state: State, decisions: pl.DataFrame) -> pl.DataFrame:
    rows = decisions.filter(pl.col("amount") > 0).with_row_index("grant", offset=state.grants_made)
    return rows.select(
        pl.col("grant").cast(pl.Int64),
        "decision_id",
        "payout",
        "line",
        "place",
        "position",
        pl.col("at").alias("occurred_at"),
        "beneficiary",
        "beneficiary_key",
        "advocate_key",
        "friend_key",
        "user_key",
        _wallet_key(),
        "order_key",
        "event_total",
        "unit",
        "amount",
        (pl.col("outcome") == "held").alias("held"),
        "available_at",
        "expires",
    )


def _wallet_key() -> pl.Expr:
    """A wallet is a user and a unit; a charity has none."""
    wallet = key(pl.concat_str("beneficiary", pl.lit("\n"), "unit"), "other")
    return pl.when(~pl.col("charity")).then(wallet).alias("wallet_key")


def _grant_numbers(
    state: State, decisions: pl.DataFrame, earlier: pl.DataFrame, rows: set[int]
) -> dict[int, int]:
    """Numbers of the grants behind some rows of the walk."""
    asked = sorted(row for row in rows if row < decisions.height)
    before = (decisions["amount"] > 0).cum_sum().gather(asked)
    numbers = {row: state.grants_made + int(n) - 1 for row, n in zip(asked, before, strict=True)}
    offset = decisions.height
    numbers |= {offset + i: grant for i, grant in enumerate(earlier["grant"].to_list())}
    return numbers


def _numbered(
    rows: list[tuple[int, int, int, int]], schema: Mapping[str, Any], numbers: dict[int, int]
) -> pl.DataFrame:
    renamed = [(numbers[row], *rest) for row, *rest in rows]
    return pl.DataFrame(renamed, schema=schema, orient="row")


def _fates(
    state: State, reversals: pl.DataFrame, releases: pl.DataFrame, denied: set[int]
) -> pl.DataFrame:
    """`state.fates` with what was reversed, denied and released in this batch."""
    if reversals.is_empty() and releases.is_empty() and not denied:
        return state.fates
    grants = pl.concat(
        [
            reversals.select("grant"),
            releases.select("grant"),
            pl.DataFrame({"grant": list(denied)}, schema={"grant": pl.Int64}),
        ]
    ).unique()
    rows = fates_of(state, grants)
    more = reversals.group_by("grant").agg(_more=pl.col("amount").sum())
    let = releases.rename({"position": "_position", "occurred_at": "_at", "before": "_before"})
    rows = rows.join(more, on="grant", how="left").join(let, on="grant", how="left")
    rows = rows.with_columns(
        reversed=pl.col("reversed") + pl.col("_more").fill_null(0),
        denied=pl.col("denied") | pl.col("grant").is_in(list(denied)),
        released_position=pl.coalesce("_position", "released_position"),
        released_at=pl.coalesce("_at", "released_at"),
        before=pl.coalesce("_before", "before"),
    )
    return put(state.fates, rows, "grant")


def fates_of(state: State, grants: pl.DataFrame) -> pl.DataFrame:
    """Fates of the grants named, a fresh one where nothing has become of a grant yet."""
    known = of(state.fates, grants, "grant")
    new = (
        grants.select("grant")
        if known.is_empty()
        else grants.select("grant").join(known, on="grant", how="anti")
    )
    fresh = new.with_columns(
        reversed=pl.lit(0, dtype=pl.Int64),
        denied=pl.lit(False),
        released_position=pl.lit(None, dtype=pl.Int64),
        released_at=pl.lit(None, dtype=pl.Int64),
        before=pl.lit(0, dtype=pl.Int64),
        available=pl.lit(False),
        moved=pl.lit(0, dtype=pl.Int64),
        expired=pl.lit(0, dtype=pl.Int64),
        spent=pl.lit(0, dtype=pl.Int64),
    )
    return append(known, fresh)


__all__ = ["SCALE", "Settlement", "settle"]
