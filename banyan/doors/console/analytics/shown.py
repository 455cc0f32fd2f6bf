"""shown: figures as people read them, and tables that are a page's, a chart's and a file's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest, HttpResponse

from banyan.insight.metrics.figures import Kind
from banyan.kernel.money import minor_digits
from banyan.pipeline.exporting.run import harmless

NONE = "—"
MOST = 50
"""Rows of a table on a page."""
Chart = Literal["", "bar", "line", "stacked", "across"]


@dataclass(frozen=True)
class Cell:
    """A text, and the plain number behind it for charts and files; `url` leads on."""

    text: str
    value: float | int | None = None
    url: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it stands right."""
        return self.value is not None or self.text == NONE


@dataclass(frozen=True)
class Column:
    """A heading; `is_drawn`: it is a series of the chart."""

    title: str
    is_number: bool = True
    is_drawn: bool = True


@dataclass(frozen=True)
class Table:
    """Rows under columns; with a chart the table is folded under it. `key` names its file."""

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    chart: Chart = ""
    note: str = ""
    empty: str = ""

    @property
    def first_rows(self) -> Sequence[Sequence[Cell]]:
        """What a page shows; the file has all."""
        return self.rows[:MOST]

    @property
    def left_out(self) -> int:
        """How many rows only the file has."""
        return max(0, len(self.rows) - MOST)


def as_file(request: HttpRequest, tables: Iterable[Table]) -> HttpResponse | None:
    """The table that `?format=csv&table=KEY` asks for; None when a page is asked for."""
    if request.GET.get("format") != "csv":
        return None
    found = {one.key: one for one in tables}
    asked = found.get(request.GET.get("table", "")) or next(iter(found.values()), None)
    if asked is None:
        return None
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.title for column in asked.columns])
    writer.writerows([_plain(cell) for cell in row] for row in asked.rows)
    # The mark at the start tells spreadsheets that it is UTF-8.
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{asked.key}.csv"'
    return response


def text(value: str) -> Cell:
    """A name."""
    return Cell(value)


def count(value: int) -> Cell:
    """How many."""
    return Cell(f"{value:,}", value)


def share(value: float | None) -> Cell:
    """A share as per cent, also in files and charts."""
    return Cell(NONE) if value is None else Cell(f"{100 * value:.1f}%", round(100 * value, 2))


def money(minor: float | None, currency: str) -> Cell:
    """Minor units in whole units of the currency."""
    if minor is None or not currency:
        return Cell(NONE)
    digits = minor_digits(currency)
    value = minor / 10**digits
    return Cell(f"{value:,.{digits}f} {currency}", round(value, digits))


def figure(kind: Kind, value: float | None) -> Cell:
    """A figure in the form of its kind."""
    if value is None:
        return Cell(NONE)
    if kind == "share":
        return share(value)
    if kind == "count":
        return count(round(value))
    return Cell(f"{value:,.1f}" if kind != "ratio" else f"{value:,.2f}", round(value, 2))


def change(value: float | None) -> str:
    """By how much something moved; empty for none."""
    return "" if value is None else f"{100 * value:+.1f}%"


def unit_amount(amount: int, unit: str) -> Cell:
    """An amount of a reward's unit: money, or a count with its unit beside it."""
    give, _, currency = unit.partition(" ")
    return money(amount, currency) if give in ("cash", "credit") else count(amount)


def _plain(cell: Cell) -> str | float | int:
    return harmless(cell.text) if cell.value is None else cell.value
