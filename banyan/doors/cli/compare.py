"""`banyan compare`: the same history under two programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import polars as pl

from banyan.doors.cli.replay import read_seeds
from banyan.doors.cli.show import Progress, amount, console, table
from banyan.engine.language.program import Program
from banyan.pipeline.runs import Compared, run_compare

SHOWN = 5
"""Winners and losers printed; all of them are in the tables."""


@click.command()
@click.argument("a", metavar="A.yaml")
@click.argument("b", metavar="B.yaml")
@click.argument("events", metavar="EVENTS...", nargs=-1, required=True)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the tables and summary.json.",
)
@click.option("--seed", "seeds", multiple=True, metavar="SLUG=TEXT", help="The seed of draws.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "jsonl"]),
    default="parquet",
    show_default=True,
    help="How the tables are written.",
)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def command(
    a: str,
    b: str,
    events: tuple[str, ...],
    out: Path,
    seeds: tuple[str, ...],
    form: str,
    as_json: bool,
) -> None:
    """Say what the same history would have cost and given under two programs.

    Writes totals, rewards, reasons, beneficiaries (winners first) and burn by day, and
    summary.json. What people would have done otherwise, no replay can know.
    """
    with Progress("Comparing") as progress:
        compared = run_compare(
            Program.load(a),
            Program.load(b),
            events,
            out=out,
            seeds=read_seeds(seeds),
            form=form,
            progress=progress,
        )
    for warning in compared.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo((out / "summary.json").read_text(encoding="utf-8"), nl=False)
    else:
        show(compared, a, b)


def show(compared: Compared, a: str, b: str) -> None:
    """Print a comparison for people."""
    comparison, digits = compared.comparison, compared.digits
    events, seconds = f"{compared.events:,} events", f"{compared.seconds:.1f} s"
    console().print(f"a = {a}\nb = {b}\n{events}, {seconds}", soft_wrap=True)

    def money(row: dict[str, Any], name: str) -> str:
        return amount(int(row[name]), str(row["unit"]), digits)

    columns = ["decisions", "granted", "beneficiaries"]
    console().print(
        table(
            ["unit", "program", *columns, "net"],
            [
                line
                for row in comparison.totals.to_dicts()
                for line in (
                    *(
                        (
                            str(row["unit"]),
                            side,
                            *(f"{row[f'{name}_{side}']:,}" for name in columns),
                            money(row, f"net_{side}"),
                        )
                        for side in "ab"
                    ),
                    (
                        str(row["unit"]),
                        "b - a",
                        *(f"{row[f'{name}_b'] - row[f'{name}_a']:,}" for name in columns),
                        money(row, "difference"),
                    ),
                )
            ],
            title="Cost",
        )
    )
    console().print(
        table(
            ["reward", "unit", "decisions a", "decisions b", "net a", "net b"],
            [
                (
                    str(row["reward"]),
                    str(row["unit"]),
                    f"{row['decisions_a']:,}",
                    f"{row['decisions_b']:,}",
                    money(row, "net_a"),
                    money(row, "net_b"),
                )
                for row in comparison.rewards.to_dicts()
            ],
            title="Rewards",
        )
    )
    people = comparison.beneficiaries
    ends = {
        "Winners": people.filter(pl.col("difference") > 0).head(SHOWN),
        "Losers": people.filter(pl.col("difference") < 0).tail(SHOWN).reverse(),
    }
    for title, rows in ends.items():
        if not rows.is_empty():
            lines = [
                (
                    str(row["beneficiary"]),
                    str(row["unit"]),
                    *(money(row, name) for name in ("net_a", "net_b", "difference")),
                )
                for row in rows.to_dicts()
            ]
            columns = ["beneficiary", "unit", "net a", "net b", "difference"]
            console().print(table(columns, lines, title=title))
    console().print(f"Written to {compared.out}", soft_wrap=True)
