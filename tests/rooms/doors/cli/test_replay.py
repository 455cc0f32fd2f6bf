"""`banyan replay`: tables in every form, and one clear line for what cannot be replayed."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from banyan.engine.tables import SCHEMAS
from banyan.pipeline.tables import read_table
from tests.rooms.doors.cli.running import BANYAN, banyan, installed
from tests.rooms.engine.shop import FLAT, LINES, SHARE

SHOWN = """\
 table          rows
 ───────────────────
 referrals         2
 touches_lost      0
 decisions         4
 reversals         1
 postings         22
 rejects           1
 program   unit         granted   taken_back   expired     net
 ─────────────────────────────────────────────────────────────
 shop      credit USD     21.00         3.00      0.00   18.00
 shop      points           200            0       200       0
decisions
 program   reward            unit         outcome   reason   rows
 ────────────────────────────────────────────────────────────────
 shop      advocate-credit   credit USD   granted               2
 shop      friend-points     points       granted               2
rejects
 code           rows
 ───────────────────
 unknown_code      1
Written to out
"""
DRAWS = f"""\
program: lucky
version: 1
currency: USD
attribution: {{window: 30d}}
seed_sha256: {sha256(b"rain").hexdigest()}
milestones:
  bought: {{on: Order Completed}}
rewards:
  prize:
    to: advocate
    on: bought
    give: points
    amount: {{draw: [{{give: points, amount: 7, weight: 1}}]}}
    caps: [{{per: program, count: 10}}]
