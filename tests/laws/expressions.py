"""Small well-typed SQL over given names: conditions and amounts as programs write them.

A compound part always stands in parentheses, but for AND beside OR, * beside + and NOT before a
test, where the precedence is beyond dispute. Sizes stay small: products are by small constants and
quotients are of single names, so that no result comes near what 38 digits hold.
"""

from collections.abc import Mapping, Sequence

from tests.laws.dice import Dice

Names = Mapping[str, str]  # name -> number | text | boolean

NUMBERS = ("0", "1", "2", "3", "10", "0.5", "19.99", "50", "-1", "0.000000000001")
FACTORS = ("2", "0.5", "10", "-1", "0.1", "0.333333333333")
TEXTS = ("'pro'", "'basic'", "'gold'", "'Z'", "'é'", "'it''s'", "''", "',vip,'")
PATTERNS = ("'%o%'", "'p_o'", "'%'", "'_%'", "'PRO%'", "'%,vip,%'", "'b.sic'")
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")

NUMBER_FORMS = (
    "{atom}",
    "({inner} + {inner})",
    "({inner} - {inner})",
    "({inner} * {factor})",
    "({atom} + {atom} * {factor})",
    "({atom} / {atom})",
    "ROUND({inner})",
    "ROUND({inner}, {digits})",
    "FLOOR({inner})",
    "CEIL({inner})",
    "ABS({inner})",
    "LEAST({inner}, {atom})",
    "GREATEST({inner}, {atom})",
    "COALESCE({inner}, {atom})",
    "(CASE WHEN {test} THEN {inner} ELSE {atom} END)",
    "(CASE WHEN {test} THEN {inner} END)",
    "(CASE WHEN {test} THEN NULL ELSE {inner} END)",
)
NUMBER_TESTS = (
    "{atom} {compares} {literal}",
    "{atom} {compares} {literal}",
    "{number} {compares} {atom}",
    "{atom} {member} ({literal}, {literal})",
    "{atom} {member} ({literal}, NULL)",
    "{number} BETWEEN {literal} AND {atom}",
    "{atom} NOT BETWEEN {literal} AND {literal}",
    "{number} {null}",
)
TRUTH_TESTS = ("{truth}", "{truth} = TRUE", "{truth} <> TRUE", "COALESCE({truth}, FALSE)")
TEXT_TESTS = (
    "{column} {compares} {text}",
    "{column} LIKE {pattern}",
    "{column} NOT LIKE {pattern}",
    "{column} {member} ({text}, {text})",
    "{column} {null}",
    "COALESCE({column}, {text}) = {text}",
    "(CASE {column} WHEN {text} THEN TRUE ELSE FALSE END)",
)
COMPOUNDS = (
    "{simple}",
    "{simple}",
    "({part} AND {part})",
    "({part} OR {part})",
    "({simple} OR {simple} AND {simple})",
    "NOT {simple}",
    "(NOT ({part}))",
)


def make_condition(dice: Dice, names: Names) -> str:
    """Make a condition over the names."""
    return Maker(dice, names, depth=2).condition


def make_number(dice: Dice, names: Names) -> str:
    """Make a number expression over the names."""
    return Maker(dice, names, depth=2).number


class Maker:
    """Fills templates: a field is a property's name, worked out anew for each occurrence."""

    def __init__(self, dice: Dice, names: Names, depth: int) -> None:
        self.dice, self.names, self.depth = dice, names, depth

    def __getitem__(self, part: str) -> str:
        made: str = getattr(self, part)
        return made

    def fill(self, templates: Sequence[str]) -> str:
        return self.dice.pick(templates).format_map(self)

    def column_of(self, kind: str) -> str:
        return self.dice.pick([name for name, of in self.names.items() if of == kind])

    @property
    def condition(self) -> str:
        return self.fill(COMPOUNDS) if self.depth else self.simple

    @property
    def part(self) -> str:
        return Maker(self.dice, self.names, self.depth - 1).condition

    @property
    def simple(self) -> str:
        tests = [("number", NUMBER_TESTS)] * 2 + [("boolean", TRUTH_TESTS), ("text", TEXT_TESTS)]
        known = set(self.names.values())
        return self.fill(self.dice.pick([test for kind, test in tests if kind in known]))

    @property
    def number(self) -> str:
        return self.fill(NUMBER_FORMS) if self.depth else self.atom

    @property
    def inner(self) -> str:
        return Maker(self.dice, self.names, self.depth - 1).number

    @property
    def test(self) -> str:
        return Maker(self.dice, self.names, 0).simple

    @property
    def atom(self) -> str:
        return self.literal if self.dice.happens(0.3) else self.column_of("number")

    @property
    def truth(self) -> str:
        return self.column_of("boolean")

    @property
    def column(self) -> str:
        return self.column_of("text")

    @property
    def literal(self) -> str:
        return self.dice.pick(NUMBERS)

    @property
    def factor(self) -> str:
        return self.dice.pick(FACTORS)

    @property
    def digits(self) -> str:
        return self.dice.pick(("2", "0", "1", "6"))

    @property
    def text(self) -> str:
        return self.dice.pick(TEXTS)

    @property
    def pattern(self) -> str:
        return self.dice.pick(PATTERNS)

    @property
    def compares(self) -> str:
        return self.dice.pick(COMPARISONS)

    @property
    def member(self) -> str:
        return self.dice.pick(("IN", "NOT IN"))

    @property
    def null(self) -> str:
        return self.dice.pick(("IS NOT NULL", "IS NULL"))
