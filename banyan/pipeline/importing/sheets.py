"""sheets: files as rows of named cells, in order, whatever wrote them."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from io import TextIOWrapper
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

import fastexcel
import msgspec
import polars as pl

from banyan.kernel.errors import Problem

ENDINGS = (
    ".jsonl",
    ".ndjson",
    ".csv",
    ".tsv",
    ".txt",
    ".parquet",
    ".xlsx",
    ".xls",
    ".xlsb",
    ".ods",
)
_WORKBOOKS = (".xlsx", ".xls", ".xlsb", ".ods")
_PACKED = ".gz"
_GLANCE_BYTES = 1 << 20
_ROWS_AT_ONCE = 20_000
# Chinese spreadsheets save CSV in the system's code page, which GB 18030 includes.
_SECOND_GUESS = "gb18030"
_LONGEST_CELL = 1 << 20

_objects = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class BadSheet(Problem):
    """A file that cannot be read, and what would mend it."""


class Row(msgspec.Struct, frozen=True):
    """One row: its number as a spreadsheet counts (a header is row 1), and its cells by column.

    Cells are texts, or what the file itself types: numbers, times, true, objects. `problem` says
    why the row has no cells, `raw` is then what stands there. `at` is how many bytes of the file,
    as it lies, were taken by then.
    """

    number: int
    cells: dict[str, Any] = {}
    problem: str = ""
    raw: str = ""
    at: int = 0


@dataclass(frozen=True)
class Sheet:
    """An opened file. `columns` is empty where each row names its own (JSON Lines)."""

    path: str
    columns: tuple[str, ...]
    rows: Iterator[Row]
    notes: tuple[str, ...]
    """What was guessed, as sentences."""
    sheets: tuple[str, ...] = ()
    """Of a workbook: the names of its sheets, the one that is read first."""


def is_json_lines(path: str) -> bool:
    """Whether each line of the file is an object of its own."""
    return _ending(path) in (".jsonl", ".ndjson")


def open_sheet(
    path: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Sheet:
    """The rows of a file, which is read as they are taken.

    Its ending says how: JSON Lines, CSV (also `.tsv`, `.txt`), each also packed as `.gz`; Parquet;
    Excel. An encoding and a delimiter that are not given are guessed from the beginning, a sheet is
    the first. Raises BadSheet, also while rows are taken.
    """
    match _ending(path):
        case ".jsonl" | ".ndjson":
            return Sheet(path, (), _json_rows(path), ())
        case ".parquet":
            return _parquet(path)
        case ending if ending in _WORKBOOKS:
            return _excel(path, sheet)
        case _:
            return _csv(path, encoding, delimiter)


def _ending(path: str) -> str:
    name = path.lower().removesuffix(_PACKED)
    ending = next((e for e in ENDINGS if name.endswith(e)), None)
    if ending is None:
        raise BadSheet(
            f"{path} has none of the endings {', '.join(ENDINGS)}; rename it to what it holds."
        )
    return ending


@contextmanager
def _bytes(path: str) -> Iterator[tuple[IO[bytes], Callable[[], int]]]:
    """The file's bytes, unpacked, and how many of those that lie on disk have been taken."""
    try:
        with open(path, "rb") as packed:
            is_packed = path.lower().endswith(_PACKED)
            stream = gzip.GzipFile(fileobj=packed) if is_packed else packed
            yield stream, packed.tell  # type: ignore[misc]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadSheet(f"{path} is not a whole gzip file ({error}); fetch it again.") from error
    except OSError as error:
        raise BadSheet(f"{path} cannot be read: {error.strerror or error}.") from error


# --- JSON Lines


def json_lines(path: str) -> Iterator[tuple[int, bytes, int]]:
    """The lines of the file that are not blank: number from 1, text, bytes taken by then."""
    with _bytes(path) as (stream, taken):
        for number, line in enumerate(stream, 1):
            text = line.strip()
            if number == 1:
                text = text.removeprefix(b"\xef\xbb\xbf")
            if text:
                yield number, text, taken()


