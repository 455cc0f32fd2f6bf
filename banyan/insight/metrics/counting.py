"""counting: stages that staff put into funnels, counted from the log behind the other figures.

What is counted is how many referrals reached such a stage, each once, by the day it did so first.
A stage that was chosen just now is counted from the log's beginning, stretch by stretch, and then
goes on with what happens; until it has caught up, its figures are too low and say so. One way leads
through both, so that what is counted live is what is counted again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from django.conf import settings

from banyan.core.events import read as log
from banyan.core.referrals.frames import achieved_between, rejects_between
from banyan.insight.metrics.models import Counting, Day, Progress, Reached, Slice
from banyan.insight.metrics.referrals import friends_among
from banyan.insight.metrics.save import add_figures, as_figures, day_of
from banyan.insight.metrics.stages import EVENT, MILESTONE, wanted
from banyan.kernel.database import among, one_transaction, read, write

STRETCH = 10_000
"""Events looked through in one transaction."""
NEAR = 5_000
"""Who is no further behind than this many events counts as having caught up: the worker is at it
all the time."""

_DONE = {
    "friend": pl.String,
    "only": pl.String,
    "stage": pl.String,
    "position": pl.Int64,
}
"""`only` is the program that it happened in; empty: in each whose friend they are."""
_REFERRAL = ("program", "friend", "stage")


def follow(*, limit: int = STRETCH) -> bool:
    """Count on, each stage by at most `limit` events; whether some are still behind."""
    keys, there = wanted(), dict(Counting.objects.values_list("stage", "position"))
    end = _end()
    if sorted(there) == keys and all(position == end for position in there.values()):
        return False
    with one_transaction():
        # Whoever counts holds the row of progress, and nobody moves figures meanwhile.
        progress = Progress.objects.select_for_update().filter(id=1).first()
        if progress is None:
            return False
        _take_up(keys)
        groups: dict[int, list[str]] = {}
        for stage, position in Counting.objects.values_list("stage", "position"):
            groups.setdefault(position, []).append(stage)
        is_behind = False
        for after, stages in groups.items():
            upto = min(after + limit, progress.position)
            if after < upto:
                _count(stages, after=after, upto=upto)
                Counting.objects.filter(stage__in=stages).update(position=upto)
            is_behind = is_behind or upto < progress.position
    return is_behind


def being_counted(keys: Sequence[str]) -> Mapping[str, float]:
    """Of these stages those that are not counted to the end yet: the share that is done."""
    end = _end()
    there = dict(Counting.objects.filter(stage__in=keys).values_list("stage", "position"))
    return {
        key: there.get(key, 0) / end if end else 0.0
        for key in keys
        if key.startswith((EVENT, MILESTONE)) and (key not in there or end - there[key] > NEAR)
    }


def _end() -> int:
    return Progress.objects.values_list("position", flat=True).filter(id=1).first() or 0


def _take_up(keys: Sequence[str]) -> None:
    """Begin with what was chosen since, and throw away what no funnel shows any longer."""
    there = set(Counting.objects.values_list("stage", flat=True))
    gone = there.difference(keys)
    if gone:
        for figures in (Slice, Day):
            figures.objects.filter(measure__in=gone).delete()
        for kept in (Reached, Counting):
            kept.objects.filter(stage__in=gone).delete()
    Counting.objects.bulk_create(
        Counting(stage=key, position=0) for key in keys if key not in there
    )


def _count(stages: Sequence[str], *, after: int, upto: int) -> None:
    done = pl.concat([_events(stages, after, upto), _milestones(stages, after, upto)])
    if done.is_empty():
        return
    friends = friends_among(done["friend"].unique().to_list())
    theirs = done.join(friends, on="friend").filter(
        pl.col("position") >= pl.col("join_position"),
        pl.col("only").is_in([""]) | (pl.col("only") == pl.col("program")),
    )
    fresh = (
        theirs.sort("position", maintain_order=True)
        .unique(_REFERRAL, keep="first", maintain_order=True)
        .join(_reached(theirs), on=_REFERRAL, how="anti", maintain_order="left")
    )
    # Most of what is looked through is fresh for nobody, and moments are slow to read.
    moments = log.moments(fresh["position"].to_list())
    fresh = fresh.join(moments, on="position", maintain_order="left").with_columns(
        day=day_of("occurred_at", settings.OPERATOR_TIME_ZONE)
    )
    days = fresh.select(*_REFERRAL, pl.col("day").cast(pl.String).alias("reached_on"))
    write("metrics_reached", days)
    add_figures([as_figures(fresh, "stage")])


def _events(stages: Sequence[str], after: int, upto: int) -> pl.DataFrame:
    """What people did that is a stage, in every program whose friend they are; what could not be
    used is left out as the other figures leave it out."""
    names = [key.removeprefix(EVENT) for key in stages if key.startswith(EVENT)]
    if not names:
        return pl.DataFrame(schema=_DONE)
    rows = log.named(names, after=after, upto=upto)
    faults = rejects_between(after, upto).filter(pl.col("code") != "unknown_code")
    return rows.join(faults, on="position", how="anti").select(
        friend="user_id",
        only=pl.lit(""),
        stage=pl.concat_str(pl.lit(EVENT), "name"),
        position="position",
    )


def _milestones(stages: Sequence[str], after: int, upto: int) -> pl.DataFrame:
    """What was decided about milestones that are a stage, each in its program."""
    names = [key.removeprefix(MILESTONE) for key in stages if key.startswith(MILESTONE)]
    if not names:
        return pl.DataFrame(schema=_DONE)
    return achieved_between(names, after=after, upto=upto).select(
        friend="friend",
        only="program",
        stage=pl.concat_str(pl.lit(MILESTONE), "milestone"),
        position="position",
    )


def _reached(rows: pl.DataFrame) -> pl.DataFrame:
    """What is kept already of these friends and stages: (program, friend, stage)."""
    of_stages, stages = among("stage", rows["stage"].unique().to_list())
    of_friends, friends = among("friend", rows["friend"].unique().to_list())
    return read(
        f"SELECT program, friend, stage FROM metrics_reached WHERE {of_stages} AND {of_friends}",
        [*stages, *friends],
        dict.fromkeys(_REFERRAL, pl.String),
    )
