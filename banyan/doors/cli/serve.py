"""`banyan serve`: web doors and the deciding worker, in one command or apart."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

import click

from banyan.doors.cli import live
from banyan.kernel import countbook
from banyan.kernel.errors import Problem
from banyan.kernel.parent import end_with_parent

HOST = "127.0.0.1"
PORT = 8000
# A child that dies is started again, at once the first time, then after longer and longer pauses.
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
# One that lived so long was well; its next death is a first one again.
WELL_S = 60.0
STOP_S = 30.0
# Tells a child which process looks after it; who starts `serve web` alone may go away.
HEAD = "SERVED_BY_PROCESS"


class PortTaken(Problem):
    """An address that this process cannot listen on."""


@click.group(invoke_without_command=True)
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65_535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Web processes. One does for some thousand clicks a second.",
)
@click.pass_context
def command(context: click.Context, host: str, port: int, workers: int) -> None:
    """Answer requests and decide events, until stopped.

    Alone it runs the web doors and a worker, and starts again whichever dies. `serve web` and
    `serve worker` run one of them, for several machines over one PostgreSQL: any number of web
    nodes, and workers of which one leads while the others stand by.
    """
    if context.invoked_subcommand is None:
        prepare(host, port)
        _say_addresses(host, port)
        until_stopped(host, port, workers)


@command.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
def web(host: str, port: int, workers: int) -> None:
    """Run the web doors alone: events, clicks, the API and the pages, on one port."""
    _end_with_head()
    if countbook.VARIABLE in os.environ:
        _listen(host, port, workers)
        return
    with countbook.shared() as book:
        countbook.join(book)
        prepare(host, port)
        _say_addresses(host, port)
        _listen(host, port, workers)


@command.command()
def worker() -> None:
    """Run a worker alone: it decides events, or stands by while another one does."""
    _end_with_head()
    _migrated()
    from banyan.pipeline.duty import run

    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    run(stop)


def prepare(host: str, port: int) -> None:
    """Set this process up to serve there: settings, tables, a port that is free.

    Raises BadSetting, NotReady, PortTaken.
    """
    _be_reached_at(host, port)
    _migrated()
    _check_port(host, port)


def until_stopped(host: str, port: int, workers: int = 1) -> None:
    """Run the web doors and a worker, and start again whichever dies, until told to stop."""
    web = ["web", "--host", host, "--port", str(port), "--workers", str(workers)]
    with countbook.shared() as book:
        _watch([web, ["worker"]], book)


def _end_with_head() -> None:
    if os.environ.get(HEAD) == str(os.getppid()):
        end_with_parent()


def _be_reached_at(host: str, port: int) -> None:
    """Links lead here unless the setting says where people reach it."""
    os.environ.setdefault("BANYAN_BASE_URL", f"http://{_shown(host)}:{port}")


def _shown(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host


def _migrated() -> None:
    """An installation on its own SQLite file is migrated by this command, so that one command does;
    a shared database is not, since other nodes of another release may be at work on it."""
    live.start(migrated=False)
    from django.conf import settings
    from django.core.management import call_command

    if not live.missing_migrations():
        return
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
        raise live.NotReady("The database is not up to date with this release; run: banyan migrate")
    call_command("migrate", verbosity=0, interactive=False)


def _check_port(host: str, port: int) -> None:
    """Say so here, where one line can; Granian would end with a traceback."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as failed:
            raise PortTaken(
                f"--port: cannot listen on {host}:{port} ({failed.strerror}); "
                "stop what listens there, or name another port"
            ) from None


def _say_addresses(host: str, port: int) -> None:
    from django.conf import settings

    here = _shown(host)
    click.echo(f"Listening on http://{here}:{port}; people reach it as {settings.BASE_URL}")
    for what, path in (("events", "/v1/batch"), ("links", "/r/CODE"), ("API", "/v1/docs")):
        click.echo(f"  {what:<8} http://{here}:{port}{path}")


def _listen(host: str, port: int, workers: int) -> None:
    """Serve until told to stop; requests under way are answered before it ends."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "banyan.site.rsgi:application",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=int(STOP_S),
    ).serve()


def _watch(commands: list[list[str]], variables: Mapping[str, str]) -> None:
    """Run the commands as children and start again what dies, until told to stop."""
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    children = [_Child(words, variables) for words in commands]
    try:
        while not stop.wait(0.2):
            for child in children:
                child.look_after()
    finally:
        # The web first: what it accepted last is in the log before the worker ends.
        for child in children:
            child.end()


class _Child:
    """One `banyan serve …` process, and when it may be started again."""

    def __init__(self, words: list[str], variables: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", "banyan", "serve", *words]
        self._environment = {**os.environ, **variables, HEAD: str(os.getpid())}
        self._pause_s = 0.0
        self._start_at_s: float | None = None
        self._start()

    def look_after(self) -> None:
        """Start it again if it died and its pause is over."""
        code = self._process.poll()
        now_s = time.monotonic()
        if code is None:
            return
        if self._start_at_s is None:
            pause_s = 0.0 if now_s - self._started_at_s > WELL_S else self._pause_s
            self._start_at_s = now_s + pause_s
            self._pause_s = min(max(FIRST_PAUSE_S, 2 * pause_s), LONGEST_PAUSE_S)
            name = " ".join(self._command[2:5])
            again = f"it is started again in {pause_s:.0f} s."
            click.echo(f"`{name}` ended with code {code}; {again}", err=True)
        if now_s >= self._start_at_s:
            self._start()

    def end(self) -> None:
        """Ask it to end, and wait for it."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        self._start_at_s = None
        self._started_at_s = time.monotonic()
        # In a session of its own: Ctrl-C reaches the parent alone, which ends children in order.
        self._process = subprocess.Popen(
            self._command, env=self._environment, start_new_session=True
        )
