"""runner: works waiting comparisons out, one at a time, in whatever worker process is free.

The row says who is at it and until when that is believed. Whoever dies leaves a row whose time runs
out; the next one to look begins it anew, since nothing of it was kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event
from uuid import uuid4

import structlog
from django.db import Error, IntegrityError, connection, transaction
from django.db.models import F, QuerySet

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.kernel.errors import Problem
from banyan.pipeline.comparing.groups import groups
from banyan.pipeline.comparing.models import Comparison
from banyan.pipeline.comparing.report import packed, report
from banyan.pipeline.comparing.sides import decided, opened

LOOK_EVERY_S = 1.0
BELIEVED = timedelta(minutes=2)
"""A chunk of the log takes seconds; who says nothing for so long is taken for dead."""

logger = structlog.get_logger("banyan.comparing")

_RUNNING, _WAITING = Comparison.Status.RUNNING, Comparison.Status.WAITING


class NotOurs(Problem):
    """Somebody cancelled it, or took it over."""


class Stopping(Problem):
    """This process is told to end."""


def run(stop: Event) -> None:
    """Work out what waits until `stop` is set. For a thread of the worker process."""
    while not stop.is_set():
        try:
            worked = turn(stop)
        except Error:
            logger.warning("database_failed", exc_info=True)
            connection.close()
            worked = False
        if not worked:
            stop.wait(LOOK_EVERY_S)


def turn(stop: Event) -> bool:
    """Work out one that waits, if no other runs; whether there was one."""
    row = _claimed(clock.now())
    if row is None:
        return False
    logger.info("comparison_begun", number=row.pk, events=row.total)
    try:
        result = _worked_out(row, stop)
    except Stopping:
        _mine(row).update(status=_WAITING, claim="", claimed_until=None, done=0)
    except NotOurs:
        logger.info("comparison_left", number=row.pk)
    except Problem as problem:
        _end(row, Comparison.Status.FAILED, reason=str(problem))
    else:
        _end(row, Comparison.Status.DONE, result=result)
    return True


def _claimed(now: datetime) -> Comparison | None:
    left = Comparison.objects.filter(status=_RUNNING, claimed_until__lt=now)
    row = left.first() or Comparison.objects.filter(status=_WAITING).order_by("id").first()
    if row is None:
        return None
    token = uuid4().hex
    try:
        with transaction.atomic():
            is_ours = Comparison.objects.filter(
                pk=row.pk, status=row.status, claim=row.claim
            ).update(
                status=_RUNNING,
                claim=token,
                claimed_until=now + BELIEVED,
                started_at=now,
                done=0,
                total=(2 if row.base_source else 1) * log.head(),
            )
    except IntegrityError:  # another one runs
        return None
    return Comparison.objects.get(pk=row.pk) if is_ours else None


def _worked_out(row: Comparison, stop: Event) -> str:
    def beat(count: int) -> None:
        if stop.is_set():
            raise Stopping("the process ends")
        kept = _mine(row).update(done=F("done") + count, claimed_until=clock.now() + BELIEVED)
        if not kept:
            raise NotOurs("cancelled or taken over")

    upto = log.head()
    name = f"{row.program}.yaml"
    base = opened(row.base_source, name=name) if row.base_source else None
    draft = opened(row.source, name=name)
    a, b = (
        decided(program, from_at=row.from_at, until_at=row.until_at, upto=upto, beat=beat)
        for program in (base, draft)
    )
    found = groups(
        row.program,
        row.segments,
        sides=(a, b),
        currency=draft.currency,
        from_at=row.from_at,
        until_at=row.until_at,
        now=clock.now(),
    )
    made = report(
        a,
        b,
        programs=[draft] if base is None else [base, draft],
        from_at=row.from_at,
        until_at=row.until_at,
        events=upto,
        groups=found,
    )
    return packed(made)


def _mine(row: Comparison) -> QuerySet[Comparison]:
    return Comparison.objects.filter(pk=row.pk, claim=row.claim, status=_RUNNING)


def _end(row: Comparison, status: str, *, result: str = "", reason: str = "") -> None:
    now = clock.now()
    changed = _mine(row).update(
        status=status, result=result, reason=reason, ended_at=now, claim="", claimed_until=None
    )
    if changed:
        logger.info("comparison_ended", number=row.pk, status=str(status), reason=reason)
