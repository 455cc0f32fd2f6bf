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
from banyan.engine.language.book import Book, Line, Terms
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


def _terms(program: str, version: int) -> tuple[Line, Terms]:
    line = next(one for one in _book().lines if one.slug == program)
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
