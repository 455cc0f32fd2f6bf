"""sentences: what the rooms say in English, in the language of who reads it.

The rooms say their sentences in English, as the API and the commands hand them on. For pages and
mails each room keeps its sentences as patterns, in `locale/zh_Hans/LC_MESSAGES/refusals.po`: what
varies stands as `{1}`, `{2}` … in the English of the code. In the Chinese,

- `{1}` is put in as it is;
- `{1:told}` is translated in its turn: a word, or a sentence within the sentence;
- `{1:list}` is a list of words such as `a, b or c`, `{1:names}` one of names that stay as they are;
- `{1:clauses}` is what is strung together by commas.

What no pattern knows, and what a room says in the reader's language itself, is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from babel.messages.pofile import read_po
from django.utils.translation import get_language

CATALOGUE = "refusals.po"

_GAP = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<number>\d+)(?::(?P<how>\w+))?\}")
_OPENING = re.compile(r": \{\d+\}$")
# A gap that stands right behind another begins as a sentence goes on: `{1}{2}`.
_GOES_ON = r"(?:(?:; |: | \().*?)?"
_LAST = {" or ": "或", " and ": "和"}
_HAN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef“”…]")
_WIDE_MARK = re.compile(r"[\u3000-\u303f\uff00-\uffef“”…]")


def translated(sentence: str) -> str:
    """A sentence of a room in the language that is active; itself where that is English, or no
    pattern knows the sentence."""
    if not str(get_language()).startswith("zh"):
        return sentence
    lines = sentence.split("\n")
    if len(lines) > 1 and all(map(_chinese, lines)):
        return "\n".join(map(translated, lines))
    return _chinese(sentence) or sentence


@dataclass(frozen=True)
class Pattern:
    """An English sentence with its gaps, and how it is said in Chinese."""

    english: str
    chinese: str

    @property
    def words(self) -> int:
        """How many characters are the pattern's own: the more, the surer it is meant."""
        return len(_GAP.sub("", self.english))

    @property
    def is_opening(self) -> bool:
        """Whether it opens a sentence that another pattern knows, as in `password: {1}`."""
        return bool(_OPENING.search(self.english)) and self.chinese.endswith(":told}")

    def fill(self, sentence: str) -> str | None:
        """The Chinese for an English sentence; None if the pattern does not fit it."""
        found = _expression(self.english).fullmatch(sentence)
        if found is None:
            return None
        said, at = "", 0
        for gap in _GAP.finditer(self.chinese):
            said = _set(said, self.chinese[at : gap.start()])
            value = gap["brace"][0] if gap["brace"] else _value(found[f"_{gap['number']}"], gap)
            said = _set(said, value) if gap["how"] else said + value
            at = gap.end()
        return _set(said, self.chinese[at:]) if at else self.chinese


@cache
def patterns() -> tuple[Pattern, ...]:
    """Every pattern of every room, the surest first."""
    return tuple(
        sorted(_read(), key=lambda one: (not one.is_opening, -one.words, -one.english.count("{")))
    )


def _read() -> Iterator[Pattern]:
    for file in sorted(Path(str(files("banyan"))).rglob(f"locale/zh_Hans/*/{CATALOGUE}")):
        with file.open("rb") as content:
            for message in read_po(content, locale="zh_Hans", abort_invalid=True):
                if message.id:
                    yield Pattern(str(message.id), str(message.string))


def _chinese(sentence: str) -> str | None:
    for pattern in patterns():
        found = pattern.fill(sentence)
        if found is not None:
            return found
    return None


@cache
def _expression(english: str) -> re.Pattern[str]:
    pieces, at, last = [], 0, "}}"
    for gap in _GAP.finditer(english):
        pieces.append(re.escape(english[at : gap.start()]))
        if gap["brace"]:
            pieces.append(re.escape(gap["brace"][0]))
        else:
            is_next = 0 < at == gap.start() and not last
            pieces.append(f"(?P<_{gap['number']}>{_GOES_ON if is_next else '.*?'})")
        at, last = gap.end(), gap["brace"]
    return re.compile("".join([*pieces, re.escape(english[at:])]), re.DOTALL)


def _value(value: str, gap: re.Match[str]) -> str:
    if gap["how"] == "names":
        return _listed(value, str)
    if gap["how"] == "list":
        return _listed(value, translated)
    if gap["how"] == "clauses":
        return "，".join(map(translated, value.split(", ")))
    return translated(value) if gap["how"] == "told" else value


def _listed(value: str, say: Callable[[str], str]) -> str:
    """`a, b or c` as Chinese lists are written."""
    *first, last = value.split(", ")
    for word, chinese in _LAST.items():
        left, found, right = last.rpartition(word)
        if found:
            whole = _set("、".join(map(say, [*first, left])), chinese)
            return _set(whole, say(right))
    return "、".join(map(say, [*first, last]))


def _set(before: str, behind: str) -> str:
    """Two pieces beside each other: a space between Chinese and what is not, none else."""
    left, right = before.rstrip(" "), behind.lstrip(" ")
    if not left or not right:
        return before + behind
    is_han = _HAN.match(left[-1]), _HAN.match(right)
    if all(is_han) or _WIDE_MARK.match(left[-1]) or _WIDE_MARK.match(right):
        return left + right
    return f"{left} {right}" if any(is_han) else before + behind
