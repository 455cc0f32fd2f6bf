"""Conditions and amounts in SQL: a tokenizer, a precedence parser and a three-valued evaluator.

Values are None (NULL), bool, str and Fraction. An expression is parsed to nested tuples whose first
part names the operation; `evaluate` walks them.
"""

import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from tests.oracle.values import DECIMALS, exact, half_away

Value = Fraction | str | bool | None
Names = Callable[[str], Value]
Node = tuple[Any, ...]

TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
  | (?P<text>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<word>[^\W\d]\w*)
  | (?P<sign><>|!=|<=|>=|[=<>+\-*/(),])
    )""",
    re.VERBOSE,
)
KEYWORDS = "AND OR NOT IN BETWEEN LIKE IS NULL CASE WHEN THEN ELSE END TRUE FALSE"
FUNCTIONS = ("COALESCE", "LEAST", "GREATEST", "ROUND", "FLOOR", "CEIL", "ABS")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(text: str, names: Names) -> bool:
    """Whether a condition holds: neither false nor NULL."""
    return evaluate(parse(text), names) is True


def number(text: str, names: Names) -> Fraction | None:
    """Work out an amount."""
    value = evaluate(parse(text), names)
    if isinstance(value, str | bool):
        raise TypeError(f"{text!r} gives no number")
    return value


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """Parse one whole expression; raise ValueError where it is none."""
    parser = Parser(text)
    node = parser.disjunction()
    if parser.kind != "end":
        raise ValueError(f"unexpected {parser.token!r} in {text!r}")
    return node


def tokens(text: str) -> list[tuple[str, str]]:
    """Cut a text into (kind, token); keywords and signs are their own kind."""
    found = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if not match or match.lastgroup is None:
            raise ValueError(f"cannot read {text[place:]!r}")
        kind, token = match.lastgroup, match[match.lastgroup]
        if kind == "word" and token.upper() in KEYWORDS.split():
            kind = token.upper()
        found.append((token if kind == "sign" else kind, token))
        place = match.end()
    return [*found, ("end", "")]


class Parser:
    """Recursive descent, one method a level, loosest first."""

    def __init__(self, text: str) -> None:
        self.rest = tokens(text)[::-1]

    @property
    def kind(self) -> str:
        return self.rest[-1][0]

    @property
    def token(self) -> str:
        return self.rest[-1][1]

    def accept(self, *kinds: str) -> str | None:
        """Take the next token if it is one of these kinds."""
        if self.kind in kinds:
            return self.rest.pop()[0]
        return None

    def expect(self, kind: str) -> None:
        if not self.accept(kind):
            raise ValueError(f"expected {kind}, found {self.token!r}")

    def disjunction(self) -> Node:
        node = self.conjunction()
        while self.accept("OR"):
            node = ("or", node, self.conjunction())
        return node

    def conjunction(self) -> Node:
        node = self.negation()
        while self.accept("AND"):
            node = ("and", node, self.negation())
        return node

    def negation(self) -> Node:
        return ("not", self.negation()) if self.accept("NOT") else self.predicate()

    def predicate(self) -> Node:
        node = self.sum()
        comparison = self.accept(*COMPARISONS)
        if comparison:
            return ("compare", comparison, node, self.sum())
        if self.accept("IS"):
            negated = self.accept("NOT")
            self.expect("NULL")
            return self.unless(negated, ("is null", node))
        negated = self.accept("NOT")
        if self.accept("IN"):
            return self.unless(negated, ("in", node, self.listed()))
        if self.accept("BETWEEN"):
            low = self.sum()
            self.expect("AND")
            return self.unless(negated, ("between", node, low, self.sum()))
        if self.accept("LIKE"):
            return self.unless(negated, ("like", node, self.sum()))
        if negated:
            raise ValueError(f"NOT before {self.token!r}")
        return node

    def unless(self, negated: str | None, node: Node) -> Node:
        return ("not", node) if negated else node

    def listed(self) -> list[Node]:
        self.expect("(")
        items = [self.disjunction()]
        while self.accept(","):
            items.append(self.disjunction())
        self.expect(")")
        return items

    def sum(self) -> Node:
        node = self.product()
        while sign := self.accept("+", "-"):
            node = ("arithmetic", sign, node, self.product())
        return node

    def product(self) -> Node:
        node = self.signed()
        while sign := self.accept("*", "/"):
            node = ("arithmetic", sign, node, self.signed())
        return node

    def signed(self) -> Node:
        if self.accept("-"):
            return ("arithmetic", "-", ("value", Fraction(0)), self.signed())
        return self.signed() if self.accept("+") else self.atom()

    def atom(self) -> Node:
        kind, token = self.rest.pop()
        if kind == "(":
            node = self.disjunction()
            self.expect(")")
            return node
        if kind == "CASE":
            return self.case()
        if kind == "word" and self.kind == "(":
            if token.upper() not in FUNCTIONS:
                raise ValueError(f"no function {token}")
            return ("call", token.upper(), self.listed())
        return self.leaf(kind, token)

    def leaf(self, kind: str, token: str) -> Node:
        if kind == "number":
            return ("value", half_away(exact(token), DECIMALS))
        if kind == "text":
            return ("value", token[1:-1].replace("''", "'"))
        if kind in ("TRUE", "FALSE", "NULL"):
            return ("value", {"TRUE": True, "FALSE": False, "NULL": None}[kind])
        if kind == "word":
            return ("name", token)
        if kind == "quoted":
            return ("name", token[1:-1].replace('""', '"'))
        raise ValueError(f"unexpected {token!r}")

    def case(self) -> Node:
        subject = None if self.kind == "WHEN" else self.disjunction()
        branches = []
        while self.accept("WHEN"):
            test = self.disjunction()
            self.expect("THEN")
            if subject is not None:
                test = ("compare", "=", subject, test)
            branches.append((test, self.disjunction()))
        otherwise = self.disjunction() if self.accept("ELSE") else ("value", None)
        self.expect("END")
        return ("case", branches, otherwise)


def evaluate(node: Node, names: Names) -> Value:
    """Work out a parsed expression; `names` gives the value of a name."""
    match node:
        case ("value", _):
            constant: Value = node[1]
            return constant
        case ("name", name):
            return names(name)
        case ("or", left, right):
            return either(evaluate(left, names), evaluate(right, names))
        case ("and", left, right):
            return negate(either(negate(evaluate(left, names)), negate(evaluate(right, names))))
        case ("not", inner):
            return negate(evaluate(inner, names))
        case ("case", branches, otherwise):
            for test, result in branches:
                if evaluate(test, names) is True:
                    return evaluate(result, names)
            return evaluate(otherwise, names)
        case ("call", function, arguments):
            return call(function, [evaluate(each, names) for each in arguments])
        case ("arithmetic", sign, left, right):
            return calculate(sign, evaluate(left, names), evaluate(right, names))
    return predicate(node, names)


def predicate(node: Node, names: Names) -> bool | None:
    """Work out a predicate."""
    match node:
        case ("compare", sign, left, right):
            return compare(sign, evaluate(left, names), evaluate(right, names))
        case ("is null", inner):
            return evaluate(inner, names) is None
        case ("in", inner, items):
            value = evaluate(inner, names)
            found: bool | None = False
            for item in items:
                found = either(found, compare("=", value, evaluate(item, names)))
            return found
        case ("between", inner, low, high):
            value = evaluate(inner, names)
            below = compare("<", value, evaluate(low, names))
            return negate(either(below, compare(">", value, evaluate(high, names))))
        case ("like", inner, pattern):
            return like(evaluate(inner, names), evaluate(pattern, names))
    raise ValueError(f"unknown operation {node[0]!r}")


def either(left: Value, right: Value) -> bool | None:
    """OR: true if one is true; else unknown if one is unknown."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def negate(value: Value) -> bool | None:
    return None if value is None else not value


