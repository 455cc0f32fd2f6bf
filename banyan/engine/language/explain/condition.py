"""An SQL expression in words: `total >= 50 AND plan = 'pro'` is “the order total is at least 50 and
plan is “pro””.

One function for each construct that the language admits, found in two tables: what is true or
false, and what has a value. A test compares the tables with the language's own list, so neither can
grow alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from banyan.engine.language.explain.facts import Names
from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.names import Kind, Place, columns
from banyan.engine.language.program import Program
from banyan.engine.language.sql import parse_sql

# How tightly a text holds together; a looser one is put in brackets inside a tighter one.
ATOM, PRODUCT, SUM, PHRASE = 4, 3, 2, 1


ALWAYS = sentence("always")


@dataclass(frozen=True)
class Phrase:
    """Voice for a value, and how tightly they hold together."""

    text: str
    tightness: int = ATOM


def expressions(
    voice: Voice,
    program: Program,
    place: Place,
    *,
    event: str | None = None,
    to_reader: bool = False,
) -> "Expressions":
    """Ready to put into words what stands at one place of the program; `event` is the event it is
    about; `to_reader`: said to the person it is about."""
    names = Names(voice, program, place, event=event, to_reader=to_reader)
    return Expressions(voice, names, columns(program, place))


class Expressions:
    """Puts expressions into words that use the same names."""

    def __init__(self, voice: Voice, names: Names, columns: Mapping[str, Kind]) -> None:
        self._voice = voice
        self._names = names
        self._columns = columns

    def condition(self, text: str) -> str:
        """What must be so for the condition to hold."""
        return self._holds(self.tree(text))

    def value(self, text: str) -> str:
        """What the expression is worth."""
        return self._value(self.tree(text)).text

    def tree(self, text: str) -> exp.Expression:
        """The expression as the language reads it."""
        return parse_sql(text, self._columns)

    def _holds(self, tree: exp.Expression, *, holds: bool = True) -> str:
        """What must be so for the expression to be true (or, with `holds=False`, to be false).

        SQL's third value needs no words of its own here: NOT (a < b) and a >= b are unknown for the
        same rows.
        """
        say = CONDITIONS.get(type(tree))
        if say is not None:
            return say(self, tree, holds)
        value = self._value(tree)
        return self._voice.say(
            sentence("this is true: {value}") if holds else sentence("this is false: {value}"),
            value=value.text,
        )

    def _value(self, tree: exp.Expression) -> Phrase:
        say = VALUES.get(type(tree))
        if say is not None:
            return say(self, tree)
        if type(tree) in CONDITIONS:
            return Phrase(
                self._voice.say("whether {condition}", condition=self._holds(tree)), PHRASE
            )
        raise AssertionError(f"an expression without words: {type(tree).__name__}")

    # Conditions.

    def _and_or(self, tree: exp.Expression, holds: bool) -> str:
        # De Morgan: what makes “a and b” false is “not a or not b”.
        both = isinstance(tree, exp.And) == holds
        parts = []
        for part in _flat(tree, type(tree)):
            text = self._holds(part, holds=holds)
            inner = _bare(part)
            mixed = isinstance(inner, exp.And | exp.Or) or (
                isinstance(inner, exp.Not) and isinstance(_bare(inner.this), exp.And | exp.Or)
            )
            parts.append(self._voice.say("({inner})", inner=text) if mixed else text)
        joint = sentence("{first} and {second}") if both else sentence("{first} or {second}")
        text = parts[0]
        for more in parts[1:]:
            text = self._voice.say(joint, first=text, second=more)
        return text

    def _not(self, tree: exp.Expression, holds: bool) -> str:
        return self._holds(tree.this, holds=not holds)

    def _inner_condition(self, tree: exp.Expression, holds: bool) -> str:
        return self._holds(tree.this, holds=holds)

    def _comparison(self, tree: exp.Expression, holds: bool) -> str:
        left, right = _bare(tree.this), _bare(tree.expression)
        kind: type[exp.Expression] = type(tree)
        if not holds:
            kind = _OPPOSITE[kind]
        if _is_nth(right) and not _is_nth(left):
            left, right, kind = right, left, _MIRRORED[kind]
        for side, other in ((left, right), (right, left)):
            # `email_confirmed = TRUE` says no more than `email_confirmed`.
            if isinstance(other, exp.Boolean) and kind in (exp.EQ, exp.NEQ):
                return self._holds(side, holds=(kind is exp.EQ) == bool(other.this))
        if _is_nth(left) and (count := _whole(right)) is not None and count >= 1:
            return self._times(kind, count)
        return self._voice.say(
            _COMPARISONS[kind], left=self._value(left).text, right=self._value(right).text
        )

    def _times(self, kind: type[exp.Expression], count: int) -> str:
        voice = self._voice
        if kind in (exp.LT, exp.GTE):
            # The two that are said of the number before.
            count, kind = count - 1, exp.LTE if kind is exp.LT else exp.GT
        if kind is exp.LTE:
            if count == 1:
                return voice.say("it is the first time")
            return voice.say("it is one of the first {n} times", n=voice.number(count))
        if kind is exp.GT:
            return voice.say("it is the {nth} time or a later one", nth=voice.ordinal(count + 1))
        nth = voice.ordinal(count)
        if kind is exp.NEQ:
            return voice.say("it is not the {nth} time", nth=nth)
        return voice.say("it is the {nth} time", nth=nth)

    def _in(self, tree: exp.Expression, holds: bool) -> str:
        voice, options = self._voice, tree.expressions
        subject = _bare(tree.this)
        if _is_nth(subject) and all(_whole(option) is not None for option in options):
            nths = [voice.ordinal(_whole(option) or 0) for option in options]
            return voice.say(
                sentence("it is the {nths} time")
                if holds
                else sentence("it is not the {nths} time"),
                nths=voice.either(nths),
            )
        listed = voice.either(self._value(option).text for option in options)
        if len(options) == 1:
            alone = sentence("{left} is {right}") if holds else sentence("{left} is not {right}")
            return voice.say(alone, left=self._value(subject).text, right=listed)
        several = (
            sentence("{value} is one of {options}")
            if holds
            else sentence("{value} is not one of {options}")
        )
        return voice.say(several, value=self._value(subject).text, options=listed)

    def _between(self, tree: exp.Expression, holds: bool) -> str:
        return self._voice.say(
            sentence("{value} is between {low} and {high}, both included")
            if holds
            else sentence("{value} is below {low} or above {high}"),
            value=self._value(tree.this).text,
            low=self._value(tree.args["low"]).text,
            high=self._value(tree.args["high"]).text,
        )

    def _like(self, tree: exp.Expression, holds: bool) -> str:
        voice, subject = self._voice, _bare(tree.this)
        # The parser keeps NOT LIKE as a flag.
        holds = holds != bool(tree.args.get("negate"))
        written = _bare(tree.expression)
        if isinstance(written, exp.Null):
            return voice.say("never")
        pattern = written.name
        tag = _tag(pattern) if isinstance(subject, exp.Column) else None
        told = None if tag is None else self._names.tagged(subject.name, tag, holds=holds)
        if told is not None:
            return told
        yes, no, core = _matching(pattern)
        return voice.say(
            yes if holds else no, value=self._value(subject).text, pattern=voice.quote(core)
        )

    def _is_null(self, tree: exp.Expression, holds: bool) -> str:
        inner = _bare(tree.this)
        if type(inner) in CONDITIONS and not isinstance(inner, exp.Column):
            return self._voice.say(
                sentence("it is not known whether {condition}")
                if holds
                else sentence("it is known whether {condition}"),
                condition=self._holds(inner),
            )
        return self._voice.say(
            sentence("{value} is missing") if holds else sentence("{value} is present"),
            value=self._value(inner).text,
        )

    def _named_condition(self, tree: exp.Expression, holds: bool) -> str:
        sign = self._names.sign(tree.name, holds=holds)
        if sign is not None:
            return sign
        return self._voice.say(
            sentence("{value} is true") if holds else sentence("{value} is false"),
            value=self._names.value(tree.name),
        )

    def _truth(self, tree: exp.Expression, holds: bool) -> str:
        return self._voice.say(ALWAYS if bool(tree.this) == holds else sentence("never"))

    # Values.

    def _name(self, tree: exp.Expression) -> Phrase:
        if (sign := self._names.sign(tree.name, holds=True)) is not None:
            return Phrase(self._voice.say("whether {condition}", condition=sign), PHRASE)
        return Phrase(self._names.value(tree.name))

    def _literal(self, tree: exp.Expression) -> Phrase:
        if tree.is_string:
            text = self._voice.quote(tree.this) if tree.this else self._voice.say("an empty text")
            return Phrase(text)
        return Phrase(self._voice.number(Decimal(tree.this)))

    def _truth_value(self, tree: exp.Expression) -> Phrase:
        return Phrase(self._voice.say(sentence("true") if tree.this else sentence("false")))

    def _nothing(self, tree: exp.Expression) -> Phrase:
        return Phrase(self._voice.say("nothing"))

    def _inner_value(self, tree: exp.Expression) -> Phrase:
        return self._value(tree.this)

    def _negative(self, tree: exp.Expression) -> Phrase:
        return Phrase(f"−{self._inside(tree.this, ATOM)}", PRODUCT)

    def _arithmetic(self, tree: exp.Expression) -> Phrase:
        sign, tightness = _ARITHMETIC[type(tree)]
        # a − (b − c) and a ÷ (b ÷ c) need their brackets, a + b + c does not.
        firmer = tightness + (1 if isinstance(tree, exp.Sub | exp.Div) else 0)
        left, right = self._inside(tree.this, tightness), self._inside(tree.expression, firmer)
        return Phrase(f"{left} {sign} {right}", tightness)

    def _inside(self, tree: exp.Expression, tightness: int) -> str:
        phrase = self._value(tree)
        if phrase.tightness >= tightness:
            return phrase.text
        return self._voice.say("({inner})", inner=phrase.text)

    def _coalesce(self, tree: exp.Expression) -> Phrase:
        text, *others = [self._value(part).text for part in (tree.this, *tree.expressions)]
        for other in others:
            text = self._voice.say(
                "{value} (or {other} if that is missing)", value=text, other=other
            )
        return Phrase(text)

    def _least(self, tree: exp.Expression) -> Phrase:
        of_two = sentence("the smaller of ({values})")
        return self._chosen(tree, of_two, sentence("the smallest of ({values})"))

    def _greatest(self, tree: exp.Expression) -> Phrase:
        of_two = sentence("the larger of ({values})")
        return self._chosen(tree, of_two, sentence("the largest of ({values})"))

    def _chosen(self, tree: exp.Expression, of_two: str, of_more: str) -> Phrase:
        texts = [self._value(part).text for part in (tree.this, *tree.expressions)]
        which = of_two if len(texts) == 2 else of_more
        return Phrase(self._voice.say(which, values=self._voice.chain(texts)))

    def _round(self, tree: exp.Expression) -> Phrase:
        decimals = tree.args.get("decimals")
        inner = self._inside(tree.this, SUM)
        places = 0 if decimals is None else _signed(decimals)
        if places == 0:
            text = self._voice.say("{value}, rounded to a whole number", value=inner)
        elif places > 0:
            text = self._voice.say_many(
                "{value}, rounded to {n} decimal",
                "{value}, rounded to {n} decimals",
                places,
                value=inner,
            )
        else:
            step = self._voice.number(10**-places)
            text = self._voice.say(
                "{value}, rounded to a multiple of {step}", value=inner, step=step
            )
        return Phrase(text, PHRASE)

    def _floor(self, tree: exp.Expression) -> Phrase:
        return self._adjusted(tree, sentence("{value}, rounded down to a whole number"))

    def _ceil(self, tree: exp.Expression) -> Phrase:
        return self._adjusted(tree, sentence("{value}, rounded up to a whole number"))

    def _abs(self, tree: exp.Expression) -> Phrase:
        return self._adjusted(tree, sentence("the size of {value} without its sign"))

    def _adjusted(self, tree: exp.Expression, how: str) -> Phrase:
        return Phrase(self._voice.say(how, value=self._inside(tree.this, SUM)), PHRASE)

    def _case(self, tree: exp.Expression) -> Phrase:
        voice, operand = self._voice, tree.this
        branches = []
        for branch in tree.args["ifs"]:
            asked = branch.this if operand is None else exp.EQ(this=operand, expression=branch.this)
            branches.append(
                voice.say(
                    "{value} if {condition}",
                    value=self._value(branch.args["true"]).text,
                    condition=self._holds(asked),
                )
            )
        default = tree.args.get("default")
        last = self._value(default).text if default is not None else voice.say("nothing")
        branches.append(voice.say("{value} in all other cases", value=last))
        return Phrase(voice.chain(branches), PHRASE)


def _flat(tree: exp.Expression, kind: type[exp.Expression]) -> Iterator[exp.Expression]:
    """The parts of a AND b AND c, brackets aside, however they are nested."""
    pending = [tree]
    while pending:
        part = _bare(pending.pop())
        if type(part) is kind:
            pending += [part.expression, part.this]
        else:
            yield part


def _bare(tree: exp.Expression) -> exp.Expression:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree


def _is_nth(tree: exp.Expression) -> bool:
    return isinstance(tree, exp.Column) and tree.name == "nth"


def _whole(tree: exp.Expression) -> int | None:
    if not isinstance(tree, exp.Literal) or tree.is_string:
        return None
    number = Decimal(tree.this)
    return int(number) if number == int(number) else None


def _signed(tree: exp.Expression) -> int:
    tree = _bare(tree)
    return -_signed(tree.this) if isinstance(tree, exp.Neg) else int(Decimal(tree.this))


def _tag(pattern: str) -> str | None:
    """VIP of `%,VIP,%`: the way to ask for a tag."""
    core = pattern.removeprefix("%,").removesuffix(",%")
    return core if pattern == f"%,{core},%" and core and not set(core) & set("%_,") else None


def _matching(pattern: str) -> tuple[str, str, str]:
    """(sentence, its contrary, what it speaks of) for the usual patterns."""
    core = pattern.strip("%")
    if not core or set(core) & set("%_"):
        return (
            sentence("{value} matches the pattern {pattern} (% is any text, _ any character)"),
            sentence(
                "{value} does not match the pattern {pattern} (% is any text, _ any character)"
            ),
            pattern,
        )
    shape = (pattern.startswith("%"), pattern.endswith("%"))
    return (*_SHAPES[shape], core)


_SHAPES = {
    (True, True): (
        sentence("{value} contains {pattern}"),
        sentence("{value} does not contain {pattern}"),
    ),
    (False, True): (
        sentence("{value} begins with {pattern}"),
        sentence("{value} does not begin with {pattern}"),
    ),
    (True, False): (
        sentence("{value} ends with {pattern}"),
        sentence("{value} does not end with {pattern}"),
    ),
    (False, False): (
        sentence("{value} is exactly {pattern}"),
        sentence("{value} is not exactly {pattern}"),
    ),
}

_COMPARISONS: Mapping[type[exp.Expression], str] = {
    exp.EQ: sentence("{left} is {right}"),
    exp.NEQ: sentence("{left} is not {right}"),
    exp.GT: sentence("{left} is more than {right}"),
    exp.GTE: sentence("{left} is at least {right}"),
    exp.LT: sentence("{left} is less than {right}"),
    exp.LTE: sentence("{left} is at most {right}"),
}
_OPPOSITE: Mapping[type[exp.Expression], type[exp.Expression]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
}
_MIRRORED: Mapping[type[exp.Expression], type[exp.Expression]] = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.GT: exp.LT,
    exp.LT: exp.GT,
    exp.GTE: exp.LTE,
    exp.LTE: exp.GTE,
}
_ARITHMETIC: Mapping[type[exp.Expression], tuple[str, int]] = {
    exp.Add: ("+", SUM),
    exp.Sub: ("−", SUM),
    exp.Mul: ("×", PRODUCT),
    exp.Div: ("÷", PRODUCT),
}

Say = Callable[[Expressions, exp.Expression, bool], str]
CONDITIONS: Mapping[type[exp.Expression], Say] = {
    exp.And: Expressions._and_or,
    exp.Or: Expressions._and_or,
    exp.Not: Expressions._not,
    exp.Paren: Expressions._inner_condition,
    **dict.fromkeys(_COMPARISONS, Expressions._comparison),
    exp.In: Expressions._in,
    exp.Between: Expressions._between,
    exp.Like: Expressions._like,
    exp.Is: Expressions._is_null,
    exp.Column: Expressions._named_condition,
    exp.Boolean: Expressions._truth,
}
VALUES: Mapping[type[exp.Expression], Callable[[Expressions, exp.Expression], Phrase]] = {
    exp.Paren: Expressions._inner_value,
    exp.Column: Expressions._name,
    exp.Literal: Expressions._literal,
    exp.Boolean: Expressions._truth_value,
    exp.Null: Expressions._nothing,
    exp.Neg: Expressions._negative,
    **dict.fromkeys(_ARITHMETIC, Expressions._arithmetic),
    exp.Coalesce: Expressions._coalesce,
    exp.Least: Expressions._least,
    exp.Greatest: Expressions._greatest,
    exp.Round: Expressions._round,
    exp.Floor: Expressions._floor,
    exp.Ceil: Expressions._ceil,
    exp.Abs: Expressions._abs,
    exp.Case: Expressions._case,
}
