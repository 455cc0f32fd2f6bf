"""came: how many came of a program in a time: numbers alone, for goals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from banyan.core.referrals.models import Referral, StageChange


@dataclass(frozen=True)
class Came:
    """Friends who joined, advocates who brought them, friends who bought."""

    joined: int
    advocates: int
    bought: int


def came(program: str, *, since: datetime, until: datetime) -> Came:
    """Of referrals that began, and purchases that were made, from `since` up to before `until`."""
    began = Referral.objects.filter(program=program, started_at__gte=since, started_at__lt=until)
    bought = StageChange.objects.filter(
        program=program, stage="purchased", at__gte=since, at__lt=until
    )
    return Came(
        began.count(),
        began.values("advocate").distinct().count(),
        bought.values("friend").distinct().count(),
    )
