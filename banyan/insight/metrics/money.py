"""money: totals of events in minor units, as expressions."""

from __future__ import annotations

import polars as pl

from banyan.engine.language.book import SCALE
from banyan.kernel.money import MINOR_DIGITS

UNKNOWN_DIGITS = 2
"""Totals without a currency are kept in hundredths."""


def resolved(currency: str) -> pl.Expr:
    """A currency's code; empty for none, and for a text that is none."""
    code = pl.col(currency).fill_null("")
    known = code.is_in(list(MINOR_DIGITS))
    return pl.when(known).then(code).otherwise(pl.lit("")).alias(currency)


def minor(total: str, currency: str) -> pl.Expr:
    """A total scaled by 10^12 in minor units of a resolved currency, half away from zero; 0 for
    none."""
    size = {code: SCALE // 10**digits for code, digits in MINOR_DIGITS.items()}
    step = pl.col(currency).replace_strict(
        size, default=SCALE // 10**UNKNOWN_DIGITS, return_dtype=pl.Int64
    )
    value = pl.col(total).cast(pl.Int128).fill_null(0)
    rounded = (value.abs() + step // 2) // step
    return (rounded * value.sign()).cast(pl.Int64)
