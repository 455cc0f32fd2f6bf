"""read: disputes as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import msgspec
from django.db.models import Case, F, Q, QuerySet, When

from banyan.core.people.read import whole
from banyan.growth.feedback import clocks
from banyan.growth.feedback.clocks import Late
from banyan.growth.feedback.models import Dispute, Word
from banyan.kernel.sealing import unseal

State = Literal["open", "accepted", "solved", "appealed"]
Outcome = Literal["", "upheld", "corrected", "withdrawn"]
Said = Literal["raised", "answered", "appealed"]


@dataclass(frozen=True)
class WordRow:
    """Something said in a dispute; `text` is None once the customer was erased."""

    kind: Said
    at: datetime
    actor: str
    text: str | None


@dataclass(frozen=True)
class DisputeRow:
    """A dispute, what was known when it began (`evidence`: `why` by language, and of a referral its
    `stages`), and everything said in it, in order."""

    number: int
    user_id: str
    about: str
    program: str
    state: State
    outcome: Outcome
    raised_at: datetime
    clock_from: datetime
    accepted_at: datetime | None
    solved_at: datetime | None
    is_appealed: bool
    evidence: dict[str, Any]
    words: tuple[WordRow, ...]

    @property
    def accept_by(self) -> datetime:
        """When somebody must have taken it up."""
        return self.clock_from + clocks.ACCEPT_WITHIN

    @property
    def solve_by(self) -> datetime:
        """When it must be solved."""
        return self.clock_from + clocks.SOLVE_WITHIN

    @property
    def due_by(self) -> datetime:
        """When the next of the two is to be done, of one that is not solved."""
        return clocks.due(self.clock_from, is_taken_up=self.state == "accepted")

    @property
    def last_by(self) -> datetime:
        """The outer limit, which the customer is promised."""
        return self.clock_from + clocks.LAST_WITHIN

    @property
    def may_be_appealed(self) -> bool:
        """Once, and not after the customer gave it up."""
        return self.state == "solved" and self.outcome != "withdrawn" and not self.is_appealed

    @property
    def answer(self) -> str:
        """What we said last; empty before, and once the customer was erased."""
        said = [word.text or "" for word in self.words if word.kind == "answered"]
        return said[-1] if said else ""

    def late(self, now: datetime) -> Late:
        """Which time was missed; empty when none was."""
        return clocks.late(
            self.clock_from, accepted_at=self.accepted_at, solved_at=self.solved_at, now=now
        )


@dataclass(frozen=True)
class Due:
    """A dispute that is not solved: by when it must be taken up, and by when the next of the two
    must be done."""

    number: int
    user_id: str
    program: str
    accept_by: datetime
    due_by: datetime


@dataclass(frozen=True)
class Backlog:
    """Disputes that are not solved, and those of them that are late."""

    waiting: int
    late: int


def dispute(number: int) -> DisputeRow | None:
    """One dispute."""
    rows = _rows(Dispute.objects.filter(pk=number))
    return rows[0] if rows else None


def disputes_of(user_id: str) -> list[DisputeRow]:
    """A customer's disputes, the newest first, those of merged ids among them."""
    rows = Dispute.objects.filter(user_id__in=whole(user_id).user_ids)
    return _rows(rows.order_by("-pk"))


def disputes(
    *,
    state: State | None = None,
    program: str | None = None,
    user_id: str | None = None,
    late_at: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[DisputeRow]:
    """Disputes, the newest first; `before` is the `number` to go on from.

    `late_at` asks for those not solved that had missed a time by then.
    """
    asked = {"state": state, "program": program, "user_id": user_id}
    rows = Dispute.objects.filter(**{k: v for k, v in asked.items() if v is not None})
    if late_at is not None:
        rows = rows.filter(_late(late_at))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return _rows(rows.order_by("-pk")[:limit])


def disputes_due(*, offset: int = 0, limit: int = 50) -> list[DisputeRow]:
    """Disputes that are not solved, by what is due first."""
    due = Case(
        When(state=Dispute.State.ACCEPTED, then=F("clock_from") + clocks.SOLVE_WITHIN),
        default=F("clock_from") + clocks.ACCEPT_WITHIN,
    )
    rows = Dispute.objects.exclude(state=Dispute.State.SOLVED).order_by(due, "pk")
    return _rows(rows[offset : offset + limit])


def all_due() -> list[Due]:
    """Every dispute that is not solved, without what was said."""
    rows = Dispute.objects.exclude(state=Dispute.State.SOLVED).order_by("pk")
    return [
        Due(
            row.pk,
            row.user_id,
            row.program,
            row.clock_from + clocks.ACCEPT_WITHIN,
            clocks.due(row.clock_from, is_taken_up=row.state == Dispute.State.ACCEPTED),
        )
        for row in rows.only("user_id", "program", "state", "clock_from")
    ]


def backlog(*, now: datetime) -> Backlog:
    """How many wait for an answer, and how many of them too long."""
    waiting = Dispute.objects.exclude(state=Dispute.State.SOLVED)
    return Backlog(waiting.count(), waiting.filter(_late(now)).count())


def _late(now: datetime) -> Q:
    """As `clocks.late` says of one that is not solved."""
    too_long = Q(clock_from__lt=now - clocks.SOLVE_WITHIN)
    not_taken_up = Q(accepted_at=None, clock_from__lt=now - clocks.ACCEPT_WITHIN)
    taken_up_late = Q(accepted_at__gt=F("clock_from") + clocks.ACCEPT_WITHIN)
    return ~Q(state=Dispute.State.SOLVED) & (too_long | not_taken_up | taken_up_late)


def _rows(found: QuerySet[Dispute]) -> list[DisputeRow]:
    rows = list(found)
    said: dict[int, list[WordRow]] = {row.pk: [] for row in rows}
    for word in Word.objects.filter(dispute__in=said).order_by("pk"):
        said[word.dispute_id].append(_word(word))
    return [_row(row, said[row.pk]) for row in rows]


def _row(row: Dispute, words: Iterable[WordRow]) -> DisputeRow:
    return DisputeRow(
        number=row.pk,
        user_id=row.user_id,
        about=row.about,
        program=row.program,
        state=cast(State, row.state),  # the database holds these alone
        outcome=cast(Outcome, row.outcome),
        raised_at=row.raised_at,
        clock_from=row.clock_from,
        accepted_at=row.accepted_at,
        solved_at=row.solved_at,
        is_appealed=row.is_appealed,
        evidence=msgspec.json.decode(row.evidence),
        words=tuple(words),
    )


def _word(row: Word) -> WordRow:
    text = None
    if row.sealed is not None:
        text = unseal(bytes(row.sealed), context=word_context(row.dispute_id)).decode()
    return WordRow(cast(Said, row.kind), row.at, row.actor, text)


def word_context(number: int) -> str:
    """What seals the words of a dispute to it."""
    return f"dispute:{number}"


def for_export(user_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Everything said in disputes of these ids, for a customer's own copy: plain JSON values."""
    rows = _rows(Dispute.objects.filter(user_id__in=user_ids).order_by("pk"))
    told: list[dict[str, Any]] = msgspec.to_builtins(rows)
    return told
