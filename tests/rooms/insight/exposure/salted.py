"""Days whose salt is known, so that a sketch of a few visitors counts the same in every run."""

from __future__ import annotations

from datetime import date, timedelta

from banyan.insight.exposure.models import Salt


def salt(middle: date, *, around: int = 2) -> None:
    """Salt the days around one, before anything is counted."""
    for n in range(-around, around + 1):
        Salt.objects.create(day=middle + timedelta(days=n), salt=bytes(range(32)))
