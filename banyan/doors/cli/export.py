"""`banyan export`: what the installation holds, as a file."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import click

from banyan.doors.cli.live import start
from banyan.doors.cli.show import Progress

# As `banyan.pipeline.exporting.run` has it, which loads the engine; a test compares the two.
WHAT = (
    "events",
    "referrals",
    "touches_lost",
    "decisions",
    "reversals",
    "postings",
    "rejects",
    "transfers",
    "balances",
    "customers",
    "links",
    "programs",
)


@click.command()
@click.argument("what", type=click.Choice(WHAT))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The file, ending in .jsonl, .csv, .parquet or .xlsx; for programs a folder.",
)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def command(what: str, out: Path, as_json: bool) -> None:
    """Write what the installation holds to a file.

    `events` is the log in the public format: `banyan replay` of it, under what `programs` writes,
    gives the tables that stand here. `customers` holds personal data in clear.
    """
    start()
    from banyan.core.events import clock
    from banyan.pipeline.exporting.run import run_export
    from banyan.trust.audit.acts import record

    with Progress("Exporting") as progress:
        count = run_export(what, out, progress=progress)
    record(
        f"cli:{getpass.getuser()}",
        f"{what}.export",
        out.name,
        now=clock.now(),
        after={"count": count},
    )
    if as_json:
        click.echo(json.dumps({"what": what, "out": str(out), "count": count}))
    else:
        click.echo(f"{count:,} {'files' if what == 'programs' else 'rows'} of {what}: {out}")
