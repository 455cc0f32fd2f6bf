"""`banyan backup`: the installation's database as one file."""

from __future__ import annotations

from pathlib import Path

import click

from banyan.doors.cli.live import start


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def command(file: Path) -> None:
    """Write a backup of the database to one file, while everything runs.

    SQLite is copied by its own online backup, PostgreSQL by pg_dump; either as it stands at one
    moment. The file holds everything but the secret key: keep BANYAN_SECRET_KEY (or the file
    secret_key in BANYAN_HOME) apart from it, or what is sealed in it can never be opened again.
    """
    start()
    from banyan.core.events import clock
    from banyan.pipeline.backup.acts import back_up

    made = back_up(file, now=clock.now())
    click.echo(
        f"{file}: the log up to position {made.head:,}, decided to {made.cursor:,} "
        f"({file.stat().st_size / 1_048_576:,.1f} MB, Banyan {made.banyan}, {made.kind})."
    )
    click.echo(
        "THE SECRET KEY IS NOT IN IT. Keep BANYAN_SECRET_KEY (or the file secret_key in "
        "BANYAN_HOME) apart from the backup: without it contacts cannot be opened again.",
        err=True,
    )
