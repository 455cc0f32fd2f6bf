"""Tallies: so often within a span, over all processes, then no more until it is over."""

from datetime import UTC, datetime, timedelta

import pytest

from banyan.trust.access import tallies
from banyan.trust.access.models import Tally
from tests.installation import Installation

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_last_time_and_the_one_after_it(installation: Installation) -> None:
    for minute in (0, 10, 20):
        tallies.take("a", most=3, span=HOUR, now=NOW + timedelta(minutes=minute))
    with pytest.raises(tallies.TooOften) as often:
        tallies.take("a", most=3, span=HOUR, now=NOW + timedelta(minutes=30))
    assert often.value.retry_after_s == 30 * 60
    tallies.take("b", most=3, span=HOUR, now=NOW + timedelta(minutes=30))
    tallies.take("a", most=3, span=HOUR, now=NOW + HOUR)
    assert Tally.objects.get(key="a").count == 1


def test_to_look_counts_nothing(installation: Installation) -> None:
    tallies.take("a", most=9, span=HOUR, now=NOW)
    tallies.check("a", most=2, now=NOW)
    tallies.take("a", most=9, span=HOUR, now=NOW)
    with pytest.raises(tallies.TooOften):
        tallies.check("a", most=2, now=NOW)
    tallies.clear("a")
    tallies.check("a", most=2, now=NOW)


def test_what_is_over_is_forgotten(installation: Installation) -> None:
    tallies.take("old", most=9, span=HOUR, now=NOW)
    tallies.take("new", most=9, span=HOUR, now=NOW + HOUR)
    assert tallies.forget(now=NOW + HOUR) == 1
    assert list(Tally.objects.values_list("key", flat=True)) == ["new"]
