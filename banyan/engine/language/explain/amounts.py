"""How much: one function for each form of an amount."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.facts import Names
from banyan.engine.language.explain.markdown import table
from banyan.engine.language.explain.quantity import MONEY, paid, quantity
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.program import (
    ByTable,
    Draw,
    Fixed,
    Ladder,
    Percent,
    Program,
    Reward,
    SqlAmount,
)


class Telling:
    """What the forms need: the words, and the reward whose amount is told."""

    def __init__(self, voice: Voice, program: Program, reward: Reward) -> None:
        self.voice = voice
        self.program = program
        self.reward = reward
        self.event = program.milestones[reward.on].on if reward.on in program.milestones else None

    def quantity(self, amount: Decimal, *, give: str | None = None) -> str:
        """An amount of what the reward gives, or of `give`, as stated."""
        return quantity(
            self.voice, give=give or self.reward.give, amount=amount, currency=self.program.currency
        )

    def paid(self, amount: Decimal) -> str:
        """The amount as granted: an amount below 0 is none."""
        rounded = paid(amount, give=self.reward.give, currency=self.program.currency)
        return self.quantity(max(rounded, Decimal(0)))

    def name(self, name: str) -> str:
        """A property, fact or test in words."""
        return Names(self.voice, self.program, "reward", event=self.event).value(name)


def amount(voice: Voice, program: Program, reward: Reward) -> tuple[str, list[str]]:
    """A sentence, and blocks (a table) that belong under it."""
    tell = FORMS[type(reward.amount)]
    return tell(Telling(voice, program, reward), reward.amount)


def _fixed(telling: Telling, form: Fixed) -> tuple[str, list[str]]:
    return telling.voice.say("{amount}.", amount=telling.quantity(form.value)), []


def _percent(telling: Telling, form: Percent) -> tuple[str, list[str]]:
    voice = telling.voice
    text = voice.say(
        "{percent} of {of}", percent=voice.percent(form.percent / 100), of=telling.name(form.of)
    )
    if form.min is not None:
        text = voice.say("{amount}, at least {low}", amount=text, low=telling.quantity(form.min))
    if form.max is not None:
        text = voice.say("{amount}, at most {high}", amount=text, high=telling.quantity(form.max))
    return voice.say("{amount}.", amount=text), []


def _ladder(telling: Telling, form: Ladder) -> tuple[str, list[str]]:
    voice, first = telling.voice, telling.quantity(form.first)
    if form.grow is not None:
        text = voice.say(
            "it rises with every time: {first} the first time, then {grow} more than the time "
            "before, compounded. The table shows every step, rounded as it is granted.",
            first=first,
            grow=voice.percent(form.grow / 100),
        )
    else:
        text = voice.say(
            "it rises with every time: {first} the first time, then {add} more than the time "
            "before. The table shows every step, rounded as it is granted.",
            first=first,
            add=telling.quantity(form.add or Decimal(0)),
        )
    head = [voice.say("Time"), voice.say("Amount")]
    return text, table(head, _steps(telling, form))


def _steps(telling: Telling, form: Ladder) -> Iterator[list[str]]:
    """One row a step; neighbours that grant the same share a row, so that a flat stretch stays
    short."""
    voice = telling.voice
    amounts = [telling.paid(step) for step in form.steps_exact()]
    start = 0
    for number, text in enumerate(amounts):
        if number + 1 < len(amounts):
            if amounts[number + 1] == text:
                continue
            if number == start:
                yield [voice.say("{nth} time", nth=voice.ordinal(number + 1)), text]
            else:
                first, last = voice.ordinal(start + 1), voice.ordinal(number + 1)
                yield [voice.say("{first} to {last} time", first=first, last=last), text]
            start = number + 1
        else:
            yield [voice.say("{nth} time and every later one", nth=voice.ordinal(start + 1)), text]


def _by_table(telling: Telling, form: ByTable) -> tuple[str, list[str]]:
    voice, name = telling.voice, telling.name(form.by)
    rows = [[voice.quote(value), telling.paid(size)] for value, size in form.table.items()]
    rows.append([voice.say("anything else"), telling.paid(form.else_)])
    head = [voice.say("If {name} is", name=name), voice.say("Amount")]
    return voice.say("it depends on {name}; see the table.", name=name), table(head, rows)


def _sql(telling: Telling, form: SqlAmount) -> tuple[str, list[str]]:
    voice = telling.voice
    worked_out = expressions(voice, telling.program, "reward", event=telling.event).value(form.sql)
    if telling.reward.give in MONEY:
        return voice.say(
            "in {currency}: {value}.", currency=telling.program.currency, value=worked_out
        ), []
    return voice.say("this number: {value}.", value=worked_out), []


def _draw(telling: Telling, form: Draw) -> tuple[str, list[str]]:
    voice, chance = telling.voice, Fraction(form.chance)
    if chance == 1:
        text = voice.say("drawn by lot. Every draw wins one of these prizes:")
    else:
        text = voice.say(
            "drawn by lot. The chance to win is {chance}; whoever wins gets one of these prizes:",
            chance=odds(voice, chance),
        )
    whole = sum((Fraction(prize.weight) for prize in form.draw), Fraction(0))
    rows = []
    for prize in form.draw:
        share = Fraction(prize.weight) / whole
        prize_text = telling.quantity(prize.amount, give=prize.give)
        rows.append([prize_text, odds(voice, share), odds(voice, share * chance)])
    if chance != 1:
        rows.append([voice.say("no prize"), "", odds(voice, 1 - chance)])
    head = [voice.say("Prize"), voice.say("Share of the wins"), voice.say("Chance of each draw")]
    return text, table(head, rows)


def odds(voice: Voice, share: Fraction) -> str:
    """A share as a percentage: exact where six decimals hold it, else marked as rounded."""
    millionths = share * 100 * 10**6
    rounded = Decimal(round(millionths)).scaleb(-6).normalize()
    text = voice.percent(rounded / 100)
    return text if millionths.denominator == 1 else voice.say("about {percent}", percent=text)


FORMS: dict[type, Callable[[Telling, Any], tuple[str, list[str]]]] = {
    Fixed: _fixed,
    Percent: _percent,
    Ladder: _ladder,
    ByTable: _by_table,
    SqlAmount: _sql,
    Draw: _draw,
}
