"""rsgi: the callable a Granian worker runs: hot doors in its event loop, Django in threads.

One port serves both. A request of a hot door never waits for a thread, and a slow page of Django
never holds up the loop. Why it is so, and what it costs, is in `docs/decisions`.
"""

from __future__ import annotations

import asyncio
import gc
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, NamedTuple, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banyan.site.settings")
django.setup()

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]  # not in its types

from banyan.doors.edge import door
from banyan.doors.edge.desk import Desk
from banyan.doors.edge.exchange import Request, problem
from banyan.doors.edge.payload import LARGEST_BYTES
from banyan.insight.exposure import counting
from banyan.kernel.parent import end_with_parent

DJANGO_THREADS = 16
LARGEST_UPLOAD_BYTES = 64 * 1024 * 1024
# A larger body waits on disk, so that uploads do not fill the memory.
IN_MEMORY_BYTES = 1024 * 1024

# Read once: a setting of Django's costs half a microsecond, each of thousands of requests a second.
IS_HTTPS = settings.BASE_URL.startswith("https:")
BEHIND_PROXY = settings.BEHIND_PROXY

# Threads that compute must not keep the loop from a request that is ready; 5 ms, the default, is as
# long as a whole commit.
SWITCH_S = 0.001


class TooLarge(Exception):
    """A body above its limit."""


class Application:
    """What Granian calls, once a process and then for each request."""

    def __init__(self) -> None:
        self._desk: Desk | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads = ThreadPoolExecutor(DJANGO_THREADS, thread_name_prefix="django")
        self._django = get_wsgi_application()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in each worker before its first request."""
        end_with_parent()
        sys.setswitchinterval(SWITCH_S)
        # What stands at the start stands to the end: to look for garbage in it again and again
        # would hold up requests for tens of milliseconds.
        gc.collect()
        gc.freeze()
        self._loop, self._desk = loop, Desk(loop)
        counting.start()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in each worker after its last request."""
        if self._desk is not None:
            self._desk.close()
        self._threads.shutdown()
        counting.stop()

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        assert self._desk is not None
        headers = _headers(scope)
        name = door.name_of(scope.path)
        try:
            if name is None:
                await self._by_django(scope, headers, protocol)
                return
            body = b""
            if name == "intake":
                with await _body(scope, protocol, headers, LARGEST_BYTES) as file:
                    body = file.read()
            reply = await door.answer(self._desk, name, _request(scope, headers, body))
        except TooLarge:
            detail = "The body is above the limit of this address; send less at once."
            open_to_pages = {"access-control-allow-origin": "*"}
            request = _request(scope, headers, b"")
            reply = problem(request.id, 413, "too_large", detail, headers=open_to_pages)
        protocol.response_bytes(reply.status, reply.headers, reply.body)

    async def _by_django(
        self, scope: Scope, headers: Mapping[str, str], protocol: HTTPProtocol
    ) -> None:
        assert self._loop is not None
        with await _body(scope, protocol, headers, LARGEST_UPLOAD_BYTES) as body:
            environ = _environ(scope, headers, body)
            answer = await self._loop.run_in_executor(self._threads, self._answered, environ)
        if answer.rest is None:
            protocol.response_bytes(answer.status, answer.headers, answer.body)
            return
        transport = protocol.response_stream(answer.status, answer.headers)
        try:
            while chunk := await self._loop.run_in_executor(self._threads, next, answer.rest, b""):
                await transport.send_bytes(chunk)
        finally:
            await self._loop.run_in_executor(self._threads, answer.close)

    def _answered(self, environ: dict[str, Any]) -> _Answer:
        """Let Django answer, in one of the threads."""
        started: list[tuple[int, list[tuple[str, str]]]] = []

        def start(
            status: str, headers: list[tuple[str, str]], _error: object = None, /
        ) -> Callable[[bytes], object]:
            lower = [(name.lower(), value) for name, value in headers]
            started.append((int(status.split(" ", 1)[0]), lower))
            return io.BytesIO().write  # of PEP 3333; Django never writes that way

        response = self._django(environ, start)
        [(status, headers)] = started
        if getattr(response, "streaming", False):
            return _Answer(status, headers, b"", filter(None, response), response.close)
        try:
            return _Answer(status, headers, b"".join(response), None, response.close)
        finally:
            response.close()


class _Answer(NamedTuple):
    """What Django answered; `rest` when it makes the body piece by piece, `close` after that."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    rest: Iterator[bytes] | None
    close: Callable[[], None]


def _headers(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope.headers.items():
        if name in found:
            value = f"{found[name]}{'; ' if name == 'cookie' else ','}{value}"
        found[name] = value
    return found


def _request(scope: Scope, headers: Mapping[str, str], body: bytes) -> Request:
    is_secure = IS_HTTPS or scope.scheme == "https"
    client = _client(scope, headers)
    return Request(scope.method, scope.path, scope.query_string, headers, client, is_secure, body)


async def _body(
    scope: Scope, protocol: HTTPProtocol, headers: Mapping[str, str], most: int
) -> IO[bytes]:
    """The request's body, at its beginning. Raises TooLarge as soon as that is known."""
    if scope.method in ("GET", "HEAD", "OPTIONS"):
        return io.BytesIO()
    told = headers.get("content-length", "")
    if told.isdigit() and int(told) > most:
        raise TooLarge
    if told.isdigit() and int(told) <= IN_MEMORY_BYTES:
        return io.BytesIO(await protocol())
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  (the caller closes it)
    size = 0
    async for chunk in protocol:
        size += len(chunk)
        if size > most:
            file.close()
            raise TooLarge
        file.write(chunk)
    file.seek(0)
    return cast(IO[bytes], file)


def _environ(scope: Scope, headers: Mapping[str, str], body: IO[bytes]) -> dict[str, Any]:
    """The request as PEP 3333 has it."""
    host, _, port = scope.server.rpartition(":")
    size = body.seek(0, io.SEEK_END)
    body.seek(0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(size),
        "HTTP_HOST": scope.authority or host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        # A name with an underscore could pass for another one with a dash.
        if name not in ("content-type", "content-length") and "_" not in name:
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ


def _client(scope: Scope, headers: Mapping[str, str]) -> str:
    """The sender's address; behind a proxy the one the proxy saw, which it writes last."""
    if BEHIND_PROXY and (forwarded := headers.get("x-forwarded-for")):
        return forwarded.rpartition(",")[2].strip()
    return scope.client.rpartition(":")[0].strip("[]")


application = Application()
