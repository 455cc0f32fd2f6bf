"""still: referrals that have stood in a stage for long, and what moved on since."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from banyan.core.referrals.models import Referral, StageChange
from banyan.core.referrals.stages import STAGES, Stage


@dataclass(frozen=True)
class Still:
    """A referral that stands in a stage since a moment."""

    program: str
    advocate: str
    friend: str
    stage: Stage
    since: datetime


def still(
    program: str, stage: Stage, *, since: datetime, until: datetime, limit: int
) -> list[Still]:
    """Referrals of a program that came to a stage from `since` on, before `until`, and have reached
    no later one; the longest first."""
    later = StageChange.objects.filter(
        program=OuterRef("program"),
        friend=OuterRef("friend"),
        stage__in=STAGES[STAGES.index(stage) + 1 :],
    )
    rows = StageChange.objects.filter(
        ~Exists(later), program=program, stage=stage, at__gte=since, at__lt=until
    ).order_by("at", "pk")[:limit]
    found = list(rows)
    advocates = _advocates(program, [row.friend for row in found])
    return [Still(program, advocates[r.friend], r.friend, stage, r.at) for r in found]


def moved(program: str, friends: Collection[str], *, beyond: Stage) -> frozenset[str]:
    """Of these friends those who have come beyond a stage, or were lost."""
    rows = StageChange.objects.filter(
        program=program,
        friend__in=list(friends),
        stage__in=STAGES[STAGES.index(beyond) + 1 :],
    )
    return frozenset(rows.values_list("friend", flat=True))


def joined_after(
    position: int, *, upto: int, limit: int
) -> list[tuple[int, str, str, str, datetime]]:
    """Referrals that began above one position up to another, in order: position, program, advocate,
    friend, when."""
    rows = Referral.objects.filter(join_position__gt=position, join_position__lte=upto)
    columns = ("join_position", "program", "advocate", "friend", "started_at")
    return list(rows.order_by("join_position", "pk").values_list(*columns)[:limit])


def _advocates(program: str, friends: Sequence[str]) -> dict[str, str]:
    rows = Referral.objects.filter(program=program, friend__in=friends)
    return dict(rows.values_list("friend", "advocate"))
