"""export: links with their counters, and programs as whoever replays them elsewhere needs them."""

from __future__ import annotations

from typing import Any

import polars as pl

from banyan.core.programs.read import published
from banyan.core.programs.terms import with_start
from banyan.engine.tables import WHEN
from banyan.kernel.database import read

LINKS: dict[str, Any] = {
    "code": pl.String,
    "program": pl.String,
    "advocate": pl.String,
    "channel": pl.String,
    "script": pl.String,
    "created_at": WHEN,
    "clicks": pl.Int64,
    "referrals": pl.Int64,
}


def links() -> pl.DataFrame:
    """Every link, the oldest first; columns `LINKS`."""
    columns = ", ".join(LINKS)
    return read(f"SELECT {columns} FROM programs_link", [], LINKS).sort("created_at", "code")


def program_files() -> dict[str, str]:
    """Every published version as a program file with its effective start, by file name."""
    return {
        f"{row.program}.v{row.number}.yaml": with_start(
            row.source, row.starts_at, f"{row.program}.yaml"
        )
        for row in published()
    }
