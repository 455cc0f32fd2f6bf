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
    return _evaluated(line, frame, condition.names, condition.expr.fill_null(False))


def value(line: Line, frame: pl.DataFrame, compiled: Compiled) -> pl.Series:
    """The expression's value for every row; literals are spread over the frame."""
    return _evaluated(line, frame, compiled.names, compiled.expr)


def _evaluated(line: Line, frame: pl.DataFrame, names: frozenset[str], expr: pl.Expr) -> pl.Series:
    columns = {name: column_name(line, frame, name) for name in sorted(names)}
    rows = frame[list(columns.values())].rename({c: name for name, c in columns.items()})
    if not columns:
        rows = frame.select(pl.int_range(pl.len()).alias("_"))
    return rows.with_columns(expr.alias("_value"))["_value"]


def column_of(line: Line, frame: pl.DataFrame, name: str) -> pl.Expr:
    """What a name of the language stands for in a stage's frame."""
    return pl.col(column_name(line, frame, name))


def column_name(line: Line, frame: pl.DataFrame, name: str) -> str:
    """The column of a stage's frame for which a name of the language stands."""
    return TRIAL + name if TRIAL + name in frame.columns else line.properties.get(name, name)


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
