"""The shard law: however many shards, in one process or on Spark, the tables are the same."""

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banyan.engine.language.book import Book, compile_book
from banyan.engine.language.program import Program
from banyan.engine.raw import from_lines
from banyan.engine.replay import EPOCH, replay_batches
from banyan.engine.step import Outcomes
from banyan.pipeline.courier import NoSpark, Opening, Piece, Round, Run, piece_of
from banyan.pipeline.files import BadFile, EventFiles
from banyan.pipeline.mail import DONE, Inbox, Letter, delivered
from banyan.pipeline.runs import run_replay
from banyan.pipeline.shards import replay_by_shards, replay_on_spark
from tests.laws.engine import is_accepted
from tests.laws.strategies import SEEDS, case
from tests.rooms.pipeline import busy_shop

TABLES = Outcomes._fields


@dataclass
class Walker:
    """A courier that goes from shard to shard in this process, with letters in no order."""

    frames: list[pl.DataFrame]
    shards: int
    waiting: list[Letter] = field(default_factory=list)
    read: set[int] = field(default_factory=set)

    def pieces(self) -> list[Piece]:
        return [piece_of(0, number, frame) for number, frame in enumerate(self.frames)][::-1]

    def open(self, work: Opening, run: Run) -> Inbox:
        letters = []
        for (_, number), place in run.places.items():
            letters += work(run, place, self.frames[number])
        return self._sent(letters)

    def deliver(self, round_: int, work: Round, run: Run) -> Inbox:
        self.read.add(round_)
        boxes: dict[int, Inbox] = {}
        mine = [letter for letter in self.waiting if letter.round == round_]
        random.Random(round_).shuffle(mine)
        for letter in mine:
            box = boxes.setdefault(letter.shard, Inbox(letter.shard, self.shards))
            box.put(letter.name, letter.data)
        return self._sent([letter for box in boxes.values() for letter in work(run, box)])

    def _sent(self, letters: list[Letter]) -> Inbox:
        onward = [letter for letter in letters if letter.round != DONE]
        assert self.read.isdisjoint(letter.round for letter in onward)
        assert all(letter.shard in range(self.shards) for letter in onward)
        self.waiting += onward
        return delivered(letter for letter in letters if letter.round == DONE)


def _walked(
    book: Book, lines: list[bytes], folder: Path, *, cuts: list[int], shards: int, until: Any = None
) -> Outcomes:
    path = folder / "events.jsonl"
    path.write_bytes(b"\n".join(lines))
    files = EventFiles([path])
    raw = from_lines(path.read_bytes(), book.wanted)
    edges = [0, *sorted(cuts), raw.height]
    frames = [raw[start:stop] for start, stop in pairwise(edges)]
    outcomes, events = replay_by_shards(
        book,
        files,
        Walker(frames, shards),
        until=until,
        progress=lambda *_: None,
    )
    here = _read_here(path, book)
    assert events == files.events_read == here.events_read == raw.height
    assert files.bytes_read == here.bytes_read
    assert files.out_of_order == here.out_of_order
    assert files.without_message_id == here.without_message_id
    return outcomes


def _read_here(path: Path, book: Book) -> EventFiles:
    files = EventFiles([path])
    for _ in files.read(book.wanted, rows_per_chunk=1000):
        pass
    return files


def _assert_same(found: Outcomes, expected: Outcomes) -> None:
    for name in TABLES:
        one, other = getattr(found, name), getattr(expected, name)
        assert one.schema == other.schema, name
        assert one.rows() == other.rows(), name


# --- in one process


@pytest.fixture(scope="module")
def shop() -> list[bytes]:
    return busy_shop.log()


