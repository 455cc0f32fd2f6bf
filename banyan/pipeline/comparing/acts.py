"""acts: a comparison is asked for, cancelled, thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from banyan.core.events import read as log
from banyan.insight.segments.read import known
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline.comparing.models import Comparison
from banyan.pipeline.comparing.sides import opened
from banyan.trust.audit.acts import record

MOST_WAITING = 20
MOST_SEGMENTS = 10


class BadComparison(Problem):
    """A comparison that cannot be worked out as asked."""


class NoSuchComparison(Problem):
    """A comparison that is not there."""


def ask(
    actor: str,
    slug: str,
    *,
    name: str,
    source: str,
    base_name: str,
    base_source: str,
    from_at: datetime,
    until_at: datetime,
    now: datetime,
    segments: Sequence[str] = (),
) -> int:
    """Have two texts compared over [from_at, until_at); the number of the comparison.

    An empty `base_source` gives nothing; of each of the `segments` who gains and who loses is told
    apart. Raises BadComparison, ProgramError.
    """
    chosen = tuple(dict.fromkeys(segments))
    if len(chosen) > MOST_SEGMENTS:
        raise BadComparison(
            _("At most {most} segments can be looked at apart.").format(most=MOST_SEGMENTS)
        )
    if known(chosen) != set(chosen):
        raise BadComparison(_("One of the segments is gone; choose again."))
    if until_at <= from_at:
        raise BadComparison(_("The period ends before it begins."))
    if from_at > now:
        raise BadComparison(_("The period lies in the future; choose one that is past."))
    for text in filter(None, (source, base_source)):
        opened(text, name=f"{slug}.yaml")
    if Comparison.objects.filter(status=Comparison.Status.WAITING).count() >= MOST_WAITING:
        raise BadComparison(_("Too many comparisons wait already; try again later."))
    sides = 2 if base_source else 1
    with one_transaction():
        row = Comparison.objects.create(
            program=slug,
            base_name=base_name,
            base_source=base_source,
            name=name,
            source=source,
            from_at=from_at,
            until_at=min(until_at, now),
            segments=list(chosen),
            total=sides * log.head(),
            asked_by=actor,
            asked_at=now,
        )
        record(
            actor,
            "program.comparison_asked",
            f"program:{slug}",
            now=now,
            after={"comparison": row.pk, "name": name, "base": base_name},
        )
    return row.pk


def cancel(actor: str, number: int, *, now: datetime) -> None:
    """End it wherever it is; whoever works on it notices. Raises NoSuchComparison."""
    row = Comparison.objects.filter(
        pk=number, status__in=(Comparison.Status.WAITING, Comparison.Status.RUNNING)
    )
    if not row.update(status=Comparison.Status.CANCELLED, ended_at=now, claim=""):
        _there(number)


def delete(actor: str, number: int, *, now: datetime) -> None:
    """Throw one away that is over. Raises NoSuchComparison, BadComparison."""
    row = _there(number)
    if row.status in (Comparison.Status.WAITING, Comparison.Status.RUNNING):
        raise BadComparison(_("It is not done yet; cancel it first."))
    with one_transaction():
        row.delete()
        record(
            actor,
            "program.comparison_deleted",
            f"program:{row.program}",
            now=now,
            before={"comparison": number, "name": row.name, "base": row.base_name},
        )


def _there(number: int) -> Comparison:
    row = Comparison.objects.filter(pk=number).first()
    if row is None:
        raise NoSuchComparison(_("There is no such comparison."))
    return row
