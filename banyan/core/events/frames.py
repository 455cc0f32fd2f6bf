"""frames: what was said before, as a frame, for whoever counts it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from banyan.kernel.database import among, read


def said_by_visitors(name: str, visitors: Sequence[str], *, before: int) -> pl.DataFrame:
    """Events of that name below a position: (position, visitor, body). A visitor is an
    `anonymousId`, or a `userId` where the event has no other."""
    by_browser, browsers = among("anonymous_id", visitors)
    by_person, people = among("user_id", visitors)
    columns = {"position": pl.Int64, "visitor": pl.String, "body": pl.String}
    return read(
        "SELECT position, anonymous_id, body FROM events_event "
        f"WHERE name = %s AND position < %s AND {by_browser} "
        "UNION ALL SELECT position, user_id, body FROM events_event "
        f"WHERE name = %s AND position < %s AND anonymous_id = '' AND {by_person}",
        [name, before, *browsers, name, before, *people],
        columns,
    )


def said_at(positions: Sequence[int]) -> pl.DataFrame:
    """Events at positions: (position, name, body)."""
    where, parameters = among("position", positions)
    return read(
        f"SELECT position, name, body FROM events_event WHERE {where}",
        parameters,
        {"position": pl.Int64, "name": pl.String, "body": pl.String},
    )
