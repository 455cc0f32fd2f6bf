"""Expressions: what each gives, value by value, and what is refused, with its place."""

import time
from decimal import Decimal

import polars as pl
import pytest

from banyan.engine.language.sql import SqlError, compile_sql, parse_sql

SCALE = 10**12
COLUMNS = {
    "a": "number",
    "b": "number",
    "advocate_spend": "number",
    "advocate_orders": "number",
    "nth": "number",
    "s": "text",
    "t": "text",
    "f": "boolean",
    "g": "boolean",
    "order": "number",
    "Plan Name": "text",
    "date": "text",
}

Cell = str | int | bool | None


def result(sql: str, **row: Cell) -> Cell | Decimal:
    """The value for one row; numbers as they are written."""
    cells = {
        name: pl.Series(
            name,
            [None if row.get(name) is None or kind != "number" else scaled(row[name])]
            if kind == "number"
            else [row.get(name)],
            dtype={"number": pl.Int128, "text": pl.String, "boolean": pl.Boolean}[kind],
        )
        for name, kind in COLUMNS.items()
    }
    compiled = compile_sql(sql, COLUMNS, None)
    value = pl.DataFrame(cells).with_columns(value=compiled.expr)["value"].item()
    if compiled.kind == "number" and value is not None:
        return Decimal(value).scaleb(-12).normalize()
    return value


def scaled(number: Cell) -> int:
    return int(Decimal(str(number)).scaleb(12))


def number(text: str) -> Decimal:
    return Decimal(text).normalize()


T, F, N = True, False, None

# Three-valued logic


@pytest.mark.parametrize(
    ("f", "g", "both", "either"),
    [
        (T, T, T, T),
        (T, F, F, T),
        (T, N, N, T),
        (F, F, F, F),
        (F, N, F, N),
        (N, N, N, N),
    ],
)
def test_and_or(f: Cell, g: Cell, both: Cell, either: Cell) -> None:
    for left, right in ((f, g), (g, f)):
        assert result("f AND g", f=left, g=right) is both
        assert result("f OR g", f=left, g=right) is either


def test_not() -> None:
    assert [result("NOT f", f=value) for value in (T, F, N)] == [F, T, N]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("a IN (1, 2)", T),
        ("a IN (2, 3)", F),
        ("a IN (1, NULL)", T),
        ("a IN (2, NULL)", N),
        ("a NOT IN (2, NULL)", N),
        ("a NOT IN (2, 3)", T),
        ("b IN (1, 2)", N),
        ("b IN (NULL)", N),
        ("a IN (b, 1)", T),
        ("a IN (b, 2)", N),
        ("s IN ('x', 'y')", T),
        ("s IN ('X')", F),
        ("NULL IN (1)", N),
        ("a BETWEEN 1 AND 1", T),
        ("a BETWEEN 2 AND NULL", F),
        ("a BETWEEN 0 AND NULL", N),
        ("a NOT BETWEEN 2 AND NULL", T),
        ("a BETWEEN 3 AND 0", F),
        ("a = NULL", N),
        ("NULL = NULL", N),
        ("a <> NULL", N),
        ("b IS NULL", T),
        ("a IS NOT NULL", T),
        ("NULL IS NULL", T),
        ("f = NULL", N),
        ("f <> FALSE", T),
        ("(a = 1) = f", T),
        ("COALESCE(b, a) = 1", T),
        ("LEAST(b, a) = 1", T),
        ("GREATEST(NULL, a, 0) = 1", T),
        ("LEAST(b, NULL) IS NULL", T),
        ("CASE WHEN b = 1 THEN 1 ELSE 2 END = 2", T),
        ("CASE b WHEN NULL THEN 1 ELSE 2 END = 2", T),
        ("CASE a WHEN 1 THEN 'one' END = 'one'", T),
        ("CASE WHEN f THEN NULL ELSE 1 END IS NULL", T),
        ("CASE WHEN NOT f THEN 1 END IS NULL", T),
        ("NULL", N),
        ("TRUE", T),
        ("false or true", T),
        ("a < 2 < 3 = TRUE", None),
    ],
)
def test_null_is_unknown(sql: str, value: Cell) -> None:
    if sql == "a < 2 < 3 = TRUE":
        with pytest.raises(SqlError):
            compile_sql(sql, COLUMNS, None)
        return
    assert result(sql, a=1, s="x", f=True) is value


