"""Receivers of webhooks: real HTTP servers on this machine that remember what they got."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """One server; `answer` decides what the n-th request (from 0) gets."""

    url: str
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    answer: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda n: (200, {}, b"")
    delay_s: float = 0.0
    most_at_once: int = 0
    now_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ids(self) -> list[str]:
        """The `webhook-id` of each request, in the order of arrival."""
        return [headers["webhook-id"] for headers, _ in self.got]

    @property
    def types(self) -> list[str]:
        """The topic of each."""
        return [json.loads(body)["type"] for _, body in self.got]

    def wait_for(self, count: int, within_s: float = 20.0) -> None:
        """Until that many requests came; fails when they do not."""
        until = time.monotonic() + within_s
        while len(self.got) < count:
            assert time.monotonic() < until, f"{len(self.got)} of {count} requests came"
            time.sleep(0.02)


@contextmanager
def receiver(**settings: Any) -> Iterator[Receiver]:
    """A receiver on a free port, until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with made.lock:
                number = len(made.got)
                made.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                made.times.append(time.monotonic())
                made.now_at_once += 1
                made.most_at_once = max(made.most_at_once, made.now_at_once)
            time.sleep(made.delay_s)
            with made.lock:
                made.now_at_once -= 1
            status, headers, answer = made.answer(number)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A sender that was killed leaves its receiver with a broken pipe."""

    server = Quiet(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{server.server_port}/hooks", **settings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
