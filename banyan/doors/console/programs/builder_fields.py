"""builder_fields: what a form can show and change of a document, one value a field.

A field is a value of the file, named by its path (`/rewards/credit/amount`), or a note beside the
file, named without a slash. It knows how the value is written in the file and how in a form; only
what somebody changed in the form is changed in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from banyan.core.programs.editing import Path, Value, drop, put, rename
from banyan.doors.console.programs.builder_document import Document, key_of
from banyan.doors.refusals import translated
from banyan.engine.language import Finding
from banyan.engine.language.explain import Language, safe
from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.names import Place
from banyan.engine.language.source import Node, Written

Label = str | Promise
Choices = tuple[tuple[str, Label], ...]

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SPAN = re.compile(r"(\d+)([smhd])")
_LEAST = re.compile(r"\s*total\s*>=\s*(\d+(?:\.\d+)?)\s*")
_PLACES: Mapping[str | int, Place] = {
    "advocates": "advocates",
    "friends": "friends",
    "milestones": "milestone",
    "rewards": "reward",
    "risk": "risk",
}
NAMED = ("coupon", "gift", "perk", "badge", "charity")
"""What takes a name behind a colon."""


@dataclass(frozen=True)
class Field:
    """One question of a form; `path` leads to its value, or is the one name of a note."""

    path: Path
    label: Label
    kind: str = "text"
    """text, long, number, growth, span, date, choice, words, condition, least, thing, person, key;
    of notes also many: several of the choices"""
    hint: Label = ""
    choices: Choices = ()
    is_note: bool = False
    is_wide: bool = False

    @property
    def name(self) -> str:
        """In forms."""
        return str(self.path[0]) if self.is_note else "/" + "/".join(map(str, self.path))


def note(
    name: str, label: Label, kind: str = "text", *, hint: Label = "", choices: Choices = ()
) -> Field:
    """A field of the notes beside the file."""
    return Field((name,), label, kind, hint, choices, is_note=True)


@dataclass(frozen=True)
class Shown:
    """A field with its value, ready for the page."""

    field: Field
    value: str
    parts: tuple[str, str]
    """Of a value in two parts: number and unit, thing and name."""
    choices: list[tuple[str, Label, bool]]
    """Each with whether it is chosen."""
    is_foreign: bool
    """Written in a way that no form can show."""
    line: int
    key: str
    told: list[tuple[str, str]]
    """Severity and sentence of what the check says of it."""


def shown(document: Document, one: Field) -> Shown:
    """A field as the page shows it."""
    value = value_of(document, one)
    is_foreign = value is None
    text = value or ""
    parts = _parts(one, text)
    found = [] if one.is_note else _told(document, one)
    told = [(str(finding.severity), translated(finding.sentence)) for finding in found]
    return Shown(
        one,
        text,
        parts,
        _choices(document, one, text, parts[0]),
        is_foreign,
        1 if one.is_note else document.line(one.path),
        "" if one.is_note else key_of(one.path),
        told,
    )


def _choices(
    document: Document, one: Field, text: str, first: str
) -> list[tuple[str, Label, bool]]:
    """What can be chosen. A value that no choice has, nothing included, is a choice of its own: a
    list that shows the first one instead would put it into the file with the next save."""
    if one.kind == "many":
        chosen = set(text.split(","))
        return [(key, label, key in chosen) for key, label in one.choices]
    found: list[tuple[str, Label, bool]] = [
        (key, label, key == first) for key, label in one.choices
    ]
    if found and first not in dict(one.choices):
        label = _in_words(document, one, first) if first else _("— choose —")
        found.insert(0, (first, label, True))
    return found


def _in_words(document: Document, one: Field, text: str) -> str:
    """A condition that no choice has, as the rules say it."""
    return in_words(document, one.path, text) if one.kind == "condition" else text


def in_words(document: Document, path: Path, condition: str) -> str:
    """A condition of the file in the reader's language; itself while it cannot be read."""
    program, place = document.program, _PLACES.get(path[0])
    if program is None or place is None:
        return condition
    event = None
    if place == "milestone":
        event = document.word(*path[:2], "on")
    elif place == "reward":
        event = document.word("milestones", document.word(*path[:2], "on"), "on") or None
    voice = Voice(spoken(), safe.plain)
    return expressions(voice, program, place, event=event).condition(condition)


