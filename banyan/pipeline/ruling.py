"""ruling: somebody releases or denies held decisions, one or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from django.utils.translation import gettext as _

from banyan.core.events.acts import locked_head
from banyan.core.referrals.held import RulingRow, rulings
from banyan.core.referrals.read import decisions_of
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline import wait
from banyan.pipeline.orders import PATIENCE_S, Order, place
from banyan.trust.audit.acts import record

Verdict = Literal["release", "deny"]
MOST = 1_000
"""At once."""

_EVENTS = {"release": "Decision Released", "deny": "Decision Denied"}


class NothingToRule(Problem):
    """No decision that waits was named."""

    status = 409
    code = "not_waiting"


class NoReason(Problem):
    """A denial that is not explained."""

    status = 422
    code = "no_reason"


@dataclass(frozen=True)
class Ordered:
    """Words that were given, by their places in the log."""

    first: int
    last: int
    count: int


@dataclass(frozen=True)
class Outcome:
    """What became of them: how many the engine has passed, and of those each one."""

    count: int
    passed: int
    rows: tuple[RulingRow, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing is outstanding."""
        return self.passed == self.count

    @property
    def counted(self) -> int:
        """How many changed something; others had been ruled on before."""
        return sum(row.is_counted for row in self.rows)


def rule(
    actor: str, verdict: Verdict, decision_ids: Sequence[str], *, reason: str, now: datetime
) -> Ordered:
    """Release or deny these decisions; those that do not wait any more are left out. Waits a little
    for the engine. Raises NoReason, NothingToRule."""
    reason = reason.strip()
    if verdict == "deny" and not reason:
        raise NoReason(_("Say why these are denied; the customer may ask."))
    if len(reason) > 500:
        raise NoReason(_("At most {number} characters, please.").format(number="500"))
    with one_transaction():
        # Under the log's lock nobody else rules on them meanwhile.
        locked_head()
        chosen = list(dict.fromkeys(decision_ids))[:MOST]
        waiting = [row.decision_id for row in decisions_of(chosen) if row.waits_for_ruling]
        if not waiting:
            raise NothingToRule(_("None of these waits any more; somebody was faster."))
        orders = [_order(verdict, one, reason) for one in waiting]
        receipts = place(actor, orders, now=now)
        for one, receipt in zip(waiting, receipts, strict=True):
            record(
                actor,
                f"decision.{verdict}",
                f"decision:{one}",
                now=now,
                after={"position": receipt.position},
                reason=reason,
            )
    last = receipts[-1].position
    wait.decided(last, timeout_s=PATIENCE_S)
    return Ordered(receipts[0].position, last, len(receipts))


def outcome(first: int, last: int) -> Outcome:
    """How far the engine is with words at these positions."""
    passed = max(0, min(wait.cursor_position(), last) - first + 1)
    return Outcome(last - first + 1, passed, tuple(rulings(range(first, first + passed))))


def _order(verdict: Verdict, decision_id: str, reason: str) -> Order:
    properties = {"decision_id": decision_id, **({"reason": reason} if reason else {})}
    # Never a duplicate, so that their positions follow one another; a second word changes nothing.
    return Order(_EVENTS[verdict], properties, message=f"ruling/{uuid4()}")
