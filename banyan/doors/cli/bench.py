"""`banyan bench`: how fast this machine replays, against limits measured in the same run."""

from __future__ import annotations

import json
import sys

import click

from banyan.doors.cli.codes import FAILED
from banyan.doors.cli.show import console, table
from banyan.pipeline.benchmark import SIZE, Measure, run_benchmark


@click.command()
@click.option(
    "--events",
    type=click.IntRange(60_000, 20_000_000),
    default=SIZE,
    show_default=True,
    help="The size of the log.",
)
@click.option("--linear", is_flag=True, help="Also the cost at 1, 2, 5, 10 and 20 million events.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@click.pass_context
def command(context: click.Context, events: int, linear: bool, as_json: bool) -> None:
    """Measure replays of a simulated log on this machine.

    The limits hold for two idle cores and six million events. Ends with 1 if one is missed.
    """
    measures = list(run_benchmark(events, linear=linear, progress=_tell))
    if as_json:
        figures = [measure.as_dict() for measure in measures]
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
    else:
        rows = [_row(measure) for measure in measures]
        console().print(table(["measured", "figure", "unit", "limit", "kept"], rows))
    if not all(measure.kept for measure in measures):
        context.exit(FAILED)


def _row(measure: Measure) -> tuple[str, ...]:
    if measure.limit is None:
        limit, kept = "", ""
    else:
        sign = "at least" if measure.better == "more" else "at most"
        limit, kept = f"{sign} {measure.limit:,g}", "yes" if measure.kept else "NO"
    return (
        measure.name,
        f"{measure.figure:,.{2 if measure.figure < 1000 else 0}f}",
        measure.unit,
        limit,
        kept,
    )


def _tell(what: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"{what} …", err=True)
