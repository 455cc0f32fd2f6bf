"""What commands print: tables and progress for people, nothing extra in a pipe."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Table


def console() -> Console:
    """Standard output as people read it; in a pipe lines are not cut.

    Names come from events and paths from anywhere, so nothing in them is markup.
    """
    width = None if sys.stdout.isatty() else 200
    return Console(width=width, highlight=False, markup=False, emoji=False)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> Table:
    """A plain table; columns of figures stand right and, unlike names, are never broken."""
    shown = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    rows = list(rows)
    for number, name in enumerate(columns):
        figures = bool(rows) and all(_is_figure(row[number]) for row in rows)
        shown.add_column(
            name,
            justify="right" if figures else "left",
            overflow="fold",
            no_wrap=figures,
            # Otherwise rich would cut the ends off where even the figures do not fit.
            min_width=max(len(row[number]) for row in rows) if figures else None,
        )
    for row in rows:
        shown.add_row(*row)
    return shown


def _is_figure(cell: str) -> bool:
    return cell[:1] in "-+0123456789" and cell.replace(",", "").lstrip("-+")[:1].isdigit()


def amount(value: int, unit: str, digits: Mapping[str, int]) -> str:
    """Minor units as people write them: `20.00` for `cash USD`, counts as they are."""
    places = digits.get(unit, 0)
    if not places:
        return f"{value:,}"
    whole, rest = divmod(abs(value), 10**places)
    return f"{'-' if value < 0 else ''}{whole:,}.{rest:0{places}d}"


def money_table(rows: Sequence[Mapping[str, Any]], digits: Mapping[str, int]) -> Table:
    """What each program gave, took back and let expire, by unit."""
    columns = ["program", "unit", "granted", "taken_back", "expired", "net"]
    return table(
        columns,
        [
            (
                str(row["program"]),
                str(row["unit"]),
                *(amount(int(row[name]), str(row["unit"]), digits) for name in columns[2:]),
            )
            for row in rows
        ],
    )


class Progress:
    """A bar on a terminal, silence in a pipe. Call it with (done, whole) as work goes on."""

    def __init__(self, what: str) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        self._task = self._bar.add_task(what, total=None, note="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, done: float, whole: float | None, note: str = "") -> None:
        """Move the bar: `done` of `whole` (None: unknown), and a short note beside it."""
        self._bar.update(self._task, completed=done, total=whole, note=note)


def called() -> str:
    """How this shell calls the command: by its name only where that is on the path."""
    if shutil.which("banyan"):
        return "banyan"
    return shlex.quote(os.path.relpath(Path(sys.executable).with_name("banyan")))
