"""acts: somebody asks for something to be put right, and another one agrees. Doors write it down in
the audit; what concerns the log the pipeline does around them, in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from django.utils.translation import gettext as _

from banyan.growth.amends.kinds import Kind
from banyan.growth.amends.models import Amend, Limit
from banyan.growth.amends.read import (
    AmendRow,
    Said,
    amend,
    given_this_month,
    limit_of,
    said_context,
)
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal

LONGEST = 2_000
LARGEST = 10**12
"""What the engine takes for an amount."""


class BadAmend(Problem):
    """Something asked for that cannot be."""

    status = 422
    code = "amend_refused"


class NoSuchAmend(Problem):
    """Something that nobody asked for."""

    status = 404
    code = "not_found"


class AmendDecided(Problem):
    """Something that was decided before."""

    status = 409
    code = "amend_decided"


class SamePerson(Problem):
    """A second pair of eyes that is the first."""

    status = 403
    code = "same_person"


def ask(
    actor: str,
    kind: Kind,
    *,
    roles: Collection[str],
    customer: str,
    reason: str,
    evidence: str = "",
    program: str = "",
    other: str = "",
    wrong: str = "",
    unit: str = "",
    amount: int = 0,
    about: str = "",
    now: datetime,
) -> AmendRow:
    """Ask for something to be put right. Within the limits of the asker's roles it needs nobody
    else (`is_within_limits`). Reason and evidence are sealed. Raises BadAmend.
    """
    _check(kind, customer, other, wrong, unit, amount)
    said = Said(reason=_text(reason, _("Say why.")), evidence=_text(evidence, ""))
    with one_transaction():
        # Held, so that two requests at once cannot both take what is left.
        list(Limit.objects.select_for_update().filter(role__in=list(roles), unit=unit))
        row = Amend.objects.create(
            kind=kind,
            program=program,
            customer=customer,
            other=other,
            wrong=wrong,
            unit=unit,
            amount=amount,
            about=about,
            asked_at=now,
            asked_by=actor,
            is_within_limits=_is_within(
                actor, kind, roles, customer=customer, unit=unit, amount=amount, now=now
            ),
        )
        row.sealed = seal(msgspec.json.encode(said), context=said_context(row.pk))
        row.save()
    return _known(row.pk)


def check_approvable(actor: str, number: int) -> AmendRow:
    """What `approve` would say. Raises NoSuchAmend, AmendDecided, SamePerson."""
    row = _waiting(number)
    if not row.is_within_limits and row.asked_by == actor:
        raise SamePerson(_("You asked for this; somebody else has to approve it."))
    return _known(number)


def approve(actor: str, number: int, positions: Sequence[int], *, now: datetime) -> AmendRow:
    """It is done, by the events at `positions`, which stand in the same transaction.

    Raises NoSuchAmend, AmendDecided, SamePerson.
    """
    with one_transaction():
        check_approvable(actor, number)
        Amend.objects.filter(pk=number).update(
            state=Amend.State.APPROVED,
            decided_at=now,
            decided_by=actor,
            first_position=min(positions),
            last_position=max(positions),
        )
    return _known(number)


def refuse(actor: str, number: int, *, reason: str, now: datetime) -> AmendRow:
    """It will not be done. Raises NoSuchAmend, AmendDecided, BadAmend."""
    why = _text(reason, _("Say why."))
    with one_transaction():
        row = _waiting(number)
        row.state, row.decided_at, row.decided_by = Amend.State.REFUSED, now, actor
        row.ended_at, row.outcome = now, why
        row.save()
    return _known(number)


def go_on(number: int, position: int) -> None:
    """Its next event stands there, in the same transaction."""
    Amend.objects.filter(pk=number, state=Amend.State.APPROVED).update(last_position=position)


def end(number: int, *, outcome: str, now: datetime) -> None:
    """The engine has decided its events; `outcome` is empty, or says why it came to nothing."""
    Amend.objects.filter(pk=number, state=Amend.State.APPROVED).update(
        state=Amend.State.FAILED if outcome else Amend.State.DONE, ended_at=now, outcome=outcome
    )


def set_limit(actor: str, role: str, unit: str, *, amount: int, now: datetime) -> None:
    """So much of a unit one of the role may give one person in a month alone. Raises BadAmend."""
    if not 0 <= amount <= LARGEST:
        raise BadAmend(_("Write an amount of zero or more."))
    Limit.objects.update_or_create(
        role=role,
        unit=unit,
        defaults={"amount": amount, "changed_at": now, "changed_by": actor},
    )


def forget(user_ids: Sequence[str]) -> int:
    """Destroy reasons and evidence about an erased customer; how many."""
    rows = Amend.objects.filter(customer__in=user_ids) | Amend.objects.filter(other__in=user_ids)
    return rows.exclude(sealed=None).update(sealed=None)


def _is_within(
    actor: str,
    kind: Kind,
    roles: Collection[str],
    *,
    customer: str,
    unit: str,
    amount: int,
    now: datetime,
) -> bool:
    """A referral that is only recorded, or withdrawn, moves no value by itself."""
    if kind in ("record", "withdraw"):
        return True
    limit = limit_of(roles, unit)
    return amount + given_this_month(actor, customer, unit, now=now) <= limit


def _check(kind: Kind, customer: str, other: str, wrong: str, unit: str, amount: int) -> None:
    if not customer:
        raise BadAmend(_("Name the customer."))
    if kind in ("record", "withdraw", "move") and not other:
        raise BadAmend(_("Name the friend."))
    if kind == "move" and (not wrong or wrong == customer):
        raise BadAmend(_("Name the advocate who got it, and another one who should have."))
    if kind == "record" and customer == other:
        raise BadAmend(_("Nobody can be their own friend."))
    if kind in ("reward", "move") and (not unit or not 0 < amount <= LARGEST):
        raise BadAmend(_("Name an amount above zero, and of what."))


def _text(text: str, missing: str) -> str:
    said = text.strip()
    if missing and not said:
        raise BadAmend(missing)
    if len(said) > LONGEST:
        raise BadAmend(_("At most {number} characters, please.").format(number=f"{LONGEST:,}"))
    return said


def _waiting(number: int) -> Amend:
    with one_transaction():
        row = Amend.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise NoSuchAmend(_("Nobody asked for this."))
    if row.state != Amend.State.WAITING:
        raise AmendDecided(_("This was decided before."))
    return row


def _known(number: int) -> AmendRow:
    found = amend(number)
    assert found is not None
    return found
