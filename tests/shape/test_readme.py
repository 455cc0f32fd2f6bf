"""What the front page shows is run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from banyan.doors.cli.main import COMMANDS
from banyan.engine.language import Program, lint
from tests.shape.repository import ROOT

PAGES = ("README.md", "README.zh.md")


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), flags=re.S)


@pytest.mark.parametrize("page", PAGES)
def test_the_program_is_sound(page: str) -> None:
    (text,) = _blocks(page, "yaml")
    assert [one for one in lint(Program.parse(text)) if one.severity == "error"] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_library_example_prints_what_stands_below_it(page: str, tmp_path: Path) -> None:
    (script,) = _blocks(page, "python")
    printed = re.search(r"```\n(shape:.*?)```", (ROOT / page).read_text(), flags=re.S)[1]
    (tmp_path / "programs").symlink_to(ROOT / "programs")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


def test_every_command_is_shown() -> None:
    (shown,) = (block for block in _blocks("README.md", "sh") if "banyan presets" in block)
    assert set(re.findall(r"^banyan (\w+)", shown, flags=re.M)) == set(COMMANDS)
