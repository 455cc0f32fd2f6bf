"""Files of events as typed frames, in log order, a bounded chunk at a time."""

from __future__ import annotations

import csv
import gzip
import re
import sys
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, TypeVar

import polars as pl

from banyan.engine.raw import columns_for, from_frame, from_lines
from banyan.engine.values import Kind
from banyan.kernel.errors import Problem

Wanted = Mapping[str, Kind]
Form = Literal["jsonl", "csv", "parquet"]
# A typed frame and how many bytes of the file lie behind it.
Piece = tuple[pl.DataFrame, int]
T = TypeVar("T")

ENDINGS: Mapping[str, Form] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson.gz": "jsonl",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".parquet": "parquet",
}

STANDARD_INPUT = "-"

CHUNK = 3_000_000
"""Rows of a chunk, where nobody says how many. Each step over a chunk looks through what came
before, so fewer are cheaper; memory that a process has not touched before is dear."""

DAY_US = 86_400 * 10**6
MUCH_OUT_OF_ORDER = 0.1
"""Some late events are usual; above this share the order looks like a mistake."""

# Text is read and typed in blocks of this size, a few at once. Larger ones are slower: the system
# hands out and takes back their memory page by page.
_BLOCK_BYTES = 16 << 20
_BLOCKS_AHEAD = 3
# A record this long is a file that is not what its name says.
_LONGEST_RECORD_BYTES = 256 << 20

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_QUOTED_CELL = re.compile(rb'(?:\A|(?<=[,\n]))"[^"]*(?:""[^"]*)*"(?=,|\r?\n|\r?\Z)')
_BLANK_LINE = re.compile(rb"^[ \t\r\v\f]*\n", re.MULTILINE)


class BadFile(Problem):
    """An event file that cannot be read, and what would mend it."""


def read_events(
    paths: Sequence[str | Path], wanted: Wanted, *, rows_per_chunk: int
) -> Iterator[pl.DataFrame]:
    """The events of several files as one log; see `EventFiles`."""
    return EventFiles(paths).read(wanted, rows_per_chunk=rows_per_chunk)


