"""Result tables as files: the same rows give the same bytes, however they came.

While a run goes on everything lies in a folder of its own inside the output folder. Only a run that
ends well moves its tables out, so no half table ever stands under a table's name.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self, get_args

import polars as pl

from banyan.engine.columns import from_series
from banyan.engine.compare import Comparison
from banyan.engine.tables import SCHEMAS
from banyan.kernel.errors import Problem

Format = Literal["parquet", "csv", "jsonl"]
FORMATS: tuple[Format, ...] = get_args(Format)

SUMMARY = "summary.json"
OURS = (*SCHEMAS, *Comparison._fields)
"""Every table that a replay or a comparison writes."""

_UNFINISHED = ".unfinished"

# Fixed, so that bytes do not depend on the batches; large enough to compress, small enough to skip.
_ROW_GROUP = 1 << 18
# About as fast as no compression worth the name, at less than half the size.
_COMPRESSION: Literal["zstd"] = "zstd"
_COMPRESSION_LEVEL = 1
# Parquet tables wait in memory up to this size, then on disk.
_HELD_BYTES = 256 << 20

_SECONDS = "%Y-%m-%dT%H:%M:%SZ"
_MICROSECONDS = "%Y-%m-%dT%H:%M:%S%.6fZ"


class BadFolder(Problem):
    """A folder that tables cannot be written to or read from, and what would mend it."""


def write_tables(tables: Mapping[str, pl.DataFrame], folder: Path, form: Format) -> None:
    """Write whole tables into a folder; see `TableWriter`."""
    with TableWriter(folder, form) as writer:
        writer.append(tables)


def read_table(folder: Path, name: str) -> pl.DataFrame:
    """One of the six tables that a replay wrote into a folder, in whatever format.

    Columns and their types are those of `banyan.engine.tables.SCHEMAS`. Raises BadFolder when there
    is no such table.
    """
    found = [(form, path) for form in FORMATS if (path := folder / f"{name}.{form}").is_file()]
    if not found:
        raise BadFolder(
            f"{folder} holds no table {name}; name a folder that `banyan replay --out` wrote."
        )
    form, path = found[0]
    try:
        return _READ[form](path, SCHEMAS[name])
    except pl.exceptions.PolarsError as error:
        raise BadFolder(
            f"{path} is not as a replay wrote it ({str(error).splitlines()[0]}); replay again."
        ) from error


def with_written_times(rows: pl.DataFrame) -> pl.DataFrame:
    """Times as RFC 3339 texts in UTC, with a fraction only where there is one."""
    times = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Datetime)]
    written = []
    for name in times:
        at = pl.col(name)
        whole = rows[name].to_physical() % 1_000_000 == 0
        text = at.dt.strftime(_SECONDS)
        if not whole.all():
            text = pl.when(whole).then(text).otherwise(at.dt.strftime(_MICROSECONDS))
        written.append(text.alias(name))
    return rows.with_columns(written)


class TableWriter:
    """Writes tables batch by batch into a folder, which is made if need be.

    Use it as a context: tables stand in the folder under their names once it ends without an
    exception, in place of those of an earlier run; after an exception nothing has changed. Raises
    BadFolder for a folder that holds something else.
    """

    def __init__(self, folder: Path, form: str) -> None:
        if form not in FORMATS:
            raise BadFolder(f"Tables are written as {', '.join(FORMATS)}, not as {form}.")
        self._folder = folder
        self._form: Format = form
        self._tables: dict[str, _Table] = {}
        self._summary: str | None = None
        self._unfinished = _prepared(folder)

    def append(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Add rows below those of earlier batches. The first batch names the tables and columns."""
        for name, rows in tables.items():
            if name not in self._tables:
                path = self._unfinished / f"{name}.{self._form}"
                self._tables[name] = _WRITERS[self._form](path, rows.schema)
            self._tables[name].append(rows)

    def write_summary(self, text: str) -> None:
        """Put `summary.json` beside the tables."""
        self._summary = text

    def close(self) -> None:
        """Finish every table and move all of them to their places, the summary last."""
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(table.finish) for table in self._tables.values()]:
                done.result()
        self._remove_earlier()
        for name in self._tables:
            file = f"{name}.{self._form}"
            (self._unfinished / file).replace(self._folder / file)
        if self._summary is not None:
            unfinished = self._unfinished / SUMMARY
            unfinished.write_text(self._summary, encoding="utf-8")
            unfinished.replace(self._folder / SUMMARY)
        shutil.rmtree(self._unfinished)

    def _remove_earlier(self) -> None:
        """What an earlier run left, also in another format: old and new must not stand together."""
        (self._folder / SUMMARY).unlink(missing_ok=True)
        for name in {*OURS, *self._tables}:
            for form in FORMATS:
                (self._folder / f"{name}.{form}").unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            shutil.rmtree(self._unfinished, ignore_errors=True)


