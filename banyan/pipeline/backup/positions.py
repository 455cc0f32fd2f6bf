"""Where the line stood in a copy of the database, which no room's own reading can reach."""

from __future__ import annotations

from dataclasses import dataclass

QUERY = (
    "SELECT COALESCE((SELECT position FROM events_head WHERE id = 1), 0), "
    "COALESCE((SELECT position FROM pipeline_cursor WHERE id = 1), 0)"
)


@dataclass(frozen=True)
class Positions:
    """The log's last position, and the last one decided."""

    head: int
    cursor: int
