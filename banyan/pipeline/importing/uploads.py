"""uploads: files that somebody brings by the console: brought, mapped, tried out, imported.

A file is in the log only after somebody saw what a dry run made of it and said yes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline.importing.cells import Habits
from banyan.pipeline.importing.columns import WHATS, BadMapping, Order, checked, fields_of
from banyan.pipeline.importing.models import Upload
from banyan.pipeline.importing.sheets import ENDINGS, BadSheet, Sheet, open_sheet, sheet_names
from banyan.trust.audit.acts import record

MOST_BYTES = 60 * 1024 * 1024
"""A little less than the server takes in one request."""
KEPT = timedelta(days=7)
"""How long a file waits for its mapping, and a report of bad rows for its reader."""
_GLANCED = 5
_LONGEST_NAME = 120


class BadUpload(Problem):
    """A file that cannot be taken in, or is not at the step that was asked for."""


@dataclass(frozen=True)
class UploadRow:
    """A file on its way. `result` holds the counts of its last run (`banyan.pipeline.importing.run
    .Imported`) once there was one."""

    number: int
    name: str
    size: int
    state: str
    order: Order | None
    """What the columns say; None before the mapping."""
    sheet: str | None
    """Which sheet of a workbook was chosen; None: the first."""
    mapping_hash: str
    """Of what the columns and the sheet were said to mean."""
    brought_by: str
    brought_at: datetime
    read_bytes: int
    result: Mapping[str, Any]
    problem: str

    @property
    def is_at_work(self) -> bool:
        """Whether a worker has it, or will."""
        return self.state in (Upload.State.CHECKING, Upload.State.IMPORTING)


@dataclass(frozen=True)
class Glance:
    """How a file begins."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    sheets: tuple[str, ...]
    """The sheets of a workbook, the one that was read first."""


def bring(actor: str, name: str, chunks: Iterable[bytes], *, now: datetime) -> int:
    """Take in a file; its number. Raises BadUpload, BadSheet."""
    plain = Path(name.replace("\\", "/")).name[-_LONGEST_NAME:]
    if not any(plain.lower().removesuffix(".gz").endswith(ending) for ending in ENDINGS):
        raise BadUpload(f"file: {plain} has none of the endings {', '.join(ENDINGS)}")
    row = Upload.objects.create(
        name=plain, size=0, brought_by=actor, brought_at=now, changed_at=now
    )
    kept = file_of(row)
    try:
        size = _kept(row.pk, plain, chunks)
        glance(row.pk)
    except Problem as problem:
        _discard(row.pk)
        row.delete()
        raise type(problem)(problem.sentence.replace(str(kept), plain)) from None
    Upload.objects.filter(pk=row.pk).update(size=size)
    record(actor, "import.brought", f"import:{row.pk}", now=now, after={"bytes": size})
    return row.pk


def glance(number: int, sheet_name: str | None = None) -> Glance:
    """The first rows of a file, in clear: for whoever brought it. Of a workbook they are those of
    the named sheet, or of the first that can be read. Raises BadUpload, BadSheet."""
    row = _existing(number)
    try:
        sheet = _opened(str(file_of(row)), sheet_name)
        rows = list(islice(sheet.rows, _GLANCED))
    except BadSheet as bad:
        raise BadSheet(by_name(row, bad.sentence)) from None
    columns = sheet.columns or tuple(dict.fromkeys(name for one in rows for name in one.cells))
    if not columns:
        raise BadSheet(f"{row.name}: there are no columns in it.")
    cells = tuple(
        tuple("" if (value := one.cells.get(name)) is None else str(value) for name in columns)
        for one in rows
    )
    notes = tuple(by_name(row, note) for note in sheet.notes)
    return Glance(columns, cells, notes, sheet.sheets)


def guessed(order: Order, columns: Sequence[str]) -> dict[str, str]:
    """Which field each column of a file is taken for; empty for those that say nothing. Raises
    BadMapping."""
    fields, _unused = fields_of(order, columns, is_open=True)
    by_column = {field.column: field.path for field in fields if field.column}
    return {column: by_column.get(column, "") for column in columns}


def try_out(
    actor: str, number: int, order: Order, *, sheet: str | None = None, now: datetime
) -> None:
    """Let a worker say what this mapping would make of the file, or of one sheet of it. Raises
    BadUpload, BadSheet, BadMapping."""
    seen = glance(number, sheet)
    fields_of(order, seen.columns)
    steps = (Upload.State.MAPPING, Upload.State.CHECKED, Upload.State.FAILED)
    _go(
        number,
        steps,
        Upload.State.CHECKING,
        now,
        mapping=json.dumps(plain(order) | {"sheet": next(iter(seen.sheets), None)}),
    )
    record(actor, "import.tried", f"import:{number}", now=now, after={"kind": order.what})


def confirm(actor: str, number: int, *, mapping_hash: str, now: datetime) -> None:
    """Append what the dry run of the mapping with this hash showed. Raises BadUpload."""
    with one_transaction():
        _go(number, (Upload.State.CHECKED,), Upload.State.IMPORTING, now)
        row = _existing(number)
        if _hash(row.mapping) != mapping_hash:  # undoes the step
            raise BadUpload("import: the columns were changed since this trial; look at it again")
        kind = json.loads(row.mapping)["what"]
        record(actor, "events.import", row.name, now=now, after={"kind": kind, "import": number})


