"""How much of a cap earlier decisions had used when a decision was made.

The engine keeps this in its state; here it is counted again from the rows before the decision, for
the explanation alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR
from typing import Any
from zoneinfo import ZoneInfo

from banyan.engine.language.explain.quantity import MONEY
from banyan.engine.language.program import Cap, Limit, Program
from banyan.kernel.money import minor_digits

Row = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Allowance:
    """What a cap allows and what was used of it: minor units or counts for an amount cap, grants
    for a count cap."""

    size: int
    used: int

    @property
    def left(self) -> int:
        """What the cap still had; a smaller cap of a later version may leave less than nothing."""
        return max(self.size - self.used, 0)


def allowance(
    program: Program,
    cap: Cap,
    decision: Row,
    *,
    before: Iterable[Row],
    reversals: Iterable[Row],
) -> Allowance | None:
    """What the cap had when the decision was made; None when that cannot be told from one version's
    terms.

    `before` are the program's decisions that stand before this one, `reversals` all reversals of
    the program. A grant of another version counts in the period of that version's own cap, which
    this version does not know.
    """
    taken_back: dict[str, int] = {}
    for row in reversals:
        if row["position"] < decision["position"]:
            taken_back[row["decision_id"]] = taken_back.get(row["decision_id"], 0) + row["amount"]
    used = 0
    for row in _sharing(program, cap, decision, before):
        if row["version"] != decision["version"]:
            return None
        back = taken_back.get(row["decision_id"], 0)
        used += int(back < row["amount"]) if cap.count is not None else row["amount"] - back
    return Allowance(size=size_of(program, cap, decision["unit"]), used=used)


def _sharing(program: Program, cap: Cap, decision: Row, before: Iterable[Row]) -> Iterator[Row]:
    """Earlier decisions that used up the same cap."""
    whose = _whose(cap, decision)
    period = period_of(decision["occurred_at"], cap.period, program.timezone)
    for row in before:
        same = (
            row["unit"] == program.unit(cap.give)
            if isinstance(cap, Limit)
            else row["reward"] == decision["reward"]
        )
        if (
            same
            and row["amount"] > 0
            and row["outcome"] in ("granted", "held")
            and _whose(cap, row) == whose
            and period_of(row["occurred_at"], cap.period, program.timezone) == period
        ):
            yield row


def _whose(cap: Cap, row: Row) -> str:
    return "" if cap.per == "program" else str(row[cap.per])


def size_of(program: Program, cap: Cap, unit: str) -> int:
    """What a cap allows of a unit: minor units or counts."""
    if cap.count is not None:
        return cap.count
    assert cap.amount is not None  # the language asks for one of the two
    digits = minor_digits(program.currency) if unit.partition(" ")[0] in MONEY else 0
    return int(cap.amount.scaleb(digits).to_integral_value(ROUND_FLOOR))


def period_of(occurred_at: int, period: str | None, timezone: str) -> tuple[int, ...]:
    """The calendar period a moment (microseconds UTC) is in, as something that can be compared."""
    if period is None:
        return ()
    day = (_EPOCH + timedelta(microseconds=occurred_at)).astimezone(ZoneInfo(timezone)).date()
    match period:
        case "day":
            return (day.year, day.month, day.day)
        case "week":
            return tuple(day.isocalendar())[:2]
        case "month":
            return (day.year, day.month)
        case "quarter":
            return (day.year, (day.month - 1) // 3)
        case "year":
            return (day.year,)
    raise AssertionError(f"a period without a calendar: {period}")


def bounds_of(occurred_at: int, period: str, timezone: str) -> tuple[int, int]:
    """First moment of that period and of the next one (microseconds UTC)."""
    day = (_EPOCH + timedelta(microseconds=occurred_at)).astimezone(ZoneInfo(timezone)).date()
    match period:
        case "day":
            first, after = day, day + timedelta(days=1)
        case "week":
            first = day - timedelta(days=day.weekday())
            after = first + timedelta(days=7)
        case "month":
            first, after = day.replace(day=1), _month_after(day.year, day.month)
        case "quarter":
            month = (day.month - 1) // 3 * 3 + 1
            first, after = day.replace(month=month, day=1), _month_after(day.year, month + 2)
        case "year":
            first, after = day.replace(month=1, day=1), _month_after(day.year, 12)
        case _:
            raise AssertionError(f"a period without a calendar: {period}")
    return _midnight(first, timezone), _midnight(after, timezone)


def _month_after(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1)


def _midnight(day: date, timezone: str) -> int:
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return (local - _EPOCH) // timedelta(microseconds=1)
