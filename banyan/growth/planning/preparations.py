"""preparations: what each department does before a program begins, by when, and who did it.

What we bring is kept by its key, so that everybody reads it in their own language; once somebody
words it anew, it is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banyan.growth.planning.models import Preparation
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem

LONGEST, LONGEST_DEPARTMENT, MOST = 500, 60, 200

DEPARTMENTS: Mapping[str, Promise] = {
    "marketing": gettext_lazy("Marketing"),
    "sales": gettext_lazy("Sales"),
    "support": gettext_lazy("Support"),
    "legal": gettext_lazy("Legal"),
    "finance": gettext_lazy("Finance"),
    "it": gettext_lazy("IT"),
}
"""Those we know, in the order in which they are shown; any other is a name that somebody wrote."""

SHIPPED: Mapping[str, tuple[str, Promise]] = {
    "materials": (
        "marketing",
        gettext_lazy(
            "Posters, texts to share and the announcement are ready in every language of the "
            "customers."
        ),
    ),
    "launch": (
        "marketing",
        gettext_lazy("The day of the launch and the channels of the announcement are fixed."),
    ),
    "scripts": (
        "sales",
        gettext_lazy("Sales is trained with the scripts: whom to ask for a referral, and when."),
    ),
    "follow_up": (
        "sales",
        gettext_lazy("It is settled who speaks to a new friend, and within which time."),
    ),
    "answers": (
        "support",
        gettext_lazy(
            "Support knows the answers to usual questions, and where a customer sees how a "
            "referral stands."
        ),
    ),
    "disputes": (
        "support",
        gettext_lazy("Support knows how a dispute is taken in, and who decides it."),
    ),
    "terms": (
        "legal",
        gettext_lazy("Legal has approved the terms, the data notice and the invitations."),
    ),
    "account": (
        "finance",
        gettext_lazy("The account for payouts is there and filled; tax on rewards is settled."),
    ),
    "budget": (
        "finance",
        gettext_lazy("The budget is agreed, and set on the page Budget."),
    ),
    "events": (
        "it",
        gettext_lazy(
            "Sign-ups, orders and refunds arrive as events; a test order was tried from end to end."
        ),
    ),
    "links": (
        "it",
        gettext_lazy("Links, codes and the widget work on the site, in the app and on a phone."),
    ),
}
"""What a launch needs, by key: the department and what it does."""


class BadPreparation(Problem):
    """Something to do that cannot be kept like this."""


class NoSuchPreparation(Problem):
    """Something to do that is not on the list."""

    status = 404
    code = "not_found"


@dataclass(frozen=True)
class PreparationRow:
    """One item of a program's list."""

    id: int
    program: str
    department: str
    """A key of `DEPARTMENTS`, or a name."""
    text: str
    """What somebody wrote; empty: what we bring under `shipped`."""
    shipped: str
    owner: str
    """Such as user:3; empty: nobody yet."""
    due_on: date | None
    done_at: datetime | None
    done_by: str

    @property
    def words(self) -> str:
        """What is to do, in the reader's language where it is ours."""
        return self.text or str(SHIPPED[self.shipped][1])

    @property
    def department_name(self) -> str:
        """The department, in the reader's language where we know it."""
        return str(DEPARTMENTS.get(self.department, self.department))

    def is_late(self, today: date) -> bool:
        """Whether its day is over and it is not done."""
        return self.done_at is None and self.due_on is not None and self.due_on < today


def preparations(program: str) -> list[PreparationRow]:
    """A program's list: by department, what is due first on top."""
    return sorted(map(_row, Preparation.objects.filter(program=program)), key=_place)


def undone(program: str) -> list[PreparationRow]:
    """What is not done yet, in the same order."""
    return [one for one in preparations(program) if one.done_at is None]


def late(today: date) -> list[PreparationRow]:
    """Of all programs, what is not done though its day is over; the longest late first."""
    rows = Preparation.objects.filter(done_at=None, due_on__lt=today).order_by("due_on", "id")
    return [_row(row) for row in rows]


