"""happened: what became of referrals and decisions in a stretch of the log, to be told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet

from banyan.core.referrals.models import Decision, Referral, Reversal, StageChange, TouchLost
from banyan.core.referrals.read import (
    DecisionRow,
    ReferralRow,
    ReversalRow,
    TouchLostRow,
    decisions_of,
    referrals_of,
)
from banyan.core.referrals.stages import Stage


@dataclass(frozen=True)
class Moved:
    """A referral reached a stage; `reason` is why it was lost."""

    program: str
    friend: str
    stage: Stage
    position: int
    at: datetime
    reason: str


@dataclass(frozen=True)
class Happened:
    """Everything above `after`, up to `upto` of the log."""

    after: int
    upto: int
    joined: Sequence[ReferralRow]
    moved: Sequence[Moved]
    lost: Sequence[TouchLostRow]
    decided: Sequence[DecisionRow]
    taken_back: Sequence[ReversalRow]


def happened(*, after: int, upto: int, since: datetime, most: int) -> Happened:
    """What happened above one position up to another, in order, and not before `since`.

    Of more than about `most` rows of a kind the rest is left to the next call: `upto` is then
    lower. What one position brought stays together, however much it is. Touches that were lost come
    whenever they were made, since they say when that was alone.
    """
    joins = Referral.objects.filter(join_position__gt=after, started_at__gte=since)
    # By time first, which has an index: so far back there is not much.
    changes = StageChange.objects.filter(
        stage__in=("accepted", "activated", "purchased", "repurchased", "lost"),
        at__gte=since,
        position__gt=after,
    )
    touches = TouchLost.objects.filter(join_position__gt=after)
    decided = Decision.objects.filter(position__gt=after, occurred_at__gte=since)
    reversals = Reversal.objects.filter(position__gt=after, occurred_at__gte=since)
    for rows, name in (
        (joins, "join_position"),
        (changes, "position"),
        (touches, "join_position"),
        (decided, "position"),
        (reversals, "position"),
    ):
        inside: QuerySet[Any] = rows.filter(**{f"{name}__lte": upto}).order_by(name)
        upto = cut(list(inside.values_list(name, flat=True)[: most + 1]), upto, most)
    pairs = joins.filter(join_position__lte=upto).values_list("program", "friend")
    ids = decided.filter(position__lte=upto).values_list("decision_id", flat=True)
    lost = touches.filter(join_position__lte=upto).order_by("join_position", "touch_position")
    return Happened(
        after,
        upto,
        _joined(list(pairs)),
        [_moved(row) for row in changes.filter(position__lte=upto).order_by("position", "pk")],
        [_touch(row) for row in lost],
        decisions_of(list(ids)),
        [
            ReversalRow(row.decision_id, row.position, row.occurred_at, row.amount)
            for row in reversals.filter(position__lte=upto).order_by("position", "place")
        ],
    )


def cut(positions: Sequence[int], upto: int, most: int) -> int:
    """The last position up to which there are at most `most` rows, but at least that of the first:
    `positions` are those of the first rows, in order."""
    if len(positions) <= most:
        return upto
    return min(upto, max(positions[most] - 1, positions[0]))


def _joined(pairs: Collection[tuple[str, str]]) -> list[ReferralRow]:
    known = set(pairs)
    rows = [
        row for row in referrals_of({f for _, f in pairs}) if (row.program, row.friend) in known
    ]
    return sorted(rows, key=lambda row: (row.join_position, row.program))


def _moved(row: StageChange) -> Moved:
    stage = cast(Stage, row.stage)  # only these are ever written
    return Moved(row.program, row.friend, stage, row.position, row.at, row.reason)


def _touch(row: TouchLost) -> TouchLostRow:
    return TouchLostRow(
        row.program,
        row.advocate,
        row.visitor,
        row.kind,
        row.touch_position,
        row.touched_at,
        row.join_position,
        row.reason,
    )
