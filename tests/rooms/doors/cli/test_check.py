"""`banyan check`: a line a finding, 1 if there is any error."""

import json
from pathlib import Path

import pytest

from banyan.kernel.shipped import presets
from tests.rooms.doors.cli.running import banyan, installed

SOUND = """\
program: give-20-get-20
version: 1
currency: USD
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed, where: "total >= 50", within: 60d}
rewards:
  advocate-credit:
    to: advocate
    on: bought
    when: "nth <= 100"
    give: credit
    amount: {ladder: {first: 20, add: 5, steps: 3}}
    hold: 14d
    caps:
      - {per: advocate, period: year, amount: 500.00}
      - {per: program, amount: 100000.00}
"""
WRONG = """\
program: trial
version: 1
currency: USD
atribution: {window: 30d}
attribution: {window: 30 days}
milestones:
  bought: {on: Order Completed, where: "total >= 50 AND tootal < 3"}
rewards:
  credit: {to: advocate, on: bougt, give: credit, amount: 20.00}
"""
WRONG_LINES = """\
wrong.yaml:4:1: error atribution: the key 'atribution' is not known; did you mean attribution?
wrong.yaml:5:23: error attribution.window: \
expected a span such as 30d, 12h, 90m or 45s, found '30 days'
wrong.yaml:7:57: error milestones.bought.where: \
the name 'tootal' is not known here; did you mean total?
wrong.yaml:9:30: error rewards.credit.on: there is no milestone 'bougt'; did you mean bought?
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sound.yaml").write_text(SOUND)
    Path("wrong.yaml").write_text(WRONG)
    Path("narrow.yaml").write_text(SOUND.replace("30d", "7d"))
    Path("costly.yaml").write_text(SOUND.replace("      - {per: program, amount: 100000.00}\n", ""))


def test_a_sound_program_leaves_nothing_to_say() -> None:
    assert banyan("check", "sound.yaml") == (0, "", "")


def test_every_error_has_its_line() -> None:
    assert installed("check", "wrong.yaml") == (1, WRONG_LINES, "")


def test_a_warning_alone_is_no_failure() -> None:
    code, out, err = banyan("check", "narrow.yaml")
    assert (code, err) == (0, "")
    assert [line.split(": ")[:2] for line in out.splitlines()] == [
        ["narrow.yaml:4:15", "warning attribution.window"]
    ]


def test_what_the_lint_refuses_is_a_failure() -> None:
    code, out, err = banyan("check", "costly.yaml")
    (line,) = out.splitlines()
    assert (code, err) == (1, "")
    assert line.startswith("costly.yaml:")
    assert ": error rewards.advocate-credit" in line


def test_several_files_are_all_examined() -> None:
    assert banyan("check", "none.yaml", "sound.yaml", "wrong.yaml") == (
        1,
        "none.yaml:1:1: error: the file cannot be opened: no such file or directory\n"
        + WRONG_LINES,
        "",
    )


def test_findings_for_machines() -> None:
    code, out, err = banyan("check", "--json", "wrong.yaml", "sound.yaml")
    assert (code, err) == (1, "")
    assert json.loads(out)[0] == {
        "path": "wrong.yaml",
        "line": 4,
        "column": 1,
        "severity": "error",
        "key": "atribution",
        "sentence": "the key 'atribution' is not known; did you mean attribution?",
    }
    assert len(json.loads(out)) == 4


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"program: a\0b\n", "odd.yaml:1:11"),
        (b"program: caf\xe9\n", "odd.yaml:1:13"),
        (b"\xff\xfep\0", "odd.yaml:1:1"),
        (b"a: " + b"[" * 100_000, "odd.yaml:1:1003"),
        (b"", "odd.yaml:1:1"),
        (b"program: [a\n", "odd.yaml:2:1"),
    ],
)
def test_a_file_that_is_no_program_is_one_line(content: bytes, place: str) -> None:
    Path("odd.yaml").write_bytes(content)
    code, out, err = banyan("check", "odd.yaml")
    assert (code, err, len(out.splitlines())) == (1, "", 1)
    assert out.startswith(f"{place}: error")


def test_no_shipped_program_has_an_error() -> None:
    code, out, err = banyan("check", *presets().values())
    assert (code, [line for line in out.splitlines() if ": error" in line], err) == (0, [], "")
