"""Tables are the same bytes however their rows came, and stand there whole or not at all."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banyan.engine.tables import SCHEMAS
from banyan.pipeline.tables import (
    FORMATS,
    BadFolder,
    Format,
    TableWriter,
    read_table,
    write_tables,
)

AT = datetime(2026, 1, 31, 8, 0, 0, tzinfo=UTC)


def table(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(SCHEMAS[name]))


def posting(number: int) -> dict[str, Any]:
    return {
        "transfer_id": f'acme/r/王,"{number}"\n/{number}/grant',
        "position": number,
        "occurred_at": AT + timedelta(microseconds=number % 3),
        "account": f"wallet:u{number}:pending",
        "unit": "cash USD" if number % 2 else None,
        "amount": number * -7,
    }


def tables(count: int = 3) -> dict[str, pl.DataFrame]:
    full = {"postings": table("postings", [posting(n) for n in range(count)])}
    return {name: full.get(name, table(name, [])) for name in SCHEMAS}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class TestWhatIsWritten:
    def test_csv_is_rfc_4180_with_line_feeds(self, tmp_path: Path) -> None:
        write_tables(tables(), tmp_path / "out", "csv")
        assert (tmp_path / "out" / "postings.csv").read_text() == (
            "transfer_id,position,occurred_at,account,unit,amount\n"
            '"acme/r/王,""0""\n/0/grant",0,2026-01-31T08:00:00Z,wallet:u0:pending,,0\n'
            '"acme/r/王,""1""\n/1/grant",1,2026-01-31T08:00:00.000001Z,wallet:u1:pending,'
            "cash USD,-7\n"
            '"acme/r/王,""2""\n/2/grant",2,2026-01-31T08:00:00.000002Z,wallet:u2:pending,,-14\n'
        )
        assert (tmp_path / "out" / "reversals.csv").read_text() == (
            "decision_id,position,occurred_at,amount\n"
        )

    def test_json_lines_keep_the_columns_order_and_every_letter(self, tmp_path: Path) -> None:
        write_tables(tables(2), tmp_path / "out", "jsonl")
        assert (tmp_path / "out" / "postings.jsonl").read_text() == (
            '{"transfer_id":"acme/r/王,\\"0\\"\\n/0/grant","position":0,'
            '"occurred_at":"2026-01-31T08:00:00Z","account":"wallet:u0:pending","unit":null,'
            '"amount":0}\n'
            '{"transfer_id":"acme/r/王,\\"1\\"\\n/1/grant","position":1,'
            '"occurred_at":"2026-01-31T08:00:00.000001Z","account":"wallet:u1:pending",'
            '"unit":"cash USD","amount":-7}\n'
        )
        assert (tmp_path / "out" / "reversals.jsonl").read_bytes() == b""

    def test_parquet_has_times_in_utc_and_whole_numbers(self, tmp_path: Path) -> None:
        write_tables(tables(), tmp_path / "out", "parquet")
        found = pl.read_parquet(tmp_path / "out" / "postings.parquet")
        assert found.equals(tables()["postings"])
        assert found.schema == pl.Schema(SCHEMAS["postings"])

    @pytest.mark.parametrize("form", FORMATS)
    def test_odd_texts_survive_and_python_reads_them_too(
        self, tmp_path: Path, form: Format
    ) -> None:
        texts = [
            ",",
            '"',
            "\n",
            "\r",
            "\r\n",
            " a ",
            "\t",
            "\\n",
            "\x00",
            "\x7f",
            "null",
            "é😀\u2028",
            "-",
            None,
        ]
        rows = [
            {"position": n, "message_id": t, "code": "c", "sentence": "s"}
            for n, t in enumerate(texts)
        ]
        folder = tmp_path / "out"
        write_tables({"rejects": table("rejects", rows)}, folder, form)
        assert read_table(folder, "rejects")["message_id"].to_list() == texts
        written = (folder / f"rejects.{form}").read_bytes()
        if form == "csv":
            found = [
                row[1] or None for row in csv.reader(io.StringIO(written.decode(), newline=""))
            ]
            assert found[1:] == texts
        if form == "jsonl":
            assert [json.loads(line)["message_id"] for line in written.split(b"\n")[:-1]] == texts

    @pytest.mark.parametrize("form", FORMATS)
    def test_times_of_every_age(self, tmp_path: Path, form: Format) -> None:
        times = [
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(1970, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 31, 8, 0, 0, 500_000, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            None,
        ]
        rows = [{"decision_id": "d", "position": 1, "occurred_at": t, "amount": 1} for t in times]
        write_tables({"reversals": table("reversals", rows)}, tmp_path / "out", form)
        assert read_table(tmp_path / "out", "reversals")["occurred_at"].to_list() == times
        if form == "csv":
            lines = (tmp_path / "out" / "reversals.csv").read_text().splitlines()[1:]
            assert [line.split(",")[2] for line in lines] == [
                "0001-01-01T00:00:00Z",
                "1969-12-31T23:59:59.999999Z",
                "1970-01-01T00:00:00Z",
                "2026-01-31T08:00:00.500000Z",
                "9999-12-31T23:59:59.999999Z",
                "",
            ]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("held", [1 << 30, 20_000])
def test_batches_do_not_show(
    tmp_path: Path, form: Format, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("banyan.pipeline.tables._ROW_GROUP", 700)
    monkeypatch.setattr("banyan.pipeline.tables._HELD_BYTES", held)
    rows = tables(2000)["postings"]
    seen = set()
    for cut in (2000, 13, 350, 700, 1234):
        folder = tmp_path / str(cut)
        with TableWriter(folder, form) as writer:
            for start in range(0, rows.height, cut):
                # Also as pieces of other frames, with other buffers behind them.
                batch = pl.concat(
                    [rows.slice(start, cut // 2), rows.slice(start + cut // 2, cut - cut // 2)]
                )
                writer.append({"postings": batch, "rejects": table("rejects", [])})
        assert read_table(folder, "postings").equals(rows)
        assert sorted(files(folder)) == [f"postings.{form}", f"rejects.{form}"]
        seen.add(hashlib.sha256(b"".join(files(folder).values())).hexdigest())
    assert len(seen) == 1


@pytest.mark.parametrize("form", FORMATS)
def test_every_table_reads_back_with_its_types(tmp_path: Path, form: Format) -> None:
    values = {pl.String: "a", pl.Int64: 2**62, pl.Datetime("us", "UTC"): AT}
    full = {n: table(n, [{c: values[t] for c, t in s.items()}]) for n, s in SCHEMAS.items()}
    for given in (full, {name: rows.clear() for name, rows in full.items()}):
        write_tables(given, tmp_path / "out", form)
        for name, rows in given.items():
            found = read_table(tmp_path / "out", name)
            assert found.schema == pl.Schema(SCHEMAS[name])
            assert found.equals(rows)


class TestTheFolder:
    def test_tables_appear_only_at_the_end(self, tmp_path: Path) -> None:
        out = tmp_path / "deep" / "out"
        with TableWriter(out, "csv") as writer:
            writer.append(tables())
            assert list(files_of(out)) == []
        assert len(list(files_of(out))) == 6

    def test_a_run_that_fails_changes_nothing(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        with TableWriter(out, "parquet") as writer:
            writer.append(tables(3))
            writer.write_summary("{}\n")
        before = files(out)
        writer = TableWriter(out, "parquet")
        with pytest.raises(ZeroDivisionError), writer:
            writer.append({"postings": tables(5)["postings"].map_rows(lambda _: 1 // 0)})
        assert files(out) == before

    def test_what_a_killed_run_left_is_cleared_away(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        killed = TableWriter(out, "csv")
        killed.append(tables(9))
        write_tables(tables(1), out, "csv")
        assert read_table(out, "postings").height == 1
        assert not (out / ".unfinished").exists()

    def test_an_earlier_run_is_replaced_in_every_format(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        for form in FORMATS:
            with TableWriter(out, form) as writer:
                writer.append(tables())
                writer.write_summary(form)
        assert sorted(files(out)) == sorted(
            [*(f"{name}.jsonl" for name in SCHEMAS), "summary.json"]
        )
        write_tables({"postings": tables()["postings"]}, out, "jsonl")
        assert sorted(files(out)) == ["postings.jsonl"]

    def test_a_folder_of_something_else_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "holiday.jpg").write_bytes(b"")
        (tmp_path / "postings.csv").write_bytes(b"")
        with pytest.raises(BadFolder) as caught:
            TableWriter(tmp_path, "csv")
        assert caught.value.sentence == (
            f"{tmp_path} already holds something that no replay wrote, such as holiday.jpg; name a "
            "new or an empty folder."
        )
        assert sorted(files(tmp_path)) == ["holiday.jpg", "postings.csv"]

    def test_an_empty_folder_is_welcome_and_a_file_is_not(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        write_tables(tables(), tmp_path / "out", "csv")
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(BadFolder, match="file cannot be written to: "):
            TableWriter(tmp_path / "file", "csv")

    def test_an_unknown_format(self, tmp_path: Path) -> None:
        with pytest.raises(BadFolder) as caught:
            TableWriter(tmp_path / "out", "xlsx")
        assert caught.value.sentence == "Tables are written as parquet, csv, jsonl, not as xlsx."
        assert not (tmp_path / "out").exists()

    def test_a_table_that_is_not_there_or_broken(self, tmp_path: Path) -> None:
        with pytest.raises(BadFolder) as caught:
            read_table(tmp_path, "decisions")
        assert caught.value.sentence == (
            f"{tmp_path} holds no table decisions; name a folder that `banyan replay --out` wrote."
        )
        for form in FORMATS:
            (tmp_path / f"decisions.{form}").write_bytes(b'{"a": 1}\nxx')
            with pytest.raises(BadFolder, match="is not as a replay wrote it"):
                read_table(tmp_path, "decisions")
            (tmp_path / f"decisions.{form}").unlink()

    def test_tables_of_a_comparison(self, tmp_path: Path) -> None:
        totals = pl.DataFrame({"unit": ["points"], "net_a": [1], "share": [0.5]})
        for _ in range(2):
            with TableWriter(tmp_path, "csv") as writer:
                writer.append({"totals": totals})
                writer.write_summary("{}\n")
        assert files(tmp_path) == {
            "summary.json": b"{}\n",
            "totals.csv": b"unit,net_a,share\npoints,1,0.5\n",
        }


def files_of(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.iterdir() if path.is_file())
