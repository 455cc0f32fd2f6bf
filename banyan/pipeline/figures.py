"""figures: made again from the log, and looked at: who crossed a line raises an alarm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event
from zoneinfo import ZoneInfo

from django.conf import settings

from banyan.core.programs.read import published
from banyan.insight.metrics import rebuild as room
from banyan.insight.metrics.figures import Figure, everything
from banyan.insight.metrics.lines import crossings
from banyan.insight.metrics.periods import latest
from banyan.insight.metrics.promised import promised
from banyan.insight.metrics.scope import scope
from banyan.pipeline.alarms import close, raise_alarm
from banyan.pipeline.books import book_of
from banyan.pipeline.wait import cursor_position

WATCHED_DAYS = 30
"""Figures are held against their lines over so many days up to today."""


def rebuild(*, progress: Callable[[int, int], None]) -> int:
    """Make all figures again, up to where the worker is; the position reached.

    It may run beside the worker. `progress` is told positions done, and of how many.
    """
    versions = published()
    stands = promised(book_of(versions), versions)
    return room.rebuild(stands, cursor=cursor_position, progress=progress)


def watch(now: datetime, _stop: Event) -> str:
    """Hold every figure against its lines; an alarm for each that went over one since the last
    look, closed when it is back."""
    found = {(slug, one.meant.key): one for slug in _scopes() for one in _figures(slug, now)}
    crossed = crossings({key: one.colour for key, one in found.items()}, now=now)
    for one in crossed:
        kind = f"line:{one.program or 'all'}:{one.figure}"
        if one.colour == "green":
            close(kind, now=now)
        elif one.before is not None:
            close(kind, now=now)
            figure = found[one.program, one.figure]
            sentence = _sentence(figure, one.program)
            raise_alarm(kind, sentence, now=now, role=figure.line.owner)
    return f"{len(found):,} figures, {len(crossed):,} on another side of their lines than before."


def _scopes() -> list[str]:
    slugs = scope().programs
    return ["", *slugs] if len(slugs) > 1 else list(slugs)


def _figures(program: str, now: datetime) -> tuple[Figure, ...]:
    today = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
    return everything(latest(WATCHED_DAYS, today=today), scope(program), today=today)


def _sentence(figure: Figure, program: str) -> str:
    line = figure.line.red if figure.colour == "red" else figure.line.yellow
    side = "above" if figure.line.is_lower_better else "below"
    assert figure.value is not None
    return (
        f"The figure `{figure.meant.key}` of {program or 'all programs'} is {figure.value:.4g} "
        f"over the last {WATCHED_DAYS} days, {side} its {figure.colour} line of {line:.4g}; "
        "see Analytics in the console."
    )
