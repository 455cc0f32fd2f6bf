"""paying: batches of payouts and the log: what is approved is spent, what failed is returned.

An approval and its `Wallet Spent`, a failure and its `Wallet Returned` stand in one transaction, so
that whatever dies in between leaves both or none. What the engine made of them is noted afterwards,
as often as one likes. Before a provider is asked for money, that it will be is on record; whoever
comes after a death asks by the same reference whether it was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Event

from django.conf import settings
from django.utils.translation import gettext as _

from banyan.core.events.acts import locked_head
from banyan.core.ledger.holders import there
from banyan.growth.payouts import acts, read, stripe
from banyan.growth.payouts.acts import Said
from banyan.growth.payouts.providers import Provider
from banyan.growth.payouts.read import BatchRow, LineRow
from banyan.growth.tasks import acts as tasks
from banyan.growth.tasks.read import tasks as open_tasks
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline import wait
from banyan.pipeline.orders import PATIENCE_S, Order, place
from banyan.trust.audit.acts import record

RETRY_AFTER = timedelta(minutes=2)
"""So long after an attempt without an answer a provider is asked again."""
AT_ONCE = 20
"""Payouts a provider is asked for before what it said is kept."""
SYSTEM = "system"


class NoProvider(Problem):
    """A batch that nobody can send."""

    status = 409
    code = "no_provider"


def prepared(actor: str, row: BatchRow, *, now: datetime) -> None:
    """Ask for the second pair of eyes; that this unit was due is dealt with."""
    for one in open_tasks(kinds=["payout"], limit=1_000):
        if one.about.startswith(f"due:{row.unit}:"):
            tasks.settle("payout", one.about, actor=actor, now=now)
    tasks.open_task(
        "approval",
        f"payout:{row.number}",
        owner_role="finance",
        due_at=now + timedelta(days=1),
        now=now,
        actor=actor,
    )


def approve(actor: str, number: int, *, now: datetime) -> BatchRow:
    """Let a batch be paid: every line is spent from its wallet. Waits a little for the engine.

    Raises what `banyan.growth.payouts.acts.approve` raises.
    """
    with one_transaction():
        locked_head()
        row = acts.check_approvable(actor, number)
        if row.method == "stripe" and settings.PAYOUT_PROVIDER is None:
            raise NoProvider(_("BANYAN_PAYOUT_URL is not set, so nobody would send these."))
        lines = read.lines(number, states=["planned"], limit=row.count)
        receipts = place(actor, [_spend(one) for one in lines], now=now)
        positions = {
            one.number: receipt.position for one, receipt in zip(lines, receipts, strict=True)
        }
        acts.approve(actor, number, positions, now=now)
        tasks.settle("approval", f"payout:{number}", actor=actor, now=now)
        last = max(positions.values())
        told = {"lines": len(lines), "total": row.total, "unit": row.unit, "position": last}
        record(actor, "payout.approved", f"payout:{number}", now=now, after=told)
    if wait.decided(last, timeout_s=PATIENCE_S):
        note(number, now=now)
    return _batch(number)


def cancel(actor: str, number: int, *, reason: str, now: datetime) -> BatchRow:
    """Give a batch up before it is approved. Raises what `payouts.acts.cancel` raises."""
    with one_transaction():
        row = acts.cancel(actor, number, reason=reason, now=now)
        tasks.settle("approval", f"payout:{number}", actor=actor, now=now, outcome="dropped")
        record(actor, "payout.cancelled", f"payout:{number}", now=now, reason=reason)
    return row


def note(number: int, *, now: datetime) -> None:
    """Note of a batch what the engine has decided since: what was spent, what went back."""
    passed = wait.cursor_position()
    row = _batch(number)
    planned = _passed(read.lines(number, states=["planned"], limit=row.count), passed)
    if row.position is not None and planned:
        made = there([f"spend/{one.spend_position}" for one in planned])
        done = {one.number: f"spend/{one.spend_position}" in made for one in planned}
        acts.note_spent(number, done, now=now)
    if gone := read.erased(number):
        said = [_erased(one) for one in gone]
        hear(SYSTEM, said, source="erasure", now=now, is_waiting=False)
    failed = read.lines(number, states=["failed"], limit=row.count)
    back = [one for one in failed if one.return_position and one.return_position <= passed]
    if back:
        made = there([f"return/{one.return_position}" for one in back])
        done_back = [one.number for one in back if f"return/{one.return_position}" in made]
        acts.note_returned(number, done_back, now=now)


def hear(
    actor: str, said: Sequence[Said], *, source: str, now: datetime, is_waiting: bool = True
) -> list[LineRow]:
    """Keep what a bank or provider said; what failed goes back to its wallet. The lines that have
    newly failed. Waits a little for the engine where `is_waiting`."""
    with one_transaction():
        locked_head()
        failed = acts.apply(said, source=source, now=now)
        receipts = place(actor, [_return(one) for one in failed], now=now)
        acts.note_return_positions(
            {one.reference: r.position for one, r in zip(failed, receipts, strict=True)}
        )
        told = {"results": len(said), "failed": len(failed), "source": source}
        record(actor, "payout.results", "payouts", now=now, after=told)
    if receipts and is_waiting and wait.decided(receipts[-1].position, timeout_s=PATIENCE_S):
        for number in {one.batch for one in failed}:
            note(number, now=now)
    return failed


def advance(now: datetime, stop: Event) -> str:
    """Everything that waits for the engine or the provider; a sentence how it went."""
    sent = 0
    for row in read.unfinished():
        note(row.number, now=now)
        if row.method == "stripe" and settings.PAYOUT_PROVIDER is not None:
            sent += _send(settings.PAYOUT_PROVIDER, row.number, stop, now=now)
        note(row.number, now=now)
    return f"{sent:,} payouts were sent; {len(read.unfinished()):,} batches are under way."


def _send(to: Provider, number: int, stop: Event, *, now: datetime) -> int:
    count = 0
    while not stop.is_set():
        claimed = acts.claim(number, before=now - RETRY_AFTER, now=now, limit=AT_ONCE)
        if not claimed:
            return count
        accounts = {one.line.number: one for one in read.opened(number, states=["sent"])}
        asked = [_asked(to, one, accounts.get(one.number)) for one in claimed]
        answers = [answer for answer in asked if answer is not None]
        if answers:
            hear(SYSTEM, answers, source="stripe", now=now, is_waiting=False)
            count += len(answers)
    return count


def _asked(to: Provider, line: LineRow, opened: read.OpenedLine | None) -> Said | None:
    """What the provider says; None where it gives no answer, which is asked for again once
    `RETRY_AFTER` is over. Whose account was destroyed meanwhile is only asked after."""
    try:
        if opened is not None:
            return stripe.pay(to, opened)
        return stripe.find(to, line.reference) or _erased(line)
    except stripe.Unanswered:
        return None


def _erased(line: LineRow) -> Said:
    return Said(line.reference, "failed", reason="account_erased")


def _passed(lines: Sequence[LineRow], position: int) -> list[LineRow]:
    return [one for one in lines if one.spend_position and one.spend_position <= position]


def _spend(one: LineRow) -> Order:
    properties = {"unit": one.unit, "amount": one.amount, "reference": one.reference}
    return Order("Wallet Spent", properties, one.reference, user_id=one.user_id)


def _return(one: LineRow) -> Order:
    properties = {"reference": one.reference}
    return Order("Wallet Returned", properties, f"{one.reference}/return", user_id=one.user_id)


def _batch(number: int) -> BatchRow:
    found = read.batch(number)
    assert found is not None
    return found
