"""files: a list as a file, with contacts in clear for those alone who may see them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from banyan.doors.console.records.columns import TYPES
from banyan.doors.console.records.kinds import Kind
from banyan.doors.console.records.reading import Asked, every
from banyan.kernel.errors import Problem
from banyan.pipeline.exporting.run import write_list

FORMS = ("csv", "xlsx", "parquet")
MOST_ROWS = 200_000
MOST_SHEET_ROWS = 50_000
"""A workbook is made in memory, cell by cell: a long one takes minutes and a gigabyte."""


class TooLong(Problem):
    """A list of more rows than a page may wait for."""


def write(kind: Kind, asked: Asked, form: str, *, in_clear: bool) -> tuple[bytes, int]:
    """The list as a file of that form, and how many rows it has. Raises TooLong, BadExport."""
    schema = {column.name: TYPES[column.form] for column in kind.shown}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"{kind.slug}.{form}"
        most = MOST_SHEET_ROWS if form == "xlsx" else MOST_ROWS
        count = write_list(_frames(kind, asked, schema, in_clear, most), schema, out)
        return out.read_bytes(), count


def _frames(
    kind: Kind, asked: Asked, schema: dict[str, pl.DataType], in_clear: bool, most: int
) -> Iterator[pl.DataFrame]:
    count = 0
    for rows in every(kind, asked):
        count += len(rows)
        if count > most:
            raise TooLong(
                f"This list has more than {most:,} rows; narrow it by filters, or write it "
                "on the server: banyan export"
            )
        yield pl.DataFrame(
            {
                column.name: pl.Series(
                    column.name,
                    column.values(rows, in_clear=in_clear),
                    dtype=TYPES[column.form],
                    strict=False,
                )
                for column in kind.shown
            },
            schema=schema,
        )
