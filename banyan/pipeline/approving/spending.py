"""spending: every hour, programs whose rewards reached their budget are told of, or paused.

A pause is the one that a person gives: no new links and clicks, while all that was promised goes
on. So nothing in the log or in the versions is touched, and a replay gives what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

from django.conf import settings

from banyan.core.programs.read import program
from banyan.growth.tasks.acts import open_task, settle
from banyan.insight.metrics.measures import ORDERS, REFUNDS
from banyan.insight.metrics.periods import latest
from banyan.insight.metrics.rebuild import position
from banyan.insight.metrics.scope import scope
from banyan.insight.metrics.sums import sums
from banyan.kernel.database import one_transaction
from banyan.pipeline.alarms import close, raise_alarm
from banyan.pipeline.approving import life
from banyan.pipeline.approving.budget import (
    alarm_of,
    is_reached,
    money_text,
    percent_text,
)
from banyan.pipeline.approving.models import Budget
from banyan.pipeline.wait import cursor_position

ACTOR = "system"
MOST_BEHIND = 10_000
"""Events not counted yet; more of them, and the figures are being made again."""
TIME_TO_LOOK = timedelta(days=1)


@dataclass(frozen=True)
class Spent:
    """Rewards in money, and what friends brought less refunds, never below 0: minor units."""

    cost: int
    revenue: int


def look(now: datetime, stop: Event) -> str:
    """Judge every budget; a sentence how it went. For the schedule."""
    slugs = list(Budget.objects.order_by("program").values_list("program", flat=True))
    judged = [_judge(slug, now=now) for slug in slugs if not stop.is_set()]
    return (
        f"{len(judged):,} budgets, {sum(one is True for one in judged):,} programs paused, "
        f"{sum(one is None for one in judged):,} not judged as figures are being made again."
    )


def spent(slug: str, *, days: int, now: datetime) -> Spent | None:
    """Of a referral program in so many days of the operator's, today with them; None while the
    figures are being made again."""
    today = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
    found = sums(latest(days, today=today), scope(slug))
    # Asked afterwards: figures that were thrown away meanwhile begin at the first position.
    if cursor_position() - position() > MOST_BEHIND:
        return None
    revenue = found.revenue(ORDERS) - found.revenue(REFUNDS)
    return Spent(found.cost(), max(0, revenue))


def _judge(slug: str, *, now: datetime) -> bool | None:
    """Whether the program was paused; None: it could not be judged."""
    with one_transaction():
        row = Budget.objects.select_for_update().filter(program=slug).first()
        if row is None:  # dropped since we looked
            return False
        found = spent(slug, days=row.days, now=now)
        if found is None:
            return None
        known = program(slug)
        assert known is not None, "a program stays"
        before, row.state = row.state, _state(row, found, known.status, now)
        if row.state == Budget.State.UNDER:
            row.spared_until = None
        row.cost, row.revenue, row.looked_at = found.cost, found.revenue, now
        row.save()
        _tell(row, before, now)
        is_new_stop = row.state != before and row.state == Budget.State.STOPPED
        if is_new_stop:
            life.pause(ACTOR, slug, reason=_stopped(row), now=now)
    return is_new_stop


def _state(row: Budget, found: Spent, status: str, now: datetime) -> str:
    """On which side of its budget a program is now."""
    if status == "closed":
        return Budget.State.UNDER
    if row.state == Budget.State.STOPPED and status == "paused":
        return Budget.State.STOPPED  # until a person lets it go on
    if found.revenue < row.smallest:
        return Budget.State.UNDER if row.state == Budget.State.UNDER else Budget.State.OVER
    if not is_reached(found.cost, found.revenue, row.share_bp):
        return Budget.State.UNDER
    is_spared = row.spared_until is not None and now < row.spared_until
    stops = row.action == Budget.Action.STOP and status == "live" and not is_spared
    return Budget.State.STOPPED if stops else Budget.State.OVER


def _tell(row: Budget, before: str, now: datetime) -> None:
    """An alarm on the board for as long as it is so, and a task for finance when it begins."""
    kind = alarm_of(row.program)
    if row.state != before:
        close(kind, now=now)
    sentence = _sentence(row)
    if sentence:
        raise_alarm(kind, sentence, now=now, role="finance")
    if row.state == Budget.State.UNDER:
        settle("exception", kind, now=now)
    elif row.state != before:
        open_task(
            "exception",
            kind,
            owner_role="finance",
            due_at=now + TIME_TO_LOOK,
            program=row.program,
            note=sentence,
            now=now,
        )


def _sentence(row: Budget) -> str:
    """The program, its limit and what was spent; empty while its sums reach no limit."""
    if row.state == Budget.State.STOPPED:
        return _stopped(row)
    return _reached(row) if row.state == Budget.State.OVER and _is_reached(row) else ""


def _is_reached(row: Budget) -> bool:
    """Whether the sums say so; of too little to judge they may not."""
    assert row.cost is not None, "it was looked at"
    assert row.revenue is not None, "it was looked at"
    return is_reached(row.cost, row.revenue, row.share_bp)


def _reached(row: Budget) -> str:
    cost, revenue = _sums_of(row)
    return (
        f"Rewards of {row.program} took {cost} in {row.days} days, in which its friends brought "
        f"{revenue}; that reaches its budget of {percent_text(row.share_bp)} %."
    )


def _stopped(row: Budget) -> str:
    cost, revenue = _sums_of(row)
    return (
        f"The program {row.program} was paused: its rewards took {cost} in {row.days} days, in "
        f"which its friends brought {revenue}; that reaches its budget of "
        f"{percent_text(row.share_bp)} %."
    )


def _sums_of(row: Budget) -> tuple[str, str]:
    currency = scope(row.program).currency
    assert row.cost is not None, "it was looked at"
    assert row.revenue is not None, "it was looked at"
    return money_text(row.cost, currency), money_text(row.revenue, currency)
