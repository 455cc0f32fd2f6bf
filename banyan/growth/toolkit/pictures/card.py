"""card: the preview that chats and networks show beside a link."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

from banyan.growth.toolkit.pictures.colours import mixed, palette
from banyan.growth.toolkit.pictures.shapes import panel
from banyan.growth.toolkit.pictures.type import block, draw_block

WIDTH, HEIGHT = 1200, 630
MARGIN = 72


@dataclass(frozen=True)
class Card:
    """What stands on a card; every text is plain and may be of any length."""

    brand: str
    colour: str
    """#rrggbb"""
    headline: str
    greeting: str
    """Who invites; may be empty."""
    friend_label: str
    friend: str
    """What the reader gets; may be empty."""


def card(content: Card) -> bytes:
    """1200 × 630 as PNG, readable at the size of a thumbnail."""
    colours = palette(content.colour)
    image = Image.new("RGB", (WIDTH, HEIGHT), colours.accent)
    draw = ImageDraw.Draw(image)
    inside = WIDTH - 2 * MARGIN
    quiet = mixed(colours.accent, colours.on_accent, 0.86)
    brand = block(content.brand, width=inside, sizes=(38, 32), most_lines=1)
    headline = block(
        content.headline, width=inside, sizes=(84, 72, 62, 54), most_lines=2, leading=1.25
    )
    greeting = block(content.greeting, width=inside, sizes=(36, 32), most_lines=1)
    y = draw_block(draw, brand, (MARGIN, 56), fill=quiet, weight=2) + 26
    y = draw_block(draw, headline, (MARGIN, y), fill=colours.on_accent, weight=3) + 16
    draw_block(draw, greeting, (MARGIN, y), fill=quiet)
    if content.friend:
        width = inside - 80
        label = block(content.friend_label, width=width, sizes=(30, 26), most_lines=1)
        text = block(content.friend, width=width, sizes=(46, 40, 34), most_lines=2)
        height = label.height + text.height + 60
        top = HEIGHT - MARGIN + 16 - height
        panel(image, (MARGIN, top, WIDTH - MARGIN, top + height), radius=26, fill="#ffffff")
        y = draw_block(draw, label, (MARGIN + 40, top + 30), fill=colours.deep, weight=1)
        draw_block(draw, text, (MARGIN + 40, y), fill="#17211c", weight=2)
    out = io.BytesIO()
    # Few colours: a palette keeps the letters' edges and a quarter of the bytes.
    image.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG")
    return out.getvalue()
