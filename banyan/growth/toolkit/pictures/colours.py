"""colours: what goes with an accent colour that somebody else chose."""

from __future__ import annotations

from dataclasses import dataclass

Rgb = tuple[int, int, int]
INK, SOFT_INK, WHITE, LINE = "#17211c", "#55625b", "#ffffff", "#dfe5e1"


@dataclass(frozen=True)
class Palette:
    """An accent and what stands on and beside it."""

    accent: str
    on_accent: str
    """White or near black, whichever reads better."""
    deep: str
    """The accent, as dark as words on white must be."""
    tint: str
    """A paper with a breath of the accent."""


def palette(accent: str) -> Palette:
    """`accent` is #rrggbb."""
    colour = _rgb(accent)
    on_white = _contrast(colour, (255, 255, 255))
    dark = _rgb(INK)
    deep = colour
    # Steps to black until words in it have the contrast that WCAG asks of text.
    while _contrast(deep, (255, 255, 255)) < 4.5:
        deep = _mixed(deep, (0, 0, 0), 0.1)
    return Palette(
        accent=_hex(colour),
        on_accent=WHITE if on_white >= _contrast(colour, dark) else INK,
        deep=_hex(deep),
        tint=_hex(_mixed((255, 255, 255), colour, 0.09)),
    )


def mixed(one: str, other: str, share: float) -> str:
    """`share` of the other colour in the one."""
    return _hex(_mixed(_rgb(one), _rgb(other), share))


def _rgb(text: str) -> Rgb:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _contrast(one: Rgb, other: Rgb) -> float:
    """Of WCAG 2: 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
