"""Bulk reads and writes: frames in, frames out, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl
from django.db import connection, transaction

_NULL = "\\N"
_FEW = 200
"""Up to so many rows one statement each, sent together, beats a table of their own."""


def is_postgres() -> bool:
    """Whether the installation's database is PostgreSQL; else it is SQLite."""
    return connection.vendor == "postgresql"


@contextmanager
def one_transaction() -> Iterator[None]:
    """Everything inside stands after it or nothing does; nests by joining the one around it."""
    with transaction.atomic():
        yield


def write(table: str, frame: pl.DataFrame) -> None:
    """Append a frame's rows to the table, column by column name, inside the transaction around it.

    `COPY` on PostgreSQL, one prepared statement on SQLite. Date-times must be UTC. A broken
    constraint raises `django.db.IntegrityError`.
    """
    if frame.is_empty():
        return
    if is_postgres():
        _copy_in(table, frame)
    else:
        names = ", ".join(map(quoted, frame.columns))
        marks = ", ".join(["%s"] * frame.width)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})", _stored(frame).rows()
            )


def put(table: str, frame: pl.DataFrame, key: Sequence[str], *, adding: Sequence[str] = ()) -> None:
    """Write rows, each in place of the row with the same key if there is one.

    The table must have a unique index over exactly `key`; the frame one row a key. Columns in
    `adding` are added to what stands there instead of replacing it.
    """
    if frame.is_empty():
        return
    names = ", ".join(map(quoted, frame.columns))
    rest = [name for name in frame.columns if name not in key]
    change = ", ".join(
        f"{quoted(name)} = excluded.{quoted(name)}"
        + (f" + {quoted(table)}.{quoted(name)}" if name in adding else "")
        for name in rest
    )
    then = f"DO UPDATE SET {change}" if rest else "DO NOTHING"
    on = ", ".join(map(quoted, key))
    with connection.cursor() as cursor:
        if is_postgres() and frame.height > _FEW:
            cursor.execute(f"DROP TABLE IF EXISTS put_{table}")
            cursor.execute(
                f"CREATE TEMP TABLE put_{table} ON COMMIT DROP AS "
                f"SELECT {names} FROM {quoted(table)} WITH NO DATA"
            )
            _copy_in(f"put_{table}", frame)
            cursor.execute(
                f"INSERT INTO {quoted(table)} ({names}) SELECT {names} FROM put_{table} "
                f"ON CONFLICT ({on}) {then}"
            )
        else:
            marks = ", ".join(["%s"] * frame.width)
            cursor.executemany(
                f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks}) ON CONFLICT ({on}) {then}",
                (frame if is_postgres() else _stored(frame)).rows(),
            )


def read(sql: str, parameters: Sequence[Any], schema: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of a query as a frame of that schema; its columns stand in the query's order."""
    with connection.cursor() as cursor:
        cursor.execute(sql, _asked(parameters))
        return _framed(cursor.fetchall(), schema)


def read_in_pieces(
    sql: str, parameters: Sequence[Any], schema: Mapping[str, Any], *, size: int
) -> Iterator[pl.DataFrame]:
    """The same in frames of `size` rows, for more than memory should hold at once."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, _asked(parameters))
        while rows := cursor.fetchmany(size):
            yield _framed(rows, schema)


def among(column: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """A condition that holds for rows whose column is one of any number of values, and its
    parameters: a single array, so that the statement stays the same."""
    if is_postgres():
        return f"{column} = ANY(%s)", [list(values)]
    return f"{column} IN (SELECT value FROM json_each(%s))", [
        msgspec.json.encode(list(values)).decode()
    ]


def quoted(name: str) -> str:
    """A table's or column's name as SQL."""
    return connection.ops.quote_name(name)


def as_stored(at: datetime) -> str:
    """A moment as Django stores it on SQLite: text, in UTC, without a fraction that is zero.

    One form everywhere, since SQLite compares moments letter by letter.
    """
    return str(at.astimezone(UTC).replace(tzinfo=None))


def _asked(parameters: Sequence[Any]) -> Sequence[Any]:
    if is_postgres():
        return parameters
    return [as_stored(one) if isinstance(one, datetime) else one for one in parameters]


def _framed(rows: Sequence[Any], schema: Mapping[str, Any]) -> pl.DataFrame:
    if is_postgres():
        return pl.DataFrame(rows, schema=dict(schema), orient="row")
    # Django keeps SQLite's date-times in UTC and hands them out without a zone.
    times = [name for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)]
    naive = dict.fromkeys(times, pl.Datetime("us"))
    frame = pl.DataFrame(rows, schema={**schema, **naive}, orient="row")
    return frame.with_columns(pl.col(times).dt.replace_time_zone("UTC")) if times else frame


def _copy_in(table: str, frame: pl.DataFrame) -> None:
    names = ", ".join(map(quoted, frame.columns))
    text = _as_csv(frame)
    with connection.cursor() as cursor:
        statement = f"COPY {quoted(table)} ({names}) FROM STDIN (FORMAT csv, NULL '{_NULL}')"
        with connection.wrap_database_errors, cursor.cursor.copy(statement) as copy:
            copy.write(text)


def _as_csv(frame: pl.DataFrame) -> bytes:
    binary = [
        (pl.lit("\\x") + pl.col(name).bin.encode("hex")).alias(name)
        for name, dtype in frame.schema.items()
        if dtype == pl.Binary
    ]
    # Texts are always quoted, so that the text `\N` is not taken for nothing.
    csv = frame.with_columns(binary).write_csv(
        include_header=False,
        null_value=_NULL,
        quote_style="non_numeric",
        datetime_format="%Y-%m-%dT%H:%M:%S%.6f%:z",
    )
    return csv.encode()


def _stored(frame: pl.DataFrame) -> pl.DataFrame:
    """Values as Django stores them on SQLite: date-times as `as_stored` has them, wide integers as
    text."""
    changes = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Datetime):
            at = pl.col(name).dt
            seconds, whole = at.strftime("%Y-%m-%d %H:%M:%S"), at.microsecond() == 0
            changes.append(
                pl.when(whole).then(seconds).otherwise(seconds + at.strftime("%.6f")).alias(name)
            )
        elif dtype == pl.Int128:
            changes.append(pl.col(name).cast(pl.String).alias(name))
    return frame.with_columns(changes) if changes else frame
