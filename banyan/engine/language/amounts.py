"""How much a reward is: the six forms of an amount."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from banyan.engine.language.findings import did_you_mean
from banyan.engine.language.written import (
    MAX_NUMBER,
    Count,
    Give,
    Growth,
    Name,
    NotNegative,
    Number,
    PercentNumber,
    Positive,
    Sql,
    Text,
    kind_of,
    refuse,
)

MAX_STEPS = 1_000
_MOST_MILLIONTHS = MAX_NUMBER * 10**6


class Part(BaseModel):
    """A part of a program: frozen, and nothing in it that is not named here."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True
    )


class Fixed(Part):
    """The same amount each time, in units of the currency or counts."""

    value: NotNegative

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "number", "minimum": 0, "description": _first_line(cls)}


class Percent(Part):
    """A share of a number of the event."""

    percent: PercentNumber
    """How many percent: 5 or 5%."""
    of: Name
    """The property or fact it is a share of, such as total."""
    min: NotNegative | None = None
    """Not less than this; no amount stays no amount."""
    max: NotNegative | None = None
    """Not more than this."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            refuse(f"min {self.min} is above max {self.max}", "min")
        return self


class Ladder(Part):
    """Rises with every success of the same beneficiary, up to a last step."""

    first: NotNegative
    """The amount for the first success."""
    grow: Growth | None = None
    """Each step is this much more than the one before: 10%. Either this or add."""
    add: Number | None = None
    """Each step is this much more than the one before, in units. Either this or grow."""
    steps: Count
    """The number of steps; later successes stay at the last one."""

    @model_validator(mode="after")
    def _one_rise(self) -> Self:
        if (self.grow is None) == (self.add is None):
            refuse("a ladder rises by exactly one of grow and add")
        if self.grow is not None and self.grow < -100:
            refuse("a step cannot shrink by more than 100%", "grow")
        if self.steps > MAX_STEPS:
            refuse(f"a ladder has at most {MAX_STEPS:,} steps", "steps")
        if max(map(abs, _steps_millionths(self))) > _MOST_MILLIONTHS:
            refuse("a step of this ladder is beyond 10^12; take fewer steps or a smaller rise")
        return self

    def steps_exact(self) -> tuple[Decimal, ...]:
        """The amount of each step, computed exactly, then rounded once to 6 decimals, half away
        from zero: first × (1 + grow)^(nth-1), or first + add × (nth-1)."""
        return tuple(Decimal(step).scaleb(-6) for step in _steps_millionths(self))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        inner = handler.resolve_ref_schema(handler(schema))
        inner["oneOf"] = [{"required": ["grow"]}, {"required": ["add"]}]
        return {
            "type": "object",
            "description": _first_line(cls),
            "properties": {"ladder": inner},
            "required": ["ladder"],
            "additionalProperties": False,
        }


class ByTable(Part):
    """Looked up in a table by a property, a fact or an experiment's variant."""

    by: Name
    """The property, fact or experiment; values compare as text."""
    table: dict[Text, Number]
    """The amount for each value."""
    else_: Number = Field(default=Decimal(0), alias="else")
    """The amount for every other value."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.table:
            refuse("the table is empty; give an amount for at least one value", "table")
        return self


class SqlAmount(Part):
    """Computed by an SQL expression over properties, facts and nth."""

    sql: Sql
    """An expression that gives a number, such as CASE WHEN nth = 1 THEN 10 ELSE 5 END."""


class Prize(Part):
    """One prize of a draw."""

    give: Give
    """What is won."""
    amount: NotNegative
    """How much of it."""
    weight: Positive
    """The chance of this prize in proportion to the other weights."""


class Draw(Part):
    """One prize drawn by lot; the seed's hash is published beforehand."""

    draw: Annotated[tuple[Prize, ...], Field(min_length=1)]
    """The prizes."""
    chance: Positive = Decimal(1)
    """The chance to win anything at all, above 0 and at most 1."""

    @model_validator(mode="after")
    def _a_chance(self) -> Self:
        if self.chance > 1:
            refuse("a chance is above 0 and at most 1; 10% is 0.1", "chance")
        return self


