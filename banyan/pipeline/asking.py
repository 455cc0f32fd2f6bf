"""asking: what the engine knows of somebody between two batches, for pages that show it.

Read from the worker's own state, so that what is shown is what will be decided by.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl

from banyan.core.programs.read import published
from banyan.engine.keys import key
from banyan.engine.language.book import Book, Line, Payout, Terms
from banyan.engine.stages.caps import with_buckets
from banyan.engine.stages.conditions import holds, with_trials
from banyan.engine.stages.facts import as_of
from banyan.engine.state import State, over
from banyan.pipeline.books import book_of, fingerprint
from banyan.pipeline.models import Cursor
from banyan.pipeline.shelf import DatabaseShelf

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_SCALE = Decimal(10**12)


@dataclass(frozen=True)
class Progress:
    """How far a friend has come with a milestone. `sum` is in major units."""

    program: str
    friend: str
    milestone: str
    matches: int
    sum: Decimal
    reached: int


def may_refer(user_id: str, program: str, version: int, *, now: datetime) -> bool:
    """Whether a person fulfils what a published version asks of its advocates, as of now."""
    line, terms = _terms(program, version)
    if terms.advocates is None:
        return True
    person = pl.DataFrame({"advocate": [user_id], "friend": [None]}, schema=_PEOPLE)
    state = _state()
    asks = person.with_columns(
        key(pl.col("advocate"), "user").alias("advocate_key"),
        pl.lit(state.position + 1).alias("touch_position"),
        pl.lit((now - _EPOCH) // _US).alias("touch_at"),
    )
    return _hold(line, terms, state, asks)


def asked_of_advocates(program: str, version: int) -> frozenset[str]:
    """The facts and experiments by which a published version says who may refer."""
    _line, terms = _terms(program, version)
    return frozenset() if terms.advocates is None else terms.advocates.names


def progress(friends: Collection[str]) -> dict[tuple[str, str, str], Progress]:
    """How far these friends have come, by (program, friend, milestone)."""
    book, names = _book(), sorted(set(friends))
    people = pl.DataFrame({"friend": names}, schema={"friend": pl.String})
    people = people.with_columns(key(pl.col("friend"), "user").alias("user_key"))
    rows = _state().of("progress", people[["user_key"]], "user_key")
    lines = {line.index: line for line in book.lines}
    found = {}
    for row in rows.join(people, on="user_key").iter_rows(named=True):
        line = lines[row["line"]]
        one = Progress(
            program=line.slug,
            friend=row["friend"],
            milestone=line.goals[row["goal"]],
            matches=row["matches"],
            sum=Decimal(row["sum"] or 0) / _SCALE,
            reached=row["reached"],
        )
        found[one.program, one.friend, one.milestone] = one
    return found


def used(program: str, version: int, advocate: str, *, now: datetime) -> dict[tuple[str, str], int]:
    """What is used of the caps and limits that an advocate meets now: minor units or counts.

    By reward (none of a limit) and place in the file, `cap:0` or `limit:0`. Left out are limits
    over what no reward gives; those per friend are told of a friend who is new.
    """
    book = _book()
    _line, terms = _terms(program, version, book)
    asked: dict[tuple[str, str], int] = {}
    for payout in terms.payouts:
        asked |= _buckets(book, payout, advocate, at=(now - _EPOCH) // _US)
    keys = pl.Series("bucket", sorted(set(asked.values())), dtype=pl.UInt64).to_frame()
    known = dict(_state().of("used", keys, "bucket")[["bucket", "used"]].iter_rows())
    return {where: known.get(bucket, 0) for where, bucket in asked.items()}


def _buckets(book: Book, payout: Payout, advocate: str, *, at: int) -> dict[tuple[str, str], int]:
    """In which bucket each cap and limit over a payout to the advocate, or by them, counts."""
    units = sorted({bucket.unit or payout.unit for bucket in payout.buckets})
    rows = pl.DataFrame({"unit": units}, schema={"unit": pl.String}).with_columns(
        pl.lit(at).alias("at"),
        key(pl.lit(advocate), "user").alias("advocate_key"),
        key(pl.lit(advocate), "user").alias("beneficiary_key"),
        pl.lit(None, dtype=pl.UInt64).alias("friend_key"),
    )
    rows = with_buckets(book, payout.number, rows)
    return {
        (
            "" if bucket.slot.startswith("limit") else payout.name,
            bucket.slot,
        ): rows[f"bucket_{number}"][units.index(bucket.unit or payout.unit)]
        for number, bucket in enumerate(payout.buckets)
    }


def _terms(program: str, version: int, book: Book | None = None) -> tuple[Line, Terms]:
    line = next(one for one in (book or _book()).lines if one.slug == program)
    return line, next(one for one in line.terms if one.version == version)


_PEOPLE = {"advocate": pl.String, "friend": pl.String}


def _hold(line: Line, terms: Terms, state: State, asks: pl.DataFrame) -> bool:
    condition = terms.advocates
    assert condition is not None
    trials = condition.names & frozenset(terms.trials)
    facts = condition.names - trials
    asks = as_of(
        state, asks, facts, person="advocate_key", position="touch_position", at="touch_at"
    )
    asks = with_trials(line, terms, asks, trials, advocate="advocate", friend="friend")
    return bool(holds(line, asks, condition)[0])


def _state() -> State:
    cursor = Cursor.objects.get(id=1)
    return over(
        DatabaseShelf(),
        position=cursor.position,
        log=cursor.log,
        grants_made=cursor.grants_made,
    )


class _Compiled:
    """The book of the published versions, compiled when they change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, Book] | None = None

    def book(self) -> Book:
        versions = published()
        name = fingerprint(versions)
        with self._lock:
            if self._known is None or self._known[0] != name:
                self._known = (name, book_of(versions))
            return self._known[1]


_compiled = _Compiled()


def _book() -> Book:
    return _compiled.book()
