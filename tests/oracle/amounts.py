"""The raw amount of a reward, before its boosts and its rounding."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.oracle.reading import Event
from tests.oracle.sql import Names, number
from tests.oracle.terms import Reward, Version
from tests.oracle.values import exact, half_away, shown

LADDER_DECIMALS = 6


def raw_amount(
    reward: Reward, event: Event, version: Version, nth: int, names: Names
) -> Fraction | None:
    """Work out every form of amount but a draw; None is NULL."""
    amount = reward.amount
    if not isinstance(amount, Mapping):
        return exact(amount)
    if "percent" in amount:
        return percentage(amount, event.value(amount["of"], version.properties[amount["of"]]))
    if "ladder" in amount:
        return ladder_step(amount["ladder"], nth)
    if "table" in amount:
        return looked_up(amount, shown(names(amount["by"])))
    return number(amount["sql"], names)


def percentage(amount: Mapping[str, Any], of: Fraction | None) -> Fraction | None:
    """Take a percentage, at least `min` and at most `max`; NULL of NULL."""
    if of is None:
        return None
    share = exact(amount["percent"]) * of / 100
    if "min" in amount:
        share = max(share, exact(amount["min"]))
    if "max" in amount:
        share = min(share, exact(amount["max"]))
    return share


def ladder_step(ladder: Mapping[str, Any], nth: int) -> Fraction:
    """Work out a step exactly, then round it to 6 decimals; the last step stays."""
    steps_up = min(nth, int(ladder["steps"])) - 1
    first = exact(ladder["first"])
    if "grow" in ladder:
        step = first * (1 + exact(str(ladder["grow"]).rstrip("%")) / 100) ** steps_up
    else:
        step = first + exact(ladder["add"]) * steps_up
    return half_away(step, LADDER_DECIMALS)


def looked_up(amount: Mapping[str, Any], value: str | None) -> Fraction:
    table = {key_text(key): entry for key, entry in amount["table"].items()}
    return exact(table[value] if value in table else amount.get("else", 0))


def key_text(key: Any) -> str | None:
    """Write a table's key as text; parsers of YAML may have made a number or a truth of it."""
    if isinstance(key, str):
        return key
    return shown(key if isinstance(key, bool) else exact(key))
