"""acts: a task is opened, taken, given away, raised, closed. Doors write it down in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from banyan.growth.tasks import sources
from banyan.growth.tasks.kinds import UNREACHED, Kind
from banyan.growth.tasks.models import Step, Task
from banyan.growth.tasks.read import TaskRow, note_context, task
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal

LONGEST_NOTE = 2_000
Closed = Literal["done", "dropped"]


class NoSuchTask(Problem):
    """A task that is not there."""

    status = 404
    code = "not_found"


class TaskClosed(Problem):
    """A task that somebody closed before."""

    status = 409
    code = "task_closed"


class BadDate(Problem):
    """A time at which a task cannot be due."""

    status = 422
    code = "invalid"


class BadNote(Problem):
    """A note that says nothing, or too much."""

    status = 422
    code = "task_note_refused"


def open_task(
    kind: Kind,
    about: str,
    *,
    owner_role: str,
    due_at: datetime,
    now: datetime,
    program: str = "",
    customer: str = "",
    owner: str = "",
    note: str = "",
    actor: str = "system",
) -> int:
    """Ask the staff to do something by `due_at`; the task's number.

    There is one open task for each `kind` and `about`: asked for again, the number of that one is
    given. `owner_role` sees it in its inbox until somebody takes it. Raises BadNote.
    """
    text = _checked(note)
    found = _open_one(kind, about)
    if found is not None:
        return found
    row = Task(
        kind=kind,
        about=about,
        program=program,
        customer=customer,
        role=owner_role,
        owner=owner,
        opened_at=now,
        opened_by=actor,
        due_at=due_at,
        taken_at=now if owner else None,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            _step(row, Step.What.OPENED, actor=actor, now=now, to=owner or owner_role, note=text)
    except IntegrityError:  # asked for twice in the same moment
        again = _open_one(kind, about)
        assert again is not None
        return again
    return row.pk


def settle(
    kind: Kind, about: str, *, now: datetime, actor: str = "system", outcome: Closed = "done"
) -> bool:
    """Close the open task about a thing, since the thing itself was dealt with; whether there was
    one."""
    number = _open_one(kind, about)
    if number is None:
        return False
    close(actor, number, outcome=outcome, note="", now=now)
    return True


def take(actor: str, number: int, *, now: datetime) -> TaskRow:
    """Be the one who does it. Raises NoSuchTask, TaskClosed."""
    with one_transaction():
        row = _of(number)
        row.owner, row.taken_at = actor, row.taken_at or now
        row.save()
        _step(row, Step.What.TAKEN, actor=actor, now=now, to=actor)
    return _row(row)


def give(
    actor: str, number: int, *, role: str, owner: str = "", note: str = "", now: datetime
) -> TaskRow:
    """Let another role, or another person, do it. Raises NoSuchTask, TaskClosed, BadNote."""
    text = _checked(note)
    with one_transaction():
        row = _of(number)
        row.role, row.owner = role, owner
        row.save()
        _step(row, Step.What.GIVEN, actor=actor, now=now, to=owner or role, note=text)
    return _row(row)


def note(actor: str, number: int, text: str, *, now: datetime) -> TaskRow:
    """Write something down with it. Raises NoSuchTask, TaskClosed, BadNote."""
    said = _checked(text)
    if not said:
        raise BadNote(_("Write the note first."))
    with one_transaction():
        row = _of(number)
        _step(row, Step.What.NOTED, actor=actor, now=now, note=said)
    return _row(row)


def put_off(actor: str, number: int, *, due_at: datetime, now: datetime) -> TaskRow:
    """Let it be due later. Raises BadDate, NoSuchTask, TaskClosed."""
    if due_at <= now:
        raise BadDate(_("A task is put off to a later time, not to one that is over."))
    with one_transaction():
        row = _of(number)
        row.due_at, row.alerted_at = due_at, None
        row.save()
        _step(row, Step.What.NOTED, actor=actor, now=now, to=due_at.isoformat())
    return _row(row)


def close(actor: str, number: int, *, outcome: Closed, note: str, now: datetime) -> TaskRow:
    """It is done, or there is nothing to do any more. Raises NoSuchTask, TaskClosed, BadNote."""
    text = _checked(note)
    with one_transaction():
        row = _of(number)
        row.state, row.closed_at = outcome, now
        row.taken_at = row.taken_at or (now if outcome == "done" else None)
        row.save()
        what = Step.What.DONE if outcome == "done" else Step.What.DROPPED
        _step(row, what, actor=actor, now=now, note=text)
    return _row(row)


def lift(number: int, *, role: str, due_at: datetime, now: datetime, is_raised: bool) -> None:
    """Nobody did it in time: the next level's role owns it now, or, of a task without levels,
    `role` is told of the lapse. Raises NoSuchTask, TaskClosed."""
    with one_transaction():
        row = _of(number)
        row.alerted_at = now
        if is_raised:
            row.level, row.role, row.owner, row.due_at = row.level + 1, role, "", due_at
            row.alerted_at = None
        row.save()
        what = Step.What.RAISED if is_raised else Step.What.LAPSED
        _step(row, what, actor="system", now=now, to=role)


def reminded(number: int, *, now: datetime) -> None:
    """A reminder went out by itself. Raises NoSuchTask, TaskClosed."""
    with one_transaction():
        _step(_of(number), Step.What.REMINDED, actor="system", now=now)


def unreached(number: int, *, now: datetime) -> None:
    """No message reached whom it concerns, so a person has to. Raises NoSuchTask, TaskClosed."""
    with one_transaction():
        _step(_of(number), Step.What.NOTED, actor="system", now=now, note=UNREACHED)


def forget(user_ids: Sequence[str]) -> int:
    """Destroy notes about an erased customer, and their place among sources; how many."""
    notes = Step.objects.filter(task__customer__in=user_ids).exclude(sealed=None)
    return notes.update(sealed=None) + sources.forget(user_ids)


def _open_one(kind: str, about: str) -> int | None:
    rows = Task.objects.filter(kind=kind, about=about, state=Task.State.OPEN)
    return rows.values_list("pk", flat=True).first()


def _of(number: int) -> Task:
    row = Task.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise NoSuchTask(_("There is no such task."))
    if row.state != Task.State.OPEN:
        raise TaskClosed(_("Somebody closed this task before."))
    return row


def _step(row: Task, what: str, *, actor: str, now: datetime, to: str = "", note: str = "") -> None:
    sealed = seal(note.encode(), context=note_context(row.pk)) if note else None
    Step.objects.create(
        task=row, what=what, at=now, actor=actor, level=row.level, to=to, sealed=sealed
    )


def _checked(text: str) -> str:
    said = text.strip()
    if len(said) > LONGEST_NOTE:
        raise BadNote(_("At most {number} characters, please.").format(number=f"{LONGEST_NOTE:,}"))
    return said


def _row(row: Task) -> TaskRow:
    found = task(row.pk)
    assert found is not None
    return found
