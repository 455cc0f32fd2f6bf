"""acts: the life of a batch. What concerns the log is done by the pipeline around them, in the same
transaction; doors write down in the audit who did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import msgspec
from django.db import IntegrityError
from django.db.models import Q
from django.utils.translation import gettext as _

from banyan.core.ledger.holders import holders
from banyan.core.people.speaking import speakers
from banyan.growth.payouts import payees
from banyan.growth.payouts.methods import MOST_LINES, Account, Method, shown
from banyan.growth.payouts.models import Batch, Line, Result
from banyan.growth.payouts.payees import SamePerson
from banyan.growth.payouts.read import (
    BatchRow,
    LineRow,
    batch,
    in_flight,
    line_of_reference,
    line_row,
    plain_reference,
    reference_of,
)
from banyan.growth.payouts.rules import rule
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal

Status = Literal["paid", "failed"]


class NothingToPay(Problem):
    """A batch that would be empty."""

    status = 409
    code = "nothing_to_pay"


class NoSuchBatch(Problem):
    """A batch that is not there."""

    status = 404
    code = "not_found"


class WrongState(Problem):
    """An act that does not fit the state of a batch."""

    status = 409
    code = "payout_state"


@dataclass(frozen=True)
class Due:
    """Who could be paid out of a unit now: by user id how much, for who has a verified account of
    the method; how many others hold enough but have none."""

    amounts: dict[str, int]
    accounts: dict[str, Account]
    """By user id of the wallet."""
    customers: dict[str, str]
    without: int

    @property
    def total(self) -> int:
        """In minor units."""
        return sum(self.amounts.values())


@dataclass(frozen=True)
class Said:
    """What a bank or provider said of one payout."""

    reference: str
    status: Status
    amount: int | None = None
    provider_id: str = ""
    reason: str = ""


def due(unit: str, method: Method) -> Due:
    """Who could be paid out now, and how much."""
    held = holders(unit, least=rule(unit).least)
    for user_id in in_flight(unit):
        held.pop(user_id, None)
    speaker = speakers(held)
    accounts = payees.verified(method)
    able = {user_id: n for user_id, n in held.items() if speaker[user_id] in accounts}
    able = dict(sorted(able.items())[: MOST_LINES[method]])
    return Due(
        amounts=able,
        accounts={user_id: accounts[speaker[user_id]] for user_id in able},
        customers={user_id: speaker[user_id] for user_id in able},
        without=sum(speaker[user_id] not in accounts for user_id in held),
    )


def prepare(
    actor: str, *, unit: str, method: Method, now: datetime, only: Sequence[str] = ()
) -> BatchRow:
    """Gather everybody who is due, or only these user ids, into a batch that somebody else has to
    approve. Raises NothingToPay."""
    found = due(unit, method)
    chosen = {one: n for one, n in found.amounts.items() if not only or one in set(only)}
    if not chosen:
        raise NothingToPay(_("Nobody with a verified account holds enough of this to be paid out."))
    try:
        with one_transaction():
            row = Batch.objects.create(unit=unit, method=method, prepared_at=now, prepared_by=actor)
            Line.objects.bulk_create(
                _line(row, number, user_id, amount, found)
                for number, (user_id, amount) in enumerate(chosen.items(), start=1)
            )
    except IntegrityError:  # two prepared at the same moment
        raise WrongState(_("Somebody has just prepared a batch with the same people.")) from None
    return _known(row.pk)


def cancel(actor: str, number: int, *, reason: str, now: datetime) -> BatchRow:
    """Give up a batch before it is approved. Raises NoSuchBatch, WrongState."""
    with one_transaction():
        row = _in_state(number, Batch.State.PREPARED)
        row.state, row.ended_at, row.reason = Batch.State.CANCELLED, now, reason
        row.save()
        Line.objects.filter(batch=row).update(state=Line.State.DROPPED, ended_at=now)
    return _known(number)


def approve(actor: str, number: int, positions: Mapping[int, int], *, now: datetime) -> None:
    """A second person lets it be paid. `positions`: of each line's `Wallet Spent` in the log, which
    stands in the same transaction. Raises NoSuchBatch, WrongState, SamePerson."""
    with one_transaction():
        row = _in_state(number, Batch.State.PREPARED)
        if row.prepared_by == actor:
            raise SamePerson(_("You prepared this batch; somebody else has to approve it."))
        row.state, row.approved_at, row.approved_by = Batch.State.APPROVED, now, actor
        row.position = max(positions.values())
        row.save()
        changed = list(Line.objects.filter(batch=row))
        for one in changed:
            one.spend_position = positions[one.number]
        Line.objects.bulk_update(changed, ["spend_position"])


def check_approvable(actor: str, number: int) -> BatchRow:
    """What `approve` would say, before anything is written. Raises as it does."""
    row = _in_state(number, Batch.State.PREPARED)
    if row.prepared_by == actor:
        raise SamePerson(_("You prepared this batch; somebody else has to approve it."))
    return _known(number)


def note_spent(number: int, done: Mapping[int, bool], *, now: datetime) -> None:
    """The engine has decided these lines' spends: counted, or the wallet held less by then."""
    planned = Line.objects.filter(batch=number, state=Line.State.PLANNED)
    spent = [one for one, is_spent in done.items() if is_spent]
    with one_transaction():
        planned.filter(number__in=spent).update(state=Line.State.SPENT)
        planned.filter(number__in=[one for one in done if not done[one]]).update(
            state=Line.State.REFUSED, reason="insufficient_balance", ended_at=now
        )
        end_if_done(number, now=now)


def note_returned(number: int, lines: Sequence[int], *, now: datetime) -> None:
    """The engine has put these failed payouts back into their wallets."""
    with one_transaction():
        failed = Line.objects.filter(batch=number, state=Line.State.FAILED, number__in=lines)
        failed.update(state=Line.State.RETURNED, ended_at=now)
        end_if_done(number, now=now)


