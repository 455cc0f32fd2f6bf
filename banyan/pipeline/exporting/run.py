"""run: one export into one file, which stands there whole or not at all."""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from banyan.core.events import export as log
from banyan.core.events.read import head
from banyan.core.programs.export import program_files
from banyan.kernel.errors import Problem
from banyan.pipeline.exporting.contents import CONTENTS, Content, Schema
from banyan.pipeline.exporting.workbook import SheetWriter
from banyan.pipeline.tables import TableWriter, with_written_times
from banyan.pipeline.wait import cursor_position

WHAT = (*CONTENTS, "programs")
FORMS = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet", ".xlsx": "xlsx"}
PACKED_LINES = ".jsonl.gz"

MOST_EXCEL_ROWS = 1_048_575
MOST_EXCEL_LETTERS = 32_767
# What a spreadsheet takes for the start of a formula, or skips before it looks.
_FORMULA = r"^[=+\-@\t\r]"

Progressing = Callable[[float, float | None, str], None]


class BadExport(Problem):
    """An export that cannot be written as asked, and what would mend it."""


def run_export(what: str, out: Path, *, progress: Progressing) -> int:
    """Write one of `WHAT` to a file, or `programs` into a folder; how many rows or files it has.

    Tables stand as of the last position decided when it began, the log as of its last. The ending
    of `out` says how it is written (`FORMS`; events also packed, `.jsonl.gz`). Raises BadExport.
    """
    if what == "programs":
        return _write_programs(out)
    is_packed = what == "events" and out.name.endswith(PACKED_LINES)
    form = "jsonl" if is_packed else FORMS.get(out.suffix)
    if form is None:
        raise BadExport(
            f"{out} has none of the endings {', '.join(FORMS)}; name it after its form."
        )
    if not out.parent.is_dir():
        raise BadExport(f"There is no folder {out.parent}; make it first.")
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as beside:
        unfinished = Path(beside) / out.name
        if what == "events" and form == "jsonl":
            rows = _write_lines(unfinished, is_packed=is_packed, progress=progress)
        else:
            rows = _write_table(CONTENTS[what], unfinished, form, progress)
        unfinished.replace(out)
    return rows


def write_list(frames: Iterator[pl.DataFrame], schema: Schema, out: Path) -> int:
    """Write frames of any list that people open, in the form that the ending of `out` says; how
    many rows. Raises BadExport."""
    content = Content(schema, lambda _upto: frames, is_for_people=True)
    return _write_table(content, out, FORMS[out.suffix], lambda _done, _of, _said: None)


def csv_pieces(frames: Iterator[pl.DataFrame], schema: Schema) -> Iterator[bytes]:
    """The same as CSV, piece by piece as the frames come: what `write_list` writes into a file."""
    yield pl.DataFrame(schema=dict(schema)).write_csv().encode()
    for frame in frames:
        yield with_written_times(without_formulas(frame)).write_csv(include_header=False).encode()


def _write_programs(out: Path) -> int:
    files = program_files()
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
    return len(files)


def _write_lines(path: Path, *, is_packed: bool, progress: Progressing) -> int:
    """The log as it is: nothing is read and written again."""
    last, position = head(), 0
    with gzip.open(path, "wb") if is_packed else path.open("wb") as file:
        for position, bodies in log.bodies():
            file.write("".join(f"{body}\n" for body in bodies).encode())
            progress(position, last, f"{position:,} events")
    return position


def _write_table(content: Content, path: Path, form: str, progress: Progressing) -> int:
    frames = _counted(content, form, progress)
    if form == "xlsx":
        return _write_excel(frames, path)
    rows = 0
    with TableWriter(path.parent / "tables", form) as writer:
        for frame in frames:
            writer.append({"table": frame})
            rows += frame.height
    shutil.move(path.parent / "tables" / f"table.{form}", path)
    return rows


def _counted(content: Content, form: str, progress: Progressing) -> Iterator[pl.DataFrame]:
    is_sheet = form in ("csv", "xlsx")
    rows = 0
    yield pl.DataFrame(schema=dict(content.schema))
    for frame in content.frames(cursor_position()):
        rows += frame.height
        progress(rows, None, f"{rows:,} rows")
        yield without_formulas(frame) if is_sheet and content.is_for_people else frame


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run get a `'` before them, which it does not show."""
    text = pl.col(pl.String)
    return frame.with_columns(
        pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text).name.keep()
    )


def harmless(text: str) -> str:
    """The same for one text. `csv.writer` quotes a carriage return, behind which a formula could
    stand, while its own lines end with one, as they do unless it is told otherwise."""
    return f"'{text}" if re.match(_FORMULA, text) else text


def _write_excel(frames: Iterator[pl.DataFrame], path: Path) -> int:
    rows = 0
    with SheetWriter(path) as writer:
        for frame in frames:
            rows += frame.height
            _check_sheet(frame, rows)
            writer.append(_in_excel(frame))
    return rows


def _check_sheet(frame: pl.DataFrame, rows: int) -> None:
    if rows > MOST_EXCEL_ROWS:
        raise BadExport(
            f"{rows:,} rows are more than the {MOST_EXCEL_ROWS:,} of an Excel sheet; "
            "write .csv or .parquet."
        )
    for name, dtype in frame.schema.items():
        if dtype == pl.String and (frame[name].str.len_chars() > MOST_EXCEL_LETTERS).any():
            raise BadExport(
                f"{name}: a text has more than the {MOST_EXCEL_LETTERS:,} characters of an Excel "
                "cell; write .csv or .parquet."
            )


def _in_excel(frame: pl.DataFrame) -> pl.DataFrame:
    """Excel knows no time zones and no whole numbers above 2^53: those are written as texts."""
    at = pl.selectors.datetime()
    times = (
        pl.when(at.dt.microsecond() == 0)
        .then(at.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        .otherwise(at.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    )
    large = [
        pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
        if dtype == pl.Int64 and (frame[name].abs() > 1 << 53).any()
    ]
    return frame.with_columns(times, *large)
