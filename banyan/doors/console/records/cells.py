"""cells: a record's values as they stand in a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from banyan.doors.console.queues.words import Staff
from banyan.doors.console.records.columns import Column
from banyan.doors.console.records.kinds import Kind
from banyan.doors.console.records.words import value_in_words
from banyan.doors.refusals import translated
from banyan.kernel.money import minor_digits

_MONEY = ("cash", "credit")
_IN_UNIT = ("amount", "raw_amount")
_CUSTOMERS = ("user_id", "customer", "advocate", "friend", "beneficiary", "about")
"""Names that customers of a shop may have by chance, and what an entry is about."""
_SENTENCES = ("sentence", "result")


@dataclass(frozen=True)
class Cell:
    """One value: its text, the page about it, whether it is a number."""

    title: str
    text: str
    url: str = ""
    is_number: bool = False


def cells(kind: Kind, columns: Sequence[Column], rows: Sequence[models.Model]) -> list[list[Cell]]:
    """The cells of each row; contacts are masked."""
    values = [
        column.said(rows) if column.said else column.values(rows, in_clear=False)
        for column in columns
    ]
    staff = Staff()
    return [
        [
            _cell(kind, column, row, _named(staff, column, column_values[n]))
            for column, column_values in zip(columns, values, strict=True)
        ]
        for n, row in enumerate(rows)
    ]


def _named(staff: Staff, column: Column, value: Any) -> Any:
    """Who of the staff it was by name instead of `user:3`, which says nothing to anybody."""
    is_somebody = isinstance(value, str) and value.startswith("user:")
    return staff.name(value) if is_somebody and column.name not in _CUSTOMERS else value


def _cell(kind: Kind, column: Column, row: models.Model, value: Any) -> Cell:
    return Cell(
        str(column.title),
        _text(kind, column, row, value),
        _about(kind, column, value),
        column.form == "number",
    )


def _text(kind: Kind, column: Column, row: models.Model, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE))
        return f"{local:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if column.name in _SENTENCES:
        return translated(str(value))
    if column.name in _IN_UNIT:
        return in_unit(str(getattr(row, "unit", "")), value)
    return value_in_words(column.name, str(value), of=kind.slug)


def in_unit(unit: str, amount: int) -> str:
    """`20.00` for 2000 of `cash USD`; what is counted stays as it is."""
    what, _space, currency = unit.partition(" ")
    if what not in _MONEY or not currency:
        return f"{amount:,}"
    digits = minor_digits(currency)
    return f"{Decimal(amount).scaleb(-digits):,.{digits}f}"


def _about(kind: Kind, column: Column, value: Any) -> str:
    name = kind.links.get(column.name)
    if name is None or value in (None, ""):
        return ""
    try:
        return reverse(name, args=[value])
    except NoReverseMatch:  # an id that no address can hold
        return ""
