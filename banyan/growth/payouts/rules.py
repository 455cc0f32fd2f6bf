"""rules: from how much on a unit is paid out, and when a batch is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast

from django.utils.translation import gettext as _

from banyan.growth.payouts.models import Payer, Rule
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits

Every = Literal["", "week", "month"]
LEAST_MAJOR = 10
"""Of a unit without a rule of its own."""


class BadRule(Problem):
    """A rule that cannot be followed."""

    status = 422
    code = "payout_rule_refused"


class NoPayer(Problem):
    """A file that must name our account, while none is set."""

    status = 409
    code = "payout_no_payer"


@dataclass(frozen=True)
class RuleRow:
    """Of one unit. `least` in minor units; `day` of the week (1 Monday) or of the month."""

    unit: str
    least: int
    every: Every
    day: int


def rule(unit: str) -> RuleRow:
    """The rule of a unit of cash, or the shipped one."""
    row = Rule.objects.filter(unit=unit).first()
    if row is None:
        return RuleRow(unit, LEAST_MAJOR * 10 ** minor_digits(unit.partition(" ")[2]), "", 1)
    return RuleRow(row.unit, row.least, cast(Every, row.every), row.day)


def rules() -> list[RuleRow]:
    """Those that were set, by unit."""
    return [rule(unit) for unit in Rule.objects.order_by("unit").values_list("unit", flat=True)]


def set_rule(actor: str, unit: str, *, least: int, every: str, day: int, now: datetime) -> RuleRow:
    """Raises BadRule."""
    if least <= 0:
        raise BadRule(_("The least amount must be above zero."))
    last = {"": 1, "week": 7, "month": 28}.get(every)
    if last is None or (every and not 1 <= day <= last):
        raise BadRule(_("Choose a day from 1 to 7 of the week, or from 1 to 28 of the month."))
    Rule.objects.update_or_create(
        unit=unit,
        defaults={
            "least": least,
            "every": every,
            "day": day if every else 1,
            "changed_at": now,
            "changed_by": actor,
        },
    )
    return rule(unit)


def is_due(one: RuleRow, today: date) -> bool:
    """Whether a batch is to be made on this day of the operator's calendar."""
    if one.every == "week":
        return today.isoweekday() == one.day
    return one.every == "month" and today.day == one.day


def payer(method: str) -> tuple[str, str]:
    """Our own account and its name for files of a method; empty where none was set."""
    row = Payer.objects.filter(method=method).first()
    return (row.account, row.name) if row else ("", "")


def named_payer(method: str) -> tuple[str, str]:
    """As `payer`, for a file that is handed in. Raises NoPayer where Alipay would refuse it."""
    account, name = payer(method)
    if method == "alipay" and not (account and name):
        raise NoPayer(
            _("Alipay files name who pays: fill in our account and name under “Rules” first.")
        )
    return account, name


def set_payer(method: str, *, account: str, name: str) -> None:
    """From which account of ours files pay."""
    Payer.objects.update_or_create(method=method, defaults={"account": account, "name": name})
