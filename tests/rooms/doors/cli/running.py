"""Two ways to run the command: as people do, and inside this process, which costs no start."""

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from banyan.doors.cli.main import main

BANYAN = Path(sys.executable).with_name("banyan")

Ending = tuple[int, str, str]
"""Exit code, standard output, standard error."""


def banyan(*arguments: object) -> Ending:
    """In this process; an exception that the command does not expect is raised here."""
    done = CliRunner(catch_exceptions=False).invoke(
        main, [str(argument) for argument in arguments], prog_name="banyan"
    )
    return done.exit_code, done.stdout, done.stderr


def installed(*arguments: object) -> Ending:
    """The installed script in a process of its own."""
    done = subprocess.run(
        [BANYAN, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
