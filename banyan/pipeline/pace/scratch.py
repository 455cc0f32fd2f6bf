"""scratch: a fresh database on PostgreSQL, gone afterwards; on a server of its own if need be."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from banyan.kernel.errors import Problem

_PROGRAMS = ("initdb", "pg_ctl")
_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"


class NoServer(Problem):
    """A PostgreSQL that cannot be started or used."""


def missing() -> list[str]:
    """The server's programs that are not installed."""
    return [name for name in _PROGRAMS if _found(name) is None]


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """A new, empty database on that server; its address. Dropped afterwards.

    Raises NoServer when the server does not let us make one.
    """
    # Here, since the driver is an extra that an installation on SQLite need not have.
    import psycopg

    name = f"banyan_bench_{secrets.token_hex(6)}"
    try:
        with psycopg.connect(server_url, autocommit=True) as link:
            link.execute(f'CREATE DATABASE "{name}"')
    except psycopg.Error as failed:
        reason = str(failed).strip().splitlines()[0]
        raise NoServer(
            f"DATABASE_URL: no database can be made on that server ({reason}); name a server and a "
            "user that may CREATE DATABASE, or unset it: then a server is started for the time."
        ) from None
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server_url, autocommit=True) as link:
            link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def server() -> Iterator[str]:
    """A PostgreSQL with its safe settings, on this machine alone; its address.

    Raises NoServer when it does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # sockets have short names
    data, port = folder / "data", free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c max_connections=100"
    try:
        if _is_root():
            user = pwd.getpwnam(_USER)
            os.chown(folder, user.pw_uid, user.pw_gid)
        _run("initdb", "-D", str(data), "-U", _USER, "-A", "trust", "-E", "UTF8")
        _run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
    finally:
        if (data / "postmaster.pid").exists():
            _run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(program: str, *arguments: str) -> None:
    """Run one of the server's programs, which refuse to run as root."""
    become = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
    # What it writes goes to a file: the server keeps the pipe of who started it.
    with tempfile.TemporaryFile() as errors:
        done = subprocess.run(
            [*(become if _is_root() else []), str(_found(program)), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd="/tmp",
            check=False,
        )
        if done.returncode:
            errors.seek(0)
            [reason, *_] = errors.read().decode().strip().splitlines() or ["it did not say why"]
            raise NoServer(f"{program} failed ({reason}); name a server by DATABASE_URL instead.")


def _found(program: str) -> Path | None:
    versions = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which(program)
    return versions[-1] if versions else Path(on_path) if on_path else None


def _is_root() -> bool:
    return os.geteuid() == 0
