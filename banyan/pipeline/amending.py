"""amending: what people put right by hand becomes events, in the transaction that approves it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from banyan.core.events.acts import locked_head
from banyan.core.ledger.holders import there
from banyan.core.people.read import whole
from banyan.core.referrals.read import referrals
from banyan.growth.amends import acts, read
from banyan.growth.amends.acts import BadAmend
from banyan.growth.amends.kinds import RECORDED, Kind
from banyan.growth.amends.read import AmendRow
from banyan.growth.tasks import acts as tasks
from banyan.kernel.database import one_transaction
from banyan.pipeline import wait
from banyan.pipeline.orders import PATIENCE_S, Order, place
from banyan.trust.audit.acts import record

REVIEWERS = "finance"
"""The role in whose inbox what needs a second person appears."""


def ask(actor: str, kind: Kind, *, now: datetime, **what: Any) -> AmendRow:
    """Ask for something to be put right; within the asker's limits it is done at once, else a task
    asks a second person. `what`: see `banyan.growth.amends.acts.ask`. Raises BadAmend, MergedAway.
    """
    _check_people(what)
    _check_referral(kind, what)
    with one_transaction():
        locked_head()
        row = acts.ask(actor, kind, now=now, **what)
        if not row.is_within_limits:
            tasks.open_task(
                "approval",
                f"amend:{row.number}",
                owner_role=REVIEWERS,
                due_at=now + timedelta(days=1),
                now=now,
                customer=row.customer,
                actor=actor,
            )
        record(actor, f"amend.{kind}_asked", f"amend:{row.number}", now=now, after=_told(row))
        if row.is_within_limits:
            _carry_out(actor, row, now=now)
    return _looked_at(row.number, now=now)


def approve(actor: str, number: int, *, now: datetime) -> AmendRow:
    """A second person agrees, and it is done. Raises NoSuchAmend, AmendDecided, SamePerson."""
    with one_transaction():
        locked_head()
        row = acts.check_approvable(actor, number)
        _carry_out(actor, row, now=now)
        tasks.settle("approval", f"amend:{number}", actor=actor, now=now)
        record(actor, "amend.approved", f"amend:{number}", now=now, after=_told(row))
    return _looked_at(number, now=now)


def refuse(actor: str, number: int, *, reason: str, now: datetime) -> AmendRow:
    """It will not be done. Raises NoSuchAmend, AmendDecided, BadAmend."""
    with one_transaction():
        row = acts.refuse(actor, number, reason=reason, now=now)
        tasks.settle("approval", f"amend:{number}", actor=actor, now=now, outcome="dropped")
        record(actor, "amend.refused", f"amend:{number}", now=now, after=_told(row))
    return row


def note(row: AmendRow, *, now: datetime) -> None:
    """Note what the engine has made of it, if it has come so far; give what was taken."""
    assert row.first_position is not None
    assert row.last_position is not None
    if wait.cursor_position() < row.last_position:
        return
    if row.kind == "move" and row.last_position == row.first_position:
        _give_on(row, now=now)
        return
    acts.end(row.number, outcome=_outcome(row), now=now)


def advance(now: datetime) -> str:
    """Note everything of which the engine was behind; a sentence how it went."""
    rows = read.undecided()
    for row in rows:
        note(row, now=now)
    return f"{len(rows):,} corrections were looked at."


def about(thing: str) -> AmendRow | None:
    """The newest correction that answers a thing, such as `dispute:7`, and was not refused."""
    return read.about(thing)


def is_under_way(thing: str) -> bool:
    """Whether one that answers a thing was approved."""
    found = read.about(thing)
    return found is not None and found.state in ("approved", "done")


def _carry_out(actor: str, row: AmendRow, *, now: datetime) -> None:
    receipts = place(actor, _orders(row), now=now)
    acts.approve(actor, row.number, [one.position for one in receipts], now=now)


def _orders(row: AmendRow) -> list[Order]:
    name = row.reference
    value = {"unit": row.unit, "amount": row.amount, "reference": name, "reason": row.kind}
    match row.kind:
        case "reward":
            return [Order("Wallet Credited", value, name, user_id=row.customer)]
        case "move":
            # What is not there to be taken is not given either: see `_give_on`.
            return [Order("Wallet Spent", value, f"{name}/taken", user_id=row.wrong)]
        case "record":
            said = {"advocate": row.customer, "program": row.program, "reference": name}
            return [Order(RECORDED, said, name, user_id=row.other)]
        case "withdraw":
            said = {"program": row.program, "reason": "withdrawn", "reference": name}
            return [Order("Referral Declined", said, name, user_id=row.other)]


def _give_on(row: AmendRow, *, now: datetime) -> None:
    """The second half of a move: what was taken from the one is given to the other, once."""
    if not there([f"spend/{row.first_position}"]):
        acts.end(row.number, outcome="insufficient_balance", now=now)
        return
    value = {"unit": row.unit, "amount": row.amount, "reference": row.reference, "reason": "move"}
    with one_transaction():
        locked_head()
        order = Order("Wallet Credited", value, row.reference, user_id=row.customer)
        [receipt] = place(row.decided_by, [order], now=now)
        acts.go_on(row.number, receipt.position)


def _outcome(row: AmendRow) -> str:
    """Why it came to nothing; empty where it did what it should."""
    is_credit = row.kind in ("reward", "move")
    return "not_credited" if is_credit and not there([f"topup/{row.last_position}"]) else ""


def _looked_at(number: int, *, now: datetime) -> AmendRow:
    row = _row(number)
    for _half in range(2):  # a move has two
        if row.state == "approved" and row.last_position is not None:
            wait.decided(row.last_position, timeout_s=PATIENCE_S)
            note(row, now=now)
            row = _row(number)
    return row


def _check_people(what: dict[str, Any]) -> None:
    for name in ("customer", "other", "wrong"):
        user_id = what.get(name, "")
        if user_id and not whole(user_id).is_known:
            raise BadAmend(
                _("Nobody is known by the id {user_id}; put them in as a customer first.").format(
                    user_id=user_id
                )
            )


def _check_referral(kind: Kind, what: dict[str, Any]) -> None:
    if kind not in ("record", "move", "withdraw") or not what.get("other"):
        return
    rows = referrals(program=what.get("program"), friend=what["other"], limit=1)
    if kind == "record" and rows:
        raise BadAmend(
            _("{friend} was referred in this program by {advocate} already.").format(
                friend=what["other"], advocate=rows[0].advocate
            )
        )
    if kind != "record" and not rows:
        raise BadAmend(_("There is no referral of this friend in this program."))


def _told(row: AmendRow) -> dict[str, object]:
    names = ("kind", "program", "customer", "other", "wrong", "unit", "amount", "about", "state")
    return {name: getattr(row, name) for name in names}


def _row(number: int) -> AmendRow:
    found = read.amend(number)
    assert found is not None
    return found
