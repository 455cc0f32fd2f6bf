"""forest: how far recommending goes on by itself in a program, from what is kept of its levels."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from banyan.kernel.database import read


@dataclass(frozen=True)
class Fission:
    """All chains of a program together: their members, who brought these, how many chains."""

    referrals: int
    advocates: int
    chains: int
    layers_below: float
    """Of friends who brought others: how many levels hang on one, on average."""

    @property
    def per_advocate(self) -> float:
        """Friends for each advocate: the fission coefficient."""
        return self.referrals / self.advocates if self.advocates else 0.0


def fission(program: str) -> Fission:
    """How far recommending goes on by itself."""
    columns = ("members", "advocates", "chains", "below", "going_on")
    sums = ", ".join(f"CAST(COALESCE(SUM({name}), 0) AS BIGINT)" for name in columns)
    [(members, advocates, chains, below, going_on)] = read(
        f"SELECT {sums} FROM metrics_level WHERE program = %s",
        [program],
        dict.fromkeys(columns, pl.Int64),
    ).rows()
    return Fission(members, advocates, chains, below / going_on if going_on else 0.0)


def depths(program: str) -> list[tuple[int, int]]:
    """How many chains have so many levels: (depth, chains), the flattest first."""
    return read(
        "SELECT level, chains FROM metrics_level WHERE program = %s AND chains > 0 ORDER BY level",
        [program],
        {"level": pl.Int64, "chains": pl.Int64},
    ).rows()


def members() -> dict[str, int]:
    """How many referrals each program has; those without any are left out."""
    return dict(
        read(
            "SELECT program, CAST(SUM(members) AS BIGINT) FROM metrics_level GROUP BY program",
            [],
            {"program": pl.String, "members": pl.Int64},
        ).rows()
    )
