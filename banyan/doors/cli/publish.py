"""`banyan publish`: programs become what this installation decides by."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from banyan.doors.cli.codes import FAILED
from banyan.doors.cli.live import start
from banyan.kernel.errors import Problem
from banyan.kernel.times import moment_us

WAIT_S = 120.0


class NoFile(Problem):
    """A program file that cannot be read."""


@click.command()
@click.argument("programs", metavar="PROGRAM...", nargs=-1, required=True)
@click.option("--from", "from_", metavar="TIME", help="The earliest start that counts (RFC 3339).")
@click.option("--seed", metavar="SLUG=TEXT", multiple=True, help="The secret text of its draws.")
@click.option("--landing", metavar="URL", help="Where links of these programs lead.")
@click.pass_context
def command(
    context: click.Context,
    programs: tuple[str, ...],
    from_: str | None,
    seed: tuple[str, ...],
    landing: str | None,
) -> None:
    """Check programs and publish them in this installation.

    A published version never changes; it counts for what comes after it. Without --from it starts
    when its file says, or, if that would change what was decided already, behind the log's latest
    event. With warnings it is published all the same; with an error nothing is.
    """
    if landing and not landing.startswith(("https://", "http://")):
        raise click.UsageError(
            f"--landing: expected an address such as https://shop.example.com/, found {landing!r}."
        )
    start()
    from banyan.core.events import clock
    from banyan.core.programs.acts import checked, set_landing, set_seed
    from banyan.pipeline.publish import publish, settled

    actor = f"cli:{getpass.getuser()}"
    starts_at = None if from_ is None else _moment(from_)
    sources = [(path, _text(path)) for path in programs]
    slugs = [checked(source, name=path).terms.program for path, source in sources]
    for slug, text in map(_seed, seed):
        set_seed(actor, slug, text, now=clock.now())
    refused = False
    for path, source in sources:
        row = publish(actor, source, starts_at=starts_at, now=clock.now(), name=path)
        row = settled(row.program, row.number, timeout_s=WAIT_S)
        name = f"{path}: {row.program} version {row.number}"
        if row.status == "published":
            begins = f", from {row.starts_at.isoformat()} on" if row.starts_at else ""
            click.echo(f"{name} is published{begins}.")
        else:
            refused = True
            reason = row.reason or "the worker has not taken it up yet; see banyan verify"
            click.echo(f"{name} is {row.status}: {reason}.", err=True)
    if landing is not None:
        for slug in slugs:
            set_landing(actor, slug, landing)
    if refused:
        context.exit(FAILED)


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        raise NoFile(f"{path}: this is not UTF-8 text; save it as UTF-8.") from None


def _moment(text: str) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment_us(text, "UTC"))


def _seed(given: str) -> tuple[str, str]:
    slug, equals, text = given.partition("=")
    if not equals or not slug or not text:
        raise click.UsageError(f"--seed: expected SLUG=TEXT, found {given!r}.")
    return slug, text
