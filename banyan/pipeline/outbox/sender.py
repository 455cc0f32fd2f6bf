"""The sending process: gives messages out, attempts what is due, writes down what came of it.

Any number may run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event

import structlog
from django.conf import settings

from banyan.kernel.attempts import keep_attempting
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import unseal
from banyan.pipeline.outbox.claims import Attempt, claim, finish
from banyan.pipeline.outbox.envelope import secret_context, signed_headers
from banyan.pipeline.outbox.fanout import give_out
from banyan.pipeline.outbox.post import Answer, post

THREADS = 32

log = structlog.get_logger("banyan.outbox")


def system_time() -> datetime:
    """Retries happen in the world's time, also where a test clock was moved."""
    return datetime.now(UTC)


def run(stop: Event, *, now: Callable[[], datetime] = system_time) -> None:
    """Send until `stop` is set; then let the attempts that are under way end."""

    def turn(ended: Sequence[tuple[Attempt, Answer]], free: int) -> tuple[Sequence[Attempt], bool]:
        finish(ended, now())
        looked_at = 0 if stop.is_set() else give_out(now())
        return [] if stop.is_set() else claim(now(), free), bool(looked_at)

    def attempt(one: Attempt) -> Answer:
        return _answer(one, now())

    keep_attempting(stop, name="webhook", threads=THREADS, turn=turn, attempt=attempt)


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
