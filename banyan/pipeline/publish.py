"""publish: a program's file becomes what the worker decides by."""

from __future__ import annotations

import time
from datetime import datetime

from banyan.core.events.acts import locked_head
from banyan.core.programs import acts
from banyan.core.programs.read import VersionRow, published, version
from banyan.kernel.database import one_transaction
from banyan.pipeline.books import book_of
from banyan.pipeline.leader import leading
from banyan.pipeline.worker import Worker

PAUSE_S = 0.05


def publish(
    actor: str,
    source: str,
    *,
    starts_at: datetime | None,
    now: datetime,
    name: str = "program.yaml",
) -> VersionRow:
    """Check a program's file and hand it to the worker; `settled` tells what became of it.

    It counts for what comes behind the log's last position. `starts_at` is the earliest start that
    counts. Raises ProgramError and NotPublishable with every finding, VersionTaken, BookProblem
    (it cannot stand beside the published ones, or the seed of its draws is missing).
    """
    read = acts.checked(source, name=name)
    with one_transaction():
        position = locked_head()
        row = acts.order(actor, read, starts_at=starts_at, position=position, now=now)
        book_of([*published(), row])
    return row


def settled(slug: str, number: int, *, timeout_s: float) -> VersionRow:
    """The version once it is published or refused, or as it is when the time has run out.

    Does the worker's work itself while no worker runs.
    """
    end = time.monotonic() + timeout_s
    while True:
        row = version(slug, number)
        assert row is not None
        if row.status != "ordered" or time.monotonic() > end:
            return row
        with leading() as leads:
            if leads:
                worker = Worker()
                worker.advance()
                worker.finish()
                continue
        time.sleep(PAUSE_S)
