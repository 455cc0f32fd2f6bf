"""export: what imports and exports ask of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from banyan.core.events.read import head
from banyan.kernel.database import among, read

_AT_ONCE = 50_000


def known_ids(message_ids: Sequence[str]) -> set[str]:
    """Those of the ids that the log holds already."""
    where, parameters = among("message_id", message_ids)
    found = read(
        f"SELECT message_id FROM events_event WHERE {where}", parameters, {"message_id": pl.String}
    )
    return set(found["message_id"])


def bodies() -> Iterator[tuple[int, list[str]]]:
    """The events in the public format, one JSON text each, in order and without a gap.

    In pieces: the last position of each, and its texts. Ends at the position that was the last when
    it began.
    """
    last, position = head(), 0
    while position < last:
        until = min(position + _AT_ONCE, last)
        piece = read(
            "SELECT body FROM events_event WHERE position > %s AND position <= %s "
            "ORDER BY position",
            [position, until],
            {"body": pl.String},
        )
        position = until
        yield position, piece["body"].to_list()
