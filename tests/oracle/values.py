"""Values as the log and the program files write them: texts, truths and exact numbers.

Every number here is a `Fraction`: no binary float and no hidden precision anywhere.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

SIZE_LIMIT = 10**12
DECIMALS = 12  # of every number an expression sees or makes

PLAIN_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def half_away(number: Fraction, decimals: int = 0) -> Fraction:
    """Round to so many decimals (also fewer than none), halves away from zero."""
    unit = Fraction(1, 10**decimals) if decimals >= 0 else Fraction(10**-decimals)
    size = abs(number) / unit
    whole = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    return unit * (whole if number >= 0 else -whole)


def exact(number: Any) -> Fraction:
    """A number of a program file; a float stands for the digits that were written."""
    return Fraction(Decimal(repr(number) if isinstance(number, float) else str(number)))


def plain(number: Fraction) -> str:
    """Write a number in its shortest plain form: 20.50 is `20.5`, 1e3 is `1000`."""
    scaled = int(half_away(number, DECIMALS) * 10**DECIMALS)
    whole, rest = divmod(abs(scaled), 10**DECIMALS)
    digits = f"{whole}.{rest:0{DECIMALS}d}".rstrip("0").rstrip(".")
    return f"-{digits}" if scaled < 0 else digits


def is_number(value: Any) -> bool:
    """Whether JSON held a number (a truth is none)."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def as_text(value: Any) -> str | None:
    """Read an id or a text: a number as its plain text; empty or of another kind is missing."""
    if isinstance(value, str):
        return value or None
    if is_number(value):
        digits = format(Decimal(value), "f")
        if "." in digits:
            digits = digits.rstrip("0").rstrip(".")
        return "0" if digits == "-0" else digits
    return None


def written_number(value: Any) -> Decimal | None:
    """Read a number, or the text of a plain decimal, with every digit it was given."""
    if is_number(value):
        return Decimal(value)
    if isinstance(value, str) and PLAIN_DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def is_too_large(value: Any) -> bool:
    """Whether a number property's value is of a size above 10^12."""
    number = written_number(value)
    return number is not None and number.copy_abs() > SIZE_LIMIT


def as_number(value: Any) -> Fraction | None:
    """Read a number property, to 12 decimals; NULL when it is none."""
    number = written_number(value)
    if number is None:
        return None
    if number.adjusted() < -DECIMALS - 1:  # nothing is left, and 1e-999999999 would fill the memory
        return Fraction(0)
    return half_away(Fraction(number), DECIMALS)


def as_boolean(value: Any) -> bool | None:
    """Read a boolean property: a truth or the texts `true` and `false`."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


READERS = {"text": as_text, "number": as_number, "boolean": as_boolean}


def shown(value: Fraction | str | bool | None) -> str | None:
    """Write a value as the text by which a table of amounts is looked up."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, Fraction) else value
