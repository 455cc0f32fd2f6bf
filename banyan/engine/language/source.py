"""A program file as text with places: YAML 1.2 (core schema), JSON included.

libyaml cuts the text into events; everything above that is ours, because the usual loaders speak
YAML 1.1 (`on` is true there, 20.10 a float), forget where a value stood, let the last of two equal
keys win and unfold aliases without bound. Nothing here knows what a program is.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from banyan.engine.language.findings import (
    Finding,
    ProgramError,
    Severity,
    key_path,
    shown,
)

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 32
# Aliases are counted with what they stand for, so a bomb ends here.
MAX_VALUES = 100_000

Kind = Literal["number", "boolean", "nothing"]

_NUMBER = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_WORDS: dict[str, Kind] = {
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), "nothing"),
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), "boolean"),
}
# Besides what YAML excludes: the line breaks of YAML 1.1 that 1.2 and every editor take for text.
_NO_TEXT = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_CORE = "tag:yaml.org,2002:"
_PAIR = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A plain scalar with a meaning beyond text, kept as it was written: no digit of a number is
    lost, and nothing huge is computed before its size is known."""

    text: str
    kind: Kind


@dataclass(slots=True, eq=False)
class Node:
    """A value of the file: `content` is text, a list of nodes, or a list of (key, value) nodes."""

    start: int
    end: int
    content: str | list[Node] | list[tuple[Node, Node]]
    style: str = ""
    """of a scalar: `'`, `"`, `|`, `>` or empty; of a collection: `map` or `list`"""
    tag: str | None = None
    size: int = 1
    _entries: dict[str, tuple[int, Node]] | None = None

    @property
    def entries(self) -> dict[str, tuple[int, Node]]:
        """Of a mapping, where each key begins and its value; the first of two equal keys."""
        if self._entries is None:
            self._entries = {}
            for key, value in self.pairs:
                self._entries.setdefault(key.text, (key.start, value))
        return self._entries

    @property
    def pairs(self) -> list[tuple[Node, Node]]:
        """The entries of a mapping; empty for anything else."""
        return self.content if self.style == "map" else []  # type: ignore[return-value]

    @property
    def items(self) -> list[Node]:
        """The items of a list; empty for anything else."""
        return self.content if self.style == "list" else []  # type: ignore[return-value]

    @property
    def text(self) -> str:
        """The characters of a scalar; empty for anything else."""
        return self.content if isinstance(self.content, str) else ""


@dataclass
class Source:
    """The text of one file, its values, and the place of each."""

    path: str
    text: str
    root: Node
    _breaks: list[int] = field(default_factory=list)

    @classmethod
    def load(cls, path: str | Path) -> Source:
        """Reads a file. Raises ProgramError for anything that is not one YAML mapping."""
        try:
            with open(path, "rb") as file:
                # Enough to know that it is too long, however long it is.
                data = file.read(4 * MAX_CHARACTERS + 4)
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise ProgramError(
                [Finding(str(path), 1, 1, "error", "", f"the file cannot be opened: {reason}")]
            ) from None
        return cls.read(data, str(path))

    @classmethod
    def read(cls, text: str | bytes, path: str = "program.yaml") -> Source:
        """Reads a text. Raises ProgramError for anything that is not one YAML mapping."""
        characters = _characters(text, path)
        source = cls.empty(path)
        source.text = characters
        source._breaks = [found.end() for found in re.finditer(r"\r\n|\r|\n", characters)]
        source.root = _Composer(source).compose()
        return source

    @classmethod
    def empty(cls, path: str = "program.yaml") -> Source:
        """The source of a program made in code: everything stands at its first character."""
        return cls(path, "", Node(0, 0, [], "map"))

    def place(self, index: int) -> tuple[int, int]:
        """Line and column, from 1, of a character of the text."""
        line = bisect_right(self._breaks, index)
        return line + 1, index - (self._breaks[line - 1] if line else 0) + 1

    def finding(
        self,
        index: int,
        parts: Sequence[str | int],
        sentence: str,
        severity: Severity = "error",
    ) -> Finding:
        """A finding at a character of the text."""
        line, column = self.place(index)
        return Finding(self.path, line, column, severity, key_path(parts), sentence)

    def find(self, parts: Sequence[str | int]) -> tuple[int, Node]:
        """Where the key (or item) of a path begins, and its value.

        A path that leads out of the file gives the last value on the way that is in it.
        """
        start, node = self.root.start, self.root
        for part in parts:
            step = _step(node, part)
            if step is None:
                break
            start, node = step
        return start, node

    def keys(self, *parts: str) -> list[str]:
        """The keys of a mapping as written; none when there is no mapping there."""
        node: Node | None = self.root
        for part in parts:
            step = _step(node, part) if node is not None else None
            node = step[1] if step is not None else None
        return list(node.entries) if node is not None else []

    def has(self, *parts: str) -> bool:
        """Whether the key at the end of the path was written."""
        return parts[-1] in self.keys(*parts[:-1])

    def at(self, parts: Sequence[str | int], sentence: str) -> Finding:
        """An error about a value, at the value."""
        return self.finding(self.find(parts)[1].start, parts, sentence)

    def at_key(self, parts: Sequence[str | int], sentence: str) -> Finding:
        """An error about a key, at the key."""
        return self.finding(self.find(parts)[0], parts, sentence)

    def inside(self, parts: Sequence[str | int], offset: int, sentence: str) -> Finding:
        """An error about the character at `offset` of a text value, at that character."""
        return self.finding(_index_of(self.text, self.find(parts)[1], offset), parts, sentence)

    def duplicates(self) -> list[Finding]:
        """One error for each key that is given twice in its mapping."""
        return list(self._duplicates(self.root, ()))

    def _duplicates(self, node: Node, parts: tuple[str | int, ...]) -> Iterator[Finding]:
        seen: dict[str, int] = {}
        for key, value in node.pairs:
            path = (*parts, key.text)
            if key.text in seen:
                line = self.place(seen[key.text])[0]
                yield self.finding(
                    key.start, path, f"this key was given in line {line} already; keep one of them"
                )
            seen.setdefault(key.text, key.start)
            yield from self._duplicates(value, path)
        for number, item in enumerate(node.items):
            yield from self._duplicates(item, (*parts, number))