class EventFiles:
    """Files that are read one after the other as one log.

    A path's ending says how it is read (`ENDINGS`); `-` is JSON Lines on standard input; a folder
    is its Parquet files in the order of their names. Raises BadFile for a path that cannot be one
    of these, before anything is read.
    """

    def __init__(self, paths: Sequence[str | Path]) -> None:
        if not paths:
            raise BadFile("No event files were named.")
        self.files = tuple(file for path in paths for file in _files_at(str(path)))
        if sum(file.path == STANDARD_INPUT for file in self.files) > 1:
            raise BadFile("Standard input (-) can be read only once; name it once.")
        self.events_read = 0
        """Events handed out so far."""
        self.bytes_read = 0
        """Bytes of the files behind the events handed out so far."""
        self.without_message_id = 0
        """Events handed out so far that had no `messageId`, where it was wanted."""
        self.out_of_order = 0
        """Events handed out so far that are more than a day older than one before them."""
        self._latest: int | None = None

    @property
    def bytes(self) -> int | None:
        """Size of all files as they lie, packed or not; None with standard input among them."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def read(self, wanted: Wanted, *, rows_per_chunk: int | None = None) -> Iterator[pl.DataFrame]:
        """The log as frames of `rows_per_chunk` rows, the last one of what is left.

        None: `CHUNK`, and up to a quarter more where that is all of the rest.

        Chunks run across files, so where files end changes nothing. Their columns are those of
        `banyan.engine.raw.from_lines`. A log without any event is one empty chunk, so that its
        tables are empty too, and a warning. While one chunk is worked on the next one is read.
        Raises BadFile for a file that breaks off or is not what its name says.
        """
        for frame, done in _one_ahead(
            _in_chunks(self._pieces(wanted, rows_per_chunk or CHUNK), rows_per_chunk)
        ):
            self.bytes_read = done
            self.events_read += frame.height
            if "messageId" in wanted:
                nameless = frame["messageId"].is_null() & ~frame["bad_json"]
                self.without_message_id += int(nameless.sum())
            if "timestamp" in wanted:
                self._look_at_order(frame["timestamp"])
            yield frame
        if not self.events_read:
            yield from_lines(b"", wanted)

    def _look_at_order(self, times: pl.Series) -> None:
        self.out_of_order += out_of_order(times, self._latest)
        last = times.max()
        if isinstance(last, int):
            self._latest = last if self._latest is None else max(last, self._latest)

    def was_read(self, *, events: int, without_message_id: int, out_of_order: int) -> None:
        """Count in what other processes read of all these files."""
        self.events_read += events
        self.bytes_read = self.bytes or 0
        self.without_message_id += without_message_id
        self.out_of_order += out_of_order

    def warnings(self) -> tuple[str, ...]:
        """What should be known about the files once they are read, as sentences."""
        if not self.events_read:
            names = ", ".join(file.name for file in self.files)
            return (f"There is no event in {names}.",)
        found = []
        if self.without_message_id:
            found.append(
                f"{self.without_message_id:,} of {self.events_read:,} events have no messageId and "
                "go by their position instead: the same file imported twice would not be "
                "recognised."
            )
        if self.out_of_order > MUCH_OUT_OF_ORDER * self.events_read:
            found.append(
                f"{self.out_of_order:,} of {self.events_read:,} events are more than a day older "
                "than one before them; the order of a log decides, so sort it by timestamp unless "
                "it arrived like this."
            )
        return tuple(found)

    def _pieces(self, wanted: Wanted, rows: int) -> Iterator[Piece]:
        before = 0
        for file in self.files:
            for frame, done in file.read(wanted, rows):
                yield frame, before + done
            before += file.size or 0


def out_of_order(times: pl.Series, latest: int | None) -> int:
    """How many of these timestamps (microseconds) are more than a day older than one before them.

    `latest` is the greatest before all of them.
    """
    before = times.cum_max().forward_fill()
    if latest is not None:
        before = before.fill_null(latest).clip(lower_bound=latest)
    return int((before - times > DAY_US).sum())


@dataclass(frozen=True)
class EventFile:
    """One file of events. `path` is `-` for standard input, whose `size` in bytes is unknown."""

    path: str
    form: Form
    size: int | None

    @property
    def name(self) -> str:
        """The file as sentences name it."""
        return "standard input" if self.path == STANDARD_INPUT else self.path

    def read(self, wanted: Wanted, rows: int) -> Iterator[Piece]:
        """Its events as typed frames, of `rows` rows where that can be chosen."""
        match self.form:
            case "parquet":
                return _read_parquet(self, wanted, rows)
            case "csv":
                return _read_csv(self, wanted)
            case "jsonl":
                return _read_json_lines(self, wanted)


def _files_at(path: str) -> list[EventFile]:
    if path == STANDARD_INPUT:
        return [EventFile(path, "jsonl", None)]
    place = Path(path)
    if place.is_dir():
        parts = sorted(
            part for part in place.glob("*.parquet") if not part.name.startswith((".", "_"))
        )
        if not parts:
            raise BadFile(f"The folder {path} holds no .parquet files; name the event files in it.")
        return [EventFile(str(part), "parquet", part.stat().st_size) for part in parts]
    if not place.exists():
        raise BadFile(f"There is no file {path}.")
    ending = next((e for e in ENDINGS if place.name.lower().endswith(e)), None)
    if ending is None:
        raise BadFile(
            f"{path} has none of the endings {', '.join(ENDINGS)}; rename it to what it holds, or "
            "pipe JSON Lines into standard input (-)."
        )
    return [EventFile(path, ENDINGS[ending], place.stat().st_size)]


# --- chunks


def _in_chunks(pieces: Iterable[Piece], wanted: int | None) -> Generator[Piece, None, None]:
    """Frames cut and joined to so many rows, whatever their sizes were; None: as `read` says."""
    waiting: list[pl.DataFrame] = []
    height, done = 0, 0
    rows, enough = (wanted, wanted) if wanted else (CHUNK, CHUNK * 5 // 4)
    for piece, done in pieces:
        waiting.append(piece)
        height += piece.height
        while height >= enough:
            joined = pl.concat(waiting)
            yield pl.concat([joined.head(rows)], rechunk=True), done
            waiting, height = [joined.slice(rows)], height - rows
    if height:
        yield pl.concat(waiting, rechunk=True), done


def _one_ahead(items: Generator[T, None, None]) -> Iterator[T]:
    """The same items; while one is in use the next is made."""
    with closing(items), ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def _in_order(
    blocks: Iterable[tuple[bytes, int]], convert: Callable[[bytes], pl.DataFrame]
) -> Iterator[Piece]:
    """Blocks converted two at a time: msgspec holds the interpreter's lock, Polars does not."""
    under_way: deque[tuple[Any, int]] = deque()
    with ThreadPoolExecutor(2, thread_name_prefix="read") as pool:
        for block, done in blocks:
            under_way.append((pool.submit(convert, block), done))
            if len(under_way) == _BLOCKS_AHEAD:
                first, at = under_way.popleft()
                yield first.result(), at
        for first, at in under_way:
            yield first.result(), at


