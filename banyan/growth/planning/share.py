"""share: how much of the price a benefit covers, for whoever designs it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from banyan.engine.language.explain.bounds import bounds
from banyan.engine.language.program import Percent, Program, Reward

LEAST_FELT = Decimal(5)
"""Percent of the price under which a benefit is hardly noticed; the lint's own line."""
EXPENSIVE_FELT = Decimal(20)
"""Percent that a high-priced good asks for, by the rule of thumb of a fifth of the first order."""

Verdict = Literal["unfelt", "small", "modest", "strong"]
"""`small`: felt, but not for something expensive."""


@dataclass(frozen=True)
class Share:
    """One reward beside the price: the least and the most it gives, in percent of the price."""

    reward: str
    to: str
    low: Decimal
    high: Decimal
    verdict: Verdict


def shares(program: Program, price: Decimal, *, is_expensive: bool = False) -> list[Share]:
    """Of each reward in money, what share of the price it is. `price` is in major units, above 0;
    of something expensive a fifth is asked for.

    What is no money, or has no bound, has no share and is left out.
    """
    assert price > 0, "a price is positive"
    found = []
    for name, reward in program.rewards.items():
        ends = _ends(program, reward, price)
        if ends is None:
            continue
        low, high = (_percent(end, price) for end in ends)
        found.append(Share(name, reward.to, low, high, _verdict(low, is_expensive=is_expensive)))
    return found


def _ends(program: Program, reward: Reward, price: Decimal) -> tuple[Decimal, Decimal] | None:
    form = reward.amount
    if reward.give not in ("cash", "credit"):
        return None
    if isinstance(form, Percent):
        if form.of != "total":
            return None
        given = price * form.percent / 100
        given = given if form.min is None else max(given, form.min)
        given = given if form.max is None else min(given, form.max)
        return given, given
    found = bounds(program, reward)
    if found is None or not found.high.is_finite():
        return None
    return found.low, found.high


def _percent(amount: Decimal, price: Decimal) -> Decimal:
    return (100 * amount / price).quantize(Decimal("0.1"), ROUND_HALF_UP)


def _verdict(low: Decimal, *, is_expensive: bool) -> Verdict:
    if low < LEAST_FELT:
        return "unfelt"
    if is_expensive and low < EXPENSIVE_FELT:
        return "small"
    return "strong" if low >= EXPENSIVE_FELT else "modest"
