"""acts: a customer disputes what was decided, and somebody answers in time.

Each act is one transaction. The doors write it down in the audit: growth knows no trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from django.db import IntegrityError
from django.utils.translation import gettext as _

from banyan.core.people.read import whole
from banyan.growth.feedback.evidence import evidence
from banyan.growth.feedback.models import Dispute, Word
from banyan.growth.feedback.read import DisputeRow, dispute, word_context
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal

LONGEST_TEXT = 2_000
MOST_OPEN = 20
"""Of one customer at a time: nobody has more to say than that, and a script may try."""

Answered = Literal["upheld", "corrected", "withdrawn"]


class BadText(Problem):
    """A text that says nothing, or too much."""

    status = 422
    code = "dispute_text_refused"


class NothingToDispute(Problem):
    """A decision or referral that is not this customer's, or not there; both answer the same."""

    status = 404
    code = "not_found"


class NoSuchDispute(Problem):
    """A dispute that is not there, or is somebody else's."""

    status = 404
    code = "not_found"


class AlreadyDisputed(Problem):
    """A second dispute about the same thing, or too many at once."""

    status = 409
    code = "already_disputed"


class WrongState(Problem):
    """An act that does not fit the state of a dispute."""

    status = 409
    code = "dispute_state"


def raise_dispute(user_id: str, *, about: str, text: str, now: datetime) -> DisputeRow:
    """Note that a customer thinks that something was decided wrongly.

    `about`: the id of a decision for this customer, or `PROGRAM/FRIEND` (see `evidence`). Raises
    BadText, NothingToDispute, AlreadyDisputed.
    """
    said = _checked(text)
    found = evidence(user_id, about)
    if found is None:
        raise NothingToDispute(_("There is no decision or referral of yours by this name."))
    _check_open(user_id, about)
    row = Dispute(
        user_id=user_id,
        about=about,
        program=found.program,
        evidence=msgspec.json.encode(found.facts).decode(),
        raised_at=now,
        clock_from=now,
    )
    try:
        with one_transaction():
            row.save()
            _say(row, Word.Kind.RAISED, said, actor=_customer(user_id), now=now)
    except IntegrityError:  # raised twice in the same moment
        raise _is_open() from None
    return _row(row)


def accept(actor: str, number: int, *, now: datetime) -> DisputeRow:
    """Note that somebody has taken it up. Raises NoSuchDispute, WrongState."""
    with one_transaction():
        row = _in_state(number, Dispute.State.OPEN, Dispute.State.APPEALED)
        row.state, row.accepted_at = Dispute.State.ACCEPTED, now
        row.save()
    return _row(row)


def answer(actor: str, number: int, *, outcome: Answered, text: str, now: datetime) -> DisputeRow:
    """Solve it: what was decided stands (`upheld`), was put right (`corrected`; that is done where
    decisions are made), or the customer gave it up (`withdrawn`). `text` is what the customer
    reads. Raises BadText, NoSuchDispute, WrongState."""
    said = _checked(text)
    with one_transaction():
        row = _in_state(number, Dispute.State.OPEN, Dispute.State.APPEALED, Dispute.State.ACCEPTED)
        _solve(row, outcome, now=now)
        _say(row, Word.Kind.ANSWERED, said, actor=actor, now=now)
    return _row(row)


def appeal(user_id: str, number: int, *, text: str, now: datetime) -> DisputeRow:
    """Ask once more, which a customer may do once; the terms run anew.

    Raises BadText, NoSuchDispute (somebody else's too), WrongState.
    """
    said = _checked(text)
    with one_transaction():
        row = _own(user_id, number)
        if row.state != Dispute.State.SOLVED:
            raise WrongState(_("This dispute is still being looked at."))
        if row.is_appealed or row.outcome == Dispute.Outcome.WITHDRAWN:
            raise WrongState(_("This dispute is closed: it can be reviewed once only."))
        row.state, row.is_appealed, row.outcome = Dispute.State.APPEALED, True, ""
        row.clock_from, row.accepted_at, row.solved_at = now, None, None
        row.save()
        _say(row, Word.Kind.APPEALED, said, actor=_customer(user_id), now=now)
    return _row(row)


def withdraw(user_id: str, number: int, *, now: datetime) -> DisputeRow:
    """The customer gives it up. Raises NoSuchDispute (somebody else's too), WrongState."""
    with one_transaction():
        row = _own(user_id, number)
        if row.state == Dispute.State.SOLVED:
            raise WrongState(_("This dispute was answered before."))
        _solve(row, Dispute.Outcome.WITHDRAWN, now=now)
    return _row(row)


def forget(user_ids: Sequence[str], *, now: datetime) -> int:
    """Destroy what was said in disputes of an erased customer; how many words that were.

    What is still open is closed, since nobody is left to answer to. Ids and times stay.
    """
    with one_transaction():
        mine = Dispute.objects.select_for_update().filter(user_id__in=user_ids)
        for row in mine.exclude(state=Dispute.State.SOLVED):
            _solve(row, Dispute.Outcome.WITHDRAWN, now=now)
        words = Word.objects.filter(dispute__user_id__in=user_ids).exclude(sealed=None)
        return words.update(sealed=None)


def _checked(text: str) -> str:
    said = text.strip()
    if not said:
        raise BadText(_("Say in a few words what is wrong."))
    if len(said) > LONGEST_TEXT:
        raise BadText(_("At most {number} characters, please.").format(number=f"{LONGEST_TEXT:,}"))
    if not said.isascii() and any("\ud800" <= sign <= "\udfff" for sign in said):
        raise BadText(_("This text holds a broken character; write it again."))
    return said


def _check_open(user_id: str, about: str) -> None:
    ids = whole(user_id).user_ids
    mine = Dispute.objects.filter(user_id__in=ids)
    last = mine.filter(about=about).order_by("-pk").first()
    if last is not None and last.state != Dispute.State.SOLVED:
        raise _is_open()
    if last is not None and last.outcome != Dispute.Outcome.WITHDRAWN:
        raise AlreadyDisputed(
            _("This was answered before. If you disagree, ask for a review of that answer.")
        )
    if mine.exclude(state=Dispute.State.SOLVED).count() >= MOST_OPEN:
        raise AlreadyDisputed(_("You have many open disputes. Wait for an answer to one first."))


def _is_open() -> AlreadyDisputed:
    return AlreadyDisputed(_("You have disputed this already; it is being looked at."))


def _in_state(number: int, *states: str) -> Dispute:
    row = Dispute.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise NoSuchDispute(_("There is no such dispute."))
    if row.state == Dispute.State.SOLVED:
        raise WrongState(_("This dispute was answered before."))
    if row.state not in states:
        raise WrongState(_("This dispute was taken up before."))
    return row


def _own(user_id: str, number: int) -> Dispute:
    rows = Dispute.objects.select_for_update().filter(pk=number)
    row = rows.filter(user_id__in=whole(user_id).user_ids).first()
    if row is None:
        raise NoSuchDispute(_("There is no such dispute."))
    return row


def _solve(row: Dispute, outcome: str, *, now: datetime) -> None:
    row.state, row.outcome, row.solved_at = Dispute.State.SOLVED, outcome, now
    row.save()


def _say(row: Dispute, kind: str, text: str, *, actor: str, now: datetime) -> None:
    sealed = seal(text.encode(), context=word_context(row.pk))
    Word.objects.create(dispute=row, kind=kind, at=now, actor=actor, sealed=sealed)


def _customer(user_id: str) -> str:
    return f"customer:{user_id}"


def _row(row: Dispute) -> DisputeRow:
    found = dispute(row.pk)
    assert found is not None
    return found
