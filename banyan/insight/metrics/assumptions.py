"""assumptions: numbers about a program that no event tells, kept with it, set in the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from banyan.insight.metrics.lines import BadLine, Changed, number
from banyan.insight.metrics.models import Assumption
from banyan.insight.metrics.scope import Scope
from banyan.kernel.database import one_transaction
from banyan.kernel.money import minor_digits

SHARES = ("margin", "budget_share", "base_share", "ladder_share", "other_share")


@dataclass(frozen=True)
class Assumptions:
    """Money in minor units of the program's currency; shares as 0.2; None: not set."""

    customer_value: float | None = None
    """What a customer brings over a lifetime, before the cost of winning them."""
    other_cac: float | None = None
    """What a customer costs who is won elsewhere."""
    running_cost: float | None = None
    """Of the program a month: people, tools, mailings."""
    margin: float | None = None
    """Of revenue, what is left after the goods."""
    budget_share: float = 0.2
    """Of referred revenue, what rewards may take."""
    base_share: float = 0.7
    ladder_share: float = 0.2
    other_share: float = 0.1
    """The planned split of rewards: plain ones, ladders, and what is not money."""


MONEY = ("customer_value", "other_cac", "running_cost")


def assumptions(scope: Scope) -> Assumptions:
    """Of a program, or of all together; what the program lacks is that of all."""
    kept: dict[str, float] = {}
    for row in Assumption.objects.filter(program__in=["", scope.program]).order_by("program"):
        kept[row.name] = float(row.value)
    return Assumptions(**kept)


def assume(scope: Scope, typed: Mapping[str, str]) -> Changed:
    """Keep what somebody typed: money in whole units, shares in per cent, empty for unknown.

    Raises BadLine.
    """
    before = assumptions(scope)
    digits = minor_digits(scope.currency) if scope.currency else 2
    with one_transaction():
        for field in fields(Assumptions):
            value = number(
                typed.get(field.name, ""), field=field.name, is_percent=field.name in SHARES
            )
            if value is not None and value < 0:
                raise BadLine(f"{field.name}: expected a number of 0 or more")
            mine = Assumption.objects.filter(program=scope.program, name=field.name)
            if value is None:
                mine.delete()
                continue
            stored = value * 10**digits if field.name in MONEY else value
            Assumption.objects.update_or_create(
                program=scope.program,
                name=field.name,
                defaults={"value": Decimal(str(round(stored, 4)))},
            )
    return Changed(_plain(before), _plain(assumptions(scope)))


def _plain(found: Assumptions) -> dict[str, object]:
    values = {field.name: getattr(found, field.name) for field in fields(Assumptions)}
    return {name: None if value is None else str(value) for name, value in values.items()}
