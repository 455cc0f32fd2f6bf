"""What a person must look at."""

from datetime import UTC, datetime, timedelta

import pytest

from banyan.pipeline import alarms

pytestmark = pytest.mark.usefixtures("installation")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_an_alarm_is_raised_once_until_it_is_over() -> None:
    assert alarms.raised() == []
    assert alarms.raise_alarm("verify", "Two rows differ.", now=NOW) is True
    assert alarms.raise_alarm("verify", "Three rows differ.", now=NOW + timedelta(1)) is False
    assert alarms.raise_alarm("webhook:1", "It fails.", now=NOW + timedelta(2)) is True
    assert alarms.raised() == [
        alarms.Raised("verify", "Two rows differ.", NOW),
        alarms.Raised("webhook:1", "It fails.", NOW + timedelta(2)),
    ]
    assert alarms.close("verify", now=NOW + timedelta(3)) is True
    assert alarms.close("verify", now=NOW + timedelta(3)) is False
    assert [one.kind for one in alarms.raised()] == ["webhook:1"]
    assert alarms.raise_alarm("verify", "Again.", now=NOW + timedelta(4)) is True
    assert [one.sentence for one in alarms.raised()] == ["It fails.", "Again."]


def test_alarms_closed_long_ago_are_forgotten_and_open_ones_never() -> None:
    alarms.raise_alarm("old", "Old.", now=NOW)
    alarms.close("old", now=NOW)
    alarms.raise_alarm("open", "Open.", now=NOW)
    assert alarms.clean(before=NOW) == 0
    assert alarms.clean(before=NOW + timedelta(seconds=1)) == 1
    assert [one.kind for one in alarms.raised()] == ["open"]