def plain(node: Node) -> object:
    """A value as dicts, lists, texts and `Written` scalars; the first of two equal keys counts."""
    if node.style == "map":
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if node.style == "list":
        return [plain(item) for item in node.items]
    if node.style or node.tag == _CORE + "str":
        return node.text
    if node.text in _WORDS:
        return Written(node.text, _WORDS[node.text])
    return Written(node.text, "number") if _NUMBER.fullmatch(node.text) else node.text


def _step(node: Node, part: str | int) -> tuple[int, Node] | None:
    if isinstance(part, int):
        if 0 <= part < len(node.items):
            return node.items[part].start, node.items[part]
        return None
    return node.entries.get(part)


def _characters(text: str | bytes, path: str) -> str:
    def refuse(before: str, sentence: str) -> ProgramError:
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return ProgramError([Finding(path, line, column, "error", "", sentence)])

    if isinstance(text, bytes):
        if text.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise refuse("", "the file is UTF-16; save it as UTF-8")
        try:
            characters = text.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = f"byte 0x{text[error.start]:02x}"
            before = text[: error.start].decode("utf-8")
            raise refuse(before, f"{byte} is not UTF-8; save the file as UTF-8") from None
    else:
        characters = text
    characters = characters.removeprefix("\ufeff")
    if len(characters) > MAX_CHARACTERS:
        raise refuse("", f"the file has more than {MAX_CHARACTERS:,} characters")
    odd = _NO_TEXT.search(characters)
    if odd is not None:
        code = ord(odd[0])
        name = "a NUL byte" if code == 0 else f"the control character U+{code:04X}"
        raise refuse(characters[: odd.start()], f"{name} stands here; a program is plain text")
    # JSON writes characters beyond U+FFFF as two escapes, which YAML does not know.
    if "\\u" in characters and _is_json(characters):
        characters = _PAIR.sub(_joined, characters)
    return characters


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


class _Event(NamedTuple):
    """An event of the YAML parser, with places as indexes into the text."""

    kind: str
    """the first word of its name: Scalar, Alias, MappingStart, SequenceEnd …"""
    start: int
    end: int
    value: str = ""
    style: str = ""
    tag: str | None = None
    anchor: str | None = None


def _events(text: str) -> Iterator[_Event]:
    loader = yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader
    for event in yaml.parse(text, Loader=loader):
        yield _Event(
            kind=type(event).__name__.removesuffix("Event"),
            start=_index(event.start_mark),
            end=_index(event.end_mark),
            value=getattr(event, "value", ""),
            style=getattr(event, "style", None) or "",
            tag=getattr(event, "tag", None),
            anchor=getattr(event, "anchor", None),
        )


def _index(mark: Any) -> int:
    return int(mark.index) if mark is not None else 0


