"""read: nominations, as their friend, their advocate and the staff may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

import msgspec
from django.db.models import Q

from banyan.growth.leads.acts import context
from banyan.growth.leads.contact import Given
from banyan.growth.leads.links import key_of, link_of
from banyan.growth.leads.models import Nomination
from banyan.kernel.sealing import unseal

State = Literal["waiting", "confirmed", "refused", "declined", "erased", "expired"]
ShownState = Literal["waiting", "confirmed", "refused", "declined", "expired"]


class _Content(msgspec.Struct):
    contact: str
    name: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Opened:
    """A nomination as its friend sees it. Contact and name are gone once it has ended."""

    number: int
    program: str
    advocate: str
    contact: Given | None
    name: str
    channel: str
    statement: str
    language: str
    state: State
    created_at: datetime
    expires_at: datetime
    friend: str

    def is_open(self, now: datetime) -> bool:
        """Whether the friend can still answer; what has run out may wait to be deleted."""
        return self.state == "waiting" and self.expires_at > now


@dataclass(frozen=True)
class NominationRow:
    """A nomination as its advocate sees it: whoever had it deleted has declined, and of one that
    reached nobody it is not told."""

    number: int
    program: str
    advocate: str
    shown: str
    state: ShownState
    channel: str
    taken_by: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    friend: str


@dataclass(frozen=True)
class Reminding:
    """What a reminder to a friend who has not answered needs."""

    program: str
    advocate: str
    contact: Given | None
    link: str
    language: str
    created_at: datetime
    expires_at: datetime


def opened(link: str) -> Opened | None:
    """The nomination of a friend's link; None for a link that is none."""
    key = key_of(link)
    row = Nomination.objects.filter(key=key).first() if key else None
    if row is None:
        return None
    content = _content(row)
    return Opened(
        number=row.pk,
        program=row.program,
        advocate=row.advocate,
        contact=_contact(row, content) if content else None,
        name=content.name if content else "",
        channel=row.channel,
        statement=row.statement,
        language=row.language,
        state=cast(State, row.state),
        created_at=row.created_at,
        expires_at=row.expires_at,
        friend=row.friend,
    )


def of_advocate(
    advocate: str, program: str, *, now: datetime, before: int | None = None, limit: int = 50
) -> list[NominationRow]:
    """An advocate's nominations in a program, the newest first; `before` is the `number` to go on
    from."""
    return nominations(advocate=advocate, program=program, now=now, before=before, limit=limit)


def nominations(
    *,
    advocate: str | None = None,
    program: str | None = None,
    state: ShownState | None = None,
    now: datetime,
    before: int | None = None,
    limit: int = 50,
) -> list[NominationRow]:
    """Nominations of everybody, the newest first; `before` is the `number` to go on from."""
    rows = Nomination.objects.all()
    if advocate is not None:
        rows = rows.filter(advocate=advocate)
    if program is not None:
        rows = rows.filter(program=program)
    if state is not None:
        rows = rows.filter(_standing(state, now))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [_row(row, now) for row in rows.order_by("-pk")[:limit]]


def nomination(number: int, *, now: datetime) -> NominationRow | None:
    """One nomination as its advocate sees it."""
    row = Nomination.objects.filter(pk=number).first()
    return _row(row, now) if row else None


def reminding(number: int, *, now: datetime) -> Reminding | None:
    """What a reminder needs; None when there is nobody to remind, or not any more.

    Without a contact where the nomination was taken in silence: the press counts like any other, so
    that nobody learns from it whom we know, and nothing is sent.
    """
    row = Nomination.objects.filter(
        pk=number, state=Nomination.State.WAITING, expires_at__gt=now
    ).first()
    if row is None:
        return None
    content = _content(row)
    return Reminding(
        program=row.program,
        advocate=row.advocate,
        contact=_contact(row, content) if content else None,
        link=link_of(row.key),
        language=row.language,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _content(row: Nomination) -> _Content | None:
    if row.sealed is None:
        return None
    return msgspec.json.decode(unseal(bytes(row.sealed), context=context(row.key)), type=_Content)


def _contact(row: Nomination, content: _Content) -> Given:
    return Given("email" if row.kind == "email" else "phone", content.contact)


def _row(row: Nomination, now: datetime) -> NominationRow:
    return NominationRow(
        number=row.pk,
        program=row.program,
        advocate=row.advocate,
        shown=row.shown,
        state=_shown_state(row, now),
        channel=row.channel,
        taken_by=row.taken_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        friend=row.friend,
    )


def _standing(state: ShownState, now: datetime) -> Q:
    """The rows of which `_shown_state` says this."""
    waiting = Q(state="waiting")
    match state:
        case "waiting":
            return waiting & Q(expires_at__gt=now)
        case "expired":
            return Q(state="expired") | (waiting & Q(expires_at__lte=now))
        case "declined":
            return Q(state__in=["declined", "erased"])
    return Q(state=state)


def _shown_state(row: Nomination, now: datetime) -> ShownState:
    if row.state == Nomination.State.ERASED:
        return "declined"
    if row.state == Nomination.State.WAITING and row.expires_at <= now:
        return "expired"
    return cast(ShownState, row.state)
