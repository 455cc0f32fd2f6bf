"""run: whole files into the log, batch by batch; what cannot be read goes to a report."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import msgspec

from banyan.core.events.acts import append
from banyan.core.events.export import known_ids
from banyan.core.events.incoming import Incoming, Refusal
from banyan.core.events.intake import accept
from banyan.core.people.contacts import Kind
from banyan.pipeline.files import MUCH_OUT_OF_ORDER
from banyan.pipeline.importing.columns import Order, fields_of
from banyan.pipeline.importing.rows import Fault, Made, Maker, Namesakes
from banyan.pipeline.importing.sheets import (
    BadSheet,
    Row,
    Sheet,
    is_json_lines,
    json_lines,
    open_sheet,
    size_of,
)

BATCH = 10_000
SAMPLES = 3
SOURCE = "import"
_DAY = timedelta(days=1)
_NAMED_LINES = 5
_ROWS_A_MOVE = 1_000
_LONGEST_TEXT = 32_000
"""In one cell of the report: what spreadsheets hold, and less than what readers of CSV refuse."""

Progressing = Callable[[float, float | None, str], None]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True)
class Reading:
    """How files are opened; what is None is guessed."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    called: str | None = None
    """How the owner of the file calls it; None: by its path."""


@dataclass
class Imported:
    """What an import did, or would do."""

    rows: int = 0
    """Rows read, the refused ones among them."""
    new: Counter[str] = field(default_factory=Counter)
    """Events appended, by name."""
    already: int = 0
    """Events whose `messageId` the log, or an earlier row, has."""
    refused: int = 0
    unusable: int = 0
    """E-mail addresses and phone numbers by which nobody is reached; their rows count."""
    samples: list[str] = field(default_factory=list)
    """The first events as they stand in the log."""
    unused: list[str] = field(default_factory=list)
    """Columns that say nothing of the events."""
    notes: list[str] = field(default_factory=list)


def run_import(
    paths: Sequence[str],
    order: Order,
    *,
    now: datetime,
    reading: Reading,
    report: Path,
    dry_run: bool,
    progress: Progressing,
) -> Imported:
    """Read files and append their events, in the order of files and rows.

    Every row either becomes an event, is in the log already, or stands in the report (CSV: file,
    row, column, reason, cells) with the reason; a row with a contact by which nobody is reached
    becomes an event and stands there as well. So what the report names may be mended and the file
    imported again: the same file twice adds nothing. With `dry_run` nothing is appended. Raises
    BadSheet, BadMapping.
    """
    whole = size_of(paths)
    with _Import(order, now, _Faults(report, reading.called), dry_run) as at_work:
        before = 0
        for path in paths:
            for at in at_work.read(path, reading):
                if at_work.done.rows % _ROWS_A_MOVE == 0:
                    progress(before + at, whole, f"{at_work.done.rows:,} rows")
            before += size_of([path])
        at_work.flush()
        return at_work.result()


