"""waiting: files that wait for a worker: tried out or imported, one after another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event
from uuid import uuid4

import structlog
from django.db.models import Q

from banyan.core.events.clock import now as installation_time
from banyan.core.events.read import head
from banyan.kernel.errors import Problem
from banyan.pipeline.importing import uploads
from banyan.pipeline.importing.models import Upload
from banyan.pipeline.importing.run import Imported, Reading, run_import

LOOK_EVERY_S = 1.0
CLAIMED = timedelta(minutes=5)
"""A worker that says nothing for so long is taken for dead. Another begins anew, which adds no row
twice."""
_TELL_EVERY_S = 1.0
_CLEAN_EVERY_S = 3_600.0

log = structlog.get_logger("banyan.importing")


class _Stopped(Problem):
    """The process ends; somebody else will go on."""


def run(stop: Event, *, now: Callable[[], datetime] = installation_time) -> None:
    """Take up files until `stop` is set. For a thread of the worker process."""
    cleaned = 0.0
    while not stop.is_set():
        if time.monotonic() - cleaned > _CLEAN_EVERY_S:
            uploads.clean(now=now())
            cleaned = time.monotonic()
        if not turn(stop, now=now):
            stop.wait(LOOK_EVERY_S)


def turn(stop: Event, *, now: Callable[[], datetime] = installation_time) -> bool:
    """Take up one file if one waits; whether there was one."""
    row, claim = _claimed(now())
    if row is None:
        return False
    try:
        done, end = _imported(row, claim, stop, now), ""
    except _Stopped:
        Upload.objects.filter(pk=row.pk, claim=claim).update(claim="", claimed_until=None)
        return True
    except Problem as problem:
        done, end = None, uploads.by_name(row, problem.sentence)
    except Exception:
        # A thread's edge: a file that stops the others, or is tried for ever, helps nobody.
        log.exception("import_failed", upload=row.pk)
        done, end = None, "A fault on our side; the worker's log says more."
    _end(row, claim, done, end, now())
    return True


def _claimed(now: datetime) -> tuple[Upload | None, str]:
    free = Q(claimed_until=None) | Q(claimed_until__lt=now) | Q(claimed_until__gt=now + CLAIMED)
    at_work = (Upload.State.CHECKING, Upload.State.IMPORTING)
    row = Upload.objects.filter(free, state__in=at_work).order_by("id").first()
    if row is None:
        return None, ""
    claim = uuid4().hex
    is_ours = Upload.objects.filter(free, pk=row.pk, state=row.state).update(
        claim=claim, claimed_until=now + CLAIMED
    )
    return (row, claim) if is_ours else (None, "")


def _imported(
    row: Upload, claim: str, stop: Event, now: Callable[[], datetime]
) -> dict[str, object]:
    told = 0.0

    def progress(read: float, _of: float | None, _said: str) -> None:
        nonlocal told
        if stop.is_set():
            raise _Stopped("The import stopped with its process.")
        if time.monotonic() - told > _TELL_EVERY_S:
            told = time.monotonic()
            Upload.objects.filter(pk=row.pk, claim=claim).update(
                read_bytes=int(read), claimed_until=now() + CLAIMED
            )

    report = uploads.folder(row.pk) / "report.csv"
    report.unlink(missing_ok=True)
    before = head()
    done = run_import(
        [str(uploads.file_of(row))],
        uploads.order_of(json.loads(row.mapping)),
        now=now(),
        reading=Reading(sheet=uploads.sheet_of(row), called=row.name),
        report=report,
        dry_run=row.state == Upload.State.CHECKING,
        progress=progress,
    )
    return _plain(row, done) | {"after": before, "upto": head()}


def _end(
    row: Upload, claim: str, done: dict[str, object] | None, problem: str, now: datetime
) -> None:
    is_dry = row.state == Upload.State.CHECKING
    well = Upload.State.CHECKED if is_dry else Upload.State.DONE
    changed = Upload.objects.filter(pk=row.pk, claim=claim).update(
        state=Upload.State.FAILED if done is None else well,
        result=json.dumps(done or {}, ensure_ascii=False),
        problem=problem,
        read_bytes=row.size,
        changed_at=now,
        claim="",
        claimed_until=None,
    )
    if changed and done is not None and not is_dry:
        uploads.file_of(row).unlink(missing_ok=True)
    log.info("import_ended", upload=row.pk, is_dry=is_dry, problem=problem)


def _plain(row: Upload, done: Imported) -> dict[str, object]:
    return {
        "rows": done.rows,
        "new": dict(done.new),
        "already": done.already,
        "refused": done.refused,
        "unusable": done.unusable,
        "samples": done.samples,
        "unused": done.unused,
        "notes": [uploads.by_name(row, note) for note in done.notes],
    }
