"""testing: two variants held against each other, and a split against what it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MISMATCH = 0.001
"""A split that chance alone would give so rarely is broken, and so is what is read from it."""


@dataclass(frozen=True)
class Tested:
    """A variant against the control: the difference, its interval, and how likely chance alone
    would show as much or more (two-sided)."""

    difference: float
    low: float
    high: float
    p: float


def shares_test(
    hits: int, people: int, control_hits: int, control_people: int, *, alpha: float
) -> Tested | None:
    """Shares: a z test of two proportions, and Newcombe's interval of their difference. None where
    somebody is missing or nothing varies."""
    from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

    if not people or not control_people or hits + control_hits in (0, people + control_people):
        return None
    _, p = proportions_ztest([hits, control_hits], [people, control_people])
    low, high = confint_proportions_2indep(
        hits, people, control_hits, control_people, method="newcomb", alpha=alpha
    )
    return Tested(hits / people - control_hits / control_people, float(low), float(high), float(p))


def means_test(values: Sequence[float], control: Sequence[float], *, alpha: float) -> Tested | None:
    """Means: Welch's t test. None where one has fewer than two people or nothing varies."""
    from scipy.stats import ttest_ind

    if len(values) < 2 or len(control) < 2 or len({*values, *control}) == 1:
        return None
    found = ttest_ind(values, control, equal_var=False)
    interval = found.confidence_interval(1 - alpha)
    difference = sum(values) / len(values) - sum(control) / len(control)
    return Tested(difference, float(interval.low), float(interval.high), float(found.pvalue))


def split_p(counts: Mapping[str, int], shares: Mapping[str, float]) -> float | None:
    """How likely a split by these shares gives counts as far off as these; None of nobody."""
    from scipy.stats import chisquare

    people = sum(counts.get(name, 0) for name in shares)
    if not people or len(shares) < 2:
        return None
    whole = sum(shares.values())
    expected = [people * share / whole for share in shares.values()]
    return float(chisquare([counts.get(name, 0) for name in shares], expected).pvalue)


def corrected(ps: Sequence[float]) -> list[float]:
    """Chances of several tests of one question, raised so that their number makes none easier:
    Holm's way."""
    from statsmodels.stats.multitest import multipletests

    if len(ps) < 2:
        return list(ps)
    return [float(p) for p in multipletests(list(ps), method="holm")[1]]
