"""lines: what figures should be, where they turn yellow and red, and who answers for them.

Set in the console, which writes it down in the audit; until then our own hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal, cast

from banyan.insight.metrics.models import Goal, Standing
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem

Colour = Literal["green", "yellow", "red"]


class BadLine(Problem):
    """Lines that cannot be drawn."""


@dataclass(frozen=True)
class Line:
    """Shares as 0.2, ratios and days as they are. None: there is no such line."""

    target: float | None = None
    yellow: float | None = None
    red: float | None = None
    is_lower_better: bool = False
    owner: str = "growth"
    """A role."""

    def colour(self, value: float | None) -> Colour | None:
        """Of a value; None of none, and where there are no lines."""
        if value is None or (self.red is None and self.yellow is None):
            return None
        for colour, line in _named(self):
            if line is not None and (value > line if self.is_lower_better else value < line):
                return colour
        return "green"


OURS: Mapping[str, Line] = {
    "initiated": Line(),
    "acceptance": Line(target=0.3, yellow=0.2, red=0.1),
    "conversion": Line(target=0.5, yellow=0.3, red=0.15),
    "redemption": Line(target=0.6, yellow=0.9, is_lower_better=True, owner="finance"),
    "depth": Line(target=1.8, yellow=1.1),
    "new_share": Line(target=0.2, yellow=0.1, red=0.05),
    "per_advocate": Line(target=1.5, yellow=1.2),
    "layers": Line(target=1.8, yellow=1.1),
    "coverage": Line(target=0.8, yellow=0.3, red=0.1),
    "lead_conversion": Line(target=0.25, yellow=0.1, red=0.05),
    "retention": Line(target=0.6, yellow=0.4, red=0.2, owner="support"),
    "nps": Line(target=50, yellow=30, red=0, owner="support"),
    "days_to_purchase": Line(target=3, yellow=30, red=45, is_lower_better=True, owner="sales"),
    "roi": Line(target=5, yellow=3, red=1, owner="finance"),
    "cac_saved": Line(target=0.3, yellow=0.1, red=0, owner="finance"),
    "uplift": Line(target=0.2, yellow=0, owner="analyst"),
    "cost_share": Line(target=0.15, yellow=0.15, red=0.2, is_lower_better=True, owner="finance"),
    "revenue_share": Line(target=0.35, yellow=0.2, red=0.1, owner="finance"),
    "attributed": Line(target=1, yellow=0.9, red=0.72, owner="growth"),
    "exposure": Line(target=5000),
}
"""Until others are set: goals and limits of referral programs that did well, as a start."""


def lines(program: str) -> dict[str, Line]:
    """The lines of every figure: the program's own, else those of all programs, else ours."""
    found = dict(OURS)
    for row in Goal.objects.filter(program__in=["", program]).order_by("program"):
        if row.figure in found:
            found[row.figure] = Line(
                _number(row.target),
                _number(row.yellow),
                _number(row.red),
                row.is_lower_better,
                row.owner,
            )
    return found


@dataclass(frozen=True)
class Changed:
    """What a line was and is, for the audit."""

    before: dict[str, object]
    after: dict[str, object]


def draw(program: str, figure: str, line: Line) -> Changed:
    """Put a figure's lines in the place of what holds. Raises BadLine."""
    before = lines(program).get(figure)
    if before is None:
        raise BadLine(f"figure: there is no figure {figure!r}")
    kept = replace(line, is_lower_better=before.is_lower_better)
    if kept.red is not None and kept.yellow is not None:
        better, worse = sorted((kept.red, kept.yellow), reverse=not kept.is_lower_better)
        if (better, worse) != (kept.yellow, kept.red):
            word = "above" if kept.is_lower_better else "below"
            raise BadLine(f"red: the red line must not be on the good side; draw it {word} yellow")
    values = asdict(kept)
    Goal.objects.update_or_create(program=program, figure=figure, defaults=values)
    return Changed(_plain(before), _plain(kept))


def number(text: str, *, field: str, is_percent: bool = False) -> float | None:
    """A line as somebody types it, empty for none. Raises BadLine."""
    if not text.strip():
        return None
    try:
        value = Decimal(text.strip().rstrip("%").strip())
    except InvalidOperation:
        raise BadLine(f"{field}: expected a number such as 20 or 1.5, found {text!r}") from None
    if not value.is_finite() or abs(value) >= 10**9:
        raise BadLine(f"{field}: expected a number below 1,000,000,000, found {text!r}")
    return float(value / 100 if is_percent else value)


@dataclass(frozen=True)
class Crossing:
    """A figure that came to another side of its lines."""

    program: str
    figure: str
    colour: Colour
    before: Colour | None


def crossings(colours: Mapping[tuple[str, str], Colour | None], *, now: datetime) -> list[Crossing]:
    """Keep on which side each (program, figure) is now; those that crossed a line since. What is
    not looked at any longer is on the good side of every line."""
    found = []
    with one_transaction():
        known = {(row.program, row.figure): row for row in Standing.objects.select_for_update()}
        for (program, figure), colour in colours.items():
            row = known.get((program, figure))
            if colour is None or (row is not None and row.colour == colour):
                continue
            Standing.objects.update_or_create(
                program=program, figure=figure, defaults={"colour": colour, "since": now}
            )
            found.append(Crossing(program, figure, colour, _side(row)))
        for program, figure in sorted(known.keys() - colours.keys()):
            row = known[program, figure]
            row.delete()
            found.append(Crossing(program, figure, "green", _side(row)))
    return found


def _side(row: Standing | None) -> Colour | None:
    return cast(Colour, row.colour) if row else None


def _named(line: Line) -> tuple[tuple[Colour, float | None], ...]:
    return (("red", line.red), ("yellow", line.yellow))


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _plain(line: Line) -> dict[str, object]:
    """As the audit keeps it: numbers as text, to the last digit."""
    return {name: None if value is None else str(value) for name, value in asdict(line).items()}