# Texts


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("abc", "abc", T),
        ("abc", "ABC", F),
        ("%", "", T),
        ("%", "any\nthing", T),
        ("", "", T),
        ("", "a", F),
        ("a%", "abc", T),
        ("%c", "abc", T),
        ("%b%", "a\nb\nc", T),
        ("a_c", "abc", T),
        ("a_c", "ac", F),
        ("_", "😀", T),
        ("_", "\n", T),
        ("%,vip,%", ",new,vip,", T),
        ("%,vip,%", ",new,vips,", F),
        ("a.c", "abc", F),
        ("100\\%", "100\\ per cent", T),
        ("a%c%e", "abcde", T),
        ("[a]", "a", F),
        ("%$", "x$", T),
        ("a", "a\n", F),
        ("%%", "a", T),
    ],
)
def test_like(pattern: str, text: str, matches: Cell) -> None:
    assert result(f"s LIKE '{pattern}'", s=text) is matches
    assert result(f"s NOT LIKE '{pattern}'", s=text) is not matches
    assert result(f"s LIKE '{pattern}'", s=None) is None


def test_texts_are_ordered_by_code_point() -> None:
    words = ["", "A", "Z", "a", "é", "中", "\uff5e", "😀"]
    for place, word in enumerate(words):
        assert [result("s < t", s=word, t=other) for other in words] == [
            place < other for other in range(len(words))
        ]
    assert result("GREATEST(s, t)", s="Z", t="a") == "a"
    assert result("s = 'it''s'", s="it's") is True
    assert result("s BETWEEN 'a' AND 'b'", s="ab") is True


# Numbers


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("a + b * 2", "14"),
        ("(a + b) * 2", "16"),
        ("a - b - 1", "-5"),
        ("-a * -b", "12"),
        ("- - a", "2"),
        ("b / a / 2", "1.5"),
        ("1 / 3", "0.333333333333"),
        ("2 / 3", "0.666666666667"),
        ("-2 / 3", "-0.666666666667"),
        ("a / 3 * 3", "2.000000000001"),
        ("0.0000005 * 0.000001", "0.000000000001"),
        ("-0.0000005 * 0.000001", "-0.000000000001"),
        ("0.0000004 * 0.000001", "0"),
        ("0.000000000001 / 2", "0.000000000001"),
        ("0.1 + 0.2", "0.3"),
        ("ROUND(2.5)", "3"),
        ("ROUND(-2.5)", "-3"),
        ("ROUND(1.005, 2)", "1.01"),
        ("ROUND(-1.005, 2)", "-1.01"),
        ("ROUND(1.004999999999, 2)", "1"),
        ("ROUND(1250, -2)", "1300"),
        ("ROUND(a * 0.333333333333, 4)", "0.6667"),
        ("FLOOR(-2.1)", "-3"),
        ("FLOOR(2.9)", "2"),
        ("CEIL(2.1)", "3"),
        ("CEIL(-2.9)", "-2"),
        ("ABS(-2.5)", "2.5"),
        ("ABS(a - b)", "4"),
        ("LEAST(a, b, 5)", "2"),
        ("GREATEST(a, b, 5)", "6"),
        ("COALESCE(NULL, a)", "2"),
        ("CASE WHEN a > b THEN 1 WHEN b > a THEN 2 ELSE 3 END", "2"),
        ("CASE a WHEN 1 THEN 10 WHEN 2 THEN 20 END", "20"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("5. + a", "7"),
        ("a*.5", "1"),
        ("1000000000000", "1000000000000"),
        ("1000000000000 * 1000000000000", "1000000000000000000000000"),
        ("0.05 * a", "0.1"),
    ],
)
def test_arithmetic(sql: str, value: str) -> None:
    assert result(sql, a=2, b=6) == number(value)


@pytest.mark.parametrize("sql", ["a / 0", "0 / 0", "a / (b - b)", "a / NULL", "NULL + 1", "a * g1"])
def test_what_is_null(sql: str) -> None:
    if "g1" in sql:
        with pytest.raises(SqlError):
            result(sql, a=1)
        return
    assert result(sql, a=1, b=2) is None


