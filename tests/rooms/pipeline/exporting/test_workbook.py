"""Workbooks as they are written: what was put in is what a spreadsheet reads."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pytest

from banyan.pipeline.exporting import run
from banyan.pipeline.exporting.run import BadExport, write_list
from banyan.pipeline.exporting.workbook import SheetWriter

TEXTS = [
    "plain",
    "<a> & \"b\" 'c'",
    "_x0041_ as it stands",
    "a bell\x07",
    "  blanks kept  ",
    "two\nlines",
    "汉字 😀",
    "",
    None,
    "=1+1",
]
ODD = pl.DataFrame(
    {
        "text": TEXTS,
        "number": [1, -2, 0, None, 1 << 53, 5, 6, 7, 8, 9],
        "yes": [True, False, None, True, False, None, True, False, None, True],
    }
)


def written(path: Path, *frames: pl.DataFrame) -> pl.DataFrame:
    """What a spreadsheet reads of these frames."""
    with SheetWriter(path) as writer:
        for frame in frames:
            writer.append(frame)
    return pl.read_excel(path, infer_schema_length=None, raise_if_empty=False)


def test_cells_are_read_as_they_were_written(tmp_path: Path) -> None:
    read = written(tmp_path / "odd.xlsx", ODD.clear(), ODD[:3], ODD[3:4], ODD[4:])
    # An empty text and none at all are the same to a spreadsheet.
    assert read["text"].to_list() == [text or None for text in TEXTS]
    assert read["number"].to_list() == ODD["number"].to_list()
    assert read["yes"].to_list() == ODD["yes"].to_list()


def test_a_list_without_rows_has_its_columns(tmp_path: Path) -> None:
    assert written(tmp_path / "none.xlsx", ODD.clear()).columns == ["text", "number", "yes"]


def test_names_stay_in_sight_and_columns_are_as_wide_as_their_texts(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": [1], "long": ["x" * 30], "endless": ["y" * 200]})
    # Lists begin with a frame without rows, so that those without any have their names.
    written(tmp_path / "a.xlsx", frame.clear(), frame)
    with ZipFile(tmp_path / "a.xlsx") as file:
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
    # A spreadsheet adds some pixels for the edges.
    assert [int(width) for width in re.findall(r'width="(\d+)[.\d]*"', sheet)] == [8, 31, 60]
    assert 'state="frozen"' in sheet
    assert '<autoFilter ref="A1:C2"/>' in sheet


def test_many_columns_have_the_names_of_a_spreadsheet(tmp_path: Path) -> None:
    wide = pl.DataFrame({f"c{n}": [n] for n in range(30)})
    assert written(tmp_path / "wide.xlsx", wide).equals(wide)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (pl.DataFrame({"t": ["x" * 32_768]}), "t: a text has more than the 32,767 characters"),
        (pl.DataFrame({"t": ["x"] * 4}), "4 rows are more than the 3 of an Excel sheet"),
    ],
)
def test_what_no_sheet_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: pl.DataFrame, sentence: str
) -> None:
    monkeypatch.setattr(run, "MOST_EXCEL_ROWS", 3)
    monkeypatch.setattr(run, "cursor_position", lambda: 0)
    with pytest.raises(BadExport, match=sentence):
        write_list(iter([frame]), dict(frame.schema), tmp_path / "a.xlsx")
    write_list(
        iter([frame[:1].with_columns(t=pl.lit("x" * 32_767))]), frame.schema, tmp_path / "a.xlsx"
    )