def test_the_shop_has_all_that_could_go_wrong(shop: list[bytes]) -> None:
    """The log tests nothing that does not happen in it."""
    tables = busy_shop.decide(shop)
    decisions = tables.decisions.with_columns(why=pl.concat_str("outcome", "reason", separator=" "))
    assert {
        "rejected risk:contact",
        "rejected risk:crowd",
        "held risk:device",
        "held risk:burst",
        "held risk:address",
        "granted cap:0",
        "rejected limit:1",
        "rejected limit:2",
        "rejected zero_amount",
    } <= set(decisions["why"])
    assert set(decisions["reward"]) == {
        name for program in busy_shop.programs() for name in program.rewards
    }
    assert set(decisions["version"].filter(decisions["program"] == "friends")) == {1, 2}
    assert set(tables.touches_lost["reason"]) == {
        "already_referred",
        "advocate_not_eligible",
        "lost_to_other_touch",
        "not_new",
        "outside_run",
        "outside_window",
        "self_referral",
    }
    assert set(tables.referrals["kind"]) == {"code", "invite", "click"}
    assert set(tables.rejects["code"]) == {
        "bad_json",
        "bad_timestamp",
        "bad_type",
        "number_too_large",
        "unknown_code",
    }
    guests = tables.referrals.filter(pl.col("friend").str.starts_with("guest-"))
    assert (guests["kind"] == "click").sum() == 20  # of 25 with one browser
    moves = tables.postings["transfer_id"].str.extract(
        r"(grant|available|expiry|spend|return|reversal)"
    )
    assert set(moves) == {"grant", "available", "expiry", "spend", "return", "reversal"}


@pytest.mark.parametrize(("shards", "pieces"), [(1, 1), (2, 9), (7, 4)])
def test_any_number_of_shards_and_pieces_gives_the_same(
    shop: list[bytes], shards: int, pieces: int, tmp_path: Path
) -> None:
    chance = random.Random(shards)
    cuts = [chance.randrange(len(shop)) for _ in range(pieces - 1)]
    found = _walked(busy_shop.book(), shop, tmp_path, cuts=cuts, shards=shards)
    _assert_same(found, busy_shop.decide(shop))


@pytest.mark.parametrize("day", [0, 50, 151, 10_000])
def test_an_end_of_the_replay_is_the_same_for_every_shard(
    shop: list[bytes], day: int, tmp_path: Path
) -> None:
    until = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    found = _walked(busy_shop.book(), shop, tmp_path, cuts=[900, 2100], shards=3, until=until)
    _assert_same(found, busy_shop.decide(shop, until=until))


# Short logs, and longer ones in which friends join and orders are refunded.
CASES = [*((seed, 40) for seed in range(40)), *((seed, 150) for seed in (9, 61, 77, 95, 120, 191))]


@pytest.mark.parametrize(("seed", "beats"), CASES)
def test_generated_programs_and_logs_give_the_same(seed: int, beats: int, tmp_path: Path) -> None:
    files, lines = case(seed, beats=beats)
    if not all(is_accepted(file) for file in files):
        return  # what could outgrow the engine's numbers is refused when a program is read
    book = _book(files)
    raw = from_lines(b"\n".join(lines), book.wanted)
    chance = random.Random(seed)
    cuts = [chance.randrange(raw.height) for _ in range(chance.randrange(4))]
    times = raw["timestamp"].drop_nulls().to_list()
    until = EPOCH + timedelta(microseconds=chance.choice(times)) if seed % 3 == 0 else None
    (expected,) = replay_batches(book, [raw], until=until)
    shards = chance.choice([1, 2, 3, 5, 16])
    found = _walked(book, lines, tmp_path, cuts=cuts, shards=shards, until=until)
    _assert_same(found, expected)


def _book(files: list[dict[str, Any]]) -> Book:
    return compile_book([Program.parse(json.dumps(f, default=str)) for f in files], seeds=SEEDS)


# --- what is refused before anything starts


def _no_progress(*_: object) -> None:
    pass


def test_standard_input_is_refused() -> None:
    with pytest.raises(NoSpark, match=r"they cannot see standard input \(-\)"):
        replay_on_spark(busy_shop.book(), EventFiles(["-"]), until=None, progress=_no_progress)


