"""Looks at pages, counted by real processes: exact views, visitors within some per cent, nobody's
name."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import override_settings

from banyan.insight.exposure import counting, read, save, sketch
from banyan.insight.exposure.models import Salt, Seen
from banyan.insight.exposure.read import Count, Day
from tests.installation import Installation
from tests.rooms.insight.exposure.salted import salt

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = date(2026, 3, 1)
NETWORK, AGENT = "203.0.113.77", "Mozilla/5.0 (Phone of a friend)"

PROCESS = """
import sys
import django
django.setup()
from datetime import UTC, datetime
from banyan.insight.exposure import counting
first, last = int(sys.argv[1]), int(sys.argv[2])
counting.start()
for number in range(first, last):
    counting.seen("spring", "landing", network=f"2001:db8::{number}", agent="Mozilla/5.0",
                  now=datetime(2026, 3, 1, 12, tzinfo=UTC))
counting.stop()
"""


@contextmanager
def counted() -> Iterator[None]:
    """This process counts, and has written everything afterwards."""
    counting.start()
    try:
        yield
    finally:
        counting.stop()


def look(
    page: save.Page = "program", *, network: str = NETWORK, agent: str = AGENT, now: datetime = NOW
) -> None:
    """Somebody looks at a page of the program `spring`."""
    counting.seen("spring", page, network=network, agent=agent, now=now)


def today() -> Day:
    """What was seen on the day."""
    [found] = read.days(["spring"], first=TODAY, last=TODAY)
    return found


def rows() -> str:
    """Every row of every table, bytes as they are kept and in hexadecimal."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                plain = [bytes(one) if isinstance(one, memoryview) else one for one in row]
                found += [one.hex() if isinstance(one, bytes) else repr(one) for one in plain]
    return "\n".join(found)


def visitors(first: int, last: int) -> bytearray:
    """A sketch of visitors with these numbers."""
    made = sketch.empty()
    for number in range(first, last):
        digest = blake2b(str(number).encode(), digest_size=8).digest()
        sketch.add(made, int.from_bytes(digest))
    return made


@pytest.mark.parametrize("n", [1, 10, 100, 1_000, 5_000, 20_000, 60_000, 200_000])
def test_a_sketch_counts_within_three_per_cent(n: int) -> None:
    assert abs(sketch.count(visitors(0, n)) - n) <= 0.03 * n


def test_a_sketch_of_nothing_and_of_one_again_and_again() -> None:
    assert sketch.count(sketch.empty()) == 0
    made = visitors(0, 1)
    once = bytes(made)
    for _ in range(100):
        made = bytearray(sketch.union(made, visitors(0, 1)))
    assert (bytes(made), sketch.count(made)) == (once, 1)


def test_the_union_of_sketches_is_the_sketch_of_all() -> None:
    both = sketch.union(visitors(0, 3_000), visitors(2_000, 5_000))
    assert both == bytes(visitors(0, 5_000))


def test_the_same_visitor_twice_is_two_views_and_one_visitor(installation: Installation) -> None:
    salt(TODAY)
    with counted():
        look()
        look()
    assert today() == Day(TODAY, Count(2, 1), Count(0, 0), Count(2, 1))
    with counted():
        look()  # after a restart
        look("landing")
        look("landing", agent="Another/1.0")
        look("landing", network="203.0.113.78")
    # Who saw both pages is one visitor of either.
    assert today() == Day(TODAY, Count(3, 1), Count(3, 3), Count(6, 3))


def test_a_day_is_one_of_the_operators_zone_and_each_counts_anew(
    installation: Installation,
) -> None:
    with override_settings(OPERATOR_TIME_ZONE="Asia/Shanghai"), counted():
        look(now=datetime(2026, 3, 1, 15, 59, tzinfo=UTC))
        look(now=datetime(2026, 3, 1, 16, 0, tzinfo=UTC))
    found = read.days(["spring"], first=date(2026, 2, 1), last=date(2026, 3, 4))
    assert [(one.day.day, one.either) for one in found] == [
        (1, Count(1, 1)),
        (2, Count(1, 1)),
        (3, Count()),
        (4, Count()),
    ]
    assert read.a_day(found) == 0.5
    assert read.first_day(["spring"]) == TODAY
    assert read.days(["autumn"], first=TODAY, last=TODAY) == []
    assert read.a_day([]) is None


def test_sketches_of_two_processes_add_up(installation: Installation) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, *part],
            env={**installation.environment, "DJANGO_SETTINGS_MODULE": "banyan.site.settings"},
        )
        for part in (("0", "3000"), ("2000", "5000"))
    ]
    assert [one.wait(timeout=60) for one in running] == [0, 0]
    assert (today().landing.views, today().either.views) == (6_000, 6_000)
    assert abs(today().landing.visitors - 5_000) <= 0.03 * 5_000
    assert Seen.objects.count() == 2


def test_nothing_of_a_person_is_kept(installation: Installation) -> None:
    with counted():
        look()
    kept = rows()
    for trace in (NETWORK, AGENT, "203.0.113", "Phone", NETWORK.encode().hex()):
        assert trace not in kept
    key, made = save.key_of(TODAY), bytes(Salt.objects.get().salt)
    assert made not in key  # the secret key is needed as well
    assert save.key_of(TODAY) == key
    with override_settings(SECRET_KEY="another"):
        assert save.key_of(TODAY) != key
    # The day is over: the numbers stay, what they were reckoned from goes.
    assert save.close_days(before=TODAY) == 0
    assert Salt.objects.count() == 1
    assert save.close_days(before=TODAY + timedelta(days=1)) == 2
    assert Salt.objects.count() == 0
    assert list(
        Seen.objects.values_list("page", "views", "visitors", "sketch").order_by("page")
    ) == [
        ("all", 1, 1, None),
        ("program", 1, 1, None),
    ]
    assert save.key_of(TODAY) != key


def test_who_comes_after_a_day_was_closed_is_a_view_alone(installation: Installation) -> None:
    with counted():
        look()
    save.close_days(before=TODAY + timedelta(days=1))
    with counted():
        look(network="203.0.113.78")
    assert today().either == Count(2, 1)


def test_looks_wait_until_the_database_can_be_written(installation: Installation) -> None:
    def rename(old: str, new: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TABLE "{old}" RENAME TO "{new}"')

    rename("exposure_seen", "away")
    with patch.object(counting, "EVERY_S", 0.02), counted():
        look()
        time.sleep(0.3)
        rename("away", "exposure_seen")
    assert today().program == Count(1, 1)


def test_what_is_too_much_to_keep_waiting_is_lost(installation: Installation) -> None:
    with patch.object(counting, "MOST_WAITING", 3), counted():
        for _ in range(5):
            look()
    assert today().program == Count(3, 1)


def test_a_process_that_did_not_start_counts_nothing(installation: Installation) -> None:
    look()
    counting.stop()
    assert Seen.objects.count() == 0
