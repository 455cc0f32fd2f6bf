"""acts: a friend's contact is given; the friend confirms, declines or has it deleted; time ends it.

Who else knows a contact is never told to the person who gives it: what cannot be used is taken in
silence, looks the same from outside, and runs out like an invitation that nobody answered.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from django.db import IntegrityError, transaction

from banyan.core.people.contacts import stand_in
from banyan.growth.leads.contact import Given, shown
from banyan.growth.leads.links import key_of, link_of, new_key
from banyan.growth.leads.models import Nomination
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal

PER_DAY = 10
"""Friends an advocate may name in 24 hours, over all programs."""
ASKED_AGAIN_AFTER = timedelta(days=365)
"""For so long who said no is not written to, whoever gives the contact."""

_DAY = timedelta(days=1)


class NamedBefore(Problem):
    """A contact that the same advocate gave for the same program, and that is still open."""

    status = 409
    code = "named_before"


class TooMany(Problem):
    """More friends in a day than one advocate may name."""


class OwnContact(Problem):
    """An advocate's own contact in place of a friend's."""

    status = 422
    code = "own_contact"


class NotWaiting(Problem):
    """A link whose question was answered, or has run out."""


@dataclass(frozen=True)
class Nominated:
    """A nomination that was taken in. `link` stands behind `/c/`; None: nobody is written to."""

    number: int
    shown: str
    expires_at: datetime
    link: str | None


def nominate(
    *,
    program: str,
    advocate: str,
    contact: Given,
    name: str,
    statement: str,
    channel: str,
    language: str,
    known: Collection[str],
    days: int,
    now: datetime,
    taken_by: str = "",
    evidence: str = "",
) -> Nominated:
    """Take a friend's contact in; unanswered it is deleted after `days`.

    `statement` is the version of the words by which the friend's yes was told, `known` are the
    customers whose contact it is. Raises TooMany, OwnContact, NamedBefore.
    """
    token = stand_in(contact.kind, contact.value) or ""
    content = {"contact": contact.value, "name": name, "evidence": evidence}
    key = new_key()
    row = Nomination(
        key=key,
        program=program,
        advocate=advocate,
        kind=contact.kind,
        token=token,
        sealed=seal(msgspec.json.encode(content), context=context(key)),
        shown=shown(contact, name),
        channel=channel,
        statement=statement,
        taken_by=taken_by,
        language=language,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    with one_transaction():
        _check(row, known)
        if known or is_spoken_for(program, contact, now=now) or not _is_first(row):
            row.is_silent, row.sealed = True, None
            row.save(force_insert=True)
    return Nominated(row.pk, row.shown, row.expires_at, None if row.is_silent else link_of(key))


def is_spoken_for(program: str, contact: Given, *, now: datetime) -> bool:
    """Whether a contact was asked already and has not answered, or has said no."""
    token = stand_in(contact.kind, contact.value) or ""
    state = Nomination.State
    known = Nomination.objects.filter(token=token)
    refused = known.filter(
        state__in=[state.DECLINED, state.ERASED], ended_at__gt=now - ASKED_AGAIN_AFTER
    )
    waiting = known.filter(program=program, state=state.WAITING, is_silent=False)
    return refused.exists() or waiting.exists()


def confirm(link: str, *, friend: str, is_new: bool, now: datetime) -> None:
    """The friend said yes and is `friend` from now on; `is_new` says whether the offer is for them.

    Raises NotWaiting.
    """
    state = Nomination.State.CONFIRMED if is_new else Nomination.State.REFUSED
    _end(link, state, now=now, friend=friend, token="")


def decline(link: str, *, now: datetime) -> None:
    """The friend said no: the contact is deleted, and nobody may ask again for a year.

    Raises NotWaiting.
    """
    _end(link, Nomination.State.DECLINED, now=now)


def erase(link: str, *, now: datetime) -> None:
    """The friend wants everything gone: also what the advocate recognises them by.

    What stays is a stand-in that tells nothing, so that nobody asks again. Raises NotWaiting.
    """
    _end(link, Nomination.State.ERASED, now=now, shown="")


def forget(contact: Given, *, now: datetime) -> int:
    """Delete a contact wherever it waits, as its owner would by the link; in how many places."""
    token = stand_in(contact.kind, contact.value) or ""
    return Nomination.objects.filter(token=token, state=Nomination.State.WAITING).update(
        state=Nomination.State.ERASED, sealed=None, shown="", ended_at=now
    )


def expire(*, now: datetime) -> int:
    """Delete contacts that nobody confirmed in time, and forget who said no long ago; how many
    contacts."""
    waiting = Nomination.objects.filter(state=Nomination.State.WAITING, expires_at__lte=now)
    ended = waiting.update(state=Nomination.State.EXPIRED, sealed=None, token="", ended_at=now)
    old = Nomination.objects.filter(ended_at__lte=now - ASKED_AGAIN_AFTER)
    old.exclude(token="").update(token="")
    return ended


def context(key: str) -> str:
    """In which context a nomination's content is sealed."""
    return f"nomination:{key}"


def _check(row: Nomination, known: Collection[str]) -> None:
    if row.advocate in known:
        raise OwnContact("This is the advocate's own contact; give the friend's.")
    mine = Nomination.objects.filter(advocate=row.advocate)
    _check_not_mine(row)
    # The staff see who stands before them; an account that was taken over writes to strangers.
    today = mine.filter(created_at__gt=row.created_at - _DAY, taken_by="")
    if not row.taken_by and today.count() >= PER_DAY:
        raise TooMany(f"At most {PER_DAY} friends can be named in 24 hours; go on tomorrow.")


def _check_not_mine(row: Nomination) -> None:
    open_ = Nomination.objects.filter(
        advocate=row.advocate,
        program=row.program,
        token=row.token,
        state=Nomination.State.WAITING,
    )
    if open_.exists():
        raise NamedBefore("This friend was named before and has not answered yet.")


def _is_first(row: Nomination) -> bool:
    """Write a nomination; False when somebody else named the same contact a moment ago."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        _check_not_mine(row)
        return False
    return True


def _end(link: str, state: str, *, now: datetime, **changes: str) -> None:
    """Of two answers at the same time the first one counts."""
    waiting = Nomination.objects.filter(
        key=key_of(link), state=Nomination.State.WAITING, is_silent=False, expires_at__gt=now
    )
    if not waiting.update(state=state, sealed=None, ended_at=now, **changes):
        raise NotWaiting("This invitation was answered before, or has run out.")