def test_the_largest_and_the_smallest() -> None:
    assert result("a * b", a=10**12, b=10**12) == number("1e24")
    assert result("a * b", a=-(10**12), b=10**12) == number("-1e24")
    assert result("a / b", a=10**12, b=Decimal("1e-12")) == number("1e24")  # type: ignore[arg-type]
    assert result("advocate_spend / advocate_orders", advocate_spend=10**18, advocate_orders=3) == (
        number("333333333333333333.333333333333")
    )
    assert result("advocate_spend * 0.999999999999", advocate_spend=10**18) == (
        number("999999999999000000")
    )


def test_names_in_quotes_and_names_that_are_words_elsewhere() -> None:
    assert result("\"Plan Name\" = 'pro' AND order = 1", **{"Plan Name": "pro", "order": 1}) is True
    assert result("date = '2026'", date="2026") is True


def test_words_inside_quotes_are_no_keywords() -> None:
    assert result(" OR ".join(["s = 'CASE'", "s = '('"] * 15), s="(") is True
    columns = {"case": "number", "abs": "number"}
    compiled = compile_sql('"case" = abs AND abs(abs) = 1', columns, "boolean")
    assert compiled.names == {"case", "abs"}


def test_what_is_compiled_is_told() -> None:
    compiled = compile_sql("CASE WHEN s = 'x' THEN a ELSE b END > 1", COLUMNS, "boolean")
    assert compiled.names == {"a", "b", "s"}
    assert compiled.kind == "boolean"
    assert compile_sql("1 + 1", COLUMNS, None).names == frozenset()
    assert compile_sql("NULL", COLUMNS, "number").kind == "number"
    assert compile_sql("NULL", COLUMNS, "text").kind == "text"


def test_a_literal_fills_a_column() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3]})
    for sql, values in (("1 + 1", [2 * SCALE] * 3), ("NULL", [None] * 3)):
        compiled = compile_sql(sql, {}, "number")
        assert frame.with_columns(y=compiled.expr)["y"].to_list() == values
    assert frame.filter(compile_sql("TRUE", {}, "boolean").expr).height == 3
    assert frame.filter(compile_sql("NULL", {}, "boolean").expr).height == 0


# What is refused


