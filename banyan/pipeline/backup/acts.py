"""acts: making a backup, and bringing one back.

The secret key is in no backup: who finds one must not be able to open what is sealed in it. Who
loses the key cannot either.
"""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from banyan.core.events import read as log
from banyan.core.programs import read as programs
from banyan.kernel.database import is_postgres
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import token
from banyan.pipeline.backup import archive, postgres, sqlite
from banyan.pipeline.backup.archive import Manifest
from banyan.pipeline.backup.positions import Positions
from banyan.pipeline.leader import leading
from banyan.pipeline.wait import cursor_position
from banyan.trust.access import keys


class Exists(Problem):
    """A file that stands where the backup was to go."""


class DoesNotFit(Problem):
    """A backup that cannot be brought back here."""


class NoFolder(Problem):
    """A folder that is not there, so that nothing can be written into it."""


class NotEmpty(Problem):
    """An installation that a restore would overwrite."""


class WorkerRuns(Problem):
    """A worker that is deciding events while its database is to be exchanged."""


class WentWrong(Problem):
    """A restore after which the database does not stand where the backup did."""


def back_up(file: Path, *, now: datetime) -> Manifest:
    """Write a backup of the database as it stands at one moment, while everything goes on.

    It needs room for two copies beside `file`. Raises Exists, NoFolder, and what the database's own
    file of this room raises.
    """
    if file.exists():
        raise Exists(f"{file}: it exists already, and backups are not overwritten; name another.")
    folder_of = file.absolute().parent
    if not folder_of.is_dir():
        raise NoFolder(f"There is no folder {folder_of}; make it first.")
    with TemporaryDirectory(prefix=".backup-", dir=folder_of) as folder:
        copy = Path(folder) / "database"
        positions = postgres.copy_to(copy) if is_postgres() else sqlite.copy_to(copy)
        manifest = Manifest(
            form=archive.FORM,
            banyan=version("banyan"),
            kind=_kind(),
            made_at=now,
            head=positions.head,
            cursor=positions.cursor,
            migrations=tuple(_applied()),
            key=_key(),
            sha256=archive.digest_of(copy),
            size_bytes=copy.stat().st_size,
        )
        archive.write(file, manifest, copy)
    return manifest


def restore(file: Path, *, overwrite: bool = False, key_is_lost: bool = False) -> Manifest:
    """Put a backup in the place of this installation's database, and bring it up to this release.

    Everything is checked before anything is changed. Raises BadBackup, DoesNotFit, WorkerRuns,
    NotEmpty unless `overwrite`, and WentWrong.
    """
    manifest = archive.manifest_of(file)
    _check_fit(file, manifest, key_is_lost=key_is_lost)
    if not overwrite:
        _check_empty()
    with archive.extracted(file, settings.BANYAN_HOME) as copy, leading() as leads:
        if not leads:
            raise WorkerRuns(
                "A worker of this installation is running; stop banyan serve and restore again."
            )
        if is_postgres():
            postgres.load_from(copy)
        else:
            sqlite.load_from(copy)
    _check_positions(manifest)
    call_command("migrate", verbosity=0)
    return manifest


def _check_fit(file: Path, manifest: Manifest, *, key_is_lost: bool) -> None:
    if manifest.kind != _kind():
        raise DoesNotFit(
            f"{file}: it is of {_NAMES[manifest.kind]} and this installation works on "
            f"{_NAMES[_kind()]}; a backup goes back to the same kind of database. Set DATABASE_URL "
            "accordingly."
        )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if set(manifest.migrations) - known:
        raise DoesNotFit(
            f"{file}: it was made by Banyan {manifest.banyan}, whose tables this release "
            f"({version('banyan')}) does not know; install that release or a later one."
        )
    if manifest.key != _key() and not key_is_lost:
        raise DoesNotFit(
            f"{file}: it was made under another BANYAN_SECRET_KEY, without which contacts and "
            "secrets in it cannot be opened and known people are not recognised. Set that key; if "
            "it is lost, --key-lost restores the rest."
        )


def _check_empty() -> None:
    if "events_head" not in connection.introspection.table_names():
        return
    if log.head() or programs.programs(limit=1) or keys.every():
        raise NotEmpty(
            f"This installation is in use (its log is at position {log.head():,}); a restore "
            "replaces all of it. Make a backup of it first, then add --force."
        )


def _check_positions(manifest: Manifest) -> None:
    found = Positions(log.head(), cursor_position())
    if found != Positions(manifest.head, manifest.cursor):
        raise WentWrong(
            f"The log is at position {found.head:,} and decided to {found.cursor:,}; the backup "
            f"says {manifest.head:,} and {manifest.cursor:,}. Do not use this database."
        )


_NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def _kind() -> str:
    return "postgres" if is_postgres() else "sqlite"


def _key() -> str:
    return token("the secret key of this installation", purpose="backup")


def _applied() -> list[str]:
    applied = MigrationLoader(connection).applied_migrations
    return sorted(f"{app}.{name}" for app, name in applied)
