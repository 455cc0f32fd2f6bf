"""The small values of a program file: how each is written, and what it is once read.

Each type here is an annotated Python type: a reader that turns what the file holds into the value
or says in a sentence what was expected, and the JSON Schema of the written form. Readers also take
the value itself, so that programs can be built in code.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from banyan.engine.language.findings import did_you_mean, nearest, one_of, shown
from banyan.engine.language.source import Written
from banyan.kernel import money, times
from banyan.kernel.errors import Problem

MAX_NUMBER = 10**12
MAX_DECIMALS = 12
MAX_ENTRIES = 1_000

_PLAIN = re.compile(r"[-+]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][-+]?[0-9]{1,2})?")


def refuse(sentence: str | Callable[[], str], *parts: str | int) -> NoReturn:
    """Ends a reader with a sentence; `parts` lead on from the value to the key that is meant,
    `..` one level up.

    A sentence that is costly to make (the nearest of many words) comes as a function: of a
    thousand faults only the first hundred are told.
    """
    raise PydanticCustomError("said", "refused", {"sentence": sentence, "parts": list(parts)})


def kind_of(value: object) -> str:
    """What a value of the file is, for `expected …, found …`."""
    if isinstance(value, Written):
        if value.kind == "nothing":
            return "nothing"
        text = shown(value.text)[1:-1]
        return f"the number {text}" if value.kind == "number" else text
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else shown(str(value))


def read_number(value: object) -> Decimal:
    """An exact decimal: at most 10^12 in size, at most 12 decimals."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
    elif isinstance(value, Written) and value.kind == "number":
        if len(value.text) > 80:
            refuse(f"this number has {len(value.text)} digits; at most 10^12 is possible")
        if not _PLAIN.fullmatch(value.text):
            refuse(f"expected a decimal number such as 20.00, found {value.text}")
        number = Decimal(value.text)
    elif isinstance(value, str) and _PLAIN.fullmatch(value):
        refuse(f"expected a number, found the text {shown(value)}; remove the quotes")
    else:
        refuse(f"expected a number, found {kind_of(value)}")
    if abs(number) > MAX_NUMBER:
        refuse("a number may be at most 10^12 in size")
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_DECIMALS:
        refuse(f"a number may have at most {MAX_DECIMALS} decimals")
    # Without exponent, so that 1e3 prints as 1000; and 20.00 keeps its zeros.
    return Decimal(f"{number:f}")


def read_whole(value: object) -> int:
    """A whole number."""
    if isinstance(value, Written | int | Decimal):
        number = read_number(value)
        if number == number.to_integral_value():
            return int(number)
        refuse(f"expected a whole number, found {number}")
    refuse(f"expected a whole number, found {kind_of(value)}")


def read_text(value: object) -> str:
    """Text; a number or YAML word without quotes is not text."""
    if isinstance(value, str):
        return value
    if isinstance(value, Written) and value.kind != "nothing":
        refuse(f'expected text, found {kind_of(value)}; to mean the text, write "{value.text}"')
    refuse(f"expected text, found {kind_of(value)}")


def read_sql(value: object) -> str:
    """The text of an expression; TRUE, NULL and a number are expressions too."""
    if isinstance(value, Written) and value.kind != "nothing":
        return value.text
    if isinstance(value, str) and not value.strip():
        refuse("expected a condition or expression in SQL, found nothing")
    return read_text(value)


def read_flag(value: object) -> bool:
    """true or false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Written) and value.kind == "boolean":
        return value.text.lower() == "true"
    refuse(f"expected true or false, found {kind_of(value)}")


def read_duration(value: object) -> int:
    """Microseconds of `14d`; a bare 0 needs no unit."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Written) and value.kind == "number":
        if value.text == "0":
            return 0
        if value.text.startswith("-"):
            refuse(f"a span cannot be negative, found {shown(value.text)[1:-1]}")
        refuse(f"a span needs a unit (d, h, m or s), such as {shown(value.text)[1:-1]}d")
    return _said(times.duration_us, read_text(value))


def read_percent(value: object) -> Decimal:
    """`10%` or, where the language has a bare number, 10."""
    if isinstance(value, str) and value.endswith("%"):
        return read_number(Written(value[:-1].strip(), "number"))
    return read_number(value)


