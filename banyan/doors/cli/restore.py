"""`banyan restore`: a backup in the place of the installation's database."""

from __future__ import annotations

from pathlib import Path

import click

from banyan.doors.cli.live import start


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Also over an installation that is in use.")
@click.option(
    "--key-lost", is_flag=True, help="Also under another secret key; sealed data stays sealed."
)
def command(file: Path, *, force: bool, key_lost: bool) -> None:
    """Put a backup in the place of this installation's database.

    A backup of SQLite goes back to SQLite, one of PostgreSQL to PostgreSQL. Its checksum, its
    release and its secret key are checked before anything is changed, its positions afterwards; an
    older one is brought up to this release. Stop `banyan serve` first.
    """
    start(migrated=False)
    from banyan.pipeline.backup.acts import restore

    made = restore(file, overwrite=force, key_is_lost=key_lost)
    click.echo(
        f"The log is back at position {made.head:,}, decided to {made.cursor:,}, as it was at "
        f"{made.made_at:%Y-%m-%d %H:%M:%S} UTC. Prove it with: banyan verify"
    )
