"""poster: an invitation to save and send: brand, what it is, what both get, code to scan."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageDraw

from banyan.growth.toolkit.pictures.colours import INK, SOFT_INK, WHITE, Palette, mixed, palette
from banyan.growth.toolkit.pictures.qr import qr_image
from banyan.growth.toolkit.pictures.shapes import check_mark, panel
from banyan.growth.toolkit.pictures.type import Block, block, draw_block

QUALITY = 90


class Size(NamedTuple):
    """Pixels, and how much larger everything is than on a poster 1080 wide."""

    width: int
    height: int
    dpi: int


SIZES = {
    "moments": Size(1080, 1440, 72),
    "chat": Size(1080, 1080, 72),
    "story": Size(1080, 1920, 72),
    "a4": Size(1240, 1754, 150),
}
"""By the channel they are made for; `a4` is for print."""


@dataclass(frozen=True)
class Poster:
    """What stands on a poster; every text is plain and may be of any length."""

    brand: str
    colour: str
    """#rrggbb"""
    headline: str
    greeting: str
    """Who invites; may be empty."""
    highlights: tuple[str, ...]
    friend_label: str
    friend: str
    """What the reader gets; may be empty, as what the advocate gets."""
    advocate_label: str
    advocate: str
    url: str
    """What the code leads to."""
    scan: str
    code_label: str
    code: str
    short_link: str


def poster(content: Poster, size: str) -> bytes:
    """The picture as JPEG. `size` is one of SIZES."""
    form = SIZES[size]
    sheet = _Sheet(content, form)
    sheet.draw()
    out = io.BytesIO()
    # Whole colour resolution: with half of it the edges of the code would bleed.
    sheet.image.save(out, "JPEG", quality=QUALITY, subsampling=0, dpi=(form.dpi, form.dpi))
    return out.getvalue()


