"""foresight: what the engine would decide if something happened now. Nothing is kept of it.

A page that must not promise what will not be granted asks here, so that there is no second place
where a rule is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import polars as pl
from django.db import connection

from banyan.core.events.incoming import Refusal
from banyan.core.events.intake import accept
from banyan.core.programs.read import VersionRow, published
from banyan.engine.language.book import Book
from banyan.engine.state import over
from banyan.engine.step import Outcomes, step
from banyan.kernel.database import is_postgres, one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline.books import book_of, fingerprint
from banyan.pipeline.models import Cursor
from banyan.pipeline.past import typed
from banyan.pipeline.shelf import DatabaseShelf


class NotYet(Problem):
    """The worker has not taken the published programs up yet, so nothing can be said."""

    status = 503
    code = "not_decided_yet"


def foresee(events: Sequence[Mapping[str, object]], *, now: datetime) -> Outcomes:
    """What would be decided if these events (in the public format) came next, all at `now`.

    It stands on what the worker has decided so far. Raises NotYet.
    """
    with one_transaction():
        _as_of_one_moment()
        cursor = Cursor.objects.filter(id=1).first()
        versions = tuple(published())
        if cursor is None or not versions or cursor.book != fingerprint(versions):
            raise NotYet("The worker has not taken the programs up yet; try again in a moment.")
        book = _book(versions)
        state = over(
            DatabaseShelf(),
            position=cursor.position,
            log=cursor.log,
            grants_made=cursor.grants_made,
        )
        outcomes, _after = step(book, state, typed(book, _bodies(events, now=now)))
    return outcomes


def _as_of_one_moment() -> None:
    """The worker goes on meanwhile; on SQLite the transaction itself keeps it waiting."""
    if is_postgres() and not connection.savepoint_ids:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _bodies(events: Sequence[Mapping[str, object]], *, now: datetime) -> pl.Series:
    bodies = []
    for event in events:
        accepted = accept(event, now=now, source="foresight", role="secret")
        assert not isinstance(accepted, Refusal), accepted.sentence
        bodies.append(accepted.body)
    return pl.Series(bodies, dtype=pl.String)


@lru_cache(maxsize=2)
def _book(versions: tuple[VersionRow, ...]) -> Book:
    """Compiling costs much more than asking. Published versions never change."""
    return book_of(versions)
