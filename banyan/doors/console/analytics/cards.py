"""cards: figures as a page shows them: value, change, colour, line, trend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from banyan.doors.console.analytics import shown, words
from banyan.doors.console.analytics.words import Words
from banyan.insight.metrics.figures import Figure

_BADGES = {"green": "good", "yellow": "wait", "red": "bad"}
_HEIGHT, _WIDTH = 28, 120


@dataclass(frozen=True)
class Card:
    """One figure; `badge` is the end of a badge's class, `path` a line for a trend of 120 × 28."""

    key: str
    words: Words
    value: str
    before: str
    change: str
    target: str
    owner: str
    colour: str
    badge: str
    path: str


def cards(figures: Sequence[Figure]) -> list[Card]:
    """Of each figure its card."""
    colours = {"green": _("in range"), "yellow": _("watch"), "red": _("act")}
    return [
        Card(
            one.meant.key,
            words.FIGURES[one.meant.key],
            shown.figure(one.meant.kind, one.value).text,
            shown.figure(one.meant.kind, one.before).text,
            shown.change(one.change),
            "" if one.line.target is None else shown.figure(one.meant.kind, one.line.target).text,
            str(words.ROLES.get(one.line.owner, one.line.owner)),
            colours[one.colour] if one.colour else "",
            _BADGES[one.colour] if one.colour else "",
            _path([value for _name, value in one.trend]),
        )
        for one in figures
    ]


def _path(values: Sequence[float | None]) -> str:
    """Points of an SVG line; empty where fewer than two are known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    step = _WIDTH / max(1, len(values) - 1)
    points = []
    for number, value in enumerate(values):
        if value is None:
            continue
        height = _HEIGHT - 2 - (_HEIGHT - 4) * ((value - low) / (high - low) if high > low else 0.5)
        points.append(f"{number * step:.1f},{height:.1f}")
    return " ".join(points)
