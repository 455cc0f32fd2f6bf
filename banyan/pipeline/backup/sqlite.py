"""SQLite: copied page by page by SQLite itself, beside readers and writers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from banyan.kernel.errors import Problem
from banyan.pipeline.backup.positions import QUERY, Positions

_WAIT_S = 60.0


class NotSound(Problem):
    """A copy that SQLite itself finds broken."""


class InUse(Problem):
    """A database that somebody is writing to."""


def copy_to(file: Path) -> Positions:
    """Copy the database as it stands at one moment, while others write; where it stood.

    All pages go over in one step: one read transaction of the write-ahead log, which holds up no
    writer. Copied bit by bit it would begin again at every commit.
    """
    with _opened(_path(), read_only=True) as source, _opened(file) as target:
        source.backup(target)
        # One file from here on: the copy travels without its log.
        target.execute("PRAGMA journal_mode=DELETE")
        _check(target)
        [found] = target.execute(QUERY)
    return Positions(*found)


def load_from(file: Path) -> None:
    """Put the copy in the database's place, in one transaction. Raises NotSound, InUse."""
    connection.close()
    try:
        with _opened(file, read_only=True) as source, _opened(_path()) as target:
            _check(source)
            source.backup(target)
            target.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as failed:
        raise InUse(f"{_path()}: {failed}; stop what uses it and restore again.") from None


def _path() -> Path:
    return Path(str(connection.settings_dict["NAME"]))


@contextmanager
def _opened(file: Path, *, read_only: bool = False) -> Iterator[sqlite3.Connection]:
    mode = "ro" if read_only else "rwc"
    opened = sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=_WAIT_S)
    try:
        yield opened
    finally:
        opened.close()


def _check(copy: sqlite3.Connection) -> None:
    found = [row[0] for row in copy.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise NotSound(f"The copy of the database is broken ({found[0]}); nothing was kept of it.")
