"""Whether an installation lives, and whether it should get work."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections
from django.test import override_settings

from banyan.core.events import clock
from banyan.doors.edge import health
from banyan.pipeline import alarms
from tests.installation import Installation, connected
from tests.rooms.pipeline.line import START, Line


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    health._up_to_date.clear()
    yield
    health._up_to_date.clear()


def ask(path: str = "/readyz") -> tuple[int, dict[str, object]]:
    status, headers, body = health.respond(path)
    assert ("Content-Type", "application/json") in headers
    assert ("Cache-Control", "no-store") in headers
    return status, json.loads(body)


def test_a_process_that_answers_is_alive_whatever_the_database_does(tmp_path: Path) -> None:
    with connected("postgresql://nobody@127.0.0.1:1/none", tmp_path):
        assert ask("/healthz") == (200, {"status": "alive"})


def test_an_idle_installation_is_ready(installation: Installation) -> None:
    status, found = ask()
    assert (status, found["status"], found["head"], found["cursor"]) == (200, "ready", 0, 0)
    assert found["checks"]["database"]["ok"] is True  # type: ignore[index]
    assert found["alarms"] == []


def test_a_worker_that_is_behind_is_not_ready_until_it_caught_up(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    line.say("Signed Up", "ann")
    received = START + timedelta(minutes=1)
    with override_settings(LAG_LIMIT_S=60):
        for waited_s, status in ((59, 200), (61, 503)):
            monkeypatch.setattr(clock, "now", lambda s=waited_s: received + timedelta(seconds=s))
            found = ask()
            assert (found[0], found[1]["head"], found[1]["cursor"]) == (status, 1, 0)
            assert found[1]["checks"]["worker"] == {  # type: ignore[index]
                "ok": status == 200,
                "detail": f"The oldest event that is not decided has waited {waited_s}.0 s; "
                "BANYAN_LAG_LIMIT is 60 s.",
            }
        line.work()
        status, found_after = ask()
    assert (status, found_after["cursor"]) == (200, 1)


def test_missing_migrations_are_not_ready(installation: Installation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'outbox'")
    status, found = ask()
    assert (status, found["status"]) == (503, "not ready")
    assert found["checks"] == {
        "database": {
            "ok": False,
            "detail": "The database is not up to date with this release; run: banyan migrate",
        }
    }


def test_a_database_that_is_away_is_not_ready_and_its_name_is_not_told(tmp_path: Path) -> None:
    with connected("postgresql://secret-user:pw@127.0.0.1:1/secret-name", tmp_path):
        status, found = ask()
    assert status == 503
    assert found["checks"] == {
        "database": {"ok": False, "detail": "The database does not answer; the log says more."}
    }


def test_a_connection_that_broke_while_idle_is_made_again(installation: Installation) -> None:
    assert ask()[0] == 200
    if installation.kind == "postgres":
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            [pid] = cursor.fetchone()
        with psycopg.connect(installation.database_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
    else:
        connection.connection.close()
    assert ask()[0] == 200


def test_alarms_are_shown_and_need_a_person_not_a_restart(installation: Installation) -> None:
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    alarms.raise_alarm("job:verify", "verify: 2 differences", now=moment)
    status, found = ask()
    assert (status, found["alarms"]) == (
        200,
        [{"kind": "job:verify", "opened_at": "2026-05-01T12:00:00Z"}],
    )
