"""Work that is due by the clock on the wall, started once, whoever looks.

Every worker process looks; the row of the work in the database decides who does it. Nothing here
trusts a clock to go forwards only: one that is set back brings the next time back with it, one that
is set forward starts the work once, not once for each time jumped over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog
from cronsim import CronSim
from django.conf import settings
from django.db import Error, connection
from django.db.models import Q, QuerySet

from banyan.kernel.errors import Problem
from banyan.pipeline import alarms
from banyan.pipeline.schedule.models import Job

LOOK_EVERY_S = 5.0

log = structlog.get_logger("banyan.schedule")


@dataclass(frozen=True)
class Work:
    """One kind of work."""

    name: str
    when: str
    """A cron line, in the operator's time zone (BANYAN_TIMEZONE)."""
    longest: timedelta
    """After that whoever began it is taken for dead."""
    do: Callable[[datetime, Event], str]
    """Does it, given the installation's time, which a test may have moved, and what tells it to
    stop; a sentence how it went. Raises Problem when it went badly, Interrupted when it stopped."""


class Interrupted(Problem):
    """Work that was told to stop before its end; it stays due."""


def run(
    stop: Event,
    works: Sequence[Work],
    *,
    now: Callable[[], datetime],
    at: Callable[[], datetime] | None = None,
) -> None:
    """Start each of `works` when it is due, one after another, until `stop` is set. `now` is the
    clock on the wall; `at` the time that works are told, where it is another."""
    while not stop.is_set():
        try:
            for work in works:
                if not stop.is_set():
                    turn(work, stop, now=now, at=at)
        except Error:
            log.warning("database_failed", exc_info=True)
            connection.close()
        stop.wait(LOOK_EVERY_S)
    connection.close()


def turn(
    work: Work,
    stop: Event,
    *,
    now: Callable[[], datetime],
    at: Callable[[], datetime] | None = None,
) -> bool:
    """Do the work if it is due and nobody is at it; whether it was done here. Times as of `run`."""
    began = now()
    claim = _claim(work, began)
    if claim is None:
        return False
    try:
        result, is_well = work.do((at or now)(), stop), True
    except Interrupted:
        _mine(work, claim).update(claim="", claimed_until=None)
        return False
    except Problem as problem:
        result, is_well = problem.sentence, False
    except Exception as fault:
        # A loop's edge: one kind of work that fails must not end the others, and must be seen.
        log.exception("job_failed", job=work.name)
        result, is_well = f"It failed ({type(fault).__name__}); the worker's log says more.", False
    _end(work, claim, result, is_well=is_well, now=now())
    return True


def next_time(when: str, after: datetime) -> datetime:
    """When a cron line in the operator's time zone is due next, strictly after a moment; in UTC."""
    local = after.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE))
    return next(CronSim(when, local)).astimezone(UTC)


def _claim(work: Work, now: datetime) -> str | None:
    coming = next_time(work.when, now)
    row, _ = Job.objects.get_or_create(name=work.name, defaults={"due_at": coming})
    if row.due_at > coming:  # the clock was set back since
        Job.objects.filter(name=work.name, due_at=row.due_at).update(due_at=coming)
        return None
    if row.due_at > now:
        return None
    # Beyond `longest` a claim was made by a clock that has been set back; it counts as run out.
    is_free = (
        Q(claimed_until=None) | Q(claimed_until__lt=now) | Q(claimed_until__gt=now + work.longest)
    )
    token = uuid4().hex
    is_ours = Job.objects.filter(is_free, name=work.name, due_at=row.due_at).update(
        claim=token, claimed_until=now + work.longest, started_at=now
    )
    return token if is_ours else None


def _mine(work: Work, claim: str) -> QuerySet[Job]:
    return Job.objects.filter(name=work.name, claim=claim)


def _end(work: Work, claim: str, result: str, *, is_well: bool, now: datetime) -> None:
    """Due again only now: had we died before, somebody would do it once the claim ran out."""
    ended: dict[str, object] = {"succeeded_at": now} if is_well else {}
    is_ours = _mine(work, claim).update(
        claim="",
        claimed_until=None,
        ended_at=now,
        result=result,
        due_at=next_time(work.when, now),
        **ended,
    )
    if not is_ours:
        return
    log.info("job_ended", job=work.name, is_well=is_well, result=result)
    if is_well:
        alarms.close(f"job:{work.name}", now=now)
    else:
        alarms.raise_alarm(f"job:{work.name}", f"{work.name}: {result}", now=now)
