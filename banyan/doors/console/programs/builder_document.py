"""builder_document: a working copy as the builder sees it: its text, what is in it, what is wrong.

The text may be anything while it is written. Where it is no YAML there are no values to show; where
it is YAML but no program there are values, but no rules in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from banyan.core.programs.editing import Path
from banyan.engine.language import Finding, Program, ProgramError, lint
from banyan.engine.language.source import Node, Source

NAME = "program.yaml"


@dataclass(frozen=True)
class Document:
    """One text with the notes beside it."""

    text: str
    facts: Mapping[str, str]

    @cached_property
    def source(self) -> Source | None:
        """Its values with their places; None while it is no YAML."""
        try:
            return Source.read(self.text, NAME)
        except ProgramError:
            return None

    @cached_property
    def _read(self) -> tuple[Program | None, tuple[Finding, ...]]:
        try:
            program = Program.parse(self.text, NAME)
        except ProgramError as wrong:
            return None, tuple(wrong.findings)
        return program, lint(program)

    @property
    def program(self) -> Program | None:
        """What it says; None while it cannot be read as a program."""
        return self._read[0]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong or unwise, in the order of the text."""
        return self._read[1]

    @property
    def errors(self) -> list[Finding]:
        """What forbids to publish it."""
        return [one for one in self.findings if one.severity == "error"]

    def node(self, path: Path) -> Node | None:
        """The value at a path; None where there is none."""
        node = self.source.root if self.source is not None else None
        for part in path:
            if node is None:
                return None
            if isinstance(part, int):
                node = node.items[part] if part < len(node.items) else None
            else:
                node = node.entries[part][1] if part in node.entries else None
        return node

    def word(self, *path: str | int) -> str:
        """The text of a single value; empty where there is none."""
        node = self.node(path)
        return node.text if node is not None else ""

    def keys(self, *path: str | int) -> list[str]:
        """The keys of the mapping at a path."""
        node = self.node(path)
        return list(node.entries) if node is not None else []

    def count(self, *path: str | int) -> int:
        """The number of items of the list at a path."""
        node = self.node(path)
        return len(node.items) if node is not None else 0

    def line(self, path: Path) -> int:
        """The line in which the value or, where there is none, what would hold it stands."""
        return self.source.place(self.source.find(path)[0])[0] if self.source is not None else 1

    def told(self, path: Path) -> list[Finding]:
        """What is to be said about the value at a path, or about anything inside of it."""
        key = key_of(path)
        return [one for one in self.findings if _covers(key, one.key)]


def key_of(path: Path) -> str:
    """A path as findings name it: `rewards.credit.caps[0].per`."""
    told = ""
    for part in path:
        told += f"[{part}]" if isinstance(part, int) else f".{part}" if told else part
    return told


def _covers(key: str, other: str) -> bool:
    return other == key or (other.startswith(key) and other[len(key)] in ".[")
