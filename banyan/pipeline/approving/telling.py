"""telling: customers hear of a version that gives less, and of a stop, in the words written for it.

Told are those who have a link or a reward of the program. Each is told once, so that work that
died half-way is simply begun again.
"""

from __future__ import annotations

from datetime import datetime
from threading import Event

import polars as pl

from banyan.growth.journeys.acts import Happening, announce
from banyan.kernel.database import read
from banyan.pipeline.approving.models import Review, Stop
from banyan.pipeline.schedule.runner import Interrupted

AT_ONCE = 500


def tell(now: datetime, stop: Event) -> str:
    """Tell what is not told yet; a sentence how it went. For the schedule. Raises Interrupted."""
    count = 0
    published = Review.objects.filter(status=Review.Status.PUBLISHED, told_at=None)
    for review in published.exclude(notice=""):
        key = f"version/{review.number}"
        count += _told(review.program, key, review.notice, now=now, stop=stop)
        Review.objects.filter(pk=review.pk).update(told_at=now)
    for one in Stop.objects.filter(told_at=None):
        count += _told(one.program, f"stop/{one.pk}", one.notice, now=now, stop=stop)
        Stop.objects.filter(pk=one.pk).update(told_at=now)
    return f"{count:,} customers were told what changes in their programs."


def _told(program: str, key: str, notice: str, *, now: datetime, stop: Event) -> int:
    people = read(
        "SELECT advocate AS name FROM programs_link WHERE program = %s "
        "UNION SELECT beneficiary FROM referrals_decision WHERE program = %s",
        [program, program],
        {"name": pl.String},
    )
    names = people.filter(~pl.col("name").str.starts_with("charity:"))["name"].to_list()
    for first in range(0, len(names), AT_ONCE):
        if stop.is_set():
            raise Interrupted("telling stopped with its process")
        announce(
            [
                Happening(
                    name, "terms_changed", f"{program}/{key}", program, None, {"notice": notice}
                )
                for name in names[first : first + AT_ONCE]
            ],
            now=now,
        )
    return len(names)
