"""Fresh installations for tests: a migrated database, for this process and for others."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import psycopg
from asgiref.local import Local
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings

from tests.emptying import Blank, Mark, empty, look

SECRET = "a-secret-for-tests-alone-0123456789"


@dataclass(frozen=True)
class Installation:
    """One company's Banyan: where it lies, and the environment its processes need."""

    kind: str
    home: Path
    database_url: str

    @property
    def environment(self) -> Mapping[str, str]:
        """For `subprocess`: this process's variables and the installation's own."""
        own = {"BANYAN_HOME": str(self.home), "BANYAN_SECRET_KEY": SECRET}
        if self.kind == "postgres":
            own["DATABASE_URL"] = self.database_url
        clean = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL",)}
        return clean | own

    def banyan(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run the command in a process of its own; does not raise when it fails."""
        command = [str(Path(sys.executable).with_name("banyan")), *arguments]
        return subprocess.run(
            command,
            env=dict(self.environment),
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL; its databases made like `banyan_template` are used again and again."""

    folder: Path
    port: int
    links: ExitStack
    spare: list[str] = field(default_factory=list)
    blank: list[Blank] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)

    @cached_property
    def desk(self) -> psycopg.Connection:
        """A connection kept open, for what is done to databases between tests."""
        return self.links.enter_context(psycopg.connect(self.url("postgres"), autocommit=True))

    def url(self, name: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def make_database(self, name: str, *, template: str = "template1") -> str:
        """A new database like `template`; its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as link:
            link.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is connected."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as link:
            link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def lend(self) -> str:
        """The name of an installation's database that is as good as new."""
        name = f"test_{uuid4().hex[:12]}"
        if self.spare:
            # A name of its own, so that nothing kept in a process is taken for its own.
            used = self.spare.pop()
            self._throw_out(used)
            self.desk.execute(f'ALTER DATABASE "{used}" RENAME TO "{name}"')
            self.marks[name] = self.marks.pop(used)
            return name
        self.make_database(name, template="banyan_template")
        if not self.blank:
            with psycopg.connect(self.url(name)) as link:
                self.blank.append(look(link))
        return name

    def take_back(self, name: str) -> None:
        """Throw out whoever is still connected, and empty it for the next."""
        self._throw_out(name)
        with psycopg.connect(self.url(name)) as link:
            mark = empty(link, self.blank[0], self.marks.pop(name, None))
        if mark is None:
            self.drop_database(name)
        else:
            self.marks[name] = mark
            self.spare.append(name)

    def _throw_out(self, name: str) -> None:
        """PostgreSQL itself would look only every tenth of a second whether they are gone."""
        end = time.monotonic() + 5
        ask = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
        while self.desk.execute(ask, [name]).fetchall() != [(0,)] and time.monotonic() < end:
            time.sleep(0.002)


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Server]:
    """A server of Debian's PostgreSQL of one's own, stopped and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    port = _free_port()
    options = [
        f"-p {port}",
        "-c listen_addresses=127.0.0.1",
        f"-k {folder}",
        "-c max_connections=200",
    ]
    if not durable:
        options += ["-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off"]
    data = folder / "data"
    try:
        _give_away(folder)
        as_postgres(
            "initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        as_postgres(
            "pg_ctl",
            "-D",
            str(data),
            "-w",
            "-l",
            str(folder / "log"),
            "-o",
            " ".join(options),
            "start",
        )
        with ExitStack() as links:
            yield Server(folder, port, links)
    finally:
        as_postgres("pg_ctl", "-D", str(data), "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def as_postgres(program: str, *arguments: str, check: bool = True) -> None:
    """Run one of the server's programs; it refuses to run as root."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    path = str(found[-1]) if found else shutil.which(program)
    if path is None:
        raise RuntimeError("PostgreSQL 15 or newer is not installed (apt-get install postgresql)")
    become = (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if _is_root() else []
    )
    subprocess.run(
        [*become, path, *arguments],
        check=check,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/tmp",
    )


def _give_away(folder: Path) -> None:
    if _is_root():
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)


def _is_root() -> bool:
    return os.geteuid() == 0


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def connected(database_url: str, home: Path) -> Iterator[None]:
    """This process works on that database until the end."""
    from banyan.site.settings import database_settings

    database = database_settings(database_url)
    if database_url.startswith("sqlite:"):
        # No test cuts the power: what was written is there without waiting for the disk, too.
        database["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
    before = connections.settings
    _reset()
    connections.settings = connections.configure_settings({"default": database})
    try:
        with _closed_at_last(), override_settings(BANYAN_HOME=home):
            yield
    finally:
        _reset()
        connections.settings = before


def _reset() -> None:
    connections.close_all()
    # Also those that this thread made while an event loop ran in it, as it does beside a browser.
    connections._connections = Local(connections.thread_critical)


@contextmanager
def _closed_at_last() -> Iterator[None]:
    """Whoever makes a connection meanwhile, in whatever context: in the end it is closed."""
    made = []
    create = connections.create_connection

    def created(alias: str) -> BaseDatabaseWrapper:
        made.append(create(alias))
        return made[-1]

    try:
        with patch.object(connections, "create_connection", created):
            yield
    finally:
        for each in made:
            each.inc_thread_sharing()
            each.close()


def migrated(database_url: str, home: Path) -> None:
    """Bring a database up to date, and make the tables of the engine's state."""
    from banyan.pipeline import shelf

    with connected(database_url, home):
        call_command("migrate", verbosity=0)
        # As the first worker would: two of its statements a frame are much for each test anew.
        shelf.make_anew()


@contextmanager
def fresh(
    kind: str, home: Path, *, template: Path, server: Server | None
) -> Iterator[Installation]:
    """An installation on a copy of a migrated template, connected to this process."""
    home.mkdir(parents=True, exist_ok=True)
    if kind == "sqlite":
        shutil.copy(template, home / "banyan.sqlite3")
        url = f"sqlite:///{home / 'banyan.sqlite3'}"
        with connected(url, home):
            yield Installation(kind, home, url)
        return
    assert server is not None
    name = server.lend()
    url = server.url(name)
    try:
        with connected(url, home):
            yield Installation(kind, home, url)
    finally:
        server.take_back(name)