def compare(sign: str, left: Value, right: Value) -> bool | None:
    """Compare two values of one kind; texts by code point."""
    if left is None or right is None:
        return None
    if type(left) is not type(right):
        raise TypeError(f"cannot compare {left!r} with {right!r}")
    return COMPARISONS[sign](left, right)


def like(value: Value, pattern: Value) -> bool | None:
    """LIKE: % is any text, _ is any one character; case matters; there is no escape."""
    if value is None or pattern is None:
        return None
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(char) or re.escape(char) for char in str(pattern))
    return re.fullmatch(expression, str(value), re.DOTALL) is not None


def calculate(sign: str, left: Value, right: Value) -> Fraction | None:
    """Add, subtract, multiply or divide, rounded to 12 decimals; x/0 is NULL."""
    if left is None or right is None:
        return None
    if not isinstance(left, Fraction) or not isinstance(right, Fraction):
        raise TypeError(f"cannot calculate {left!r} {sign} {right!r}")
    if sign == "/":
        return half_away(left / right, DECIMALS) if right else None
    operation = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
    return half_away(operation(left, right), DECIMALS)


def call(function: str, arguments: list[Any]) -> Value:
    """Call one of the few functions; LEAST and GREATEST skip NULL."""
    known: list[Any] = [value for value in arguments if value is not None]
    if function == "COALESCE":
        return known[0] if known else None
    if function in ("LEAST", "GREATEST"):
        known.sort()
        known = known[:1] if function == "LEAST" else known[-1:]
        return known[0] if known else None
    if len(known) < len(arguments):
        return None
    if function == "ROUND":
        return half_away(arguments[0], int(arguments[1]) if len(arguments) > 1 else 0)
    operations: dict[str, Callable[[Any], Any]] = {
        "FLOOR": math.floor,
        "CEIL": math.ceil,
        "ABS": abs,
    }
    return Fraction(operations[function](arguments[0]))