def test_without_the_extra_a_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("{}\n")
    monkeypatch.setattr("banyan.pipeline.shards.find_spec", lambda _: None)
    with pytest.raises(NoSpark, match=r"pip install 'banyan\[spark\]'"):
        replay_on_spark(busy_shop.book(), EventFiles([log]), until=None, progress=_no_progress)


def test_without_java_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from banyan.pipeline import spark

    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(NoSpark, match="install Java 17 or later"):
        spark.java_there()


# --- on Spark


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Two executors in processes of their own: nothing can be shared by accident."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANYAN_SPARK_MASTER", "local-cluster[2,1,1024]")
        from banyan.pipeline.spark import spark_session

        with spark_session():
            yield


@pytest.mark.spark
def test_on_spark_every_byte_of_every_table_is_the_same(cluster: None, tmp_path: Path) -> None:
    shop = busy_shop.log(customers=1000)
    assert 8_000 < len(shop) < 20_000
    events = _as_files(shop, tmp_path)
    local = _replayed("local", events, tmp_path)
    spark = _replayed("spark", events, tmp_path)
    for name in TABLES:
        written = (spark / f"{name}.csv").read_bytes()
        assert written == (local / f"{name}.csv").read_bytes(), name
        assert written.count(b"\n") > 5
    figures = [json.loads((folder / "summary.json").read_text()) for folder in (local, spark)]
    for side in figures:
        del side["seconds"]
    assert figures[0] == figures[1]


def _as_files(lines: list[bytes], folder: Path) -> list[str]:
    """The log in three files of different forms; duplicates lie across them."""
    third = len(lines) // 3
    parts = [lines[:third], lines[third : 2 * third], lines[2 * third :]]
    paths = [folder / "1.jsonl", folder / "2.jsonl.gz", folder / "3.ndjson"]
    for part, path in zip(parts, paths, strict=True):
        text = b"\n".join(part) + b"\n"
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return [str(path) for path in paths]


def _replayed(engine: str, events: list[str], folder: Path) -> Path:
    out = folder / engine
    run_replay(
        busy_shop.programs(),
        events,
        paths=["-", "-", "-"],
        out=out,
        batch=1000,
        until=datetime(2026, 6, 10, tzinfo=UTC),
        seeds={"friends": busy_shop.SEED},
        form="csv",
        engine=engine,
        progress=_no_progress,
    )
    return out


@pytest.mark.spark
@pytest.mark.parametrize("seed", [17, 76, 123, 172])
def test_generated_cases_on_spark_give_the_same(cluster: None, seed: int, tmp_path: Path) -> None:
    files, lines = case(seed, beats=150)
    book = _book(files)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(lines))
    files_ = EventFiles([path])
    found, events = replay_on_spark(book, files_, until=None, progress=_no_progress)
    raw = from_lines(path.read_bytes(), book.wanted)
    (expected,) = replay_batches(book, [raw])
    _assert_same(found, expected)
    assert events == raw.height
    assert files_.warnings() == _read_here(path, book).warnings()


@pytest.mark.spark
def test_a_file_that_a_worker_cannot_read_is_a_sentence_here(cluster: None, tmp_path: Path) -> None:
    packed = tmp_path / "cut.jsonl.gz"
    packed.write_bytes(gzip.compress(b'{"type": "page"}\n' * 1000)[:-20])
    with pytest.raises(BadFile, match="is not a whole gzip file"):
        replay_on_spark(busy_shop.book(), EventFiles([packed]), until=None, progress=_no_progress)


@pytest.mark.spark
def test_files_without_an_event_give_empty_tables(cluster: None, tmp_path: Path) -> None:
    path = tmp_path / "blank.jsonl"
    path.write_bytes(b"\n\n")
    files = EventFiles([path])
    found, events = replay_on_spark(busy_shop.book(), files, until=None, progress=_no_progress)
    assert events == 0
    _assert_same(found, busy_shop.decide([]))
    assert files.warnings() == (f"There is no event in {path}.",)
