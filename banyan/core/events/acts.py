"""acts: events enter the log, under its lock, in the order of their positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, connection

from banyan.core.events.incoming import Incoming, Receipt, Refusal
from banyan.core.events.intake import accept
from banyan.core.events.rows import insert, lock, lock_and_insert
from banyan.kernel.database import among, is_postgres, one_transaction
from banyan.kernel.errors import Problem


class NotAccepted(Problem):
    """A command that the log's intake refuses."""

    status = 422

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.code = refusal.code


def append(events: Sequence[Incoming]) -> list[Receipt]:
    """Write events to the log, in their order; a receipt for each.

    One transaction, that of the caller if there is one. The log's lock is taken and kept to the end
    of it, so positions have no gaps and appear in order. An event whose `messageId` is in the log,
    or stands earlier among `events`, is not written again: its receipt names the first one.
    """
    if not events:
        return []
    if is_postgres() and not connection.in_atomic_block:
        try:
            return _numbered(events, before=lock_and_insert(events))
        except IntegrityError:
            pass  # a `messageId` comes again: which one, and where it stands, is asked below
    with one_transaction():
        before = lock(len(events))
        known = _positions_of([event.message_id for event in events])
        fresh: list[Incoming] = []
        receipts = []
        for event in events:
            position = known.get(event.message_id)
            is_duplicate = position is not None
            if position is None:
                fresh.append(event)
                position = known[event.message_id] = before + len(fresh)
            receipts.append(Receipt(position, event.message_id, is_duplicate))
        if len(fresh) < len(events):
            _settle(before + len(fresh))
        insert(fresh, first=before + 1)
    return receipts


def append_one(actor: str, event: Mapping[str, object], *, now: datetime) -> Receipt:
    """Write a command of a door to the log: `event` in the public format.

    `messageId` and `timestamp` are made where they are missing. Raises NotAccepted.
    """
    accepted = accept(event, now=now, source=actor, role="secret")
    if isinstance(accepted, Refusal):
        raise NotAccepted(accepted)
    return append([accepted])[0]


def locked_head() -> int:
    """The last position of the log, which nothing passes before the caller's transaction ends."""
    return lock(0)


def _numbered(events: Sequence[Incoming], *, before: int) -> list[Receipt]:
    return [Receipt(before + i, each.message_id, False) for i, each in enumerate(events, start=1)]


def _settle(position: int) -> None:
    """Give back positions that duplicates did not use."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_head SET position = %s WHERE id = 1", [position])


def _positions_of(message_ids: list[str]) -> dict[str, int]:
    """Where the messages that are in the log stand."""
    where, parameters = among("message_id", message_ids)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT message_id, position FROM events_event WHERE {where}", parameters)
        return dict(cursor.fetchall())