# --- text


def _read_json_lines(file: EventFile, wanted: Wanted) -> Iterator[Piece]:
    with _opened(file) as (stream, place):
        blocks = _blocks(file, stream, place)
        yield from _in_order(blocks, lambda block: from_lines(block, wanted))


def _read_csv(file: EventFile, wanted: Wanted) -> Iterator[Piece]:
    with _opened(file) as (stream, place):
        blocks = _blocks(file, stream, place, quotes=True)
        first, done = next(blocks, (b"", 0))
        names, start = _header(file, first)
        columns = _columns(file, dict.fromkeys(names, pl.String()), wanted)

        def convert(block: bytes) -> pl.DataFrame:
            return from_frame(_cells(file, block, names, columns), wanted)

        yield convert(first[start:]), done
        yield from _in_order(blocks, convert)


@contextmanager
def _opened(file: EventFile) -> Iterator[tuple[IO[bytes], Callable[[], int]]]:
    """The file's bytes, unpacked, and how many of those that lie on disk have been taken."""
    if file.path == STANDARD_INPUT:
        yield sys.stdin.buffer, lambda: 0
        return
    try:
        with open(file.path, "rb") as packed:
            is_packed = file.path.lower().endswith(".gz")
            stream = gzip.GzipFile(fileobj=packed) if is_packed else packed
            yield stream, packed.tell  # type: ignore[misc]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadFile(
            f"{file.name} is not a whole gzip file ({error}); fetch or pack it again."
        ) from error
    except OSError as error:
        raise BadFile(f"{file.name} cannot be read: {error.strerror or error}.") from error


def _blocks(
    file: EventFile, stream: IO[bytes], place: Callable[[], int], *, quotes: bool = False
) -> Iterator[tuple[bytes, int]]:
    """The text in blocks of whole records, which may hold line feeds inside of `quotes`."""
    head = _start(file, stream)
    while block := head + stream.read(_BLOCK_BYTES):
        head = b""
        yield block + b"".join(_rest_of_record(file, stream, block, quotes)), place()


def _rest_of_record(
    file: EventFile, stream: IO[bytes], block: bytes, quotes: bool
) -> Iterator[bytes]:
    is_open = quotes and block.count(b'"') % 2 == 1
    size = 0
    while line := stream.readline(_LONGEST_RECORD_BYTES):
        yield line
        size += len(line)
        if size >= _LONGEST_RECORD_BYTES:
            raise BadFile(
                f"{file.name} has a line or a quoted cell of over 256 MB; is it what its name says?"
            )
        is_open ^= quotes and line.count(b'"') % 2 == 1
        if not is_open:
            return


