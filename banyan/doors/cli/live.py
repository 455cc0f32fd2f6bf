"""live: what a command needs that works on an installation: settings, a database, its tables."""

from __future__ import annotations

import os

import django
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from banyan.kernel.errors import Problem


class NotReady(Problem):
    """An installation that cannot be worked on yet."""


def start(*, migrated: bool = True) -> None:
    """Set Django up on this process's environment and reach the database.

    Raises BadSetting for settings, NotReady when the database cannot be reached or, unless
    `migrated` is false, when its tables are not those of this release.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banyan.site.settings")
    django.setup()
    reach()
    if migrated and missing_migrations():
        raise NotReady("The database is not up to date with this release; run: banyan migrate")


def reach() -> None:
    """Raise NotReady unless the database answers."""
    try:
        connection.ensure_connection()
    except DatabaseError as failed:
        [reason, *_] = str(failed).strip().splitlines() or [type(failed).__name__]
        raise NotReady(
            f"DATABASE_URL: the database cannot be reached ({reason}); "
            "start it, or correct the address"
        ) from None


def missing_migrations() -> list[str]:
    """Names of the migrations that this release has and the database has not, in order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]
