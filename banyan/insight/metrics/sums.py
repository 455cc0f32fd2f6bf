"""sums: figures of a stretch of days as one frame, and questions to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from banyan.insight.metrics import measures as of
from banyan.insight.metrics.money import UNKNOWN_DIGITS
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import Scope
from banyan.kernel.database import among, read
from banyan.kernel.money import minor_digits

_DAYS = {
    "day": pl.String,
    "measure": pl.String,
    "unit": pl.String,
    "n": pl.Int64,
    "amount": pl.Int64,
}
_ITEMS = {"program": pl.String, "item": pl.String, **_DAYS}
_REACHING = (of.INITIATED, of.CLICKS, of.INVITES, of.SHARES)
"""A code that serves every program reaches for each, and stands under none."""


@dataclass(frozen=True)
class Sums:
    """Figures of some programs and of the shop, added up over some days."""

    totals: Mapping[tuple[str, str], tuple[int, int]]
    """(measure, unit) -> (n, amount)"""
    scope: Scope
    days: pl.DataFrame
    """What was added up: (day, measure, unit, n, amount)."""

    def during(self, period: Period) -> Sums:
        """Those of fewer days."""
        inside = pl.col("day").is_between(period.first, period.last)
        return added(self.days.filter(inside), self.scope)

    def n(self, *measures: str) -> int:
        """How often."""
        return sum(n for (measure, _), (n, _) in self.totals.items() if measure in measures)

    def amount(self, *measures: str, unit: str | None = None) -> int:
        """How much: minor units or counts of a unit, or of all (which only depths are)."""
        return sum(
            amount
            for (measure, of_unit), (_, amount) in self.totals.items()
            if measure in measures and unit in (None, of_unit)
        )

    def units(self, measure: str) -> list[str]:
        """The units in which something was counted, that of most last."""
        found = [(amount, unit) for (m, unit), (_, amount) in self.totals.items() if m == measure]
        return [unit for _, unit in sorted(found)]

    def revenue(self, *measures: str) -> int:
        """Minor units of the scope's currency; orders without a currency count as in it."""
        own = self.amount(*measures, unit=self.scope.currency)
        if not self.scope.currency:
            return own
        none, digits = self.amount(*measures, unit=""), minor_digits(self.scope.currency)
        shift: int = 10 ** abs(digits - UNKNOWN_DIGITS)
        return own + (none * shift if digits >= UNKNOWN_DIGITS else none // shift)

    def money(self, *measures: str) -> int:
        """Cash and credit in the scope's currency, minor units."""
        return sum(
            self.amount(*measures, unit=f"{give} {self.scope.currency}")
            for give in ("cash", "credit")
        )

    def cost(self) -> int:
        """What rewards in money cost: granted, less what was taken back. What expires is a gain of
        a later day, and is told apart."""
        return self.money(of.GRANTED) - self.money(of.TAKEN, of.TAKEN_PENDING)

    def by_piece(self, period: Period) -> list[tuple[str, Sums]]:
        """The pieces of a trend, each with its name: its first day, or a month as 2026-03."""
        step = {"day": "1d", "week": "1w", "month": "1mo"}[period.step]
        inside = pl.col("day").is_between(period.first, period.last)
        rows = self.days.filter(inside).group_by(
            pl.col("day").dt.truncate(step).alias("piece"), "measure", "unit"
        )
        pieces: dict[date, dict[tuple[str, str], tuple[int, int]]] = {}
        for piece, measure, unit, n, amount in rows.agg(pl.col("n", "amount").sum()).rows():
            pieces.setdefault(piece, {})[measure, unit] = n, amount
        nothing = self.days.clear()
        return [
            (
                day.strftime("%Y-%m") if period.step == "month" else day.isoformat(),
                Sums(pieces.get(day, {}), self.scope, nothing),
            )
            for day in period.pieces()
        ]


def added(rows: pl.DataFrame, scope: Scope) -> Sums:
    """Rows (measure, unit, n, amount, perhaps more) as sums."""
    sums = rows.group_by("measure", "unit").agg(pl.col("n", "amount").sum())
    totals = {(measure, unit): (n, amount) for measure, unit, n, amount in sums.rows()}
    return Sums(totals, scope, rows)


def sums(period: Period, scope: Scope) -> Sums:
    """Figures of the period's days, of the scope's programs and the shop."""
    where, programs = among("program", [*scope.programs, ""])
    rows = read(
        "SELECT CAST(day AS TEXT), measure, unit, SUM(n), SUM(amount) FROM metrics_day "
        f"WHERE day >= %s AND day <= %s AND {where} GROUP BY day, measure, unit",
        [period.first, period.last, *programs],
        _DAYS,
    )
    return added(rows.with_columns(pl.col("day").str.to_date()), scope)


def by_reward(period: Period, scope: Scope) -> dict[tuple[str, str, str], Sums]:
    """What each reward of the scope's programs moved: (program, reward, unit) -> sums."""
    where, programs = among("program", scope.programs)
    rows = read(
        "SELECT program, item, '', measure, unit, SUM(n), SUM(amount) FROM metrics_day "
        f"WHERE day >= %s AND day <= %s AND item <> '' AND {where} "
        "GROUP BY program, item, measure, unit",
        [period.first, period.last, *programs],
        _ITEMS,
    )
    parts = rows.partition_by("program", "item", "unit", as_dict=True)
    return {
        (str(program), str(item), str(unit)): added(part, scope)
        for (program, item, unit), part in sorted(parts.items())
    }


def by_version(program: str) -> pl.DataFrame:
    """From the beginning until now: how many joined and were decided under each version, and what
    was granted of which unit: (version, measure, unit, n, amount)."""
    where, measures = among("measure", [of.JOINED, of.DECIDED, of.GRANTED])
    return read(
        "SELECT version, measure, unit, SUM(n), SUM(amount) FROM metrics_slice "
        f"WHERE program = %s AND {where} GROUP BY version, measure, unit ORDER BY version, unit",
        [program, *measures],
        {
            "version": pl.Int64,
            "measure": pl.String,
            "unit": pl.String,
            "n": pl.Int64,
            "amount": pl.Int64,
        },
    )


def moved_in_all(scope: Scope) -> Sums:
    """What rewards did from the beginning until now, and wallets."""
    where, programs = among("program", [*scope.programs, ""])
    rows = read(
        "SELECT '', measure, unit, SUM(n), SUM(amount) FROM metrics_day "
        f"WHERE unit <> '' AND {where} GROUP BY measure, unit",
        [*programs],
        _DAYS,
    )
    return added(rows, scope)


def slices(period: Period, scope: Scope, by: str) -> pl.DataFrame:
    """The funnel's figures by one column: (by, measure, n, amount); `by` is version, channel,
    script or variant.

    What a code that serves every program set going stands with those of the program.
    """
    assert by in ("version", "channel", "script", "variant")
    rows = read(
        f"SELECT program, CAST({by} AS TEXT), measure, unit, SUM(n), SUM(amount) "
        "FROM metrics_slice WHERE day >= %s AND day <= %s "
        f"GROUP BY program, {by}, measure, unit",
        [period.first, period.last],
        {
            "program": pl.String,
            "by": pl.String,
            "measure": pl.String,
            "unit": pl.String,
            "n": pl.Int64,
            "amount": pl.Int64,
        },
    )
    mine = pl.col("program").is_in(list(scope.programs))
    reaching = (pl.col("program") == "") & pl.col("measure").is_in(_REACHING)
    return rows.filter(mine | reaching).drop("program")
