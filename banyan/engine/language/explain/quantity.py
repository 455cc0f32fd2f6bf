"""How much of what: money in its currency, counts with their noun."""

from collections.abc import Callable
from decimal import Decimal

from banyan.engine.language.explain.voice import Voice
from banyan.kernel.money import minor_digits

MONEY = ("cash", "credit")


def quantity(voice: Voice, *, give: str, amount: Decimal, currency: str) -> str:
    """“$20.00 in cash”, “1 coupon “spring””. `amount` is in major units or counts; nothing is
    rounded."""
    kind, _, reference = give.partition(":")
    if kind in MONEY:
        money = voice.money(amount, currency=currency, digits=minor_digits(currency))
        if kind == "cash":
            return voice.say("{money} in cash", money=money)
        return voice.say("{money} in credit", money=money)
    return _COUNTED[kind](voice, amount, voice.quote(reference))


def quantity_minor(voice: Voice, *, unit: str, amount_minor: int) -> str:
    """The same for a row of the tables, where the unit names the currency: `cash USD`, `points`."""
    give, _, currency = unit.partition(" ")
    if give in MONEY:
        amount = Decimal(amount_minor).scaleb(-minor_digits(currency))
        return quantity(voice, give=give, amount=amount, currency=currency)
    return quantity(voice, give=unit, amount=Decimal(amount_minor), currency="")


def unit_name(voice: Voice, *, give: str, currency: str) -> str:
    """What is counted, without a number: “cash in USD”, “points”, “the coupon “spring””."""
    kind, _, reference = give.partition(":")
    return _NAMED[kind](voice, voice.quote(reference), currency)


def paid(amount: Decimal, *, give: str, currency: str) -> Decimal:
    """The amount as it is granted: rounded half away from zero to what the unit can hold."""
    digits = minor_digits(currency) if give in MONEY else 0
    size = abs(amount).scaleb(digits) + Decimal("0.5")
    return Decimal(int(size)).scaleb(-digits).copy_sign(amount)


def _plural(amount: Decimal) -> int:
    """The number that chooses the plural form; a fraction takes the form of many."""
    return int(amount) if amount == int(amount) else 2


def _points(voice: Voice, amount: Decimal, _: str) -> str:
    return voice.say_many(
        "{exact} point", "{exact} points", _plural(amount), exact=voice.number(amount)
    )


def _coupons(voice: Voice, amount: Decimal, name: str) -> str:
    return voice.say_many(
        "{exact} coupon {name}",
        "{exact} coupons {name}",
        _plural(amount),
        exact=voice.number(amount),
        name=name,
    )


def _gifts(voice: Voice, amount: Decimal, name: str) -> str:
    return voice.say_many(
        "{exact} gift {name}",
        "{exact} gifts {name}",
        _plural(amount),
        exact=voice.number(amount),
        name=name,
    )


def _perks(voice: Voice, amount: Decimal, name: str) -> str:
    return voice.say_many(
        "{exact} benefit {name}",
        "{exact} benefits {name}",
        _plural(amount),
        exact=voice.number(amount),
        name=name,
    )


def _badges(voice: Voice, amount: Decimal, name: str) -> str:
    return voice.say_many(
        "{exact} badge {name}",
        "{exact} badges {name}",
        _plural(amount),
        exact=voice.number(amount),
        name=name,
    )


_COUNTED: dict[str, Callable[[Voice, Decimal, str], str]] = {
    "points": _points,
    "coupon": _coupons,
    "gift": _gifts,
    "perk": _perks,
    "badge": _badges,
}

_NAMED: dict[str, Callable[[Voice, str, str], str]] = {
    "cash": lambda voice, _, currency: voice.say("cash in {currency}", currency=currency),
    "credit": lambda voice, _, currency: voice.say("credit in {currency}", currency=currency),
    "points": lambda voice, _, __: voice.say("points"),
    "coupon": lambda voice, name, _: voice.say("the coupon {name}", name=name),
    "gift": lambda voice, name, _: voice.say("the gift {name}", name=name),
    "perk": lambda voice, name, _: voice.say("the benefit {name}", name=name),
    "badge": lambda voice, name, _: voice.say("the badge {name}", name=name),
}
