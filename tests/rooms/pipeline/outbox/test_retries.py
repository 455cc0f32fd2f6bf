"""When a delivery is attempted again."""

from datetime import UTC, datetime, timedelta

import pytest

from banyan.pipeline.outbox.retries import next_attempt

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "wait_s"),
    [
        (1, 5),
        (2, 20),
        (3, 80),
        (4, 320),
        (5, 1_280),
        (6, 5_120),
        (7, 20_480),
        (8, 43_200),
        (99, 43_200),
    ],
)
def test_waits_grow_to_half_a_day_and_differ_by_a_fifth(attempts: int, wait_s: int) -> None:
    waits = {(next_attempt(attempts, since=NOW, now=NOW) - NOW).total_seconds() for _ in range(200)}
    assert len(waits) > 100
    assert wait_s * 0.8 <= min(waits) < wait_s * 0.9
    assert wait_s * 1.1 < max(waits) <= wait_s * 1.2


def test_a_receiver_that_names_a_later_time_is_believed_up_to_half_a_day() -> None:
    def wait(retry_after_s: float) -> timedelta:
        return next_attempt(1, since=NOW, now=NOW, retry_after_s=retry_after_s) - NOW

    assert wait(600) == timedelta(minutes=10)
    assert wait(10**9) == timedelta(hours=12)
    assert timedelta(seconds=4) <= wait(0) <= timedelta(seconds=6)


def test_after_three_days_it_is_given_up() -> None:
    late = NOW + timedelta(days=3, seconds=-7)
    assert next_attempt(1, since=NOW, now=late) is not None
    assert next_attempt(1, since=NOW, now=late + timedelta(seconds=4)) is None


def test_a_receiver_that_never_answers_is_tried_for_most_of_three_days() -> None:
    for _ in range(50):
        now, attempts = NOW, 1
        while (again := next_attempt(attempts, since=NOW, now=now)) is not None:
            now, attempts = again, attempts + 1
        assert timedelta(days=2.3) < now - NOW <= timedelta(days=3)
        assert 11 <= attempts <= 15