def _json_rows(path: str) -> Iterator[Row]:
    for number, line, at in json_lines(path):
        try:
            yield Row(number, flat(_objects.decode(line)), at=at)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError):
            raw = line.decode(errors="replace")
            yield Row(number, problem="the line is not one JSON object", raw=raw)


def flat(value: dict[str, Any], above: str = "") -> dict[str, Any]:
    """An object's fields by dotted path; lists stay as they are, and what lies inside of a property
    or trait, whose name is one key."""
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict) and inner and above not in ("properties.", "traits."):
            found |= flat(inner, f"{above}{name}.")
        else:
            found[above + name] = inner
    return found


# --- CSV


def _csv(path: str, encoding: str | None, delimiter: str | None) -> Sheet:
    with _bytes(path) as (stream, _):
        glance = stream.read(_GLANCE_BYTES)
    notes: list[str] = []
    if encoding is None:
        encoding = _encoding(path, glance)
        if encoding == _SECOND_GUESS:
            notes.append(
                f"{path} is not UTF-8 and was read as GB 18030; --encoding says otherwise."
            )
    text = _decoded(path, glance, encoding, is_cut=len(glance) == _GLANCE_BYTES)
    chosen = delimiter or _delimiter(text)
    begins = csv.reader(text.splitlines(), delimiter=chosen)
    with _of_csv(path, begins):
        header, second = next(begins, []), next(begins, [])
    columns = _named(path, header)
    _look_at_names(path, header, second, notes)
    return Sheet(path, columns, _csv_rows(path, columns, encoding, chosen), tuple(notes))


def _encoding(path: str, glance: bytes) -> str:
    if glance.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if glance.startswith(b"PK\x03\x04"):
        raise BadSheet(f"{path} is an Excel file; give it the ending .xlsx.")
    is_cut = len(glance) == _GLANCE_BYTES
    for guess in ("utf-8-sig", _SECOND_GUESS):
        try:
            _decoded(path, glance, guess, is_cut=is_cut)
        except BadSheet:
            continue
        return guess
    raise BadSheet(f"{path} is neither UTF-8 nor GB 18030; name its --encoding, such as cp1252.")


def _decoded(path: str, glance: bytes, encoding: str, *, is_cut: bool) -> str:
    """The beginning of the file as text; its last letter may be cut in the middle."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(glance, final=not is_cut)
    except (UnicodeDecodeError, LookupError) as error:
        raise BadSheet(f"{path} cannot be read as {encoding} ({error}).") from None


def _delimiter(text: str) -> str:
    """What separates the names of the first line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t|", key=first.count)


def _csv_rows(path: str, columns: Sequence[str], encoding: str, delimiter: str) -> Iterator[Row]:
    with _bytes(path) as (stream, taken):
        text = TextIOWrapper(stream, encoding=encoding, newline="")
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            with _of_csv(path, reader):
                yield from _csv_cells(reader, columns, taken)
        except UnicodeDecodeError as error:
            raise BadSheet(
                f"{path}: not {encoding} after line {reader.line_num:,} ({error.reason}); "
                "name its --encoding."
            ) from None


@contextmanager
def _of_csv(path: str, reader: Any) -> Iterator[None]:
    csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    except csv.Error as error:
        raise BadSheet(f"{path}:{reader.line_num}: {error}; write CSV as RFC 4180 says.") from None


def _csv_cells(
    reader: Iterable[list[str]], columns: Sequence[str], taken: Callable[[], int]
) -> Iterator[Row]:
    width = len(columns)
    number = 0
    for cells in reader:
        number += 1
        if number == 1 or not any(cells):
            continue
        if len(cells) > width:
            yield Row(
                number,
                problem=f"the row has {len(cells)} cells, the first row names {width}",
                raw=",".join(cells),
            )
            continue
        yield Row(number, dict(zip(columns, cells, strict=False)), at=taken())


