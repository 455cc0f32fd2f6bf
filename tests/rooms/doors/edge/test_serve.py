"""`banyan serve` as a process: starting, stopping, dying, and a database that goes away."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from banyan.core.events import read
from banyan.trust.access.keys import make
from tests.installation import Installation, fresh, migrated, postgres
from tests.rooms.doors.edge.serving import Answer, Site, free_port, serving, stop

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def with_key(site: Site) -> Site:
    site.keys["write"] = make("test", "write", is_test=False, now=NOW)[1]
    return site


def batch(prefix: str, count: int) -> dict[str, object]:
    return {
        "batch": [
            {"type": "page", "userId": "u1", "messageId": f"{prefix}-{i}"} for i in range(count)
        ]
    }


def children(process: subprocess.Popen[bytes], word: str) -> list[int]:
    """Processes below a server whose command line has that word."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            status = (folder / "status").read_text()
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if f"PPid:\t{process.pid}\n" in status and word in words:
            found.append(int(folder.name))
    return found


def test_one_command_serves_and_decides(installation: Installation) -> None:
    with serving(installation) as site:
        with_key(site)
        assert site.send("/v1/batch", batch("a", 3)).json == {"success": True}
        end = time.monotonic() + 30
        cursor = -1
        while cursor < 3 and time.monotonic() < end:
            cursor = site.call("GET", "/readyz").json.get("cursor", -1)
            time.sleep(0.1)
        assert cursor == 3
        [old] = children(site.process, "worker")
        os.kill(old, signal.SIGKILL)
        end = time.monotonic() + 30
        while (new := children(site.process, "worker")) in ([], [old]) and time.monotonic() < end:
            time.sleep(0.1)
        assert len(new) == 1
        assert new != [old]
        web = children(site.process, "web")
    assert site.process.returncode == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in web + new)


def test_stopping_loses_nothing_that_was_acknowledged(installation: Installation) -> None:
    acknowledged: list[int] = []
    refused: list[object] = []

    def sender(site: Site, k: int) -> None:
        for i in range(10_000):
            try:
                answer = site.send("/v1/batch", batch(f"{k}-{i}", 2))
            except OSError as gone:
                refused.append(gone)
                return
            if answer.status != 200:
                refused.append(answer.status)
                return
            acknowledged.append(2)

    with serving(installation, "web") as site:
        with_key(site)
        threads = [threading.Thread(target=sender, args=(site, k)) for k in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 40:
            time.sleep(0.01)
        stop(site)
        for thread in threads:
            thread.join()
    assert site.process.returncode == 0
    assert len(refused) == 4
    # Every one that was answered is there; what was not answered may be, since it is sent again.
    assert sum(acknowledged) <= read.head() <= sum(acknowledged) + 8


def test_two_processes_and_the_same_messages(installation: Installation) -> None:
    answers: list[Answer] = []
    with serving(installation, "web") as one, serving(installation, "web") as two:
        with_key(one)
        two.keys = one.keys

        def sender(site: Site) -> None:
            answers.extend(site.send("/v1/batch", batch(str(i // 2), 20)) for i in range(20))

        threads = [threading.Thread(target=sender, args=(s,)) for s in (one, two, one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [a.json for a in answers] == [{"success": True}] * 80
    log = read.after(0, 10_000)
    assert log["position"].to_list() == list(range(1, 201))
    assert log["message_id"].n_unique() == 200


def test_a_taken_port_is_said_in_one_line(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = installation.banyan("serve", "--port", str(port))
    assert ran.returncode == 1
    assert ran.stderr == (
        f"--port: cannot listen on 127.0.0.1:{port} (Address already in use); "
        "stop what listens there, or name another port\n"
    )


def test_a_bad_rate_stops_the_start(installation: Installation) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "banyan", "serve", "web", "--port", str(free_port())],
        env={**installation.environment, "BANYAN_EVENTS_PER_MINUTE": "many"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == (
        "BANYAN_EVENTS_PER_MINUTE: expected a whole number from 1 to 2147483647, found many\n"
    )


def test_who_sends_too_fast_is_told_when_to_go_on(installation: Installation) -> None:
    with serving(installation, "web", variables={"BANYAN_EVENTS_PER_MINUTE": "10"}) as site:
        with_key(site)
        answers = [site.send("/v1/batch", batch(str(i), 6)) for i in range(2)]
        if answers[1].status == 200:  # a minute began between the two
            answers = [site.send("/v1/batch", batch(f"again-{i}", 6)) for i in range(2)]
    assert [answer.status for answer in answers] == [200, 429]
    assert answers[1].json["code"] == "too_many_requests"
    assert 1 <= int(answers[1].headers["retry-after"]) <= 60


def test_an_empty_home_is_made_ready_on_sqlite_alone(tmp_path: Path) -> None:
    installation = Installation("sqlite", tmp_path / "new", "")
    with serving(installation, "web") as site:
        assert site.call("GET", "/readyz").json["checks"]["database"]["ok"] is True


def test_an_empty_postgresql_is_not_migrated_by_serve(
    tmp_path: Path, postgres_server: object
) -> None:
    url = postgres_server.make_database("serve_empty")  # type: ignore[attr-defined]
    installation = Installation("postgres", tmp_path / "home", url)
    ran = installation.banyan("serve", "--port", str(free_port()))
    assert ran.returncode == 1
    assert ran.stderr == ("The database is not up to date with this release; run: banyan migrate\n")
    first, second = installation.banyan("migrate"), installation.banyan("migrate")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "migrations applied" in first.stdout
    assert second.stdout == "The database is up to date. Nothing to do.\n"


def test_a_database_that_is_nowhere_is_said_in_one_line(tmp_path: Path) -> None:
    url = f"postgresql://postgres@127.0.0.1:{free_port()}/banyan"
    ran = Installation("postgres", tmp_path / "home", url).banyan("serve")
    assert ran.returncode == 1
    assert ran.stderr.startswith("DATABASE_URL: the database cannot be reached (")
    assert ran.stderr.count("\n") == 1


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Installation]:
    """An installation on a PostgreSQL of its own."""
    with postgres() as server:
        migrated(server.make_database("banyan_template"), tmp_path)
        with fresh("postgres", tmp_path, template=Path(), server=server) as installation:
            yield installation


def test_while_the_database_refuses_nothing_is_half_done_and_then_it_goes_on(
    mortal: Installation,
) -> None:
    """Writing is forbidden as it is when the disk is full; then every connection is cut."""
    name = connection.settings_dict["NAME"]
    with serving(mortal, "web") as site:
        with_key(site)
        assert site.send("/v1/batch", batch("a", 2)).status == 200
        admin = psycopg.connect(
            mortal.database_url.rsplit("/", 1)[0] + "/postgres", autocommit=True
        )
        admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        admin.execute(cut, [name])
        refused = [site.send("/v1/batch", batch("b", 2)) for _ in range(2)]
        clicked = site.call("GET", "/r/NOBODY", headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"})
        admin.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        admin.execute(cut, [name])
        again = site.send("/v1/batch", batch("b", 2))
        admin.close()
    for answer in (*refused, clicked):
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["content-type"] == "application/problem+json"
    assert again.json == {"success": True}
    connection.close()
    assert [json.loads(b)["messageId"] for b in read.after(0, 10)["body"]] == [
        "a-0",
        "a-1",
        "b-0",
        "b-1",
    ]
