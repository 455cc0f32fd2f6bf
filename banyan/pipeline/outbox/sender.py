"""The sending process: gives messages out, attempts what is due, writes down what came of it.

Any number may run. The main thread alone speaks to the database; threads wait for receivers, so
that a slow one holds up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Event

import structlog
from django.conf import settings
from django.db import Error, connection

from banyan.kernel.errors import Problem
from banyan.kernel.sealing import unseal
from banyan.pipeline.outbox.claims import Attempt, claim, finish
from banyan.pipeline.outbox.envelope import secret_context, signed_headers
from banyan.pipeline.outbox.fanout import give_out
from banyan.pipeline.outbox.post import Answer, post

THREADS = 32
IDLE_S = 0.5
AFTER_TROUBLE_S = 2.0

log = structlog.get_logger("banyan.outbox")


def system_time() -> datetime:
    """Retries happen in the world's time, also where a test clock was moved."""
    return datetime.now(UTC)


def run(stop: Event, *, now: Callable[[], datetime] = system_time) -> None:
    """Send until `stop` is set; then let the attempts that are under way end.

    While the database is away it is asked again and again. Answers that could not be written down
    are forgotten: their claims run out, and those deliveries are attempted once more.
    """
    ended: SimpleQueue[tuple[Attempt, Answer]] = SimpleQueue()
    busy, wait_s = 0, 0.0
    with ThreadPoolExecutor(THREADS, thread_name_prefix="webhook") as threads:
        while busy or not stop.is_set():
            answers = _come_in(ended, wait_s)
            busy -= len(answers)
            try:
                finish(answers, now())
                looked_at = 0 if stop.is_set() else give_out(now())
                begun = [] if stop.is_set() else claim(now(), THREADS - busy)
            except Error:
                log.warning("database_failed", exc_info=True)
                connection.close()
                stop.wait(AFTER_TROUBLE_S)
                continue
            for attempt in begun:
                threads.submit(_deliver, attempt, ended, now)
            busy += len(begun)
            wait_s = 0.0 if looked_at else IDLE_S


def _come_in(
    ended: SimpleQueue[tuple[Attempt, Answer]], wait_s: float
) -> list[tuple[Attempt, Answer]]:
    """What has ended; when nothing has, what ends first within the wait."""
    found = []
    try:
        found.append(ended.get(timeout=wait_s) if wait_s else ended.get_nowait())
        while True:
            found.append(ended.get_nowait())
    except Empty:
        return found


def _deliver(
    attempt: Attempt,
    ended: SimpleQueue[tuple[Attempt, Answer]],
    now: Callable[[], datetime],
) -> None:
    ended.put((attempt, _answer(attempt, now())))


def _answer(attempt: Attempt, now: datetime) -> Answer:
    try:
        context = secret_context(attempt.subscription_id)
        keys = [unseal(sealed, context=context).decode() for sealed in attempt.sealed_secrets]
        body = attempt.letter.body(settings.BASE_URL)
        headers = signed_headers(attempt.letter.id, body, keys=keys, now=now)
        return post(attempt.url, headers, body.encode())
    except Problem as problem:
        return Answer(None, problem.sentence)
    except Exception:
        # A thread's edge: an attempt that never ended would keep its place for ever.
        log.exception("webhook_fault", webhook=attempt.subscription_id)
        return Answer(None, "A fault on our side; the log says more.")
