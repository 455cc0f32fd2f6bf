"""rules: what a segment asks of its members: groups of plain conditions, read once and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec
from django.utils.translation import gettext as _

from banyan.kernel.errors import Problem

Match = Literal["all", "any"]
Kind = Literal["number", "money", "score", "days", "text", "tag", "flag", "person"]
Of = Literal["", "program", "any_program", "purpose"]

MOST_GROUPS = 8
MOST_CONDITIONS = 12
_LONGEST = 200
_PURPOSE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Field:
    """Something a condition asks about; `of` says of what it must be told: a program, a program or
    none, a purpose of consent."""

    name: str
    kind: Kind
    of: Of = ""


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("orders", "number"),
        Field("spent", "money"),
        Field("last_order", "days"),
        Field("first_order", "days"),
        Field("recency", "score"),
        Field("frequency", "score"),
        Field("monetary", "score"),
        Field("tier", "text"),
        Field("tag", "tag"),
        Field("language", "text"),
        Field("consent", "flag", "purpose"),
        Field("enrolled", "flag", "program"),
        Field("friends", "number", "any_program"),
        Field("buyers", "number", "any_program"),
        Field("referred", "flag", "any_program"),
        Field("friend_of", "person", "any_program"),
        Field("last_seen", "days"),
        Field("first_seen", "days"),
    )
}
"""In the order in which they are offered."""

OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    "number": ("at_least", "at_most", "is"),
    "money": ("at_least", "at_most"),
    "score": ("at_least", "at_most", "is"),
    "days": ("within", "longer"),
    "text": ("is", "is_not"),
    "tag": ("has", "has_not"),
    "flag": ("yes", "no"),
    "person": ("is", "is_not"),
}
"""What can be asked of each kind, the usual one first."""


class BadRules(Problem):
    """Conditions that cannot be asked; names the place and the cure."""


class Condition(msgspec.Struct, frozen=True):
    """One plain condition: `orders at_least 2`."""

    field: str
    op: str
    value: str = ""
    of: str = ""


class Group(msgspec.Struct, frozen=True):
    """Conditions of which all or any must hold."""

    match: Match
    conditions: tuple[Condition, ...]


class Rules(msgspec.Struct, frozen=True):
    """Groups of which all or any must hold."""

    match: Match
    groups: tuple[Group, ...]


def checked(rules: Rules) -> Rules:
    """The same, spaces cut off. Raises BadRules at the first condition that cannot be asked."""
    if not 1 <= len(rules.groups) <= MOST_GROUPS:
        raise BadRules(_("Give between 1 and {most} groups.").format(most=MOST_GROUPS))
    return Rules(
        rules.match,
        tuple(_group(group, number) for number, group in enumerate(rules.groups, start=1)),
    )


def written(rules: Rules) -> str:
    """As JSON, for keeping."""
    return msgspec.json.encode(rules).decode()


def read(text: str) -> Rules:
    """What `written` gave."""
    return msgspec.json.decode(text, type=Rules)


def _group(group: Group, number: int) -> Group:
    if not 1 <= len(group.conditions) <= MOST_CONDITIONS:
        raise BadRules(
            _("Group {group}: give between 1 and {most} conditions.").format(
                group=number, most=MOST_CONDITIONS
            )
        )
    conditions = []
    for place, condition in enumerate(group.conditions, start=1):
        try:
            conditions.append(_condition(condition))
        except BadRules as wrong:
            raise BadRules(
                _("Group {group}, condition {place}: {problem}").format(
                    group=number, place=place, problem=wrong.sentence
                )
            ) from None
    return Group(group.match, tuple(conditions))


def _condition(asked: Condition) -> Condition:
    field = FIELDS.get(asked.field)
    if field is None:
        raise BadRules(_("Choose from the list what it is about."))
    if asked.op not in OPERATORS[field.kind]:
        raise BadRules(_("Choose from the list how it is compared."))
    of = asked.of.strip() if field.of else ""
    if field.of == "program" and not of:
        raise BadRules(_("Choose a program."))
    if field.of == "purpose" and not _PURPOSE.fullmatch(of):
        raise BadRules(_("Name the purpose that was agreed to, such as marketing."))
    value = "" if field.kind == "flag" else asked.value.strip()
    _check_value(field, value)
    return Condition(asked.field, asked.op, value, of)


def _check_value(field: Field, value: str) -> None:
    if len(value) > _LONGEST:
        raise BadRules(_("At most {most} characters, please.").format(most=_LONGEST))
    match field.kind:
        case "flag":
            return
        case "number" | "days":
            if not value.isascii() or not value.isdigit() or len(value) > 9:
                raise BadRules(_("Write a whole number, such as 2."))
        case "score":
            if value not in {"1", "2", "3", "4", "5"}:
                raise BadRules(_("Write a number from 1 to 5."))
        case "money":
            if amount_of(value) is None:
                raise BadRules(_("Write an amount, such as 200 or 99.50."))
        case _:
            if not value:
                raise BadRules(_("Write what is looked for."))


def amount_of(text: str) -> Decimal | None:
    """An amount in major units; None for a text that is none."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < 10**12 else None