def cancel(actor: str, number: int, *, now: datetime) -> None:
    """Throw the file away before it is imported. Raises BadUpload."""
    steps = (Upload.State.MAPPING, Upload.State.CHECKED, Upload.State.FAILED)
    _go(number, steps, Upload.State.CANCELLED, now)
    _discard(number)
    record(actor, "import.cancelled", f"import:{number}", now=now)


def uploads(limit: int = 50) -> list[UploadRow]:
    """The latest files."""
    return [_value(row) for row in Upload.objects.order_by("-id")[:limit]]


def upload(number: int) -> UploadRow | None:
    """One of them."""
    row = Upload.objects.filter(pk=number).first()
    return _value(row) if row else None


def report_of(number: int) -> Path | None:
    """The report of the rows that made no event, if there were any and it is still kept."""
    file = folder(number) / "report.csv"
    return file if file.is_file() else None


def clean(*, now: datetime) -> int:
    """Throw away files and reports that nobody has touched for a week; how many."""
    old = Upload.objects.filter(changed_at__lt=now - KEPT).exclude(
        state__in=(Upload.State.CHECKING, Upload.State.IMPORTING)
    )
    gone = 0
    for number in old.values_list("pk", flat=True):
        gone += folder(number).is_dir()
        _discard(number)
    waiting = (Upload.State.MAPPING, Upload.State.CHECKED, Upload.State.FAILED)
    old.filter(state__in=waiting).update(state=Upload.State.CANCELLED)
    return gone


def folder(number: int) -> Path:
    """Where a file lies with its report."""
    return Path(settings.BANYAN_HOME) / "imports" / str(number)


def file_of(row: Upload) -> Path:
    """The file itself."""
    return folder(row.pk) / f"file{_ending(row.name)}"


def by_name(row: Upload, sentence: str) -> str:
    """A sentence about the file under the name by which its owner knows it: where we keep it is
    nobody's business."""
    return sentence.replace(str(file_of(row)), row.name)


def sheet_of(row: Upload) -> str | None:
    """Which sheet of a workbook was chosen; None: the first."""
    found = json.loads(row.mapping).get("sheet")
    return found if isinstance(found, str) else None


def plain(order: Order) -> dict[str, Any]:
    """A mapping as it is kept."""
    return {
        "what": order.what,
        "columns": dict(order.columns),
        "constants": dict(order.constants),
        "message_id": order.message_id,
        "habits": asdict(order.habits),
    }


def order_of(told: Mapping[str, Any]) -> Order:
    """A mapping from plain values. Raises BadMapping."""
    what = told.get("what")
    if what not in WHATS:
        raise BadMapping(f"kind: expected one of {', '.join(WHATS)}, found {what!r}.")
    return Order(
        what,
        dict(told.get("columns") or {}),
        dict(told.get("constants") or {}),
        str(told.get("message_id") or ""),
        checked(Habits(), told.get("habits") or {}),
    )


def _opened(path: str, sheet_name: str | None) -> Sheet:
    try:
        return open_sheet(path, sheet=sheet_name)
    except BadSheet:
        # A title page, which has no columns, shall not keep anybody from choosing another sheet.
        others = sheet_names(path)[1:] if sheet_name is None else ()
        for name in others:
            with suppress(BadSheet):
                return open_sheet(path, sheet=name)
        raise


def _hash(mapping: str) -> str:
    return sha256(mapping.encode()).hexdigest()


def _go(number: int, steps: Iterable[str], to: str, now: datetime, **changes: object) -> None:
    changed = Upload.objects.filter(pk=number, state__in=tuple(steps)).update(
        state=to, changed_at=now, read_bytes=0, problem="", claim="", claimed_until=None, **changes
    )
    if not changed:
        raise BadUpload("import: this file is at another step by now; look at it again")


def _kept(number: int, name: str, chunks: Iterable[bytes]) -> int:
    folder(number).mkdir(parents=True)
    size = 0
    with (folder(number) / f"file{_ending(name)}").open("wb") as out:
        for chunk in chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                raise BadUpload(
                    f"file: more than {MOST_BYTES // 2**20} MB; split it, or import it on the "
                    "server: banyan import"
                )
            out.write(chunk)
    if not size:
        raise BadUpload("file: it is empty")
    return size


def _ending(name: str) -> str:
    """`.csv`, `.csv.gz`: what says how it is read; the rest of a name is anybody's choice."""
    lower = name.lower()
    packed = ".gz" if lower.endswith(".gz") else ""
    bare = lower.removesuffix(".gz")
    return next(ending for ending in ENDINGS if bare.endswith(ending)) + packed


def _discard(number: int) -> None:
    shutil.rmtree(folder(number), ignore_errors=True)


def _existing(number: int) -> Upload:
    row = Upload.objects.filter(pk=number).first()
    if row is None:
        raise BadUpload(f"import: there is no import {number}")
    return row


def _value(row: Upload) -> UploadRow:
    told = json.loads(row.mapping)
    return UploadRow(
        row.pk,
        row.name,
        row.size,
        row.state,
        order_of(told) if told else None,
        sheet_of(row),
        _hash(row.mapping),
        row.brought_by,
        row.brought_at,
        row.read_bytes,
        json.loads(row.result),
        row.problem,
    )
