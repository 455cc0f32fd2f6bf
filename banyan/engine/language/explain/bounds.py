"""Between which amounts a reward lies, so that few words can name it without promising too much.

An SQL amount is walked as intervals: a name can be anything, a CASE is any of its branches. What is
told is never narrower than what can be granted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext

from sqlglot import exp

from banyan.engine.language.names import columns, sizes
from banyan.engine.language.program import (
    ByTable,
    Fixed,
    Ladder,
    Program,
    Reward,
    SqlAmount,
)
from banyan.engine.language.sql import parse_sql

ZERO, ENDLESS = Decimal(0), Decimal("Infinity")
# Room for every digit of a bound of 10^26 with 12 decimals.
_EVERY_DIGIT = Context(prec=100)


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest value, infinite where there is none."""

    low: Decimal
    high: Decimal
    may_miss: bool = False
    """Whether there may be no value at all (SQL's NULL)."""


def bounds(program: Program, reward: Reward) -> Bounds | None:
    """What a grant can be in major units or counts, before caps; None for a percentage or a draw,
    which are told in other words. `high` is infinite where the rules alone say no end."""
    form = reward.amount
    if isinstance(form, Fixed):
        found = Bounds(form.value, form.value)
    elif isinstance(form, Ladder):
        steps = form.steps_exact()
        found = Bounds(min(steps), max(steps))
    elif isinstance(form, ByTable):
        sizes_ = (*form.table.values(), form.else_)
        found = Bounds(min(sizes_), max(sizes_))
    elif isinstance(form, SqlAmount):
        found = _of_sql(program, form.sql)
    else:
        return None
    low = ZERO if found.may_miss else max(found.low, ZERO)
    # A boost above 1 is a gift on top; one below 1 cuts what else would be promised.
    for boost in reward.boosts:
        low *= min(boost.times, Decimal(1))
    return Bounds(low, max(found.high, ZERO))


def _of_sql(program: Program, sql: str) -> Bounds:
    with localcontext(_EVERY_DIGIT):
        return _walk(parse_sql(sql, columns(program, "reward")))


def _walk(tree: exp.Expression) -> Bounds:
    find = _KINDS.get(type(tree))
    return Bounds(-ENDLESS, ENDLESS, may_miss=True) if find is None else find(tree)


def _name(tree: exp.Expression) -> Bounds:
    least, _, is_whole = sizes(tree.name)
    # Only counts are known to be there and not to be negative.
    return Bounds(Decimal(least), ENDLESS) if is_whole else Bounds(-ENDLESS, ENDLESS, may_miss=True)


def _literal(tree: exp.Expression) -> Bounds:
    value = Decimal(tree.this)
    return Bounds(value, value)


def _nothing(_: exp.Expression) -> Bounds:
    return Bounds(ZERO, ZERO, may_miss=True)


def _inner(tree: exp.Expression) -> Bounds:
    return _walk(tree.this)


def _negative(tree: exp.Expression) -> Bounds:
    inner = _walk(tree.this)
    return Bounds(-inner.high, -inner.low, inner.may_miss)


def _size(tree: exp.Expression) -> Bounds:
    inner = _walk(tree.this)
    ends = (abs(inner.low), abs(inner.high))
    low = ZERO if inner.low <= 0 <= inner.high else min(ends)
    return Bounds(low, max(ends), inner.may_miss)


def _sum(tree: exp.Expression) -> Bounds:
    left, right = _walk(tree.this), _walk(tree.expression)
    return Bounds(left.low + right.low, left.high + right.high, left.may_miss or right.may_miss)


def _difference(tree: exp.Expression) -> Bounds:
    left, right = _walk(tree.this), _walk(tree.expression)
    return Bounds(left.low - right.high, left.high - right.low, left.may_miss or right.may_miss)


def _product(tree: exp.Expression) -> Bounds:
    left, right = _walk(tree.this), _walk(tree.expression)
    # Decimal's 0 × ∞ is no number, and what is 0 stays 0 here.
    ends = [
        ZERO if not one or not other else one * other
        for one in (left.low, left.high)
        for other in (right.low, right.high)
    ]
    return Bounds(min(ends), max(ends), left.may_miss or right.may_miss)


def _case(tree: exp.Expression) -> Bounds:
    default = tree.args.get("default")
    branches = [_walk(branch.args["true"]) for branch in tree.args["ifs"]]
    branches.append(_nothing(tree) if default is None else _walk(default))
    return Bounds(
        min(branch.low for branch in branches),
        max(branch.high for branch in branches),
        any(branch.may_miss for branch in branches),
    )


def _parts(tree: exp.Expression) -> list[Bounds]:
    return [_walk(part) for part in (tree.this, *tree.expressions)]


def _coalesce(tree: exp.Expression) -> Bounds:
    parts = _parts(tree)
    return Bounds(
        min(part.low for part in parts),
        max(part.high for part in parts),
        all(part.may_miss for part in parts),
    )


def _least(tree: exp.Expression) -> Bounds:
    parts = _parts(tree)
    # What may be missing is skipped when it is, so it bounds nothing.
    sure = _sure(parts)
    high = min(part.high for part in sure) if sure else max(part.high for part in parts)
    return Bounds(min(part.low for part in parts), high, not sure)


def _greatest(tree: exp.Expression) -> Bounds:
    parts = _parts(tree)
    sure = _sure(parts)
    low = max(part.low for part in sure) if sure else min(part.low for part in parts)
    return Bounds(low, max(part.high for part in parts), not sure)


def _sure(parts: Sequence[Bounds]) -> list[Bounds]:
    return [part for part in parts if not part.may_miss]


def _rounded(tree: exp.Expression) -> Bounds:
    decimals = tree.args.get("decimals")
    digits = 0 if decimals is None else int(_walk(decimals).low)
    return _to_step(_walk(tree.this), Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _floor(tree: exp.Expression) -> Bounds:
    return _to_step(_walk(tree.this), Decimal(1), ROUND_FLOOR)


def _ceil(tree: exp.Expression) -> Bounds:
    return _to_step(_walk(tree.this), Decimal(1), ROUND_CEILING)


def _to_step(inner: Bounds, step: Decimal, rounding: str) -> Bounds:
    low, high = (
        end if end.is_infinite() else (end / step).to_integral_value(rounding) * step
        for end in (inner.low, inner.high)
    )
    return Bounds(low, high, inner.may_miss)


# A division has no entry: it may be by 0 or by next to nothing.
_KINDS: Mapping[type[exp.Expression], Callable[[exp.Expression], Bounds]] = {
    exp.Column: _name,
    exp.Literal: _literal,
    exp.Null: _nothing,
    exp.Paren: _inner,
    exp.Neg: _negative,
    exp.Abs: _size,
    exp.Add: _sum,
    exp.Sub: _difference,
    exp.Mul: _product,
    exp.Case: _case,
    exp.Coalesce: _coalesce,
    exp.Least: _least,
    exp.Greatest: _greatest,
    exp.Round: _rounded,
    exp.Floor: _floor,
    exp.Ceil: _ceil,
}
