"""rows: events written into the log's table.

Written by hand and not as a frame: most groups hold some ten events, and a frame costs a
millisecond before its first row, which is several times what the database takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from banyan.core.events.incoming import Incoming
from banyan.kernel.database import as_stored, is_postgres

_COLUMNS = (
    "position, message_id, kind, name, user_id, anonymous_id, occurred_at, received_at, "
    "source, body, sealed"
)
_COPY = f"COPY events_event ({_COLUMNS}) FROM STDIN"
_INSERT = f"INSERT INTO events_event ({_COLUMNS}) VALUES ({', '.join(['%s'] * 11)})"


def lock(count: int) -> int:
    """Take the log's lock and the next positions, inside the transaction around it; the last
    position before them."""
    with connection.cursor() as cursor:
        cursor.execute(_lock(count))
        [[last]] = cursor.fetchall()
    return int(last) - count


def insert(events: Sequence[Incoming], *, first: int) -> None:
    """Write events at positions `first`, `first` + 1 …, inside the transaction around it."""
    if not events:
        return
    if is_postgres():
        lines = b"".join(b"%d%b" % (first + i, _line(event)) for i, event in enumerate(events))
        with (
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.cursor.copy(_COPY) as copy,
        ):
            copy.write(lines)
    else:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, [_row(first + i, each) for i, each in enumerate(events)])


def lock_and_insert(events: Sequence[Incoming]) -> int:
    """Take the log's lock, write events at the next positions and commit, on PostgreSQL and outside
    any transaction; the last position before them.

    Raises IntegrityError, and writes nothing, when a `messageId` is in the log or stands twice.
    """
    # Here, since the driver is an extra that an installation on SQLite need not have.
    from banyan.core.events.one_trip import number_and_write

    return number_and_write(_lock(len(events)), _COPY, [_line(event) for event in events])


def _lock(count: int) -> str:
    return f"UPDATE events_head SET position = position + {count:d} WHERE id = 1 RETURNING position"


def _line(event: Incoming) -> bytes:
    """A line of COPY's text format, behind its position."""
    sealed = "\\N" if event.sealed is None else f"\\\\x{event.sealed.hex()}"
    received = str(event.received_at)
    occurred = received if event.occurred_at is event.received_at else str(event.occurred_at)
    texts = (
        f"{event.message_id}\t{event.kind}\t{event.name}\t{event.user_id}\t{event.anonymous_id}\t"
        f"{occurred}\t{received}\t{event.source}\t{event.body}"
    )
    # A few looks at texts that need nothing cost less than one pass that would rewrite them.
    if "\\" in texts or "\n" in texts or "\r" in texts or texts.count("\t") != 8:
        names = (event.message_id, event.kind, event.name, event.user_id, event.anonymous_id)
        written = (*names, occurred, received, event.source, event.body)
        texts = "\t".join(map(_escaped, written))
    return f"\t{texts}\t{sealed}\n".encode()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _row(position: int, event: Incoming) -> tuple[int | str | bytes | None, ...]:
    """Values as Django stores them on SQLite."""
    return (
        position,
        event.message_id,
        event.kind,
        event.name,
        event.user_id,
        event.anonymous_id,
        as_stored(event.occurred_at),
        as_stored(event.received_at),
        event.source,
        event.body,
        event.sealed,
    )
