"""texts: words with gaps. `{name}` is filled in; `[…]` falls away when a gap in it is empty."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from banyan.engine.language.explain import Language
from banyan.kernel.errors import Problem

LONGEST = 10_000
_GAP = re.compile(r"{([a-z_]+)}")
_PART = re.compile(r"\[([^\[\]]*)\]")
_SPACES = re.compile(r"(?<=\S) {2,}")
_BLANK_LINES = re.compile(r"\n{3,}")


class BadText(Problem):
    """A text that cannot be filled in."""

    status = 422
    code = "template_refused"


def check(text: str, variables: Collection[str], *, where: str) -> None:
    """Whether every gap of a text is one of `variables`; `where` is what the error calls it.

    Raises BadText with the first thing that is wrong.
    """
    if len(text) > LONGEST:
        raise BadText(f"{where}: at most {LONGEST:,} characters, found {len(text):,}.")
    check_kept(text, where=where)
    for name in gaps(text):
        if name not in variables:
            known = ", ".join(f"{{{one}}}" for one in variables)
            raise BadText(f"{where}: {{{name}}} is not known here; known are {known}.")
    rest = _GAP.sub("", text)
    if "{" in rest or "}" in rest:
        raise BadText(
            f"{where}: a brace stands alone; write a variable as {{name}}, in small letters."
        )
    rest = _PART.sub("", rest)
    if "[" in rest or "]" in rest:
        raise BadText(
            f"{where}: [ and ] do not pair up; a part between them falls away when a variable in "
            "it is empty, and holds no other such part."
        )


def check_kept(text: str, *, where: str) -> None:
    """Whether every database can keep a text. Raises BadText."""
    if "\0" in text:
        raise BadText(f"{where}: holds a character that cannot be kept (NUL); take it out.")


def gaps(text: str) -> Iterator[str]:
    """The variables a text names, in their order."""
    for found in _GAP.finditer(text):
        yield found[1]


def filled(text: str, values: Mapping[str, str], language: Language) -> str:
    """The text with its gaps filled; a variable without a value is empty.

    Chinese sets a space where Latin letters or digits meet Chinese characters; texts are written
    without, since only here it is known what stands in a gap.
    """

    def part(found: re.Match[str]) -> str:
        inner = found[1]
        return inner if all(values.get(name) for name in gaps(inner)) else ""

    whole, end = "", 0
    kept = _PART.sub(part, text)
    # Gaps are filled in one pass, so that a value that looks like a gap stays as it is.
    for gap in _GAP.finditer(kept):
        for piece in (kept[end : gap.start()], values.get(gap[1], "")):
            whole += _spaced(whole, piece) if language == "zh-hans" else piece
        end = gap.end()
    whole += _spaced(whole, kept[end:]) if language == "zh-hans" else kept[end:]
    # What fell away leaves no gap of its own.
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", whole)).strip()


def _spaced(before: str, after: str) -> str:
    if not before or not after:
        return after
    left, right = before[-1], after[0]
    is_met = (_is_han(left) and _is_latin(right)) or (_is_latin(left) and _is_han(right))
    return f" {after}" if is_met else after


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff"


def _is_latin(char: str) -> bool:
    return (char.isalnum() and char < "\u2e80") or char in "$¥€£"
