"""Event files of every form give the same log, cut into the same chunks; what is broken says so."""

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banyan.engine.raw import from_lines
from banyan.engine.values import Kind
from banyan.pipeline.files import BadFile, EventFiles, read_events

WANTED: dict[str, Kind] = {
    "type": "text",
    "messageId": "text",
    "userId": "text",
    "timestamp": "time",
    "properties.total": "number",
    "context.device.id": "text",
}
NOON = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z


def event(number: int) -> dict[str, Any]:
    return {
        "type": "track",
        "messageId": f"m{number}",
        "userId": f"王,{number}",
        "timestamp": "2026-01-01T12:00:00Z",
        "properties": {"total": number + 0.25},
        "context": {"device": {"id": 'a"b'}},
    }


def row(number: int) -> tuple[Any, ...]:
    total = number * 10**12 + 250_000_000_000
    return ("track", f"m{number}", f"王,{number}", NOON, total, 'a"b', False)


def json_lines(numbers: Sequence[int]) -> bytes:
    lines = [json.dumps(event(n), ensure_ascii=n % 2 == 0) for n in numbers]
    return "".join(line + "\n" for line in lines).encode()


def csv(numbers: Sequence[int]) -> bytes:
    head = "type,messageId,userId,timestamp,properties.total,context.device.id,extra"
    body = [f'track,m{n},"王,{n}",2026-01-01T12:00:00Z,{n}.25,"a""b","x\n\ny"' for n in numbers]
    return "\r\n".join([head, *body, ""]).encode()


def parquet(numbers: Sequence[int], *, texts: bool = False) -> bytes:
    frame = pl.DataFrame([event(n) for n in numbers])
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    frame = frame.with_columns(timestamp=pl.lit(at), extra=pl.lit("x"))
    if texts:
        frame = frame.with_columns(pl.col("properties", "context").struct.json_encode())
    buffer = io.BytesIO()
    frame.write_parquet(buffer, row_group_size=7)
    return buffer.getvalue()


def without_rows() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame([event(1)]).clear().write_parquet(buffer)
    return buffer.getvalue()


FORMS: dict[str, Callable[[Sequence[int]], bytes]] = {
    "a.jsonl": json_lines,
    "a.ndjson": json_lines,
    "A.JSONL.GZ": lambda numbers: gzip.compress(json_lines(numbers)),
    "a.csv": csv,
    "a.csv.gz": lambda numbers: gzip.compress(csv(numbers)),
    "structs.parquet": parquet,
    "texts.parquet": lambda numbers: parquet(numbers, texts=True),
}


def write(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return str(path)


def rows(paths: Sequence[str], *, rows_per_chunk: int = 1000) -> list[tuple[Any, ...]]:
    frames = list(read_events(paths, WANTED, rows_per_chunk=rows_per_chunk))
    return [found for frame in frames for found in frame.rows()]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    numbers = range(25)
    path = write(tmp_path, name, FORMS[name](numbers))
    assert rows([path]) == [row(n) for n in numbers]


@pytest.mark.parametrize("size", [1, 4, 10, 24, 25, 100])
def test_chunks_run_across_files_and_have_the_asked_size(tmp_path: Path, size: int) -> None:
    paths = [
        write(tmp_path, name, make(range(start, start + 5)))
        for start, (name, make) in zip(range(0, 25, 5), list(FORMS.items())[2:], strict=True)
    ]
    frames = list(read_events(paths, WANTED, rows_per_chunk=size))
    assert [frame.height for frame in frames[:-1]] == [size] * (len(frames) - 1)
    assert [found for frame in frames for found in frame.rows()] == [row(n) for n in range(25)]
    assert {tuple(frame.schema.items()) for frame in frames} == {tuple(frames[0].schema.items())}


@pytest.mark.parametrize(
    ("events", "heights"),
    [
        (1, [1]),
        (24, [24]),
        (25, [20, 5]),
        (64, [20, 20, 24]),
        (65, [20, 20, 20, 5]),
        (85, [20, 20, 20, 20, 5]),
    ],
)
def test_unasked_a_small_rest_comes_with_the_chunk_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: int, heights: list[int]
) -> None:
    monkeypatch.setattr("banyan.pipeline.files.CHUNK", 20)
    path = write(tmp_path, "a.jsonl", json_lines(range(events)))
    frames = list(EventFiles([path]).read(WANTED))
    assert [frame.height for frame in frames] == heights
    assert [found for frame in frames for found in frame.rows()] == [row(n) for n in range(events)]