class _Sheet:
    """One poster being drawn: a coloured head, a panel with what both get, the code at the foot."""

    def __init__(self, content: Poster, form: Size) -> None:
        self._content = content
        self._width, self._height = form.width, form.height
        self._unit = form.width / 1080
        self._is_square = form.height <= form.width
        self._is_tall = form.height > 1.5 * form.width
        self._colours: Palette = palette(content.colour)
        self.image = Image.new("RGB", (form.width, form.height), self._colours.tint)
        self._draw = ImageDraw.Draw(self.image)
        self._margin = self._px(64)
        self._inside = self._width - 2 * self._margin

    def draw(self) -> None:
        """Everything. Most of the height that is left over goes into the head."""
        foot_top = self._foot()
        head = self._head()
        padding = self._px(36 if self._is_square else 48)
        overlap = self._px(56 if self._is_square else 64)
        apart = self._px(28 if self._is_square else 44)
        top = head.height - overlap
        rows = self._rows(foot_top - top - apart - 2 * padding)
        panel_height = sum(row.height for row in rows) + 2 * padding if rows else 0
        spare = max(foot_top - apart - top - panel_height, 0)
        spread = spare // 2
        self._paint_head(head, spread)
        if rows:
            self._paint_rows(rows, top + spread, padding, panel_height)

    def _px(self, size: float) -> int:
        return round(size * self._unit)

    def _sizes(self, *sizes: int) -> tuple[int, ...]:
        return tuple(self._px(size) for size in sizes)

    def _head(self) -> _Head:
        content = self._content
        headlines = (68, 60, 52, 46) if self._is_square else (84, 72, 64, 54, 46)
        if self._is_tall:
            headlines = (104, 92, *headlines)
        brand = block(content.brand, width=self._inside, sizes=self._sizes(38, 32), most_lines=1)
        greeting = block(
            content.greeting, width=self._inside, sizes=self._sizes(38, 34, 30), most_lines=1
        )
        headline = block(
            content.headline,
            width=self._inside,
            sizes=self._sizes(*headlines),
            most_lines=2 if self._is_square else 3,
            leading=1.28,
        )
        marks = () if self._is_square else tuple(map(self._highlight, content.highlights))
        return _Head(
            top=self._px(44 if self._is_square else 60),
            brand=brand,
            headline=headline,
            greeting=greeting,
            marks=marks,
            gap=self._px(20 if self._is_square else 34),
            bottom=self._px(84 if self._is_square else 110),
        )

    def _highlight(self, line: str) -> Block:
        return block(
            line,
            width=self._inside - self._px(52),
            sizes=self._sizes(42, 36, 32, 28) if self._is_tall else self._sizes(36, 32, 28),
            most_lines=1,
            leading=1.5,
        )

    def _paint_head(self, head: _Head, spread: int) -> None:
        """Brand, headline, who invites, highlights, on the accent."""
        colours = self._colours
        quiet = mixed(colours.accent, colours.on_accent, 0.86)
        self._draw.rectangle((0, 0, self._width, head.height + spread), fill=colours.accent)
        parts = 3 if head.marks else 2
        apart = head.gap + spread // (parts + 2)
        y = head.top + spread // (parts + 2)
        y = draw_block(self._draw, head.brand, (self._margin, y), fill=quiet, weight=2) + apart
        y = draw_block(
            self._draw, head.headline, (self._margin, y), fill=colours.on_accent, weight=3
        )
        if head.greeting.lines:
            y = draw_block(self._draw, head.greeting, (self._margin, y + head.gap), fill=quiet)
        y += apart
        for mark in head.marks:
            sign = self._px(32)
            place = (self._margin, y + (mark.line_px - sign) // 2)
            check_mark(self._draw, place, sign, colours.on_accent)
            x = self._margin + self._px(52)
            y = draw_block(self._draw, mark, (x, y), fill=colours.on_accent)

    def _rows(self, room: int) -> list[_Row]:
        """What both get, in the largest sizes that the room takes."""
        content = self._content
        said = [
            (label, text)
            for label, text in (
                (content.friend_label, content.friend),
                (content.advocate_label, content.advocate),
            )
            if text
        ]
        rows: list[_Row] = []
        for first, second, lines in _ROW_SIZES[0 if self._is_tall else 1 :]:
            rows = [
                self._row(label, text, first if number == 0 else second, lines, is_first=not number)
                for number, (label, text) in enumerate(said)
            ]
            if sum(row.height for row in rows) <= room:
                break
        return rows

    def _row(self, label: str, text: str, size: int, lines: int, *, is_first: bool) -> _Row:
        width = self._inside - 2 * self._px(36 if self._is_square else 48)
        label_sizes = self._sizes(36, 30) if self._is_tall else self._sizes(30, 26)
        return _Row(
            label=block(label, width=width, sizes=label_sizes, most_lines=1, leading=1.5),
            text=block(
                text, width=width, sizes=self._sizes(size, round(size * 0.88)), most_lines=lines
            ),
            above=0 if is_first else self._px(28 if self._is_square else 40),
        )

    def _paint_rows(self, rows: list[_Row], top: int, padding: int, height: int) -> None:
        right = self._width - self._margin
        panel(
            self.image,
            (self._margin, top, right, top + height),
            radius=self._px(28),
            fill=WHITE,
        )
        x, y = self._margin + padding, top + padding
        for row in rows:
            is_first = not row.above
            if not is_first:
                middle = y + row.above // 2
                line = mixed(WHITE, self._colours.accent, 0.18)
                self._draw.line((x, middle, right - padding, middle), fill=line, width=self._px(2))
            y += row.above
            y = draw_block(self._draw, row.label, (x, y), fill=self._colours.deep, weight=1)
            fill, weight = (INK, 2) if is_first else (SOFT_INK, 0)
            y = draw_block(self._draw, row.text, (x, y), fill=fill, weight=weight)

    def _foot(self) -> int:
        """The code to scan, and the code to type. Its upper edge."""
        side = self._px(330 if self._is_square else 460 if self._is_tall else 380)
        code = qr_image(self._content.url, side)
        padding = self._px(12)
        whole = code.height + 2 * padding
        top = self._height - whole - self._px(48 if self._is_square else 64)
        panel(
            self.image,
            (self._margin, top, self._margin + whole, top + whole),
            radius=self._px(24),
            fill=WHITE,
        )
        self.image.paste(code.convert("RGB"), (self._margin + padding, top + padding))
        x = self._margin + whole + self._px(44)
        self._words((x, top), self._width - self._margin - x, whole)
        return top

    def _words(self, xy: tuple[int, int], width: int, height: int) -> None:
        """What to do with the code, beside it, in the middle of its height."""
        content = self._content
        scan = block(content.scan, width=width, sizes=self._sizes(46, 40, 34), most_lines=2)
        label = block(content.code_label, width=width, sizes=self._sizes(30, 26), most_lines=1)
        typed = block(
            content.code, width=width, sizes=self._sizes(58, 48, 40, 32, 26), most_lines=1
        )
        link = block(content.short_link, width=width, sizes=self._sizes(28, 25, 22), most_lines=2)
        gap = self._px(20)
        whole = scan.height + label.height + typed.height + link.height + 2 * gap
        x, y = xy[0], xy[1] + max((height - whole) // 2, 0)
        y = draw_block(self._draw, scan, (x, y), fill=INK, weight=2) + gap
        y = draw_block(self._draw, label, (x, y), fill=SOFT_INK)
        y = draw_block(self._draw, typed, (x, y), fill=self._colours.deep, weight=3) + gap
        draw_block(self._draw, link, (x, y), fill=SOFT_INK)


# Of what the reader gets, of what the advocate gets, and the most lines of each; the first is for
# tall posters alone.
_ROW_SIZES = ((68, 46, 3), (56, 38, 3), (48, 34, 3), (42, 32, 3), (36, 28, 2), (30, 26, 1))


@dataclass(frozen=True)
class _Row:
    label: Block
    text: Block
    above: int

    @property
    def height(self) -> int:
        return self.above + self.label.height + self.text.height


@dataclass(frozen=True)
class _Head:
    top: int
    brand: Block
    headline: Block
    greeting: Block
    marks: tuple[Block, ...]
    gap: int
    bottom: int

    @property
    def height(self) -> int:
        """Without anything left over."""
        height = self.top + self.brand.height + self.gap + self.headline.height + self.bottom
        if self.greeting.lines:
            height += self.gap + self.greeting.height
        if self.marks:
            height += self.gap + sum(mark.height for mark in self.marks)
        return height
