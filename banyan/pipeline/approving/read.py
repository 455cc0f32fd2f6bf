"""read: where a program is in its life, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from banyan.core.programs.read import ProgramRow, VersionRow, programs, version
from banyan.insight.metrics.measures import DECIDED, GRANTED, JOINED
from banyan.insight.metrics.sums import by_version
from banyan.pipeline.approving.models import (
    Check,
    Pilot,
    Policy,
    Review,
    Stop,
    Suggestion,
    Verdict,
)

Side = Literal["legal", "finance"]
SIDES: tuple[Side, ...] = ("legal", "finance")

NOTICE_DAYS = 14
"""Where nobody set another number."""
QUARTER = timedelta(days=91)
"""After that a live program is due for legal again."""


@dataclass(frozen=True)
class VerdictRow:
    """What one side said."""

    side: Side
    is_approved: bool
    remarks: str
    by: str
    at: datetime


@dataclass(frozen=True)
class ReviewRow:
    """One review; `is_current`: the version is still a draft of the text it is about."""

    id: int
    program: str
    number: int
    sha256: str
    status: str
    note: str
    asked_by: str
    authors: frozenset[str]
    asked_at: datetime
    closed_at: datetime | None
    cuts: tuple[str, ...]
    notice: str
    verdicts: tuple[VerdictRow, ...]
    is_current: bool

    @property
    def is_open(self) -> bool:
        """Whether a verdict is still asked for, or it may be published."""
        return self.status == "open" and self.is_current

    @property
    def is_approved(self) -> bool:
        """Whether both sides agreed to the text as it is."""
        return self.is_open and {one.side for one in self.verdicts if one.is_approved} == set(SIDES)

    def verdict(self, side: Side) -> VerdictRow | None:
        """What that side said."""
        return next((one for one in self.verdicts if one.side == side), None)

    def may_judge(self, actor: str, side: Side) -> bool:
        """Whether the two-person rule lets somebody speak for a side now."""
        is_stranger = actor not in self.authors.union(one.by for one in self.verdicts)
        return self.is_open and is_stranger and self.verdict(side) is None


@dataclass(frozen=True)
class CheckRow:
    """One look of legal at a live program."""

    version: int
    is_approved: bool
    remarks: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Due:
    """When legal last looked at a live program, and when it should again."""

    program: str
    status: str
    last_at: datetime | None
    due_at: datetime
    last_remarks: str = ""
    was_approved: bool = True


@dataclass(frozen=True)
class StopRow:
    """An immediate stop."""

    program: str
    reason: str
    notice: str
    by: str
    at: datetime
    version: int
    asked_by: str
    asked_at: datetime | None
    asked_why: str
    ended_by: str
    ended_at: datetime | None
    ended_version: int | None


@dataclass(frozen=True)
class SuggestionRow:
    """What somebody would have otherwise."""

    text: str
    by: str
    at: datetime


@dataclass(frozen=True)
class PilotRow:
    """A version for chosen customers, and what was gathered in it."""

    id: int
    program: str
    number: int
    tag: str
    targets: str
    by: str
    at: datetime
    promoted_number: int | None
    promoted_at: datetime | None
    suggestions: tuple[SuggestionRow, ...]


@dataclass(frozen=True)
class Tally:
    """What came of one version: how many referrals and decisions, and what was granted by unit."""

    referrals: int
    decisions: int
    granted: tuple[tuple[str, int], ...]


def notice_days(program: str) -> int:
    """How many days ahead a cut of that program must be published."""
    row = Policy.objects.filter(program=program).first()
    return row.notice_days if row else NOTICE_DAYS


def review(number: int) -> ReviewRow | None:
    """One review by its number."""
    return next(iter(_reviews(Review.objects.filter(pk=number))), None)


def reviews(program: str) -> list[ReviewRow]:
    """All reviews of a program, the newest first."""
    return _reviews(Review.objects.filter(program=program).order_by("-id"))


def open_reviews() -> list[ReviewRow]:
    """Everything that waits for a verdict or for publication, the oldest first."""
    rows = _reviews(Review.objects.filter(status=Review.Status.OPEN).order_by("id"))
    return [row for row in rows if row.is_current]


def waits_for(actor: str, side: Side) -> list[ReviewRow]:
    """Reviews that this person may judge for that side."""
    return [row for row in open_reviews() if row.may_judge(actor, side)]


def checks(program: str) -> list[CheckRow]:
    """Legal's looks at a live program, the newest first."""
    rows = Check.objects.filter(program=program).order_by("-at", "-id")
    return [CheckRow(row.version, row.is_approved, row.remarks, row.by, row.at) for row in rows]


