"""Many small choices out of few draws.

A choice of Hypothesis costs a tenth of a millisecond, and a program with its log needs a thousand.
A `Dice` takes a string of bytes, one draw, and spends a byte a choice. Smaller bytes choose earlier
options and an empty dice chooses the first, so the shrinker, which lowers each byte on its own,
leads to whatever stands first: write the simplest option there.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

Option = TypeVar("Option")


class Dice:
    """Bytes to choose by."""

    def __init__(self, rolled: bytes) -> None:
        self.rest = iter(rolled)

    def pick(self, options: Sequence[Option]) -> Option:
        """Choose an option, all alike; repeat one to give it weight."""
        return options[next(self.rest, 0) * len(options) // 256]

    def happens(self, chance: float) -> bool:
        """Whether something happens that does so with a chance of up to 1."""
        return next(self.rest, 0) >= 256 * (1 - chance)

    def count(self, most: int) -> int:
        """Choose a number from 0 to `most`."""
        return self.pick(range(most + 1))


Rolled = Callable[[int], Dice]  # a new dice for so many choices


def dice(size: int) -> st.SearchStrategy[Dice]:
    """Roll for up to so many choices."""
    return st.binary(min_size=size, max_size=size).map(Dice)