class _Composer:
    """Events to nodes, with a bound on everything a hostile file could grow."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.events = _events(source.text)
        self.anchors: dict[str, Node | None] = {}
        self.values = 0

    def compose(self) -> Node:
        """The one mapping of the file."""
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            raise self._broken(error) from None
        except yaml.YAMLError as error:
            raise self._refuse(0, f"this is not YAML: {error}") from None

    def _document(self) -> Node:
        next(self.events)  # start of stream
        if next(self.events).kind == "StreamEnd":
            raise self._refuse(0, "the file is empty; a program is a mapping of keys to values")
        first = next(self.events)
        if first.kind != "MappingStart":
            what = "a list" if first.kind == "SequenceStart" else "a single value"
            raise self._refuse(
                first.start, f"the file holds {what}; a program is a mapping of keys to values"
            )
        root = self._node(first, 1)
        next(self.events)  # end of document
        following = next(self.events)
        if following.kind != "StreamEnd":
            raise self._refuse(
                following.start, "a second document begins here; put each program into its own file"
            )
        return root

    def _node(self, event: _Event, depth: int) -> Node:
        if event.kind == "Alias":
            return self._alias(event)
        if depth > MAX_DEPTH:
            raise self._refuse(event.start, f"values are nested more than {MAX_DEPTH} levels deep")
        self._check_tag(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if event.kind == "Scalar":
            node = Node(event.start, event.end, event.value, event.style, event.tag)
        elif event.kind == "SequenceStart":
            node = self._list(event.start, depth)
        else:
            node = self._map(event.start, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self._count(event.start, 1)
        return node

    def _list(self, start: int, depth: int) -> Node:
        items: list[Node] = []
        while (event := next(self.events)).kind != "SequenceEnd":
            items.append(self._node(event, depth + 1))
        size = 1 + sum(item.size for item in items)
        return Node(start, event.end, items, "list", size=size)

    def _map(self, start: int, depth: int) -> Node:
        pairs: list[tuple[Node, Node]] = []
        while (event := next(self.events)).kind != "MappingEnd":
            if event.kind != "Scalar":
                raise self._refuse(event.start, "a key must be plain text")
            key = self._node(event, depth + 1)
            if key.text == "<<" and not key.style:
                raise self._refuse(
                    key.start, "merge keys (<<) are not part of YAML 1.2; write the keys out"
                )
            pairs.append((key, self._node(next(self.events), depth + 1)))
        size = 1 + sum(key.size + value.size for key, value in pairs)
        return Node(start, event.end, pairs, "map", size=size)

    def _alias(self, event: _Event) -> Node:
        name = str(event.anchor)
        if name not in self.anchors:
            raise self._refuse(event.start, f"*{name} refers to an anchor not defined above")
        node = self.anchors[name]
        if node is None:
            raise self._refuse(event.start, f"*{name} stands inside the value it refers to")
        self._count(event.start, node.size)
        return node

    def _count(self, start: int, more: int) -> None:
        self.values += more
        if self.values > MAX_VALUES:
            raise self._refuse(
                start, f"the file has more than {MAX_VALUES:,} values, aliases written out"
            )

    def _check_tag(self, event: _Event) -> None:
        tag = event.tag
        if tag is not None and tag not in ("!", _CORE + "str", _CORE + "map", _CORE + "seq"):
            written = shown(tag.replace(_CORE, "!!"))
            raise self._refuse(event.start, f"the tag {written} has no meaning here; remove it")

    def _refuse(self, index: int, sentence: str) -> ProgramError:
        return ProgramError([self.source.finding(index, (), sentence)])

    def _broken(self, error: yaml.MarkedYAMLError) -> ProgramError:
        mark = error.problem_mark or error.context_mark
        if "end of stream" in str(error.problem):
            mark = error.context_mark or mark  # where it began, not where the file ends
        index = min(_index(mark), len(self.source.text))
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        if self.source.text[index : index + 1] == "\t":
            reason = "a tab stands where only spaces may; indent with spaces"
        return self._refuse(index, f"this is not YAML: {reason}")


_BREAK = re.compile(r"[ \t]*(\r\n|\r|\n)")
_ESCAPED_BREAK = re.compile(r"\\(\r\n|\r|\n)[ \t]*")
_ESCAPES = {"x": 2, "u": 4, "U": 8}


def _index_of(text: str, node: Node, offset: int) -> int:
    """The index in the file of character `offset` of a scalar's value.

    Walks the written form beside the value: quotes, escapes, folded lines and indentation make the
    two differ. Where they part in a way not foreseen, the start of the scalar is the answer.
    """
    value = node.text
    index = node.start + (1 if node.style in ("'", '"') else 0)
    if node.style in ("|", ">"):
        index = text.find("\n", node.start) + 1 or node.start
    for character in value[:offset]:
        index = _after(text, index, node, character)
        if index < 0:
            return node.start
    if offset < len(value):
        index = _skip_space(text, index, node, value[offset])
    return index if index <= node.end else node.start


def _after(text: str, index: int, node: Node, character: str) -> int:
    """The index behind the written form of one character of the value; -1 when lost."""
    index = _skip_space(text, index, node, character)
    written = text[index : index + 1]
    if node.style == '"' and written == "\\":
        return index + 2 + _ESCAPES.get(text[index + 1 : index + 2], 0)
    if node.style == "'" and character == "'":
        return index + 2
    if character in " \n" and written in ("\n", "\r"):
        return index + 1  # a folded line; what is left of the break is skipped as space
    return index + 1 if written == character else -1


def _skip_space(text: str, index: int, node: Node, character: str) -> int:
    """Steps over breaks, indentation and escaped breaks that left no trace in the value."""
    while node.style == '"' and (broken := _ESCAPED_BREAK.match(text, index)):
        index = broken.end()
    if character in " \n" and text[index : index + 1] in (" ", "\n", "\r"):
        # One space or break of the value may stand for a whole run that holds a break.
        run = _BREAK.match(text, index)
        return index if run is None else run.end() - 1
    while index < node.end and character not in " \t\r\n":
        if text[index] not in " \t\r\n":
            break
        index += 1
    return index