def legal_due() -> list[Due]:
    """Every program that somebody can still take part in, the longest not looked at first."""
    found = [_due(row) for row in programs(limit=10_000) if row.status in ("live", "paused")]
    return sorted(found, key=lambda one: (one.due_at, one.program))


def stop(program: str) -> StopRow | None:
    """The stop a program is under now."""
    row = Stop.objects.filter(program=program, ended_at=None).first()
    return _stop(row) if row else None


def open_stops() -> list[StopRow]:
    """All stops that hold a program now, the longest first."""
    return [_stop(row) for row in Stop.objects.filter(ended_at=None).order_by("id")]


def stops(program: str) -> list[StopRow]:
    """All its stops, the newest first."""
    return [_stop(row) for row in Stop.objects.filter(program=program).order_by("-id")]


def pilots(program: str) -> list[PilotRow]:
    """Its pilots, the newest first."""
    rows = Pilot.objects.filter(program=program).order_by("-id")
    said: dict[int, list[SuggestionRow]] = {}
    for one in Suggestion.objects.filter(pilot__program=program).order_by("id"):
        said.setdefault(one.pilot_id, []).append(SuggestionRow(one.text, one.by, one.at))
    return [
        PilotRow(
            row.pk,
            row.program,
            row.number,
            row.tag,
            row.targets,
            row.by,
            row.at,
            row.promoted_number,
            row.promoted_at,
            tuple(said.get(row.pk, ())),
        )
        for row in rows
    ]


def tallies(program: str) -> dict[int, Tally]:
    """What came of each version of a program, as the figures keep it."""
    rows = by_version(program)
    return {
        int(number): _tally(rows.filter(pl.col("version") == number))
        for number in rows["version"].unique().sort()
    }


def _tally(rows: pl.DataFrame) -> Tally:
    of_all = {
        measure: int(rows.filter(measure=measure)["n"].sum()) for measure in (JOINED, DECIDED)
    }
    granted = rows.filter(measure=GRANTED).select("unit", "amount")
    return Tally(of_all[JOINED], of_all[DECIDED], tuple(granted.rows()))


def is_reviewed(row: VersionRow, known: Iterable[ReviewRow]) -> ReviewRow | None:
    """The review under which a version was published; None: it came without one."""
    return next(
        (
            one
            for one in known
            if one.number == row.number
            and one.status == Review.Status.PUBLISHED
            and one.sha256 == row.sha256
        ),
        None,
    )


def _due(row: ProgramRow) -> Due:
    looked = checks(row.slug)
    legal = (
        Verdict.objects.filter(
            review__program=row.slug,
            review__status=Review.Status.PUBLISHED,
            side=Verdict.Side.LEGAL,
            is_approved=True,
        )
        .order_by("-at")
        .first()
    )
    last = looked[0] if looked else None
    moments = [one.at for one in (last, legal) if one is not None]
    at = max(moments, default=None)
    return Due(
        row.slug,
        row.status,
        at,
        row.created_at if at is None else at + QUARTER,
        last.remarks if last else "",
        last.is_approved if last else True,
    )


def _reviews(rows: Iterable[Review]) -> list[ReviewRow]:
    rows = list(rows)
    said: dict[int, list[VerdictRow]] = {row.pk: [] for row in rows}
    for one in Verdict.objects.filter(review__in=rows).order_by("id"):
        verdict = VerdictRow(one.side, one.is_approved, one.remarks, one.by, one.at)  # type: ignore[arg-type]  # the database holds sides alone
        said[one.review_id].append(verdict)
    return [_review(row, tuple(said[row.pk])) for row in rows]


def _review(row: Review, verdicts: tuple[VerdictRow, ...]) -> ReviewRow:
    text = version(row.program, row.number)
    return ReviewRow(
        row.pk,
        row.program,
        row.number,
        row.sha256,
        row.status,
        row.note,
        row.asked_by,
        frozenset(row.authors.split()),
        row.asked_at,
        row.closed_at,
        tuple(row.cuts.splitlines()),
        row.notice,
        verdicts,
        text is not None and text.sha256 == row.sha256 and text.status in ("draft", "refused"),
    )


def _stop(row: Stop) -> StopRow:
    return StopRow(
        row.program,
        row.reason,
        row.notice,
        row.by,
        row.at,
        row.version,
        row.asked_by,
        row.asked_at,
        row.asked_why,
        row.ended_by,
        row.ended_at,
        row.ended_version,
    )
