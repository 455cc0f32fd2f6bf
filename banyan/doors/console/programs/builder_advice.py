"""builder_advice: what to think of before a draft is handed over, and how two drafts differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from banyan.core.programs.presets import preset
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_fields import spoken
from banyan.doors.console.programs.builder_incentives import layer_words
from banyan.engine.language import Program
from banyan.growth.planning.advice import Advice, advice
from banyan.growth.planning.layers import LAYERS, layer
from banyan.growth.planning.promises import Overpromise, Text, overpromises
from banyan.growth.toolkit.read import all_scripts


@dataclass(frozen=True)
class AdviceLine:
    """A piece of advice with the line of the file that it is about; 0 for none."""

    advice: Advice
    line: int


@dataclass(frozen=True)
class Tip:
    """One piece of what came with the preset; `key` is the same in every language."""

    key: str
    text: str
    is_ticked: bool


TICKED = "ticked"
"""The note of a draft that holds which tips were thought of: their keys, with commas."""


def checklist(document: Document) -> dict[str, Any]:
    """For the page before publication; empty lists while the text is no program."""
    program = document.program
    if program is None:
        return {"advice": [], "tips": [], "promises": [], "layers": []}
    return {
        "advice": mistakes(document),
        "tips": tips(program, document.facts),
        "promises": promises(program, document),
        "layers": layers(program),
    }


def mistakes(document: Document) -> list[AdviceLine]:
    """Mistakes that programs die of, as far as the text and its notes tell."""
    program = document.program
    if program is None:
        return []
    return [
        AdviceLine(one, document.line(one.path) if one.path else 0)
        for one in advice(program, document.facts)
    ]


def cards(program: Program) -> list[str]:
    """How to make it work: the advice that came with the preset, a line each."""
    english, chinese = _advice(program)
    return (chinese or english) if spoken() == "zh-hans" else (english or chinese)


def tips(program: Program, facts: Mapping[str, str]) -> list[Tip]:
    """The same as a list to tick, with what was ticked."""
    english, chinese = _advice(program)
    ticked = set(facts.get(TICKED, "").split(","))
    keys = [sha256(line.encode()).hexdigest()[:8] for line in english or chinese]
    # Where one language has another number of lines, its own words name them.
    if spoken() == "zh-hans" and chinese and len(chinese) != len(keys):
        keys = [sha256(line.encode()).hexdigest()[:8] for line in chinese]
    return [Tip(key, text, key in ticked) for key, text in zip(keys, cards(program), strict=True)]


def _advice(program: Program) -> tuple[list[str], list[str]]:
    """In English and in Chinese; a program that has none is given its preset's."""
    words = program.advice
    if words is None:
        shipped = preset(program.program)
        words = shipped.terms.advice if shipped else None
    if words is None:
        return [], []
    return _lines(words.en), _lines(words.zh_hans)


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def promises(program: Program, document: Document) -> list[Overpromise]:
    """Amounts that titles, notes and texts to pass on name, and the rules do not give."""
    return overpromises(program, [*_own_texts(program, document), *_scripts(program)])


def layers(program: Program) -> list[tuple[str, list[str]]]:
    """The layers of the pyramid with the rewards in each."""
    words = layer_words()
    return [
        (words[one], [name for name, r in program.rewards.items() if layer(program, r) == one])
        for one in LAYERS
    ]


def differences(theirs: str, mine: str) -> list[tuple[str, str]]:
    """Lines of both texts that differ: `theirs` or `mine`, and the line; `same` near them."""
    a, b = theirs.splitlines(), mine.splitlines()
    found: list[tuple[str, str]] = []
    for group in SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(2):
        for what, a1, a2, b1, b2 in group:
            if what == "equal":
                found += [("same", line) for line in a[a1:a2]]
                continue
            found += [("theirs", line) for line in a[a1:a2]]
            found += [("mine", line) for line in b[b1:b2]]
    return found


def _own_texts(program: Program, document: Document) -> list[Text]:
    texts = []
    if program.title is not None:
        texts.append(Text(_("Name in English"), program.title.en or ""))
        texts.append(Text(_("Name in Chinese"), program.title.zh_hans or ""))
    texts.append(Text(_("A good fit is… (English)"), document.facts.get("fit_en", "")))
    texts.append(Text(_("A good fit is… (Chinese)"), document.facts.get("fit_zh", "")))
    texts.append(Text(_("What they say first"), document.facts.get("follow_words", "")))
    for number in range(1, 5):
        words = document.facts.get(f"plan{number}_what", "")
        texts.append(Text(_("Step {number} of the plan").format(number=number), words))
    return texts


def _scripts(program: Program) -> list[Text]:
    """Those written for this program; general ones take their amounts from the terms."""
    return [
        Text(_("Script {name}").format(name=f"{one.id} ({lang})"), text)
        for one in all_scripts()
        if one.is_active and one.program == program.program
        for lang, text in one.texts.items()
    ]