def read_growth(value: object) -> Decimal:
    """`10%`; a bare number would leave open whether 10 means ten percent or ten times."""
    if isinstance(value, Written) and value.kind == "number":
        refuse(f"expected a percentage such as 10%, found the number {shown(value.text)[1:-1]}")
    if isinstance(value, str) and not value.endswith("%"):
        refuse(f"expected a percentage such as 10%, found {shown(value)}")
    return read_percent(value)


def read_moment(value: object) -> str:
    """A date or an RFC 3339 date-time, kept as written: its meaning needs the time zone."""
    text = read_text(value)
    _said(lambda moment: times.moment_us(moment, "UTC"), text)
    return text


def read_currency(value: object) -> str:
    """An ISO 4217 code."""
    code = read_text(value)
    if code not in money.MINOR_DIGITS:
        near = nearest(code, money.MINOR_DIGITS, cutoff=0.9)
        mend = f"did you mean {near}?" if near else "such as USD or CNY"
        refuse(f"{shown(code)} is no ISO 4217 currency code; {mend}")
    return code


def read_timezone(value: object) -> str:
    """An IANA time zone."""
    name = read_text(value)
    if name not in times.zone_names():
        near = nearest(name, times.zone_names())
        mend = f"did you mean {near}?" if near else "such as UTC or Asia/Shanghai"
        refuse(f"{shown(name)} is no IANA time zone; {mend}")
    return name


def read_seed_hash(value: object) -> str:
    """64 hexadecimal digits, in lower case; YAML may take them for a number."""
    text = value.text if isinstance(value, Written) else read_text(value)
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        refuse("expected the SHA-256 of the seed: 64 hexadecimal digits")
    return text.lower()


def read_slug(value: object) -> str:
    """The name of a program."""
    text = read_text(value)
    if not re.fullmatch(r"[a-z0-9-]{1,64}", text):
        refuse(f"expected 1 to 64 characters of a-z, 0-9 and -, found {shown(text)}")
    return text


def read_name(value: object) -> str:
    """The name of a milestone, reward, experiment, property or rule; it becomes part of ids."""
    text = read_text(value)
    if not re.fullmatch(r"[^\s/|\x00-\x1f](?:[^/|\x00-\x1f\x7f\u2028\u2029]{0,62}[^\s/|])?", text):
        refuse(
            "a name has 1 to 64 characters, no / or |, and no space at its ends; "
            f"found {shown(text)}"
        )
    return text


def read_give(value: object) -> str:
    """What is given: a unit, for coupons, gifts, perks and badges with its reference."""
    return _with_reference(read_text(value), GIVES, GIVES_WITH_REFERENCE)


def read_to(value: object) -> str:
    """Who gets it."""
    return _with_reference(read_text(value), TOS, TOS_WITH_REFERENCE)


GIVES = ("cash", "credit", "points")
GIVES_WITH_REFERENCE = {"coupon": "REF", "gift": "REF", "perk": "NAME", "badge": "NAME"}
TOS = ("advocate", "friend", "upline", "self")
TOS_WITH_REFERENCE = {"charity": "NAME"}
_REFERENCE = r"[^\s:/|\x00-\x1f]{1,64}"


def _with_reference(text: str, bare: tuple[str, ...], named: dict[str, str]) -> str:
    head, colon, reference = text.partition(":")
    if (not colon and head in bare) or (
        head in named and colon and re.fullmatch(_REFERENCE, reference)
    ):
        return text
    if head in named:
        what = f"{head}:{named[head]}"
        refuse(
            f"expected {what} with a name of 1 to 64 characters without spaces, : / and |, "
            f"found {shown(text)}"
        )
    known = [*bare, *(f"{word}:{tail}" for word, tail in named.items())]
    if head in bare:
        refuse(f"{head} takes no name after a colon; write {head}")

    def told() -> str:
        near = did_you_mean(head, [*bare, *named])
        mend = near if near.startswith("did") else f"expected {one_of(known)}"
        return f"{shown(text)} is not known; {mend}"

    refuse(told)


def _said(read: Callable[[str], int], text: str) -> int:
    try:
        return read(text)
    except Problem as problem:
        refuse(problem.sentence)


def _at_least(least: int | Decimal, *, above: bool = False) -> AfterValidator:
    def check(number: Any) -> Any:
        if number < least or (above and number == least):
            refuse(f"expected a number {'above' if above else 'of at least'} {least}")
        return number

    return AfterValidator(check)


