"""The `banyan` command: names its commands and turns what stops one into a line and a code."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module

import click

from banyan.doors.cli.codes import FAILED, INTERRUPTED, READER_GONE, WRONG_USAGE
from banyan.kernel.errors import Problem

# In the order a newcomer meets them. Each sentence repeats the first line of the command's own
# help: listing the commands must not import them, since the engine takes half a second to load.
COMMANDS = {
    "presets": "List the shipped programs, or print one.",
    "check": "Say what is wrong with programs, and where.",
    "explain": "Say in words what a program promises, or why a decision is as it is.",
    "replay": "Run programs over an event log and write what they decide.",
    "compare": "Say what the same history would have cost and given under two programs.",
    "serve": "Answer requests and decide events, until stopped.",
    "migrate": "Bring the database up to date with this release.",
    "publish": "Check programs and publish them in this installation.",
    "verify": "Decide the whole log again and name each difference to the live tables.",
    "metrics": "Make the figures of the console's board and analytics again from the log.",
    "backup": "Write a backup of the database to one file, while everything runs.",
    "restore": "Put a backup in the place of this installation's database.",
    "bench": "Measure replays of a simulated log on this machine.",
    "demo": "Show two programs over a real year of shopping, then run a site full of it.",
    "import": "Append events from files to the log.",
    "sources": "Make, list and revoke the shops and payment providers that tell of orders.",
    "export": "Write what the installation holds to a file.",
    "simulate": "Make an event log by simulating customers who order and invite friends.",
    "keys": "Make, list and revoke the keys of programs that call.",
    "staff": "Add, list and shut out the people who work in the console, at /console/.",
}


CURES = {
    errno.ENOENT: "check the path",
    errno.EACCES: "change its rights, or name another place",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOSPC: "make room",
    errno.EROFS: "name a place that can be written to",
}
"""What mends an error of the operating system."""


class Banyan(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            near = get_close_matches(cmd_name, COMMANDS, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            ctx.fail(f"There is no command {cmd_name!r}{hint}")
        module = import_module(f"banyan.doors.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _door(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        with _door(ctx):
            return super().invoke(ctx)


@click.group(cls=Banyan, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="banyan")
def main() -> None:
    """Referral and loyalty programs, replayed over an event log."""


@contextmanager
def _door(context: click.Context) -> Iterator[None]:
    """What a command raises on purpose ends here; all else is our fault and keeps its traceback."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as wrong:
        command = wrong.ctx.command_path if wrong.ctx else "banyan"
        _say(f"{command}: {wrong.format_message()} See `{command} --help`.")
        context.exit(WRONG_USAGE)
    except BrokenPipeError:
        # The reader has what it wants (`| head`). Python would complain again at its last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        context.exit(READER_GONE)
    except KeyboardInterrupt:
        context.exit(INTERRUPTED)
    except OSError as failed:
        place = f"{failed.filename}: " if failed.filename else ""
        cure = f"; {CURES[failed.errno]}" if failed.errno in CURES else ""
        _say(f"{place}{failed.strerror or failed}{cure}")
        context.exit(FAILED)
    except Problem as problem:
        _say(str(problem))
        context.exit(FAILED)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
