"""`banyan import`: files of events, orders, customers, refunds or referrals into the log."""

# ruff: noqa: N999  (commands are found by the names of their modules)

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from banyan.doors.cli.codes import FAILED
from banyan.doors.cli.live import start
from banyan.doors.cli.show import Progress, console, table

if TYPE_CHECKING:
    from banyan.pipeline.importing.columns import Order
    from banyan.pipeline.importing.run import Imported


def _pairs(given: Sequence[str], option: str, example: str) -> dict[str, str]:
    pairs = {}
    for entry in given:
        # A column's name may hold =; a field's does not.
        left, sign, right = entry.rpartition("=") if option == "--map" else entry.partition("=")
        if not (left and sign):
            raise click.UsageError(f"{option} {entry!r} is not of the form {example}.")
        pairs[left] = right
    return pairs


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--kind",
    type=click.Choice(["events", "orders", "customers", "refunds", "referrals"]),
    help="What a row is.  [default: events]",
)
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML or JSON file that says what the options here say; they go before it.",
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="The field that a column fills, such as 'Paid on=timestamp'; COLUMN= leaves it out.",
)
@click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A field that is the same in every row, such as properties.currency=CNY.",
)
@click.option(
    "--message-id",
    metavar="TEXT",
    help="How messageId is made, {COLUMN} standing for a cell: 'shop:order:{Order}'.",
)
@click.option("--time-zone", metavar="ZONE", help="Of times without an offset.  [default: UTC]")
@click.option(
    "--days",
    type=click.Choice(["dmy", "mdy"]),
    help="Whether 03/04/2026 is in April or in March.",
)
@click.option("--decimal", type=click.Choice([".", ","]), help="The decimal sign.  [default: .]")
@click.option("--minor-units", is_flag=True, help="Amounts are whole cents, fen, yen …")
@click.option("--encoding", help="Of CSV files; else UTF-8, or GB 18030 where it is not that.")
@click.option("--delimiter", help="Of CSV files; else the one the first line has most of.")
@click.option("--sheet", help="Of Excel files; else the first.")
@click.option("--dry-run", is_flag=True, help="Show what would be appended; append nothing.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default="import-report.csv",
    show_default=True,
    help="Where rows go that make no event, with the reason.",
)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
@click.pass_context
def command(
    context: click.Context,
    /,
    files: tuple[str, ...],
    dry_run: bool,
    report: Path,
    as_json: bool,
    **said: Any,
) -> None:
    """Append events from files to the log.

    Reads JSON Lines, CSV, Parquet and Excel. A row's columns are recognised by their names (English
    or Chinese) or mapped. The same file twice adds nothing. Ends with 1 if a row made no event.
    """
    start()
    from banyan.core.events import clock
    from banyan.pipeline.importing.run import Reading, run_import
    from banyan.trust.audit.acts import record

    now = clock.now()
    with Progress("Importing") as progress:
        done = run_import(
            files,
            _order(said),
            now=now,
            reading=Reading(said["encoding"], said["delimiter"], said["sheet"]),
            report=report,
            dry_run=dry_run,
            progress=progress,
        )
    if not dry_run:
        counts = {"new": done.new.total(), "already": done.already, "refused": done.refused}
        record(
            f"cli:{getpass.getuser()}",
            "events.import",
            ", ".join(Path(file).name for file in files),
            now=now,
            after=counts,
        )
    _tell(done, report, dry_run=dry_run, as_json=as_json)
    if done.refused:
        context.exit(FAILED)


def _order(said: Mapping[str, Any]) -> Order:
    """What the mapping file says, and over it the options."""
    from banyan.pipeline.importing.cells import Habits
    from banyan.pipeline.importing.columns import Order, checked, over, read_mapping

    order = Order() if said["mapping"] is None else read_mapping(said["mapping"])
    habits = {
        name: said[name] for name in Habits.__dataclass_fields__ if said[name] not in (None, False)
    }
    return over(
        order,
        what=said["kind"],
        columns=_pairs(said["columns"], "--map", "COLUMN=FIELD, such as 'Paid on=timestamp'"),
        constants=_pairs(said["constants"], "--set", "FIELD=VALUE, such as userId=u-1"),
        message_id=said["message_id"],
        habits=checked(order.habits, habits),
    )


def _tell(done: Imported, report: Path, *, dry_run: bool, as_json: bool) -> None:
    for note in done.notes:
        click.echo(f"warning: {note}", err=True)
    if as_json:
        told = {
            "dry_run": dry_run,
            "rows": done.rows,
            "events": done.new.total(),
            "by_name": dict(done.new),
            "already": done.already,
            "refused": done.refused,
            "unusable": done.unusable,
            "report": str(report) if done.refused or done.unusable else None,
            "unused_columns": done.unused,
            "samples": [json.loads(sample) for sample in done.samples] if dry_run else [],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    out = console()
    if dry_run:
        for sample in done.samples:
            click.echo(sample)
    verb = "would be appended" if dry_run else "appended"
    rows = [(name, f"{count:,}") for name, count in done.new.most_common()]
    if rows:
        out.print(table(["event", verb], rows))
    out.print(
        f"{done.rows:,} rows: {done.new.total():,} events {verb}, {done.already:,} were in the log "
        f"already, {done.refused:,} rows refused",
        soft_wrap=True,
    )
    if done.unused:
        out.print(f"Columns not used: {', '.join(done.unused)}", soft_wrap=True)
    if done.refused:
        click.echo(f"Rows that made no event, with the reasons: {report}", err=True)
    elif done.unusable:
        click.echo(f"Contacts that reach nobody, line by line: {report}", err=True)
