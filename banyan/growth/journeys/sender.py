"""The sending process: claims what is due, hands it to providers, writes down what came of it.

Any number may run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event

import structlog

from banyan.growth.journeys.channels import send
from banyan.growth.journeys.claims import Attempt, Failed, claim, finish, unheard
from banyan.growth.journeys.letter import Outcome
from banyan.kernel.attempts import keep_attempting

THREADS = 8

log = structlog.get_logger("banyan.notices")


def run(stop: Event, *, now: Callable[[], datetime], failed: Failed = unheard) -> None:
    """Send until `stop` is set; then let the attempts that are under way end.

    `failed` hears of each notice that will reach nobody.
    """

    def turn(ended: Sequence[tuple[Attempt, Outcome]], free: int) -> tuple[Sequence[Attempt], bool]:
        finish(ended, now(), failed=failed)
        begun = [] if stop.is_set() else claim(now(), free, failed=failed)
        return begun, 0 < len(begun) < free

    keep_attempting(stop, name="notice", threads=THREADS, turn=turn, attempt=_sent)


def send_due(now: Callable[[], datetime], *, most: int = 1_000, failed: Failed = unheard) -> int:
    """Send what is due in this thread, once each; how many attempts that were."""
    done = 0
    while done < most and (attempts := claim(now(), min(THREADS, most - done), failed=failed)):
        for attempt in attempts:
            finish([(attempt, _sent(attempt))], now(), failed=failed)
        done += len(attempts)
    return done


def _sent(attempt: Attempt) -> Outcome:
    try:
        return send(attempt.letter)
    except Exception as fault:
        # A thread's edge: a fault of ours is tried again like one of the provider, and seen.
        log.exception("notice_failed", notice=attempt.number)
        return Outcome("later", f"a fault ({type(fault).__name__})")
