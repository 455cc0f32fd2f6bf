"""shelf: the engine's state in the database, a table a frame; a step loads what it asks for.

These tables are made from the engine's own schemas and can be made again at any time by replaying
the log; so they have no migrations. A release with other schemas makes them anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import polars as pl
from django.db import connection
from django.db.backends.utils import CursorWrapper

from banyan.engine.stages.post import AVAILABLE, EXPIRY
from banyan.engine.state import ASKED, KEYS, SCHEMAS, Changes, blank
from banyan.kernel.database import among, is_postgres, put, quoted, read, write

KEPT = {name: schema for name, schema in SCHEMAS.items() if name != "seen"}
"""The frames that are kept, and their columns. Not the message ids that were used: the log takes
each once, so no step would ever find one."""
_FORM = repr((pl.__version__, KEPT, dict(KEYS), dict(ASKED)))
FINGERPRINT = sha256(_FORM.encode()).hexdigest()[:16]
"""Changes when a release keeps its state in another form; keys are hashes of Polars' own."""

_MARK = f"state_timers_due_{FINGERPRINT}"
"""An index that goes with the tables whenever they are dropped, even by an older release."""


class DatabaseShelf:
    """Rows that earlier batches saved; see `banyan.engine.state.Shelf`."""

    def rows(self, name: str, keys: pl.DataFrame, on: tuple[str, ...]) -> pl.DataFrame:
        """The saved rows of a frame for these keys, in the order in which they were appended."""
        if name not in KEPT:
            return blank(name)
        stored = _stored(keys)
        conditions, parameters = [], []
        for column in on:
            condition, values = among(quoted(column), stored[column].unique().to_list())
            conditions.append(condition)
            parameters += values
        found = _read(name, " AND ".join(conditions), parameters)
        if len(on) > 1 and not found.is_empty():
            # Column by column, a row may have one of one key and the other of another.
            return found.join(keys, on=list(on), how="semi", maintain_order="left")
        return found

    def due(self, log: int) -> pl.DataFrame:
        """The timers that are ripe."""
        return _read("timers", "due <= %s", [log])


def save(changes: Changes) -> None:
    """Take up what a batch left behind, inside the transaction around it."""
    for name, keys in changes.gone.items():
        _delete(name, keys)
    for name, rows in changes.rows.items():
        if name not in KEPT:
            continue
        stored = _stored(rows)
        if name in KEYS:
            put(_table(name), stored, KEYS[name])
        else:
            write(_table(name), stored)


def make_anew() -> None:
    """Leave the tables there empty, as this release wants them; in one transaction with what then
    fills them."""
    with connection.cursor() as cursor:
        for statement in _emptied(cursor) if _is_in_form(cursor) else _statements():
            cursor.execute(statement)


