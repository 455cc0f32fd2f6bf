"""copying: how long PostgreSQL's COPY takes for rows that we wrote, into tables alike."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.db import connection

from banyan.kernel.database import quoted


def copied(table: str, rows: str = "TRUE") -> tuple[int, float]:
    """Copy the rows of a table for which the SQL condition `rows` holds into an empty table with
    the same indexes and constraints: how many, and the seconds of writing them, commit and all."""
    bare = f"bare_{table}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {quoted(bare)} (LIKE {quoted(table)} INCLUDING ALL)")
        with cursor.cursor.copy(
            f"COPY (SELECT * FROM {quoted(table)} WHERE {rows}) TO STDOUT"
        ) as out:
            text = b"".join(bytes(block) for block in out)
        started = time.perf_counter()
        with cursor.cursor.copy(f"COPY {quoted(bare)} FROM STDIN") as into:
            into.write(text)
        spent_s = time.perf_counter() - started
        cursor.execute(f"DROP TABLE {quoted(bare)}")
    return text.count(b"\n"), spent_s


def all_copied(tables: Sequence[str]) -> tuple[int, float]:
    """`copied` of whole tables together."""
    parts = [copied(table) for table in tables]
    return sum(rows for rows, _ in parts), sum(spent_s for _, spent_s in parts)
