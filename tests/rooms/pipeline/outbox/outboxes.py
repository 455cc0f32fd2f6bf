"""Messages as the worker writes them, and a sender that runs while a test looks on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import connection

from banyan.pipeline.models import Message
from banyan.pipeline.outbox import sender
from banyan.pipeline.outbox.acts import subscribe

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ACTOR = "operator:ada"


def write(*topics: str, first: int = 1, at: datetime = NOW) -> list[Message]:
    """Messages of these topics at positions from `first` on."""
    return Message.objects.bulk_create(
        Message(
            topic=topic,
            key=f"{topic}:{number}",
            position=number,
            payload=f'{{"amount":{number}}}',
            created_at=at,
        )
        for number, topic in enumerate(topics, start=first)
    )


def add(url: str, *wanted: str, concurrency: int = 2) -> tuple[str, str]:
    """A subscription to `wanted`, or to everything; its id and secret."""
    return subscribe(ACTOR, url=url, wanted=wanted or ["*"], now=NOW, concurrency=concurrency)


@contextmanager
def sending(now: Callable[[], datetime] = sender.system_time) -> Iterator[threading.Thread]:
    """A sender in a thread of this process, until the end."""
    stop = threading.Event()

    def work() -> None:
        try:
            sender.run(stop, now=now)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive()
