"""rules: by which rules tasks arise, for each program or for all."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from banyan.growth.tasks.models import Rule
from banyan.kernel.errors import Problem

Moment = Literal["first_order", "repeat_order", "good_score", "friend_bought", "product", "day"]
MOMENTS: tuple[Moment, ...] = (
    "first_order",
    "repeat_order",
    "good_score",
    "friend_bought",
    "product",
    "day",
)


class BadRule(Problem):
    """A rule that cannot be followed."""

    status = 422
    code = "task_rule_refused"


@dataclass(frozen=True)
class Stuck:
    """A referral stands still after so many days in a stage; then each level has its time.

    Level 1 reminds the friend by itself, level 2 is service's, level 3 management's.
    """

    is_on: bool = True
    accepted_days: int = 7
    activated_days: int = 14
    first_hours: int = 72
    second_hours: int = 48
    third_hours: int = 48
    second_role: str = "support"
    third_role: str = "growth"


@dataclass(frozen=True)
class FollowUp:
    """A clock runs at each new referral: somebody of `role` speaks to the friend within `hours`;
    else the manager's role is told."""

    is_on: bool = False
    hours: int = 2
    role: str = "sales"
    manager_role: str = "growth"


@dataclass(frozen=True)
class Ask:
    """When a customer is asked for a referral, and how seldom.

    `every_days`: nobody is asked again earlier; `most_a_year`: nor more often in 365 days. `day` is
    `MM-DD` of a yearly occasion, for the moment `day`; `product_event` the name of the event by
    which a customer gets what the product is for, such as a first result, for the moment `product`.
    `high_spend`: from so much spent in all, in whole units of the program's currency, a consultant
    refers for the customer (0: never).
    """

    is_on: bool = False
    moments: tuple[Moment, ...] = ("repeat_order", "good_score", "friend_bought")
    good_score: int = 9
    day: str = ""
    product_event: str = ""
    every_days: int = 180
    most_a_year: int = 2
    hours: int = 72
    role: str = "sales"
    high_spend: int = 0


@dataclass(frozen=True)
class Thanks:
    """Somebody of `role` thanks an advocate within `hours` of the reward that is the `rewards`th
    that a program granted to them; once for each of them."""

    is_on: bool = False
    rewards: int = 1
    hours: int = 72
    role: str = "growth"


Rules = Stuck | FollowUp | Ask | Thanks
AnyRule = TypeVar("AnyRule", bound=Rules)
RULES: dict[type, str] = {
    Stuck: "stuck",
    FollowUp: "follow_up",
    Ask: "ask",
    Thanks: "thanks",
}

_LIMITS = {
    "hours": (1, 24 * 90),
    "days": (1, 3650),
    "year": (1, 365),
    "score": (0, 10),
    "spend": (0, 10**9),
    "rewards": (1, 1000),
}


def rule(what: type[AnyRule], program: str) -> AnyRule:
    """The rule of a program, else that of all, else the shipped one."""
    return rules(what, [program])[program]


def rules(what: type[AnyRule], programs: list[str]) -> dict[str, AnyRule]:
    """The same for many programs."""
    rows = Rule.objects.filter(kind=RULES[what], program__in=["", *programs])
    set_ = {row.program: msgspec.convert(msgspec.json.decode(row.values), what) for row in rows}
    return {one: set_.get(one) or set_.get("") or what() for one in programs}


def set_rule(actor: str, program: str, value: Rules, *, now: datetime) -> dict[str, Any]:
    """Let tasks of a kind arise so from now on; the rule as plain values. Raises BadRule."""
    _check(value)
    plain = asdict(value)
    Rule.objects.update_or_create(
        program=program,
        kind=RULES[type(value)],
        defaults={
            "values": msgspec.json.encode(plain).decode(),
            "changed_at": now,
            "changed_by": actor,
        },
    )
    return plain


def limits(name: str) -> tuple[int, int] | None:
    """From what to what a number of a rule may go; None for what is no number."""
    return _LIMITS.get(name.rpartition("_")[2])


def _check(value: Rules) -> None:
    for one in fields(value):
        allowed, number = limits(one.name), getattr(value, one.name)
        if allowed and isinstance(number, int) and not allowed[0] <= number <= allowed[1]:
            raise BadRule(f"{one.name}: write a number from {allowed[0]} to {allowed[1]}")
    if isinstance(value, Ask):
        _check_day(value)
        if "product" in value.moments and not value.product_event.strip():
            raise BadRule("product_event: name the event, such as Course Completed")


def _check_day(value: Ask) -> None:
    if "day" not in value.moments:
        return
    try:
        datetime.strptime(f"2024-{value.day}", "%Y-%m-%d")  # noqa: DTZ007  (a day of any year)
    except ValueError:
        raise BadRule("day: write the day of the occasion as MM-DD, such as 05-20") from None
