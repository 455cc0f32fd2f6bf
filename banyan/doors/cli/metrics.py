"""`banyan metrics`: the figures behind the console's board."""

from __future__ import annotations

import click

from banyan.doors.cli.live import start
from banyan.doors.cli.show import Progress


@click.group()
def command() -> None:
    """Make the figures of the console's board and analytics again from the log."""


@command.command()
def rebuild() -> None:
    """Make all figures again from the log and what was decided.

    The worker keeps them by itself; this is for when they are doubted. It may run while everything
    runs; the console shows what is counted so far. Nothing but figures is changed.
    """
    start()
    from banyan.pipeline import figures

    with Progress("Counting") as progress:
        position = figures.rebuild(progress=progress)
    click.echo(f"All figures up to position {position:,} are made again.")
