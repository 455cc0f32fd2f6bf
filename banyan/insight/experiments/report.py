"""report: what each variant of a split did, and whether that can be chance.

Where the split is by friend, each friend is one of the people compared. Where it is by advocate,
friends of one advocate are alike, so that the advocate counts as one, with the mean of their
friends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from banyan.core.programs.read import published
from banyan.engine.language.program import Program
from banyan.engine.language.terms import Experiment as Split
from banyan.insight.experiments.testing import (
    MISMATCH,
    Tested,
    corrected,
    means_test,
    shares_test,
    split_p,
)
from banyan.insight.segments.read import members
from banyan.kernel.database import read
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits

Metric = Literal["bought", "bought_again", "revenue", "friends"]
METRICS: tuple[Metric, ...] = ("bought", "bought_again", "revenue", "friends")
"""Friends who bought, who bought again, what a friend spent, friends an advocate brought."""
SHARES = ("bought", "bought_again")


class NoSuchSplit(Problem):
    """A program or split that is not there."""

    status = 404


@dataclass(frozen=True)
class Arm:
    """A variant. `value`: a share, or a mean (money in whole units); None of nobody. `test` is
    against the first variant of the file, `p` corrected for how many variants are tested."""

    name: str
    share: float
    people: int
    hits: int | None
    value: float | None
    test: Tested | None
    p: float | None


@dataclass(frozen=True)
class Report:
    """The answer so far. `mismatch_p` is the sample-ratio check."""

    by: Literal["advocate", "friend"]
    arms: tuple[Arm, ...]
    mismatch_p: float | None
    alpha: float

    @property
    def is_mismatched(self) -> bool:
        """Whether the people do not stand as the split says, so that nothing should be read."""
        return self.mismatch_p is not None and self.mismatch_p < MISMATCH

    @property
    def best(self) -> Arm | None:
        """A variant that is better than the control beyond chance, of several the best."""
        sure = [
            arm
            for arm in self.arms
            if arm.test and arm.p is not None and arm.p < self.alpha and arm.test.difference > 0
        ]
        return max(sure, key=lambda arm: arm.value or 0, default=None)


@dataclass(frozen=True)
class SplitRow:
    """A split of a program's published versions; `versions` are those that have it."""

    program: str
    name: str
    by: Literal["advocate", "friend"]
    shares: Mapping[str, float]
    versions: tuple[int, ...]
    currency: str


def splits() -> list[SplitRow]:
    """Every split that is published, by program and name, as its highest version has it."""
    found: dict[tuple[str, str], tuple[Split, Program, list[int]]] = {}
    for row in sorted(published(), key=lambda one: (one.program, one.number)):
        terms = row.terms
        for name, split in terms.experiments.items():
            numbers = found.get((row.program, name), (split, terms, []))[2]
            found[row.program, name] = split, terms, [*numbers, row.number]
    return [
        SplitRow(
            program,
            name,
            split.by,
            {variant: float(share) for variant, share in split.split.items()},
            tuple(numbers),
            terms.currency,
        )
        for (program, name), (split, terms, numbers) in sorted(found.items())
    ]


def split(program: str, name: str) -> SplitRow:
    """One of them. Raises NoSuchSplit."""
    for row in splits():
        if (row.program, row.name) == (program, name):
            return row
    raise NoSuchSplit(f"split: no published version of {program!r} has an experiment {name!r}")


def report(
    of: SplitRow, *, metric: Metric, first: date, last: date, alpha: float, audience: str = ""
) -> Report:
    """Friends who joined from `first` to `last` under a version with the split, by variant; of an
    audience those whose advocate is in that segment."""
    people = _people(of, metric, first, last, audience)
    control, *others = of.shares
    arms = [_arm(of, metric, people, control, None, alpha)]
    arms += [_arm(of, metric, people, name, control, alpha) for name in others]
    ps = iter(corrected([arm.test.p for arm in arms if arm.test]))
    told = tuple(
        Arm(a.name, a.share, a.people, a.hits, a.value, a.test, next(ps) if a.test else None)
        for a in arms
    )
    counts = {arm.name: arm.people for arm in arms}
    return Report(of.by, told, split_p(counts, of.shares), alpha)


def after(of: SplitRow, *, metric: Metric, version: int, audience: str = "") -> Arm | None:
    """What friends did who joined under a later version; None before anybody did."""
    rows = _rows(of, metric, audience, "version >= %s", [version])
    people = _by_person(of, metric, rows.with_columns(variant=pl.lit(""))) if rows.height else rows
    if people.is_empty():
        return None
    return _arm(of, metric, people, "", None, 0.05)


def _people(of: SplitRow, metric: Metric, first: date, last: date, audience: str) -> pl.DataFrame:
    """(variant, value): one row for each of the people compared."""
    where = "joined_on >= %s AND joined_on <= %s"
    rows = _rows(of, metric, audience, where, [first, last])
    said = pl.col("variant").str.extract(rf"(?:^|; ){of.name}=([^;]+)")
    mine = rows.filter(pl.col("version").is_in(of.versions)).with_columns(variant=said)
    return _by_person(of, metric, mine.drop_nulls("variant"))


def _rows(
    of: SplitRow, metric: Metric, audience: str, where: str, parameters: list[object]
) -> pl.DataFrame:
    """(version, variant, advocate, value) of friends."""
    value = {
        "bought": "CASE WHEN purchased_on IS NULL THEN 0 ELSE 1 END",
        "bought_again": "CASE WHEN repurchased_on IS NULL THEN 0 ELSE 1 END",
        "revenue": "revenue - refunded",
        "friends": "1",
    }[metric]
    rows = read(
        f"SELECT version, variant, advocate, {value} FROM metrics_friend "
        f"WHERE program = %s AND {where}",
        [of.program, *parameters],
        {"version": pl.Int64, "variant": pl.String, "advocate": pl.String, "value": pl.Int64},
    )
    if audience:
        rows = rows.filter(pl.col("advocate").is_in(members(audience)))
    scale = 10 ** minor_digits(of.currency) if metric == "revenue" else 1
    return rows.with_columns(pl.col("value") / scale)


def _by_person(of: SplitRow, metric: Metric, rows: pl.DataFrame) -> pl.DataFrame:
    if of.by == "friend" and metric != "friends":
        return rows.select("variant", "value")
    value = pl.col("value").sum() if metric == "friends" else pl.col("value").mean()
    return rows.group_by("variant", "advocate").agg(value).sort("variant", "advocate")


def _arm(
    of: SplitRow,
    metric: Metric,
    people: pl.DataFrame,
    name: str,
    control: str | None,
    alpha: float,
) -> Arm:
    mine = people.filter(pl.col("variant") == name)["value"]
    is_share = metric in SHARES and of.by == "friend"
    whole = sum(of.shares.values())
    test = None
    if control is not None:
        other = people.filter(pl.col("variant") == control)["value"]
        test = (
            shares_test(int(mine.sum()), len(mine), int(other.sum()), len(other), alpha=alpha)
            if is_share
            else means_test(mine.to_list(), other.to_list(), alpha=alpha)
        )
    return Arm(
        name,
        of.shares.get(name, 0) / whole,
        len(mine),
        int(mine.sum()) if is_share else None,
        float(mine.mean()) if len(mine) else None,  # type: ignore[arg-type]  # of numbers
        test,
        None,
    )
