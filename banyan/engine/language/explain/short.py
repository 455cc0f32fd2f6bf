"""A program's offer in few words, for posters, cards and the top of a page.

It is made from the terms that decide, so that what is promised and what is granted stay the same;
the rules page says the rest. Phrases name nobody as “you”, so that both sides can read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from banyan.engine.language.explain import safe
from banyan.engine.language.explain.bounds import Bounds, bounds
from banyan.engine.language.explain.facts import Names
from banyan.engine.language.explain.occasions import Occasion, occasion
from banyan.engine.language.explain.quantity import MONEY, paid
from banyan.engine.language.explain.voice import Language, Voice, sentence
from banyan.engine.language.program import Draw, Ladder, Percent, Program, Reward
from banyan.kernel.money import minor_digits

MOST_LINES = 3
MOST_THINGS = 3
MOST_PRIZES = 3


@dataclass(frozen=True)
class Offer:
    """What each side gets, as plain text without markup. Empty for a side that gets nothing."""

    advocate_lines: tuple[str, ...]
    """Of a program without friends: what the customer gets. Gifts to charities are among them."""
    friend_lines: tuple[str, ...]
    joint: str
    """What stands between two lines on one."""

    @property
    def advocate(self) -> str:
        """The advocate's lines as one."""
        return self.joint.join(self.advocate_lines)

    @property
    def friend(self) -> str:
        """The friend's lines as one."""
        return self.joint.join(self.friend_lines)


def offer(program: Program, lang: Language, *, names: Mapping[str, str] | None = None) -> Offer:
    """What both sides get, in at most four short lines each, the last of which then points to the
    rules.

    `names`: what people call a coupon, gift, perk or badge, by the text the program has for it
    (`coupon:20-percent-off`). Without one it is called by its reference.
    """
    teller = _Teller(Voice(lang, safe.plain), program, names or {})
    advocate = [
        reward
        for reward in program.rewards.values()
        if reward.to in ("advocate", "self") or reward.to.startswith("charity:")
    ]
    friend = [reward for reward in program.rewards.values() if reward.to == "friend"]
    return Offer(teller.lines(advocate), teller.lines(friend), teller.voice.chain(("", "")))


