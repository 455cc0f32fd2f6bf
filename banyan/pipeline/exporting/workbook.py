"""workbook: frames as an Excel workbook of one sheet, written row by row as they come.

Nothing of it is kept in memory, so that a long list costs time alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl
import xlsxwriter

_AS_THEY_ARE = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_NARROWEST, _WIDEST, _LOOKED_AT = 8, 60, 500

Write = Callable[[int, int, Any], object]


class SheetWriter:
    """Writes a workbook's sheet frame by frame; used as a context, at whose end the file is whole.
    The frames have the same columns and hold texts, numbers and yes or no."""

    def __init__(self, path: Path) -> None:
        self._book = xlsxwriter.Workbook(str(path), _AS_THEY_ARE)
        self._sheet = self._book.add_worksheet()
        self._heads = self._book.add_format({"bold": True})
        self._width = self._rows = 0

    def append(self, frame: pl.DataFrame) -> None:
        """Add rows; how wide the columns are is seen by the first ones."""
        if not self._rows:
            self._begin(frame)
        if self._rows == 1:
            self._widen(frame)
        writes = [self._written(dtype) for dtype in frame.dtypes]
        for row in frame.iter_rows():
            for column, (write, value) in enumerate(zip(writes, row, strict=True)):
                if value is not None and value != "":
                    write(self._rows, column, value)
            self._rows += 1

    def _begin(self, frame: pl.DataFrame) -> None:
        self._width, self._rows = frame.width, 1
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(frame.columns):
            self._sheet.write_string(0, column, name, self._heads)

    def _widen(self, frame: pl.DataFrame) -> None:
        for column, name in enumerate(frame.columns):
            texts = frame[name].head(_LOOKED_AT).cast(pl.String).str.len_chars().drop_nulls()
            longest = max([len(name) + 2, *texts.to_list()])
            self._sheet.set_column(column, column, min(max(longest + 1, _NARROWEST), _WIDEST))

    def _written(self, dtype: pl.DataType) -> Write:
        write: Write
        if dtype.is_numeric():
            write = self._sheet.write_number
        elif dtype == pl.Boolean:
            write = self._sheet.write_boolean
        else:
            write = self._sheet.write_string
        return write

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._width:
            self._sheet.autofilter(0, 0, self._rows - 1, self._width - 1)
        self._book.close()
