"""rivals: what competitors offer for a referral, as it was seen, and whether it beats ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from banyan.engine.language.explain.bounds import bounds
from banyan.engine.language.program import Percent, Program, Reward
from banyan.growth.planning.models import Rival
from banyan.kernel.errors import Problem

_RESPONSE = re.compile(r"(version|draft):\d{1,9}")


class BadRival(Problem):
    """An offer that cannot be noted like this."""


class NoSuchRival(Problem):
    """A noted offer that is not there."""


@dataclass(frozen=True)
class RivalRow:
    """One offer; `amount_minor` in our program's currency or `percent`, never both."""

    id: int
    company: str
    program: str
    amount_minor: int | None
    percent: Decimal | None
    seen_on: date
    source: str
    answer: str
    response: str
    """What answers it: `version:NUMBER` or `draft:ID` of our program; empty: nothing."""


@dataclass(frozen=True)
class Ours:
    """The most that our program gives the advocate for one friend, in each measure."""

    amount: Decimal | None
    """Money in major units; None: no amount that is known beforehand."""
    percent: Decimal | None


def note(
    actor: str,
    *,
    company: str,
    program: str,
    amount_minor: int | None,
    percent: Decimal | None,
    seen_on: date,
    source: str,
    now: datetime,
) -> RivalRow:
    """Write down an offer. Raises BadRival."""
    if not company.strip():
        raise BadRival("company: say whose offer it is")
    if (amount_minor is None) == (percent is None):
        raise BadRival("amount: give either a sum or a percentage")
    if (amount_minor or 0) < 0 or (percent or 0) < 0:
        raise BadRival("amount: cannot be below 0")
    if (percent or 0) > 1000 or (amount_minor or 0) > 10**14:
        raise BadRival("amount: is too large to be true")
    if seen_on > now.date():
        raise BadRival("date: lies in the future; give the day on which you saw it")
    row = Rival.objects.create(
        company=company.strip()[:200],
        program=program,
        amount_minor=amount_minor,
        percent=percent,
        seen_on=seen_on,
        source=source.strip()[:1000],
        created_at=now,
        created_by=actor,
    )
    return _row(row)


def answer(actor: str, rival_id: int, text: str, *, response: str = "", now: datetime) -> RivalRow:
    """Note what was done about it, in words and by which version or draft; nothing of both opens
    it again. Raises NoSuchRival, BadRival."""
    if response and not _RESPONSE.fullmatch(response):
        raise BadRival(_("response: choose a version or a draft from the list"))
    found = Rival.objects.filter(pk=rival_id)
    at = now if text.strip() or response else None
    if not found.update(answer=text.strip()[:1000], response=response, answered_at=at):
        raise NoSuchRival(f"offer: there is no offer {rival_id}")
    return _row(found.get())


def rivals(program: str | None = None, *, limit: int = 200) -> list[RivalRow]:
    """Noted offers, those seen last first."""
    rows = Rival.objects.order_by("-seen_on", "-id")
    if program is not None:
        rows = rows.filter(program=program)
    return [_row(row) for row in rows[:limit]]


def better(program: Program) -> list[RivalRow]:
    """Offers that beat a program and that nobody has answered yet, those seen last first."""
    mine = ours(program)
    return [
        one
        for one in rivals(program.program)
        if not (one.answer or one.response) and beats(one, mine, minor_digits=program.minor_digits)
    ]


def watched() -> list[str]:
    """Programs beside which an offer stands that nobody has answered yet."""
    rows = Rival.objects.filter(answered_at=None).values_list("program", flat=True)
    return sorted(set(rows))


def beats(rival: RivalRow, ours: Ours, *, minor_digits: int) -> bool | None:
    """Whether it is better than ours; None when the two cannot be compared."""
    if rival.percent is not None:
        return None if ours.percent is None else rival.percent > ours.percent
    if ours.amount is None:
        return None
    return Decimal(rival.amount_minor or 0).scaleb(-minor_digits) > ours.amount


def ours(program: Program) -> Ours:
    """What our program gives the advocate at most for one success."""
    mine = [one for one in program.rewards.values() if one.to in ("advocate", "self")]
    amounts = [found for found in (_amount(program, one) for one in mine) if found is not None]
    percents = [one.amount.percent for one in mine if isinstance(one.amount, Percent)]
    return Ours(max(amounts, default=None), max(percents, default=None))


def _amount(program: Program, reward: Reward) -> Decimal | None:
    if reward.give not in ("cash", "credit"):
        return None
    found = bounds(program, reward)
    if found is None:
        return reward.amount.max if isinstance(reward.amount, Percent) else None
    return found.high if found.high.is_finite() else None


def _row(row: Rival) -> RivalRow:
    return RivalRow(
        row.pk,
        row.company,
        row.program,
        row.amount_minor,
        row.percent,
        row.seen_on,
        row.source,
        row.answer,
        row.response,
    )
