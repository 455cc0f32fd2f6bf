"""What is exported is what stands there, and a replay of it is the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from banyan.engine.language.program import Program
from banyan.engine.tables import SCHEMAS
from banyan.pipeline.exporting.contents import EVENTS
from banyan.pipeline.exporting.run import BadExport, run_export, without_formulas
from banyan.pipeline.importing.columns import Order
from banyan.pipeline.importing.run import Reading, run_import
from banyan.pipeline.runs import run_replay
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line


def story() -> None:
    """Two versions of a program, referrals, a refund, a spend, a lost touch and a reject."""
    line = Line()
    line.say("identify", "old", traits={"email": "old@example.com", "name": "Zoë", "tier": "gold"})
    line.publish()
    line.story()
    line.say("Referral Link Clicked", anonymousId="web-9", code="nobody")
    line.say("Signed Up", "ann", referral_code="ANN")
    line.work(3)
    line.publish(PROGRAM.replace("version: 1", "version: 2").replace("20.00", "5.00"))
    line.say("Wallet Spent", "ben", unit="points", amount=60, reference="r1")
    line.say("Signed Up", "dan", referral_code="ANN")
    line.say("Order Completed", "dan", order_id="o9", total=50, currency="USD")
    line.work()


def silent(done: float, whole: float | None, note: str) -> None:
    """No progress bar."""


def exported(what: str, out: Path) -> Path:
    run_export(what, out, progress=silent)
    return out


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "csv", "parquet"])
def test_a_replay_of_the_exported_log_gives_the_exported_tables(
    installation: Installation, tmp_path: Path, ending: str
) -> None:
    story()
    log = exported("events", tmp_path / f"log.{ending}")
    programs = sorted(exported("programs", tmp_path / "programs").iterdir())
    assert [path.name for path in programs] == ["spring.v1.yaml", "spring.v2.yaml"]
    for form in ("csv", "jsonl"):
        run_replay(
            [Program.load(path) for path in programs],
            [str(log)],
            paths=[str(path) for path in programs],
            out=tmp_path / form,
            batch=None,
            until=None,
            seeds={},
            form=form,
            engine="local",
            progress=silent,
        )
        for table in SCHEMAS:
            live = exported(table, tmp_path / f"live_{table}.{form}").read_bytes()
            assert live == (tmp_path / form / f"{table}.{form}").read_bytes()
            assert live.count(b"\n") > (form == "csv"), f"{table} is empty"


@pytest.mark.usefixtures("installation")
def test_the_log_keeps_its_positions_and_its_secrets(tmp_path: Path) -> None:
    story()
    lines = exported("events", tmp_path / "log.jsonl").read_text().splitlines()
    assert len(lines) == 14
    assert [json.loads(line)["messageId"] for line in lines[:3]] == ["m1", "m2", "m3"]
    assert "old@example.com" not in "".join(lines)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_an_exported_log_imported_elsewhere_is_the_same_log(
    installation: Installation, tmp_path: Path
) -> None:
    story()
    log = exported("events", tmp_path / "log.jsonl")
    again = run_import(
        [str(log)],
        Order(),
        now=datetime(2026, 11, 1, tzinfo=UTC),
        reading=Reading(),
        report=tmp_path / "report.csv",
        dry_run=False,
        progress=silent,
    )
    assert (again.new.total(), again.already, again.refused) == (0, 14, 0)


@pytest.mark.usefixtures("installation")
def test_transfers_and_balances(tmp_path: Path) -> None:
    story()
    transfers = pl.read_parquet(exported("transfers", tmp_path / "t.parquet"))
    balances = pl.read_parquet(exported("balances", tmp_path / "b.parquet"))
    assert transfers.columns[:3] == ["transfer_id", "decision_id", "position"]
    spent = transfers.filter(pl.col("transfer_id").str.starts_with("spend/")).row(0, named=True)
    assert (spent["source"], spent["target"], spent["amount"]) == (
        "wallet:ben:available",
        "spent:ben",
        60,
    )
    assert balances.group_by("unit").agg(pl.col("amount").sum())["amount"].to_list() == [0, 0]
    held = dict(balances.filter(unit="points").select("account", "amount").rows())
    assert held["wallet:ben:available"] == 40
    assert held["spent:ben"] == 60


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_customers_stand_in_clear_and_run_nothing(
    installation: Installation, tmp_path: Path, form: str
) -> None:
    line = Line()
    traits = {"email": "=cmd|calc@example.com", "phone": "+49171234", "name": "@SUM(1)", "tags": []}
    line.say("identify", "=1+1", traits=traits)
    line.say("identify", "u2", traits={"firstName": "Zoë", "lastName": "Fy", "tags": ["a", "b"]})
    line.work()
    out = exported("customers", tmp_path / f"c.{form}")
    if form == "csv":
        rows = pl.read_csv(out, infer_schema=False)
    elif form == "xlsx":
        rows = pl.read_excel(out, infer_schema_length=0)
    else:
        rows = pl.read_ndjson(out)
    first, second = rows.sort("user_id").to_dicts()
    mark = "" if form == "jsonl" else "'"
    assert (first["user_id"], first["email"], first["phone"], first["name"]) == (
        mark + "=1+1",
        mark + "=cmd|calc@example.com",
        mark + "+49171234",
        mark + "@SUM(1)",
    )
    assert (second["name"], second["tags"]) == ("Zoë Fy", "a, b")
    assert second["first_seen_at"] == "2026-03-01T08:02:00Z"


def test_which_texts_are_made_harmless() -> None:
    texts = ["=1", "+1", "-1", "@x", "\tx", "\rx", "a=1", "", None, "'=1"]
    guarded = without_formulas(pl.DataFrame({"text": texts, "number": range(len(texts))}))
    assert guarded["text"].to_list() == [
        "'=1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "a=1", "", None, "'=1",
    ]  # fmt: skip
    assert guarded["number"].to_list() == list(range(len(texts)))


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_result_tables_are_not_changed_for_spreadsheets(
    installation: Installation, tmp_path: Path
) -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "=ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.work()
    for form in ("csv", "xlsx"):
        out = exported("referrals", tmp_path / f"r.{form}")
        rows = pl.read_csv(out) if form == "csv" else pl.read_excel(out)
        assert rows["advocate"].to_list() == ["=ann"]
        assert rows.columns == list(SCHEMAS["referrals"])
        assert rows["started_at"].to_list() == ["2026-03-01T08:02:00Z"]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_links(installation: Installation, tmp_path: Path) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    [row] = pl.read_parquet(exported("links", tmp_path / "l.parquet")).to_dicts()
    assert (row["code"], row["program"], row["advocate"]) == ("ANN", "spring", "ann")
    assert (row["clicks"], row["referrals"]) == (1, 2)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_an_empty_installation_exports_empty_tables(
    installation: Installation, tmp_path: Path
) -> None:
    assert exported("events", tmp_path / "e.jsonl").read_bytes() == b""
    assert exported("events", tmp_path / "e.csv").read_text() == ",".join(EVENTS) + "\n"
    assert exported("referrals", tmp_path / "r.jsonl").read_bytes() == b""
    assert pl.read_parquet(exported("postings", tmp_path / "p.parquet")).height == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "e.csv", "e.jsonl", "p.parquet", "r.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_cannot_be_written_is_a_sentence_and_leaves_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    story()
    for out, sentence in (
        ("x.doc", "has none of the endings .jsonl, .csv, .parquet, .xlsx"),
        ("no/x.csv", "There is no folder"),
    ):
        with pytest.raises(BadExport) as refused:
            run_export("referrals", tmp_path / out, progress=silent)
        assert sentence in refused.value.sentence
    line = Line()
    line.number = 500
    line.say("identify", "u1", traits={"about": "x" * 20_000})
    line.say("identify", "u1", traits={"more": "x" * 20_000})
    line.work()
    with pytest.raises(BadExport, match="traits: a text has more than the 32,767 characters"):
        run_export("customers", tmp_path / "x.xlsx", progress=silent)
    assert [path for path in tmp_path.iterdir() if path.name != "home"] == []
