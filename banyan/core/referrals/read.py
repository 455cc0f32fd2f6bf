"""read: referrals and decisions, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from django.db.models import Q, QuerySet, Sum

from banyan.core.referrals.models import (
    Decision,
    Referral,
    Reject,
    Reversal,
    Ruling,
    StageChange,
    TouchLost,
)
from banyan.core.referrals.stages import PUBLIC_STATES, STAGES, PublicState, Stage, current

Order = Literal["asc", "desc"]
"""Of lists: `desc` is the newest first."""


@dataclass(frozen=True)
class StageReached:
    """A stage of a referral and when it was reached; `reason` is why it was lost."""

    stage: Stage
    position: int
    at: datetime
    reason: str


@dataclass(frozen=True)
class ReferralRow:
    """A referral, where it stands, and how it came there."""

    number: int
    program: str
    version: int
    advocate: str
    friend: str
    kind: str
    channel: str | None
    script: str | None
    touch_position: int
    touched_at: datetime
    join_position: int
    started_at: datetime
    stage: Stage
    public_state: PublicState
    stages: tuple[StageReached, ...]


@dataclass(frozen=True)
class TouchLostRow:
    """An invitation that met a friend and did not win."""

    program: str
    advocate: str
    visitor: str | None
    kind: str
    touch_position: int
    touched_at: datetime
    join_position: int
    reason: str


@dataclass(frozen=True)
class DecisionRow:
    """A decision as published, and what became of it."""

    decision_id: str
    program: str
    version: int
    reward: str
    to: str
    beneficiary: str
    advocate: str | None
    friend: str | None
    milestone: str
    ordinal: int
    position: int
    occurred_at: datetime
    unit: str
    raw_amount: int
    amount: int
    outcome: str
    reason: str | None
    available_at: datetime | None
    expires_at: datetime | None
    place: int
    reversed_amount: int
    ruling: str | None

    @property
    def waits_for_ruling(self) -> bool:
        """Held, not yet released or denied, and something is left of it."""
        return self.outcome == "held" and self.ruling is None and self.reversed_amount < self.amount


@dataclass(frozen=True)
class ReversalRow:
    """Something taken back of a decision."""

    decision_id: str
    position: int
    occurred_at: datetime
    amount: int


@dataclass(frozen=True)
class RejectRow:
    """An event of the log that could not be used."""

    position: int
    message_id: str | None
    code: str
    sentence: str


def referrals(
    *,
    advocate: str | None = None,
    friend: str | None = None,
    program: str | None = None,
    stage: Stage | None = None,
    from_position: int | None = None,
    order: Order = "desc",
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[ReferralRow]:
    """Referrals, the newest first; `before`, and `after` in the order `asc`, is the `number` to go
    on from.

    `stage` asks for those that have reached it, `from_position` for those that joined there or
    later.
    """
    rows = Referral.objects.all()
    if advocate is not None:
        rows = rows.filter(advocate=advocate)
    if friend is not None:
        rows = rows.filter(friend=friend)
    if program is not None:
        rows = rows.filter(program=program)
    if stage is not None:
        # A referral is its program and friend; a join in SQL would need a composite foreign key.
        rows = rows.extra(
            where=[
                "EXISTS (SELECT 1 FROM referrals_stagechange s WHERE s.program = "
                "referrals_referral.program AND s.friend = referrals_referral.friend "
                "AND s.stage = %s)"
            ],
            params=[stage],
        )
    if from_position is not None:
        rows = rows.filter(join_position__gte=from_position)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return _with_stages(rows.order_by("pk" if order == "asc" else "-pk")[:limit])


def touches_lost(
    *, advocate: str | None = None, join_position: int | None = None, limit: int = 200
) -> list[TouchLostRow]:
    """Invitations that did not win: of an advocate, or those that met a friend at one join."""
    rows = TouchLost.objects.all()
    if advocate is not None:
        rows = rows.filter(advocate=advocate)
    if join_position is not None:
        rows = rows.filter(join_position=join_position)
    return [_lost(row) for row in rows.order_by("-join_position", "touch_position")[:limit]]


def decisions(
    *,
    beneficiary: str | None = None,
    program: str | None = None,
    advocate: str | None = None,
    friend: str | None = None,
    outcome: str | None = None,
    waiting: bool = False,
    from_position: int | None = None,
    order: Order = "desc",
    before: tuple[int, int] | None = None,
    after: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[DecisionRow]:
    """Decisions, the newest first; `before`, and `after` in the order `asc`, is the (position,
    place) to go on from.

    `waiting` asks for held ones that nobody has released or denied, `from_position` for those made
    there or later.
    """
    asked = {
        "beneficiary": beneficiary,
        "program": program,
        "advocate": advocate,
        "friend": friend,
        "outcome": "held" if waiting else outcome,
    }
    rows = Decision.objects.filter(**{k: v for k, v in asked.items() if v is not None})
    if waiting:
        rows = rows.exclude(decision_id__in=Ruling.objects.values("decision_id"))
    if from_position is not None:
        rows = rows.filter(position__gte=from_position)
    if before is not None:
        position, place = before
        rows = rows.filter(Q(position__lt=position) | Q(position=position, place__lt=place))
    if after is not None:
        position, place = after
        rows = rows.filter(Q(position__gt=position) | Q(position=position, place__gt=place))
    by = ("position", "place") if order == "asc" else ("-position", "-place")
    return _with_fate(rows.order_by(*by)[:limit])


def decision(decision_id: str) -> DecisionRow | None:
    """One decision."""
    found = _with_fate(Decision.objects.filter(decision_id=decision_id))
    return found[0] if found else None


def decisions_of(decision_ids: Collection[str]) -> list[DecisionRow]:
    """These decisions, in order."""
    rows = Decision.objects.filter(decision_id__in=decision_ids)
    return _with_fate(rows.order_by("position", "place"))


def reversals(decision_id: str) -> list[ReversalRow]:
    """What was taken back of a decision, in order."""
    rows = Reversal.objects.filter(decision_id=decision_id).order_by("position")
    return [ReversalRow(r.decision_id, r.position, r.occurred_at, r.amount) for r in rows]


def referrals_of(friends: Collection[str]) -> list[ReferralRow]:
    """The referrals of these friends, of every program."""
    return _with_stages(Referral.objects.filter(friend__in=friends))


def touches_lost_at(join_positions: Collection[int]) -> list[TouchLostRow]:
    """Invitations that did not win at these joins, in the order in which they came."""
    rows = TouchLost.objects.filter(join_position__in=join_positions)
    return [_lost(row) for row in rows.order_by("join_position", "touch_position")]


def reversals_of(decision_ids: Collection[str]) -> list[ReversalRow]:
    """What was taken back of these decisions, in order."""
    rows = Reversal.objects.filter(decision_id__in=decision_ids).order_by("position", "place")
    return [ReversalRow(r.decision_id, r.position, r.occurred_at, r.amount) for r in rows]


def rejects(*, before: int | None = None, limit: int = 50) -> list[RejectRow]:
    """Events that could not be used, the newest first; `before` is the position to go on from."""
    rows = Reject.objects.all() if before is None else Reject.objects.filter(position__lt=before)
    return [
        RejectRow(r.position, r.message_id, r.code, r.sentence)
        for r in rows.order_by("-position")[:limit]
    ]


def _lost(row: TouchLost) -> TouchLostRow:
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


def _with_stages(rows: Iterable[Referral]) -> list[ReferralRow]:
    rows = list(rows)
    reached: dict[tuple[str, str], list[StageReached]] = {}
    changes = StageChange.objects.filter(
        program__in={row.program for row in rows}, friend__in={row.friend for row in rows}
    )
    for change in changes:
        stage = cast(Stage, change.stage)  # only these are ever written
        reached.setdefault((change.program, change.friend), []).append(
            StageReached(stage, change.position, change.at, change.reason)
        )
    return [_referral(row, reached[row.program, row.friend]) for row in rows]


def _referral(row: Referral, stages: Sequence[StageReached]) -> ReferralRow:
    stage = current({one.stage: one for one in stages})
    return ReferralRow(
        number=row.pk,
        program=row.program,
        version=row.version,
        advocate=row.advocate,
        friend=row.friend,
        kind=row.kind,
        channel=row.channel,
        script=row.script,
        touch_position=row.touch_position,
        touched_at=row.touched_at,
        join_position=row.join_position,
        started_at=row.started_at,
        stage=stage,
        public_state=PUBLIC_STATES[stage],
        stages=tuple(
            sorted(stages, key=lambda one: (one.position, one.at, STAGES.index(one.stage)))
        ),
    )


def _with_fate(rows: QuerySet[Decision]) -> list[DecisionRow]:
    found = list(rows)
    ids = [row.decision_id for row in found]
    taken = dict(
        Reversal.objects.filter(decision_id__in=ids)
        .values_list("decision_id")
        .annotate(n=Sum("amount"))
    )
    # A ruling after the first one changes nothing.
    ruled = dict(
        Ruling.objects.filter(decision_id__in=ids)
        .order_by("-position")
        .values_list("decision_id", "verdict")
    )
    return [
        DecisionRow(
            **{name: getattr(row, name) for name in _DECISION_COLUMNS},
            reversed_amount=taken.get(row.decision_id, 0),
            ruling=ruled.get(row.decision_id),
        )
        for row in found
    ]


_DECISION_COLUMNS = tuple(
    name for name in DecisionRow.__dataclass_fields__ if name not in ("reversed_amount", "ruling")
)
