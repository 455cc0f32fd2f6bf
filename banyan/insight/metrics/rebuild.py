"""rebuild: figures made again from the log and what the engine decided, stretch by stretch.

The worker's own figures start where these end: both move the same row on, from where they found it,
so that nothing is counted twice whoever is faster.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from django.conf import settings
from django.db import connection

from banyan.insight.metrics.chains import pay_anew
from banyan.insight.metrics.counting import follow
from banyan.insight.metrics.facts import Facts, facts_between
from banyan.insight.metrics.models import Progress
from banyan.insight.metrics.promised import Promised
from banyan.insight.metrics.save import save
from banyan.kernel.database import is_postgres, one_transaction

RELEASE = 4
"""Raised when figures are counted otherwise than before: then all are made again."""
STRETCH = 50_000
"""Events counted in one transaction by a rebuild."""

_TABLES = (
    "slice",
    "day",
    "friend",
    "chain",
    "chainlevel",
    "level",
    "advocate",
    "buyer",
    "unattributed",
    "reached",
    "counting",
)


def go_on(facts: Facts, *, before: int, upto: int, promised: Promised) -> bool:
    """Count the positions in (before, upto] by what is at hand of them; whether that was possible.

    It is not while figures of earlier positions are missing: `catch_up` makes them first.
    """
    with one_transaction():
        if not _moved(before, upto, promised):
            return False
        _add(facts, before, upto, promised)
    return True


def catch_up(promised: Promised, *, cursor: int, limit: int = STRETCH) -> bool:
    """Count the next stretch up to `cursor`, the last decided position; whether there was one.

    Figures of another release or time zone are thrown away first, and what chains were paid is
    added up anew where a program has another currency now.
    """
    money = _written(promised)
    found = Progress.objects.filter(id=1).first()
    if found and _is_ours(found) and found.position >= cursor and found.currencies == money:
        return False
    with one_transaction():
        row, _ = Progress.objects.select_for_update(no_key=True).get_or_create(id=1)
        if not _is_ours(row):
            start_again()
            row.refresh_from_db()
        if row.currencies != money:
            _take_currencies(row, promised)
        if row.position >= cursor:
            return False
        upto = min(row.position + limit, cursor)
        facts = facts_between(row.position, upto)
        assert _moved(row.position, upto, promised), "the row is locked"
        _add(facts, row.position, upto, promised)
    return True


def start_again() -> None:
    """Throw every figure away that follows from the log."""
    with one_transaction(), connection.cursor() as cursor:
        # Whoever counts just now holds the row; what they add must be there to be thrown away. So
        # does, without being in their way, whoever reads what is counted; see `held_position`.
        Progress.objects.select_for_update().filter(id=1).first()
        for table in _TABLES:
            cursor.execute(f"DELETE FROM metrics_{table}")
        Progress.objects.update_or_create(
            id=1,
            defaults={"position": 0, "zone": settings.OPERATOR_TIME_ZONE, "release": RELEASE},
        )


def rebuild(
    promised: Promised, *, cursor: Callable[[], int], progress: Callable[[int, int], None]
) -> int:
    """Make every figure again, beside a running worker or without one; the position reached.

    `cursor` tells the last decided position, `progress` is told positions done and of how many.
    """
    start_again()
    while catch_up(promised, cursor=cursor()):
        progress(position(), cursor())
    while follow(limit=STRETCH):
        pass
    return position()


def position() -> int:
    """Up to which position figures count everything; 0 while those that are there are of another
    release or time zone."""
    row = Progress.objects.filter(id=1).first()
    return row.position if row and _is_ours(row) else 0


def held_position() -> int:
    """The same, and nobody throws figures away until the transaction around it ends. Whoever counts
    on does not wait for that: the worker must not stand still for a page."""
    if is_postgres():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM metrics_progress WHERE id = 1 FOR KEY SHARE")
    return position()


def _add(facts: Facts, after: int, upto: int, promised: Promised) -> None:
    zone = settings.OPERATOR_TIME_ZONE
    save(facts, after=after, upto=upto, promised=promised, zone=zone)


def _take_currencies(row: Progress, promised: Promised) -> None:
    before = msgspec.json.decode(row.currencies, type=dict[str, str])
    now = promised.currencies
    other = [program for program, currency in now.items() if before.get(program) != currency]
    pay_anew(other, promised, upto=row.position)
    Progress.objects.filter(id=1).update(currencies=_written(promised))


def _moved(before: int, upto: int, promised: Promised) -> bool:
    """Move the row from where the stretch begins; False if it stands elsewhere, or a program had
    another currency there."""
    mine = {
        "id": 1,
        "zone": settings.OPERATOR_TIME_ZONE,
        "release": RELEASE,
        "currencies": _written(promised),
    }
    if Progress.objects.filter(position=before, **mine).update(position=upto):
        return True
    if before == 0 and not Progress.objects.exists():
        Progress.objects.create(position=upto, **mine)
        return True
    return False


def _written(promised: Promised) -> str:
    return msgspec.json.encode(promised.currencies).decode()


def _is_ours(row: Progress) -> bool:
    return (row.zone, row.release) == (settings.OPERATOR_TIME_ZONE, RELEASE)
