"""worker: reads on from its cursor, loads state, runs the step, and commits all of it at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl
import structlog
from django.db import InterfaceError, OperationalError, connection

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.core.events.acts import append_one
from banyan.core.events.person import forget_at
from banyan.core.ledger import save as ledger
from banyan.core.people import save as people
from banyan.core.programs import acts as programs_acts
from banyan.core.programs import save as programs
from banyan.core.programs.read import VersionRow, ordered, published
from banyan.core.referrals import save as referrals
from banyan.engine.language.book import Book, no_programs
from banyan.engine.state import State, over
from banyan.engine.step import Outcomes, step
from banyan.growth.toolkit import save as toolkit
from banyan.insight.metrics.facts import Facts, counted
from banyan.insight.metrics.keeper import Keeper
from banyan.insight.metrics.promised import promised
from banyan.kernel.database import is_postgres, one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline import news, shelf
from banyan.pipeline.alarms import close, raise_alarm
from banyan.pipeline.beside import Beside
from banyan.pipeline.books import book_of, fingerprint
from banyan.pipeline.leader import leading
from banyan.pipeline.models import Cursor
from banyan.pipeline.past import differences, replayed, typed

BATCH = 10_000
"""Events decided in one transaction at most."""
IDLE_S, QUIET_S = 0.01, 0.1
LENGTHENED = 1.05
"""While nothing comes, from one look to the next; each costs a millisecond. By this an event waits
a twentieth of the time that passed since the one before it, and never longer than `QUIET_S`."""
BUSY = 100
"""Events of a batch from which on the line is busy: then it waits a little for a larger one, since
a batch costs as much as some hundred events, which the doors have a better use for."""
BUSY_S = 0.4
MUCH = 2_000
"""Events of a full batch from which on figures are counted beside the next one: to start a thread's
connection costs as much as to count some hundred."""
STANDBY_S = 1.0
RETRY_S = 2.0

logger = structlog.get_logger("banyan.worker")


class LostTheLead(Problem):
    """Another worker moved the cursor; nothing of this batch was written."""


class ChangesThePast(Problem):
    """A version under which what was decided already would be decided otherwise."""


def run(stop: threading.Event) -> None:
    """Lead, or stand by until the leader is gone; until `stop` is set.

    A database that goes away is waited for. Anything else that stops a batch raises an alarm that
    names the position, and is tried again: the log is not stepped over.
    """
    stands_by = False
    while not stop.is_set():
        try:
            with leading() as leads:
                if leads:
                    _lead(stop)
                elif not stands_by:
                    logger.info("standing_by")
                stands_by = not leads
            if stands_by:
                stop.wait(STANDBY_S)
        except (OperationalError, InterfaceError) as gone:
            logger.warning("database_gone", error=str(gone).split("\n")[0])
            connection.close()
            stop.wait(RETRY_S)
    connection.close()


def _lead(stop: threading.Event) -> None:
    worker, pause = Worker(), IDLE_S
    logger.info("leading")
    while not stop.is_set():
        try:
            moved = worker.advance()
        except (OperationalError, InterfaceError):
            raise
        except Exception as failure:  # whatever it is, it must be seen and must not lose the lead
            logger.exception("batch_failed", after=worker.position)
            _alarm(worker.position, failure)
            worker = Worker(is_stuck=True)
            stop.wait(RETRY_S)
            continue
        if moved:
            pause = IDLE_S
            if BUSY <= moved < BATCH:
                stop.wait(BUSY_S)
        else:
            worker.tick()
            stop.wait(pause)
            pause = min(pause * LENGTHENED, QUIET_S)


def _alarm(position: int, failure: Exception) -> None:
    raise_alarm(
        "worker_stuck",
        f"The worker cannot decide the events after position {position} "
        f"({type(failure).__name__}); its log has the trace.",
        now=clock.now(),
    )


class Worker:
    """One leader's work: what it holds in memory is the book alone."""

    def __init__(self, *, is_stuck: bool = False) -> None:
        self.position = 0
        self._book: Book | None = None
        self._promised = promised(no_programs(), [])
        self._figures = Keeper()
        self._beside = Beside("figures")
        self._fingerprint = ""
        self._is_stuck = is_stuck
        self._next_look = _LONG_AGO

    def advance(self, limit: int = BATCH) -> int:
        """Decide the next events, at most `limit`; how many there were."""
        cursor, _ = Cursor.objects.get_or_create(id=1)
        self.position = cursor.position
        if not self._fingerprint or cursor.book != self._fingerprint:
            self._take_books(cursor)
        waiting = self._take_up(cursor)
        if log.head() == cursor.position:
            self._count()
            return 0
        events = log.after(cursor.position, limit)
        if waiting is not None:
            # What is published counts from behind its own position on.
            events = events.filter(pl.col("position") <= waiting)
        self._decide(cursor, events, is_full=events.height == limit)
        return events.height

    def tick(self) -> None:
        """Tell the log the time when something falls due by it; looks once a second."""
        now = clock.now()
        if self._book is None or now < self._next_look:
            return
        self._next_look = now + _SECOND
        due = shelf.next_due()
        if due is not None and due <= (now - _EPOCH) // _MICROSECOND:
            append_one("clock", _ticked(now), now=now)

    def finish(self) -> None:
        """Wait for what is counted beside. Raises what that raised, which nobody would hear of."""
        self._beside.wait()

    def _decide(self, cursor: Cursor, events: pl.DataFrame, *, is_full: bool) -> None:
        last = int(events["position"][-1])
        assert self._book is not None, "the book is taken up before the first batch"
        raw = typed(self._book, events["body"])
        outcomes, after = _stepped(self._book, cursor, raw)
        references = pl.DataFrame([events["position"], raw["properties.reference"].alias("named")])
        carried = ("code", "channel", "script")
        touching = events.hstack([raw[f"properties.{name}"].alias(name) for name in carried])
        with one_transaction():
            _move(
                cursor,
                position=last,
                log=after.log,
                grants_made=after.grants_made,
                moved_at=clock.now(),
            )
            referrals.save(
                referrals=outcomes.referrals,
                touches_lost=outcomes.touches_lost,
                decisions=outcomes.decisions,
                reversals=outcomes.reversals,
                rejects=outcomes.rejects,
            )
            ledger.save(outcomes.postings, references=references)
            rulings = referrals.save_rulings(events)
            stages = referrals.save_stages(
                events, referrals=outcomes.referrals, decisions=outcomes.decisions
            )
            programs.save(touching, referrals=outcomes.referrals, rejects=outcomes.rejects)
            toolkit.save(touching)
            # Sealed data that came after its person was erased.
            forget_at(people.save(events))
            news.save(outcomes, stages=stages, rulings=rulings, now=clock.now())
            shelf.save(after.changes())
        # The batch stands from here on, whatever becomes of its figures.
        self.position = last
        self._beside.wait()
        self._figures.take(
            Facts(
                counted(events, raw, outcomes.rejects),
                outcomes.referrals,
                outcomes.touches_lost,
                stages,
                outcomes.decisions,
                ledger.transfers_of(outcomes.postings),
            ),
            before=cursor.position,
            upto=last,
            now=clock.now(),
        )
        self._count(is_behind=is_full and events.height >= MUCH)
        if self._is_stuck:
            close("worker_stuck", now=clock.now())
            self._is_stuck = False

    def _count(self, *, is_behind: bool = False) -> None:
        """Count what is due; beside the next batch when there is one, unless the database lets only
        one write at a time."""
        self._beside.wait()
        if not self._figures.is_due(now := clock.now()):
            return
        count = partial(self._figures.count, self._promised, cursor=self.position, now=now)
        if is_behind and is_postgres():
            self._beside.start(count)
        else:
            count()

    def _take_books(self, cursor: Cursor) -> None:
        """Load the book; make the state anew if it was made for another book or release."""
        versions = published()
        wanted = fingerprint(versions)
        if cursor.book != wanted:
            state = _state_of(book_of(versions), cursor.position)
            with one_transaction():
                _stand_on(cursor, state, wanted)
            cursor.refresh_from_db()
        self._stand_by(versions)

    def _take_up(self, cursor: Cursor) -> int | None:
        """Versions whose position is reached decide from here on, or are refused; the position of
        the next one that waits."""
        for version in ordered():
            assert version.position is not None
            if version.position > cursor.position:
                return version.position
            try:
                self._begin(cursor, version)
            except Problem as refused:
                programs_acts.refuse(version.program, version.number, refused.sentence)
                name = f"{version.program} version {version.number}"
                raise_alarm(
                    "version_refused",
                    f"{name}: {refused.sentence}",
                    now=clock.now(),
                    role="growth",
                )
        return None

    def _begin(self, cursor: Cursor, version: VersionRow) -> None:
        """Decide by a version from here on.

        Its own start stands if nothing that was decided would have been decided otherwise; else,
        and if nobody asked for a start, it starts behind everything in the log.
        """
        try:
            state, chosen = _unchanged_past(cursor, version), version
        except ChangesThePast:
            if version.starts_at is not None:
                raise
            chosen = replace(version, starts_at=_after_log(cursor))
            state = _unchanged_past(cursor, chosen)
        versions = [*published(), chosen]
        with one_transaction():
            _stand_on(cursor, state, fingerprint(versions))
            programs_acts.take_up(chosen.program, chosen.number, starts_at=chosen.starts_at)
        cursor.refresh_from_db()
        self._stand_by(versions)

    def _stand_by(self, versions: Sequence[VersionRow]) -> None:
        """Decide by these versions from here on."""
        self._book, self._fingerprint = book_of(versions), fingerprint(versions)
        self._promised = promised(self._book, versions)


