"""beside: one piece of work at a time in a thread of its own, while its caller goes on.

The thread has a connection of its own, so what it does is committed apart from what its caller
does.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connection


class Beside:
    """Runs what it is given; its caller learns at the next call how it went."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._running: Future[None] | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Run it, once what ran before is done. Raises what that raised."""
        self.wait()
        self._running = self._thread.submit(_done, work)

    def wait(self) -> None:
        """Wait for what runs. Raises what it raised, once."""
        running, self._running = self._running, None
        if running is not None:
            running.result()


def _done(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()
