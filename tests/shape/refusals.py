"""What the code says when it refuses: every sentence of a Problem or finding, as a pattern.

`f"{slug} is {row.status}"` is the pattern `{1} is {2}`: what varies has the number of its place,
since the same sentence may be said in several places about differently named things.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

_GETTEXT = frozenset({"_", "gettext", "gettext_lazy", "ngettext", "pgettext"})
# An alarm stands on the board; an event that was not taken in, and what a job did, in the records.
_ALARM, _TABLE, _BAD_EVENT, _JOB = "raise_alarm", "SENTENCES", "_Bad", "Work"
# How the language of programs gives a sentence its place.
_FINDERS = frozenset(
    {"refuse", "at", "at_key", "inside", "finding", "error", "warning", "Finding", "SqlError"}
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_MOST_STEPS = 6


@dataclass
class Said:
    """The sentences of one file, and the words that stand in their places."""

    sentences: dict[str, int] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)


def problems(folder: Path) -> frozenset[str]:
    """The names of Problem and of every class that comes of it."""
    bases: dict[str, set[str]] = {}
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(map(_name, node.bases))
    found = {"Problem"}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return frozenset(found)


def said(file: Path, problem_names: frozenset[str], *, finds: bool = False) -> Said:
    """The patterns of a file, with the line of each; `finds`: findings about programs too."""
    reader = _Reader(ast.parse(file.read_text()))
    takers = problem_names | {_BAD_EVENT, _JOB} | (_FINDERS if finds else frozenset())
    for scope, call in reader.calls:
        arguments = [*call.args, *(one.value for one in call.keywords)]
        if _is_note(call) and "importing" in file.parts:
            reader.read(call.args[0], scope)
        elif _name(call.func) == _ALARM:
            reader.read(arguments[1], scope)
        elif _name(call.func) in takers or reader.is_problem(call, problem_names):
            for argument in arguments:
                reader.read(argument, scope)
    for sentence in reader.held(_TABLE):
        reader.read(sentence, ())
    return reader.said


def bare_problems(file: Path) -> list[int]:
    """Where a problem that was caught is told as it is: `problem.sentence`, `str(problem)`."""
    found = []
    for handler in ast.walk(ast.parse(file.read_text())):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        waiting: list[ast.AST] = list(handler.body)
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Raise) or _is_log(node):
                continue
            waiting += ast.iter_child_nodes(node)
            told = node.args[0] if isinstance(node, ast.Call) and node.args else None
            if isinstance(node, ast.Attribute) and node.attr == "sentence":
                told = node.value
            elif not isinstance(node, ast.Call) or _name(node.func) != "str":
                continue
            if isinstance(told, ast.Name) and told.id == handler.name:
                found.append(node.lineno)
    return found


def _is_note(call: ast.Call) -> bool:
    """Whether something is noted about a file that was brought: `notes.append(…)`."""
    func = call.func
    if not (isinstance(func, ast.Attribute) and func.attr == "append"):
        return False
    return _name(func.value) == "notes"


def _is_log(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log" | "logger"))):
            return True
    return False


def is_sentence(pattern: str) -> bool:
    """Whether there is anything to translate: words, beside what varies."""
    return bool(re.search(r"[A-Za-z]{2}.*[ :]|[ :].*[A-Za-z]{2}", re.sub(r"\{\d+\}", "", pattern)))


class _Reader:
    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.said = Said()
        self.calls = list(_calls(tree))
        self._functions = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        self._classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        self._asked: set[tuple[str, str, bool]] = set()

    def is_problem(self, call: ast.Call, problem_names: frozenset[str]) -> bool:
        """Whether it is the `super().__init__(…)` of a Problem."""
        return _name(call.func) == "__init__" and any(
            one.name in problem_names and any(node is call for node in ast.walk(one))
            for one in self._classes
        )

    def read(self, value: ast.expr, scope: tuple[_Function, ...]) -> None:
        """Keep what an argument can say."""
        for pattern in self._patterns(value, scope, _MOST_STEPS):
            if is_sentence(pattern):
                self.said.sentences.setdefault(pattern, value.lineno)
        self._ask_callers(value, scope, is_word=False)

    def _ask_callers(self, value: ast.expr, scope: tuple[_Function, ...], *, is_word: bool) -> None:
        """Where a parameter is said, what the function is called with is said."""
        if not isinstance(value, ast.Name) or not scope:
            return
        function = scope[-1]
        if isinstance(function, ast.Lambda) or function.name == "__init__":
            return
        if (function.name, value.id, is_word) in self._asked:
            return
        names = [one.arg for one in function.args.args if one.arg not in ("self", "cls")]
        keywords = [one.arg for one in function.args.kwonlyargs]
        if value.id not in (*names, *keywords):
            return
        self._asked.add((function.name, value.id, is_word))
        for around, call in self.calls:
            if _name(call.func) != function.name:
                continue
            given = dict(zip(names, call.args, strict=False))
            given |= {str(one.arg): one.value for one in call.keywords}
            if value.id in given and is_word:
                self._keep_words(given[value.id], around, _MOST_STEPS)
            elif value.id in given:
                self.read(given[value.id], around)

    def _patterns(self, value: ast.expr, scope: tuple[_Function, ...], left: int) -> list[str]:
        if left == 0:
            return []
        match value:
            case ast.Constant(value=str() as text):
                return [_escaped(text)]
            case ast.JoinedStr():
                return [self._joined(value, scope, left)]
            case ast.BinOp(left=first, op=ast.Add(), right=second):
                before = self._patterns(first, scope, left) or ["{1}"]
                behind = self._patterns(second, scope, left) or ["{1}"]
                return [_both(one, other) for one, other in product(before, behind)]
            case ast.IfExp(body=first, orelse=second):
                return self._all([first, second], scope, left)
            case ast.Name(id=name):
                return self._all(self._given(name, scope), scope, left - 1)
            case ast.Lambda(body=body):
                return self._patterns(body, scope, left)
            case ast.Call(func=ast.Name(id=name)) if name not in _GETTEXT:
                return self._returned(name, left)
            case ast.Subscript(value=ast.Name(id=name)):
                return self._all(self.held(name), scope, left)
        return []

    def _all(self, values: list[ast.expr], scope: tuple[_Function, ...], left: int) -> list[str]:
        return [text for value in values for text in self._patterns(value, scope, left)]

    def _returned(self, name: str, left: int) -> list[str]:
        return [
            text
            for function in self._functions
            if function.name == name
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
            for text in self._patterns(node.value, (function,), left - 1)
        ]

    def _given(self, name: str, scope: tuple[_Function, ...]) -> list[ast.expr]:
        """What a name was set to: in its function, else in the module."""
        if any(function.name == name for function in self._functions):
            return [ast.Call(ast.Name(name), [], [])]
        for holder in (*reversed(scope), self.tree):
            found = [
                node.value
                for node in ast.walk(holder)
                if isinstance(node, ast.Assign | ast.AnnAssign)
                and node.value is not None
                and name in map(_name, _targets(node))
            ]
            if found:
                return found
        return []

    def held(self, name: str) -> list[ast.expr]:
        """The values of a mapping of the module."""
        return [
            one
            for value in self._given(name, ())
            if isinstance(value, ast.Dict)
            for one in value.values
        ]

    def _joined(self, value: ast.JoinedStr, scope: tuple[_Function, ...], left: int) -> str:
        pieces, number = [], 0
        for part in value.values:
            if isinstance(part, ast.Constant):
                pieces.append(_escaped(str(part.value)))
            elif isinstance(part, ast.FormattedValue):
                number += 1
                pieces.append(f"{{{number}}}")
                self._keep_words(part.value, scope, left - 1)
        return "".join(pieces)

    def _keep_words(self, value: ast.expr, scope: tuple[_Function, ...], left: int) -> None:
        if isinstance(value, ast.BoolOp):
            for one in value.values:
                self._keep_words(one, scope, left)
            return
        for text in self._patterns(value, scope, left):
            if re.search(r"[a-z]{2}", re.sub(r"\{\d+\}", "", text)):
                self.said.words.setdefault(text, value.lineno)
        self._ask_callers(value, scope, is_word=True)


def _calls(tree: ast.Module) -> Iterator[tuple[tuple[_Function, ...], ast.Call]]:
    """Every call, with the functions around it from the outside inwards."""
    waiting: list[tuple[tuple[_Function, ...], ast.AST]] = [((), tree)]
    while waiting:
        scope, node = waiting.pop()
        if isinstance(node, ast.Call):
            yield scope, node
        inner = (*scope, node) if isinstance(node, _Function) else scope
        waiting += [(inner, child) for child in ast.iter_child_nodes(node)]


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _name(value)
    return ""


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _both(first: str, second: str) -> str:
    """Two patterns as one: the second counts on where the first ends."""
    last = max(map(int, re.findall(r"(?<!\{)\{(\d+)\}", first)), default=0)
    return first + re.sub(
        r"(?<!\{)\{(\d+)\}(?!\})", lambda found: f"{{{int(found[1]) + last}}}", second
    )