def hand_over(actor: str, number: int, *, now: datetime) -> BatchRow:
    """Its file is taken out: what was spent is on its way. Raises NoSuchBatch, WrongState."""
    with one_transaction():
        row = _in_state(number, Batch.State.APPROVED, Batch.State.DONE)
        lines = Line.objects.filter(batch=row)
        if lines.filter(state=Line.State.PLANNED).exists():
            raise WrongState(_("The ledger is not through with this batch yet; wait a moment."))
        ready = lines.filter(state=Line.State.SPENT, sealed__isnull=False)
        ready.update(state=Line.State.SENT)
        if row.handed_at is None:
            row.handed_at, row.handed_by = now, actor
            row.save()
    return _known(number)


def claim(number: int, *, before: datetime, now: datetime, limit: int) -> list[LineRow]:
    """Lines to send by a provider: those not sent yet, and those sent before `before` of which no
    result is known. Each is marked as sent before it is: whoever dies in between repeats the
    attempt by the same reference."""
    found = []
    rows = Line.objects.filter(batch=number).filter(
        Q(state=Line.State.SPENT, sealed__isnull=False) | Q(state=Line.State.SENT)
    )
    for row in rows.order_by("number")[: limit * 10]:
        if row.attempted_at is not None and row.attempted_at > before:
            continue
        mine = Line.objects.filter(pk=row.pk, state=row.state, attempts=row.attempts).update(
            state=Line.State.SENT, attempts=row.attempts + 1, attempted_at=now
        )
        if mine:
            row.refresh_from_db()
            found.append(line_row(row))
        if len(found) == limit:
            break
    return found


def apply(said: Sequence[Said], *, source: str, now: datetime) -> list[LineRow]:
    """Keep what a bank or provider said; the lines that have newly failed, whose amount must go
    back to its wallet in the same transaction. Said again, it changes nothing; said again with
    another amount, or once the line has come so far that it fits, it counts."""
    failed = []
    with one_transaction():
        for one in said:
            _keep(one, source=source, now=now)
            row = _moved(one, now=now)
            failed += [row] if row else []
        for row in failed:
            payees.question([row.customer], why=row.reason)
        for number in {place[0] for one in said if (place := line_of_reference(one.reference))}:
            end_if_done(number, now=now)
    return failed


def note_return_positions(positions: Mapping[str, int]) -> None:
    """Where the log says that failed payouts go back; by reference."""
    for reference, position in positions.items():
        place = line_of_reference(reference)
        assert place is not None
        Line.objects.filter(batch=place[0], number=place[1]).update(return_position=position)


def settle_difference(actor: str, result: int, *, reason: str, now: datetime) -> None:
    """Somebody dealt with a result that did not fit. Raises NoSuchBatch."""
    changed = Result.objects.filter(pk=result, is_settled=False).update(
        is_settled=True, settled_by=actor, settled_why=reason
    )
    if not changed:
        raise NoSuchBatch(_("There is no such difference any more."))


def end_if_done(number: int, *, now: datetime) -> None:
    """A batch of which nothing is open is done."""
    is_open = Line.objects.filter(
        batch=number, state__in=["planned", "spent", "sent", "failed"]
    ).exists()
    if not is_open:
        Batch.objects.filter(pk=number, state=Batch.State.APPROVED).update(
            state=Batch.State.DONE, ended_at=now
        )


def _keep(one: Said, *, source: str, now: datetime) -> None:
    """The last word on an amount holds, and is to be looked at anew."""
    what = {
        "amount": one.amount,
        "provider_id": one.provider_id,
        "reason": one.reason,
        "source": source,
        "at": now,
    }
    row, is_new = Result.objects.get_or_create(
        reference=plain_reference(one.reference), status=one.status, defaults=what
    )
    if not is_new and row.amount != one.amount:
        Result.objects.filter(pk=row.pk).update(**what, is_settled=False)


def _moved(one: Said, *, now: datetime) -> LineRow | None:
    """Move the line on; given back when it has failed. What does not fit stays a difference."""
    place = line_of_reference(one.reference)
    if place is None:
        return None
    rows = Line.objects.select_for_update().filter(batch=place[0], number=place[1])
    # A transfer that was made can still bounce.
    row = rows.filter(state__in=_BEFORE[one.status]).first()
    if row is None or (one.amount is not None and one.amount != row.amount):
        return None
    row.state, row.provider_id = one.status, one.provider_id or row.provider_id
    row.reason = one.reason if one.status == "failed" else ""
    row.ended_at = now if one.status == "paid" else None
    row.save()
    if one.status == "failed":
        Batch.objects.filter(pk=row.batch_id, state=Batch.State.DONE).update(
            state=Batch.State.APPROVED, ended_at=None
        )
        return line_row(row)
    return None


_BEFORE = {"paid": ["sent"], "failed": ["spent", "sent", "paid"]}


def _line(row: Batch, number: int, user_id: str, amount: int, found: Due) -> Line:
    account = found.accounts[user_id]
    sealed = seal(msgspec.json.encode(asdict(account)), context=reference_of(row.pk, number))
    return Line(
        batch=row,
        number=number,
        user_id=user_id,
        customer=found.customers[user_id],
        unit=row.unit,
        amount=amount,
        sealed=sealed,
        shown=shown(account),
    )


def _in_state(number: int, *states: str) -> Batch:
    with one_transaction():
        row = Batch.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise NoSuchBatch(_("There is no such batch."))
    if row.state not in states:
        raise WrongState(_("This batch is past that step; look at it again."))
    return row


def _known(number: int) -> BatchRow:
    found = batch(number)
    assert found is not None
    return found
