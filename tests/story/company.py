"""company: an installation as an operator runs it, seen through HTTP and commands alone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from tests.installation import Installation
from tests.rooms.doors.edge.serving import free_port

PATIENCE_S = 90.0
"""How long anything may take on a busy machine before it counts as not happening."""
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"


@dataclass(frozen=True)
class Reply:
    """What the server said. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of a problem, which must be told as one."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        assert self.json["status"] == self.status
        return str(self.json["code"])


@dataclass
class Browser:
    """Somebody with a cookie jar and no key."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, path: str) -> Reply:
        """Follow a link; what cookies come are kept."""
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"User-Agent": BROWSER} | ({"Cookie": jar} if jar else {})
        reply = call(self.port, "GET", path, headers=headers)
        for name, morsel in SimpleCookie(reply.headers.get("set-cookie", "")).items():
            self.cookies[name] = morsel.value
        return reply


@dataclass(frozen=True)
class Caller:
    """A program of the company, with its key."""

    port: int
    key: str

    def get(self, path: str) -> Reply:
        """GET below /v1."""
        return self.send("GET", path)

    def post(self, path: str, body: object) -> Reply:
        """POST below /v1."""
        return self.send("POST", path, body)

    def send(self, method: str, path: str, body: object = None) -> Reply:
        """Any request, JSON in and out."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        return call(self.port, method, f"/v1{path}", data, headers)

    def track(self, event: str, user: str, message: str, **fields: Any) -> Reply:
        """One track event; `anonymousId` is the event's, all else are properties."""
        said: dict[str, Any] = {"event": event, "userId": user, "messageId": message}
        if "anonymousId" in fields:
            said["anonymousId"] = fields.pop("anonymousId")
        return self.post("/track", said | {"properties": fields})


@dataclass(frozen=True)
class Company:
    """A running installation and the programs that call it."""

    installation: Installation
    port: int
    shop: Caller
    """Sends events, with a write key."""
    office: Caller
    """Does everything else, with a secret key for tests."""

    def banyan(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the running server."""
        return self.installation.banyan(*words)

    def browser(self) -> Browser:
        """A new one, without cookies."""
        return Browser(self.port)


def call(
    port: int,
    method: str,
    path: str,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One request over a connection of its own."""
    link = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        link.request(method, path, body, dict(headers or {}))
        reply = link.getresponse()
        names = {name.lower(): value for name, value in reply.getheaders()}
        return Reply(reply.status, names, reply.read())
    finally:
        link.close()


def eventually(ask: Callable[[], Any], expected: object) -> None:
    """Ask until the answer is the expected one; a worker decides in its own time."""
    end = time.monotonic() + PATIENCE_S
    while (found := ask()) != expected:
        assert time.monotonic() < end, f"expected {expected}, found {found}"
        time.sleep(0.05)


@contextmanager
def serving(installation: Installation, log: Path, **variables: str) -> Iterator[int]:
    """`banyan serve` until the end; its port. What it writes goes to the file `log`."""
    port = free_port()
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "banyan", "serve", "--port", str(port)],
            env={**installation.environment, **variables},
            stdout=file,
            stderr=file,
        )
    try:
        until_ready(port, lambda: process.poll() is None, log)
        yield port
    finally:
        process.terminate()
        code = process.wait(PATIENCE_S)
    assert code == 0, log.read_text()


def until_ready(port: int, lives: Callable[[], bool], log: Path, *, path: str = "/readyz") -> None:
    """Return once the server there is ready. Raises AssertionError with its log if it ends."""
    end = time.monotonic() + PATIENCE_S
    while not _answers(port, path):
        assert lives(), log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def _answers(port: int, path: str) -> bool:
    try:
        return call(port, "GET", path).status == 200
    except (OSError, HTTPException):
        return False
