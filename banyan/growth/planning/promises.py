"""promises: amounts that promotional texts name, held against the amounts that the rules give.

A text that is filled from the terms cannot promise too much. One that somebody typed can: it may
name a sum that no rule gives, or a reward without the order it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from banyan.engine.language.explain.quantity import MONEY
from banyan.engine.language.program import (
    ByTable,
    Cap,
    Draw,
    Fixed,
    Ladder,
    Percent,
    Program,
    SqlAmount,
)

Unit = frozenset[str]
"""What an amount may be counted in: currencies, since `$` and 元 are signs of several; or `%`."""

_NUMBER = r"(\d+(?:[,，]\d{3}(?!\d))*(?:\.\d+)?)"
_MONEY = re.compile(
    rf"(US\$|HK\$|[$¥￥€£]|USD|CNY|RMB|EUR|GBP)\s*{_NUMBER}"
    rf"|{_NUMBER}\s*(元|美元|块钱?|yuan|dollars?|USD|CNY|RMB|EUR|€)",
    re.IGNORECASE,
)
_OF_A_HUNDRED: Unit = frozenset({"%"})
_DOLLARS: Unit = frozenset(
    {"ARS", "AUD", "CAD", "CLP", "COP", "HKD", "MOP", "MXN", "NZD", "SGD", "TWD", "USD"}
)
_YUAN: Unit = frozenset({"CNY", "HKD", "MOP", "SGD", "TWD"})
_CNY, _USD, _EUR = frozenset({"CNY"}), frozenset({"USD"}), frozenset({"EUR"})
_SIGNS: Mapping[str, Unit] = {
    "$": _DOLLARS,
    "dollar": _DOLLARS,
    "dollars": _DOLLARS,
    "us$": _USD,
    "usd": _USD,
    "美元": _USD,
    "hk$": frozenset({"HKD"}),
    "¥": frozenset({"CNY", "JPY"}),
    "￥": frozenset({"CNY", "JPY"}),
    "元": _YUAN,
    "块": _YUAN,
    "块钱": _YUAN,
    "cny": _CNY,
    "rmb": _CNY,
    "yuan": _CNY,
    "€": _EUR,
    "eur": _EUR,
    "euro": _EUR,
    "euros": _EUR,
    "£": frozenset({"GBP"}),
    "gbp": frozenset({"GBP"}),
    "percent": _OF_A_HUNDRED,
    "pct": _OF_A_HUNDRED,
}
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*[%％]")
_OFF_IN_TENTHS = re.compile(r"([一二三四五六七八九]|\d(?:\.\d)?)([一二三四五六七八九]|\d)?\s*折")
_DIGITS = {digit: i for i, digit in enumerate("一二三四五六七八九", 1)}
_NUMBERS = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_IN_NAMES = re.compile(r"(over-)?(?<![\w.])(\d+(?:\.\d+)?)(?:-([a-z]+))?(?![\w.])")
_LEAST = re.compile(r"\btotal\s*>=?\s*(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Text:
    """One text that people see: what it is called, and what it says."""

    name: str
    text: str


@dataclass(frozen=True)
class Amount:
    """A number and what it may be counted in."""

    number: Decimal
    unit: Unit

    def covers(self, other: Amount) -> bool:
        """Whether what the other says is said by this."""
        return self.number == other.number and not self.unit.isdisjoint(other.unit)


@dataclass(frozen=True)
class Overpromise:
    """Something a text says that the rules do not."""

    text: str
    """The name of the text."""
    found: str
    reason: str
    cure: str


def overpromises(program: Program, texts: Iterable[Text]) -> list[Overpromise]:
    """Every amount in the texts that no rule gives, and every reward without its threshold."""
    given = _given(program)
    least = _thresholds(program)
    return [
        found
        for one in texts
        for found in (*_unknown_amounts(one, given), *_hidden_thresholds(one, least))
    ]


def _unknown_amounts(text: Text, given: Collection[Amount]) -> Iterator[Overpromise]:
    for shown, amount in _named(text.text):
        if not any(one.covers(amount) for one in given):
            yield Overpromise(
                text.name,
                shown,
                _("The text says “{amount}”, but no rule gives or asks that much.").format(
                    amount=shown
                ),
                _("Write what the rules give, or use {offer} and let the program fill it in."),
            )


def _hidden_thresholds(text: Text, least: frozenset[Decimal]) -> Iterator[Overpromise]:
    named = {amount.number for _shown, amount in _named(text.text)}
    numbers = {Decimal(found) for found in _NUMBERS.findall(text.text)}
    if not least or not named or least & (named | numbers):
        return
    smallest = min(least)
    yield Overpromise(
        text.name,
        f"{smallest:f}",
        _(
            "The text names a reward, but not that an order of {amount} or more is asked for."
        ).format(amount=f"{smallest:f}"),
        _("Name the threshold beside the reward."),
    )


def _named(text: str) -> list[tuple[str, Amount]]:
    """Each amount of a text, as it stands there and as a number with its unit."""
    found = [(m[0], _decimal(m[2] or m[3]), _SIGNS[(m[1] or m[4]).lower()])
             for m in _MONEY.finditer(text)]  # fmt: skip
    found += [(m[0], _decimal(m[1]), _OF_A_HUNDRED) for m in _PERCENT.finditer(text)]
    found += [(m[0], _off(m[1], m[2]), _OF_A_HUNDRED) for m in _OFF_IN_TENTHS.finditer(text)]
    return [(shown.strip(), Amount(n, unit)) for shown, n, unit in found if n is not None]


def _off(first: str, second: str | None) -> Decimal:
    """八折 and 8折 take 20 % off; 八五折, 85折 and 8.5折 take 15 %."""
    tenths = Decimal(_DIGITS.get(first, 0) or first)
    if second:
        tenths += Decimal(_DIGITS.get(second, 0) or second) / 10
    return 100 - tenths * 10


def _given(program: Program) -> frozenset[Amount]:
    """Every amount of the rules that a text may name: what is given, asked for, and the most."""
    money: Unit = frozenset({program.currency})
    given = {Amount(number, money) for number in _thresholds(program)}
    for reward in program.rewards.values():
        given |= set(_of_amount(reward.amount, _unit(reward.give, money), money))
        for give in reward.gives:
            given |= set(_in_name(give.partition(":")[2], money))
        given |= _most(reward.caps, _unit(reward.give, money))
    for limit in program.limits:
        given |= _most([limit], _unit(limit.give, money))
    return frozenset(Amount(one.number.normalize(), one.unit) for one in given if one.unit)


def _unit(give: str, money: Unit) -> Unit:
    """Points, coupons and the like are counted, which is neither money nor a percentage."""
    return money if give in MONEY else frozenset()


def _most(caps: Iterable[Cap], unit: Unit) -> set[Amount]:
    return {Amount(cap.amount, unit) for cap in caps if cap.amount is not None}


def _in_name(reference: str, money: Unit) -> Iterator[Amount]:
    """Amounts in a coupon's name: `20-percent-off`, `25-dollars-off-first-trip-over-75`. A number
    that says nothing of what it counts promises nothing."""
    for over, number, sign in _IN_NAMES.findall(reference.lower()):
        unit = _SIGNS.get(sign, money if over else None)
        if unit is not None:
            yield Amount(Decimal(number), unit)


def _of_amount(form: object, unit: Unit, money: Unit) -> Iterator[Amount]:
    match form:
        case Fixed(value=value):
            yield Amount(value, unit)
        case Percent(percent=percent, min=low, max=high):
            yield Amount(percent, _OF_A_HUNDRED)
            yield from (Amount(number, unit) for number in (low, high) if number is not None)
        case Ladder() as ladder:
            yield from (Amount(number, unit) for number in ladder.steps_exact())
        case ByTable(table=table, else_=other):
            yield from (Amount(number, unit) for number in (*table.values(), other))
        case SqlAmount(sql=sql):
            yield from (Amount(Decimal(found), unit) for found in _NUMBERS.findall(sql))
        case Draw(draw=prizes):
            yield from (Amount(prize.amount, _unit(prize.give, money)) for prize in prizes)


def _thresholds(program: Program) -> frozenset[Decimal]:
    """What orders must be worth at least, where a milestone asks for it."""
    found: set[Decimal] = set()
    for milestone in program.milestones.values():
        found |= {Decimal(one) for one in _LEAST.findall(milestone.where or "")}
        if milestone.sum is not None:
            found.add(milestone.sum.reaches)
    return frozenset(number.normalize() for number in found if number > 0)


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", "").replace("，", "")).normalize()
    except InvalidOperation:
        return None
