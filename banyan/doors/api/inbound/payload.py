"""payload: a message's JSON, read with the place of what is wrong in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NoReturn

from banyan.engine.values import moment
from banyan.kernel.errors import Problem
from banyan.kernel.money import UnknownCurrency, minor_digits

LONGEST_ID = 200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_EPOCH_S = 253_402_300_799
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_HALF_LETTER = re.compile("[\ud800-\udfff]")
_LARGEST_MINOR = 10**15
_NO_OFFSET = re.compile(r"[0-9-]{10}T[0-9:]{8}")


class BadPayload(Problem):
    """A message that cannot be read; `pointer` is the JSON Pointer of the place."""

    def __init__(self, pointer: str, sentence: str) -> None:
        super().__init__(sentence)
        self.pointer = pointer


@dataclass(frozen=True)
class At:
    """A value of a message and its place. What is missing is None, as null is."""

    value: Any
    pointer: str = ""

    def __getitem__(self, path: str) -> At:
        """The value below by a dotted path; missing where anything on the way is."""
        found = self
        for name in path.split("."):
            if found.value is None:
                return At(None, f"{found.pointer}/{name}")
            if not isinstance(found.value, dict):
                found.refuse("expected an object")
            found = At(found.value.get(name), f"{found.pointer}/{name}")
        return found

    def __iter__(self) -> Iterator[At]:
        """The items of a list, none of a missing one."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            self.refuse("expected a list")
        for number, item in enumerate(self.value):
            yield At(item, f"{self.pointer}/{number}")

    def __bool__(self) -> bool:
        """Whether there is a value at all that is not false or empty."""
        return bool(self.value)

    def text(self) -> str:
        """A text, or a whole number as text; empty when missing. Outer blanks are none."""
        if self.value is None:
            return ""
        if isinstance(self.value, bool) or not isinstance(self.value, str | int):
            self.refuse("expected a text")
        text = str(self.value).strip()
        # No database takes these: half of a letter, and NUL.
        if "\x00" in text or _HALF_LETTER.search(text):
            self.refuse("holds what is no letter")
        return text

    def id(self) -> str:
        """A text that is short enough to look things up by; empty when missing."""
        text = self.text()
        if len(text) > LONGEST_ID:
            self.refuse(f"longer than {LONGEST_ID} characters")
        return text

    def needed(self) -> str:
        """The same, but it must be there."""
        return self.id() or self.refuse("missing")

    def number(self) -> int | Decimal | None:
        """A number as it is written; None when missing."""
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int | Decimal):
            self.refuse("expected a number")
        number: int | Decimal = self.value
        if not -_LARGEST_MINOR < number < _LARGEST_MINOR:
            self.refuse("the number is too large")
        return number

    def moment(self) -> datetime:
        """An RFC 3339 time with an offset."""
        at_us = moment(self.needed())
        if at_us is None:
            self.refuse("expected a time with an offset such as 2026-01-31T08:00:00Z")
        return _EPOCH + timedelta(microseconds=at_us)

    def moment_gmt(self) -> datetime:
        """A time without an offset, meant as UTC."""
        written = self.needed()
        offset = "Z" if _NO_OFFSET.fullmatch(written) else ""
        return At(written + offset, self.pointer).moment()

    def moment_of_seconds(self) -> datetime:
        """Seconds since 1970, UTC."""
        seconds = self.number()
        if not isinstance(seconds, int) or not 0 <= seconds <= _LAST_EPOCH_S:
            self.refuse("expected seconds since 1970")
        return _EPOCH + timedelta(seconds=seconds)

    def currency(self, default: str = "") -> str:
        """An ISO 4217 code, in whatever case; `default` when missing."""
        code = (self.text() or default).upper()
        try:
            minor_digits(code)
        except UnknownCurrency as unknown:
            self.refuse(unknown.sentence if code else "missing; give the source a currency")
        return code

    def minor(self, currency: str) -> int:
        """An amount of money, a plain decimal as text or number, in minor units.

        What is finer than the minor unit is rounded half away from zero: nobody paid it.
        """
        if isinstance(self.value, str) and not _PLAIN_NUMBER.fullmatch(self.value.strip()):
            self.refuse("expected an amount such as 409.94")
        if isinstance(self.value, bool) or not isinstance(self.value, str | int | Decimal):
            self.refuse("expected an amount such as 409.94")
        try:
            exact = Decimal(self.value) * 10 ** minor_digits(currency)
        except ArithmeticError:
            self.refuse("expected an amount such as 409.94")
        return self._checked(exact)

    def minor_of_units(self, currency: str, digits: int) -> int:
        """A whole number of the provider's own minor units, which have `digits` decimals."""
        units = self.number()
        if not isinstance(units, int):
            self.refuse("expected a whole number of minor units")
        return self._checked(Decimal(units).scaleb(minor_digits(currency) - digits))

    def refuse(self, sentence: str) -> NoReturn:
        """Raise BadPayload for this place."""
        raise BadPayload(self.pointer, sentence)

    def _checked(self, exact: Decimal) -> int:
        if not exact.is_finite() or abs(exact) >= _LARGEST_MINOR:
            self.refuse("the amount is too large")
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def read_payload(body: bytes) -> At:
    """A body as JSON object; numbers keep every digit. Raises BadPayload."""
    try:
        value = json.loads(body.decode(), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        raise BadPayload("", "The body is not JSON.") from None
    found = At(value)
    if not isinstance(value, dict):
        found.refuse("expected an object")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
