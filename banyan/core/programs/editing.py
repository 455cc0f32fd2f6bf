"""editing: one value of a program's file changed where it stands; all else stays byte by byte.

A form knows little of a file: comments, order, spelling and everything it has no field for belong
to whoever wrote it. So an edit replaces, adds or takes away the characters of one value, by the
places that the reader of the language keeps. Each edit is read again before it is given back: it
must say what was intended and nothing else, or it is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from banyan.engine.language.source import Node, Source, Written, plain
from banyan.kernel.errors import Problem

Path = tuple[str | int, ...]
Value = str | int | bool | Written | Mapping[str, Any] | Sequence[Any]
"""What can be written. Numbers come as `Written`, so that 20.00 keeps its zeros."""

ROOT_ORDER = (
    "program version title advice currency timezone runs properties advocates friends attribution "
    "milestones rewards limits experiments seed_sha256 risk"
).split()
_ORDER = {
    (): ROOT_ORDER,
    ("milestones",): "on where count sum within repeats".split(),
    ("rewards",): "to on when give amount hold expires on_refund caps boosts".split(),
    ("runs",): ["from", "until"],
    ("attribution",): "window credit prefer joins_on".split(),
}
# Texts that hold SQL stand in quotes, as everybody writes them.
_QUOTED = frozenset({"where", "when", "sql"})
_PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_./%+-]|[ :](?=[A-Za-z0-9_./%+-]))*")
# What other readers of YAML take for a truth value is quoted, too.
_LOOKS_OTHERWISE = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|nan|inf")
# `a: b` would begin a mapping.
_COLON = re.compile(r":(?=\s|$)")


class NotEditable(Problem):
    """A file that cannot be changed at that place without touching what stands around it."""


def put(text: str, path: Path, value: Value) -> str:
    """The text with the value at that path; what leads there is made when it is missing.

    An index equal to a list's length adds an item. Raises ProgramError for a text that is no YAML,
    NotEditable.
    """
    source = Source.read(text)
    wanted = _with(plain(source.root), path, _meaning(value))
    return _proved(_put(source, path, value), wanted, path)


def drop(text: str, path: Path) -> str:
    """The text without that key or item; a mapping or list that would be left empty goes, too.

    What is not there may stay away. Raises ProgramError, NotEditable.
    """
    source = Source.read(text)
    trail = _trail(source, path)
    if len(trail) < len(path):
        return source.text
    while len(path) > 1 and _size(trail[-1][0]) == 1:
        path, trail = path[:-1], trail[:-1]
    wanted = _without(plain(source.root), path)
    return _proved(_drop(source, *trail[-1], path), wanted, path)


def rename(text: str, path: Path, name: str) -> str:
    """The text with another name for the last key of the path. Raises ProgramError, NotEditable."""
    source = Source.read(text)
    holder, _ = _last(source, path)
    if name in holder.entries:
        raise NotEditable(f"{'.'.join(map(str, path))}: there is {name!r} already")
    key = next(one for one, _ in holder.pairs if one.text == path[-1])
    wanted = _renamed(plain(source.root), path, name)
    written = _scalar(name, quoted=_is_json(source), is_key=True)
    changed = source.text[: key.start] + written + source.text[key.end :]
    return _proved(changed, wanted, path)


def _put(source: Source, path: Path, value: Value) -> str:
    trail = _trail(source, path)
    if len(trail) == len(path):
        return _replaced(source, trail[-1], path, value)
    # What is missing on the way is made together with the value; so is what has no value yet.
    is_empty = bool(trail) and _is_nothing(trail[-1][1])
    at = path[: len(trail)] if is_empty else path[: len(trail) + 1]
    for part in reversed(path[len(at) :]):
        value = {part: value} if isinstance(part, str) else [value]
    if is_empty:
        return _replaced(source, trail[-1], at, value)
    holder = trail[-1][1] if trail else source.root
    return _added(source, holder, at, value)


def _replaced(source: Source, last: tuple[Node, Node], path: Path, value: Value) -> str:
    holder, old = last
    _refuse_foreign(source, holder, path)
    _refuse_alias(holder, old, path[-1], path)
    text, start, end = source.text, old.start, _end(source.text, old)
    if text[start : start + 1] in "&!" and start < end:
        raise _cannot(path, "an anchor or tag stands before it")
    if _is_block(text, old) or _is_long(value) or _is_nothing(old):
        # Block values begin and end with lines: the key is written anew, its comments with it.
        key_start = _start_of(holder, old, path)
        indent = source.place(key_start)[1] - 1
        after = _after_key(text, key_start, path)
        written = _entry_value(value, indent, _is_json(source) or _inside_flow(text, holder), path)
        gap = "" if written.startswith("\n") else " "
        if isinstance(path[-1], int):
            written, gap, after = written.lstrip("\n "), "", old.start
        return text[:after] + gap + written + text[end:]
    quoted = old.style in ("'", '"') or _wants_quotes(path) or _is_json(source)
    return text[:start] + _flow(value, quoted=quoted, json_=_is_json(source)) + text[end:]


def _added(source: Source, holder: Node, path: Path, value: Value) -> str:
    text, key = source.text, path[-1]
    if holder.style not in ("map", "list"):
        raise _cannot(path, "a single value stands where it would go")
    if (holder.style == "list") != isinstance(key, int):
        raise _cannot(path, "a list stands where a mapping is expected, or the other way round")
    _refuse_foreign(source, holder, path)
    if _is_flow(text, holder):
        return _added_in_flow(source, holder, path, value)
    return _added_in_block(source, holder, path, value)


def _added_in_flow(source: Source, holder: Node, path: Path, value: Value) -> str:
    text, json_ = source.text, _is_json(source)
    written = _flow(value, quoted=_wants_quotes(path) or json_, json_=json_)
    if isinstance(path[-1], str):
        written = f"{_scalar(path[-1], quoted=json_, is_key=True)}: {written}"
    children = [value for _, value in holder.pairs] or holder.items
    if not children:
        return text[: holder.start + 1] + written + text[holder.end - 1 :]
    before = _before(holder, path)
    if before == 0:
        start = holder.pairs[0][0].start if holder.pairs else holder.items[0].start
        return text[:start] + written + ", " + text[start:]
    end = _end(text, children[before - 1])
    return text[:end] + ", " + written + text[end:]


def _added_in_block(source: Source, holder: Node, path: Path, value: Value) -> str:
    text, key = source.text, path[-1]
    starts = [one.start for one, _ in holder.pairs] or [_dash(text, one) for one in holder.items]
    column = source.place(starts[0])[1] - 1
    if isinstance(key, str):
        line = _scalar(key, quoted=False, is_key=True) + ":"
        body = _entry_value(value, column, False, path)
        entry = line + (body if body.startswith("\n") else f" {body}")
    else:
        entry = "- " + _flow(value, quoted=False, json_=False)
    before = _before(holder, path)
    if before == 0:
        return text[: starts[0]] + entry + "\n" + " " * column + text[starts[0] :]
    children = [value for _, value in holder.pairs] or holder.items
    at = _line_end(text, _end(text, children[before - 1]))
    is_part = not path[:-1] and "\n" in entry
    gap = "\n\n" if is_part and _is_spaced(text, starts) else "\n"
    return text[:at] + gap + " " * column + entry + text[at:]


def _drop(source: Source, holder: Node, old: Node, path: Path) -> str:
    text = source.text
    _refuse_foreign(source, holder, path)
    children = [value for _, value in holder.pairs] or holder.items
    starts = [key.start for key, _ in holder.pairs] or [one.start for one in holder.items]
    number = next(i for i, one in enumerate(children) if one is old)
    if _is_flow(text, holder):
        _refuse_alias(holder, old, path[-1], path)
        if number:
            ends = _end(text, children[number - 1]), _end(text, old)
            return text[: ends[0]] + text[ends[1] :]
        if len(children) > 1:
            return text[: starts[0]] + text[starts[1] :]
        return text[: starts[0]] + text[_end(text, old) :]
    _refuse_alias(holder, old, path[-1], path)
    if holder.style == "list":
        starts = [_dash(text, one) for one in holder.items]
    line = text.rfind("\n", 0, starts[number]) + 1
    end = _line_end(text, _end(text, old))
    if text[line : starts[number]].strip():
        # The first key of an item stands behind its dash, and what follows takes its place.
        if number + 1 == len(children):
            raise _cannot(path, "nothing would be left behind the dash")
        return text[: starts[number]] + text[starts[number + 1] :]
    if end < len(text):
        return text[:line] + text[end + 1 :]
    return text[: max(0, line - 1)] + ("\n" if line else "")


def _before(holder: Node, path: Path) -> int:
    """Behind how many entries a new one goes: those that the language names before it."""
    key = path[-1]
    if isinstance(key, int):
        return len(holder.items)
    order = _order(path[:-1])
    if key not in order:
        return len(holder.pairs)
    earlier = order[: order.index(key)]
    return max((i + 1 for i, (one, _) in enumerate(holder.pairs) if one.text in earlier), default=0)


def _order(parts: Path) -> list[str]:
    if len(parts) == 2 and parts[0] in ("milestones", "rewards"):
        parts = parts[:1]
    elif parts and parts[0] in ("milestones", "rewards"):
        return []
    return _ORDER.get(tuple(map(str, parts)), [])


def _trail(source: Source, path: Path) -> list[tuple[Node, Node]]:
    """Of each part of the path that is there, what holds it and its value."""
    trail: list[tuple[Node, Node]] = []
    node = source.root
    for part in path:
        if isinstance(part, int):
            if not 0 <= part < len(node.items):
                break
            value = node.items[part]
        elif part in node.entries:
            value = node.entries[part][1]
        else:
            break
        trail.append((node, value))
        node = value
    return trail


def _last(source: Source, path: Path) -> tuple[Node, Node]:
    trail = _trail(source, path)
    if len(trail) < len(path):
        raise _cannot(path, "it is not there")
    return trail[-1]


def _refuse_alias(holder: Node, value: Node, key: str | int, path: Path) -> None:
    """An alias stands for a value elsewhere; to change it there would change more than this."""
    begin = next((one.end for one, _ in holder.pairs if one.text == key), holder.start)
    if value.start < begin:
        raise _cannot(path, "it is written by an alias")


def _refuse_foreign(source: Source, holder: Node, path: Path) -> None:
    """The same for a value inside of what an alias stands for."""
    trail = _trail(source, path[:-1])
    for key, (outer, inner) in zip(path, trail, strict=False):
        _refuse_alias(outer, inner, key, path)
    if trail and trail[-1][1] is not holder:
        raise _cannot(path, "it is given twice")


def _end(text: str, node: Node) -> int:
    """Where the characters of a value end. The reader says so of scalars and of what stands in
    brackets; of anything else it says where the next thing begins."""
    if node.style in ("|", ">"):
        end = node.end
        while end > node.start and text[end - 1] in "\r\n ":
            end -= 1
        return end
    if node.style not in ("map", "list") or _is_flow(text, node):
        return node.end
    children = [value for _, value in node.pairs] or node.items
    if not children:
        return node.start
    last = children[-1]
    # An alias stands for a value elsewhere and ends with its own name.
    return _alias_end(text, node) if last.start < node.start else _end(text, last)


def _alias_end(text: str, node: Node) -> int:
    start = node.pairs[-1][0].end if node.pairs else node.start
    found = re.compile(r"\*[^\s,\]}]+").search(text, start)
    return found.end() if found else node.end


def _is_flow(text: str, node: Node) -> bool:
    first, last = text[node.start : node.start + 1], text[node.end - 1 : node.end]
    return first in ("{", "[") or (first in ("&", "!") and last in ("}", "]"))


def _is_block(text: str, node: Node) -> bool:
    return node.style in ("|", ">") or (node.style in ("map", "list") and not _is_flow(text, node))


def _is_nothing(node: Node) -> bool:
    return isinstance(value := plain(node), Written) and value.kind == "nothing"


def _inside_flow(text: str, holder: Node) -> bool:
    return holder.style in ("map", "list") and _is_flow(text, holder)


def _is_json(source: Source) -> bool:
    return source.text.lstrip().startswith("{")


def _is_long(value: Value) -> bool:
    return isinstance(value, str) and "\n" in value


def _is_spaced(text: str, starts: list[int]) -> bool:
    """Whether empty lines stand between the entries, as between the parts of a program."""
    return any("\n\n" in text[a:b] for a, b in pairwise(starts))


def _start_of(holder: Node, value: Node, path: Path) -> int:
    for key, one in holder.pairs:
        if one is value:
            return key.start
    return value.start


def _after_key(text: str, start: int, path: Path) -> int:
    """Behind the colon of the key that begins there."""
    if isinstance(path[-1], int):
        return start
    found = re.compile(r"\"(?:\\.|[^\"])*\"\s*:|'(?:''|[^'])*'\s*:|[^\n]*?:(?=\s|$)").match(
        text, start
    )
    if found is None:
        raise _cannot(path, "its key is written in an unusual way")
    return found.end()


def _dash(text: str, item: Node) -> int:
    return text.rindex("-", 0, item.start)


def _line_end(text: str, index: int) -> int:
    """The end of the line, its comment included."""
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _entry_value(value: Value, indent: int, flow: bool, path: Path) -> str:
    """A value behind its key in block style: mappings of mappings on lines of their own."""
    if flow:
        return _flow(value, quoted=_wants_quotes(path), json_=False)
    if isinstance(value, str) and "\n" in value.strip("\n") and _fits_block(value):
        lines = value.strip("\n").split("\n")
        return "|\n" + "\n".join(" " * (indent + 2) + line if line else "" for line in lines)
    if isinstance(value, Mapping) and value and _goes_deep(value, path):
        lines = []
        for key, one in value.items():
            body = _entry_value(one, indent + 2, False, (*path, key))
            gap = "" if body.startswith("\n") else " "
            lines.append(
                f"{' ' * (indent + 2)}{_scalar(key, quoted=False, is_key=True)}:{gap}{body}"
            )
        return "\n" + "\n".join(lines)
    if isinstance(value, Sequence) and not isinstance(value, str) and value and _holds_maps(value):
        return "\n" + "\n".join(
            f"{' ' * (indent + 2)}- {_flow(one, quoted=False, json_=False)}" for one in value
        )
    return _flow(value, quoted=_wants_quotes(path), json_=False)


def _fits_block(value: str) -> bool:
    lines = value.strip("\n").split("\n")
    return not any(line != line.strip() or "\t" in line or "\r" in line for line in lines)


def _goes_deep(value: Mapping[str, Any], path: Path) -> bool:
    """The parts of a program stand on lines of their own, small mappings in braces."""
    is_part = path[0] in ("milestones", "rewards", "experiments") and len(path) <= 2
    return is_part or any(_is_long(one) for one in value.values())


def _holds_maps(value: Sequence[Any]) -> bool:
    return all(isinstance(one, Mapping) for one in value)


def _wants_quotes(path: Path) -> bool:
    return path[-1] in _QUOTED


def _flow(value: Value, *, quoted: bool, json_: bool) -> str:
    if isinstance(value, Written):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _scalar(value, quoted=quoted or json_)
    if isinstance(value, Mapping):
        pairs = [
            f"{_scalar(key, quoted=json_, is_key=True)}: "
            + _flow(one, quoted=key in _QUOTED, json_=json_)
            for key, one in value.items()
        ]
        return "{" + ", ".join(pairs) + "}"
    return "[" + ", ".join(_flow(one, quoted=False, json_=json_) for one in value) + "]"


def _scalar(value: str, *, quoted: bool, is_key: bool = False) -> str:
    is_plain = (
        not quoted
        and _PLAIN.fullmatch(value)
        and (is_key or not _LOOKS_OTHERWISE.fullmatch(value))
        and not _COLON.search(value)
        and not isinstance(plain(Node(0, 0, value)), Written)
    )
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def _meaning(value: Value) -> object:
    """A value as the reader would give it."""
    if isinstance(value, Written):
        return plain(Node(0, 0, value.text))
    if isinstance(value, bool | int):
        return plain(Node(0, 0, _flow(value, quoted=False, json_=False)))
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {key: _meaning(one) for key, one in value.items()}
    return [_meaning(one) for one in value]


def _with(tree: Any, path: Path, value: object) -> object:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        items = list(tree) if isinstance(tree, list) else []
        if first < len(items):
            items[first] = _with(items[first], rest, value)
        else:
            items.append(_with(None, rest, value))
        return items
    entries = dict(tree) if isinstance(tree, dict) else {}
    entries[first] = _with(entries.get(first), rest, value)
    return entries


def _without(tree: Any, path: Path) -> object:
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        items = list(tree)
        if rest:
            items[first] = _without(items[first], rest)
        else:
            del items[first]
        return items
    entries = dict(tree)
    if rest:
        entries[first] = _without(entries[first], rest)
    else:
        del entries[first]
    return entries


def _renamed(tree: Any, path: Path, name: str) -> object:
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        return [_renamed(one, rest, name) if i == first else one for i, one in enumerate(tree)]
    if rest:
        return {k: _renamed(v, rest, name) if k == first else v for k, v in tree.items()}
    return {(name if k == first else k): v for k, v in tree.items()}


def _proved(changed: str, wanted: object, path: Path) -> str:
    """The edit, read again: it says what was intended and all else as before."""
    found = plain(Source.read(changed).root)
    if _settled(found) != _settled(wanted):
        raise _cannot(path, "what stands around it would change, too")
    return changed


def _settled(tree: Any) -> object:
    """Long texts end with a break or without one, as their style has it."""
    if isinstance(tree, dict):
        return {key: _settled(one) for key, one in tree.items()}
    if isinstance(tree, list):
        return [_settled(one) for one in tree]
    return tree.rstrip("\n") if isinstance(tree, str) else tree


def _size(holder: Node) -> int:
    return len(holder.pairs) + len(holder.items)


def _cannot(path: Path, reason: str) -> NotEditable:
    name = ".".join(map(str, path))
    return NotEditable(f"{name}: the form cannot change this ({reason}); change it in the YAML")
