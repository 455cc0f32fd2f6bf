"""verify: the whole log decided again, apart from the live tables, and every difference named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from banyan.core.ledger.save import transfers_of
from banyan.core.programs.read import VersionRow, published
from banyan.engine.step import Outcomes
from banyan.kernel.database import one_transaction, read
from banyan.pipeline.books import book_of
from banyan.pipeline.past import Difference, differences, replayed
from banyan.pipeline.wait import cursor_position
from banyan.trust.audit.read import verify_chain

MOST = 1_000
"""Differences a report keeps; all are counted."""

Progress = Callable[[int, int], None]
"""Told how many positions are done, and of how many."""

_HELD = {"account": pl.String, "unit": pl.String, "amount": pl.Int64}


@dataclass(frozen=True)
class Report:
    """What was compared, up to which position, and what was not as the log says."""

    position: int
    versions: int
    decisions: int
    transfers: int
    differences: tuple[Difference, ...]
    count: int

    @property
    def is_sound(self) -> bool:
        """Whether nothing differs."""
        return self.count == 0


def run(*, progress: Progress | None = None) -> Report:
    """Replay the log under the published versions and compare referrals, lost touches, decisions,
    reversals, transfers, rejects and balances, up to where the worker was at the start; and check
    the chain of the audit log.

    A publication is a border: what stands behind it is compared with a replay under the book of
    that moment. It only reads, and may run beside the worker.
    """
    with one_transaction():
        upto, held = cursor_position(), _held()
    versions = published()
    tally = _Tally()
    for stretch in _stretches(versions, upto):
        for outcomes, after, last in _decided(stretch):
            tally.add(differences(outcomes, after=after, upto=last))
            tally.count_in(outcomes, after=after)
            if progress is not None:
                progress(last, upto)
    tally.add(_unlike(tally.sums(), held))
    tally.add(_broken_chain())
    return Report(
        upto, len(versions), tally.decisions, tally.transfers, tuple(tally.kept), tally.count
    )


@dataclass(frozen=True)
class _Stretch:
    """Positions in (after, last], decided by the same versions."""

    versions: Sequence[VersionRow]
    after: int
    last: int


def _stretches(versions: Sequence[VersionRow], upto: int) -> list[_Stretch]:
    borders = sorted({0, *(version.position or 0 for version in versions)})
    ends = [*borders[1:], upto]
    return [
        _Stretch([v for v in versions if (v.position or 0) <= after], after, min(last, upto))
        for after, last in zip(borders, ends, strict=True)
        if after < upto
    ]


def _decided(stretch: _Stretch) -> Iterator[tuple[Outcomes, int, int]]:
    """What should stand for a stretch, part by part: outcomes for positions in (after, last]."""
    book = book_of(stretch.versions)
    for before, outcomes, state in replayed(book, upto=stretch.last):
        if state.position > stretch.after:
            yield outcomes, max(before, stretch.after), state.position


class _Tally:
    """Differences found so far, and the sums that balances must show."""

    def __init__(self) -> None:
        self.kept: list[Difference] = []
        self.count = self.decisions = self.transfers = 0
        self._moved: list[pl.DataFrame] = []

    def add(self, found: Iterable[Difference]) -> None:
        for one in found:
            self.count += 1
            if len(self.kept) < MOST:
                self.kept.append(one)

    def count_in(self, outcomes: Outcomes, *, after: int) -> None:
        transfers = transfers_of(outcomes.postings).filter(pl.col("position") > after)
        self.decisions += outcomes.decisions.filter(pl.col("position") > after).height
        self.transfers += transfers.height
        for side, sign in (("source", -1), ("target", 1)):
            moved = transfers.select(pl.col(side).alias("account"), "unit", pl.col("amount") * sign)
            self._moved.append(_summed(moved))

    def sums(self) -> pl.DataFrame:
        return _summed(pl.concat(self._moved)) if self._moved else pl.DataFrame(schema=_HELD)


def _summed(moved: pl.DataFrame) -> pl.DataFrame:
    return moved.group_by("account", "unit").agg(pl.col("amount").sum())


def _held() -> pl.DataFrame:
    return read("SELECT account, unit, amount FROM ledger_balance", [], _HELD)


def _unlike(sums: pl.DataFrame, held: pl.DataFrame) -> Iterator[Difference]:
    both = sums.join(held, on=["account", "unit"], how="full", coalesce=True, suffix="_held")
    wrong = both.filter(pl.col("amount").ne_missing(pl.col("amount_held")))
    for account, unit, expected, found in wrong.sort("account", "unit").rows():
        if expected == 0 and found is None:
            continue
        yield Difference("balances", f"{account} {unit}", "amount", str(expected), str(found))


def _broken_chain() -> Iterator[Difference]:
    report = verify_chain()
    if not report.is_whole:
        yield Difference("audit", str(report.fault_at), "entry", "unchanged", report.fault)
