"""read: the log as frames."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl
from django.db.models import Max

from banyan.core.events.models import Event, Head
from banyan.kernel.database import among, is_postgres, read

_TIME = pl.Datetime("us", "UTC")
_SCHEMA = {
    "position": pl.Int64(),
    "message_id": pl.String(),
    "kind": pl.String(),
    "name": pl.String(),
    "user_id": pl.String(),
    "anonymous_id": pl.String(),
    "occurred_at": _TIME,
    "received_at": _TIME,
    "source": pl.String(),
    "body": pl.String(),
    "sealed": pl.Binary(),
}
_MOMENTS = ("occurred_at", "received_at")
_MICROSECONDS = "(extract(epoch FROM {}) * 1000000)::bigint"


def head() -> int:
    """The last position of the log; 0 when it is empty."""
    return Head.objects.values_list("position", flat=True).get(id=1)


def after(position: int, limit: int) -> pl.DataFrame:
    """The next events after a position, at most `limit`, in order.

    Columns as in the table: position, message_id, kind, name, user_id, anonymous_id, occurred_at,
    received_at, source, body (JSON on one line), sealed.
    """
    return _rows("position > %s ORDER BY position LIMIT %s", [position, limit])


def latest(position: int) -> datetime | None:
    """The greatest `occurred_at` at or below a position: log time there."""
    at: datetime | None = Event.objects.filter(position__lte=position).aggregate(
        at=Max("occurred_at")
    )["at"]
    return at


def timeline(user_id: str, *, before: int | None = None, limit: int = 50) -> pl.DataFrame:
    """A person's latest events below a position, the latest first; columns as `after`."""
    if before is None:
        return _rows("user_id = %s ORDER BY position DESC LIMIT %s", [user_id, limit])
    return _rows(
        "user_id = %s AND position < %s ORDER BY position DESC LIMIT %s", [user_id, before, limit]
    )


def said(name: str, user_ids: Sequence[str]) -> pl.DataFrame:
    """The events of that name of these users, in order; columns as `after`."""
    where, parameters = among("user_id", user_ids)
    return _rows(f"name = %s AND {where} ORDER BY position", [name, *parameters])


def named(names: Sequence[str], *, after: int, upto: int) -> pl.DataFrame:
    """What known people did under these names in (after, upto], in order: (position, name,
    user_id)."""
    where, parameters = among("name", names)
    return read(
        "SELECT position, name, user_id FROM events_event WHERE position > %s "
        f"AND position <= %s AND user_id <> '' AND {where} ORDER BY position",
        [after, upto, *parameters],
        {name: _SCHEMA[name] for name in ("position", "name", "user_id")},
    )


def moments(positions: Sequence[int]) -> pl.DataFrame:
    """When the events at these positions happened: (position, occurred_at)."""
    where, parameters = among("position", positions)
    return read(
        f"SELECT position, occurred_at FROM events_event WHERE {where}",
        parameters,
        {name: _SCHEMA[name] for name in ("position", "occurred_at")},
    )


def names_lately(limit: int = 5_000) -> list[str]:
    """The names in the latest events, at most `limit` of these, in the order of the alphabet."""
    rows = read(
        "SELECT DISTINCT name FROM (SELECT name FROM events_event ORDER BY position DESC LIMIT %s) "
        "AS latest WHERE name <> '' ORDER BY name",
        [limit],
        {"name": pl.String()},
    )
    return rows["name"].to_list()


def these(name: str, positions: Sequence[int]) -> pl.DataFrame:
    """The events of that name at these positions, in order; columns as `after`."""
    where, parameters = among("position", positions)
    return _rows(f"name = %s AND {where} ORDER BY position", [name, *parameters])


def at(position: int) -> pl.DataFrame:
    """The event at a position, as a frame of one row or none; columns as `after`."""
    return _rows("position = %s", [position])


def _rows(where: str, parameters: list[object]) -> pl.DataFrame:
    # Moments come as numbers or texts: the drivers read moments one by one, in Python, and Polars
    # reads these many times faster.
    plain = _MICROSECONDS if is_postgres() else "CAST({} AS TEXT)"
    names = ", ".join(plain.format(name) if name in _MOMENTS else name for name in _SCHEMA)
    plainly = pl.Int64() if is_postgres() else pl.String()
    schema = {**_SCHEMA, **dict.fromkeys(_MOMENTS, plainly)}
    rows = read(f"SELECT {names} FROM events_event WHERE {where}", parameters, schema)
    moments = pl.col(_MOMENTS)
    return rows.with_columns(moments.cast(_TIME) if is_postgres() else _from_text(moments))


def _from_text(moments: pl.Expr) -> pl.Expr:
    return moments.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone="UTC")
