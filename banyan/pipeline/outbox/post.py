"""One attempt: one request to a checked address, within ten seconds, following nothing."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from banyan.kernel.errors import Problem
from banyan.pipeline.outbox import addresses

LONGEST_S = 10.0
"""For everything together; what drips is cut off as well as what is silent."""
MOST_ANSWER_BYTES = 65_536
SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Answer:
    """How an attempt ended. `status` is HTTP's, or None when there was no answer."""

    status: int | None
    sentence: str
    retry_after_s: float | None = None

    @property
    def is_success(self) -> bool:
        """Any 2xx; a redirect is none."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """410: the receiver wants no more."""
        return self.status == 410


def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send `body` to `url`. What goes wrong on the way is an answer too; never raises for it."""
    deadline = time.monotonic() + LONGEST_S
    try:
        addresses.checked_url(url)
        with httpcore2.ConnectionPool(
            network_backend=_Checked(deadline), ssl_context=_tls(), max_connections=1
        ) as pool:
            return _exchange(pool, url, headers, body)
    except Problem as refused:
        return Answer(None, refused.sentence)
    except (httpcore2.TimeoutException, TimeoutError):
        return Answer(None, f"No answer within {LONGEST_S:g} seconds.")
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ConnectionNotAvailable,
        OSError,
        UnicodeError,
    ) as failed:
        return Answer(None, f"No connection: {failed}"[:SHOWN_CHARACTERS])


def _exchange(
    pool: httpcore2.ConnectionPool, url: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    # A URL is bytes on the wire; what is not ASCII in its path goes out percent-encoded.
    with pool.stream(
        "POST",
        _wire_url(url),
        headers=[*sent, (b"accept-encoding", b"identity")],
        content=body,
        extensions={
            "timeout": dict.fromkeys(("connect", "read", "write", "pool"), LONGEST_S),
        },
    ) as response:
        found = _beginning(response.iter_stream())
        return Answer(
            response.status,
            f"{response.status} {_shown(found)}".strip(),
            _retry_after_s(dict(response.headers)),
        )


def _beginning(stream: Iterable[bytes]) -> bytes:
    """At most MOST_ANSWER_BYTES of an answer; the rest is left on the wire."""
    read = bytearray()
    for piece in stream:
        read += piece
        if len(read) >= MOST_ANSWER_BYTES:
            break
    return bytes(read[:MOST_ANSWER_BYTES])


def _shown(answer: bytes) -> str:
    text = answer[: SHOWN_CHARACTERS * 4].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text)[
        :SHOWN_CHARACTERS
    ].strip()


def _retry_after_s(headers: Mapping[bytes, bytes]) -> float | None:
    """`Retry-After` in whole seconds; its other form, a date, needs clocks that agree."""
    lower = {name.lower(): value for name, value in headers.items()}
    text = lower.get(b"retry-after", b"").strip()
    return float(text) if text.isdigit() and len(text) <= 9 else None


def _wire_url(url: str) -> httpcore2.URL:
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna")
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    return httpcore2.URL(
        scheme=parts.scheme.encode(),
        host=host,
        port=parts.port,
        target=_quoted(target).encode(),
    )


def _quoted(target: str) -> str:
    return "".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in target)


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the authorities takes longer than most attempts."""
    return ssl.create_default_context()


class _Checked(httpcore2.NetworkBackend):
    """Connects to the address that was checked, and to no other; all within the deadline."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        found = addresses.resolved(host, port)
        for address in found[:-1]:
            try:
                return self._connect(address, port)
            except httpcore2.ConnectError:
                continue  # a host with IPv6 on paper alone
        return self._connect(found[-1], port)

    def _connect(self, address: str, port: int) -> httpcore2.NetworkStream:
        return _Timed(self._plain.connect_tcp(address, port, _left(self._deadline)), self._deadline)


class _Timed(httpcore2.NetworkStream):
    """A stream each of whose steps may take what is left until the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Timed(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Seconds until the deadline. Raises TimeoutError when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
