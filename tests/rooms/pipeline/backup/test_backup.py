"""Backups of real databases, made while others write, and brought back."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.test import override_settings

from banyan.core.events import read as log
from banyan.core.ledger import read as ledger
from banyan.pipeline.backup import acts, archive, postgres
from banyan.pipeline.backup.archive import BadBackup
from banyan.pipeline.leader import leading
from banyan.pipeline.verify import run as verify
from banyan.pipeline.wait import cursor_position
from tests.installation import Installation, Server, fresh
from tests.rooms.pipeline.line import START, Line

NOW = START


@contextmanager
def another(
    like: Installation, request: pytest.FixtureRequest, home: Path
) -> Iterator[Installation]:
    """A second, empty installation on the same kind of database, connected to this process."""
    server: Server | None = None
    template = Path()
    if like.kind == "postgres":
        server = request.getfixturevalue("postgres_server")
    else:
        template = request.getfixturevalue("sqlite_template")
    with fresh(like.kind, home, template=template, server=server) as made:
        yield made


def lived_in() -> None:
    line = Line()
    line.publish()
    line.story()
    line.work(3)
    line.say("Signed Up", "not-decided-yet")


def test_a_backup_brings_back_the_same_log_and_ledger(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    made = acts.back_up(file, now=NOW)
    assert (made.kind, made.head, made.cursor) == (installation.kind, 9, 8)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["banyan.backup"]
    events, balances = log.after(0, 99), ledger.balances("ann")
    with another(installation, request, tmp_path / "second"):
        assert log.head() == 0
        assert acts.restore(file) == made
        assert (log.head(), cursor_position()) == (9, 8)
        assert log.after(0, 99).equals(events)
        assert ledger.balances("ann") == balances
        assert verify().differences == ()
        # It is a whole installation: the line goes on.
        line = Line()
        line.number = 100
        line.say("Signed Up", "eve")
        line.work()
        assert (log.head(), cursor_position()) == (10, 10)


def test_a_backup_made_while_others_write_is_of_one_moment(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    writer = (
        "import django; django.setup()\n"
        "from tests.rooms.pipeline.line import Line\n"
        "line = Line(); line.publish(); print('begun', flush=True)\n"
        "while True:\n"
        "    line.story() if line.number == 0 else line.say('Order Completed', 'ben', order_id=str("
        "line.number), total=5, currency='USD')\n"
        "    line.work()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", writer],
        env=dict(installation.environment) | {"DJANGO_SETTINGS_MODULE": "banyan.site.settings"},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"begun\n"
        made = []
        for number in range(3):
            before = log.head()
            made.append(acts.back_up(tmp_path / f"{number}.backup", now=NOW))
            assert before <= made[-1].head <= log.head()
            time.sleep(0.5)
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
    assert made[0].head < made[-1].head
    for number, manifest in enumerate(made):
        with another(installation, request, tmp_path / f"home{number}"):
            acts.restore(tmp_path / f"{number}.backup")
            assert (log.head(), cursor_position()) == (manifest.head, manifest.cursor)
            assert log.after(0, 10_000)["position"].to_list() == [*range(1, manifest.head + 1)]
            assert verify().differences == ()


def test_the_secret_key_is_not_in_it_and_another_one_is_refused(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    acts.back_up(file, now=NOW)
    assert b"a-secret-for-tests-alone" not in file.read_bytes()
    with (
        another(installation, request, tmp_path / "second"),
        override_settings(SECRET_KEY="another-secret-0123456789"),
    ):
        with pytest.raises(acts.DoesNotFit, match="another BANYAN_SECRET_KEY"):
            acts.restore(file, overwrite=True)
        assert log.head() == 0
        acts.restore(file, key_is_lost=True)
        assert log.head() == 9


def test_an_installation_in_use_is_kept_unless_it_is_forced(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    acts.back_up(file, now=NOW)
    with another(installation, request, tmp_path / "second"):
        Line().say("Signed Up", "somebody-else")
        with pytest.raises(acts.NotEmpty, match="its log is at position 1"):
            acts.restore(file)
        assert log.after(0, 9)["user_id"].to_list() == ["somebody-else"]
        acts.restore(file, overwrite=True)
        assert log.head() == 9
        assert "somebody-else" not in log.after(0, 99)["user_id"].to_list()


def test_rows_that_never_change_still_do_not_after_a_restore(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    acts.back_up(file, now=NOW)
    with another(installation, request, tmp_path / "second"):
        acts.restore(file)
        with pytest.raises(Exception, match="never changed"), connection.cursor() as cursor:
            cursor.execute("UPDATE events_event SET body = '{}'")


def _tampered(file: Path, change: object, target: Path) -> Path:
    """The backup again with another manifest."""
    with tarfile.open(file) as tar, archive.extracted(file, file.parent) as copy:
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
        changed = archive.Manifest(**{**manifest, "made_at": NOW, **change})  # type: ignore[dict-item]
        archive.write(target, changed, copy)
    return target


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "other"}, "goes back to the same kind of database"),
        ({"form": 2}, "it has form 2"),
        ({"migrations": ["events.9999_later"]}, "Banyan 9.9 *, whose tables this release"),
        ({"sha256": "0" * 64}, "the checksum does not fit"),
        ({"head": 77}, "The log is at position 9 and decided to 8; the backup says 77 and 8"),
    ],
)
def test_what_does_not_fit_is_refused(
    installation: Installation,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    change: dict[str, object],
    says: str,
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    acts.back_up(file, now=NOW)
    if "kind" in change:
        change = {"kind": "postgres" if installation.kind == "sqlite" else "sqlite"}
    if "migrations" in change:
        change, says = {**change, "banyan": "9.9"}, "Banyan 9.9, whose tables this release"
    wrong = _tampered(file, change, tmp_path / "wrong.backup")
    with another(installation, request, tmp_path / "second"):
        with pytest.raises(Exception, match=says):
            acts.restore(wrong)
        if "head" not in change:
            assert log.head() == 0


def test_a_file_that_is_damaged_or_cut_off_changes_nothing(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    acts.back_up(file, now=NOW)
    whole = file.read_bytes()
    middle = len(whole) // 2
    with another(installation, request, tmp_path / "second"):
        for damaged in (
            b"",
            b"not a backup",
            whole[:700],
            whole[:middle],
            whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        ):
            file.write_bytes(damaged)
            with pytest.raises(BadBackup):
                acts.restore(file)
        assert log.head() == 0


def test_a_backup_of_an_earlier_release_is_brought_up_to_this_one(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE schedule_job")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'schedule'")
    Line().say("Signed Up", "ann")
    file = tmp_path / "banyan.backup"
    acts.back_up(file, now=NOW)
    with another(installation, request, tmp_path / "second"):
        acts.restore(file)
        assert "schedule_job" in connection.introspection.table_names()
        assert log.head() == 1


def test_a_running_worker_is_not_exchanged_under_its_feet(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    acts.back_up(file, now=NOW)
    held, done = threading.Event(), threading.Event()

    def lead() -> None:
        try:
            with leading() as leads:
                assert leads
                held.set()
                done.wait(30)
        finally:
            connection.close()

    with another(installation, request, tmp_path / "second"):
        worker = threading.Thread(target=lead)
        worker.start()
        assert held.wait(30)
        with pytest.raises(acts.WorkerRuns, match="stop banyan serve"):
            acts.restore(file)
        assert log.head() == 0
        done.set()
        worker.join()
        acts.restore(file)
        assert log.head() == 9


def test_a_backup_is_not_written_over_anything(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "banyan.backup"
    file.write_text("mine")
    with pytest.raises(acts.Exists):
        acts.back_up(file, now=NOW)
    assert file.read_text() == "mine"
    with pytest.raises(acts.NoFolder, match="make it first"):
        acts.back_up(tmp_path / "nowhere" / "banyan.backup", now=NOW)


def test_without_the_databases_programs_it_says_what_to_install(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "banyan.backup"
    if installation.kind == "sqlite":
        assert acts.back_up(file, now=NOW).head == 0
        return
    with pytest.raises(postgres.NoProgram, match="apt-get install postgresql-client"):
        acts.back_up(file, now=NOW)
    assert not file.exists()


def test_a_restore_that_fails_half_way_leaves_everything_as_it_was(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    acts.back_up(file, now=NOW)
    with archive.extracted(file, tmp_path) as copy:
        broken = copy.read_bytes()
        half = tmp_path / "half"
        half.write_bytes(broken[: len(broken) * 3 // 4])
        manifest = archive.manifest_of(file)
        wrong = tmp_path / "wrong.backup"
        values = {name: getattr(manifest, name) for name in manifest.__dataclass_fields__}
        values |= {"sha256": archive.digest_of(half), "size_bytes": half.stat().st_size}
        archive.write(wrong, archive.Manifest(**values), half)
    with another(installation, request, tmp_path / "second"):
        Line().say("Signed Up", "mine")
        with pytest.raises((postgres.Failed, sqlite3.DatabaseError, acts.sqlite.NotSound)):
            acts.restore(wrong, overwrite=True)
        connection.close()
        assert log.after(0, 9)["user_id"].to_list() == ["mine"]


def test_both_commands_work_from_a_terminal(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    done = installation.banyan("backup", str(file))
    assert (done.returncode, done.stdout.split(" (")[0]) == (
        0,
        f"{file}: the log up to position 9, decided to 8",
    )
    assert "THE SECRET KEY IS NOT IN IT" in done.stderr
    nowhere = installation.banyan("backup", str(tmp_path / "no" / "b.backup"))
    assert (nowhere.returncode, nowhere.stderr) == (
        1,
        f"There is no folder {tmp_path / 'no'}; make it first.\n",
    )
    again = installation.banyan("backup", str(file))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == (
        f"{file}: it exists already, and backups are not overwritten; name another.\n"
    )
    with another(installation, request, tmp_path / "second") as second:
        connection.close()
        done = second.banyan("restore", str(file))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("The log is back at position 9, decided to 8, as it was at ")
        assert log.head() == 9
        refused = second.banyan("restore", str(file))
        assert refused.returncode == 1
        assert refused.stderr.startswith("This installation is in use (its log is at position 9)")
        assert second.banyan("restore", str(file), "--force").returncode == 0
        assert second.banyan("restore", str(tmp_path / "none")).returncode == 1


def test_a_database_without_any_tables_is_restored_too(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lived_in()
    file = tmp_path / "banyan.backup"
    acts.back_up(file, now=NOW)
    home, url = tmp_path / "bare", ""
    if installation.kind == "postgres":
        server = request.getfixturevalue("postgres_server")
        url = server.make_database("bare")
    try:
        bare = Installation(installation.kind, home, url)
        done = bare.banyan("restore", str(file))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("The log is back at position 9, decided to 8")
        proof = bare.banyan("verify")
        assert (proof.returncode, proof.stdout.split(",")[0]) == (0, "8 positions")
    finally:
        if url:
            server.drop_database("bare")
