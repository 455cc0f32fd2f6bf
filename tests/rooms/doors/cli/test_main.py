"""The outermost layer: which commands there are, and how whatever stops one is told."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from banyan.doors.cli.main import COMMANDS, Banyan, main
from banyan.kernel.errors import Problem
from tests.rooms.doors.cli.running import BANYAN, banyan, installed


def _stopped_by(stop: BaseException) -> click.testing.Result:
    """The whole command, with one command in it that raises."""

    @click.command()
    def trial() -> None:
        raise stop

    class Trial(Banyan):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            return trial

    return CliRunner().invoke(Trial("banyan"), ["trial"])


def test_every_command_says_in_the_list_what_its_own_help_says_first() -> None:
    context = click.Context(main)
    said = {name: main.get_command(context, name).help.split("\n\n")[0] for name in COMMANDS}
    assert said == COMMANDS


def test_every_command_module_is_in_the_list() -> None:
    folder = Path(sys.modules[Banyan.__module__].__file__).parent
    marks = ("\n@click.command", "\n@click.group")
    modules = {
        path.stem
        for path in folder.glob("*.py")
        if path.stem != "main" and any(mark in path.read_text() for mark in marks)
    }
    assert modules == set(COMMANDS)


def test_help_loads_no_engine() -> None:
    script = "import sys, banyan.doors.cli.main as m\nm.main(['--help'], standalone_mode=False)\n"
    heavy = "print(sorted({'polars', 'pydantic', 'rich', 'sqlglot', 'yaml'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script + heavy], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_lists_the_commands_in_order() -> None:
    code, out, err = banyan("--help")
    listed = re.findall(r"^  (\w+) ", out.split("Commands:\n")[1], flags=re.M)
    assert (code, listed, err) == (0, list(COMMANDS), "")


def test_version() -> None:
    assert installed("--version") == (0, "banyan, version 0.1.0\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["chekc"],
            "banyan: There is no command 'chekc'; did you mean check? See `banyan --help`.",
        ),
        (["fly"], "banyan: There is no command 'fly'. See `banyan --help`."),
        (["--loud"], "banyan: No such option '--loud'. See `banyan --help`."),
        (
            ["check", "--loud"],
            "banyan check: No such option '--loud'. See `banyan check --help`.",
        ),
        (
            ["check"],
            "banyan check: Missing argument 'PROGRAM...'. See `banyan check --help`.",
        ),
        (
            ["publish", "programs/meundies.yaml", "--landing", "javascript:alert(1)"],
            "banyan publish: --landing: expected an address such as https://shop.example.com/, "
            "found 'javascript:alert(1)'. See `banyan publish --help`.",
        ),
        (
            ["presets", "--lang", "fr"],
            "banyan presets: Invalid value for '--lang': 'fr' is not one of 'en', 'zh-hans'."
            " See `banyan presets --help`.",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_2(arguments: list[str], sentence: str) -> None:
    assert banyan(*arguments) == (2, "", sentence + "\n")


def test_a_problem_is_its_sentence_and_1() -> None:
    result = _stopped_by(Problem("The log is empty; name a file with events."))
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "The log is empty; name a file with events.\n",
    )


def test_a_file_that_cannot_be_read_is_its_name_and_the_reason() -> None:
    result = _stopped_by(FileNotFoundError(2, "No such file or directory", "a.jsonl"))
    assert (result.exit_code, result.stderr) == (
        1,
        "a.jsonl: No such file or directory; check the path\n",
    )


def test_an_interrupt_is_silent_and_130() -> None:
    result = _stopped_by(KeyboardInterrupt())
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "")


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    result = _stopped_by(ZeroDivisionError("division by zero"))
    assert isinstance(result.exception, ZeroDivisionError)


def test_a_reader_that_went_away_is_silent_and_141() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            [BANYAN, "presets", "meundies"], stdout=gone, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")
