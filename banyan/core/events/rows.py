"""rows: events written into the log's table.

Written by hand and not as a frame: most groups hold some ten events, and a frame costs a
millisecond before its first row, which is several times what the database takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from banyan.core.events.incoming import Incoming
from banyan.kernel.database import is_postgres

_COLUMNS = (
    "position, message_id, kind, name, user_id, anonymous_id, occurred_at, received_at, "
    "source, body, sealed"
)
_COPY = f"COPY events_event ({_COLUMNS}) FROM STDIN"
_INSERT = f"INSERT INTO events_event ({_COLUMNS}) VALUES ({', '.join(['%s'] * 11)})"


def insert(events: Sequence[Incoming], *, first: int) -> None:
    """Write events at positions `first`, `first` + 1 …, inside the transaction around it."""
    if not events:
        return
    if is_postgres():
        lines = "".join(_line(first + i, event) for i, event in enumerate(events))
        with (
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.cursor.copy(_COPY) as copy,
        ):
            copy.write(lines)
    else:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, [_row(first + i, each) for i, each in enumerate(events)])


def _line(position: int, event: Incoming) -> str:
    """A line of COPY's text format."""
    sealed = "\\N" if event.sealed is None else f"\\\\x{event.sealed.hex()}"
    return (
        f"{position}\t{_escaped(event.message_id)}\t{event.kind}\t{_escaped(event.name)}\t"
        f"{_escaped(event.user_id)}\t{_escaped(event.anonymous_id)}\t{event.occurred_at}\t"
        f"{event.received_at}\t{_escaped(event.source)}\t{_escaped(event.body)}\t{sealed}\n"
    )


def _escaped(text: str) -> str:
    # Three looks at a text that needs nothing cost less than one pass that would rewrite it.
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\t" in text or "\n" in text or "\r" in text:
        text = text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


def _row(position: int, event: Incoming) -> tuple[int | str | bytes | None, ...]:
    """Values as Django stores them on SQLite."""
    return (
        position,
        event.message_id,
        event.kind,
        event.name,
        event.user_id,
        event.anonymous_id,
        _stored(event.occurred_at),
        _stored(event.received_at),
        event.source,
        event.body,
        event.sealed,
    )


def _stored(at: datetime) -> str:
    return at.isoformat(" ", "microseconds")[:26]
