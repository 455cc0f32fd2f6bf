"""SQL expressions of a program, compiled once into Polars expressions over exact numbers.

sqlglot only parses. What may stand in an expression is decided here, twice: word by word before
parsing (so that a wrong name has its place and nothing unknown reaches the parser), and node by
node after it, with every argument of a node accounted for, because sqlglot keeps some meaning in
flags (`NOT LIKE` is a Like with `negate`). `arithmetic.py` turns the nodes into Polars.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from banyan.engine.language import arithmetic
from banyan.engine.language.arithmetic import TooLarge, Value
from banyan.engine.language.findings import did_you_mean, nearest, one_of, shown
from banyan.engine.language.names import sizes
from banyan.engine.language.terms import Kind
from banyan.kernel.errors import Problem

__all__ = ["NODES", "Compiled", "SqlError", "compile_sql", "parse_sql"]

MAX_CHARACTERS = 2_000
MAX_NODES = 200
MAX_DEPTH = 24

_KEYWORDS = frozenset(
    "AND OR NOT IN BETWEEN LIKE IS NULL CASE WHEN THEN ELSE END TRUE FALSE".split()
)
_FUNCTIONS = ("COALESCE", "LEAST", "GREATEST", "ROUND", "FLOOR", "CEIL", "ABS")
# Also the characters sqlglot gives a meaning of its own.
_FOREIGN = re.compile(r"--|/\*|==|<=>|->|=>|\*\*|//|!(?!=)|[^\w\s(),.+\-*/<>=!'\"]")
_FOREIGN_NAMES = {
    "--": "a comment",
    "/*": "a comment",
    ";": "a semicolon",
    "?": "a parameter",
    ":": "a parameter",
    "@": "a parameter",
    "$": "a parameter",
    "==": "==, which is written =,",
}
_NUMBER = re.compile(r"([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][-+]?[0-9]{1,2})?")


class SqlError(Problem):
    """An expression that is refused, with the place: `offset` counts characters from 0."""

    def __init__(self, sentence: str, offset: int, *, name: str | None = None) -> None:
        super().__init__(sentence)
        self.offset = offset
        self.name = name
        """The unknown name, when that is the trouble."""


@dataclass(frozen=True)
class Compiled:
    """A checked expression, ready for `with_columns` or `filter`.

    `expr` reads columns named exactly like `names`: numbers as Int128 scaled by 10^12, texts as
    String, conditions as Boolean; it gives the same. Numbers it gives are at most 10^26 in size,
    unscaled. An expression without names is a literal.
    """

    expr: pl.Expr
    kind: Kind
    names: frozenset[str]


def compile_sql(text: str, columns: Mapping[str, Kind], want: Kind | None) -> Compiled:
    """Compiles an expression over the columns. Raises SqlError.

    Logic is three-valued as in the standard; each number is rounded to 12 decimals, half away from
    zero; x/0 is NULL. `want` is the kind the expression must have; None takes any.
    """
    tree = parse_sql(text, columns)
    try:
        value = _Walker(columns).value(tree)
        return _wanted(value, want)
    except TooLarge as error:
        raise SqlError(error.sentence, 0) from None


def parse_sql(text: str, columns: Mapping[str, Kind]) -> exp.Expression:
    """The tree of an expression whose words are all known; kinds are not checked yet.

    Its nodes are among `NODES`, unless compile_sql refuses it. Raises SqlError.
    """
    _check_characters(text)
    return _parsed(text, _check_words(_tokens(text), columns))


def _check_characters(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise SqlError(f"an expression has at most {MAX_CHARACTERS:,} characters", MAX_CHARACTERS)
    if not text.strip():
        raise SqlError("the expression is empty", 0)
    bare = _without_quoted(text)
    foreign = _FOREIGN.search(bare)
    if foreign is not None:
        what = _FOREIGN_NAMES.get(foreign[0], foreign[0])
        raise SqlError(f"{what} has no place in an expression", foreign.start())


def _without_quoted(text: str) -> str:
    """The text with quoted parts blanked out. Raises SqlError for a quote left open."""
    bare = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", lambda part: " " * len(part[0]), text)
    for quote, what in (("'", "text"), ('"', "name")):
        if quote in bare:
            raise SqlError(f"this quoted {what} has no end", bare.index(quote))
    return bare


_DIALECT = Dialect.get_or_raise(None)


def _tokens(text: str) -> list[Token]:
    try:
        return _DIALECT.tokenize(text)
    except SqlglotError:
        raise SqlError("this is no expression", 0) from None


def _check_words(tokens: list[Token], columns: Mapping[str, Kind]) -> list[Token]:
    """Lets only keywords, listed functions and known names through, and bounds the nesting.

    Names become quoted identifiers, so that a property called `date` is a name to the parser too.
    """
    depth = signs = 0
    for number, token in enumerate(tokens):
        following = tokens[number + 1].token_type if number + 1 < len(tokens) else None
        if _is_word(token):
            _check_word(token, following, columns)
        quoted = token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)
        word = "" if quoted else token.text.upper()
        opens = token.token_type is TokenType.L_PAREN or word == "CASE"
        depth += opens - (token.token_type is TokenType.R_PAREN or word == "END")
        signs = signs + 1 if word in ("NOT", "-", "+") else 0
        if depth > MAX_DEPTH or signs > MAX_DEPTH:
            raise SqlError(f"nested more than {MAX_DEPTH} levels deep", token.start)
    return tokens


def _is_word(token: Token) -> bool:
    if token.token_type in (TokenType.STRING, TokenType.NUMBER):
        return False
    return token.token_type is TokenType.IDENTIFIER or token.text[:1].isidentifier()


def _check_word(token: Token, following: TokenType | None, columns: Mapping[str, Kind]) -> None:
    word = token.text.upper()
    quoted = token.token_type is TokenType.IDENTIFIER
    if following is TokenType.DOT:
        raise SqlError("a name has no parts with dots between them", token.start)
    if not quoted and word in _KEYWORDS:
        return
    if not quoted and following is TokenType.L_PAREN:
        if word not in _FUNCTIONS:
            near = nearest(word, _FUNCTIONS, cutoff=0.7)
            mend = f"did you mean {near}?" if near else f"known are {one_of(_FUNCTIONS)}"
            raise SqlError(f"the function {shown(token.text)} is not known; {mend}", token.start)
        return
    if token.text in columns:
        token.token_type = TokenType.IDENTIFIER
        return
    mend = did_you_mean(token.text, sorted(columns))
    foreign = word in Tokenizer.KEYWORDS and nearest(word, columns, cutoff=0.8) is None
    sentence = f"the name {shown(token.text)} is not known here; {mend}"
    raise SqlError(
        f"{word} is not part of the language" if foreign else sentence,
        token.start,
        name=token.text,
    )


def _parsed(text: str, tokens: list[Token]) -> exp.Expression:
    try:
        trees = _DIALECT.parser().parse_into(exp.Condition, tokens, text)
    except ParseError as error:
        raise _misparsed(error, tokens) from None
    except RecursionError:
        raise SqlError("nested too deep", 0) from None
    tree = trees[0] if trees else None
    if len(trees) != 1 or not isinstance(tree, exp.Expression):
        raise SqlError("this is no expression", 0)
    return tree


def _misparsed(error: ParseError, tokens: Sequence[Token]) -> SqlError:
    """sqlglot tells the line and column of the token it stopped at."""
    told = error.errors[0] if error.errors else {}
    place = (told.get("line"), told.get("col"))
    index = next(
        (i for i, token in enumerate(tokens) if (token.line, token.col) == place), len(tokens) - 1
    )
    token = tokens[index]
    description = str(told.get("description", ""))
    if "number of provided arguments" in description:
        return SqlError("this function has too many arguments", token.start)
    if "Unexpected token" in description:
        return SqlError(f"{shown(token.text)[1:-1]} does not fit here", token.start)
    return SqlError(f"something is missing after {shown(token.text)[1:-1]}", token.start)


def _wanted(value: Value, want: Kind | None) -> Compiled:
    kind = value.kind or want or "boolean"
    if want is not None and kind != want:
        raise SqlError(f"expected {_KINDS[want]}, but this is {_KINDS[kind]}", value.offset)
    return Compiled(arithmetic.typed(value, kind).expr, kind, value.names)


_KINDS: dict[Kind, str] = {"number": "a number", "text": "a text", "boolean": "a condition"}

_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


class _Walker:
    """From sqlglot's nodes to values, one method a construct; all else is refused."""

    def __init__(self, columns: Mapping[str, Kind]) -> None:
        self.columns = columns
        self.nodes = 0
        self.last = 0

    def value(self, node: object) -> Value:
        """The value of a node, with the place of its first character."""
        if not isinstance(node, exp.Expression):
            # sqlglot lets some half-written calls and branches pass.
            raise SqlError("something is missing in what begins here", self.last)
        self.nodes += 1
        offset = self.last = _offset(node, self.last)
        if self.nodes > MAX_NODES:
            raise SqlError(f"an expression has at most {MAX_NODES} parts", offset)
        method = _METHODS.get(type(node))
        if method is None:
            raise SqlError(f"{_called(node)} is not part of the language", offset)
        _check_arguments(node, offset)
        try:
            return arithmetic.folded(method(self, node)).at(offset)
        except TooLarge as error:
            raise SqlError(error.sentence, offset) from None

    def paren(self, node: exp.Expression) -> Value:
        return self.value(node.this)

    def column(self, node: exp.Expression) -> Value:
        if not isinstance(node.this, exp.Identifier) or node.name not in self.columns:
            raise SqlError(f"{_called(node)} is not part of the language", _offset(node))
        kind = self.columns[node.name]
        least, most, whole = sizes(node.name)
        return arithmetic.column(node.name, kind, least=least, most=most, whole=whole)

    def literal(self, node: exp.Expression) -> Value:
        if node.args["is_string"]:
            return arithmetic.text(node.name)
        if not _NUMBER.fullmatch(node.name):
            raise SqlError("expected a decimal number such as 20.00", _offset(node))
        return arithmetic.number(node.name)

    def boolean(self, node: exp.Expression) -> Value:
        return arithmetic.boolean(bool(node.this))

    def null(self, node: exp.Expression) -> Value:
        return arithmetic.null()

    def logic(self, node: exp.Expression) -> Value:
        left, right = (self.condition(node.args.get(side)) for side in ("this", "expression"))
        return arithmetic.logic("AND" if isinstance(node, exp.And) else "OR", left, right)

    def negation(self, node: exp.Expression) -> Value:
        return arithmetic.negation(self.condition(node.this))

    def comparison(self, node: exp.Expression) -> Value:
        sign = _COMPARISONS[type(node)]
        left, right = self.same_kind([self.value(node.this), self.value(node.expression)])
        if sign not in ("=", "<>"):
            self.ordered(left)
        return arithmetic.comparison(sign, left, right)

    def between(self, node: exp.Expression) -> Value:
        parts = [self.value(node.args.get(part)) for part in ("this", "low", "high")]
        value, low, high = self.same_kind(parts)
        self.ordered(value)
        return arithmetic.between(value, low, high)

    def inside(self, node: exp.Expression) -> Value:
        items = node.expressions
        if not items:
            raise SqlError("IN needs a list of values, such as IN (1, 2)", _offset(node))
        parts = self.same_kind([self.value(node.this), *map(self.value, items)])
        return arithmetic.inside(parts[0], parts[1:])

    def like(self, node: exp.Expression) -> Value:
        value, pattern = self.value(node.this), self.value(node.expression)
        for part in (value, pattern):
            if part.kind not in ("text", None):
                raise SqlError(f"LIKE compares texts, but this is {_KINDS[part.kind]}", part.offset)
        if pattern.kind is not None and not isinstance(pattern.constant, str):
            raise SqlError("the pattern of LIKE is a text in quotes", pattern.offset)
        found = arithmetic.like(value, pattern)
        return arithmetic.negation(found) if node.args.get("negate") else found

    def is_null(self, node: exp.Expression) -> Value:
        if not isinstance(node.expression, exp.Null):
            raise SqlError("IS is followed by NULL or NOT NULL alone", _offset(node))
        return arithmetic.is_null(self.value(node.this))

    def case(self, node: exp.Expression) -> Value:
        branches = node.args["ifs"]
        subject = None if node.this is None else self.value(node.this)
        whens = [self.value(branch.this) for branch in branches]
        if subject is None:
            whens = [self.must_be(when, "boolean") for when in whens]
        else:
            subject, *whens = self.same_kind([subject, *whens])
        results = [self.value(branch.args.get("true")) for branch in branches]
        default = node.args.get("default")
        otherwise = arithmetic.null() if default is None else self.value(default)
        *results, otherwise = self.same_kind([*results, otherwise])
        return arithmetic.case(subject, list(zip(whens, results, strict=True)), otherwise)

    def binary(self, node: exp.Expression) -> Value:
        left, right = (self.number(node.args.get(side)) for side in ("this", "expression"))
        return _OPERATORS[type(node)](left, right)

    def minus(self, node: exp.Expression) -> Value:
        return arithmetic.minus(self.number(node.this))

    def coalesce(self, node: exp.Expression) -> Value:
        return arithmetic.coalesce(self.arguments(node))

    def least(self, node: exp.Expression) -> Value:
        return arithmetic.extreme(self.ordered_arguments(node), least=True)

    def greatest(self, node: exp.Expression) -> Value:
        return arithmetic.extreme(self.ordered_arguments(node), least=False)

    def round(self, node: exp.Expression) -> Value:
        value = self.number(node.this)
        written = node.args.get("decimals")
        if written is None:
            return arithmetic.rounded(value, 0)
        decimals = self.value(written)
        if not isinstance(decimals.constant, int) or decimals.kind != "number":
            raise SqlError("the decimals of ROUND are a whole number", decimals.offset)
        places, rest = divmod(decimals.constant, arithmetic.SCALE)
        if rest or not -12 <= places <= 12:
            raise SqlError("the decimals of ROUND are a whole number, -12 to 12", decimals.offset)
        return arithmetic.rounded(value, places)

    def floor(self, node: exp.Expression) -> Value:
        return arithmetic.floor(self.number(node.this))

    def ceil(self, node: exp.Expression) -> Value:
        return arithmetic.ceil(self.number(node.this))

    def absolute(self, node: exp.Expression) -> Value:
        return arithmetic.absolute(self.number(node.this))

    def condition(self, node: object) -> Value:
        return self.must_be(self.value(node), "boolean")

    def number(self, node: object) -> Value:
        return self.must_be(self.value(node), "number")

    def must_be(self, value: Value, kind: Kind) -> Value:
        if value.kind not in (kind, None):
            raise SqlError(
                f"expected {_KINDS[kind]}, but this is {_KINDS[value.kind]}", value.offset
            )
        return arithmetic.typed(value, kind)

    def arguments(self, node: exp.Expression) -> list[Value]:
        return self.same_kind([self.value(node.this), *map(self.value, node.expressions)])

    def ordered_arguments(self, node: exp.Expression) -> list[Value]:
        values = self.arguments(node)
        self.ordered(values[0])
        return values

    def same_kind(self, values: list[Value]) -> list[Value]:
        """The values as one kind; NULL takes the others'. Mixed kinds are refused."""
        kind = next((value.kind for value in values if value.kind is not None), None)
        for value in values:
            if kind is not None and value.kind not in (kind, None):
                raise SqlError(
                    f"{_KINDS[value.kind]} cannot stand beside {_KINDS[kind]}", value.offset
                )
        return values if kind is None else [arithmetic.typed(value, kind) for value in values]

    def ordered(self, value: Value) -> None:
        if value.kind == "boolean":
            raise SqlError("conditions have no order; only = and <> compare them", value.offset)


