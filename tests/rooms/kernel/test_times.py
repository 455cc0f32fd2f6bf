"""Spans and moments as they are written."""

import pytest

from banyan.kernel.times import BadTime, duration_text, duration_us, moment_us, zone_names

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NEW_YEAR_2026 = 1_767_225_600 * SECOND


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30d", 30 * DAY),
        ("36h", 36 * HOUR),
        ("90m", 5_400 * SECOND),
        ("45s", 45 * SECOND),
        ("0d", 0),
    ],
)
def test_a_span(text: str, span: int) -> None:
    assert duration_us(text) == span


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("30", "expected a span such as 30d, 12h, 90m or 45s, found '30'"),
        ("30 d", "expected a span such as 30d, 12h, 90m or 45s, found '30 d'"),
        ("1w", "expected a span such as 30d, 12h, 90m or 45s, found '1w'"),
        ("1.5d", "expected a span such as 30d, 12h, 90m or 45s, found '1.5d'"),
        ("-3d", "a span cannot be negative, found -3d"),
        ("36526d", "a span may be at most 36525d (a hundred years), found 36526d"),
    ],
)
def test_what_is_no_span(text: str, sentence: str) -> None:
    with pytest.raises(BadTime) as refused:
        duration_us(text)
    assert refused.value.sentence == sentence


@pytest.mark.parametrize("text", ["30d", "36h", "90m", "45s", "0s", "365d", "25h"])
def test_a_span_is_written_as_it_was_read(text: str) -> None:
    assert duration_text(duration_us(text)) == text


def test_a_span_is_written_short() -> None:
    assert duration_text(duration_us("48h")) == "2d"


@pytest.mark.parametrize(
    ("text", "timezone", "moment"),
    [
        ("2026-01-01", "UTC", NEW_YEAR_2026),
        ("2026-01-01", "Asia/Shanghai", NEW_YEAR_2026 - 8 * HOUR),
        ("2026-01-01", "America/Los_Angeles", NEW_YEAR_2026 + 8 * HOUR),
        ("2026-07-01", "America/Los_Angeles", NEW_YEAR_2026 + 181 * DAY + 7 * HOUR),
        ("2026-01-01T00:00:00Z", "Asia/Shanghai", NEW_YEAR_2026),
        ("2026-01-01T08:00:00+08:00", "UTC", NEW_YEAR_2026),
        ("2025-12-31t23:59:59.1234567z", "UTC", NEW_YEAR_2026 - SECOND + 123_456),
        # On this day the clocks of São Paulo went from 23:59:59 to 01:00:00.
        ("2018-11-04", "America/Sao_Paulo", 1_541_300_400 * SECOND),
    ],
)
def test_a_moment(text: str, timezone: str, moment: int) -> None:
    assert moment_us(text, timezone) == moment


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "2026-1-1", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "20260101", "soon"],
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(BadTime):
        moment_us(text, "UTC")


def test_years_beyond_the_calendar() -> None:
    with pytest.raises(BadTime) as refused:
        moment_us("0001-01-01", "Asia/Shanghai")
    assert refused.value.sentence == "the year must be 1900 to 2999, found '0001-01-01'"


def test_zones() -> None:
    assert {"UTC", "Asia/Shanghai", "America/Los_Angeles"} <= zone_names()
    assert "localtime" not in zone_names()