class _Teller:
    def __init__(self, voice: Voice, program: Program, names: Mapping[str, str]) -> None:
        self.voice = voice
        self.program = program
        self._names = names

    def lines(self, rewards: list[Reward]) -> tuple[str, ...]:
        """One line an occasion, in the order of the file, which is its author's."""
        by_occasion: dict[tuple[Occasion, str], list[str]] = {}
        for reward in rewards:
            what = self._what(reward)
            if what is not None:
                charity = reward.to.partition(":")[2]
                when = occasion(self.voice, self.program, reward)
                by_occasion.setdefault((when, charity), []).append(what)
        lines = [self._line(when, charity, what) for (when, charity), what in by_occasion.items()]
        if len(lines) > MOST_LINES:
            lines[MOST_LINES:] = [self.voice.say("more by the rules")]
        return tuple(lines)

    def _line(self, when: Occasion, charity: str, what: list[str]) -> str:
        voice, different = self.voice, list(dict.fromkeys(what))
        if len(different) > MOST_THINGS:
            different[MOST_THINGS:] = [voice.say("other rewards")]
        things = voice.both(different)
        if charity:
            text = voice.say(
                "{what} to the charity {name} {after}",
                what=things,
                name=self._called(f"charity:{charity}"),
                after=when.text,
            )
        else:
            text = voice.say("{what} {after}", what=things, after=when.text)
        return voice.say("{offer} (conditions apply)", offer=text) if when.is_conditional else text

    def _what(self, reward: Reward) -> str | None:
        """The thing and its size; None when it is nothing."""
        form = reward.amount
        if isinstance(form, Draw):
            return self._drawn(form)
        if isinstance(form, Percent):
            return self._share(reward, form)
        found = bounds(self.program, reward)
        assert found is not None  # the two other forms are told above
        if not found.high:
            return None
        what = self._sized(reward.give, found)
        rises = isinstance(form, Ladder) and form.steps_exact()[0] < form.steps_exact()[-1]
        return self.voice.say("{what} (rising each time)", what=what) if rises else what

    def _drawn(self, form: Draw) -> str:
        prizes = [
            self._sized(prize.give, Bounds(prize.amount, prize.amount)) for prize in form.draw
        ]
        if len(prizes) > MOST_PRIZES:
            prizes[MOST_PRIZES:] = [self.voice.say("something else")]
        return self.voice.say("a chance to win {prizes}", prizes=self.voice.either(prizes))

    def _share(self, reward: Reward, form: Percent) -> str | None:
        voice = self.voice
        if not form.percent:
            return None
        milestone = self.program.milestones.get(reward.on)
        names = Names(voice, self.program, "reward", event=milestone.on if milestone else None)
        text = voice.say(
            "{percent} of {of} in {unit}",
            percent=voice.percent(form.percent / 100),
            of=names.value(form.of),
            unit=self._unit(reward.give),
        )
        if form.min is not None and form.max is not None:
            ends = self._number(reward.give, form.min), self._number(reward.give, form.max)
            return voice.say("{what} ({low} to {high})", what=text, low=ends[0], high=ends[1])
        if form.max is not None:
            high = self._number(reward.give, form.max)
            return voice.say("{what} (up to {high})", what=text, high=high)
        if form.min is not None:
            low = self._number(reward.give, form.min)
            return voice.say("{what} (at least {low})", what=text, low=low)
        return text

    def _sized(self, give: str, size: Bounds) -> str:
        voice, unit = self.voice, self._unit(give)
        if size.high.is_infinite():
            return voice.say("{unit} (how much, the rules say)", unit=unit)
        low, high = (
            paid(end, give=give, currency=self.program.currency) for end in (size.low, size.high)
        )
        number = self._number(give, high)
        if give not in (*MONEY, "points"):
            return unit if low == high == 1 else self._several(unit, low, high, number)
        if not low < high:
            text = number
        elif low:
            text = voice.say("{low} to {high}", low=self._number(give, low), high=number)
        else:
            text = voice.say("up to {high}", high=number)
        if give == "points":
            return voice.say_many("{size} point", "{size} points", _plural(high), size=text)
        return voice.say(_MONEY[give], size=text)

    def _several(self, unit: str, low: Decimal, high: Decimal, number: str) -> str:
        if low == high:
            return self.voice.say("{number} × {unit}", number=number, unit=unit)
        return self.voice.say("up to {number} × {unit}", number=number, unit=unit)

    def _number(self, give: str, amount: Decimal) -> str:
        """“$20”, “$19.50”, “1,000”."""
        if give not in MONEY:
            return self.voice.number(amount)
        currency = self.program.currency
        digits = 0 if amount == amount.to_integral_value() else minor_digits(currency)
        return self.voice.money(amount, currency=currency, digits=digits)

    def _unit(self, give: str) -> str:
        kind = give.partition(":")[0]
        if kind in _PLAIN:
            return self.voice.say(_PLAIN[kind])
        if give in self._names:
            return safe.plain(self._names[give])
        return self.voice.say(_REFERRED[kind], name=self._called(give))

    def _called(self, give: str) -> str:
        """A given name as it is; else the reference, its hyphens as spaces, in quotation marks."""
        if give in self._names:
            return safe.plain(self._names[give])
        return self.voice.quote(give.partition(":")[2].replace("-", " ").replace("_", " "))


def _plural(amount: Decimal) -> int:
    return 1 if amount == 1 else 2


_MONEY = {
    "cash": sentence("{size} in cash"),
    "credit": sentence("{size} in credit"),
}
_PLAIN = {
    "cash": sentence("cash"),
    "credit": sentence("credit"),
    "points": sentence("points"),
}
_REFERRED = {
    "coupon": sentence("coupon {name}"),
    "gift": sentence("gift {name}"),
    "perk": sentence("benefit {name}"),
    "badge": sentence("badge {name}"),
}