_OPERATORS: dict[type[exp.Expression], Callable[[Value, Value], Value]] = {
    exp.Add: arithmetic.plus,
    exp.Sub: arithmetic.less,
    exp.Mul: arithmetic.times,
    exp.Div: arithmetic.over,
}

_METHODS: dict[type[exp.Expression], Callable[[_Walker, exp.Expression], Value]] = {
    exp.Paren: _Walker.paren,
    exp.Column: _Walker.column,
    exp.Literal: _Walker.literal,
    exp.Boolean: _Walker.boolean,
    exp.Null: _Walker.null,
    exp.And: _Walker.logic,
    exp.Or: _Walker.logic,
    exp.Not: _Walker.negation,
    exp.Between: _Walker.between,
    exp.In: _Walker.inside,
    exp.Like: _Walker.like,
    exp.Is: _Walker.is_null,
    exp.Case: _Walker.case,
    exp.Neg: _Walker.minus,
    exp.Coalesce: _Walker.coalesce,
    exp.Least: _Walker.least,
    exp.Greatest: _Walker.greatest,
    exp.Round: _Walker.round,
    exp.Floor: _Walker.floor,
    exp.Ceil: _Walker.ceil,
    exp.Abs: _Walker.absolute,
    **dict.fromkeys(_COMPARISONS, _Walker.comparison),
    **dict.fromkeys(_OPERATORS, _Walker.binary),
}

