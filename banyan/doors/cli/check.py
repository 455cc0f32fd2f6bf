"""`banyan check`: what is wrong with program files."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

import click

from banyan.doors.cli.codes import FAILED
from banyan.engine.language import Finding, Program, ProgramError, lint


@click.command()
@click.argument("programs", metavar="PROGRAM...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@click.pass_context
def command(context: click.Context, programs: tuple[str, ...], as_json: bool) -> None:
    """Say what is wrong with programs, and where.

    One line a finding: PATH:LINE:COLUMN: error|warning KEY: SENTENCE. A program with an error
    cannot be published; a warning is advice. Ends with 1 if there is any error.
    """
    findings = [finding for path in programs for finding in _examine(path)]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            click.echo(finding)
    if sys.stderr.isatty():
        click.echo(_summary(len(programs), findings), err=True)
    if any(finding.severity == "error" for finding in findings):
        context.exit(FAILED)


def _examine(path: str) -> Iterator[Finding]:
    """What the reader finds stops the lint, which needs a whole program."""
    try:
        program = Program.load(path)
    except ProgramError as wrong:
        yield from wrong.findings
    else:
        yield from lint(program)


def _summary(programs: int, findings: list[Finding]) -> str:
    found = Counter(finding.severity for finding in findings)
    return ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in (
            (programs, "program"),
            (found["error"], "error"),
            (found["warning"], "warning"),
        )
    )
