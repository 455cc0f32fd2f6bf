"""company: an installation of real processes whose web, worker, database and disk can fail."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import uuid4

import psycopg
from django.db import connections

from banyan.pipeline.publish import publish, settled
from banyan.trust.access import keys
from tests.faults.disks import Disk, small_disk
from tests.faults.processes import Nursery, Running, until
from tests.installation import Installation, Server, as_postgres, connected
from tests.rooms.doors.edge.serving import free_port

DISK_MB = 96

PROGRAM = """
program: grove
version: 1
currency: USD
attribution: {window: 30d, prefer: [code, click]}
milestones:
  bought: {on: Order Completed, within: 60d, repeats: {up_to: 3}}
rewards:
  thanks:
    {to: advocate, on: bought, give: cash, amount: 20.00,
     caps: [{per: advocate, count: 9}]}
  later:
    {to: advocate, on: bought, give: credit, amount: 5.00, hold: 3d,
     caps: [{per: advocate, count: 9}]}
  welcome: {to: friend, on: joined, give: points, amount: 100}
limits:
  - {give: cash, per: program, amount: 100000.00}
  - {give: credit, per: program, amount: 100000.00}
risk:
  - {id: many, when: "friends_total > 1", then: hold, for: advocate}
"""


@dataclass
class Company:
    """One installation and what runs of it now."""

    installation: Installation
    nursery: Nursery
    port: int
    disk: Disk | None
    server: Server | None
    keys: Mapping[str, str] = field(default_factory=dict)
    web: Running | None = None
    workers: list[Running] = field(default_factory=list)
    _count: int = 0

    @property
    def kind(self) -> str:
        """`sqlite` or `postgres`."""
        return self.installation.kind

    def start_web(self) -> None:
        """Start the web doors; returns when they answer."""
        self.web = self._start("web", "--port", str(self.port))
        until(self._answers, f"the web to answer, see {self.web.log}")

    def start_worker(self) -> Running:
        """Start one more worker; it leads, or stands by."""
        worker = self._start("worker")
        self.workers.append(worker)
        return worker

    def start_everything(self) -> Running:
        """Start `banyan serve`, which runs both and looks after them."""
        whole = self._start("everything", "--port", str(self.port))
        self.web = whole
        until(self._answers, f"the web to answer, see {whole.log}")
        return whole

    def kill_workers(self) -> None:
        """SIGKILL to every worker."""
        for worker in self.workers:
            worker.kill()
        self.workers.clear()

    def kill_web(self) -> None:
        """SIGKILL to the web, its serving processes included."""
        assert self.web is not None
        self.web.kill()

    def kill_serving(self) -> None:
        """SIGKILL to the process that serves, not to the one that looks after it."""
        assert self.web is not None
        for pid in self.web.children:
            os.kill(pid, signal.SIGKILL)

    def look_after(self) -> None:
        """Start what is not there, as a supervisor would."""
        assert self.web is not None
        if not self.web.is_alive:
            self.start_web()
        self.workers = [worker for worker in self.workers if worker.is_alive]
        if not self.workers:
            self.start_worker()
        until(self._answers, f"the web to answer, see {self.web.log}")

    def restart_database(self) -> None:
        """PostgreSQL ends as if its machine had, and comes back."""
        assert self.server is not None
        log = str(self.server.folder / "log")
        data = str(self.server.folder / "data")
        as_postgres("pg_ctl", "restart", "-D", data, "-m", "immediate", "-w", "-l", log)
        connections.close_all()

    def cut_connections(self) -> None:
        """PostgreSQL ends every session of the installation's processes."""
        assert self.server is not None
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as link:
            link.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [self.installation.database_url.rpartition("/")[2]],
            )
        connections.close_all()

    def freeze(self, process: Running, seconds: float) -> None:
        """Let a process do nothing for a while, as a machine that swaps or is moved would."""
        process.signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.signal(signal.SIGCONT)

    def logs(self) -> str:
        """What every process wrote last but for ordinary requests, for a failure's report."""
        files = sorted(self.installation.home.parent.glob("*.log"))
        return "\n".join(f"--- {file.name}\n{_gist(file)}" for file in files)

    def _start(self, what: str, *words: str) -> Running:
        self._count += 1
        # Outside the home, which may be the disk that is full.
        log = self.installation.home.parent / f"{self._count:03}-{what}.log"
        variables = self.installation.environment
        part = () if what == "everything" else (what,)
        return self.nursery.start("serve", *part, *words, variables=variables, log=log)

    def _answers(self) -> bool:
        assert self.web is not None
        assert self.web.is_alive, self.web.said()
        link = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            link.request("GET", "/healthz")
            return link.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            link.close()


def _gist(log: Path) -> str:
    lines = [line for line in log.read_text().splitlines() if '"event": "request"' not in line]
    return "\n".join(lines[-20:])


@contextmanager
def company(
    kind: str,
    folder: Path,
    *,
    nursery: Nursery,
    template: Path,
    server: Server | None,
    has_small_disk: bool,
    program: str = PROGRAM,
) -> Iterator[Company]:
    """A fresh installation with a published program, keys, a web and a worker; this process is
    connected to its database."""
    home = folder / "home"
    with ExitStack() as stack:
        disk = None
        if has_small_disk:
            # The server's user may not look into the folders of this one.
            place = home if server is None else server.folder / f"disk-{uuid4().hex[:12]}"
            disk = stack.enter_context(small_disk(place, megabytes=DISK_MB))
        home.mkdir(parents=True, exist_ok=True)
        if server is None:
            shutil.copy(template, home / "banyan.sqlite3")
            url = f"sqlite:///{home / 'banyan.sqlite3'}"
        else:
            url = stack.enter_context(_database(server, disk))
        stack.enter_context(connected(url, home))
        made = Company(Installation(kind, home, url), nursery, free_port(), disk, server)
        _furnish(made, program)
        try:
            made.start_web()
            made.start_worker()
            yield made
        finally:
            made.kill_workers()
            if made.web is not None:
                made.kill_web()


def _furnish(made: Company, program: str) -> None:
    now = datetime.now(UTC)
    row = publish("test", program, starts_at=None, now=now)
    assert settled(row.program, row.number, timeout_s=60).status == "published"
    made.keys = {
        "write": keys.make("test", "write", is_test=False, now=now)[1],
        "secret": keys.make("test", "secret", is_test=True, now=now)[1],
    }


@contextmanager
def _database(server: Server, disk: Disk | None) -> Iterator[str]:
    """A copy of the migrated template; on the small disk if there is one."""
    name = f"faults_{uuid4().hex[:12]}"
    if disk is not None:
        shutil.chown(disk.folder, "postgres", "postgres")
    where = "" if disk is None else f'TABLESPACE "{name}"'
    with psycopg.connect(server.url("postgres"), autocommit=True) as link:
        if disk is not None:
            link.execute(f"CREATE TABLESPACE \"{name}\" LOCATION '{disk.folder}'")
        link.execute(f'CREATE DATABASE "{name}" TEMPLATE banyan_template {where}')
    try:
        yield server.url(name)
    finally:
        connections.close_all()
        server.drop_database(name)
        if disk is not None:
            with psycopg.connect(server.url("postgres"), autocommit=True) as link:
                link.execute(f'DROP TABLESPACE "{name}"')
