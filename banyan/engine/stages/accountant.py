"""accountant: the one loop of the engine.

What a cap has left depends on every grant and reversal before, so decisions are walked one by one,
with nothing in the loop but integers and one dictionary.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import polars as pl

from banyan.engine.language.book import Book, Bucket
from banyan.engine.order import without
from banyan.engine.stages.refunds import DENY, REFUND_WHOLE, RELEASE, Operation
from banyan.engine.stages.risk import HOLD, REJECT
from banyan.engine.state import SCHEMAS, State, blank

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


class Accountant:
    """Decisions and operations in order: the only place where one decision sees the one before.

    Rows are those of `due`, then those of `earlier`. Plain lists of integers and one dictionary:
    no tuple keys, no objects, nothing allocated a row.
    """

    def __init__(self, book: Book, state: State, due: pl.DataFrame, earlier: pl.DataFrame) -> None:
        raws, refused = due["raw"], due["verdict"] == REJECT
        if refused.any():
            raws = raws.zip_with(~refused, pl.Series([0], dtype=raws.dtype))
        self.positions = due["position"]
        self.raws: list[int] = raws.to_list()
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
        self.known = self._known(state, slots, due, earlier)
        columns_known = (self.known[c].to_list() for c in ("bucket", "used"))
        self.used: dict[int | None, int] = dict(zip(*columns_known, strict=True))
        self.held = set(_places(due["verdict"] == HOLD, 0))
        self.held.update(_places(earlier["held"], due.height))
        self.reversed: dict[int, int] = {}
        self.ruled: set[int] = set()
        self._take_up(earlier, due.height)
        self.denied: list[int] = []
        self.reversals: list[tuple[int, int, int, int]] = []
        self.releases: list[tuple[int, int, int, int]] = []

    def _take_up(self, earlier: pl.DataFrame, offset: int) -> None:
        """What earlier batches did to earlier decisions."""
        fates = earlier[["reversed", "denied", "released_position"]].rows()
        for row, (gone, denied, released) in enumerate(fates, start=offset):
            if gone:
                self.reversed[row] = gone
            if denied or released is not None:
                self.ruled.add(row)

    def _known(
        self, state: State, slots: list[str], due: pl.DataFrame, earlier: pl.DataFrame
    ) -> pl.DataFrame:
        """What the buckets that may be asked had used before, as `state.used`."""
        if state.lacks("used") or not slots:
            return blank("used")
        frames = [due] if earlier.is_empty() else [due, earlier]
        asked = pl.concat([f[s].alias("bucket") for s in slots for f in frames])
        return state.of("used", asked.to_frame(), "bucket")

    def run(self, operations: list[Operation]) -> None:
        """Walk everything; at one position decisions come before what takes back."""
        if not operations:
            self._decide(0, len(self.positions))
            return
        start = 0
        moments = np.array([operation[0] for operation in operations], dtype=np.int64)
        stops = np.searchsorted(self.positions.to_numpy(), moments, side="right").tolist()
        for operation, stop in zip(operations, stops, strict=True):
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
        """The buckets of which something else is used now than before, as `state.used`."""
        used = pl.DataFrame(
            {"bucket": list(self.used), "used": list(self.used.values())},
            schema=dict(SCHEMAS["used"]),
        )
        return without(used, self.known, "bucket", "used")


def _places(chosen: pl.Series, offset: int) -> list[int]:
    """Numbers of the rows for which `chosen` is true, counted from `offset`."""
    return [offset + row for row in chosen.arg_true().to_list()] if chosen.any() else []


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Millions of integers in lists make every collection a full walk; none is needed here."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
