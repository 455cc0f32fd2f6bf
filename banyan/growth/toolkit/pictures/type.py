"""type: setting Chinese and Latin text in lines.

Lines break where both scripts allow it: between Chinese characters, but never so that a closing
mark begins a line or an opening one ends it; Latin words stay whole while they fit. What the font
has no sign for is left out, so that no empty boxes appear.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageDraw, ImageFont

from banyan.engine.language.explain import safe

CLOSING = frozenset("、。，．：；？！…—～·）》」』】〕〉”’％%!),.:;?]}°℃")
"""May not begin a line."""
OPENING = frozenset("（《「『【〔〈“‘([{¥$€£#")
"""May not end a line."""
_JOINERS = frozenset("-_/@&+'’.,:%×")
# Behind a mark that separates parts of a sentence (a Latin one with its space), where neither a
# mark nor a quote follows.
_PAUSE = re.compile(r"(?<=[，、；：。！？])(?![，、；：。！？”』」》）])|(?<=[,;:.!?] )")
_MISSING = "\U0010fffe"


@dataclass(frozen=True)
class Block:
    """Lines of one size."""

    lines: tuple[str, ...]
    size: int
    line_px: int

    @property
    def height(self) -> int:
        """In pixels, with no space below the last line."""
        return self.line_px * len(self.lines)


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Noto Sans SC. The simple layout is enough for the scripts it has, and is everywhere."""
    return ImageFont.truetype(_font_file(), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _font_file() -> str:
    # Found without importing the package, which would load Matplotlib for half a second.
    found = find_spec("zhplot")
    assert found is not None  # a dependency of ours
    assert found.submodule_search_locations is not None
    return str(Path(found.submodule_search_locations[0], "fonts", "NotoSansSC-Regular.ttf"))


def shown(text: str) -> str:
    """The text on one line with only what the font can show; empty when that is nothing."""
    composed = unicodedata.normalize("NFC", safe.plain(text))
    return " ".join("".join(char for char in composed if _has(char)).split())


def clipped(text: str, most: int) -> str:
    """The text as shown, cut with “…” beyond `most` columns; a Chinese character takes two."""
    columns, kept = 0, ""
    text = shown(text)
    for char in text:
        columns += 2 if _is_wide(char) else 1
        if columns > most:
            return f"{kept.rstrip()}…"
        kept += char
    return kept


def block(
    text: str,
    *,
    width: int,
    sizes: Sequence[int],
    most_lines: int,
    leading: float = 1.35,
) -> Block:
    """The text in the largest of `sizes` (pixels, descending) in which it fits into `most_lines`;
    where it fits in none, cut and marked with “…”."""
    text = shown(text)
    for size in sizes:
        lines = broken(text, width=width, size=size)
        if len(lines) <= most_lines:
            even = _by_phrases(text, len(lines), width, size) or _balanced(text, lines, width, size)
            return Block(even, size, round(size * leading))
    return Block(_cut(lines, most_lines, width, size), size, round(size * leading))


def broken(text: str, *, width: int, size: int) -> tuple[str, ...]:
    """The text in lines of at most `width` pixels."""
    lines, line = [], ""
    for unit in _units(text):
        if not line or width_of(line + unit.rstrip(), size) <= width:
            line = line + unit if line else unit.lstrip()
        else:
            lines.append(line.rstrip())
            line = unit.lstrip()
        while width_of(line.rstrip(), size) > width:
            head = _that_fits(line, width, size)
            lines.append(head)
            line = line[len(head) :]
    if line.strip():
        lines.append(line.rstrip())
    return tuple(lines)


def width_of(text: str, size: int) -> float:
    """In pixels."""
    return sum(_advance(char, size) for char in text)


def draw_block(
    draw: ImageDraw.ImageDraw,
    block: Block,
    xy: tuple[int, int],
    *,
    fill: str,
    weight: int = 0,
    centred_in: int | None = None,
) -> int:
    """Draw the lines from the upper left corner `xy`; the y below them.

    `weight` thickens the strokes, in hundredths of the size; `centred_in` is a width in pixels.
    """
    x, y = xy
    stroke = block.size * weight / 100
    for line in block.lines:
        left = x if centred_in is None else x + (centred_in - width_of(line, block.size)) / 2
        # The middle of the line's box, so that scripts of different height stand alike.
        draw.text(
            (left, y + block.line_px / 2),
            line,
            font=font(block.size),
            fill=fill,
            anchor="lm",
            stroke_width=stroke,
            stroke_fill=fill,
        )
        y += block.line_px
    return y


def _units(text: str) -> Iterator[str]:
    """The pieces between which a line may break, each with the space that follows it."""
    unit = ""
    for before, char in zip(" " + text, text, strict=False):
        if unit and _may_break(before, char):
            yield unit
            unit = ""
        unit += char
    if unit:
        yield unit


def _may_break(before: str, char: str) -> bool:
    if char == " ":
        return False
    if char in CLOSING or before in OPENING:
        return False
    if before == " ":
        return True
    return not (_is_of_word(before) and _is_of_word(char))


@lru_cache(maxsize=10_000)
def _is_of_word(char: str) -> bool:
    if char in _JOINERS:
        return True
    return not _is_wide(char) and char != " "


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF" or char in CLOSING or char in OPENING


def _that_fits(line: str, width: int, size: int) -> str:
    """The longest beginning of a word that is wider than a line, at least one character."""
    total = 0.0
    for place, char in enumerate(line):
        total += _advance(char, size)
        if total > width and place:
            return line[:place]
    return line


def _by_phrases(text: str, most: int, width: int, size: int) -> tuple[str, ...]:
    """Lines that end where the text itself makes a pause; nothing where that takes more lines."""
    lines = [""]
    for phrase in _PAUSE.split(text):
        if width_of((lines[-1] + phrase).strip(), size) <= width:
            lines[-1] += phrase
        else:
            lines.append(phrase)
    stripped = tuple(line.strip() for line in lines if line.strip())
    fits = all(width_of(line, size) <= width for line in stripped)
    return stripped if fits and len(stripped) <= most else ()


def _balanced(text: str, lines: tuple[str, ...], width: int, size: int) -> tuple[str, ...]:
    """The same number of lines as even as they go, so that no single character stands alone."""
    if len(lines) < 2:
        return lines
    low, high, best = width // 2, width, lines
    while high - low > 8:
        middle = (low + high) // 2
        tried = broken(text, width=middle, size=size)
        if len(tried) == len(lines):
            high, best = middle, tried
        else:
            low = middle
    return best


def _cut(lines: Sequence[str], most: int, width: int, size: int) -> tuple[str, ...]:
    last = lines[most - 1]
    while last and width_of(f"{last}…", size) > width:
        last = last[:-1]
    while last and (last[-1] in OPENING or last[-1] in "，、；, "):
        last = last[:-1]
    return (*lines[: most - 1], f"{last}…")


@lru_cache(maxsize=50_000)
def _advance(char: str, size: int) -> float:
    return float(font(size).getlength(char))


@lru_cache(maxsize=50_000)
def _has(char: str) -> bool:
    """Whether the font has a sign of its own for it."""
    if char == " ":
        return True
    if unicodedata.category(char) in ("Cf", "Cn", "Co", "Cs"):
        return False
    return _mask(char) != _mask(_MISSING)


@lru_cache(maxsize=50_000)
def _mask(char: str) -> tuple[tuple[int, int], bytes]:
    mask = font(40).getmask(char)
    return mask.size, bytes(mask)
