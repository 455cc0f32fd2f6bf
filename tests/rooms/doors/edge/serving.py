"""A real server over a fresh installation, and a browserless client of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.installation import Installation

START_S = 60.0


@dataclass
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Site:
    """A running server."""

    installation: Installation
    port: int
    process: subprocess.Popen[bytes]
    errors: Path
    """What it writes on standard error; not a pipe, which nobody would read and which fills up."""
    keys: dict[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request over a connection of its own."""
        link = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            link.request(method, path, body, dict(headers or {}))
            reply = link.getresponse()
            names = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, names, reply.read())
        finally:
            link.close()

    def send(self, path: str, content: Any, key: str = "write") -> Answer:
        """Post JSON with one of the installation's keys."""
        headers = {"Authorization": f"Bearer {self.keys[key]}"} if key else {}
        return self.call("POST", path, json.dumps(content), headers)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    installation: Installation, *arguments: str, variables: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """`banyan serve …` as a process of its own, until the end."""
    port = free_port()
    command = [sys.executable, "-m", "banyan", "serve", *arguments, "--port", str(port)]
    with tempfile.NamedTemporaryFile(mode="ab") as errors:
        process = subprocess.Popen(
            command,
            env={**installation.environment, **(variables or {})},
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        site = Site(installation, port, process, Path(errors.name))
        try:
            wait_until_alive(site)
            yield site
        finally:
            stop(site)


def stop(site: Site) -> str:
    """End a server as an operator would; what it wrote on standard error."""
    if site.process.poll() is None:
        site.process.send_signal(signal.SIGTERM)
    try:
        site.process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        site.process.kill()
        raise
    return site.errors.read_text("utf-8")


def wait_until_alive(site: Site) -> None:
    """Return once the server answers."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if site.process.poll() is not None:
            raise AssertionError(site.errors.read_text("utf-8"))
        try:
            if site.call("GET", "/healthz").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start within {START_S:.0f} s")


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
