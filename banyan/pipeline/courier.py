"""courier: what every shard of a replay knows, and who lets shards work and brings their letters.

`banyan.pipeline.spark` is the courier for a cluster; the tests have one that walks from shard to
shard in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

import polars as pl

from banyan.engine.language.book import Book, Line
from banyan.engine.language.names import FACTS
from banyan.kernel.errors import Problem
from banyan.pipeline.mail import Inbox, Letter


class NoSpark(Problem):
    """What keeps a replay from running on Spark, and what would mend it."""


class Piece(NamedTuple):
    """A part of a file that lies ready, typed; pieces in order are the log."""

    file: int
    number: int
    height: int
    nameless: int
    """Events without a `messageId`."""
    latest: int | None
    """The greatest timestamp, microseconds."""


def piece_of(file: int, number: int, frame: pl.DataFrame) -> Piece:
    """What is told of typed events that lie ready."""
    nameless = int((frame["messageId"].is_null() & ~frame["bad_json"]).sum())
    latest = frame["timestamp"].max()
    return Piece(file, number, frame.height, nameless, latest if isinstance(latest, int) else None)


class Courier(Protocol):
    """Who keeps the pieces of the log, lets shards work and brings letters between them."""

    shards: int

    def pieces(self) -> list[Piece]:
        """Read the files; what lies ready, in any order."""

    def open(self, work: Opening, run: Run) -> Inbox:
        """Let `work` write letters about every piece; what came home."""

    def deliver(self, round_: int, work: Round, run: Run) -> Inbox:
        """Let `work` read every shard's letters of a round and write others; what came home."""


class Place(NamedTuple):
    """Where a piece of the log stands."""

    number: int
    """Among the pieces, from 0."""
    first: int
    """Position of its first event."""
    height: int
    latest: int | None
    """The greatest timestamp before it."""


@dataclass(frozen=True)
class Run:
    """What every shard knows. Of the log: `places` by file and number of the piece; the rest is
    known once the message ids are."""

    book: Book
    shards: int
    closing: int | None
    places: Mapping[tuple[int, int], Place]
    used: Mapping[int, pl.DataFrame] = field(default_factory=dict)
    """Message ids that earlier pieces have used (rows of `state.seen`), by the piece's number."""
    ends: tuple[int | None, ...] = ()
    """Log time at the end of each piece; none before the first event that counts."""

    @property
    def last(self) -> int:
        """The last position of the log."""
        return sum(place.height for place in self.places.values())

    @property
    def log(self) -> int | None:
        """Log time at the last position."""
        times = [*self.ends[-1:], self.closing if self.last else None]
        return max((time for time in times if time is not None), default=None)

    @cached_property
    def asks(self) -> Asks:
        """Which facts are asked for where."""
        return _asks(self.book)

    @property
    def settling(self) -> tuple[int, ...]:
        """The shards that settle programs."""
        return tuple(sorted({line.index % self.shards for line in self.book.lines}))


Opening = Callable[[Run, Place, pl.DataFrame], Iterator[Letter]]
"""What is done with a piece of the log: its typed events in, letters out."""

Round = Callable[[Run, Inbox], Iterator[Letter]]


class Asks(NamedTuple):
    """Whether the book asks for facts of a side at some moment."""

    advocate_at_touch: bool
    friend_at_touch: bool
    advocate_at_join: bool
    friend_at_join: bool
    advocate_at_event: bool
    own_at_event: bool
    """Of the friend, or the customer of a self program."""
    joined_columns: tuple[str, ...]
    """Columns of the joining event that risk rules name."""


def _asks(book: Book) -> Asks:
    facts = frozenset(FACTS)
    sides = {side: frozenset(f"{side}_{fact}" for fact in FACTS) for side in ("advocate", "friend")}
    terms = [t for line in book.lines for t in line.terms]
    risk = {n for t in terms for check in t.checks for n in check.when.names}
    columns = {
        line.properties[n]
        for line in book.lines
        for t in line.terms
        for check in t.checks
        for n in check.when.names
        if n in line.properties
    }
    events = {name for line in book.lines for name in names_at_events(line)}
    own = any(facts & names_at_events(line) for line in book.lines if line.is_self)
    return Asks(
        advocate_at_touch=any(t.advocates and facts & t.advocates.names for t in terms),
        friend_at_touch=any(t.friends and facts & t.friends.names for t in terms),
        advocate_at_join=bool(risk & sides["advocate"]),
        friend_at_join=bool(risk & sides["friend"]),
        advocate_at_event=bool(events & sides["advocate"]),
        own_at_event=own or bool(events & sides["friend"]),
        joined_columns=tuple(sorted(columns)),
    )


def names_at_events(line: Line, goal: str | None = None) -> frozenset[str]:
    """Names that milestones and rewards ask for; with `goal` those of the rewards for it."""
    names: set[str] = set()
    for terms in line.terms:
        for payout in terms.payouts:
            if goal is None or payout.on == goal:
                names |= payout.amount.names
                names |= payout.when.names if payout.when else frozenset()
        for milestone in terms.goals.values():
            if goal is None:
                names |= milestone.where.names if milestone.where else frozenset()
                names |= {milestone.sum_of} if milestone.sum_of else set()
    return frozenset(names)
