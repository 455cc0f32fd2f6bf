"""budget: what share of what referred friends bring a program's rewards may take.

Kept for each program, set in the console; `spending` looks at it every hour. A program that its
budget paused goes on when a person says why, and is left alone from then on until its share was
under the limit once, or its days of grace are over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, cast

from django.utils.translation import gettext as _

from banyan.core.programs.acts import WrongStatus
from banyan.growth.tasks.acts import settle
from banyan.insight.metrics.scope import scope
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits
from banyan.pipeline import alarms
from banyan.pipeline.approving.models import Budget
from banyan.trust.audit.acts import record

Action = Literal["warn", "stop"]
State = Literal["under", "over", "stopped"]

BASIS = 10_000
"""Hundredths of a percent in the whole."""
MOST_DAYS, MOST_GRACE_DAYS = 366, 90
MOST_MONEY = 10**15


class BadBudget(Problem):
    """A budget that cannot be kept."""


class WhyMissing(WrongStatus):
    """A program that its budget paused, or would pause at once, and nobody says why it goes on."""

    status = 409
    code = "wrong_status"


@dataclass(frozen=True)
class BudgetRow:
    """A program's budget. Money is minor units of `currency`; None: not looked at yet."""

    program: str
    currency: str
    share_bp: int
    """Of the revenue, in hundredths of a percent."""
    days: int
    smallest: int
    action: Action
    grace_days: int
    set_at: datetime
    set_by: str
    state: State
    spared_until: datetime | None
    cost: int | None
    revenue: int | None
    looked_at: datetime | None

    @property
    def percent(self) -> str:
        """The share as people write it: 20 or 17.5."""
        return percent_text(self.share_bp)

    @property
    def is_enough(self) -> bool:
        """Whether friends brought so much that the share is judged."""
        return self.revenue is not None and self.revenue >= self.smallest


def budget(program: str) -> BudgetRow | None:
    """The budget of a program; None: it has none."""
    row = Budget.objects.filter(program=program).first()
    return _row(row) if row else None


def set_budget(
    actor: str,
    program: str,
    *,
    percent: Decimal,
    days: int,
    smallest: int,
    action: str,
    grace_days: int,
    now: datetime,
) -> BudgetRow:
    """Keep a program's budget; the next look judges by it. `smallest` is minor units.

    Raises BadBudget.
    """
    share = percent * 100
    if share != share.to_integral_value() or not 1 <= share <= BASIS:
        raise BadBudget(_("Share: write a percentage from 0.01 to 100 with at most two decimals."))
    if not 1 <= days <= MOST_DAYS:
        raise BadBudget(_("Days: write a number from 1 to {most}.").format(most=MOST_DAYS))
    if not 1 <= grace_days <= MOST_GRACE_DAYS:
        raise BadBudget(
            _("Days of grace: write a number from 1 to {most}.").format(most=MOST_GRACE_DAYS)
        )
    if not 0 <= smallest <= MOST_MONEY:
        raise BadBudget(_("Smallest revenue: write an amount of 0 or more."))
    if action not in Budget.Action.values:
        raise BadBudget(_("Choose what happens at the limit."))
    if scope(program).program != program:
        raise BadBudget(_("Only a published program that brings friends has such a budget."))
    with one_transaction():
        before = budget(program)
        Budget.objects.update_or_create(
            program=program,
            defaults={
                "share_bp": int(share),
                "days": days,
                "smallest": smallest,
                "action": action,
                "grace_days": grace_days,
                "set_at": now,
                "set_by": actor,
            },
        )
        after = budget(program)
        assert after is not None, "it was kept just now"
        record(
            actor,
            "program.budget_set",
            f"program:{program}",
            now=now,
            before=_settings(before) if before else None,
            after=_settings(after),
        )
    return after


def drop_budget(actor: str, program: str, *, now: datetime) -> None:
    """Judge a program no more; one that is paused stays paused. Raises BadBudget."""
    with one_transaction():
        before = budget(program)
        if before is None:
            raise BadBudget(_("This program has no budget."))
        Budget.objects.filter(program=program).delete()
        alarms.close(alarm_of(program), now=now)
        settle("exception", alarm_of(program), now=now, actor=actor, outcome="dropped")
        record(
            actor,
            "program.budget_dropped",
            f"program:{program}",
            now=now,
            before=_settings(before),
        )


def spare(program: str, *, reason: str, now: datetime) -> None:
    """A person opens its doors again: the budget lets it go on for its days of grace.

    To be called in the transaction that opens them. Raises WhyMissing.
    """
    row = Budget.objects.select_for_update().filter(program=program).first()
    if row is None or not _would_stop(row):
        return
    if not reason.strip():
        raise WhyMissing(
            _("Its rewards reached the budget of the program; say why it goes on all the same.")
        )
    row.state = Budget.State.OVER
    row.spared_until = now + timedelta(days=row.grace_days)
    row.save()
    # The next look tells anew how it stands.
    alarms.close(alarm_of(program), now=now)


def needs_why(program: str) -> bool:
    """Whether who lets it go on must say why."""
    row = Budget.objects.filter(program=program).first()
    return row is not None and _would_stop(row)


def alarm_of(program: str) -> str:
    """The kind of its alarm, and what its task is about."""
    return f"budget:{program}"


def is_reached(cost: int, revenue: int, share_bp: int) -> bool:
    """Whether the cost is that share of the revenue or more, to the cent. Nothing spent is not."""
    return cost > 0 and cost * BASIS >= revenue * share_bp


def percent_text(share_bp: int) -> str:
    """Hundredths of a percent as people write a percentage: 20 or 17.5."""
    return f"{Decimal(share_bp).scaleb(-2).normalize():f}"


def money_text(minor: int, currency: str) -> str:
    """Minor units as 1,250.00 USD."""
    return f"{Decimal(minor).scaleb(-minor_digits(currency)):,f} {currency}"


def _would_stop(row: Budget) -> bool:
    stops = row.action == Budget.Action.STOP and row.state == Budget.State.OVER
    return stops or row.state == Budget.State.STOPPED


def _settings(row: BudgetRow) -> dict[str, object]:
    return {
        "percent": row.percent,
        "days": row.days,
        "smallest": money_text(row.smallest, row.currency),
        "action": row.action,
        "grace_days": row.grace_days,
    }


def _row(row: Budget) -> BudgetRow:
    return BudgetRow(
        program=row.program,
        currency=scope(row.program).currency,
        share_bp=row.share_bp,
        days=row.days,
        smallest=row.smallest,
        action=cast(Action, row.action),
        grace_days=row.grace_days,
        set_at=row.set_at,
        set_by=row.set_by,
        state=cast(State, row.state),
        spared_until=row.spared_until,
        cost=row.cost,
        revenue=row.revenue,
        looked_at=row.looked_at,
    )
