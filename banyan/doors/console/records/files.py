"""files: a list as a file, with contacts in clear for those alone who may see them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from banyan.doors.console.records.columns import TYPES
from banyan.doors.console.records.kinds import Kind
from banyan.doors.console.records.reading import Asked, every, many
from banyan.kernel.errors import Problem
from banyan.pipeline.exporting.run import csv_pieces, write_list

MOST_ROWS = {"csv": 1_000_000, "xlsx": 50_000, "parquet": 200_000}
"""By form: a CSV begins once its rows are counted, the others are made whole while somebody waits.
"""
FORMS = tuple(MOST_ROWS)


class TooLong(Problem):
    """A list of more rows than a page may wait for."""


def counted(kind: Kind, asked: Asked, form: str) -> int:
    """How many rows the file would have, since what has begun cannot be refused. Raises TooLong."""
    most = MOST_ROWS[form]
    count = many(kind, asked, most)
    if count > most:
        raise TooLong(
            f"This list has more than {most:,} rows; narrow it by filters, or write it "
            "on the server: banyan export"
        )
    return count


def pieces(kind: Kind, asked: Asked, form: str, *, in_clear: bool) -> Iterator[bytes]:
    """The list as a file of that form. A CSV goes out as it is read; a workbook and Parquet are
    made whole first. Raises BadExport before the first piece."""
    schema = {column.name: TYPES[column.form] for column in kind.shown}
    frames = _frames(kind, asked, in_clear)
    if form == "csv":
        return csv_pieces(frames, schema)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"{kind.slug}.{form}"
        write_list(frames, schema, out)
        return iter([out.read_bytes()])


def _frames(kind: Kind, asked: Asked, in_clear: bool) -> Iterator[pl.DataFrame]:
    for frame in every(kind, asked):
        yield pl.DataFrame([column.series(frame, in_clear=in_clear) for column in kind.shown])