"""
LATER = "2026-03-01T00:00:00Z"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flat.yaml").write_text(FLAT)
    Path("share.yaml").write_text(SHARE)
    Path("draws.yaml").write_text(DRAWS)
    Path("log.jsonl").write_bytes(b"\n".join(LINES) + b"\n")
    Path("nothing.jsonl").touch()


def written(folder: str) -> dict[str, bytes]:
    """The tables a run wrote, without the summary, which tells how long it took."""
    files = sorted(path for path in Path(folder).iterdir() if path.name != "summary.json")
    return {path.name: path.read_bytes() for path in files}


def rows(folder: str) -> dict[str, list[tuple[object, ...]]]:
    return {name: read_table(Path(folder), name).rows() for name in SCHEMAS}


class TestWhatIsWritten:
    def test_what_is_printed(self) -> None:
        code, out, err = banyan(
            "replay", "share.yaml", "log.jsonl", "--out", "out", "--until", LATER
        )
        first, *rest = out.splitlines()
        assert (code, err) == (0, "")
        assert first.startswith("8 events in ")
        assert [line.rstrip() for line in rest if line.strip()] == SHOWN.splitlines()
        assert sorted(written("out")) == sorted(f"{name}.parquet" for name in SCHEMAS)

    def test_the_summary_beside_the_tables_is_what_json_prints(self) -> None:
        code, out, err = banyan(
            *("replay", "flat.yaml", "log.jsonl", "--out", "out", "--until", LATER, "--json")
        )
        assert (code, err) == (0, "")
        assert out == Path("out/summary.json").read_text()
        figures = json.loads(out)
        assert figures["programs"] == [
            {
                "program": "shop",
                "version": 1,
                "path": "flat.yaml",
                "sha256": sha256(FLAT.encode()).hexdigest(),
                "source": FLAT,
            }
        ]
        assert (figures["inputs"], figures["until"]) == (["log.jsonl"], LATER)
        assert (figures["events"], figures["rows"]["decisions"]) == (8, 2)
        assert figures["cost"] == [
            {
                "program": "shop",
                "unit": "credit USD",
                "granted": 3000,
                "taken_back": 0,
                "expired": 0,
                "net": 3000,
            }
        ]

    def test_every_format_holds_the_same_rows(self) -> None:
        for form in ("parquet", "csv", "jsonl"):
            code, _, err = banyan(
                *("replay", "share.yaml", "log.jsonl", "--until", LATER),
                *("--out", form, "--format", form),
            )
            assert (code, err) == (0, "")
            assert sorted(written(form)) == sorted(f"{name}.{form}" for name in SCHEMAS)
        assert rows("csv") == rows("jsonl") == rows("parquet")
        assert [len(found) for found in rows("csv").values()] == [2, 0, 4, 1, 22, 1]

    @pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
    def test_batches_give_the_same_bytes(self, form: str) -> None:
        given = ("replay", "share.yaml", "log.jsonl", "--format", form, "--until", LATER)
        banyan(*given, "--out", "whole")
        for size in (1, 3, 8, 100):
            assert banyan(*given, "--out", "cut", "--batch", size)[0] == 0
            assert written("cut") == written("whole")

    def test_several_versions_in_any_order(self) -> None:
        for order in (["flat.yaml", "share.yaml"], ["share.yaml", "flat.yaml"]):
            code, _, err = banyan("replay", *order, "log.jsonl", "--out", "out")
            assert (code, err) == (0, "")
            assert read_table(Path("out"), "decisions")["version"].to_list() == [2, 2, 2, 2]
            assert [
                p["path"] for p in json.loads(Path("out/summary.json").read_text())["programs"]
            ] == (order)

    def test_several_files_are_one_log(self) -> None:
        Path("a.jsonl").write_bytes(b"\n".join(LINES[:4]))
        Path("b.jsonl").write_bytes(b"\n".join(LINES[4:]))
        banyan("replay", "share.yaml", "log.jsonl", "--out", "one")
        assert banyan("replay", "share.yaml", "a.jsonl", "b.jsonl", "--out", "two")[0] == 0
        assert written("two") == written("one")

    def test_standard_input(self) -> None:
        banyan("replay", "share.yaml", "log.jsonl", "--out", "file", "--format", "csv")
        done = subprocess.run(
            [BANYAN, "replay", "share.yaml", "-", "--out", "pipe", "--format", "csv", "--json"],
            input=Path("log.jsonl").read_bytes(),
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert written("pipe") == written("file")
        assert json.loads(done.stdout)["inputs"] == ["-"]

    def test_the_fitting_seed(self) -> None:
        code, _, err = banyan(
            "replay", "draws.yaml", "log.jsonl", "--out", "out", "--seed", "lucky=rain"
        )
        assert (code, err) == (0, "")
        assert read_table(Path("out"), "decisions")["amount"].to_list() == [7, 7]

    def test_a_second_run_takes_the_place_of_the_first(self) -> None:
        banyan("replay", "share.yaml", "log.jsonl", "--out", "out", "--format", "csv")
        assert banyan("replay", "flat.yaml", "log.jsonl", "--out", "out")[0] == 0
        assert sorted(written("out")) == sorted(f"{name}.parquet" for name in SCHEMAS)


def test_a_path_is_printed_as_it_is() -> None:
    out = Path("[red]") / ("long" * 30) / ("longer" * 30)
    printed = banyan("replay", "share.yaml", "log.jsonl", "--out", out)[1]
    assert printed.splitlines()[-1] == f"Written to {out}"


class TestNothingToReplay:
    @pytest.mark.parametrize("until", [(), ("--until", LATER)])
    def test_an_empty_log_gives_empty_tables_and_a_warning(self, until: tuple[str, ...]) -> None:
        code, out, err = banyan(
            "replay", "share.yaml", "nothing.jsonl", "--out", "out", "--format", "csv", *until
        )
        assert (code, err) == (0, "warning: There is no event in nothing.jsonl.\n")
        assert out.startswith("0 events in ")
        assert written("out") == {
            f"{name}.csv": ",".join(columns).encode() + b"\n"
            for name, columns in sorted(SCHEMAS.items())
        }

    def test_it_has_the_tables_of_every_other_format(self) -> None:
        for form in ("parquet", "jsonl"):
            code, _, _ = banyan(
                "replay", "share.yaml", "nothing.jsonl", "--out", form, "--format", form
            )
            assert code == 0
            assert rows(form) == {name: [] for name in SCHEMAS}
        for name, columns in SCHEMAS.items():
            assert pl.read_parquet_schema(f"parquet/{name}.parquet") == dict(columns)

    def test_nothing_on_standard_input(self) -> None:
        done = subprocess.run(
            [BANYAN, "replay", "share.yaml", "-", "--out", "out"],
            input="\n \n",
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0
        assert done.stderr == "warning: There is no event in standard input.\n"


def test_events_without_message_ids_are_told_of() -> None:
    nameless = b"\n".join(LINES).replace(b'"messageId": "m1", ', b"")
    Path("log.jsonl").write_bytes(nameless)
    code, _, err = banyan("replay", "share.yaml", "log.jsonl", "--out", "out", "--json")
    assert (code, err) == (
        0,
        "warning: 1 of 8 events have no messageId and go by their position instead: the same file "
        "imported twice would not be recognised.\n",
    )


USAGE = " See `banyan replay --help`.\n"


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ("--out out", "Missing argument 'PROGRAM... EVENTS...'."),
            ("share.yaml log.jsonl", "Missing option '--out'."),
            ("log.jsonl --out out", "No program was named; give at least one .yaml file."),
            (
                "share.yaml --out out",
                "No events were named; give files ending in .jsonl, .jsonl.gz, .parquet or .csv, "
                "or - for JSON Lines from standard input.",
            ),
            (
                "share.yaml log.json --out out",
                "No events were named: log.json is taken for a program by its ending; rename "
                "JSON Lines to .jsonl.",
            ),
            (
                "share.yaml log.jsonl --out out --until 2026-03-01",
                "Invalid value for '--until': '2026-03-01' is no time with an offset, such as "
                "2026-12-31T00:00:00Z.",
            ),
            (
                "share.yaml log.jsonl --out out --until 2026-02-30T00:00:00Z",
                "Invalid value for '--until': '2026-02-30T00:00:00Z' is no time with an offset, "
                "such as 2026-12-31T00:00:00Z.",
            ),
            (
                "share.yaml log.jsonl --out out --seed rain",
                "--seed 'rain' is not SLUG=TEXT, such as meundies=secret.",
            ),
            (
                "share.yaml log.jsonl --out out --seed =rain",
                "--seed '=rain' is not SLUG=TEXT, such as meundies=secret.",
            ),
            (
                "share.yaml log.jsonl --out out --batch 0",
                "Invalid value for '--batch': 0 is not in the range x>=1.",
            ),
            (
                "share.yaml log.jsonl --out out --format xml",
                "Invalid value for '--format': 'xml' is not one of 'parquet', 'csv', 'jsonl'.",
            ),
            (
                "share.yaml log.jsonl --out log.jsonl",
                "Invalid value for '--out': Directory 'log.jsonl' is a file.",
            ),
        ],
    )
    def test_is_one_line_and_writes_nothing(self, given: str, sentence: str) -> None:
        assert banyan("replay", *given.split()) == (2, "", f"banyan replay: {sentence}{USAGE}")
        assert not Path("out").exists()

    def test_the_installed_script(self) -> None:
        assert installed("replay", "log.jsonl", "--out", "out") == (
            2,
            "",
            f"banyan replay: No program was named; give at least one .yaml file.{USAGE}",
        )


class TestWhatCannotBeReplayed:
    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            (
                "none.yaml log.jsonl",
                "none.yaml:1:1: error: the file cannot be opened: no such file or directory",
            ),
            (
                "wrong.yaml log.jsonl",
                "wrong.yaml:6:16: error milestones.bought.on: expected text, found the number 7; "
                'to mean the text, write "7"\n'
                "wrong.yaml:10:9: error rewards.advocate-credit.on: there is no milestone 'bougt'; "
                "did you mean bought?",
            ),
            ("share.yaml none.jsonl", "There is no file none.jsonl."),
            (
                "share.yaml events.txt",
                "events.txt has none of the endings .jsonl, .ndjson, .jsonl.gz, .ndjson.gz, .csv, "
                ".csv.gz, .parquet; rename it to what it holds, or pipe JSON Lines into standard "
                "input (-).",
            ),
            ("share.yaml - -", "Standard input (-) can be read only once; name it once."),
            (
                "share.yaml share.yaml log.jsonl",
                "Program 'shop' is given twice in version 2; a published version never changes, "
                "so give the newer text the next number.",
            ),
            (
                "draws.yaml log.jsonl",
                "Program 'lucky' draws prizes; give its seed: --seed lucky=TEXT.",
            ),
            (
                "draws.yaml log.jsonl --seed lucky=snow",
                "The seed given for program 'lucky' does not have the published `seed_sha256`; "
                "give the text whose SHA-256 was published.",
            ),
        ],
    )
    def test_is_said_and_nothing_is_written(self, given: str, sentence: str) -> None:
        Path("events.txt").touch()
        Path("wrong.yaml").write_text(
            FLAT.replace("on: Order Completed", "on: 7").replace("on: bought", "on: bougt")
        )
        assert banyan("replay", *given.split(), "--out", "out") == (1, "", f"{sentence}\n")
        assert not Path("out").exists()

    def test_a_folder_that_holds_other_things_stays_as_it_is(self) -> None:
        Path("out").mkdir()
        Path("out/letters.txt").write_text("dear")
        assert banyan("replay", "share.yaml", "log.jsonl", "--out", "out") == (
            1,
            "",
            "out already holds something that no replay wrote, such as letters.txt; name a new or "
            "an empty folder.\n",
        )
        assert written("out") == {"letters.txt": b"dear"}
