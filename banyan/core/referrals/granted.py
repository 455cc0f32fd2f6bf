"""granted: rewards that advocates were granted, and the how manieth each was."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from banyan.kernel.database import among, read


@dataclass(frozen=True)
class Granted:
    """A reward that an advocate was granted; `nth` counts all that the program granted to them,
    from 1."""

    program: str
    advocate: str
    nth: int
    at: datetime


# What was held is granted with the first word on it; a word after that changes nothing.
_GRANTS = """
    SELECT program, beneficiary, position, place, occurred_at FROM referrals_decision d
    WHERE "to" = 'advocate' AND outcome = 'granted' AND amount > 0 AND {decided}
    UNION ALL
    SELECT d.program, d.beneficiary, r.position, 0, r.occurred_at
    FROM referrals_ruling r JOIN referrals_decision d ON d.decision_id = r.decision_id
    WHERE d."to" = 'advocate' AND d.outcome = 'held' AND d.amount > 0
        AND r.verdict = 'released' AND {ruled}
        AND NOT EXISTS (SELECT 1 FROM referrals_ruling earlier
            WHERE earlier.decision_id = r.decision_id AND earlier.position < r.position)
"""


def granted_after(position: int, *, upto: int, programs: Collection[str]) -> list[Granted]:
    """What these programs granted to advocates above one position up to another, in order; what was
    held, where it was released."""
    if not programs:
        return []
    its, slugs = among("d.program", list(programs))
    fresh = read(
        _GRANTS.format(
            decided=f"d.position > %s AND d.position <= %s AND {its}",
            ruled=f"r.position > %s AND r.position <= %s AND {its}",
        ),
        [position, upto, *slugs] * 2,
        {
            "program": pl.String,
            "advocate": pl.String,
            "position": pl.Int64,
            "place": pl.Int64,
            "at": pl.Datetime("us", "UTC"),
        },
    )
    of = ["program", "advocate"]
    rows = (
        fresh.join(_before(position, fresh["advocate"].unique().to_list()), on=of, how="left")
        .sort("position", "place")
        .with_columns(nth=pl.col("n").fill_null(0) + pl.int_range(1, pl.len() + 1).over(of))
    )
    return [Granted(*one) for one in rows.select(*of, "nth", "at").iter_rows()]


def _before(position: int, advocates: list[str]) -> pl.DataFrame:
    """How many rewards each of them was granted up to a position, by program."""
    whose, parameters = among("d.beneficiary", advocates)
    grants = _GRANTS.format(
        decided=f"d.position <= %s AND {whose}", ruled=f"r.position <= %s AND {whose}"
    )
    # Of all programs: a person is an advocate of few.
    return read(
        f"SELECT program, beneficiary, COUNT(*) FROM ({grants}) g GROUP BY program, beneficiary",
        [position, *parameters] * 2,
        {"program": pl.String, "advocate": pl.String, "n": pl.Int64},
    )
