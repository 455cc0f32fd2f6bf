"""frames: what was said before, as a frame, for whoever counts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from banyan.kernel.database import among, is_postgres, read

_SAID = {"position": pl.Int64, "visitor": pl.String, "body": pl.String}


def said_by_visitors(
    name: str, *, browsers: Sequence[str], people: Sequence[str], before: int
) -> pl.DataFrame:
    """Events of that name below a position: (position, visitor, body, is_browser). A visitor is an
    `anonymousId`, or a `userId` where the event has no other."""
    parts = [pl.DataFrame(schema={**_SAID, "is_browser": pl.Boolean})]
    if browsers:
        found = read(*_by_browsers(name, browsers, before), _SAID)
        parts.append(found.with_columns(is_browser=pl.lit(True)))
    if people:
        where, parameters = among("user_id", people)
        sql = (
            "SELECT position, user_id, body FROM events_event "
            f"WHERE name = %s AND position < %s AND anonymous_id = '' AND {where}"
        )
        found = read(sql, [name, before, *parameters], _SAID)
        parts.append(found.with_columns(is_browser=pl.lit(False)))
    return pl.concat(parts)


def _by_browsers(name: str, browsers: Sequence[str], before: int) -> tuple[str, list[Any]]:
    columns = "SELECT position, anonymous_id, body FROM events_event WHERE"
    if is_postgres():
        # One look into the index each. Of a table that it knows nothing about yet PostgreSQL would
        # rather read the whole, and that grows with the log.
        return (
            f"SELECT said.* FROM unnest(%s::text[]) AS one(id) CROSS JOIN LATERAL ({columns} "
            "anonymous_id = one.id AND name = %s AND position < %s OFFSET 0) AS said",
            [list(browsers), name, before],
        )
    where, parameters = among("anonymous_id", browsers)
    return f"{columns} name = %s AND position < %s AND {where}", [name, before, *parameters]


def said_at(positions: Sequence[int]) -> pl.DataFrame:
    """Events at positions: (position, name, body)."""
    where, parameters = among("position", positions)
    return read(
        f"SELECT position, name, body FROM events_event WHERE {where}",
        parameters,
        {"position": pl.Int64, "name": pl.String, "body": pl.String},
    )
