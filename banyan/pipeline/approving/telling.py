"""telling: customers hear of a version that gives less, and of a stop, in the words written for it,
and that a stopped program goes on.

Told are those who have a link or a reward of the program; of a stop's end those who had one when
they were told of the stop. Each is told once, so that work that died half-way is simply begun
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from threading import Event

import polars as pl
from django.db.models import Q

from banyan.growth.journeys.acts import Happening, announce
from banyan.kernel.database import read
from banyan.pipeline.approving.models import Review, Stop
from banyan.pipeline.schedule.runner import Interrupted

AT_ONCE = 500
NOTICE_KIND = "terms_changed"


def tell(now: datetime, stop: Event) -> str:
    """Tell what is not told yet; a sentence how it went. For the schedule. Raises Interrupted."""
    count = 0
    published = Review.objects.filter(status=Review.Status.PUBLISHED, told_at=None)
    for review in published.exclude(notice=""):
        count += _told(
            _concerned(review.program),
            Happening(
                user_id="",
                kind=NOTICE_KIND,
                key=notice_of(review.program, review.number)[1],
                program=review.program,
                values={"notice": review.notice},
            ),
            now=now,
            stop=stop,
        )
        Review.objects.filter(pk=review.pk).update(told_at=now)
    has_ended = Q(ended_at__isnull=False, end_told_at=None)
    for one in Stop.objects.filter(Q(told_at=None) | has_ended).order_by("pk"):
        count += _told_of(one, now=now, stop=stop)
    return f"{count:,} customers were told what changes in their programs."


def notice_of(program: str, number: int) -> tuple[str, str]:
    """Kind and key of what customers are told of a published version."""
    return NOTICE_KIND, f"{program}/version/{number}"


def _told_of(one: Stop, *, now: datetime, stop: Event) -> int:
    """Of a stop, and of its end once that has come."""
    count = 0
    said = Happening(
        user_id="",
        kind=NOTICE_KIND,
        key=f"{one.program}/stop/{one.pk}",
        program=one.program,
        values={"notice": one.notice},
    )
    if one.told_at is None:
        count += _told(_concerned(one.program), said, now=now, stop=stop)
        one.told_at = now
        one.save(update_fields=["told_at"])
    if one.ended_at is not None:
        same = _concerned(one.program, until=one.told_at)
        goes_on = replace(said, kind="program_resumed", values={})
        count += _told(same, goes_on, now=now, stop=stop)
        one.end_told_at = now
        one.save(update_fields=["end_told_at"])
    return count


def _concerned(program: str, *, until: datetime | None = None) -> list[str]:
    """Who has a link or a reward of a program, or had one by then."""
    given, decided = ("AND created_at <= %s", "AND occurred_at <= %s") if until else ("", "")
    asked = [program, until] if until else [program]
    people = read(
        f"SELECT advocate AS name FROM programs_link WHERE program = %s {given} "
        f"UNION SELECT beneficiary FROM referrals_decision WHERE program = %s {decided}",
        [*asked, *asked],
        {"name": pl.String},
    )
    return people.filter(~pl.col("name").str.starts_with("charity:"))["name"].to_list()


def _told(names: Sequence[str], said: Happening, *, now: datetime, stop: Event) -> int:
    """All of them the same; how many. Raises Interrupted."""
    for first in range(0, len(names), AT_ONCE):
        if stop.is_set():
            raise Interrupted("telling stopped with its process")
        announce([replace(said, user_id=name) for name in names[first : first + AT_ONCE]], now=now)
    return len(names)
