"""versions_words: two versions of a program beside each other, in words and as text."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

from banyan.engine.language.explain import Language, rules_page
from banyan.engine.language.program import Program

_READER = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True)
class Sentence:
    """A sentence of the rules on both sides; an empty side has none."""

    old: SafeString
    new: SafeString


@dataclass(frozen=True)
class Section:
    """A section of the rules that says something else."""

    title: str
    sentences: tuple[Sentence, ...]


def differences(old: Program, new: Program, *, lang: Language) -> tuple[Section, ...]:
    """The sentences of the public rules that differ, section by section, in their order."""
    before, after = (_sections(_numberless(one), lang) for one in (old, new))
    titles = list(dict.fromkeys([*before, *after]))
    found = (Section(t, tuple(_changed(before.get(t, []), after.get(t, [])))) for t in titles)
    return tuple(one for one in found if one.sentences)


def text_lines(old: str, new: str) -> list[tuple[Literal["old", "new", "same"], str]]:
    """The files line by line, with three lines around each change."""
    kinds: dict[str, Literal["old", "new", "same"]] = {"-": "old", "+": "new"}
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3)
    return [(kinds.get(line[:1], "same"), line) for line in list(lines)[2:]]


def _numberless(program: Program) -> Program:
    """Its own number is no difference."""
    return program.model_copy(update={"version": 0})


def _sections(program: Program, lang: Language) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    title = ""
    for line in rules_page(program, lang=lang, format="md").splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ")
        elif line.strip() and not line.startswith(("# ", "| ---", "|---")):
            found.setdefault(title, []).append(line.strip())
    return found


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Sentence]:
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "equal":
            for before, after in zip_longest(old[i:j], new[k:m], fillvalue=""):
                yield Sentence(_words(before), _words(after))


def _words(line: str) -> SafeString:
    """One line of Markdown as HTML; every text of a program is escaped by the reader."""
    text = line.lstrip("#").removeprefix("- ").strip()
    if text.startswith("|"):
        text = " · ".join(part.strip() for part in text.strip("|").split("|"))
    return SafeString(_READER.renderInline(text))  # the reader lets no markup through