NODES = frozenset(_METHODS)
"""The constructs of the language, as sqlglot's classes."""

# What a node may carry. `typed`, `safe`, `ignore_nulls` only say what dialect it came from.
_ARGUMENTS: dict[type[exp.Expression], frozenset[str]] = {
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
    exp.Coalesce: frozenset({"this", "expressions"}),
    exp.Least: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Greatest: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Round: frozenset({"this", "decimals"}),
}
_TWO = frozenset({"this", "expression"})


def _check_arguments(node: exp.Expression, offset: int) -> None:
    known = _ARGUMENTS.get(type(node), _TWO)
    for name, value in node.args.items():
        if name not in known and value not in (None, False, []):
            raise SqlError(f"this form of {_called(node)} is not part of the language", offset)


def _offset(node: exp.Expression, last: int = 0) -> int:
    """Where the node begins: at its leftmost part that remembers its place, else where we were."""
    part: object = node
    while isinstance(part, exp.Expression):
        start = part.meta.get("start") if part._meta else None
        if isinstance(start, int):
            return start
        part = part.args.get("this")
    return min(_starts(node), default=last)


def _starts(node: exp.Expression) -> Iterator[int]:
    for part in node.walk():
        start = part.meta.get("start") if part._meta else None
        if isinstance(start, int):
            yield start


def _called(node: exp.Expression) -> str:
    if isinstance(node, exp.Func):
        return node.sql_name()
    names = {exp.Column: "this name", exp.Tuple: "a list", exp.Star: "*", exp.In: "IN"}
    return names.get(type(node), "what stands here")
