"""economics: what a program costs and brings, and from how many friends on it pays.

Money is minor units of the scope's currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from banyan.engine.language.program import Ladder
from banyan.insight.metrics import measures as of
from banyan.insight.metrics.assumptions import Assumptions
from banyan.insight.metrics.funnel import share
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import Scope, latest_terms
from banyan.insight.metrics.sums import Sums, by_reward

DAYS_A_MONTH = 30


@dataclass(frozen=True)
class Economics:
    """Of one period. `cac`: cost of a friend who bought first in it, rewards and running cost."""

    revenue: int
    refunds: int
    all_revenue: int
    rewards: int
    running: int
    won: int
    roi: float | None
    """Revenue a unit of cost."""
    margin_roi: float | None
    """Margin a unit of cost; None while no margin is assumed."""
    cac: float | None
    cac_saved: float | None
    revenue_share: float | None
    new_share: float | None
    budget: float
    budget_used: float | None
    referral_value: float | None
    """Value of a customer and the cost of one won elsewhere, saved."""

    @property
    def net(self) -> int:
        """Revenue less refunds."""
        return self.revenue - self.refunds

    @property
    def cost(self) -> int:
        """All of it."""
        return self.rewards + self.running


def economics(found: Sums, assumed: Assumptions, *, days: int) -> Economics:
    """Of the sums of `days` days."""
    revenue, refunds = found.revenue(of.ORDERS), found.revenue(of.REFUNDS)
    net, rewards, won = revenue - refunds, found.cost(), found.n(of.PURCHASED)
    running = round((assumed.running_cost or 0) * days / DAYS_A_MONTH)
    cost = rewards + running
    cac = cost / won if won else None
    budget = max(0, net) * assumed.budget_share
    return Economics(
        revenue=revenue,
        refunds=refunds,
        all_revenue=_whole(found),
        rewards=rewards,
        running=running,
        won=won,
        roi=share(net, cost) if cost > 0 else None,
        margin_roi=net * assumed.margin / cost if assumed.margin and cost > 0 else None,
        cac=cac,
        cac_saved=1 - cac / assumed.other_cac if cac is not None and assumed.other_cac else None,
        revenue_share=revenue_share(found),
        new_share=share(found.n(of.REFERRED_NEW), found.n(of.NEW)),
        budget=budget,
        budget_used=rewards / budget if budget else None,
        referral_value=_referral_value(assumed),
    )


def revenue_share(found: Sums) -> float | None:
    """What customers order whom a program brought, of what all order; both less refunds. Of one
    program of several it is not known, as nobody keeps which of them brought a customer; nor is it
    where no more was ordered than came back."""
    whole = _whole(found)
    if not found.scope.is_all or whole <= 0:
        return None
    referred = found.revenue(of.REFERRED_ORDERS) - found.revenue(of.REFERRED_REFUNDS)
    return referred / whole


def _whole(found: Sums) -> int:
    return found.revenue(of.SHOP_ORDERS) - found.revenue(of.SHOP_REFUNDS)


@dataclass(frozen=True)
class BreakEven:
    """From how many friends a month on the running cost is earned, and what marketing those
    friends would cost elsewhere; None while something is missing or no friend earns anything."""

    value: float | None
    """Of a friend: the margin of a customer's value."""
    reward: float | None
    """Cost of rewards a friend who bought."""
    friends: int | None
    marketing: float | None


def break_even(found: Economics, assumed: Assumptions) -> BreakEven:
    """Running cost of a month ÷ (value of a friend − rewards for a friend)."""
    margin = 1.0 if assumed.margin is None else assumed.margin
    value = None if assumed.customer_value is None else assumed.customer_value * margin
    reward = found.rewards / found.won if found.won else None
    if value is None or reward is None or assumed.running_cost is None or value <= reward:
        return BreakEven(value, reward, None, None)
    needed = Decimal(assumed.running_cost) / (Decimal(value) - Decimal(reward))
    friends = int(needed.to_integral_value(ROUND_CEILING))
    saved = None if assumed.other_cac is None else friends * assumed.other_cac
    return BreakEven(value, reward, friends, saved)


