"""A shelf in memory: what a store has to do for live work, in the fewest lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import polars as pl

from banyan.engine import Outcomes, step
from banyan.engine.language.book import Book
from banyan.engine.state import ASKED, KEYS, SCHEMAS, State, blank, over


class MemoryShelf:
    """All rows of all frames; which questions were asked, and how many rows answered them."""

    def __init__(self) -> None:
        self.frames = {name: blank(name) for name in SCHEMAS}
        self.questions: list[tuple[str, tuple[str, ...]]] = []
        self.loaded = 0
        self.position = 0
        self.log: int | None = None
        self.grants_made = 0

    def rows(self, name: str, keys: pl.DataFrame, on: tuple[str, ...]) -> pl.DataFrame:
        """As `Shelf.rows`; raises AssertionError for a question a store is not told to expect."""
        assert on in ASKED[name], (name, on)
        assert keys.columns == list(on), (name, keys.columns)
        assert keys.height == keys.drop_nulls().n_unique() > 0, (name, keys)
        self.questions.append((name, on))
        found = self.frames[name].join(keys, on=list(on), how="semi", maintain_order="left")
        self.loaded += found.height
        return found

    def due(self, log: int) -> pl.DataFrame:
        """As `Shelf.due`."""
        self.questions.append(("timers", ("due",)))
        return self.frames["timers"].filter(pl.col("due") <= log)

    def state(self) -> State:
        """The state for the next batch."""
        return over(self, position=self.position, log=self.log, grants_made=self.grants_made)

    def save(self, state: State) -> None:
        """Take up what a batch has changed."""
        changes = state.changes()
        for name, gone in changes.gone.items():
            self._take_out(name, gone)
        for name, rows in changes.rows.items():
            assert dict(rows.schema) == dict(SCHEMAS[name]), name
            if name in KEYS:
                assert not rows[list(KEYS[name])].is_duplicated().any(), (name, rows)
                self._take_out(name, rows)
            self.frames[name] = self.frames[name].vstack(rows)
        self.position, self.log = state.position, state.log
        self.grants_made = state.grants_made

    def _take_out(self, name: str, keys: pl.DataFrame) -> None:
        frame = self.frames[name]
        on = list(KEYS[name])
        self.frames[name] = frame.join(keys, on=on, how="anti", maintain_order="left")


def live(
    book: Book, shelf: MemoryShelf, raw: pl.DataFrame, cuts: Iterable[int], closing: int | None
) -> Iterator[Outcomes]:
    """Decide typed events in batches that begin at `cuts`, each over the shelf, nothing in hand.

    `closing` is the moment to which log time moves at the last position.
    """
    edges = sorted({0, *cuts, raw.height}) if raw.height else [0, 0]
    for start, stop in pairwise(edges):
        end = closing if stop == raw.height else None
        outcomes, state = step(book, shelf.state(), raw[start:stop], closing=end)
        shelf.save(state)
        yield outcomes
