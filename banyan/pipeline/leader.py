"""leader: of all workers over one database one leads; the lock goes when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from banyan.kernel.database import is_postgres

# "banyan" as a number: the key under which PostgreSQL knows our lock.
_LOCK = 0x62616E79616E


@contextmanager
def leading() -> Iterator[bool]:
    """Whether this process leads, until the end of the block.

    On PostgreSQL the lock is the session's of this thread's connection, so it is lost together
    with the connection that the work is done on; with SQLite it lies on a file beside the database.
    """
    if is_postgres():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
            [leads] = cursor.fetchone()
        try:
            yield bool(leads)
        finally:
            if leads and connection.connection is not None and not connection.connection.closed:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        return
    with open(settings.BANYAN_HOME / "worker.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
