"""`banyan replay`: programs run over a log, their tables written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from banyan.doors.cli.show import Progress, console, money_table, table
from banyan.engine.language.program import Program
from banyan.engine.values import moment
from banyan.pipeline.runs import EPOCH, Run, run_replay


class _Moment(click.ParamType[datetime]):
    """An RFC 3339 time with an offset."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        found = moment(str(value))
        if found is None:
            self.fail(f"{value!r} is no time with an offset, such as 2026-12-31T00:00:00Z.", param)
        return EPOCH + timedelta(microseconds=found)


def read_seeds(given: tuple[str, ...]) -> dict[str, str]:
    """`SLUG=TEXT` options as a mapping; anything else is wrong usage."""
    seeds: dict[str, str] = {}
    for entry in given:
        slug, sign, text = entry.partition("=")
        if not (slug and sign):
            raise click.UsageError(f"--seed {entry!r} is not SLUG=TEXT, such as meundies=secret.")
        seeds[slug] = text
    return seeds


def split_inputs(inputs: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Program files and event files of one argument list, told apart by their endings."""
    programs = [path for path in inputs if path.endswith((".yaml", ".yml", ".json"))]
    events = [path for path in inputs if path not in programs]
    if not programs:
        raise click.UsageError("No program was named; give at least one .yaml file.")
    if not events:
        for path in programs:
            if path.endswith(".json") and len(programs) > 1:
                raise click.UsageError(
                    f"No events were named: {path} is taken for a program by its ending; rename "
                    "JSON Lines to .jsonl."
                )
        raise click.UsageError(
            "No events were named; give files ending in .jsonl, .jsonl.gz, .parquet or .csv, "
            "or - for JSON Lines from standard input."
        )
    return programs, events


@click.command()
@click.argument("inputs", metavar="PROGRAM... EVENTS...", nargs=-1, required=True)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the tables and summary.json.",
)
@click.option("--batch", type=click.IntRange(1), help="Events a step; the result is the same.")
@click.option("--until", type=_Moment(), help="Leave out later events; log time ends there.")
@click.option("--seed", "seeds", multiple=True, metavar="SLUG=TEXT", help="The seed of draws.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "jsonl"]),
    default="parquet",
    show_default=True,
    help="How the tables are written.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="One process, or Spark in shards (the extra `spark`).",
)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def command(
    inputs: tuple[str, ...],
    out: Path,
    batch: int | None,
    until: datetime | None,
    seeds: tuple[str, ...],
    form: str,
    engine: str,
    as_json: bool,
) -> None:
    """Run programs over an event log and write what they decide.

    Writes referrals, touches_lost, decisions, reversals, postings and rejects, and summary.json.
    Several versions of one program may be given.
    """
    programs, events = split_inputs(inputs)
    with Progress("Replaying") as progress:
        run = run_replay(
            [Program.load(path) for path in programs],
            events,
            paths=programs,
            out=out,
            batch=batch,
            until=until,
            seeds=read_seeds(seeds),
            form=form,
            engine=engine,
            progress=progress,
        )
    for warning in run.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo(json.dumps(run.figures, ensure_ascii=False, indent=2))
    else:
        show(run)


def show(run: Run) -> None:
    """Print a run's summary for people."""
    figures = run.figures
    rows: Mapping[str, int] = figures["rows"]
    events, seconds = figures["events"], figures["seconds"]
    console().print(
        f"{events:,} events in {seconds:.1f} s ({events / max(seconds, 1e-9):,.0f} a second)"
    )
    console().print(table(["table", "rows"], [(n, f"{c:,}") for n, c in rows.items()]))
    if figures["cost"]:
        console().print(money_table(figures["cost"], run.digits))
    for name, keys in (
        ("decisions", ("program", "reward", "unit", "outcome", "reason")),
        ("touches_lost", ("program", "reason")),
        ("rejects", ("code",)),
    ):
        counted = figures.get(name)
        if counted:
            lines = [(*(str(r[k] or "") for k in keys), f"{r['rows']:,}") for r in counted]
            console().print(table([*keys, "rows"], lines, title=name))
    console().print(f"Written to {run.out}", soft_wrap=True)