def _look_at_names(
    path: str, first: Sequence[Any], second: Sequence[Any], notes: list[str]
) -> None:
    """Note whether a title or merged cells seem to stand where the names of the columns should."""
    pairs = zip_longest(first, second)
    missing = sum(not str(name or "").strip() and bool(below) for name, below in pairs)
    width = max(len(first), len(second))
    if missing:
        notes.append(
            f"{path}: {missing} of {width} columns have no name in row 1. If a title or merged "
            "cells stand there, delete that row, so that the names come first, and bring the file "
            "again."
        )


def _named(path: str, header: Sequence[Any]) -> tuple[str, ...]:
    names = [str(name or "").strip() for name in header]
    if not any(names):
        raise BadSheet(f"{path}: the first row names no columns; put their names there.")
    for name in names:
        if name and names.count(name) > 1:
            raise BadSheet(f"{path} has two columns named {name}; keep one.")
    return tuple(name or f"column {number}" for number, name in enumerate(names, 1))


# --- tables


def _parquet(path: str) -> Sheet:
    with _of_polars(path, "Parquet"):
        table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        columns = tuple(table.collect_schema().names())
        height = int(table.select(pl.len()).collect().item())

    def rows() -> Iterator[Row]:
        for start in range(0, height, _ROWS_AT_ONCE):
            with _of_polars(path, "Parquet"):
                frame = table.slice(start, _ROWS_AT_ONCE).collect()
            yield from _of_frame(frame, start + 1)

    return Sheet(path, columns, rows(), ())


def sheet_names(path: str) -> tuple[str, ...]:
    """The sheets of a workbook; none of another file. Raises BadSheet."""
    if _ending(path) not in _WORKBOOKS:
        return ()
    try:
        return tuple(fastexcel.read_excel(path).sheet_names)
    except fastexcel.FastExcelError as error:
        raise _no_workbook(path) from error


def _no_workbook(path: str) -> BadSheet:
    return BadSheet(
        f"{path} is no Excel file that can be read; if it holds text, give it the ending .csv, "
        "and if a password guards it, save it without one."
    )


def _excel(path: str, sheet: str | None) -> Sheet:
    try:
        book = fastexcel.read_excel(path)
        names = book.sheet_names
        if sheet is not None and sheet not in names:
            raise BadSheet(f"{path} has no sheet {sheet!r}; it has {', '.join(names)}.")
        chosen = sheet or names[0]
        # Every cell as its own kind: a column may hold numbers here and texts there.
        loaded = book.load_sheet(chosen, header_row=None, dtypes="string")
        frame = pl.DataFrame(loaded)
    except fastexcel.FastExcelError as error:
        raise _no_workbook(path) from error
    if frame.is_empty():
        raise BadSheet(f"{path}: sheet {chosen} is empty.")
    columns = _named(path, frame.row(0))
    notes: list[str] = []
    _look_at_names(path, frame.row(0), frame.row(1) if frame.height > 1 else (), notes)
    if len(names) > 1 and sheet is None:
        notes.append(f"{path}: of {len(names)} sheets {chosen} was read.")
    body = frame.slice(1).rename(dict(zip(frame.columns, columns, strict=True)))
    filled = (row for row in _of_frame(body, 2) if any(v is not None for v in row.cells.values()))
    order = (chosen, *(name for name in names if name != chosen))
    return Sheet(path, columns, filled, tuple(notes), order)


def _of_frame(frame: pl.DataFrame, first: int) -> Iterator[Row]:
    for number, cells in enumerate(frame.iter_rows(named=True), first):
        yield Row(number, cells)


@contextmanager
def _of_polars(path: str, form: str) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadSheet(
            f"{path} is no {form} file or is cut short ({str(error).splitlines()[0]})."
        ) from error


def size_of(paths: Sequence[str]) -> int:
    """Bytes of all files as they lie. Raises BadSheet for a missing one or an unknown ending."""
    total = 0
    for path in paths:
        _ending(path)
        if not Path(path).is_file():
            raise BadSheet(f"There is no file {path}.")
        total += Path(path).stat().st_size
    return total
