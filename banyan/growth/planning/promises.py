"""promises: amounts that promotional texts name, held against the amounts that the rules give.

A text that is filled from the terms cannot promise too much. One that somebody typed can: it may
name a sum that no rule gives, or a reward without the order it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from banyan.engine.language.program import (
    ByTable,
    Draw,
    Fixed,
    Ladder,
    Percent,
    Program,
    SqlAmount,
)

_NUMBER = r"(\d[\d,，]*(?:\.\d+)?)"
_MONEY = re.compile(
    rf"(?:US\$|HK\$|[$¥￥€£]|USD|CNY|RMB|EUR|GBP)\s*{_NUMBER}"
    rf"|{_NUMBER}\s*(?:元|美元|块钱?|yuan|dollars?|USD|CNY|RMB|EUR|€)",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*[%％]")
_OFF_IN_TENTHS = re.compile(r"([一二三四五六七八九]|\d(?:\.\d)?)([一二三四五六七八九]|\d)?\s*折")
_DIGITS = {digit: i for i, digit in enumerate("一二三四五六七八九", 1)}
_NUMBERS = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_IN_NAMES = re.compile(r"\d+(?:\.\d+)?")
_LEAST = re.compile(r"\btotal\s*>=?\s*(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Text:
    """One text that people see: what it is called, and what it says."""

    name: str
    text: str


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


def _unknown_amounts(text: Text, given: frozenset[Decimal]) -> Iterator[Overpromise]:
    for shown, number in _named(text.text):
        if number not in given:
            yield Overpromise(
                text.name,
                shown,
                _("The text says “{amount}”, but no rule gives or asks that much.").format(
                    amount=shown
                ),
                _("Write what the rules give, or use {offer} and let the program fill it in."),
            )


def _hidden_thresholds(text: Text, least: frozenset[Decimal]) -> Iterator[Overpromise]:
    named = {number for _shown, number in _named(text.text)}
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


def _named(text: str) -> list[tuple[str, Decimal]]:
    """Each amount of a text, as it stands there and as a number."""
    found = [(m[0], _decimal(m[1] or m[2])) for m in _MONEY.finditer(text)]
    found += [(m[0], _decimal(m[1])) for m in _PERCENT.finditer(text)]
    found += [(m[0], _off(m[1], m[2])) for m in _OFF_IN_TENTHS.finditer(text)]
    return [(shown.strip(), number) for shown, number in found if number is not None]


def _off(first: str, second: str | None) -> Decimal:
    """八折 and 8折 take 20 % off; 八五折, 85折 and 8.5折 take 15 %."""
    tenths = Decimal(_DIGITS.get(first, 0) or first)
    if second:
        tenths += Decimal(_DIGITS.get(second, 0) or second) / 10
    return 100 - tenths * 10


def _given(program: Program) -> frozenset[Decimal]:
    """Every number of the rules that a text may name: what is given, asked for, and the most."""
    numbers: set[Decimal] = set(_thresholds(program))
    for reward in program.rewards.values():
        numbers |= set(_of_amount(reward.amount))
        for give in reward.gives:
            numbers |= {Decimal(found) for found in _IN_NAMES.findall(give.partition(":")[2])}
        numbers |= {cap.amount for cap in reward.caps if cap.amount is not None}
    numbers |= {limit.amount for limit in program.limits if limit.amount is not None}
    return frozenset(number.normalize() for number in numbers)


def _of_amount(form: object) -> Iterator[Decimal]:
    match form:
        case Fixed(value=value):
            yield value
        case Percent(percent=percent, min=low, max=high):
            yield from (number for number in (percent, low, high) if number is not None)
        case Ladder() as ladder:
            yield from ladder.steps_exact()
        case ByTable(table=table, else_=other):
            yield from (*table.values(), other)
        case SqlAmount(sql=sql):
            yield from map(Decimal, _NUMBERS.findall(sql))
        case Draw(draw=prizes):
            yield from (prize.amount for prize in prizes)


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
        return Decimal(text.replace(",", "").replace("，", "").rstrip(".")).normalize()
    except InvalidOperation:
        return None
