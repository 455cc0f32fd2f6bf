"""versions: which version of a program a row stands under, and values that depend on it."""

from __future__ import annotations

import polars as pl

from banyan.engine.language.book import Line


def terms_at(line: Line, at: str) -> tuple[pl.Expr, pl.Expr]:
    """Index of the version in force at a time (else of the highest), and whether one is."""
    index = pl.lit(line.terms[-1].index, dtype=pl.Int32)
    in_run = pl.lit(False)
    for terms in line.terms:
        inside = pl.lit(True)
        if terms.runs_from is not None:
            inside = inside & (pl.col(at) >= terms.runs_from)
        if terms.runs_until is not None:
            inside = inside & (pl.col(at) < terms.runs_until)
        index = pl.when(inside).then(pl.lit(terms.index, dtype=pl.Int32)).otherwise(index)
        in_run = in_run | inside
    return index, in_run


def by_terms(line: Line, value: dict[int, pl.Expr], otherwise: pl.Expr) -> pl.Expr:
    """A value that depends on the version a row stands under."""
    if len(line.terms) == 1 and 0 in value:
        return value[0]
    chosen = otherwise
    for index, expr in value.items():
        chosen = pl.when(pl.col("terms") == index).then(expr).otherwise(chosen)
    return chosen
