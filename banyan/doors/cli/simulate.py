"""`banyan simulate`: an event log that never happened."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import polars as pl

from banyan.growth.planning import eventlog
from banyan.growth.planning.benchmark import benchmark_log
from banyan.growth.planning.eventlog import EventLog
from banyan.growth.planning.settings import Settings, read_settings
from banyan.growth.planning.simulate import Summary, simulate

_TYPES: dict[object, Any] = {
    int: int,
    float: float,
    str: str,
    date: click.DateTime(["%Y-%m-%d"]),
}


def _an_option_a_setting(decorated: Callable[..., None]) -> Callable[..., None]:
    for setting in reversed(fields(Settings)):
        if setting.type in _TYPES:
            decorated = click.option(
                f"--{setting.name.replace('_', '-')}",
                type=_TYPES[setting.type],
                help=f"{_sentence(setting.metadata['meaning'])}  [default: {setting.default}]",
            )(decorated)
    return decorated


def _sentence(meaning: str) -> str:
    return f"{meaning[0].upper()}{meaning[1:]}."


@click.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The log to write: .parquet, .jsonl or .jsonl.gz.",
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML or JSON file of settings, by the names below with _ for -; it can also hold "
    "`segments` and `channels`. Options go before it.",
)
@click.option(
    "--benchmark",
    type=click.IntRange(6_000, 20_000_000),
    help="Write the benchmark log of about so many events; of the settings only the seed counts.",
)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
@_an_option_a_setting
def command(
    out: Path,
    settings_file: Path | None,
    benchmark: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make an event log by simulating customers who order and invite friends.

    The same settings give the same bytes. Everything in the log is marked as simulated.
    """
    given = {name: value for name, value in options.items() if value is not None}
    eventlog.form_of(out)
    if not out.parent.is_dir():
        raise click.UsageError(f"There is no folder {out.parent}; make it first.")
    if benchmark is not None:
        if settings_file or given.keys() - {"seed"}:
            raise click.UsageError("--benchmark goes with --seed and no other setting.")
        log = benchmark_log(benchmark, given.get("seed", 1))
        _write(log, out)
        click.echo(json.dumps({"events": log.counts()}) if as_json else _counts(log.counts(), out))
        return
    if isinstance(start := given.get("start"), datetime):
        given["start"] = start.date()
    settings = read_settings(settings_file) if settings_file else Settings()
    simulation = simulate(replace(settings, **given))
    _write(simulation.log, out)
    summary = simulation.summary
    click.echo(json.dumps(asdict(summary), default=str) if as_json else _text(summary, out))


def _write(log: EventLog, out: Path) -> None:
    terminal = sys.stderr.isatty()
    with click.progressbar(
        length=log.height, label=f"Writing {out}", file=sys.stderr, hidden=not terminal
    ) as bar:

        def frames() -> Iterator[pl.DataFrame]:
            for frame in log.frames():
                yield frame
                bar.update(frame.height)

        eventlog.write(frames(), out)


def _counts(events: dict[str, int], out: Path) -> str:
    rows = [f"{number:>13,}  {name}" for name, number in events.items()]
    return "\n".join([f"{out}: {sum(events.values()):,} events", *rows])


def _text(summary: Summary, out: Path) -> str:
    generations = " > ".join(f"{people:,}" for people in summary.generations)
    return (
        f"{_counts(summary.events, out)}\n"
        f"{summary.people:,} people, {summary.customers:,} of them customers, in {summary.days:,} "
        f"days from {summary.first_day} (seed {summary.seed})\n"
        f"People by generation: {generations}\n"
        f"Accepted invitations per customer: {summary.k_observed:.3f} in the log; "
        f"{summary.k_decided:.3f} ± {2 * summary.k_error:.3f} given time, "
        f"{summary.k_expected:.3f} expected"
    )