FORMS = {
    "percent": Percent,
    "ladder": Ladder,
    "by": ByTable,
    "table": ByTable,
    "sql": SqlAmount,
    "draw": Draw,
}
"""The key by which each form is known."""


def _form(value: Any) -> str | None:
    """The tag of the form a written amount has."""
    if isinstance(value, Part):
        return next(tag for tag, form in _TAGS.items() if isinstance(value, form))
    if isinstance(value, dict):
        return next((_TAG_OF[FORMS[key]] for key in FORMS if key in value), "amount:unknown")
    return "amount:number"


def _read_fixed(value: Any) -> Any:
    return value if isinstance(value, Fixed) else {"value": value}


def _read_ladder(value: Any) -> Any:
    if isinstance(value, Ladder):
        return value
    for key in value:
        if key != "ladder":
            refuse(f"{key} stands beside ladder; a ladder's keys stand inside it", "..", key)
    return value["ladder"]


def _read_unknown(value: Any) -> Any:
    word = next(iter(value), "")
    near = did_you_mean(word, FORMS) if word else ""
    mend = f"; {near}" if near.startswith("did") else ""
    refuse(
        "expected a number, or a mapping with percent, ladder, by and table, sql or draw"
        f", found {kind_of(value) if not word else f'a mapping with {word}'}{mend}"
    )


_TAGS = {
    "amount:number": Fixed,
    "amount:percent": Percent,
    "amount:ladder": Ladder,
    "amount:table": ByTable,
    "amount:sql": SqlAmount,
    "amount:draw": Draw,
}
FORM_OF_TAG: dict[str | int, str] = {
    **dict.fromkeys((*_TAGS, "amount:unknown"), ""),
    "amount:ladder": "ladder",
}
"""What a tag in Pydantic's locations stands for in the file: a key, or nothing."""

_TAG_OF = {form: tag for tag, form in _TAGS.items()}

_Unknown = Annotated[Fixed, BeforeValidator(_read_unknown)]

Amount = Annotated[
    Annotated[Fixed, BeforeValidator(_read_fixed), Tag("amount:number")]
    | Annotated[Percent, Tag("amount:percent")]
    | Annotated[Ladder, BeforeValidator(_read_ladder), Tag("amount:ladder")]
    | Annotated[ByTable, Tag("amount:table")]
    | Annotated[SqlAmount, Tag("amount:sql")]
    | Annotated[Draw, Tag("amount:draw")]
    | Annotated[_Unknown, Tag("amount:unknown")],
    Discriminator(_form),
]
"""What stands at `amount`."""


def _steps_millionths(ladder: Ladder) -> list[int]:
    """Every step in millionths. Fractions stay unreduced: their numbers only grow by a constant
    number of digits a step, while reducing them would cost more than it saves."""
    numerator, denominator = ladder.first.as_integer_ratio()
    if ladder.add is not None:
        by, over = ladder.add.as_integer_ratio()
        steps = [
            (numerator * over + by * denominator * number, denominator * over)
            for number in range(ladder.steps)
        ]
        return [_rounded(top * 10**6, bottom) for top, bottom in steps]
    by, over = (1 + (ladder.grow or Decimal(0)) / 100).as_integer_ratio()
    result = []
    for _ in range(ladder.steps):
        result.append(_rounded(numerator * 10**6, denominator))
        if result[-1] > _MOST_MILLIONTHS:
            break  # refused already; the steps behind it would only be larger
        numerator, denominator = numerator * by, denominator * over
    return result


def _rounded(top: int, bottom: int) -> int:
    """top / bottom, rounded half away from zero; bottom is above 0."""
    size = (2 * abs(top) + bottom) // (2 * bottom)
    return size if top >= 0 else -size


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().split("\n")[0]
