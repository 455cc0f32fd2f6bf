"""Compiled expressions against exact fractions, computed the slow way, row by row."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import polars as pl
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from banyan.engine.language.sql import SqlError, compile_sql

SCALE = 10**12
COLUMNS = {
    "total": "number",
    "seats": "number",
    "advocate_spend": "number",
    "nth": "number",
    "plan": "text",
    "tier": "text",
    "gold": "boolean",
    "new": "boolean",
}
Cell = Fraction | str | bool | None
Row = dict[str, Cell]


@dataclass(frozen=True)
class Expression:
    """An expression as SQL, and how a patient person would work it out."""

    sql: str
    of: Callable[[Row], Cell]


def half_away(value: Fraction) -> Fraction:
    shifted = abs(value) * SCALE
    whole = floor(shifted)
    whole += shifted - whole >= Fraction(1, 2)
    return Fraction(whole if value >= 0 else -whole, SCALE)


def decimal_text(value: Fraction) -> str:
    return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"


# Values


def decimals(size: int) -> st.SearchStrategy[Fraction]:
    edges = [0, 1, -1, SCALE // 2, SCALE, -SCALE, 3 * SCALE, size * SCALE, -size * SCALE]
    return st.one_of(
        st.sampled_from([edge for edge in edges if abs(edge) <= size * SCALE]),
        st.integers(-size * SCALE, size * SCALE),
        st.integers(-(10**6), 10**6).map(lambda cents: cents * SCALE // 100),
    ).map(lambda scaled: Fraction(scaled, SCALE))


rows = st.fixed_dictionaries(
    {
        "total": st.none() | decimals(10**12),
        "seats": st.none() | decimals(10**12),
        "advocate_spend": decimals(10**18),
        "nth": st.integers(1, 10**6).map(Fraction),
        "plan": st.none() | st.sampled_from(["", "a", "b", "ab", "Z", "é", "😀", "a%b", "a\nb"]),
        "tier": st.none() | st.text(max_size=3),
        "gold": st.none() | st.booleans(),
        "new": st.none() | st.booleans(),
    }
)

# Numbers


def literal(value: Fraction) -> Expression:
    text = decimal_text(abs(value))
    return Expression(text if value >= 0 else f"(- {text})", lambda row: value)


def name(word: str) -> Expression:
    return Expression(word, lambda row: row[word])


def binary(sign: str, left: Expression, right: Expression) -> Expression:
    def of(row: Row) -> Cell:
        a, b = left.of(row), right.of(row)
        if a is None or b is None or (sign == "/" and b == 0):
            return None
        return half_away(
            {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[sign]()
        )

    return Expression(f"({left.sql} {sign} {right.sql})", of)


def unary(function: str, inner: Expression) -> Expression:
    work = {
        "FLOOR": lambda v: Fraction(floor(v)),
        "CEIL": lambda v: Fraction(ceil(v)),
        "ABS": abs,
        "-": lambda v: -v,
    }[function]

    def of(row: Row) -> Cell:
        value = inner.of(row)
        return None if value is None else work(value)

    return Expression(f"{function}({inner.sql})", of)


def rounding(inner: Expression, decimals_: int | None) -> Expression:
    def of(row: Row) -> Cell:
        value = inner.of(row)
        if value is None:
            return None
        unit = Fraction(10) ** -(decimals_ or 0)
        count = floor(abs(value) / unit)
        count += abs(value) / unit - count >= Fraction(1, 2)
        return count * unit if value >= 0 else -count * unit

    second = "" if decimals_ is None else f", {decimals_}"
    return Expression(f"ROUND({inner.sql}{second})", of)


def gathered(function: str, parts: list[Expression]) -> Expression:
    def of(row: Row) -> Cell:
        values = [value for value in (part.of(row) for part in parts) if value is not None]
        if not values:
            return None
        return {"COALESCE": lambda: values[0], "LEAST": lambda: min(values)}.get(
            function, lambda: max(values)
        )()

    return Expression(f"{function}({', '.join(part.sql for part in parts)})", of)


def case(branches: list[tuple[Expression, Expression]], other: Expression | None) -> Expression:
    def of(row: Row) -> Cell:
        for when, then in branches:
            if when.of(row) is True:
                return then.of(row)
        return None if other is None else other.of(row)

    arms = " ".join(f"WHEN {when.sql} THEN {then.sql}" for when, then in branches)
    return Expression(f"CASE {arms}{'' if other is None else f' ELSE {other.sql}'} END", of)


def simple_case(
    subject: Expression, branches: list[tuple[Expression, Expression]], other: Expression
) -> Expression:
    def of(row: Row) -> Cell:
        for when, then in branches:
            if compared("=", subject, when).of(row) is True:
                return then.of(row)
        return other.of(row)

    arms = " ".join(f"WHEN {when.sql} THEN {then.sql}" for when, then in branches)
    return Expression(f"CASE {subject.sql} {arms} ELSE {other.sql} END", of)


# Conditions


def compared(sign: str, left: Expression, right: Expression) -> Expression:
    def of(row: Row) -> Cell:
        a, b = left.of(row), right.of(row)
        if a is None or b is None:
            return None
        order = (a > b) - (a < b)
        return {
            "=": order == 0,
            "<>": order != 0,
            "<": order < 0,
            "<=": order <= 0,
            ">": order > 0,
            ">=": order >= 0,
        }[sign]

    return Expression(f"({left.sql} {sign} {right.sql})", of)


def both(word: str, left: Expression, right: Expression) -> Expression:
    decided = word == "OR"

    def of(row: Row) -> Cell:
        a, b = left.of(row), right.of(row)
        if a is decided or b is decided:
            return decided
        return None if a is None or b is None else not decided

    return Expression(f"({left.sql} {word} {right.sql})", of)


def inverted(inner: Expression) -> Expression:
    def of(row: Row) -> Cell:
        value = inner.of(row)
        return None if value is None else not value

    return Expression(f"(NOT {inner.sql})", of)


def listed(value: Expression, items: list[Expression], negated: bool) -> Expression:
    def of(row: Row) -> Cell:
        found = [compared("=", value, item).of(row) for item in items]
        result = True if True in found else None if None in found else False
        return result if result is None else result is not negated

    word = "NOT IN" if negated else "IN"
    return Expression(f"({value.sql} {word} ({', '.join(item.sql for item in items)}))", of)


def ranged(value: Expression, low: Expression, high: Expression, negated: bool) -> Expression:
    inside = both("AND", compared(">=", value, low), compared("<=", value, high))
    word = "NOT BETWEEN" if negated else "BETWEEN"
    of = inverted(inside).of if negated else inside.of
    return Expression(f"({value.sql} {word} {low.sql} AND {high.sql})", of)


def missing(inner: Expression, negated: bool) -> Expression:
    return Expression(
        f"({inner.sql} IS {'NOT ' if negated else ''}NULL)",
        lambda row: (inner.of(row) is None) is not negated,
    )


def matched(value: Expression, pattern: str, negated: bool) -> Expression:
    def like(text: str, wanted: str) -> bool:
        if not wanted:
            return not text
        if wanted[0] == "%":
            return like(text, wanted[1:]) or (bool(text) and like(text[1:], wanted))
        return bool(text) and wanted[0] in ("_", text[0]) and like(text[1:], wanted[1:])

    def of(row: Row) -> Cell:
        text = value.of(row)
        return None if text is None else like(text, pattern) is not negated

    quoted = pattern.replace("'", "''")
    return Expression(f"({value.sql} {'NOT ' if negated else ''}LIKE '{quoted}')", of)


def words(text: str) -> Expression:
    quoted = text.replace("'", "''")
    return Expression(f"'{quoted}'", lambda row: text)


null = Expression("NULL", lambda row: None)
texts = st.deferred(
    lambda: st.one_of(
        st.sampled_from([name("plan"), name("tier"), name("plan"), null]),
        st.sampled_from(["", "a", "b", "Z", "é", "😀", "it's", "a%b"]).map(words),
        st.lists(texts, min_size=1, max_size=3).map(lambda parts: gathered("COALESCE", parts)),
        st.lists(texts, min_size=2, max_size=3).map(lambda parts: gathered("LEAST", parts)),
        st.lists(texts, min_size=2, max_size=3).map(lambda parts: gathered("GREATEST", parts)),
        st.builds(lambda w, a, b: case([(w, a)], b), conditions, texts, texts),
    )
)
signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
patterns = st.text(st.sampled_from("ab%_é😀\n'\\.*^$[("), max_size=5)
numbers = st.deferred(
    lambda: st.one_of(
        st.sampled_from([name(w) for w in ("total", "seats", "advocate_spend", "nth", "total")]),
        st.sampled_from([Fraction(1, 20), Fraction(5, 100), Fraction(12), Fraction(1, 8)]).map(
            literal
        ),
        decimals(10**6).map(literal),
        st.just(null),
        st.builds(binary, st.sampled_from("+-*/"), numbers, numbers),
        st.builds(binary, st.sampled_from("+-*/"), numbers, decimals(1000).map(literal)),
        st.builds(unary, st.sampled_from(["FLOOR", "CEIL", "ABS", "-"]), numbers),
        st.builds(rounding, numbers, st.none() | st.integers(-12, 12)),
        st.builds(
            gathered,
            st.sampled_from(["COALESCE", "LEAST", "GREATEST"]),
            st.lists(numbers, min_size=1, max_size=3),
        ),
        st.builds(lambda w, a, b: case([(w, a)], b), conditions, numbers, st.none() | numbers),
        st.builds(
            lambda s, w, a, b: simple_case(s, [(w, a)], b), numbers, numbers, numbers, numbers
        ),
    )
)
conditions = st.deferred(
    lambda: st.one_of(
        st.sampled_from([name("gold"), name("new"), null]),
        st.builds(compared, signs, numbers, numbers),
        st.builds(compared, signs, texts, texts),
        st.builds(compared, st.sampled_from(["=", "<>"]), conditions, conditions),
        st.builds(both, st.sampled_from(["AND", "OR"]), conditions, conditions),
        st.builds(inverted, conditions),
        st.builds(listed, numbers, st.lists(numbers, min_size=1, max_size=3), st.booleans()),
        st.builds(listed, texts, st.lists(texts, min_size=1, max_size=3), st.booleans()),
        st.builds(
            listed,
            texts,
            st.lists(st.sampled_from(["a", "b", "é"]).map(words), min_size=2, max_size=3),
            st.booleans(),
        ),
        st.builds(ranged, numbers, numbers, numbers, st.booleans()),
        st.builds(ranged, texts, texts, texts, st.booleans()),
        st.builds(missing, st.one_of(numbers, texts), st.booleans()),
        st.builds(matched, texts, patterns, st.booleans()),
    )
)


def frame(table: list[Row]) -> pl.DataFrame:
    def column(word: str, kind: str) -> pl.Series:
        cells = [row[word] for row in table]
        if kind == "number":
            scaled = [None if cell is None else int(cell * SCALE) for cell in cells]
            return pl.Series(word, scaled, dtype=pl.Int128)
        return pl.Series(word, cells, dtype=pl.String if kind == "text" else pl.Boolean)

    return pl.DataFrame([column(word, kind) for word, kind in COLUMNS.items()])


def computed(sql: str, table: list[Row], kind: str) -> list[Cell] | None:
    """What the compiled expression gives; None when it is refused for its size."""
    try:
        compiled = compile_sql(sql, COLUMNS, kind)
    except SqlError as error:
        told = str(error)
        assert any(
            reason in told for reason in ("larger", "too large", "nested", "parts", "characters")
        ), told
        return None
    found = frame(table).with_columns(found=compiled.expr)["found"]
    lazily = frame(table).lazy().with_columns(found=compiled.expr).collect()["found"]
    assert found.to_list() == lazily.to_list()
    assert found.dtype == {"number": pl.Int128, "text": pl.String, "boolean": pl.Boolean}[kind]
    empty = frame([]).with_columns(found=compiled.expr)
    assert empty.height == 0
    assert empty.schema["found"] == found.dtype
    if kind == "number":
        return [None if cell is None else Fraction(cell, SCALE) for cell in found]
    return found.to_list()


@settings(max_examples=150, deadline=None)
@given(expression=numbers, table=st.lists(rows, min_size=1, max_size=4))
def test_numbers_are_exact(expression: Expression, table: list[Row]) -> None:
    found = computed(expression.sql, table, "number")
    assume(found is not None)
    assert found == [expression.of(row) for row in table], expression.sql


@settings(max_examples=150, deadline=None)
@given(expression=conditions, table=st.lists(rows, min_size=1, max_size=4))
def test_conditions_have_three_values(expression: Expression, table: list[Row]) -> None:
    found = computed(expression.sql, table, "boolean")
    assume(found is not None)
    assert found == [expression.of(row) for row in table], expression.sql


@settings(max_examples=80, deadline=None)
@given(expression=texts, table=st.lists(rows, min_size=1, max_size=4))
def test_texts_are_chosen_by_code_point(expression: Expression, table: list[Row]) -> None:
    found = computed(expression.sql, table, "text")
    assume(found is not None)
    assert found == [expression.of(row) for row in table], expression.sql


@settings(max_examples=100, deadline=None)
@given(a=decimals(10**12), b=decimals(10**12))
@example(a=Fraction(10**12), b=Fraction(10**12))
@example(a=Fraction(-(10**12)), b=Fraction(1, SCALE))
@example(a=Fraction(15, 10), b=Fraction(1, SCALE))
@example(a=Fraction(-15, 10), b=Fraction(1, SCALE))
def test_products_and_quotients_of_any_two_properties(a: Fraction, b: Fraction) -> None:
    row: Row = dict.fromkeys(COLUMNS) | {"total": a, "seats": b}
    assert computed("total * seats", [row], "number") == [half_away(a * b)]
    assert computed("total / seats", [row], "number") == [None if b == 0 else half_away(a / b)]


@settings(max_examples=80, deadline=None)
@given(spend=decimals(10**18), total=decimals(10**12), nth=st.integers(0, 10**12).map(Fraction))
def test_the_largest_numbers(spend: Fraction, total: Fraction, nth: Fraction) -> None:
    row: Row = dict.fromkeys(COLUMNS) | {"advocate_spend": spend, "total": total, "nth": nth}
    cases = {
        "advocate_spend * 999999.999999": half_away(spend * Fraction("999999.999999")),
        "advocate_spend / nth": None if nth == 0 else half_away(spend / nth),
        "advocate_spend / 0.000007": half_away(spend / Fraction("0.000007")),
        "total * nth": total * nth,
        "ROUND(advocate_spend, -2)": rounding(name("advocate_spend"), -2).of(row),
        "total / advocate_spend": None if spend == 0 else half_away(total / spend),
        "advocate_spend / GREATEST(total, 1)": half_away(spend / max(total, Fraction(1))),
        "advocate_spend / advocate_spend": None if spend == 0 else Fraction(1),
    }
    for sql, wanted in cases.items():
        found = computed(sql, [row], "number")
        assert found is None or found == [wanted], sql
