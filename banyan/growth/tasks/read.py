"""read: tasks as plain values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db.models import Exists, OuterRef, Q, QuerySet

from banyan.growth.tasks.kinds import Kind
from banyan.growth.tasks.models import Step, Task
from banyan.kernel.sealing import unseal

_UNREACHED = Q(what=Step.What.NOTED, actor="system")
_OF_REMINDER = Q(what=Step.What.REMINDED) | _UNREACHED
"""What the system notes of itself is whether a friend was reminded."""


@dataclass(frozen=True)
class TaskRow:
    """A task. `level` counts from 1; `owner` is empty while nobody took it."""

    number: int
    kind: Kind
    about: str
    program: str
    customer: str
    level: int
    role: str
    owner: str
    state: str
    opened_at: datetime
    due_at: datetime
    taken_at: datetime | None
    closed_at: datetime | None

    def is_late(self, now: datetime) -> bool:
        """Open, and its time has passed."""
        return self.state == "open" and self.due_at <= now


@dataclass(frozen=True)
class StepRow:
    """Something done with a task; `note` is empty where there is none, or it was erased."""

    what: str
    at: datetime
    actor: str
    level: int
    to: str
    note: str


@dataclass(frozen=True)
class Contact:
    """How fast new referrals were followed up: of how many somebody took care, in the median and
    in the slowest tenth after how long, and how many lapsed."""

    followed: int
    median: timedelta | None
    slowest_tenth: timedelta | None
    lapsed: int


def task(number: int) -> TaskRow | None:
    """One task."""
    row = Task.objects.filter(pk=number).first()
    return _row(row) if row else None


def task_about(kind: Kind, about: str) -> TaskRow | None:
    """The newest task of a kind about a thing."""
    row = Task.objects.filter(kind=kind, about=about).order_by("-pk").first()
    return _row(row) if row else None


def is_open(kind: Kind, about: str) -> bool:
    """Whether a task of a kind about a thing is open."""
    return Task.objects.filter(kind=kind, about=about, state=Task.State.OPEN).exists()


def steps(number: int) -> list[StepRow]:
    """What was done with a task, in order."""
    return [
        StepRow(row.what, row.at, row.actor, row.level, row.to, _note(row))
        for row in Step.objects.filter(task=number).order_by("pk")
    ]


def unreminded(*, limit: int) -> list[TaskRow]:
    """Open tasks about stuck referrals of which it is not noted yet whether the friend was
    reminded, the newest first: of old ones it may never be known."""
    noted = Step.objects.filter(_OF_REMINDER, task=OuterRef("pk"))
    rows = Task.objects.filter(kind="stuck", state=Task.State.OPEN).exclude(Exists(noted))
    return [_row(row) for row in rows.order_by("-pk")[:limit]]


def unreached(numbers: Collection[int]) -> frozenset[int]:
    """Of these tasks those whose friend no reminder reached."""
    noted = Step.objects.filter(_UNREACHED, task__in=list(numbers))
    return frozenset(noted.values_list("task", flat=True))


def tasks(
    *,
    kinds: Collection[Kind] = (),
    roles: Collection[str] = (),
    owner: str = "",
    left: Collection[str] = (),
    state: str = "open",
    program: str = "",
    levels: Collection[int] = (),
    late_at: datetime | None = None,
    customer: str = "",
    offset: int = 0,
    limit: int = 50,
) -> list[TaskRow]:
    """Tasks by when they are due, closed ones the last first. `roles` asks for those of these roles
    that nobody took, or somebody who has `left`; with `owner` besides for that person's own."""
    rows = _asked(kinds, roles, owner, left, state, program, levels, late_at, customer)
    order = ("due_at", "pk") if state == "open" else ("-closed_at", "-pk")
    return [_row(row) for row in rows.order_by(*order)[offset : offset + limit]]


def all_open(kinds: Collection[Kind]) -> list[TaskRow]:
    """Every open task of these kinds by when it is due: for who looks through them, since a page
    alone would hide what stands behind those that stay open."""
    rows = Task.objects.filter(state=Task.State.OPEN, kind__in=list(kinds))
    return [_row(row) for row in rows.order_by("due_at", "pk")]


def count(
    *,
    kinds: Collection[Kind] = (),
    roles: Collection[str] = (),
    owner: str = "",
    left: Collection[str] = (),
    program: str = "",
    levels: Collection[int] = (),
    late_at: datetime | None = None,
) -> int:
    """How many open tasks those are."""
    return _asked(kinds, roles, owner, left, "open", program, levels, late_at, "").count()


def known_of(kind: Kind, abouts: Collection[str]) -> frozenset[str]:
    """Of these things those about which there was ever a task of the kind."""
    rows = Task.objects.filter(kind=kind, about__in=list(abouts))
    return frozenset(rows.values_list("about", flat=True))


def first_contact(*, since: datetime, program: str = "") -> Contact:
    """Of follow-ups opened since, how long the first contact took."""
    rows = Task.objects.filter(kind="follow_up", opened_at__gte=since)
    rows = rows.filter(program=program) if program else rows
    taken = rows.exclude(taken_at=None).values_list("opened_at", "taken_at")
    waits = sorted(end - start for start, end in taken if end is not None)
    return Contact(
        followed=len(waits),
        median=waits[(len(waits) - 1) // 2] if waits else None,
        slowest_tenth=waits[(len(waits) * 9) // 10 - (len(waits) % 10 == 0)] if waits else None,
        lapsed=rows.exclude(alerted_at=None).count(),
    )


def note_context(number: int) -> str:
    """What seals the notes of a task to it."""
    return f"task:{number}"


def _asked(
    kinds: Collection[Kind],
    roles: Collection[str],
    owner: str,
    left: Collection[str],
    state: str,
    program: str,
    levels: Collection[int],
    late_at: datetime | None,
    customer: str,
) -> QuerySet[Task]:
    rows = (
        Task.objects.filter(state=state) if state == "open" else Task.objects.exclude(state="open")
    )
    if kinds:
        rows = rows.filter(kind__in=list(kinds))
    mine = Q()
    if roles:
        mine |= Q(role__in=list(roles), owner__in=["", *left])
    if owner:
        mine |= Q(owner=owner)
    rows = rows.filter(mine)
    for name, value in {"program": program, "customer": customer}.items():
        rows = rows.filter(**{name: value}) if value else rows
    rows = rows.filter(level__in=levels) if levels else rows
    return rows.filter(due_at__lte=late_at) if late_at else rows


def _row(row: Task) -> TaskRow:
    return TaskRow(
        number=row.pk,
        kind=cast(Kind, row.kind),  # the database holds these alone
        about=row.about,
        program=row.program,
        customer=row.customer,
        level=row.level,
        role=row.role,
        owner=row.owner,
        state=row.state,
        opened_at=row.opened_at,
        due_at=row.due_at,
        taken_at=row.taken_at,
        closed_at=row.closed_at,
    )


def _note(row: Step) -> str:
    if row.sealed is None:
        return ""
    return unseal(bytes(row.sealed), context=note_context(row.task_id)).decode()
