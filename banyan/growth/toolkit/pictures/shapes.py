"""shapes: rounded panels with soft edges."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

_FINER = 4


def panel(image: Image.Image, box: tuple[int, int, int, int], *, radius: int, fill: str) -> None:
    """A filled rectangle with round corners: left, top, right, bottom (outside)."""
    left, top, right, bottom = box
    mask = Image.new("L", (right - left, bottom - top), 255)
    corner = _corner(radius)
    mask.paste(corner, (0, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (mask.width - radius, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, mask.height - radius))
    mask.paste(
        corner.transpose(Image.Transpose.ROTATE_180), (mask.width - radius, mask.height - radius)
    )
    image.paste(fill, (left, top), mask)


def check_mark(draw: ImageDraw.ImageDraw, xy: tuple[int, int], size: int, fill: str) -> None:
    """A tick in a square of `size` pixels."""
    x, y = xy
    points = [
        (x + size * 0.12, y + size * 0.52),
        (x + size * 0.4, y + size * 0.78),
        (x + size * 0.9, y + size * 0.22),
    ]
    draw.line(points, fill=fill, width=max(size // 7, 2), joint="curve")


@lru_cache(maxsize=64)
def _corner(radius: int) -> Image.Image:
    fine = Image.new("L", (radius * _FINER, radius * _FINER), 0)
    reach = radius * _FINER * 2
    ImageDraw.Draw(fine).ellipse((0, 0, reach, reach), fill=255)
    return fine.resize((radius, radius), Image.Resampling.LANCZOS)