def _start(file: EventFile, stream: IO[bytes]) -> bytes:
    """The first bytes, without a byte order mark. Refuses what is visibly no UTF-8 text."""
    head = stream.read(4)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadFile(f"{file.name} is written in UTF-16; save it as UTF-8.")
    if head.startswith(b"\x1f\x8b"):
        raise BadFile(f"{file.name} is packed with gzip; add .gz to its name, or unpack it.")
    if head == b"PAR1":
        raise BadFile(f"{file.name} is a Parquet file; give it the ending .parquet.")
    return head.removeprefix(_BYTE_ORDER_MARK)


def _header(file: EventFile, block: bytes) -> tuple[list[str], int]:
    """The names in a CSV's first record that is not blank, and where the next one starts."""
    start = end = 0
    while end < len(block) and (
        not (line := block[start:end]).strip() or line.count(b'"') % 2  # blank, or within quotes
    ):
        if not line.strip():
            start = end
        end = block.find(b"\n", end) + 1 or len(block)
    try:
        names = next(csv.reader([block[start:end].decode()], strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(
            f"The first line of {file.name} is no list of column names ({error}); write CSV as "
            "RFC 4180 says, in UTF-8."
        ) from error
    for name in names:
        if names.count(name) > 1:
            raise BadFile(f"{file.name} has two columns named {name}; keep one.")
    return names, end


def _cells(file: EventFile, block: bytes, names: list[str], columns: list[pl.Expr]) -> pl.DataFrame:
    block = _without_blank_lines(block)
    try:
        if b'"' in block and b'"' in _QUOTED_CELL.sub(b"", block):
            # Polars would take a stray quote for the end of a cell here and of a record there.
            raise pl.exceptions.ComputeError("a quote stands where none may")
        # A first line with every column, since the block's own may be shorter.
        numbered = ",".join(map(str, range(len(names)))).encode() + b"\n"
        table = pl.scan_csv(numbered + block, new_columns=names, infer_schema=False)
        return table.select(columns).collect()
    except pl.exceptions.PolarsError as error:
        raise BadFile(
            f"{file.name} is not well-formed CSV in UTF-8 (RFC 4180): a record has more cells than "
            f"the first line, or a quote is not doubled or closed ({str(error).splitlines()[0]})."
        ) from error


def _without_blank_lines(block: bytes) -> bytes:
    """Blank lines between records are none; inside of quotes they are part of a cell."""
    if not _BLANK_LINE.search(block) and block[-1:] not in b" \t\r\v\f":
        return block
    kept, quoted = [], False
    for line in block.split(b"\n"):
        if quoted or line.strip():
            kept.append(line)
        quoted ^= line.count(b'"') % 2 == 1
    return b"\n".join([*kept, b""]) if kept else b""


# --- Parquet


def _read_parquet(file: EventFile, wanted: Wanted, rows: int) -> Iterator[Piece]:
    table = pl.scan_parquet(file.path, glob=False, hive_partitioning=False)
    with _parquet_problems(file):
        columns = _columns(file, table.collect_schema(), wanted)
        height = int(table.select(pl.len()).collect().item())
    for start in range(0, height, rows):
        with _parquet_problems(file):
            frame = table.slice(start, rows).select(columns).collect()
        done = min(start + rows, height) / height * (file.size or 0)
        yield from_frame(frame, wanted), round(done)


@contextmanager
def _parquet_problems(file: EventFile) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(
            f"{file.name} is no Parquet file or is cut short ({str(error).splitlines()[0]}); write "
            "or fetch it again."
        ) from error


def _columns(file: EventFile, schema: Mapping[str, pl.DataType], wanted: Wanted) -> list[pl.Expr]:
    columns = columns_for(schema, wanted)
    if not columns:
        raise BadFile(
            f"{file.name} has none of the columns of an event, such as type, timestamp, userId or "
            f"properties.total; its first ones are {', '.join(list(schema)[:5]) or 'missing'}."
        )
    return columns