def _not_too_many(value: Any) -> Any:
    if isinstance(value, dict | list) and len(value) > MAX_ENTRIES:
        refuse(f"expected at most {MAX_ENTRIES:,} entries, found {len(value):,}")
    return value


FEW = BeforeValidator(_not_too_many)
"""For what is read with more care than a table: keeps any file checkable within a second."""


def choice(*words: str) -> BeforeValidator:
    """A reader for one of a few words; an unknown one is answered with the nearest."""

    def read(value: object) -> str:
        text = read_text(value)
        if text not in words:
            refuse(lambda: told(text))
        return text

    def told(text: str) -> str:
        near = did_you_mean(text, words)
        known = f" (known: {one_of(words)})" if near.startswith("did") else ""
        return f"{shown(text)} is not known; {near}{known}"

    return BeforeValidator(read)


_NUMBER_SCHEMA = {"type": "number"}
_WHOLE = {"type": "integer"}

Number = Annotated[Decimal, BeforeValidator(read_number), WithJsonSchema(_NUMBER_SCHEMA)]
NotNegative = Annotated[
    Decimal,
    BeforeValidator(read_number),
    _at_least(0),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
Positive = Annotated[
    Decimal,
    BeforeValidator(read_number),
    _at_least(0, above=True),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
Count = Annotated[
    int,
    BeforeValidator(read_whole),
    _at_least(1),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]
CountOrNone = Annotated[
    int,
    BeforeValidator(read_whole),
    _at_least(0),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]
Text = Annotated[str, BeforeValidator(read_text), WithJsonSchema({"type": "string"})]
Flag = Annotated[bool, BeforeValidator(read_flag), WithJsonSchema({"type": "boolean"})]
Sql = Annotated[
    str,
    BeforeValidator(read_sql),
    WithJsonSchema({"type": ["string", "boolean", "number"], "maxLength": 2000}),
]
Duration = Annotated[
    int,
    BeforeValidator(read_duration),
    _at_least(0),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^[0-9]{1,12}[smhd]$"}, {"const": 0}]}),
]
_PERCENT_TEXT = {"type": "string", "pattern": r"^[-+]?[0-9]+(\.[0-9]+)? *%$"}
PercentNumber = Annotated[
    Decimal,
    BeforeValidator(read_percent),
    _at_least(0),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, _PERCENT_TEXT]}),
]
Growth = Annotated[Decimal, BeforeValidator(read_growth), WithJsonSchema(_PERCENT_TEXT)]
Moment = Annotated[
    str,
    BeforeValidator(read_moment),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}"
            r"([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?$",
        }
    ),
]
Currency = Annotated[
    str,
    BeforeValidator(read_currency),
    WithJsonSchema({"type": "string", "enum": sorted(money.MINOR_DIGITS)}),
]
Timezone = Annotated[str, BeforeValidator(read_timezone), WithJsonSchema({"type": "string"})]
SeedHash = Annotated[
    str,
    BeforeValidator(read_seed_hash),
    WithJsonSchema({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}),
]
Slug = Annotated[
    str,
    BeforeValidator(read_slug),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}),
]
Name = Annotated[
    str,
    BeforeValidator(read_name),
    WithJsonSchema({"type": "string", "pattern": r"^[^\s/|]([^/|]{0,62}[^\s/|])?$"}),
]
_TAIL = r"[^\s:/|]{1,64}"
Give = Annotated[
    str,
    BeforeValidator(read_give),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(GIVES)},
                {
                    "type": "string",
                    "pattern": f"^({'|'.join(GIVES_WITH_REFERENCE)}):{_TAIL}$",
                },
            ]
        }
    ),
]
To = Annotated[
    str,
    BeforeValidator(read_to),
    WithJsonSchema(
        {"anyOf": [{"enum": list(TOS)}, {"type": "string", "pattern": f"^charity:{_TAIL}$"}]}
    ),
]
Per = Annotated[
    Literal["advocate", "friend", "beneficiary", "program"],
    choice("advocate", "friend", "beneficiary", "program"),
]
Period = Annotated[
    Literal["day", "week", "month", "quarter", "year"],
    choice("day", "week", "month", "quarter", "year"),
]
Side = Annotated[Literal["advocate", "friend"], choice("advocate", "friend")]
