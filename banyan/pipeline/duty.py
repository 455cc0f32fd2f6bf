"""duty: everything a worker process does, side by side: decide, send, and work by the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from django.db import connection

from banyan.pipeline import notices, worker
from banyan.pipeline.comparing import runner as comparing
from banyan.pipeline.importing import waiting as imports
from banyan.pipeline.outbox import sender
from banyan.pipeline.schedule import works

AFTER_FAULT_S = 5.0

log = structlog.get_logger("banyan.duty")

Part = Callable[[threading.Event], None]


def run(stop: threading.Event) -> None:
    """Do it all until `stop` is set; then let what is under way end.

    One process leads in deciding. Webhooks, notices and scheduled work are shared out among all
    processes by the rows they claim, so a standby does its part of them.
    """
    others = [
        threading.Thread(target=kept_up, args=(stop, name, part), name=name)
        for name, part in (
            ("webhooks", sender.run),
            ("schedule", works.run),
            ("notices", notices.run),
            ("messages", notices.send),
            ("imports", imports.run),
            ("comparisons", comparing.run),
        )
    ]
    for thread in others:
        thread.start()
    try:
        worker.run(stop)
    finally:
        # Also when deciding ended by a fault: the process must end to be started again.
        stop.set()
        for thread in others:
            thread.join()


def kept_up(stop: threading.Event, name: str, part: Part) -> None:
    """Do one part until `stop` is set, beginning again after a fault of ours."""
    while not stop.is_set():
        try:
            part(stop)
        except Exception:
            # A thread's edge: it would end unseen, and the others would go on without it.
            log.exception("part_failed", part=name)
            stop.wait(AFTER_FAULT_S)
        finally:
            connection.close()
