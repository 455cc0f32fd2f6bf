"""The index over the stages of referrals is put in another order while the line goes on."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from banyan.core.referrals.models import StageChange
from tests.installation import Installation
from tests.rooms.pipeline.line import START

INSERT = (
    "INSERT INTO referrals_stagechange (program, friend, stage, position, at, reason) "
    "VALUES ('spring', %s, 'accepted', 1, now(), '')"
)


def columns() -> dict[str, list[str]]:
    """The columns of every unique index over stages but the key's, in their order, by its name."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "referrals_stagechange")
    return {
        name: one["columns"]
        for name, one in found.items()
        if one["unique"] and not one["primary_key"]
    }


def is_refused_twice() -> bool:
    """Whether a stage that a referral has reached already is refused."""
    try:
        with transaction.atomic():
            StageChange.objects.create(
                program="spring", friend="ben", stage="accepted", position=9, at=START
            )
    except IntegrityError:
        return True
    return False


def test_it_goes_there_and_back_with_what_is_in_the_table(installation: Installation) -> None:
    kept = StageChange.objects.create(
        program="spring", friend="ben", stage="accepted", position=1, at=START, reason="x"
    )
    for target, order in (
        ("0004", ["program", "friend", "stage"]),
        ("0005", ["friend", "program", "stage"]),
    ):
        call_command("migrate", "referrals", target, verbosity=0)
        assert list(columns().values()) == [order]
        assert is_refused_twice()
    [row] = StageChange.objects.all()
    assert (row.pk, row.friend, row.at, row.reason) == (kept.pk, "ben", START, "x")


def test_the_line_reads_and_writes_meanwhile_and_half_of_it_is_begun_again(
    installation: Installation,
) -> None:
    if installation.kind == "sqlite":
        pytest.skip("one process writes at a time")
    call_command("migrate", "referrals", "0004", verbosity=0)
    connection.close()
    url = installation.database_url
    with (
        closing(psycopg.connect(url)) as slow,
        closing(psycopg.connect(url, autocommit=True)) as line,
    ):
        slow.execute(INSERT, ["ann"])  # keeps the building waiting until it is done
        line.execute("SET lock_timeout = '2s'")
        migrating = _migrate(installation)
        try:
            _wait_for_index(line, migrating)
            line.execute(INSERT, ["ben"])
            # A second is longer than a lock that waits in front of everybody would stay unseen.
            time.sleep(1)
            line.execute(INSERT, ["cid"])
            [count] = line.execute("SELECT count(*) FROM referrals_stagechange").fetchone() or [0]
            assert count == 2
            line.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE %s",
                ["CREATE UNIQUE INDEX CONCURRENTLY%"],
            )
            assert migrating.wait(60) != 0
        finally:
            migrating.kill()
            migrating.communicate()
        slow.commit()
    # What was begun is there, and holds nothing.
    assert set(columns()) == {"stage_once", "stage_once_new"}
    connection.close()
    assert installation.banyan("migrate").returncode == 0
    assert columns() == {"stage_once": ["friend", "program", "stage"]}
    assert StageChange.objects.count() == 3
    assert is_refused_twice()


def _migrate(installation: Installation) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("banyan")), "migrate"],
        env=dict(installation.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _wait_for_index(line: psycopg.Connection, migrating: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    asked = "SELECT 1 FROM pg_class WHERE relname = 'stage_once_new'"
    while line.execute(asked).fetchone() is None:
        assert migrating.poll() is None, migrating.communicate()
        assert time.monotonic() < end, "no index was begun"
        time.sleep(0.05)
