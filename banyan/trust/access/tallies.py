"""tallies: how often something happened, over all processes of the installation.

For what is rare and must be held to a limit exactly, such as codes sent to a telephone; requests of
keys are counted in `rates`, which costs no row.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection

from banyan.kernel.errors import Problem
from banyan.trust.access.models import Tally

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


class TooOften(Problem):
    """Something was done more often than is allowed; `retry_after_s` is when it may be again."""

    status = 429
    code = "too_often"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"This was done too often; try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s


def take(key: str, *, most: int, span: timedelta, now: datetime) -> None:
    """Count one time of `key`. Raises TooOften from the time on that would be one above `most`
    within `span`, which begins at the first time.

    Commits by itself unless inside a transaction, which it must not be where that may be undone.
    """
    now_us, until_us = (now - _EPOCH) // _US, (now + span - _EPOCH) // _US
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO access_tally (key, count, until_us) VALUES (%s, 1, %s) "
            "ON CONFLICT (key) DO UPDATE SET "
            "count = CASE WHEN access_tally.until_us <= %s THEN 1 ELSE access_tally.count + 1 END, "
            "until_us = CASE WHEN access_tally.until_us <= %s THEN excluded.until_us "
            "ELSE access_tally.until_us END RETURNING count, until_us",
            [key, until_us, now_us, now_us],
        )
        [[count, ends_us]] = cursor.fetchall()
    if count > most:
        raise TooOften(_seconds(ends_us - now_us))


def check(key: str, *, most: int, now: datetime) -> None:
    """Raises TooOften while `key` was counted `most` times or more; counts nothing."""
    now_us = (now - _EPOCH) // _US
    row = Tally.objects.filter(key=key, count__gte=most, until_us__gt=now_us).first()
    if row is not None:
        raise TooOften(_seconds(row.until_us - now_us))


def clear(key: str) -> None:
    """Begin anew with `key`."""
    Tally.objects.filter(key=key).delete()


def forget(*, now: datetime) -> int:
    """Delete tallies whose span is over; how many that were."""
    deleted, _ = Tally.objects.filter(until_us__lte=(now - _EPOCH) // _US).delete()
    return deleted


def _seconds(us: int) -> int:
    return -(-us // 1_000_000)
