"""`banyan simulate` as people call it."""

import json

import polars as pl
from click.testing import CliRunner

from banyan.doors.cli.simulate import command
from banyan.kernel.errors import Problem


def _run(*arguments: object):
    return CliRunner().invoke(command, [str(a) for a in arguments])


def test_options_go_before_the_file(tmp_path) -> None:
    settings, out = tmp_path / "settings.yaml", tmp_path / "log.parquet"
    settings.write_text("customers: 300\ndays: 60\nduplicates: 0\n")
    result = _run("--out", out, "--settings", settings, "--days", 30, "--json")
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert (summary["days"], summary["generations"][0]) == (30, 300)
    names = pl.read_parquet(out)["event"].fill_null("identify")
    assert dict(names.value_counts().iter_rows()) == summary["events"]


def test_the_summary_says_what_came_of_it(tmp_path) -> None:
    out = tmp_path / "log.jsonl"
    result = _run(
        "--out", out, "--customers", 300, "--days", 60, "--start", "2026-03-01", "--seed", 5
    )
    lines = result.stdout.splitlines()
    assert result.stderr == ""
    assert lines[0] == f"{out}: {len(out.read_text().splitlines()):,} events"
    assert lines[-3].endswith(" days from 2026-03-01 (seed 5)")
    assert lines[-2].startswith("People by generation: 300 > ")
    assert lines[-1].startswith("Accepted invitations per customer: ")


def test_the_benchmark_log(tmp_path) -> None:
    out = tmp_path / "log.parquet"
    result = _run("--out", out, "--benchmark", 6_000, "--json")
    assert json.loads(result.stdout)["events"]["Signed Up"] == 900
    assert pl.read_parquet(out).height == 6_022


def test_a_folder_that_is_not_there_is_named(tmp_path) -> None:
    result = _run("--out", tmp_path / "none" / "log.parquet", "--benchmark", 6_000)
    assert result.exit_code == 2
    assert f"There is no folder {tmp_path / 'none'}; make it first." in result.stderr


def test_the_benchmark_takes_no_settings(tmp_path) -> None:
    result = _run("--out", tmp_path / "log.parquet", "--benchmark", 6_000, "--days", 3)
    assert result.exit_code == 2
    assert "--benchmark goes with --seed and no other setting." in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_ending_and_a_wrong_value_are_problems(tmp_path) -> None:
    for arguments in (
        ["--out", tmp_path / "log.csv"],
        ["--out", tmp_path / "a.jsonl", "--late", 2],
    ):
        assert isinstance(_run(*arguments).exception, Problem)
    assert list(tmp_path.iterdir()) == []