def _stepped(book: Book, cursor: Cursor, raw: pl.DataFrame) -> tuple[Outcomes, State]:
    state = over(
        shelf.DatabaseShelf(),
        position=cursor.position,
        log=cursor.log,
        grants_made=cursor.grants_made,
    )
    return step(book, state, raw)


def _unchanged_past(cursor: Cursor, version: VersionRow) -> State | None:
    """The state at the cursor with that version beside the published ones.

    Raises ChangesThePast, and BookProblem for a version that cannot stand beside them.
    """
    book = book_of([*published(), version])
    state = None
    for before, outcomes, state in replayed(book, upto=cursor.position):
        for one in differences(outcomes, after=before, upto=state.position, tables=_BINDING):
            raise ChangesThePast(
                f"it would change what was decided already ({one}); let it start later: "
                "banyan publish --from TIME"
            )
    return state


def _state_of(book: Book, position: int) -> State | None:
    """The state at a position, from the log alone."""
    states = deque((state for _, _, state in replayed(book, upto=position)), maxlen=1)
    return states.pop() if states else None


def _stand_on(cursor: Cursor, state: State | None, book: str) -> None:
    """Put a state in place of the one that is kept."""
    shelf.make_anew()
    if state is not None:
        shelf.save(state.changes())
    _move(
        cursor,
        book=book,
        log=state.log if state else None,
        grants_made=state.grants_made if state else 0,
    )


def _move(cursor: Cursor, **changes: object) -> None:
    """Move the cursor from where it was found. Raises LostTheLead if it is no longer there."""
    moved = Cursor.objects.filter(id=1, position=cursor.position, book=cursor.book)
    if not moved.update(**changes):
        raise LostTheLead(f"Another worker moved on from position {cursor.position}.")


def _after_log(cursor: Cursor) -> datetime | None:
    """The first moment behind everything that is in the log up to the cursor."""
    latest = log.latest(cursor.position)
    return None if latest is None else latest + _MICROSECOND


def _ticked(now: datetime) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Clock Ticked",
        "anonymousId": "clock",
        "timestamp": now.isoformat(),
    }


_BINDING = ("referrals", "decisions", "reversals", "transfers")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
