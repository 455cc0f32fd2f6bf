"""Callers of the REST door, in this process through Django's handler; and a worker behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from banyan.pipeline import worker
from banyan.trust.access import keys


class Reply:
    """What came back."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.body: bytes = response.content

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of a problem, which must be told as one."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        assert self.json["status"] == self.status
        return str(self.json["code"])


class Caller:
    """Whoever holds a secret; without one a stranger."""

    def __init__(self, secret: str = "") -> None:
        self.secret = secret
        self._client = Client(headers={"host": "localhost"})

    def get(self, path: str, **headers: str) -> Reply:
        """GET below /v1."""
        return self.send("GET", path, None, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Reply:
        """POST below /v1."""
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Any request; bytes go out as they are. `Idempotency_Key="k"` is that header."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret:
            given.setdefault("Authorization", f"Bearer {self.secret}")
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        media = given.pop("Content-Type", "application/json")
        return Reply(
            self._client.generic(method, f"/v1{path}", data, content_type=media, headers=given)
        )


def caller(
    role: str = "secret", *, is_test: bool = False, scopes: Sequence[str] = (), **options: Any
) -> Caller:
    """A caller with a new key."""
    _, secret = keys.make(
        "tester", role, is_test=is_test, scopes=scopes, now=datetime.now(UTC), **options
    )
    return Caller(secret)


@contextmanager
def working() -> Iterator[None]:
    """A worker that decides meanwhile, in a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