def next_due() -> int | None:
    """The earliest moment that something waits for, UTC microseconds."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(due) FROM {_table('timers')}")
        [least] = cursor.fetchone()
    return None if least is None else int(least)


@dataclass(frozen=True)
class Expiring:
    """A grant that is going to expire: when, and what would be lost by now."""

    decision_id: str
    due_us: int
    left: int


def expiring(*, after_us: int, upto_us: int) -> list[Expiring]:
    """Available grants that expire after one moment up to another, UTC microseconds, in order."""
    grants, fates, timers = map(_table, ("grants", "fates", "timers"))
    if timers not in connection.introspection.table_names():
        return []  # no worker has led here yet
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT g.decision_id, t.due, g.amount - COALESCE(f."before", 0) '
            "- COALESCE(f.moved, 0) - COALESCE(f.spent, 0) "
            f'FROM {timers} t JOIN {grants} g ON g."grant" = t."grant" '
            f'LEFT JOIN {fates} f ON f."grant" = t."grant" '
            "WHERE t.what = %s AND t.due > %s AND t.due <= %s AND NOT EXISTS "
            f'(SELECT 1 FROM {timers} w WHERE w."grant" = t."grant" AND w.what = %s) '
            "ORDER BY t.due, g.decision_id",
            [EXPIRY, after_us, upto_us, AVAILABLE],
        )
        return [Expiring(one, int(due), int(left)) for one, due, left in cursor.fetchall()]


@dataclass(frozen=True)
class Lapsing:
    """A top-up that is going to lapse: whose it is, when, and what would be lost by now.

    `position` is its place in the log.
    """

    position: int
    user_id: str
    unit: str
    due_us: int
    left: int


def lapsing(*, after_us: int, upto_us: int) -> list[Lapsing]:
    """Top-ups that lapse after one moment up to another, UTC microseconds, in order."""
    lots, fates, timers = map(_table, ("lots", "fates", "timers"))
    if timers not in connection.introspection.table_names():
        return []  # no worker has led here yet
    with connection.cursor() as cursor:
        # A top-up has the number below zero, so that it is no grant's.
        cursor.execute(
            'SELECT -l."grant", l."user", l.unit, t.due, l.amount - COALESCE(f.spent, 0) '
            f'FROM {timers} t JOIN {lots} l ON l."grant" = t."grant" '
            f'LEFT JOIN {fates} f ON f."grant" = t."grant" '
            'WHERE t.what = %s AND t.due > %s AND t.due <= %s ORDER BY t.due, l."grant" DESC',
            [EXPIRY, after_us, upto_us],
        )
        return [
            Lapsing(int(position), user_id, unit, int(due), int(left))
            for position, user_id, unit, due, left in cursor.fetchall()
        ]


def _table(name: str) -> str:
    return f"state_{name}"


def _is_in_form(cursor: CursorWrapper) -> bool:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE pg_table_is_visible(oid)"
        if is_postgres()
        else "SELECT name FROM sqlite_master"
    )
    return {_MARK, *map(_table, KEPT)} <= {name for (name,) in cursor.fetchall()}


def _emptied(cursor: CursorWrapper) -> list[str]:
    asked = (f"SELECT '{t}' WHERE EXISTS (SELECT 1 FROM {t})" for t in map(_table, KEPT))
    cursor.execute(" UNION ALL ".join(asked))
    filled = [table for (table,) in cursor.fetchall()]
    if is_postgres() and filled:
        return [f"TRUNCATE {', '.join(filled)}"]
    return [f"DELETE FROM {table}" for table in filled]


def _statements() -> Iterator[str]:
    # Rows are put in order by it and never looked for, so it needs no index of its own.
    number = "BIGINT GENERATED BY DEFAULT AS IDENTITY" if is_postgres() else "INTEGER PRIMARY KEY"
    for name in SCHEMAS:
        yield f"DROP TABLE IF EXISTS {_table(name)}"
    for name, schema in KEPT.items():
        table = _table(name)
        columns = ", ".join(f"{quoted(c)} {_type(dtype)}" for c, dtype in schema.items())
        yield f"CREATE TABLE {table} (id {number}, {columns})"
        if name in KEYS:
            on = ", ".join(map(quoted, KEYS[name]))
            yield f"CREATE UNIQUE INDEX {table}_key ON {table} ({on})"
        for asked in ASKED[name]:
            if KEYS.get(name, ())[: len(asked)] != asked:
                columns = ", ".join(map(quoted, asked))
                yield f"CREATE INDEX {table}_by_{'_'.join(asked)} ON {table} ({columns})"
    yield f"CREATE INDEX {_MARK} ON {_table('timers')} (due)"


def _type(dtype: pl.DataType | type[pl.DataType]) -> str:
    if dtype == pl.String or dtype == pl.Int128:  # wider than any number of SQLite's
        return "TEXT"
    if dtype == pl.Boolean:
        return "BOOLEAN"
    return "BIGINT"


def _stored(frame: pl.DataFrame) -> pl.DataFrame:
    """Unsigned keys as the signed numbers of the same bits, numbers wider than 64 bits as text."""
    changes = [
        pl.col(name).reinterpret(signed=True)
        if dtype == pl.UInt64
        else pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
        if dtype in (pl.UInt64, pl.Int128)
    ]
    return frame.with_columns(changes) if changes else frame


def _read(name: str, where: str, parameters: list[object]) -> pl.DataFrame:
    schema = SCHEMAS[name]
    columns = ", ".join(map(quoted, schema))
    sql = f"SELECT {columns} FROM {_table(name)} WHERE {where} ORDER BY id"
    raw = {column: _read_as(dtype) for column, dtype in schema.items()}
    found = read(sql, parameters, raw)
    if found.is_empty():
        return blank(name)
    changes = [
        pl.col(column).reinterpret(signed=False)
        if dtype == pl.UInt64
        else pl.col(column).cast(dtype)
        for column, dtype in schema.items()
        if raw[column] != dtype
    ]
    return found.with_columns(changes) if changes else found


def _read_as(dtype: pl.DataType | type[pl.DataType]) -> pl.DataType | type[pl.DataType]:
    if dtype == pl.UInt64:
        return pl.Int64
    if dtype == pl.Int128:
        return pl.String
    if dtype == pl.Boolean and not is_postgres():
        return pl.Int64
    return dtype


def _delete(name: str, keys: pl.DataFrame) -> None:
    """Take rows out by their whole key."""
    if keys.is_empty():
        return
    columns = KEYS[name]
    test = " AND ".join(f"{quoted(column)} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"DELETE FROM {_table(name)} WHERE {test}", _stored(keys[list(columns)]).rows()
        )
