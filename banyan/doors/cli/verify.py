"""`banyan verify`: the live ledger against the log."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from banyan.doors.cli.codes import FAILED
from banyan.doors.cli.live import start
from banyan.doors.cli.show import Progress

if TYPE_CHECKING:
    from banyan.pipeline.verify import Report


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Decide the whole log again and name each difference to the live tables.

    Compared are referrals, lost touches, decisions, reversals, transfers, rejects and balances, and
    the chain of the audit log. Nothing is changed. Ends with 1 if anything differs.
    """
    start()
    from banyan.pipeline.verify import run

    with Progress("Verifying") as progress:
        report = run(progress=progress)
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
    else:
        _tell(report)
    if not report.is_sound:
        context.exit(FAILED)


def _tell(report: Report) -> None:
    for one in report.differences:
        click.echo(str(one))
    if report.count > len(report.differences):
        click.echo(f"… and {report.count - len(report.differences):,} more")
    found = f"{report.count:,} differences" if report.count else "no difference"
    click.echo(
        f"{report.position:,} positions, {report.versions:,} published versions, "
        f"{report.decisions:,} decisions, {report.transfers:,} transfers: {found}."
    )
