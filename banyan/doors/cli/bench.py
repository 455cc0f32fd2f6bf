"""`banyan bench`: how fast this machine replays, against limits measured in the same run."""

from __future__ import annotations

import json
import sys

import click

from banyan.doors.cli.codes import FAILED
from banyan.doors.cli.show import console, table
from banyan.pipeline.benchmark import SIZE, Measure, run_benchmark
from banyan.pipeline.pace.rates import Rate
from banyan.pipeline.pace.run import measured


@click.command()
@click.option(
    "--events",
    type=click.IntRange(60_000, 20_000_000),
    default=SIZE,
    show_default=True,
    help="The size of the log.",
)
@click.option("--linear", is_flag=True, help="Also the cost at 1, 2, 5, 10 and 20 million events.")
@click.option(
    "--live",
    is_flag=True,
    help="Measure a running site instead, on PostgreSQL: its doors, its worker and imports.",
)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@click.pass_context
def command(context: click.Context, events: int, linear: bool, live: bool, as_json: bool) -> None:
    """Measure replays of a simulated log on this machine.

    The limits hold for two idle cores and six million events. Ends with 1 if one is missed.

    With --live it starts a PostgreSQL of its own, or makes databases of its own on the server that
    DATABASE_URL names, and drops them afterwards; it needs wrk and nginx, and takes two minutes.
    """
    if live:
        source = context.get_parameter_source("events")
        if linear or source is not click.core.ParameterSource.DEFAULT:
            raise click.UsageError("--live measures a site, so --events and --linear say nothing.")
        _show_live(context, as_json=as_json)
        return
    measures = list(run_benchmark(events, linear=linear, progress=_tell))
    if as_json:
        figures = [measure.as_dict() for measure in measures]
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
    else:
        rows = [_row(measure) for measure in measures]
        console().print(table(["measured", "figure", "unit", "limit", "kept"], rows))
    if not all(measure.kept for measure in measures):
        context.exit(FAILED)


def _show_live(context: click.Context, *, as_json: bool) -> None:
    rates = list(measured(_tell))
    if as_json:
        click.echo(json.dumps([rate.as_dict() for rate in rates], ensure_ascii=False, indent=2))
    else:
        columns = ["measured", "ours", "limit of the same run", "ratio", "must be", "kept"]
        console().print(table(columns, [_live_row(rate) for rate in rates]))
        for rate in rates:
            click.echo(f"{rate.name}: {rate.why}")
    if any(rate.broken for rate in rates):
        context.exit(FAILED)


def _live_row(rate: Rate) -> tuple[str, ...]:
    ratio = "" if rate.ratio is None else f"{rate.ratio:.1%}"
    bounds = ", ".join(bound.text for bound in rate.bounds)
    kept = f"NO: {', '.join(rate.broken)}" if rate.broken else "yes" if rate.bounds else ""
    return rate.name, rate.told, rate.limit_name, ratio, bounds, kept


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