def begin(actor: str, program: str, *, now: datetime) -> int:
    """Put on the list what we bring and it lacks; how many. Raises BadPreparation."""
    with one_transaction():
        known = set(
            Preparation.objects.filter(program=program)
            .exclude(shipped="")
            .values_list("shipped", flat=True)
        )
        fresh = [key for key in SHIPPED if key not in known]
        _make_room(program, len(fresh))
        Preparation.objects.bulk_create(
            Preparation(
                program=program,
                department=SHIPPED[key][0],
                shipped=key,
                created_at=now,
                created_by=actor,
            )
            for key in fresh
        )
    return len(fresh)


def add(
    actor: str,
    program: str,
    *,
    department: str,
    text: str,
    owner: str,
    due_on: date | None,
    now: datetime,
) -> PreparationRow:
    """Put something on the list. Raises BadPreparation."""
    with one_transaction():
        _make_room(program, 1)
        row = Preparation.objects.create(
            program=program,
            department=_department(department),
            text=_text(text),
            owner=owner,
            due_on=due_on,
            created_at=now,
            created_by=actor,
        )
    return _row(row)


def change(
    actor: str,
    program: str,
    number: int,
    *,
    department: str,
    text: str,
    owner: str,
    due_on: date | None,
) -> PreparationRow:
    """Word it otherwise, or give it to somebody, or to another day. Raises NoSuchPreparation,
    BadPreparation."""
    with one_transaction():
        row = _of(program, number)
        said = _text(text)
        if said != _row(row).words:
            row.text = said
        row.department, row.owner, row.due_on = _department(department), owner, due_on
        row.save()
    return _row(row)


def tick(actor: str, program: str, number: int, *, is_done: bool, now: datetime) -> PreparationRow:
    """It is done, or is not after all. Who did it first stands. Raises NoSuchPreparation."""
    with one_transaction():
        row = _of(program, number)
        if is_done and row.done_at is None:
            row.done_at, row.done_by = now, actor
        elif not is_done:
            row.done_at, row.done_by = None, ""
        row.save()
    return _row(row)


def remove(actor: str, program: str, number: int) -> PreparationRow:
    """Take it off the list; what it was. Raises NoSuchPreparation."""
    with one_transaction():
        row = _of(program, number)
        taken = _row(row)
        row.delete()
    return taken


def _of(program: str, number: int) -> Preparation:
    row = Preparation.objects.select_for_update().filter(program=program, pk=number).first()
    if row is None:
        raise NoSuchPreparation(_("This is not on the list any more."))
    return row


def _make_room(program: str, count: int) -> None:
    if Preparation.objects.filter(program=program).count() + count > MOST:
        raise BadPreparation(_("A list has at most {most} items.").format(most=MOST))


def _text(text: str) -> str:
    said = " ".join(text.split())
    if not said or len(said) > LONGEST:
        raise BadPreparation(
            _("Say what is to do, in at most {most} characters.").format(most=LONGEST)
        )
    return said


def _department(text: str) -> str:
    """A key for a department that we know by that key or name, else the name."""
    said = " ".join(text.split())
    if not said or len(said) > LONGEST_DEPARTMENT:
        raise BadPreparation(
            _("Name the department, in at most {most} characters.").format(most=LONGEST_DEPARTMENT)
        )
    names = {str(name).casefold(): key for key, name in DEPARTMENTS.items()}
    names |= {key: key for key in DEPARTMENTS}
    return names.get(said.casefold(), said)


def _place(row: PreparationRow) -> tuple[int, str, date, int]:
    known = list(DEPARTMENTS)
    place = known.index(row.department) if row.department in known else len(known)
    return place, row.department, row.due_on or date.max, row.id


def _row(row: Preparation) -> PreparationRow:
    return PreparationRow(
        row.pk,
        row.program,
        row.department,
        row.text,
        row.shipped,
        row.owner,
        row.due_on,
        row.done_at,
        row.done_by,
    )