class _Import:
    """One import under way."""

    def __init__(self, order: Order, now: datetime, faults: _Faults, dry_run: bool) -> None:
        self.done = Imported()
        self._order = order
        self._now = now
        self._dry_run = dry_run
        self._faults = faults
        self._namesakes = Namesakes()
        self._waiting: list[tuple[Incoming, bool]] = []
        self._asides: set[str] = set()
        self._would_add: set[str] = set()
        self._latest: datetime | None = None
        self._late = 0
        self._unusable: dict[Kind, list[int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._faults.close()

    def read(self, path: str, reading: Reading) -> Iterator[int]:
        """Take in a file; after each row how many of its bytes were read by then."""
        said = self._order
        is_plain = said.what == "events" and not (said.columns or said.constants or said.message_id)
        if is_plain and is_json_lines(path):
            return self._read_lines(path)
        return self._read_sheet(path, reading)

    def _read_lines(self, path: str) -> Iterator[int]:
        """Lines that are events already go in as they are written."""
        for number, line, at in json_lines(path):
            self.done.rows += 1
            row = Row(number, raw=line.decode(errors="replace"))
            self._take(path, row, self._named(line))
            yield at

    def _read_sheet(self, path: str, reading: Reading) -> Iterator[int]:
        sheet = open_sheet(
            path, encoding=reading.encoding, delimiter=reading.delimiter, sheet=reading.sheet
        )
        self.done.notes += sheet.notes
        makers = _Makers(self._order, sheet, self._namesakes)
        for row in sheet.rows:
            self.done.rows += 1
            made = Fault("", row.problem) if row.problem else makers.of(row).events(row)
            if isinstance(made, Fault):
                self._refuse(path, row, made)
            else:
                for each in made:
                    self._take(path, row, each)
                self._look_at_contacts(path, row, makers.of(row))
            yield row.at
        self.done.unused += [name for name in makers.unused if name not in self.done.unused]
        if self._order.what == "orders" and "properties.order_id" not in makers.paths:
            self.done.notes.append(
                f"{path}: no column says the orders' ids, and what has none can never be refunded; "
                "name it: --map 'COLUMN=properties.order_id'."
            )

    def _named(self, line: bytes) -> Made:
        """A line that is an event already; without an id it gets one by its content."""
        try:
            line.decode()  # what is skipped below is not looked at
            fields = _fields.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Made(line, "")  # the intake says what is wrong
        if bytes(fields.get("messageId", b"null")) not in (b"null", b'""'):
            return Made(line, "")
        message_id = self._namesakes.id_of(line)
        fields["messageId"] = msgspec.Raw(_encoder.encode(message_id))
        return Made(_encoder.encode(fields), message_id)

    def _take(self, path: str, row: Row, made: Made) -> None:
        if made.is_aside:
            if made.message_id in self._asides:
                return
            self._asides.add(made.message_id)
        accepted = accept(made.json, now=self._now, source=SOURCE, role="secret")
        if isinstance(accepted, Refusal):
            self._refuse(path, row, Fault("", accepted.sentence))
            return
        self._look_at_order(accepted.occurred_at)
        self._waiting.append((accepted, made.is_aside))
        if len(self._waiting) >= BATCH:
            self.flush()

    def _refuse(self, path: str, row: Row, fault: Fault) -> None:
        self.done.refused += 1
        self._faults.add(path, row, fault)

    def _look_at_contacts(self, path: str, row: Row, maker: Maker) -> None:
        for kind, fault in maker.unusable(row):
            self.done.unusable += 1
            self._unusable.setdefault(kind, []).append(row.number)
            self._faults.add(path, row, fault)

    def _look_at_order(self, at: datetime) -> None:
        if self._latest is None or at > self._latest:
            self._latest = at
        elif self._latest - at > _DAY:
            self._late += 1

    def flush(self) -> None:
        """Append what waits, in one transaction."""
        events = [event for event, _ in self._waiting]
        known = self._known(events) if self._dry_run else self._appended(events)
        for (event, is_aside), is_known in zip(self._waiting, known, strict=True):
            if not is_known:
                self.done.new[event.name or event.kind] += 1
                if len(self.done.samples) < SAMPLES:
                    self.done.samples.append(event.body)
            elif not is_aside:
                self.done.already += 1
        self._waiting.clear()

    def _appended(self, events: Sequence[Incoming]) -> list[bool]:
        return [receipt.is_duplicate for receipt in append(events)]

    def _known(self, events: Sequence[Incoming]) -> list[bool]:
        in_log = known_ids([event.message_id for event in events])
        found = []
        for event in events:
            found.append(event.message_id in in_log or event.message_id in self._would_add)
            self._would_add.add(event.message_id)
        return found

    def result(self) -> Imported:
        """The counts, with notes on what should be known."""
        done = self.done
        if self._namesakes.repeated:
            done.notes.append(
                f"{self._namesakes.repeated:,} rows without an id say exactly what an earlier row "
                "says; each counts. If they are repetitions, name the column with the id: "
                "--map 'COLUMN=messageId'."
            )
        if lines := self._unusable.get("email"):
            done.notes.append(
                f"{len(lines):,} e-mail addresses cannot be written to (lines {_few(lines)}); the "
                "rest of these lines counts. The report names each; mend them in the file."
            )
        if lines := self._unusable.get("phone"):
            done.notes.append(
                f"{len(lines):,} phone numbers cannot be used (lines {_few(lines)}); the rest of "
                "these lines counts. The report names each; mend them in the file."
            )
        taken = done.new.total() + done.already
        if self._late > MUCH_OUT_OF_ORDER * taken:
            done.notes.append(
                f"{self._late:,} of {taken:,} events are more than a day older than one before "
                "them; the order of the log decides, so sort the file by time, and import older "
                "files first."
            )
        return done


class _Makers:
    """The maker that fits a row: of a table always the same, of JSON Lines one that knows every
    column named so far."""

    def __init__(self, order: Order, sheet: Sheet, namesakes: Namesakes) -> None:
        self._order = order
        self._is_open = not sheet.columns
        self._namesakes = namesakes
        self._columns = dict.fromkeys([*sheet.columns, *(order.columns if self._is_open else ())])
        self._learn()

    def of(self, row: Row) -> Maker:
        """The maker for that row."""
        if self._is_open and not row.cells.keys() <= self._columns.keys():
            self._columns |= dict.fromkeys(row.cells)
            self._learn()
        return self._maker

    def _learn(self) -> None:
        fields, self.unused = fields_of(self._order, tuple(self._columns), is_open=self._is_open)
        self.paths = {each.path for each in fields}
        self._maker = Maker(self._order, fields, namesakes=self._namesakes)


class _Faults:
    """The report, a file only once there is something to report."""

    def __init__(self, path: Path, called: str | None) -> None:
        self._path = path
        self._called = called
        self._file: TextIO | None = None
        self._writer: Any = None

    def add(self, path: str, row: Row, fault: Fault) -> None:
        """Write one row down."""
        if self._file is None:
            try:
                self._file = self._path.open("w", encoding="utf-8", newline="")
            except OSError as error:
                raise BadSheet(
                    f"{self._path}: the report cannot be written ({error.strerror}); name another "
                    "file by --report."
                ) from error
            # Its lines end with CR LF, else a bare CR in a cell is not quoted, and none reads it.
            self._writer = csv.writer(self._file)
            self._writer.writerow(["file", "row", "column", "reason", "cells"])
        cells = row.raw or _encoder.encode(_plain(row.cells)).decode()
        texts = map(
            _cut, (self._called or path, str(row.number), fault.column, fault.reason, cells)
        )
        self._writer.writerow(texts)

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()


def _cut(text: str) -> str:
    """What is too long without its middle: a reason says at its end what would mend the row."""
    half = _LONGEST_TEXT // 2
    return text if len(text) <= _LONGEST_TEXT else f"{text[: half - 1]}…{text[-half:]}"


def _few(lines: Sequence[int]) -> str:
    more = ", …" if len(lines) > _NAMED_LINES else ""
    return ", ".join(map(str, lines[:_NAMED_LINES])) + more


def _plain(cells: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str | int | float | bool | Decimal | None) else str(value)
        for name, value in cells.items()
    }
