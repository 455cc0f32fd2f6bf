"""save: what the pipeline stores here, in its transaction."""

from __future__ import annotations

import polars as pl
from django.db import connection

CLICKED, SHARED = "Referral Link Clicked", "Referral Shared"
# Edge and engine cut nothing off, and a row a made-up word is a way to fill the table.
_LONGEST = 64

_COUNT = """
INSERT INTO toolkit_use (script, channel, shares, clicks) VALUES (%s, %s, %s, %s)
ON CONFLICT (script, channel) DO UPDATE SET
shares = toolkit_use.shares + excluded.shares, clicks = toolkit_use.clicks + excluded.clicks
"""


def save(events: pl.DataFrame) -> None:
    """Count shares and clicks by script and channel. `events`: a batch's (name, script, channel).

    What names neither is counted with its link alone.
    """
    named = (
        events.filter(pl.col("name").is_in([CLICKED, SHARED]))
        .select("name", script=_word("script"), channel=_word("channel"))
        .filter((pl.col("script") != "") | (pl.col("channel") != ""))
    )
    if named.is_empty():
        return
    counts = named.group_by("script", "channel").agg(
        shares=(pl.col("name") == SHARED).sum(), clicks=(pl.col("name") == CLICKED).sum()
    )
    with connection.cursor() as cursor:
        # In one order for every writer, so that two never wait for each other.
        cursor.executemany(_COUNT, sorted(counts.rows()))


def _word(name: str) -> pl.Expr:
    # A link can be followed with any word in it, and PostgreSQL keeps no NUL in a text.
    whole = pl.col(name).fill_null("").str.replace_all("\x00", "", literal=True)
    return whole.str.strip_chars().str.slice(0, _LONGEST)
