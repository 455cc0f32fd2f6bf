"""spark: a session, and the courier that keeps the log and brings letters on it.

A letter is a row of (round, shard, name, data); a round is one shuffle by shard and one
`mapInArrow`. What a round writes stays on the workers' disks until it is read. Imported only where
PySpark is.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial, reduce
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyspark
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext, StorageLevel
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import expr

import banyan
from banyan.engine.values import Kind
from banyan.kernel.errors import Problem
from banyan.pipeline.courier import NoSpark, Opening, Piece, Round, Run, piece_of
from banyan.pipeline.files import EventFile, EventFiles
from banyan.pipeline.mail import (
    DONE,
    PROBLEM,
    Inbox,
    Letter,
    delivered,
    packed,
    problem,
    unpacked,
)

MASTER = "BANYAN_SPARK_MASTER"
"""Environment variable: where Spark runs, as its option `--master` says it; else `local[*]`."""

BYTES_A_SHARD = 32 << 20
"""Of the files as they lie. A worker needs some ten times as much memory to work on a shard."""

# Every shard writes to every other: more would be letters of a few rows.
MOST_SHARDS = 1000
ROWS_A_PIECE = 100_000

_ROUNDS = "rounds"
_LETTERS = "round int, shard int, name string, data binary"
_PIECES = "file int, number int, height int, nameless int, latest long, data binary"
_LETTER_TYPES = pa.schema(
    [("round", pa.int32()), ("shard", pa.int32()), ("name", pa.string()), ("data", pa.binary())]
)
_PIECE_TYPES = pa.schema(
    [
        ("file", pa.int32()),
        ("number", pa.int32()),
        ("height", pa.int32()),
        ("nameless", pa.int32()),
        ("latest", pa.int64()),
        ("data", pa.binary()),
    ]
)
_BATCH_BYTES = 32 << 20

_NOT_ALIKE = (
    "A Spark worker hashes differently from this process, so it runs another version of Polars or "
    "of Banyan; install the same ones on every machine."
)

_QUIET = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %c: %m%n
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = error
"""


@contextmanager
def spark_session() -> Iterator[SparkSession]:
    """The session that is under way, or a new one that ends with the context.

    A new one's master is what `BANYAN_SPARK_MASTER` says. Raises NoSpark when it cannot start.
    """
    under_way = SparkSession.getActiveSession()
    if under_way is not None:
        yield under_way
        return
    master = os.environ.get(MASTER, "local[*]")
    gateway = _java()
    try:
        context = SparkContext(conf=_conf(master), gateway=gateway)
    except (PySparkException, Py4JError) as error:
        raise NoSpark(
            f"Spark does not start with {MASTER}={master}: {_reason(str(error))}"
        ) from error
    session = SparkSession(context)
    try:
        yield session
    finally:
        session.stop()


@cache
def _folder() -> Path:
    """Where Spark may write on this machine, until this process ends."""
    folder = tempfile.mkdtemp(prefix="banyan-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def _java() -> Any:
    """The Java machine of this process; it lives as long. What it complains of goes to a file."""
    master = os.environ.get(MASTER, "local[*]")
    java_there()
    # Workers otherwise take the system's Python. Spark reads all of these when Java starts.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    if master.startswith("local"):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    if master.startswith("local-cluster"):
        os.environ["SPARK_HOME"] = _home_elsewhere()
    log = _folder() / "java.log"
    launch: Any = launch_gateway
    try:
        with log.open("wb") as file:
            return launch(_conf(master), popen_kwargs={"stderr": file})
    except PySparkException as error:
        said = log.read_text(encoding="utf-8", errors="replace")
        raise NoSpark(f"Java does not start for Spark: {_reason(said or str(error))}") from error


def java_there() -> None:
    """Raise NoSpark when there is no Java to start."""
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise NoSpark(
            "--engine spark needs Java, which is not found on this machine; install Java 17 or "
            "later, or name its folder in JAVA_HOME."
        )


def _reason(said: str) -> str:
    """The line that says something, of all that Java says."""
    lines = [line.strip(" \t:") for line in said.splitlines() if line.strip()]
    telling = (line for line in lines if re.search("Exception: |[Ee]rror: |No such file", line))
    return next(telling, lines[-1])


def _conf(master: str) -> SparkConf:
    return SparkConf().setAll(list(_settings(master).items()))


def _settings(master: str) -> dict[str, str]:
    folder = _folder()
    quiet = folder / "log4j2.properties"
    quiet.write_text(_QUIET, encoding="utf-8")
    logging = f"-Dlog4j2.configurationFile=file:{quiet}"
    settings = {
        "spark.app.name": "banyan replay",
        "spark.master": master,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.extraJavaOptions": logging,
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        # The tables of a replay come to the driver, however large.
        "spark.driver.maxResultSize": "0",
        "spark.driver.memory": "4g",
        # Rows are megabytes here, and thousands the rule.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "8",
        # Spark works a task a core; threads within a task would only be in each other's way.
        "spark.executorEnv.POLARS_MAX_THREADS": "1",
    }
    if master.startswith("local"):
        settings |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(folder),
            "spark.executorEnv.PYTHONPATH": str(Path(banyan.__file__).parents[1]),
            "spark.executor.extraJavaOptions": logging,
        }
    return settings


def _home_elsewhere() -> str:
    """Spark's own files under another folder: a local cluster writes into the one it is in."""
    home = _folder() / "home"
    home.mkdir()
    installed = Path(os.environ.get("SPARK_HOME") or pyspark.__path__[0])
    for part in installed.iterdir():
        if part.name != "work":
            (home / part.name).symlink_to(part)
    return str(home)


