"""sides: one program's file over the log, as if it had been in force all the time.

The log is read from its beginning, since facts such as earlier orders lie there, and chunk by
chunk; of what is decided only the columns that are compared are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import polars as pl

from banyan.core.events import read as log
from banyan.core.programs.read import seeds
from banyan.engine.language.book import Book, compile_book
from banyan.engine.language.program import Program, Runs
from banyan.engine.replay import replay_batches
from banyan.engine.step import Outcomes
from banyan.engine.tables import SCHEMAS
from banyan.pipeline.past import typed

CHUNK = 100_000
"""Events read at once: some 200 MiB at work."""

Beat = Callable[[int], None]
"""Told how many more events are done; it may raise to end the work."""

_KEPT = {
    "referrals": ("advocate", "friend", "channel", "started_at"),
    "decisions": (
        "decision_id",
        "reward",
        "beneficiary",
        "friend",
        "unit",
        "amount",
        "outcome",
        "reason",
        "occurred_at",
        "available_at",
    ),
    "reversals": tuple(SCHEMAS["reversals"]),
}


def opened(source: str, *, name: str) -> Program:
    """The program of a text without a beginning, an end or a stop. Raises ProgramError."""
    program = Program.parse(source, name)
    changed = program.model_copy(update={"runs": Runs(), "stops": ()})
    changed._written = program._written
    return changed


def decided(
    program: Program | None, *, from_at: datetime, until_at: datetime, upto: int, beat: Beat
) -> Outcomes:
    """What it decides on the log up to a position, of events in [from_at, until_at).

    Referrals are all that began before its end. None decides nothing. Other tables than referrals,
    decisions and reversals are empty, and those have the columns that are compared. Raises
    BookProblem.
    """
    parts: list[dict[str, pl.DataFrame]] = [_kept(_NOTHING)]
    if program is not None:
        secret = {slug: text for slug, text in seeds().items() if slug == program.program}
        book = compile_book([program], seeds=secret)
        last = until_at - timedelta(microseconds=1)
        for outcomes in replay_batches(book, _chunks(book, upto, beat), until=last):
            parts.append(_kept(outcomes))
    whole = {name: pl.concat([part[name] for part in parts], rechunk=False) for name in _KEPT}
    decisions = whole["decisions"].filter(
        pl.col("occurred_at").is_between(from_at, until_at, closed="left")
    )
    reversals = whole["reversals"].join(decisions, on="decision_id", how="semi")
    return _NOTHING._replace(decisions=decisions, reversals=reversals, referrals=whole["referrals"])


def _chunks(book: Book, upto: int, beat: Beat) -> Iterator[pl.DataFrame]:
    position = 0
    while position < upto:
        bodies = log.after(position, min(CHUNK, upto - position))["body"]
        position += len(bodies)
        yield typed(book, bodies)
        beat(len(bodies))


def _kept(outcomes: Outcomes) -> dict[str, pl.DataFrame]:
    return {name: getattr(outcomes, name).select(columns) for name, columns in _KEPT.items()}


_NOTHING = Outcomes(*(pl.DataFrame(schema=dict(SCHEMAS[name])) for name in Outcomes._fields))
