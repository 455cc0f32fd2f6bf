"""Asking compiled expressions of a frame: names become columns, three-valued answers become two."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256

import polars as pl

from banyan.engine.language.book import Line, Terms
from banyan.engine.language.sql import Compiled

TRIAL = "trial:"
"""Prefix of the columns that hold an experiment's variant."""


def holds(line: Line, frame: pl.DataFrame, condition: Compiled) -> pl.Series:
    """True where the condition is true; false or NULL does not hold."""
    return value(line, frame, condition).fill_null(False)


def value(line: Line, frame: pl.DataFrame, compiled: Compiled) -> pl.Series:
    """The expression's value for every row; literals are spread over the frame."""
    sources = [column_of(line, frame, name).alias(name) for name in sorted(compiled.names)]
    rows = frame.select(*sources) if sources else frame.select(pl.int_range(pl.len()).alias("_"))
    return rows.with_columns(compiled.expr.alias("_value")).get_column("_value")


def column_of(line: Line, frame: pl.DataFrame, name: str) -> pl.Expr:
    """Where a name of the language stands in a stage's frame."""
    if TRIAL + name in frame.columns:
        return pl.col(TRIAL + name)
    return pl.col(line.properties.get(name, name))


def with_trials(
    line: Line,
    terms: Terms,
    frame: pl.DataFrame,
    names: frozenset[str],
    *,
    advocate: str,
    friend: str,
) -> pl.DataFrame:
    """`frame` with the variant of each experiment named, by the person it is split by."""
    for name in sorted(names):
        trial = terms.trials[name]
        person = advocate if trial.by == "advocate" else friend
        people = frame.get_column(person)
        known = {
            user: variant(line.slug, name, user, trial.shares)
            for user in people.unique().drop_nulls().to_list()
        }
        variants = people.replace_strict(
            list(known), list(known.values()), default=None, return_dtype=pl.String
        )
        frame = frame.with_columns(variants.alias(TRIAL + name))
    return frame


def variant(
    program: str, experiment: str, user: str, shares: tuple[tuple[str, Fraction], ...]
) -> str:
    """The first variant whose cumulative share exceeds the user's fixed draw."""
    drawn = draw_of(f"{program}|{experiment}|{user}")
    for name, reached in shares:
        if drawn < reached * 16**16:
            return name
    raise AssertionError("the shares of an experiment reach 1")


def draw_of(text: str) -> int:
    """The first 16 hex digits of a text's SHA-256: a draw in [0, 16^16)."""
    return int(sha256(text.encode()).hexdigest()[:16], 16)
