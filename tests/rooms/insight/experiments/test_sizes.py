"""Sizes and tests against published examples."""

from __future__ import annotations

import pytest

from banyan.insight.experiments.sizes import BadSize, size_of_means, size_of_shares
from banyan.insight.experiments.testing import corrected, means_test, shares_test, split_p

# Student's sleep data (1908), as R ships it.
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_the_size_of_shares_is_that_of_rs_own_example() -> None:
    # ?power.prop.test: power.prop.test(p1 = .50, p2 = .75, power = .90) gives n = 76.7
    assert size_of_shares(baseline=0.5, effect=0.25, alpha=0.05, power=0.9) == 77


def test_the_size_of_means_is_cohens() -> None:
    # Cohen (1988), table 2.4.1: d = 0.5, a2 = .05, power .80: n = 64
    assert size_of_means(effect=1, deviation=2, alpha=0.05, power=0.8) == 64
    assert size_of_means(effect=-1, deviation=2, alpha=0.05, power=0.8) == 64


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"baseline": 0.5, "effect": 0, "alpha": 0.05, "power": 0.8}, "effect: expected"),
        ({"baseline": 0.9, "effect": 0.2, "alpha": 0.05, "power": 0.8}, "baseline: the share"),
        ({"baseline": 0.5, "effect": 0.1, "alpha": 5, "power": 0.8}, "alpha: .* 0.05 .5 %."),
        ({"baseline": 0.5, "effect": 0.1, "alpha": 0.05, "power": 1}, "power: .* 0.8 .80 %."),
        ({"baseline": 0.5, "effect": 1e-6, "alpha": 0.05, "power": 0.8}, "effect: so small"),
    ],
)
def test_a_size_that_cannot_be(asked: dict[str, float], told: str) -> None:
    with pytest.raises(BadSize, match=told):
        size_of_shares(**asked)


def test_a_mean_needs_a_deviation() -> None:
    with pytest.raises(BadSize, match="deviation: expected"):
        size_of_means(effect=1, deviation=0, alpha=0.05, power=0.8)


def test_shares_are_tested_as_statsmodels_documents_it() -> None:
    # proportions_ztest([5, 12], [83, 99]) in its documentation: p = 0.15918129181156992
    found = shares_test(5, 83, 12, 99, alpha=0.05)
    assert found is not None
    assert found.p == pytest.approx(0.15918129181156992)
    # Newcombe (1998), example a, method 10: 56/70 − 48/80: 0.0524 to 0.3339
    newcombe = shares_test(56, 70, 48, 80, alpha=0.05)
    assert newcombe is not None
    assert (round(newcombe.low, 4), round(newcombe.high, 4)) == (0.0524, 0.3339)
    assert newcombe.difference == pytest.approx(0.2)
    assert shares_test(0, 0, 3, 9, alpha=0.05) is None
    assert shares_test(0, 5, 0, 9, alpha=0.05) is None


def test_means_are_tested_as_r_does_with_students_data() -> None:
    # ?t.test: t.test(extra ~ group, data = sleep): p-value = 0.07939, -3.3654832 to 0.2054832
    found = means_test(DRUG_1, DRUG_2, alpha=0.05)
    assert found is not None
    assert round(found.p, 5) == 0.07939
    assert (round(found.low, 7), round(found.high, 7)) == (-3.3654832, 0.2054832)
    assert found.difference == pytest.approx(-1.58)
    assert means_test([1], [1, 2], alpha=0.05) is None
    assert means_test([1, 1], [1, 1], alpha=0.05) is None


def test_a_ratio_that_is_off_is_found_as_in_the_literature() -> None:
    # Kohavi, Tang and Xu (2020), chapter 21: 821,588 against 815,482 at 50/50: p = 1.8e-6
    p = split_p({"a": 821_588, "b": 815_482}, {"a": 50, "b": 50})
    assert p is not None
    assert f"{p:.1e}" == "1.8e-06"
    assert split_p({"a": 500, "b": 500}, {"a": 50, "b": 50}) == pytest.approx(1)
    assert split_p({}, {"a": 50, "b": 50}) is None


def test_several_tests_make_none_easier() -> None:
    # Holm (1979): the smallest of three is taken three times, the next twice.
    assert corrected([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert corrected([0.04]) == [0.04]
