"""sizes: how many people a test needs, before it starts.

The statistics are statsmodels' and SciPy's; both take seconds to load, so only who asks loads them.
"""

from __future__ import annotations

from math import ceil

from banyan.kernel.errors import Problem

MOST = 10_000_000


class BadSize(Problem):
    """A test that cannot be planned like this."""


def size_of_shares(*, baseline: float, effect: float, alpha: float, power: float) -> int:
    """People in each variant so that a share of `baseline` and one of `baseline + effect` are told
    apart by a two-sided test at `alpha` with a chance of `power`. Raises BadSize."""
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    _check(effect, alpha, power)
    check_shares(baseline, effect)
    found = samplesize_proportions_2indep_onetail(
        effect, baseline, power, alpha=alpha, alternative="two-sided"
    )
    return _whole(float(found))


def size_of_means(*, effect: float, deviation: float, alpha: float, power: float) -> int:
    """The same for means whose values scatter by a standard deviation. Raises BadSize."""
    from statsmodels.stats.power import TTestIndPower

    _check(effect, alpha, power)
    if deviation <= 0:
        raise BadSize("deviation: expected a number above 0")
    found = TTestIndPower().solve_power(
        abs(effect) / deviation, alpha=alpha, power=power, alternative="two-sided"
    )
    return _whole(float(found))


def check_shares(baseline: float, effect: float) -> None:
    """Raise BadSize for a share, or one with the effect, that cannot be."""
    if not (0 < baseline < 1 and 0 < baseline + effect < 1):
        raise BadSize("baseline: the share, and the share with the effect, must be inside 0–100 %")


def _check(effect: float, alpha: float, power: float) -> None:
    if effect == 0:
        raise BadSize("effect: expected a difference other than 0")
    if not 0 < alpha < 0.5:
        raise BadSize("alpha: expected a level such as 0.05 (5 %)")
    if not 0.5 <= power < 1:
        raise BadSize("power: expected a chance such as 0.8 (80 %)")


def _whole(size: float) -> int:
    if size > MOST:
        raise BadSize(f"effect: so small a difference needs more than {MOST:,} people a variant")
    return ceil(size)
