"""The oracle's SQL against values worked out by hand."""

from fractions import Fraction

import pytest

from tests.oracle.sql import Value, evaluate, holds, parse

NAMES: dict[str, Value] = {
    "total": Fraction("19.99"),
    "seats": Fraction(3),
    "none": None,
    "plan": "Gold_1",
    "is_new": True,
}


def value(text: str) -> Value:
    return evaluate(parse(text), NAMES.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("-seats + 1", -2),
        ("2 * -seats", -6),
        ("total * 0.05", "0.9995"),
        ("1 / 3", "0.333333333333"),
        ("2 / 3", "0.666666666667"),
        ("-2 / 3", "-0.666666666667"),
        ("1 / 3 * 3", "0.999999999999"),
        ("0.0000001 * 0.000005", "0.000000000001"),  # 5e-13, half away from zero
        ("0.0000001 * 0.0000049", 0),
        ("ROUND(2.5)", 3),
        ("ROUND(-2.5)", -3),
        ("ROUND(1.005, 2)", "1.01"),
        ("FLOOR(-1.5)", -2),
        ("CEIL(-1.5)", -1),
        ("ABS(-1.5)", "1.5"),
        ("LEAST(3, none, 2)", 2),
        ("GREATEST(none, 1)", 1),
        ("COALESCE(none, seats, 1)", 3),
        ("CASE WHEN total > 20 THEN 1 WHEN is_new THEN 2 ELSE 3 END", 2),
        ("CASE plan WHEN 'Gold_1' THEN 5 END", 5),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    assert value(text) == Fraction(expected)


@pytest.mark.parametrize(
    "text",
    [
        "1 / 0",
        "total / (seats - 3)",
        "none + 1",
        "none = none",
        "none <> 1",
        "NOT none = 1",
        "none IN (1, 2)",
        "1 IN (2, NULL)",
        "none BETWEEN 1 AND 2",
        "none LIKE '%'",
        "TRUE AND none > 1",
        "FALSE OR none > 1",
        "GREATEST(none, NULL)",
        "COALESCE(none, NULL)",
        "ROUND(none, 2)",
        "CASE WHEN none > 1 THEN 1 END",
    ],
)
def test_null(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "total >= 19.99",
        "total = 19.990",
        "plan = 'Gold_1'",
        "plan <> 'gold_1'",
        "'B' < 'a'",  # by code point
        "'é' > 'z'",
        "plan LIKE 'G%'",
        "plan LIKE 'Gold__'",
        "plan LIKE '%'",
        "plan NOT LIKE 'g%'",
        "'a.c' LIKE 'a.c'",
        "'it''s' = 'it''s'",
        "seats IN (1, 3)",
        "seats IN (3, NULL)",
        "seats NOT IN (1, 2)",
        "seats BETWEEN 3 AND 3",
        "seats NOT BETWEEN 4 AND 9",
        "none IS NULL",
        "seats IS NOT NULL",
        "TRUE OR none > 1",
        "NOT (FALSE AND none > 1)",
        "FALSE AND FALSE OR TRUE",
        "NOT FALSE AND TRUE",
        "NOT seats = 4",
        "is_new",
        '"seats" = 3 AND "plan" = plan',
        "is_new AND seats > 2 AND seats * 2 > 5",
    ],
)
def test_conditions_that_hold(text: str) -> None:
    assert holds(text, NAMES.__getitem__)


@pytest.mark.parametrize(
    "text",
    [
        "total > 19.99",
        "plan LIKE 'Gold_'",
        "plan LIKE 'g%'",
        "'abc' LIKE 'a.c'",
        "seats NOT IN (1, NULL)",
        "seats BETWEEN 4 AND 2",
        "none = 1",
        "NOT none = 1",
        "none IS NOT NULL",
        "NULL",
        "TRUE AND FALSE OR FALSE",
    ],
)
def test_conditions_that_do_not_hold(text: str) -> None:
    assert not holds(text, NAMES.__getitem__)


@pytest.mark.parametrize("text", ["", "1 +", "(1", "a = 1 2", "SUM(total)", "a NOT 1", "1 ; 2"])
def test_text_that_is_no_expression(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        parse(text)


def test_kinds_do_not_mix() -> None:
    with pytest.raises(TypeError):
        value("plan = 1")
    with pytest.raises(TypeError):
        value("plan + 1")
