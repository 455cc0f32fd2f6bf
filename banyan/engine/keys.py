"""Keys: texts as 64-bit numbers, told apart by what they name.

Grouping and joining numbers is several times faster than texts. Polars promises no stable hash
between releases, so keys live inside one run and never leave it; where money is decided the texts
behind two equal keys are compared (`assert_same`).
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from banyan.kernel.errors import Problem

Named = Literal[
    "user", "anonymous", "email", "phone", "device", "ip", "message", "code", "order", "other"
]

_SEEDS: dict[str, int] = {
    "user": 1,
    "anonymous": 2,
    "email": 3,
    "phone": 10,
    "device": 4,
    "ip": 5,
    "message": 6,
    "code": 7,
    "order": 8,
    "other": 9,
}


class KeyClash(Problem):
    """Two different texts fell on one key: by n²/2^65, once in some 370,000 runs of 10^7 ids."""


def key(text: pl.Expr, named: Named) -> pl.Expr:
    """UInt64 key of a text; null stays null. Keys of different kinds never meet."""
    hashed = text.hash(_SEEDS[named])
    return pl.when(text.is_not_null()).then(hashed)


def assert_same(frame: pl.DataFrame, left: str, right: str) -> None:
    """Raise KeyClash when rows joined by key carry different texts."""
    if not frame.is_empty() and (frame[left] != frame[right]).any():
        raise KeyClash(
            "Two different ids have the same internal key; nothing was written. "
            "Please report this log: it is the first of its kind."
        )
