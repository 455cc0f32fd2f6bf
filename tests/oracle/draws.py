"""Chance that anybody can check: experiments and draws."""

from collections.abc import Iterable
from fractions import Fraction
from hashlib import sha256
from typing import Any

from tests.oracle.terms import Experiment
from tests.oracle.values import exact


def chance_of(text: str) -> Fraction:
    """Turn a text into a number from 0 to below 1: 16 hex digits of its SHA-256."""
    return Fraction(int(sha256(text.encode()).hexdigest()[:16], 16), 16**16)


def variant(program: str, name: str, experiment: Experiment, user: str) -> str:
    """Find the variant of an experiment that a user is in."""
    u = chance_of(f"{program}|{name}|{user}")
    return str(pick(experiment.split.items(), u))


def drawn(amount: Any, seed: str, decision_id: str) -> tuple[str | None, Fraction]:
    """Draw a lot: what is given (None: as the reward says) and how much of it."""
    u = chance_of(f"{seed}|{decision_id}")
    chance = exact(amount.get("chance", 1))
    if u >= chance:
        return None, Fraction(0)
    entries = [(entry, exact(entry["weight"])) for entry in amount["draw"]]
    entry = pick(entries, u / chance)
    return entry["give"], exact(entry["amount"])


def pick(entries: Iterable[tuple[Any, Fraction]], u: Fraction) -> Any:
    """Pick the first entry whose cumulative share of the weights exceeds u."""
    entries = list(entries)
    whole = sum(weight for _, weight in entries)
    share = Fraction(0)
    for entry, weight in entries:
        share += weight / whole
        if share > u:
            return entry
    raise ValueError("weights must sum to more than 0")
