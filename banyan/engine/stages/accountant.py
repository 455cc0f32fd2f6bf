"""accountant: the one loop of the engine.

What a cap has left depends on every grant and reversal before, so decisions are walked one by one,
with nothing in the loop but integers and one list, in which every bucket was given a place before.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

import numpy as np
import polars as pl

from banyan.engine.language.book import Book, Bucket
from banyan.engine.order import complete, first_rows, joined, only, without
from banyan.engine.stages.caps import bucket_columns
from banyan.engine.stages.refunds import DENY, REFUND_WHOLE, RELEASE, Operation
from banyan.engine.stages.risk import HOLD, REJECT
from banyan.engine.state import State, append, blank

BLOCK = 1 << 14
"""Rows that become Python's integers at a time: so many stay in the processor's cache."""

Buckets = tuple[Any, ...]
"""Places in the list of what is used; None where a cap does not ask."""


class _Plan:
    """The caps over one reward, as the loop asks them: (slot, size, counts, partial)."""

    __slots__ = ("caps", "first", "second", "usual")

    def __init__(self, buckets: Sequence[Bucket]) -> None:
        self.caps = tuple((slot, b.size, b.counts, b.partial) for slot, b in enumerate(buckets))
        plain = all(b.partial and not b.counts and not b.unit_varies for b in buckets)
        self.usual = len(buckets) if plain and len(buckets) <= 2 else 0
        self.first = buckets[0].size if buckets else 0
        self.second = buckets[1].size if len(buckets) > 1 else 0


_Undecided = tuple[int, int, _Plan, Buckets]
"""Number of the row, amount due, plan and buckets."""


class Accountant:
    """Decisions and operations in order: the only place where one decision sees the one before.

    Rows are those of `due`, then those of `earlier`. Of each row nothing is kept but two machine
    integers: lists of millions cost more to make than to walk.
    """

    def __init__(self, book: Book, state: State, due: pl.DataFrame, earlier: pl.DataFrame) -> None:
        raws, refused = due["raw"], due["verdict"] == REJECT
        if refused.any():
            raws = raws.zip_with(~refused, pl.Series([0], dtype=raws.dtype))
        self.positions = due["position"]
        # What is due until a cap cuts it.
        amounts = pl.concat([raws, earlier["amount"].alias("raw")])
        self.amounts = array("q", amounts.to_numpy().tobytes())
        self.cuts = array("q", [-1]) * due.height
        self.plans = [_Plan(p.buckets) for _, _, p in book.payouts]
        columns = ["payout", *bucket_columns(book.width)]
        rows = due[columns] if earlier.is_empty() else due[columns].vstack(earlier[columns])
        payout, *slots = rows.get_columns()
        self.buckets = _buckets(state, slots)
        self.used: list[int] = self.buckets["used"].to_list()
        self.asked = pl.DataFrame([payout, *_places(slots, self.buckets)])
        self.held = set(_rows(due["verdict"] == HOLD, 0))
        self.held.update(_rows(earlier["held"], due.height))
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

    def run(self, operations: list[Operation]) -> None:
        """Walk everything; at one position decisions come before what takes back."""
        blocks = range(0, len(self.positions), BLOCK)
        undecided = chain.from_iterable(map(self._undecided, blocks))
        moments = np.array([operation[0] for operation in operations], dtype=np.int64)
        stops = np.searchsorted(self.positions.to_numpy(), moments, side="right").tolist()
        plans, buckets = self._terms(self.asked[[operation[2] for operation in operations]])
        start = 0
        for operation, stop, plan, mine in zip(operations, stops, plans, buckets, strict=True):
            if stop > start:
                self._decide(islice(undecided, stop - start))
                start = stop
            self._operate(operation, plan, mine)
        self._decide(undecided)

    def _undecided(self, start: int) -> Iterator[_Undecided]:
        """A block of rows to decide."""
        stop = min(start + BLOCK, len(self.positions))
        rows = range(start, stop)
        return zip(
            rows, self.amounts[start:stop], *self._terms(self.asked[start:stop]), strict=True
        )

    def _terms(self, rows: pl.DataFrame) -> tuple[Iterable[_Plan], Iterable[Buckets]]:
        """The plan under which each row stands, and the buckets of its caps."""
        payout, *slots = (column.to_list() for column in rows.get_columns())
        plans = list(map(self.plans.__getitem__, payout))
        return plans, zip(*slots, strict=True) if slots else [()] * len(plans)

    def _decide(self, rows: Iterable[_Undecided]) -> None:
        """Cut each amount by its caps and limits in file order, and count what is granted.

        The usual plan, one or two caps that grant what is left, is written out: it is most of the
        time of a long replay. `_cut` says the same for any plan.
        """
        used, amounts, cuts = self.used, self.amounts, self.cuts
        for row, amount, plan, buckets in rows:
            if not amount:
                continue
            if plan.usual == 2:
                first, second = buckets[0], buckets[1]
                was = used[first]
                left = plan.first - was
                if amount > left:
                    amounts[row] = amount = left if left > 0 else 0
                    cuts[row] = 0
                    if not amount:
                        continue
                was_second = used[second]
                left = plan.second - was_second
                if amount > left:
                    amounts[row] = amount = left if left > 0 else 0
                    cuts[row] = 1
                    if not amount:
                        continue
                used[first] = was + amount
                used[second] = was_second + amount
            elif plan.usual == 1:
                first = buckets[0]
                left = plan.first - used[first]
                if amount > left:
                    amounts[row] = amount = left if left > 0 else 0
                    cuts[row] = 0
                used[first] += amount
            elif plan.caps:
                amounts[row] = self._cut(row, amount, plan, buckets)

    def _cut(self, row: int, amount: int, plan: _Plan, buckets: Buckets) -> int:
        used = self.used
        for slot, size, counts, partial in plan.caps:
            bucket = buckets[slot]
            if bucket is None:
                continue
            left = size - used[bucket]
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
                used[bucket] += 1 if counts else amount
        return amount

    def _give_back(self, plan: _Plan, buckets: Buckets, amount: int, *, whole: bool) -> None:
        for slot, _, counts, _ in plan.caps:
            bucket = buckets[slot]
            if bucket is not None:
                self.used[bucket] -= whole if counts else amount

    def _operate(self, operation: Operation, plan: _Plan, buckets: Buckets) -> None:
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
            self._give_back(plan, buckets, target - gone, whole=target == amount)

    def decided(self) -> tuple[np.ndarray, np.ndarray]:
        """Amount of each row of `due`, and the place of the last cap that cut it (-1: none)."""
        cuts = np.frombuffer(self.cuts, dtype=np.int64)
        return np.frombuffer(self.amounts, dtype=np.int64)[: len(cuts)], cuts

    def used_rows(self) -> pl.DataFrame:
        """The buckets of which something else is used now than before, as `state.used`."""
        now = pl.Series("used", self.used, dtype=pl.Int64)
        rows = self.buckets[["bucket"]].hstack([now])
        return only(rows, now != self.buckets["used"])


def _buckets(state: State, slots: list[pl.Series]) -> pl.DataFrame:
    """The buckets that may be asked, each with what was `used` of it before."""
    if not slots:
        return blank("used")
    asked = [complete(slot.alias("bucket").to_frame(), "bucket") for slot in slots]
    buckets = first_rows(pl.concat([first_rows(keys, "bucket") for keys in asked]), "bucket")
    known = state.of("used", buckets, "bucket")
    fresh = without(buckets, known, "bucket")
    unused = pl.repeat(0, fresh.height, dtype=pl.Int64, eager=True).alias("used")
    return append(known, fresh.hstack([unused]))


def _places(slots: list[pl.Series], buckets: pl.DataFrame) -> list[pl.Series]:
    """For each slot the places of its rows' buckets among all."""
    places = buckets[["bucket"]].with_row_index("place")
    return [
        joined(slot.alias("bucket").to_frame(), places, "bucket")["place"].alias(slot.name)
        for slot in slots
    ]


def _rows(chosen: pl.Series, offset: int) -> list[int]:
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
