"""`banyan compare`: what the same history would have cost under two programs."""

import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from banyan.engine.tables import SCHEMAS
from tests.rooms.doors.cli.running import banyan, installed
from tests.rooms.engine.shop import FLAT, LINES, SHARE

TABLES = ("totals", "rewards", "reasons", "beneficiaries", "burn")
SHOWN = """\
Cost

 unit         program   decisions   granted   beneficiaries      net
 ───────────────────────────────────────────────────────────────────
 credit USD   a                 2         2               2    30.00
 credit USD   b                 2         2               2    18.00
 credit USD   b - a             0         0               0   -12.00
 points       a                 0         0               0        0
 points       b                 2         2               2      200
 points       b - a             2         2               2      200

Rewards

 reward            unit         decisions a   decisions b   net a   net b
 ────────────────────────────────────────────────────────────────────────
 advocate-credit   credit USD             2             2   30.00   18.00
 friend-points     points                 0             2       0     200

Winners

 beneficiary   unit         net a   net b   difference
 ─────────────────────────────────────────────────────
 abe           credit USD   10.00   15.00         5.00
 bob           points           0     100          100
 cat           points           0     100          100

Losers

 beneficiary   unit         net a   net b   difference
 ─────────────────────────────────────────────────────
 ann           credit USD   20.00    3.00       -17.00

Written to out
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flat.yaml").write_text(FLAT)
    Path("share.yaml").write_text(SHARE)
    Path("log.jsonl").write_bytes(b"\n".join(LINES) + b"\n")


def test_what_is_printed() -> None:
    code, out, err = installed("compare", "flat.yaml", "share.yaml", "log.jsonl", "--out", "out")
    first, second, third, *rest = out.splitlines()
    assert (code, err) == (0, "")
    assert (first, second) == ("a = flat.yaml", "b = share.yaml")
    assert third.startswith("8 events, ")
    assert [line.rstrip() for line in rest] == SHOWN.splitlines()


def test_the_summary_is_what_json_prints() -> None:
    code, out, err = banyan(
        "compare", "flat.yaml", "share.yaml", "log.jsonl", "--out", "out", "--json"
    )
    assert (code, err) == (0, "")
    assert out == Path("out/summary.json").read_text()
    figures = json.loads(out)
    assert list(figures) == ["a", "b", "inputs", "events", *TABLES[:3], "seconds"]
    assert figures["a"] == {"program": "shop", "version": 1}
    assert figures["b"] == {"program": "shop", "version": 2}
    assert (figures["inputs"], figures["events"]) == (["log.jsonl"], 8)
    assert [(t["unit"], t["net_a"], t["net_b"], t["difference"]) for t in figures["totals"]] == [
        ("credit USD", 3000, 1800, -1200),
        ("points", 0, 200, 200),
    ]
    assert figures["rewards"][1] == {
        "reward": "friend-points",
        "unit": "points",
        "decisions_a": 0,
        "net_a": 0,
        "decisions_b": 2,
        "net_b": 200,
    }
    assert figures["reasons"] == [
        {"outcome": "granted", "reason": None, "decisions_a": 1, "decisions_b": 4},
        {"outcome": "granted", "reason": "cap:0", "decisions_a": 1, "decisions_b": 0},
    ]


def test_the_tables_in_every_format() -> None:
    for form in ("parquet", "csv", "jsonl"):
        code, _, _ = banyan(
            *("compare", "flat.yaml", "share.yaml", "log.jsonl"),
            *("--out", form, "--format", form),
        )
        assert code == 0
        assert {path.name for path in Path(form).iterdir()} == {
            "summary.json",
            *(f"{name}.{form}" for name in TABLES),
        }
    burn = pl.read_parquet("parquet/burn.parquet")
    assert burn.row(4) == (date(2026, 1, 8), "credit USD", 0, -300, 3000, 1800)
    for name in TABLES:
        typed = pl.read_parquet(f"parquet/{name}.parquet")
        texts = typed.cast({pl.Date: pl.String})
        assert pl.read_csv(f"csv/{name}.csv").rows() == texts.rows()
        assert pl.read_ndjson(f"jsonl/{name}.jsonl").rows() == texts.rows()


def test_a_replay_into_the_same_folder_leaves_no_table_of_a_comparison() -> None:
    banyan("compare", "flat.yaml", "share.yaml", "log.jsonl", "--out", "out", "--format", "csv")
    assert banyan("replay", "flat.yaml", "log.jsonl", "--out", "out")[0] == 0
    assert {path.name for path in Path("out").iterdir()} == {
        "summary.json",
        *(f"{name}.parquet" for name in SCHEMAS),
    }


def test_a_path_is_printed_as_it_is() -> None:
    out = Path("[red]") / ("long" * 30) / ("longer" * 30)
    printed = banyan("compare", "flat.yaml", "share.yaml", "log.jsonl", "--out", out)[1]
    assert printed.splitlines()[-1] == f"Written to {out}"


def test_an_empty_log_compares_to_nothing_with_a_warning() -> None:
    Path("log.jsonl").write_bytes(b"")
    code, out, err = banyan(
        "compare", "flat.yaml", "share.yaml", "log.jsonl", "--out", "out", "--json"
    )
    assert (code, err) == (0, "warning: There is no event in log.jsonl.\n")
    assert [json.loads(out)[name] for name in ("events", *TABLES[:3])] == [0, [], [], []]
    assert [pl.read_parquet(f"out/{name}.parquet").height for name in TABLES] == [0] * 5


def test_a_seed_goes_to_the_side_that_draws() -> None:
    draws = FLAT.replace("program: shop", "program: lucky").replace(
        "amount: 20.00",
        "amount: {draw: [{give: credit, amount: 7, weight: 1}]}",
    )
    draws = draws.replace("amount: 30.00", "count: 10")
    Path("lucky.yaml").write_text(f"{draws}seed_sha256: {sha256(b'rain').hexdigest()}\n")
    given = ("compare", "flat.yaml", "lucky.yaml", "log.jsonl", "--out", "out", "--json")
    code, out, err = banyan(*given, "--seed", "lucky=rain")
    assert (code, err) == (0, "")
    assert [t["net_b"] for t in json.loads(out)["totals"]] == [1400]
    assert banyan(*given) == (
        1,
        "",
        "Program 'lucky' draws prizes; give its seed: --seed lucky=TEXT.\n",
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("flat.yaml share.yaml --out out", "Missing argument 'EVENTS...'."),
        ("flat.yaml share.yaml log.jsonl", "Missing option '--out'."),
        (
            "flat.yaml share.yaml log.jsonl --out out --seed rain",
            "--seed 'rain' is not SLUG=TEXT, such as meundies=secret.",
        ),
    ],
)
def test_wrong_usage(given: str, sentence: str) -> None:
    assert banyan("compare", *given.split()) == (
        2,
        "",
        f"banyan compare: {sentence} See `banyan compare --help`.\n",
    )
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            "flat.yaml none.yaml log.jsonl",
            "none.yaml:1:1: error: the file cannot be opened: no such file or directory",
        ),
        ("flat.yaml share.yaml none.jsonl", "There is no file none.jsonl."),
        (
            "flat.yaml share.yaml -",
            "Two programs read the events, and standard input (-) can be read only once; write it "
            "to a file and name that.",
        ),
    ],
)
def test_what_cannot_be_compared(given: str, sentence: str) -> None:
    assert banyan("compare", *given.split(), "--out", "out") == (1, "", f"{sentence}\n")
    assert not Path("out").exists()


def test_a_folder_that_holds_other_things_stays_as_it_is() -> None:
    Path("out").mkdir()
    Path("out/letters.txt").write_text("dear")
    assert banyan("compare", "flat.yaml", "share.yaml", "log.jsonl", "--out", "out") == (
        1,
        "",
        "out already holds something that no replay wrote, such as letters.txt; name a new or an "
        "empty folder.\n",
    )
    assert [path.name for path in Path("out").iterdir()] == ["letters.txt"]
