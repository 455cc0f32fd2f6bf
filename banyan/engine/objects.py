"""JSON objects as columns of tokens: each wanted field as it stood in the text.

msgspec checks every object whole, by the letter of RFC 8259, and hands out the few wanted fields
unread. So no number passes through a float, and what is wrong with one text stays with that text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

Path = tuple[str, ...]
Text = bytes | str

# Values nested deeper than this are refused, so that no text exhausts anybody's stack.
DEEPEST = 512

_ABSENT = b""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_UNNAMEABLE = re.compile(r'["\\\x00-\x1f]')
_BRACKET = re.compile(rb"[\[\]{}]")

_tokens_of = msgspec.structs.astuple
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True)
class Shape:
    """How to take the fields at some paths out of a JSON object; made by `shape_of`."""

    keys: tuple[str, ...]
    inner: tuple[tuple[str, Shape], ...]
    make: Callable[..., Any]
    decode: Callable[[Text], Any]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths in the order of the columns that `columns` returns."""
        below = ((key, *path) for key, shape in self.inner for path in shape.paths)
        return (*((key,) for key in self.keys), *below)

    def read(self, texts: Sequence[Text]) -> tuple[list[Any], list[int]]:
        """One object a text, for `columns`, and the places of those that are not one JSON object.

        Those stand as None. Bytes must be UTF-8; those that are but white space are passed over.
        """
        try:
            # All at once is twice as fast as one by one, and nearly always good.
            objects = list(map(self.decode, texts))
        except (msgspec.DecodeError, RecursionError):
            objects = [self._read_one(text) for text in texts if not _is_blank(text)]
            return objects, [i for i, found in enumerate(objects) if found is None]
        bad = []
        if max(map(len, texts), default=0) > 2 * DEEPEST:
            bad = [i for i, text in enumerate(texts) if _is_too_deep(text)]
        for i in bad:
            objects[i] = None
        return objects, bad

    def columns(self, objects: Sequence[Any]) -> list[Sequence[Any]]:
        """A column of tokens for each of `paths`: bytes-like, empty where there is no such field.

        An object that is None has no field. There must be at least one object.
        """
        try:
            rows = list(map(_tokens_of, objects))
        except TypeError:
            absent = _tokens_of(self.make())
            rows = [absent if found is None else _tokens_of(found) for found in objects]
        values: list[Sequence[Any]] = list(zip(*rows, strict=True))
        columns = values[: len(self.keys)]
        for (_, shape), found in zip(self.inner, values[len(self.keys) :], strict=True):
            columns += shape.columns(found)
        return columns

    def _read_one(self, text: Text) -> Any:
        if _is_too_deep(text):
            return None
        try:
            return self._decoded(text)
        except RecursionError:
            # The caller stands deep itself; a new thread has the whole stack.
            with ThreadPoolExecutor(1) as fresh:
                return fresh.submit(self._decoded, text).result()

    def _decoded(self, text: Text) -> Any:
        try:
            return self.decode(text)
        except msgspec.ValidationError:
            # JSON, but itself or something inside it is not the object it should be.
            return self.lenient(text)
        except msgspec.DecodeError:
            return None

    def lenient(self, text: Text) -> Any:
        """The object in which every inner object that is none counts as missing."""
        try:
            return self._made(_fields(text))
        except msgspec.DecodeError:
            return None

    def _made(self, fields: dict[str, msgspec.Raw]) -> Any:
        tokens: list[Any] = [fields.get(key, _ABSENT) for key in self.keys]
        for key, shape in self.inner:
            token = bytes(fields.get(key, _ABSENT))
            tokens.append(shape._made(_fields(token)) if token.startswith(b"{") else None)
        return self.make(*tokens)


@lru_cache(maxsize=256)
def shape_of(paths: tuple[Path, ...]) -> Shape:
    """The shape that takes these fields; a path is the keys from the outside in."""
    keys = tuple(dict.fromkeys(path[0] for path in paths if len(path) == 1))
    below: dict[str, list[Path]] = {}
    for path in paths:
        if len(path) > 1:
            below.setdefault(path[0], []).append(path[1:])
    inner = tuple((key, shape_of(tuple(rest))) for key, rest in below.items())
    fields: list[Any] = [(f"f{i}", msgspec.Raw, _ABSENT) for i in range(len(keys))]
    for i, (_, shape) in enumerate(inner, len(keys)):
        fields.append((f"f{i}", shape.make | None, shape.make()))  # type: ignore[operator]
    names = [*keys, *(key for key, _ in inner)]
    clash = len(set(names)) < len(names)
    if clash or any(map(_UNNAMEABLE.search, names)) or any(s.decode is _decline for _, s in inner):
        # msgspec knows no such names, nor one name for a value and an object.
        return Shape(keys, inner, _struct(fields, None), _decline)
    made = _struct(fields, {f"f{i}": name for i, name in enumerate(names)})
    return Shape(keys, inner, made, msgspec.json.Decoder(made).decode)


def _struct(fields: list[Any], rename: dict[str, str] | None) -> type[Any]:
    # Nothing in here can form a cycle; being tracked would cost more than being read.
    return msgspec.defstruct("Fields", fields, rename=rename, frozen=True, gc=False)


def _decline(_: Text) -> Any:
    """Stands for a decoder that cannot be built; what it declines is read the lenient way."""
    raise msgspec.ValidationError


def _is_blank(text: Text) -> bool:
    return isinstance(text, bytes) and text.isspace()


def _is_too_deep(text: Text) -> bool:
    if len(text) <= 2 * DEEPEST:
        return False
    data = text.encode() if isinstance(text, str) else text
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return False
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest > DEEPEST