def spoken() -> Language:
    """The language of the page, as the rules know it."""
    return "zh-hans" if str(get_language()).startswith("zh") else "en"


def _told(document: Document, one: Field) -> list[Finding]:
    key = key_of(one.path)
    return [found for found in document.findings if found.key == key]


def value_of(document: Document, one: Field) -> str | None:
    """The value as the form has it; empty for none, None where no form can show it."""
    if one.is_note:
        return str(document.facts.get(one.name, ""))
    if one.kind == "key":
        return str(one.path[-1])
    node = document.node(one.path)
    return "" if node is None else _READ.get(one.kind, _scalar)(node)


def posted(one: Field, data: Mapping[str, str], many: Callable[[str], list[str]]) -> str | None:
    """What the form says of a field; None when it was not in the form."""
    if one.kind == "many":
        known = dict(one.choices)
        if f"{one.name}#there" not in data:
            return None
        return ",".join(key for key in many(one.name) if key in known)
    if one.name not in data:
        return None
    text = data[one.name].replace("\r\n", "\n").strip()
    second = data.get(f"{one.name}#2", "").strip()
    if one.kind == "span":
        return text + second if text.isdigit() else text
    if one.kind in ("thing", "person"):
        return f"{text}:{second}" if text in NAMED else text
    return text


def changed(text: str, facts: dict[str, str], pairs: Iterable[tuple[Field, str]]) -> str:
    """The text with the new values of these fields; notes are changed in place.

    Raises ProgramError for a text that is no YAML, NotEditable.
    """
    renames = []
    for one, value in pairs:
        if one.is_note:
            facts[one.name] = value
            if not value:
                del facts[one.name]
        elif one.kind == "key":
            renames.append((one.path, value))
        elif value:
            text = put(text, one.path, _WRITE.get(one.kind, str)(value))
        else:
            text = drop(text, one.path)
    # Names last: until then the paths of the form lead to where the values are.
    for path, name in renames:
        text = _renamed(text, path, name) if name else text
    return text


def _renamed(text: str, path: Path, name: str) -> str:
    text = rename(text, path, name)
    if path[0] != "milestones":
        return text
    document = Document(text, {})
    for reward in document.keys("rewards"):
        if document.word("rewards", reward, "on") == path[-1]:
            text = put(text, ("rewards", reward, "on"), name)
    return text


def _scalar(node: Node) -> str | None:
    return None if node.style in ("map", "list") else node.text.rstrip("\n")


def _words(node: Node) -> str | None:
    if node.style != "list" or any(item.style in ("map", "list") for item in node.items):
        return None
    return ", ".join(item.text for item in node.items)


def _least(node: Node) -> str | None:
    found = _LEAST.fullmatch(node.text)
    return found[1] if found else None


def _date(node: Node) -> str | None:
    """A moment of a day has no place in a field for days."""
    return node.text if _DATE.fullmatch(node.text) else None


_READ: Mapping[str, Callable[[Node], str | None]] = {
    "words": _words,
    "least": _least,
    "date": _date,
}


def _number(value: str) -> Value:
    """`1,000` and `5 %` are numbers, too; what is none stays as typed, for the check to tell."""
    bare = re.sub(r"[,，%\s]", "", value)
    return Written(bare, "number") if _NUMBER.fullmatch(bare) else value


def _list(value: str) -> Value:
    return [word.strip() for word in re.split(r"[,，、]", value) if word.strip()]


_WRITE: Mapping[str, Callable[[str], Value]] = {
    "number": _number,
    "words": _list,
    "least": lambda value: "total >= " + re.sub(r"[,，\s]", "", value),
    "growth": lambda value: value if value.endswith("%") else f"{value}%",
}


def _parts(one: Field, value: str) -> tuple[str, str]:
    if one.kind == "span":
        found = _SPAN.fullmatch(value)
        return (found[1], found[2]) if found else (value, "d" if not value else "")
    if one.kind in ("thing", "person"):
        first, _, second = value.partition(":")
        return first, second
    return value, ""