@pytest.mark.parametrize("name", FORMS)
def test_blocks_cut_nothing(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("banyan.pipeline.files._BLOCK_BYTES", 97)
    numbers = range(40)
    path = write(tmp_path, name, FORMS[name](numbers))
    assert rows([path], rows_per_chunk=7) == [row(n) for n in numbers]


def test_a_folder_is_its_parquet_parts_by_name(tmp_path: Path) -> None:
    for name, start in (("part-10.parquet", 10), ("part-02.parquet", 0), ("part-11.parquet", 20)):
        write(tmp_path, f"log/{name}", parquet(range(start, start + 10)))
    write(tmp_path, "log/_SUCCESS", b"")
    write(tmp_path, "log/._part-00.parquet", b"junk")
    assert rows([str(tmp_path / "log")]) == [row(n) for n in range(30)]


def test_standard_input_is_json_lines(tmp_path: Path) -> None:
    program = (
        "from banyan.pipeline.files import EventFiles\n"
        "files = EventFiles(['-'])\n"
        "assert files.bytes is None\n"
        "for frame in files.read({'userId': 'text'}, rows_per_chunk=2):\n"
        "    print(frame['userId'].to_list())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=b'{"userId": 1}\n\n{"userId": 2}\n{',
        capture_output=True,
    )
    assert done.stderr == b""
    assert done.stdout == b"['1', '2']\n[None]\n"


def test_a_bad_line_is_an_event_of_its_own(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.jsonl", b"\xef\xbb\xbf" + json_lines([0]) + b"\n{\n" + json_lines([1])
    )
    assert rows([path]) == [row(0), (None,) * 6 + (True,), row(1)]


def test_blank_and_short_records_of_csv(tmp_path: Path) -> None:
    head = b'\xef\xbb\xbf\n \r\nuserId,"properties.total"\n'
    text = head + b'\na\n \t\n\r\n"b",2\n,\n"",""\nc,3\n  '
    path = write(tmp_path, "a.csv", text)
    wanted: dict[str, Kind] = {"userId": "text", "properties.total": "number"}
    found = [r for f in read_events([path], wanted, rows_per_chunk=9) for r in f.rows()]
    empty = (None, None, False)
    assert found == [
        ("a", None, False),
        ("b", 2 * 10**12, False),
        empty,
        empty,
        ("c", 3 * 10**12, False),
    ]


def test_a_csv_of_nothing_but_its_names_has_no_events(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", b"type,userId")
    other = write(tmp_path, "b.jsonl", json_lines([1]))
    assert rows([path, other]) == [row(1)]


def test_progress_and_events_without_message_ids(tmp_path: Path) -> None:
    named = write(tmp_path, "a.jsonl", json_lines(range(10)))
    files = EventFiles([named])
    size = Path(named).stat().st_size
    assert files.bytes == size
    assert [frame.height for frame in files.read(WANTED, rows_per_chunk=4)] == [4, 4, 2]
    assert (files.bytes_read, files.events_read, files.warnings()) == (size, 10, ())

    nameless = write(tmp_path, "b.jsonl", b'{"userId": "a"}\n{"messageId": ""}\n{\n')
    files = EventFiles([named, nameless])
    assert sum(frame.height for frame in files.read(WANTED, rows_per_chunk=100)) == 13
    assert files.bytes_read == files.bytes == size + Path(nameless).stat().st_size
    assert files.warnings() == (
        "2 of 13 events have no messageId and go by their position instead: the same file imported "
        "twice would not be recognised.",
    )


def test_bytes_read_grow_with_the_events(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "a.parquet", parquet(range(20))),
        write(tmp_path, "b.jsonl", json_lines(range(20, 30))),
    ]
    files = EventFiles(paths)
    seen = [files.bytes_read for _ in files.read(WANTED, rows_per_chunk=5)]
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[3] < seen[-1] == files.bytes


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv.gz", "a.parquet"])
@pytest.mark.parametrize("size", [1, 1000])
def test_a_log_without_events_is_one_empty_chunk_and_a_warning(
    tmp_path: Path, name: str, size: int
) -> None:
    texts = {"a.jsonl": b"", "a.jsonl.gz": gzip.compress(b"\n \n")}
    none = {"a.csv.gz": gzip.compress(b"userId\n"), "a.parquet": without_rows(), **texts}
    path = write(tmp_path, name, none[name])
    files = EventFiles([path])
    (frame,) = files.read(WANTED, rows_per_chunk=size)
    assert frame.schema == from_lines(b"", WANTED).schema
    assert (frame.height, files.events_read) == (0, 0)
    assert files.warnings() == (f"There is no event in {path}.",)


def test_one_file_without_events_among_others_is_nothing_to_warn_of(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a.jsonl", b""), write(tmp_path, "b.jsonl", json_lines([1]))]
    files = EventFiles(paths)
    (frame,) = files.read(WANTED, rows_per_chunk=1)
    assert (frame.rows(), files.warnings()) == ([row(1)], ())


def test_reading_may_stop_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("banyan.pipeline.files._BLOCK_BYTES", 97)
    path = write(tmp_path, "a.jsonl", json_lines(range(100)))
    reading = read_events([path], WANTED, rows_per_chunk=3)
    assert next(reading).height == 3
    reading.close()


class TestProblems:
    def problem(self, *paths: str, wanted: dict[str, Kind] = WANTED) -> str:
        with pytest.raises(BadFile) as caught:
            list(read_events(paths, wanted, rows_per_chunk=1000))
        return caught.value.sentence

    def test_no_files_and_no_such_file(self, tmp_path: Path) -> None:
        assert self.problem() == "No event files were named."
        path = str(tmp_path / "a.jsonl")
        assert self.problem(path) == f"There is no file {path}."
        assert self.problem("-", "-") == "Standard input (-) can be read only once; name it once."

    def test_an_ending_that_says_nothing(self, tmp_path: Path) -> None:
        path = write(tmp_path, "events.txt", b"")
        assert self.problem(path) == (
            f"{path} has none of the endings .jsonl, .ndjson, .jsonl.gz, .ndjson.gz, .csv, "
            ".csv.gz, .parquet; rename it to what it holds, or pipe JSON Lines into standard "
            "input (-)."
        )

    def test_a_folder_without_parquet(self, tmp_path: Path) -> None:
        write(tmp_path, "log/a.jsonl", json_lines([1]))
        folder = str(tmp_path / "log")
        assert self.problem(folder) == (
            f"The folder {folder} holds no .parquet files; name the event files in it."
        )

    def test_a_gzip_cut_short_or_none(self, tmp_path: Path) -> None:
        whole = gzip.compress(json_lines(range(1000)))
        for data in (whole[:-500], whole[:-4], whole[:300], b"{}\n", whole[:-8] + b"\0" * 8):
            path = write(tmp_path, "a.jsonl.gz", data)
            sentence = self.problem(path)
            assert sentence.startswith(f"{path} is not a whole gzip file (")
            assert sentence.endswith("); fetch or pack it again.")

    def test_text_that_is_something_else(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.jsonl", json_lines([1]).decode().encode("utf-16"))
        assert self.problem(path) == f"{path} is written in UTF-16; save it as UTF-8."
        write(tmp_path, "a.jsonl", gzip.compress(json_lines([1])))
        assert "is packed with gzip; add .gz to its name" in self.problem(path)
        write(tmp_path, "a.jsonl", parquet([1]))
        assert "give it the ending .parquet" in self.problem(path)

    def test_parquet_that_is_none(self, tmp_path: Path) -> None:
        whole = parquet(range(100))
        for data in (b"", b"{}\n", whole[:-1], whole[: len(whole) // 2]):
            path = write(tmp_path, "a.parquet", data)
            sentence = self.problem(path)
            assert sentence.startswith(f"{path} is no Parquet file or is cut short (")
            assert sentence.endswith("); write or fetch it again.")

    def test_columns_of_something_else(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.csv", b"type;userId\ntrack;a\n")
        assert self.problem(path) == (
            f"{path} has none of the columns of an event, such as type, timestamp, userId or "
            "properties.total; its first ones are type;userId."
        )
        buffer = io.BytesIO()
        pl.DataFrame({"x": [1], "y": [2]}).write_parquet(buffer)
        path = write(tmp_path, "a.parquet", buffer.getvalue())
        assert self.problem(path).endswith("its first ones are x, y.")
        path = write(tmp_path, "b.csv", b"")
        assert self.problem(path).endswith("its first ones are missing.")

    @pytest.mark.parametrize(
        "body",
        [
            b"a,1,2\n",
            b'"a,1\n',
            b'a"b,1\n',
            b'"a"b,1\n',
            b'a",1\n"b,2\n',
            b'5" pipe,1\n7" pipe,2\n',
            b"\xff,1\n",
        ],
    )
    def test_csv_that_is_not_well_formed(self, tmp_path: Path, body: bytes) -> None:
        path = write(tmp_path, "a.csv", b"userId,type\nx,y\n" + body)
        assert self.problem(path).startswith(f"{path} is not well-formed CSV in UTF-8 (RFC 4180): ")

    @pytest.mark.parametrize(
        ("head", "end"),
        [
            (b"userId,userId\n", "has two columns named userId; keep one."),
            (b'"userId\n', "write CSV as RFC 4180 says, in UTF-8."),
            (b"\xff,userId\n", "write CSV as RFC 4180 says, in UTF-8."),
        ],
    )
    def test_names_that_are_none(self, tmp_path: Path, head: bytes, end: str) -> None:
        path = write(tmp_path, "a.csv", head)
        assert self.problem(path).endswith(end)

    def test_an_endless_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("banyan.pipeline.files._BLOCK_BYTES", 100)
        monkeypatch.setattr("banyan.pipeline.files._LONGEST_RECORD_BYTES", 1000)
        path = write(tmp_path, "a.jsonl", b"x" * 2000)
        assert self.problem(path) == (
            f"{path} has a line or a quoted cell of over 256 MB; is it what its name says?"
        )