@pytest.mark.parametrize(
    ("sql", "offset", "sentence"),
    [
        ("", 0, "the expression is empty"),
        ("  ", 0, "the expression is empty"),
        ("a +", 2, "something is missing after +"),
        ("a = ", 2, "something is missing after ="),
        ("(a = 1", 5, "something is missing after 1"),
        ("a = 1)", 5, ") does not fit here"),
        ("a = 1 b", 6, "b does not fit here"),
        ("a = 1 AND", 6, "something is missing after AND"),
        ("a 1", 2, "1 does not fit here"),
        ("s = 'x", 4, "this quoted text has no end"),
        ('"s = 1', 0, "this quoted name has no end"),
        ("a = 1; a = 2", 5, "a semicolon has no place in an expression"),
        ("a = 1 -- why", 6, "a comment has no place in an expression"),
        ("a /* why */ = 1", 2, "a comment has no place in an expression"),
        ("a = ?", 4, "a parameter has no place in an expression"),
        ("a = :x", 4, "a parameter has no place in an expression"),
        ("a = $1", 4, "a parameter has no place in an expression"),
        ("a = @x", 4, "a parameter has no place in an expression"),
        ("a == 1", 2, "==, which is written =, has no place in an expression"),
        ("a % 2 = 0", 2, "% has no place in an expression"),
        ("s || 'x' = 'y'", 2, "| has no place in an expression"),
        ("a ^ 2 = 4", 2, "^ has no place in an expression"),
        ("s ~ 'x'", 2, "~ has no place in an expression"),
        ("a[0] = 1", 1, "[ has no place in an expression"),
        ("{a}", 0, "{ has no place in an expression"),
        ("a <=> b", 2, "<=> has no place in an expression"),
        ("a ** 2 = 4", 2, "** has no place in an expression"),
        ("a::int = 1", 1, "a parameter has no place in an expression"),
        ("t.a = 1", 0, "a name has no parts with dots between them"),
        ("friend.orders = 1", 0, "a name has no parts with dots between them"),
        ("*", 0, "* is not part of the language"),
        (
            "COUNT(*) > 1",
            0,
            "the function 'COUNT' is not known; known are COALESCE, LEAST, "
            "GREATEST, ROUND, FLOOR, CEIL or ABS",
        ),
        (
            "SUM(a) > 1",
            0,
            "the function 'SUM' is not known; known are COALESCE, LEAST, GREATEST, "
            "ROUND, FLOOR, CEIL or ABS",
        ),
        ("CEILING(a) > 1", 0, "the function 'CEILING' is not known; did you mean CEIL?"),
        (
            "NOW() > 1",
            0,
            "the function 'NOW' is not known; known are COALESCE, LEAST, GREATEST, "
            "ROUND, FLOOR, CEIL or ABS",
        ),
        (
            "a > 1 AND CAST(s AS INT) > 1",
            10,
            "the function 'CAST' is not known; known are "
            "COALESCE, LEAST, GREATEST, ROUND, FLOOR, CEIL or ABS",
        ),
        (
            "ABS(a) OVER () > 1",
            7,
            "the function 'OVER' is not known; known are COALESCE, LEAST, "
            "GREATEST, ROUND, FLOOR, CEIL or ABS",
        ),
        (
            "EXISTS (SELECT 1)",
            0,
            "the function 'EXISTS' is not known; known are COALESCE, LEAST, "
            "GREATEST, ROUND, FLOOR, CEIL or ABS",
        ),
        (
            "IF(f, a, b) > 1",
            0,
            "the function 'IF' is not known; known are COALESCE, LEAST, "
            "GREATEST, ROUND, FLOOR, CEIL or ABS",
        ),
        (
            "IFNULL(a, 1) > 1",
            0,
            "the function 'IFNULL' is not known; known are COALESCE, LEAST, "
            "GREATEST, ROUND, FLOOR, CEIL or ABS",
        ),
        ("a IN (SELECT 1)", 6, "SELECT is not part of the language"),
        ("s ILIKE 'x'", 2, "ILIKE is not part of the language"),
        ("s LIKE 'x' ESCAPE '!'", 11, "ESCAPE is not part of the language"),
        ("CURRENT_DATE > 1", 0, "CURRENT_DATE is not part of the language"),
        ("a IS DISTINCT FROM b", 5, "DISTINCT is not part of the language"),
        ("INTERVAL '1' DAY", 0, "INTERVAL is not part of the language"),
        ("a AS x", 2, "AS is not part of the language"),
        (
            "advocate_order > 1",
            0,
            "the name 'advocate_order' is not known here; did you mean advocate_orders?",
        ),
        ("orders > 1", 0, "the name 'orders' is not known here; did you mean advocate_orders?"),
        ("A > 1", 0, "the name 'A' is not known here; did you mean a?"),
        (
            "a BETWEEN SYMMETRIC 1 AND 2",
            10,
            "the name 'SYMMETRIC' is not known here; expected Plan "
            "Name, a, advocate_orders, advocate_spend, b, date, f, g, nth, order, s or t",
        ),
        ("a IS TRUE", 0, "IS is followed by NULL or NOT NULL alone"),
        ("a IN ()", 0, "IN needs a list of values, such as IN (1, 2)"),
        ("(a).b = 1", 1, "what stands here is not part of the language"),
        ("a .5 = 1", 0, "a name has no parts with dots between them"),
        (
            "CASE s WHEN 'x' THEN FLOOR( ELSE a END = 1",
            12,
            "something is missing in what begins here",
        ),
        ("CASE s WHEN 'x' THEN 1 IN a END = 1", 21, "this form of IN is not part of the language"),
        ("(a, b) = 1", 1, "a list is not part of the language"),
        ("a = 'x'", 4, "a text cannot stand beside a number"),
        ("s = 1", 4, "a number cannot stand beside a text"),
        ("a > 1 AND s", 10, "expected a condition, but this is a text"),
        ("NOT a", 4, "expected a condition, but this is a number"),
        ("s + 1 > 2", 0, "expected a number, but this is a text"),
        ("a + f > 2", 4, "expected a number, but this is a condition"),
        ("a IN (1, 'x')", 9, "a text cannot stand beside a number"),
        ("a BETWEEN 1 AND 'x'", 16, "a text cannot stand beside a number"),
        ("COALESCE(a, 'x') = 1", 12, "a text cannot stand beside a number"),
        ("LEAST(a, s) = 1", 9, "a text cannot stand beside a number"),
        ("GREATEST(f, g)", 9, "conditions have no order; only = and <> compare them"),
        ("f > g", 0, "conditions have no order; only = and <> compare them"),
        ("a LIKE 'x'", 0, "LIKE compares texts, but this is a number"),
        ("s LIKE t", 7, "the pattern of LIKE is a text in quotes"),
        ("CASE WHEN a THEN 1 END = 1", 10, "expected a condition, but this is a number"),
        ("CASE WHEN f THEN 1 ELSE 'x' END = 1", 24, "a text cannot stand beside a number"),
        ("CASE a WHEN 'x' THEN 1 END = 1", 12, "a text cannot stand beside a number"),
        ("ROUND(a, b) = 1", 9, "the decimals of ROUND are a whole number"),
        ("ROUND(a, 13) = 1", 9, "the decimals of ROUND are a whole number, -12 to 12"),
        ("ROUND(a, 0.5) = 1", 9, "the decimals of ROUND are a whole number, -12 to 12"),
        ("ROUND(a, 1, 2) = 1", 0, "this form of ROUND is not part of the language"),
        ("ABS(a, b) = 1", 8, "this function has too many arguments"),
        ("ABS() = 1", 4, "something is missing after )"),
        ("FLOOR(a TO day) = 1", 8, "the name 'TO' is not known here; did you mean t?"),
        ("'a' 'b' = s", 0, "CONCAT is not part of the language"),
        ("a", 0, "expected a condition, but this is a number"),
        ("1000000000001 > a", 0, "a number may be at most 10^12 in size"),
        ("0.0000000000001 > a", 0, "a number may have at most 12 decimals"),
        ("1e400 > a", 0, "expected a decimal number such as 20.00"),
        (
            "b > 1 AND a * a * a > 1",
            10,
            "this could become larger than 10^26; bound a part of it "
            "with LEAST, or a divisor with GREATEST(…, 1)",
        ),
        (
            "advocate_spend / a > 1",
            0,
            "this could become larger than 10^26; bound a part of it "
            "with LEAST, or a divisor with GREATEST(…, 1)",
        ),
        ("+".join(["a"] * 110) + " > 1", 180, "an expression has at most 200 parts"),
        ("a > 1 OR " * 300 + "f", 2_000, "an expression has at most 2,000 characters"),
        ("(" * 990 + "a" + ")" * 990, 24, "nested more than 24 levels deep"),
        ("NOT " * 400 + "f", 96, "nested more than 24 levels deep"),
        ("- " * 900 + "a", 48, "nested more than 24 levels deep"),
        ("CASE WHEN f THEN " * 30 + "1" + " END" * 30, 408, "nested more than 24 levels deep"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_refused(sql: str, offset: int, sentence: str) -> None:
    with pytest.raises(SqlError) as refused:
        compile_sql(sql, COLUMNS, "boolean")
    assert (refused.value.offset, refused.value.sentence) == (offset, sentence)


def test_a_reward_may_become_as_large_as_a_condition() -> None:
    assert result("a / b * 12", a=6, b=2) == number("36")
    with pytest.raises(SqlError):
        compile_sql("a / b * 1000", COLUMNS, "number")


def test_eight_thousand_terms_are_refused_at_once() -> None:
    started = time.process_time()
    for sign in (" + ", " AND ", " OR ", " * "):
        with pytest.raises(SqlError):
            compile_sql(sign.join(["a"] * 8_000), COLUMNS, None)
    assert time.process_time() - started < 1


def test_a_tree_for_those_who_put_it_into_words() -> None:
    tree = parse_sql("a > 1 AND s NOT LIKE 'x%'", COLUMNS)
    assert tree.sql() == """"a" > 1 AND "s" NOT LIKE 'x%'"""
    with pytest.raises(SqlError):
        parse_sql("x > 1", COLUMNS)
