"""replay: a whole log under programs, in one gulp or in batches that fit memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from banyan.engine.language.book import Book, compile_book
from banyan.engine.language.program import Program
from banyan.engine.raw import from_frame
from banyan.engine.state import empty
from banyan.engine.step import Outcomes, step

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def replay(
    programs: Sequence[Program],
    events: pl.DataFrame,
    *,
    batch: int | None = None,
    until: datetime | None = None,
    seeds: Mapping[str, str] | None = None,
) -> Outcomes:
    """What programs decide over a log of public events; row order is log order.

    `events` holds the public fields as nested structs, JSON text or dotted columns. `batch` cuts
    the log into that many rows a step (the result is the same). `until` leaves out later events
    and then moves log time there. `seeds` gives the secret text of draws by program.
    """
    book = compile_book(programs, seeds=seeds)
    raw = from_frame(events, book.wanted)
    size = batch or max(raw.height, 1)
    cuts = (raw.slice(start, size) for start in range(0, max(raw.height, 1), size))
    parts = list(replay_batches(book, cuts, until=until))
    return Outcomes(*(pl.concat(tables, rechunk=False) for tables in zip(*parts, strict=True)))


def replay_batches(
    book: Book, batches: Iterable[pl.DataFrame], *, until: datetime | None = None
) -> Iterator[Outcomes]:
    """The same over batches of typed events (`banyan.engine.raw`), one result a batch."""
    closing = None if until is None else (until - EPOCH) // timedelta(microseconds=1)
    state = empty()
    for raw, last in _with_last(batches):
        if closing is not None:
            late = (pl.col("timestamp") > closing).fill_null(False)
            raw = raw.with_columns(left_out=late)
        outcomes, state = step(book, state, raw, closing=closing if last else None)
        yield outcomes


def _with_last(batches: Iterable[pl.DataFrame]) -> Iterator[tuple[pl.DataFrame, bool]]:
    """Each batch, and whether it is the last. An empty one counts only if there is no other:
    the last position must be in the last batch."""
    waiting = None
    for batch in batches:
        if waiting is not None and not waiting.is_empty():
            if batch.is_empty():
                continue
            yield waiting, False
        waiting = batch
    if waiting is not None:
        yield waiting, True
