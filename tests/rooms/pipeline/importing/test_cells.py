"""Times and amounts as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from banyan.pipeline.importing.cells import BadCell, Habits, Kind, in_units, read_cell

SHANGHAI = Habits(time_zone="Asia/Shanghai")
BERLIN = Habits(time_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "habits", "moment"),
    [
        ("2026-01-31T08:00:00Z", SHANGHAI, "2026-01-31T08:00:00Z"),
        ("2026-01-31T08:00:00+02:00", SHANGHAI, "2026-01-31T06:00:00Z"),
        ("2026-01-31 08:00:00", SHANGHAI, "2026-01-31T00:00:00Z"),
        ("2026-01-31", SHANGHAI, "2026-01-30T16:00:00Z"),
        ("2026/1/6 8:00", SHANGHAI, "2026-01-06T00:00:00Z"),
        ("2026年1月6日 8:05:09", SHANGHAI, "2026-01-06T00:05:09Z"),
        ("2026年1月6日 8时5分9秒", SHANGHAI, "2026-01-06T00:05:09Z"),
        ("2026年1月6日", SHANGHAI, "2026-01-05T16:00:00Z"),
        ("2026.01.06 08:00", Habits(), "2026-01-06T08:00:00Z"),
        ("06.01.2026 08:00", Habits(), "2026-01-06T08:00:00Z"),
        ("03/04/2026", Habits(days="dmy"), "2026-04-03T00:00:00Z"),
        ("03/04/2026", Habits(days="mdy"), "2026-03-04T00:00:00Z"),
        ("2026-01-31 08:00:00.1234567", Habits(), "2026-01-31T08:00:00.123456Z"),
        ("20260106", SHANGHAI, "2026-01-05T16:00:00Z"),
        ("20260106080509", SHANGHAI, "2026-01-06T00:05:09Z"),
        ("1767225600", SHANGHAI, "2026-01-01T00:00:00Z"),
        ("1767225600500", SHANGHAI, "2026-01-01T00:00:00.500000Z"),
        ("2026-07-01 12:00", BERLIN, "2026-07-01T10:00:00Z"),
        ("2026-01-01 12:00", BERLIN, "2026-01-01T11:00:00Z"),
        ("2026-10-25 02:30", BERLIN, "2026-10-25T00:30:00Z"),
        (datetime(2026, 1, 31, 8, tzinfo=UTC), SHANGHAI, "2026-01-31T08:00:00Z"),
        (date(2026, 1, 31), SHANGHAI, "2026-01-30T16:00:00Z"),
    ],
)
def test_times(written: Any, habits: Habits, moment: str) -> None:
    assert read_cell("time", written, habits) == moment


@pytest.mark.parametrize(
    ("written", "habits", "sentence"),
    [
        ("03/04/2026", Habits(), "nobody can know whether the day or the month comes first"),
        ("2026-02-30", Habits(), "there is no such date or time"),
        ("30.02.2026", Habits(), "there is no such date or time"),
        ("2026-03-29 02:30", BERLIN, "does not exist in Europe/Berlin"),
        ("yesterday", Habits(), "is no time such as"),
        ("20261301", Habits(), "there is no such date or time"),
        ("123", Habits(), "is no time such as"),
        ("0001-01-01 00:00", SHANGHAI, "there is no such time"),
    ],
)
def test_times_that_are_none(written: str, habits: Habits, sentence: str) -> None:
    with pytest.raises(BadCell, match=sentence):
        read_cell("time", written, habits)


COMMA = Habits(decimal=",")


@pytest.mark.parametrize(
    ("written", "habits", "amount"),
    [
        ("1234.50", Habits(), "1234.50"),
        ("1,234.50", Habits(), "1234.50"),
        ("12,345,678", Habits(), "12345678"),
        ("￥1,234.50", Habits(), "1234.50"),
        ("¥ 88", Habits(), "88"),
        ("88元", Habits(), "88"),
        ("US$ 1,234.5", Habits(), "1234.5"),
        ("(12.00)", Habits(), "-12.00"),
        ("-12.00", Habits(), "-12.00"),
        ("−$12.00", Habits(), "-12.00"),
        ("1.234,50 €", COMMA, "1234.50"),
        ("1 234,50", COMMA, "1234.50"),
        ("12,5", COMMA, "12.5"),
        ("0", Habits(), "0"),
        (12.1, Habits(), "12.1"),
        (7, Habits(), "7"),
        (Decimal("0.10"), Habits(), "0.10"),
    ],
)
def test_amounts(written: Any, habits: Habits, amount: str) -> None:
    assert str(read_cell("money", written, habits)) == amount


@pytest.mark.parametrize(
    ("written", "habits"),
    [
        ("12,5", Habits()),
        ("1.234.567", Habits()),
        ("1,234,5", Habits()),
        ("1,234 567", Habits()),
        ("1,234,567", COMMA),
        ("free", Habits()),
        ("1e5", Habits()),
        ("٣", Habits()),
        ("9" * 14, Habits()),
        (True, Habits()),
        (float("nan"), Habits()),
        ("12.50", Habits(minor_units=True)),
    ],
)
def test_amounts_that_are_none(written: Any, habits: Habits) -> None:
    with pytest.raises(BadCell):
        read_cell("money", written, habits)


def test_minor_units() -> None:
    assert in_units(Decimal(1234), "USD") == Decimal("12.34")
    assert in_units(Decimal(1234), "JPY") == Decimal(1234)
    assert in_units(Decimal(1234), "KWD") == Decimal("1.234")
    with pytest.raises(BadCell, match="need an ISO 4217 currency"):
        in_units(Decimal(1), "")


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("tags", "vip; new，老客户", ["vip", "new", "老客户"]),
        ("tags", ["vip", " new "], ["vip", "new"]),
        ("object", '{"a": 1.10}', {"a": Decimal("1.10")}),
        ("text", "  x ", "x"),
        ("text", 12.0, 12),
        ("text", " ", None),
        ("time", "", None),
        ("money", None, None),
    ],
)
def test_the_rest(kind: Kind, written: Any, value: Any) -> None:
    assert read_cell(kind, written, Habits()) == value


def test_an_object_that_is_none() -> None:
    with pytest.raises(BadCell, match="expected a JSON object"):
        read_cell("object", "[1]", Habits())
