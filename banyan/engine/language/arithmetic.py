"""Values of expressions as Polars expressions: exact, three-valued, and never out of range.

A number is an Int128 scaled by 10^12. Int128 holds 1.7 × 10^38 and wraps around silently, so every
value carries an interval it cannot leave, and an operation whose result could leave the range is
refused when the program is read. With that the formulas below are exact: each rounds once, half
away from zero, to 12 decimals.

An operand that a formula reads more than once is bound to a struct field first when it is more
than a column: repeating it would double the work at each level of nesting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from math import gcd
from typing import cast

import polars as pl

from banyan.engine.language.terms import Kind
from banyan.kernel.errors import Problem

SCALE = 10**12
LARGEST = 10**24 * SCALE
"""The greatest size of a number that an expression gives."""
# Room for what stands in between, such as `total / seats * 12`.
_LARGEST_BETWEEN = 10**26 * SCALE
_INT128 = 2**127 - 1
# Polars resolves nested structs in time that grows with the cube of the nesting.
_MOST_BOUND = 16
_LIGHT = 6


class TooLarge(Problem):
    """An operation whose result might not fit."""


@dataclass(frozen=True)
class Value:
    """An expression under construction. `low` and `high` bound a number, scaled."""

    expr: pl.Expr
    kind: Kind | None
    """None for a bare NULL, which takes the kind of what it stands beside."""
    names: frozenset[str] = frozenset()
    low: int = 0
    high: int = 0
    whole: bool = False
    nullable: bool = True
    constant: int | str | bool | None = None
    """The value itself where no row can change it; None for NULL too."""
    is_constant: bool = False
    weight: int = 1
    """How much a formula repeats by reading it twice."""
    bound: int = 0
    """Levels of structs inside."""
    offset: int = 0

    @property
    def size(self) -> int:
        """The greatest size it can have, scaled."""
        return max(abs(self.low), abs(self.high))

    def at(self, offset: int) -> Value:
        """The same, standing at this place of the text."""
        return replace(self, offset=offset)


def column(name: str, kind: Kind, *, least: int, most: int, whole: bool) -> Value:
    """A column; `least` and `most` bound a number, unscaled."""
    return Value(
        pl.col(name),
        kind,
        frozenset({name}),
        low=least * SCALE,
        high=most * SCALE,
        whole=whole,
    )


def number(text: str) -> Value:
    """A number as written. Raises TooLarge beyond 10^12 or 12 decimals."""
    exact = Decimal(text)
    if abs(exact) > 10**12:
        raise TooLarge("a number may be at most 10^12 in size")
    top, bottom = exact.as_integer_ratio()
    if SCALE % bottom:
        raise TooLarge("a number may have at most 12 decimals")
    return scaled(top * (SCALE // bottom))


def scaled(value: int) -> Value:
    """A number already multiplied by 10^12."""
    return Value(
        pl.lit(value, dtype=pl.Int128),
        "number",
        low=value,
        high=value,
        whole=value % SCALE == 0,
        nullable=False,
        constant=value,
        is_constant=True,
    )


def text(value: str) -> Value:
    """A text as written."""
    return Value(
        pl.lit(value, dtype=pl.String), "text", nullable=False, constant=value, is_constant=True
    )


def boolean(value: bool) -> Value:
    """TRUE or FALSE."""
    return Value(
        pl.lit(value, dtype=pl.Boolean),
        "boolean",
        nullable=False,
        constant=value,
        is_constant=True,
    )


def null() -> Value:
    """NULL, of no kind yet."""
    return Value(pl.lit(None), None, is_constant=True, whole=True)


def typed(value: Value, kind: Kind) -> Value:
    """A NULL of no kind as a NULL of this kind; anything else unchanged."""
    if value.kind is not None:
        return value
    dtype: dict[Kind, type[pl.DataType]] = {
        "number": pl.Int128,
        "text": pl.String,
        "boolean": pl.Boolean,
    }
    return replace(value, expr=pl.lit(None, dtype=dtype[kind]), kind=kind)


def folded(value: Value) -> Value:
    """An expression over literals alone, computed now: a literal of its result."""
    if value.names or value.is_constant or value.kind is None:
        return value
    result = pl.select(value.expr).item()
    if result is None:
        return typed(null(), value.kind)
    if value.kind == "number":
        return scaled(cast(int, result))
    return text(result) if value.kind == "text" else boolean(result)


def logic(word: str, left: Value, right: Value) -> Value:
    """AND, OR: NULL is unknown."""
    expr = left.expr & right.expr if word == "AND" else left.expr | right.expr
    return _condition(expr, left, right)


def negation(value: Value) -> Value:
    """NOT."""
    return _condition(~typed(value, "boolean").expr, value)


def comparison(sign: str, left: Value, right: Value) -> Value:
    """=, <>, <, <=, >, >=; texts by code point (the order of their UTF-8 bytes)."""
    left, right = _same(left, right)
    return _condition(_COMPARE[sign](left.expr, right.expr), left, right)


def between(value: Value, low: Value, high: Value) -> Value:
    """Both ends included."""
    value, low, high = _same(value, low, high)
    return _condition(value.expr.is_between(low.expr, high.expr), value, low, high)


def inside(value: Value, items: Sequence[Value]) -> Value:
    """IN: TRUE when one item is equal, else NULL when one comparison is NULL."""
    value, *items = _same(value, *items)
    known = [item.constant for item in items if item.is_constant and item.constant is not None]
    if len(known) == len(items) > 1 and value.kind != "boolean":
        dtype = pl.Int128 if value.kind == "number" else pl.String
        choices = pl.lit(pl.Series([known], dtype=pl.List(dtype))).first()
        return _condition(value.expr.is_in(choices), value, *items)

    def any_equal(it: pl.Expr) -> pl.Expr:
        return reduce(lambda found, next_: found | next_, [it == item.expr for item in items])

    return _let(any_equal, value, others=items, kind="boolean")


def like(value: Value, pattern: Value) -> Value:
    """LIKE: % is any text, _ any one character; there is no escape, and case matters."""
    value, pattern = typed(value, "text"), typed(pattern, "text")
    wanted = pattern.constant
    if not isinstance(wanted, str):
        return _condition(value.expr == pattern.expr, value)
    core = wanted.strip("%")
    if "%" in core or "_" in core or not core:
        regex = "".join(_WILD.get(character, re.escape(character)) for character in wanted)
        return _condition(value.expr.str.contains(rf"(?s)\A(?:{regex})\z"), value)
    opened, closed = wanted.startswith("%"), wanted.endswith("%")
    if opened and closed:
        return _condition(value.expr.str.contains(core, literal=True), value)
    if opened:
        return _condition(value.expr.str.ends_with(core), value)
    if closed:
        return _condition(value.expr.str.starts_with(core), value)
    return _condition(value.expr == core, value)


_WILD = {"%": ".*", "_": "."}


def is_null(value: Value) -> Value:
    """IS NULL: never NULL itself."""
    return replace(_condition(value.expr.is_null(), value), nullable=False)


def case(subject: Value | None, branches: Sequence[tuple[Value, Value]], otherwise: Value) -> Value:
    """CASE: the first branch whose condition holds (or whose value equals the subject)."""
    branches, otherwise = _open_branches(subject, branches, otherwise)
    results = _same(*(result for _, result in branches), otherwise)
    kind = results[-1].kind
    if kind is None:
        return null()
    if not branches:
        return results[-1]

    def chosen(it: pl.Expr | None) -> pl.Expr:
        expr = results[-1].expr
        for (when, _), then in zip(reversed(branches), reversed(results[:-1]), strict=True):
            holds = when.expr if it is None else it == when.expr
            expr = pl.when(holds).then(then.expr).otherwise(expr)
        return expr

    parts = [*(when for when, _ in branches), *results]
    if subject is None:
        made = _made(chosen(None), kind, *parts)
    else:
        made = _let(chosen, subject, others=parts, kind=kind)
    made = replace(made, expr=_full_length(made.expr, min(made.names)), weight=made.weight + 2)
    return _spanning(made, results, nullable=_any_nullable(*results))


def _full_length(expr: pl.Expr, column: str) -> pl.Expr:
    """The expression with one value a row.

    When a condition holds for every row, or for none, Polars gives a literal branch back as a
    single value, and what is computed from that keeps the wrong length. A struct with a real
    column has the right one.
    """
    return pl.struct(expr.alias("v"), pl.col(column).alias("row")).struct.field("v")


def _open_branches(
    subject: Value | None, branches: Sequence[tuple[Value, Value]], otherwise: Value
) -> tuple[list[tuple[Value, Value]], Value]:
    """Leaves out what literals decide already; Polars stumbles over conditions without a column."""
    left: list[tuple[Value, Value]] = []
    for when, result in branches:
        holds = when if subject is None else folded(comparison("=", subject, when))
        if not holds.is_constant:
            left.append((when, result))
        elif holds.constant is True:
            return left, result
    return left, otherwise


def plus(left: Value, right: Value) -> Value:
    """Exact."""
    made = _made(left.expr + right.expr, "number", left, right)
    return _ranged(
        made, left.low + right.low, left.high + right.high, whole=left.whole and right.whole
    )


def less(left: Value, right: Value) -> Value:
    """Exact."""
    made = _made(left.expr - right.expr, "number", left, right)
    return _ranged(
        made, left.low - right.high, left.high - right.low, whole=left.whole and right.whole
    )


def minus(value: Value) -> Value:
    """The negative; Polars has no negation of Int128."""
    made = _made(_lit(0) - value.expr, "number", value)
    return _ranged(made, -value.high, -value.low, whole=value.whole)


def times(left: Value, right: Value) -> Value:
    """left × right, rounded to 12 decimals."""
    corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    low, high = (_half_away(end, SCALE) for end in (min(corners), max(corners)))
    whole = left.whole and right.whole
    _check_range(low, high)
    for one, other in ((left, right), (right, left)):
        made = _times_simple(one, other)
        if made is not None:
            return _ranged(made, low, high, whole=whole)
    return _ranged(_let(_times_parts, left, right, kind="number"), low, high, whole=whole)


def _times_simple(left: Value, right: Value) -> Value | None:
    """Products that need no cutting: by a constant in lowest terms, by a whole number, or small."""
    if isinstance(right.constant, int) and right.kind == "number":
        factor = gcd(right.constant, SCALE) or 1
        return _times_ratio(left, right.constant // factor, SCALE // factor)
    if right.whole:
        return _made(left.expr * (right.expr // SCALE), "number", left, right)
    if left.size * right.size + SCALE > _INT128:
        return None
    product = replace(
        _made(left.expr * right.expr, "number", left, right),
        low=min(0, *(a * b for a in (left.low, left.high) for b in (right.low, right.high))),
    )
    return _divided(product, SCALE)


def _times_ratio(value: Value, top: int, bottom: int) -> Value | None:
    """value × top / bottom, rounded; None when the product does not fit."""
    if value.size * abs(top) + bottom > _INT128:
        return None
    product = _made(value.expr * top, "number", value)
    lowest = min(value.low * top, value.high * top)
    return _divided(replace(product, low=lowest), bottom)


def _times_parts(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Any product, by whole part and fraction of each side, on sizes; the sign comes last.

    With a = A·S + a and b = B·S + b: a·b / S = A·B·S + A·b + B·a + a·b / S. All terms have one
    sign and their sum is the result, so none of them can leave the range the result keeps to.
    """
    a, b = left.abs(), right.abs()
    whole_a, whole_b, part_a, part_b = a // SCALE, b // SCALE, a % SCALE, b % SCALE
    size = (
        whole_a * whole_b * SCALE
        + whole_a * part_b
        + whole_b * part_a
        + (part_a * part_b + SCALE // 2) // SCALE
    )
    return pl.when((left < 0) == (right < 0)).then(size).otherwise(_lit(0) - size)


def over(left: Value, right: Value) -> Value:
    """left / right, rounded to 12 decimals; NULL when right is 0."""
    if right.is_constant and not right.constant:
        return typed(null(), "number")
    smallest = _smallest(right)
    size = _half_away(left.size * SCALE, smallest)
    low = 0 if left.low >= 0 and right.low >= 0 else -size
    _check_range(low, size)
    if isinstance(right.constant, int):
        factor = gcd(right.constant, SCALE)
        sign = 1 if right.constant > 0 else -1
        ratio = (sign * SCALE // factor, abs(right.constant) // factor)
        made = _times_ratio(left, *ratio)
        if made is not None:
            return _ranged(made, low, size, nullable=left.nullable)
    return _ranged(_over_any(left, right), low, size)


def _over_any(left: Value, right: Value) -> Value:
    """Long division: what is left of each digit group makes the next, as far as Int128 reaches."""
    divisor = right
    shift = SCALE
    if right.whole:
        # Dividing both sides by 10^12 is exact and leaves all of Int128 to the dividend.
        divisor = replace(_made(right.expr // SCALE, "number", right), bound=right.bound)
        shift = 1
    largest = max(right.size // SCALE if right.whole else right.size, 1)
    at_once = shift if left.size * shift <= _INT128 // 2 else 1
    groups: list[int] = []
    rest = shift // at_once
    while rest > 1:
        group = 10
        while group * 10 <= rest and largest * group * 10 <= _INT128 // 2:
            group *= 10
        if largest * group > _INT128 // 2:
            raise TooLarge("the divisor can become too large; divide by something below 10^24")
        groups.append(group)
        rest //= group

    def quotient(a: pl.Expr, b: pl.Expr) -> pl.Expr:
        size, by = a.abs() * at_once, b.abs()
        found, rest = size // by, size % by
        for group in groups:
            found, rest = found * group + rest * group // by, rest * group % by
        found = found + (rest >= by - rest).cast(pl.Int128)
        return pl.when((a < 0) == (b < 0)).then(found).otherwise(_lit(0) - found)

    return _let(quotient, left, divisor, kind="number")


def _smallest(value: Value) -> int:
    """The least size a number can have when it is not 0, scaled."""
    if value.low > 0 or value.high < 0:
        return min(abs(value.low), abs(value.high))
    return SCALE if value.whole else 1


def coalesce(values: Sequence[Value]) -> Value:
    """The first that is not NULL."""
    values = _same(*values)
    kind = values[0].kind
    if kind is None:
        return null()
    made = _made(pl.coalesce([value.expr for value in values]), kind, *values)
    return _spanning(made, values, nullable=all(value.nullable for value in values))


def extreme(values: Sequence[Value], *, least: bool) -> Value:
    """LEAST or GREATEST of those that are not NULL."""
    values = _same(*values)
    kind = values[0].kind
    if kind is None:
        return null()
    exprs = [value.expr for value in values]
    expr = pl.min_horizontal(exprs) if least else pl.max_horizontal(exprs)
    sure = [value for value in values if not value.nullable]
    made = _spanning(_made(expr, kind, *values), values, nullable=not sure)
    if kind != "number" or not sure:
        return made
    if least:
        high = min(value.high for value in sure)
        return replace(made, high=min(made.high, high), low=min(made.low, high))
    low = max(value.low for value in sure)
    return replace(made, low=max(made.low, low), high=max(made.high, low))


def rounded(value: Value, decimals: int) -> Value:
    """ROUND: half away from zero, to this many decimals."""
    unit = 10 ** (12 - decimals)
    if unit == 1:
        return value
    made = _divided(value, unit)
    low, high = (_half_away(end, unit) * unit for end in (value.low, value.high))
    return _ranged(
        replace(made, expr=made.expr * unit),
        low,
        high,
        whole=decimals <= 0,
        nullable=value.nullable,
    )


def floor(value: Value) -> Value:
    """The greatest whole number not above it."""
    made = _made(value.expr // SCALE * SCALE, "number", value)
    low, high = (end // SCALE * SCALE for end in (value.low, value.high))
    return _ranged(made, low, high, whole=True, nullable=value.nullable)


def ceil(value: Value) -> Value:
    """The least whole number not below it."""
    made = _made(_lit(0) - (_lit(0) - value.expr) // SCALE * SCALE, "number", value)
    low, high = (-(-end // SCALE) * SCALE for end in (value.low, value.high))
    return _ranged(made, low, high, whole=True, nullable=value.nullable)


def absolute(value: Value) -> Value:
    """Its size."""
    low = 0 if value.low <= 0 <= value.high else min(abs(value.low), abs(value.high))
    made = _made(value.expr.abs(), "number", value)
    return _ranged(made, low, value.size, whole=value.whole, nullable=value.nullable)


def _divided(value: Value, by: int) -> Value:
    """value / by on the bare integers, rounded half away from zero; `by` is above 0.

    Floor division after adding half rounds a tie upwards; below zero one less sends it down.
    """
    if by == 1:
        return value
    half = by // 2
    if value.low >= 0 or by % 2:
        return _made((value.expr + half) // by, "number", value)
    return _let(lambda it: (it + half - (it < 0).cast(pl.Int128)) // by, value, kind="number")


def _half_away(top: int, bottom: int) -> int:
    size = (2 * abs(top) + bottom) // (2 * bottom)
    return size if top >= 0 else -size


def _lit(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.Int128)


_COMPARE: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _same(*values: Value) -> list[Value]:
    """NULLs of no kind take the kind of the others; if there is none, they are conditions."""
    kind = next((value.kind for value in values if value.kind is not None), None)
    return [value if kind is None else typed(value, kind) for value in values]


def _condition(expr: pl.Expr, *parts: Value) -> Value:
    return _made(expr, "boolean", *parts)


def _made(expr: pl.Expr, kind: Kind, *parts: Value) -> Value:
    """A value out of parts, each read once."""
    return Value(
        expr,
        kind,
        frozenset().union(*(part.names for part in parts)),
        nullable=_any_nullable(*parts),
        weight=1 + sum(part.weight for part in parts),
        bound=max((part.bound for part in parts), default=0),
    )


def _any_nullable(*parts: Value) -> bool:
    return any(part.nullable for part in parts)


def _let(
    body: Callable[..., pl.Expr], *bound: Value, others: Sequence[Value] = (), kind: Kind
) -> Value:
    """A value whose formula reads the `bound` parts several times and `others` once."""
    made = _made(pl.lit(None), kind, *bound, *others)
    heavy = {f"v{i}": part for i, part in enumerate(bound) if part.weight > _LIGHT}
    if not heavy:
        expr = body(*(part.expr for part in bound))
        return replace(made, expr=expr, weight=10 * made.weight)
    levels = made.bound + 1
    if levels > _MOST_BOUND:
        raise TooLarge(f"more than {_MOST_BOUND} roundings are nested here; split the expression")
    readers = [pl.field(f"v{i}") if f"v{i}" in heavy else part.expr for i, part in enumerate(bound)]
    struct = pl.struct([part.expr.alias(name) for name, part in heavy.items()])
    expr = struct.struct.with_fields(body(*readers).alias("r")).struct.field("r")
    return replace(made, expr=expr, weight=10 * made.weight, bound=levels)


def _ranged(
    value: Value, low: int, high: int, *, whole: bool = False, nullable: bool | None = None
) -> Value:
    _check_range(low, high)
    known = value.nullable if nullable is None else nullable
    return replace(value, low=low, high=high, whole=whole, nullable=known)


def _spanning(value: Value, parts: Sequence[Value], *, nullable: bool) -> Value:
    """The value is one of the parts; a NULL says nothing about its size."""
    sized = [part for part in parts if not (part.is_constant and part.constant is None)]
    return replace(
        value,
        low=min((part.low for part in sized), default=0),
        high=max((part.high for part in sized), default=0),
        whole=all(part.whole for part in sized),
        nullable=nullable,
    )


def too_large(exponent: int) -> str:
    """Why an expression is refused, and what bounds it."""
    return (
        f"this could become larger than 10^{exponent}; bound a part of it with LEAST, or a divisor "
        "with GREATEST(…, 1)"
    )


def _check_range(low: int, high: int) -> None:
    if max(abs(low), abs(high)) > _LARGEST_BETWEEN:
        raise TooLarge(too_large(26))
