"""`banyan migrate`: brings the database's tables to this release."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Bring the database up to date with this release.

    Harmless when it is already. Stop the server first when the release notes say so.
    """
    from django.core.management import call_command

    from banyan.doors.cli import live

    live.start(migrated=False)
    missing = live.missing_migrations()
    if missing:
        call_command("migrate", verbosity=0, interactive=False)
    done = f"{len(missing)} migrations applied." if missing else "Nothing to do."
    click.echo(f"The database is up to date. {done}")