@dataclass(frozen=True)
class Given:
    """What a reward moved: minor units or counts of its unit."""

    program: str
    reward: str
    unit: str
    kind: str
    """base, ladder or other (what is not money)."""
    times: int
    granted: int
    available: int
    taken: int
    expired: int
    held: int
    rejected: int


def given(period: Period, scope: Scope) -> list[Given]:
    """Every reward of the scope's programs that moved in the period, by program and name."""
    kinds = _kinds(scope)
    return [
        Given(
            program,
            reward,
            unit,
            kinds.get((program, reward), "base") if _is_money(unit) else "other",
            mine.n(of.GRANTED),
            mine.amount(of.GRANTED),
            mine.amount(of.AVAILABLE),
            mine.amount(of.TAKEN, of.TAKEN_PENDING),
            mine.amount(of.EXPIRED),
            mine.n(of.HELD),
            mine.n(of.REJECTED),
        )
        for (program, reward, unit), mine in by_reward(period, scope).items()
    ]


@dataclass(frozen=True)
class Split:
    """A kind of reward: what it should take of the money and what it took. What is no money is told
    by how often it was given, against all rewards given."""

    kind: str
    planned: float
    cost: int
    actual: float | None
    times: int


def split(rewards: list[Given], assumed: Assumptions) -> list[Split]:
    """Planned against actual, of money granted less what was taken back."""
    cost = dict.fromkeys(("base", "ladder", "other"), 0)
    times = dict(cost)
    for one in rewards:
        times[one.kind] += one.times
        if one.kind != "other":
            cost[one.kind] += one.granted - one.taken
    money, all_times = cost["base"] + cost["ladder"], sum(times.values())
    other = share(times["other"], all_times)
    planned = {
        "base": assumed.base_share,
        "ladder": assumed.ladder_share,
        "other": assumed.other_share,
    }
    return [
        Split(
            kind,
            planned[kind],
            cost[kind],
            other if kind == "other" else share(cost[kind], money),
            times[kind],
        )
        for kind in planned
    ]


@dataclass(frozen=True)
class Stock:
    """Of a unit, from the beginning until now: what is owed and what became of it."""

    unit: str
    granted: int
    pending: int
    available: int
    spent: int
    taken: int
    expired: int


def stock(moved: Sums) -> list[Stock]:
    """By unit, from `moved_in_all`; wallets hold what programs gave and what was credited."""
    units = sorted({unit for measure in _OF_WALLETS for unit in moved.units(measure)})
    return [_stock(moved, unit) for unit in units]


def _stock(moved: Sums, unit: str) -> Stock:
    def amount(*measures: str) -> int:
        return moved.amount(*measures, unit=unit)

    granted, available, early = amount(of.GRANTED), amount(of.AVAILABLE), amount(of.TAKEN_PENDING)
    spent = amount(of.SPENT) - amount(of.RETURNED)
    gone = amount(of.TAKEN) + amount(of.EXPIRED) + spent
    return Stock(
        unit,
        granted,
        granted - available - early,
        available + amount(of.CREDITED) - gone,
        spent,
        amount(of.TAKEN) + early,
        amount(of.EXPIRED),
    )


def _kinds(scope: Scope) -> dict[tuple[str, str], str]:
    return {
        (slug, name): "ladder" if isinstance(reward.amount, Ladder) else "base"
        for slug, terms in latest_terms().items()
        if slug in scope.programs
        for name, reward in terms.rewards.items()
    }


def _is_money(unit: str) -> bool:
    return unit.startswith(("cash ", "credit "))


def _referral_value(assumed: Assumptions) -> float | None:
    if assumed.customer_value is None:
        return None
    return assumed.customer_value + (assumed.other_cac or 0)


_OF_WALLETS = (of.GRANTED, of.AVAILABLE, of.SPENT, of.CREDITED)
