"""rates: one measure with its limit and what it must keep."""

from __future__ import annotations

from typing import Any

import msgspec


class Bound(msgspec.Struct, frozen=True):
    """What a measure must keep, in words, and whether it does."""

    text: str
    is_kept: bool


class Rate(msgspec.Struct, frozen=True):
    """One measure: how fast it is, and how fast the limit measured beside it."""

    name: str
    figure: float
    unit: str
    told: str
    """The figure and what belongs to it, as people read it."""
    limit: float | None
    limit_name: str
    bounds: list[Bound]
    why: str
    """Which part is the limit."""

    @property
    def ratio(self) -> float | None:
        """The figure as a share of its limit."""
        return None if self.limit is None else self.figure / self.limit

    @property
    def broken(self) -> list[str]:
        """The bounds that are not kept."""
        return [bound.text for bound in self.bounds if not bound.is_kept]

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {**plain, "ratio": self.ratio, "is_kept": not self.broken}


def at_least(found: float, least: float, text: str) -> Bound:
    """The bound `text` with its figure written as `≥ 5,000/s`."""
    return Bound(f"≥ {text}", found >= least)


def below(found: float, most: float, text: str) -> Bound:
    """The bound `text` with its figure written as `< 25 ms`."""
    return Bound(f"< {text}", found < most)