class SparkCourier:
    """A courier (see `banyan.pipeline.courier.Courier`) for the letters of one replay."""

    def __init__(
        self, session: SparkSession, files: EventFiles, wanted: Mapping[str, Kind]
    ) -> None:
        self.session = session
        cores = session.sparkContext.defaultParallelism
        size = (files.bytes or 0) // BYTES_A_SHARD
        self.shards = int(min(max(2 * cores, size), max(2 * cores, MOST_SHARDS)))
        reading = partial(_read_files, files.files, dict(wanted))
        self._log = self._lasting(
            # A shuffle, so that the pieces of one large file do not stay with who read it.
            session.range(0, len(files.files), 1, len(files.files))
            .mapInArrow(reading, _PIECES)
            .repartitionById(self.shards, expr("file + number"))
        )
        # What was written, and to which rounds.
        self._kept: list[tuple[DataFrame, frozenset[int]]] = []

    def pieces(self) -> list[Piece]:
        """Read the files; what lies ready, in any order. Raises BadFile."""
        rows = self._log.select(*Piece._fields).collect()
        pieces = [Piece(*row) for row in rows]
        if any(piece.height < 0 for piece in pieces):
            refused = self._log.where("height < 0").select("data").collect()
            delivered(Letter(DONE, 0, PROBLEM, bytes(row.data)) for row in refused)
        return pieces

    def open(self, work: Opening, run: Run) -> Inbox:
        """Let `work` write letters about every piece; what came home."""
        return self._written(self._log, partial(_open_pieces, work, run, _hash()))

    def deliver(self, round_: int, work: Round, run: Run) -> Inbox:
        """Let `work` read every shard's letters of a round and write others; what came home."""
        sent = [f.where(f"round = {round_}") for f, rounds in self._kept if round_ in rounds]
        if not sent:
            return Inbox(0, self.shards)
        letters = reduce(DataFrame.union, sent).repartitionById(self.shards, "shard")
        return self._written(letters, partial(_work_shard, work, run, _hash()))

    def _written(self, frame: DataFrame, work: Callable[..., Iterator[pa.RecordBatch]]) -> Inbox:
        written = self._lasting(frame.mapInArrow(work, _LETTERS))
        rows = written.where(f"round = {DONE}").collect()
        letters = [Letter(r["round"], r.shard, r["name"], bytes(r.data)) for r in rows]
        rounds = frozenset(n for letter in letters if letter.name == _ROUNDS for n in letter.data)
        self._kept.append((written, rounds))
        return delivered(letter for letter in letters if letter.name != _ROUNDS)

    @staticmethod
    def _lasting(frame: DataFrame) -> DataFrame:
        """The frame, kept where it is made and read from there.

        `persist` would keep how it was made as well, and every round is made from all before it:
        the plan would double with each. So a worker that is lost ends the replay.
        """
        return frame.localCheckpoint(eager=False, storageLevel=StorageLevel.DISK_ONLY)


# On the workers


def _read_files(
    files: tuple[EventFile, ...],
    wanted: dict[str, Kind],
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """The files named by number, as pieces of typed events; a Problem as a piece without height."""
    for batch in batches:
        for index in batch.column(0).to_pylist():
            try:
                pieces = files[index].read(wanted, ROWS_A_PIECE)
                for number, (frame, _) in enumerate(pieces):
                    row = (*piece_of(index, number, frame), packed(frame))
                    yield _batch([row], _PIECE_TYPES)
            except Problem as found:
                yield _batch([(index, -1, -1, 0, None, problem(found).data)], _PIECE_TYPES)


def _open_pieces(
    work: Opening, run: Run, alike: int, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    def written() -> Iterator[Letter]:
        _assert_alike(alike)
        for batch in batches:
            for row in batch.to_pylist():
                place = run.places.get((row["file"], row["number"]))
                if place is not None:
                    yield from work(run, place, unpacked(row["data"]))

    yield from _sent(written())


def _work_shard(
    work: Round, run: Run, alike: int, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    def written() -> Iterator[Letter]:
        _assert_alike(alike)
        inbox: Inbox | None = None
        for batch in batches:
            for row in batch.to_pylist():
                inbox = inbox or Inbox(row["shard"], run.shards)
                inbox.put(row["name"], row["data"])
        if inbox is not None:
            yield from work(run, inbox)

    yield from _sent(written())


def _sent(letters: Iterator[Letter]) -> Iterator[pa.RecordBatch]:
    """Letters as rows, some megabytes at a time; in place of an exception its letter.

    The last one tells which rounds they are for.
    """
    waiting: list[Letter] = []
    size = 0
    rounds: set[int] = set()
    try:
        for letter in letters:
            waiting.append(letter)
            rounds.add(letter.round)
            size += len(letter.data)
            if size > _BATCH_BYTES:
                yield _batch(waiting, _LETTER_TYPES)
                waiting, size = [], 0
    except Problem as found:
        waiting.append(problem(found))
    waiting.append(Letter(DONE, 0, _ROUNDS, bytes(rounds - {DONE})))
    yield _batch(waiting, _LETTER_TYPES)


def _batch(rows: Iterable[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(c, kind.type) for c, kind in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _hash() -> int:
    """What a key is on this machine: shards must agree on it."""
    return int(pl.select(pl.lit("banyan").hash(1)).item())


def _assert_alike(alike: int) -> None:
    if _hash() != alike:
        raise NoSpark(_NOT_ALIKE)