def _prepared(folder: Path) -> Path:
    """An empty place for unfinished tables in an output folder."""
    unfinished = folder / _UNFINISHED
    try:
        if folder.exists():
            _refuse_others(folder)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
    except OSError as error:
        raise BadFolder(f"{folder} cannot be written to: {error.strerror or error}.") from error
    return unfinished


def _refuse_others(folder: Path) -> None:
    entries = {entry.name for entry in folder.iterdir()}
    ours = {f"{name}.{form}" for name in OURS for form in FORMATS}
    if not (entries & {SUMMARY, _UNFINISHED} or entries <= ours):
        raise BadFolder(
            f"{folder} already holds something that no replay wrote, such as {min(entries)}; name "
            "a new or an empty folder."
        )


class _Table(Protocol):
    """One table on its way into its file."""

    def __init__(self, path: Path, schema: pl.Schema) -> None: ...

    def append(self, rows: pl.DataFrame) -> None: ...

    def finish(self) -> None: ...


class _ParquetTable:
    """Rows wait, as a file is made best in one go; many of them wait on disk."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self._path = path
        self._held = [pl.DataFrame(schema=schema)]
        self._held_bytes = 0
        self._spilled: list[Path] = []

    def append(self, rows: pl.DataFrame) -> None:
        self._held.append(rows)
        self._held_bytes += int(rows.estimated_size())
        if self._held_bytes > _HELD_BYTES:
            spill = self._path.with_suffix(f".{len(self._spilled)}.arrow")
            pl.concat(self._held).write_ipc(spill)
            self._spilled.append(spill)
            self._held, self._held_bytes = [rows.clear()], 0

    def finish(self) -> None:
        parts = [pl.scan_ipc(spill) for spill in self._spilled]
        pl.concat([*parts, pl.concat(self._held).lazy()]).sink_parquet(
            self._path,
            compression=_COMPRESSION,
            compression_level=_COMPRESSION_LEVEL,
            row_group_size=_ROW_GROUP,
        )
        for spill in self._spilled:
            spill.unlink()


class _CsvTable:
    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self._path = path
        pl.DataFrame(schema=schema).write_csv(path)

    def append(self, rows: pl.DataFrame) -> None:
        with self._path.open("ab") as file:
            with_written_times(rows).write_csv(file, include_header=False)

    def finish(self) -> None:
        """Rows are in the file as they came."""


class _JsonLinesTable:
    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self._path = path
        path.touch()

    def append(self, rows: pl.DataFrame) -> None:
        with self._path.open("ab") as file:
            with_written_times(rows).write_ndjson(file)

    def finish(self) -> None:
        """Rows are in the file as they came."""


def _read_parquet(path: Path, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.read_parquet(path, columns=list(schema))


def _read_csv(path: Path, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return _typed(pl.read_csv(path, infer_schema=False), schema)


def _read_json_lines(path: Path, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    if not path.stat().st_size:
        return pl.DataFrame(schema=schema)
    written = {name: pl.String if _is_time(t) else t for name, t in schema.items()}
    return _typed(pl.read_ndjson(path, schema=written), schema)


def _typed(table: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    times = {name: from_series("time", table[name]) for name, t in schema.items() if _is_time(t)}
    return table.with_columns(**times).select(list(schema)).cast(pl.Schema(schema))


def _is_time(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime)


_WRITERS: Mapping[Format, type[_Table]] = {
    "parquet": _ParquetTable,
    "csv": _CsvTable,
    "jsonl": _JsonLinesTable,
}
_READ: Mapping[Format, Callable[[Path, Mapping[str, pl.DataType]], pl.DataFrame]] = {
    "parquet": _read_parquet,
    "csv": _read_csv,
    "jsonl": _read_json_lines,
}
