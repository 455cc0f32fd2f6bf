"""The benchmark: how fast a log becomes tables, against limits measured in the same run.

Every part runs in a process of its own, so that its memory is its own and nothing is warm that a
user's command would find cold but the file itself. Wall-clock times on an otherwise idle machine.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl

from banyan.engine import Book, Program, State, compile_book, empty, step
from banyan.engine.raw import from_frame
from banyan.growth.planning import eventlog
from banyan.growth.planning.benchmark import benchmark_log, benchmark_program
from banyan.pipeline.files import EventFiles

SIZE = 6_000_000
CHUNK = 500_000
STEPS = (1, 2, 5, 10, 20)
"""Millions of events whose cost is set side by side."""

LINES = 600_000
"""Events of the JSON Lines file that is read."""

SMALL = 20_000
"""Events behind the loaded state of the small batches: more than a live batch ever loads."""


@dataclass(frozen=True)
class Measure:
    """One figure with its limit; `better` says on which side of it is good."""

    name: str
    figure: float
    unit: str
    limit: float | None = None
    better: str = "more"

    @property
    def kept(self) -> bool:
        """Whether the limit is kept; a figure without a limit keeps it."""
        if self.limit is None:
            return True
        return self.figure >= self.limit if self.better == "more" else self.figure <= self.limit

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "name": self.name,
            "figure": self.figure,
            "unit": self.unit,
            "limit": self.limit,
            "kept": self.kept,
        }


def run_benchmark(
    events: int, *, linear: bool, progress: Callable[[str], None]
) -> Iterator[Measure]:
    """Measure everything at a size of log, most important first.

    `progress` is told what is being measured. Needs about 300 MB of disk at six million events.
    The limits hold for logs of that size: starting up weighs more in a small one.
    """
    for measure in _measured(events, linear=linear, progress=progress):
        yield measure if events >= SIZE else replace(measure, limit=None)


def _measured(events: int, *, linear: bool, progress: Callable[[str], None]) -> Iterator[Measure]:
    with tempfile.TemporaryDirectory(prefix="banyan-bench-") as name:
        folder = Path(name)
        progress(f"making a log of {events:,} events")
        log = _apart(_make, folder, events)
        progress("one scan and group-by of the same columns")
        scan = min(_apart(_scan, log)["seconds"] for _ in range(2))
        yield Measure("one Polars scan and group-by of the same columns", scan, "s")
        progress("replay in one gulp")
        gulp = _apart(_replay, log, 10**9)
        count, seconds = gulp["events"], gulp["seconds"]
        yield Measure("replay, Parquet to all tables", seconds, "s")
        yield Measure("replay, events a second", count / seconds, "/s", 500_000)
        yield Measure("replay : scan and group-by", seconds / scan, "x", 12, "less")
        yield Measure("replay, memory at most", gulp["memory"] / 2**30, "GiB", 6, "less")
        yield Measure("decisions", gulp["decisions"], "rows")
        progress(f"replay in chunks of {CHUNK:,}")
        chunks = _apart(_replay, log, CHUNK)
        yield Measure("in chunks : in one gulp", chunks["seconds"] / seconds, "x", 1.5, "less")
        progress("writing the tables too")
        written = _apart(_replay_and_write, log, folder / "out")
        yield Measure("replay with the tables written as Parquet", written["seconds"], "s")
        progress("small batches")
        small = _apart(_small_batches, folder)
        yield Measure("one click, median", small["click"], "ms", 5, "less")
        yield Measure("one order, median", small["order"], "ms", 15, "less")
        yield Measure("1,000 events, median", small["thousand"], "ms", 40, "less")
        progress("JSON Lines")
        lines = _apart(_json_lines, folder)
        yield Measure("JSON Lines read, events a second", lines["rate"], "/s", 300_000)
        if linear:
            yield from _linear(folder, progress)


def _linear(folder: Path, progress: Callable[[str], None]) -> Iterator[Measure]:
    """Seconds a million at sizes from 1 to 20 million, in the chunks that `banyan replay` takes,
    and what each million beyond the size before took.

    A short log is cheap, since its first chunk finds nobody to look up.
    """
    before_s, before, costs = 0.0, 0, []
    for millions in STEPS:
        progress(f"{millions} million events")
        log = _apart(_make, folder, millions * 1_000_000)
        run = _apart(_replay, log, None)
        log.unlink()
        seconds, events = run["seconds"], run["events"]
        costs.append(seconds / events * 1e6)
        beyond = (seconds - before_s) / (events - before) * 1e6
        before_s, before = seconds, events
        yield Measure(f"{millions} million events: a million takes", costs[-1], "s")
        yield Measure(f"{millions} million events: a million beyond", beyond, "s")
        yield Measure(f"{millions} million events: memory", run["memory"] / 2**30, "GiB")
    dearest = max(costs) / min(costs)
    yield Measure("a million in the dearest log : in the cheapest", dearest, "x", 1.5, "less")


def _apart(part: Callable[..., Any], *arguments: Any) -> Any:
    """Run a part in a fresh process and give its result."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(part, arguments)


def _peak() -> int:
    """Peak resident memory of this process in bytes (Linux counts kibibytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _make(folder: Path, events: int) -> Path:
    """A log of dotted columns: Polars reads them three times as fast as the fields of structs."""
    log = folder / f"log-{events}.parquet"
    nested = folder / f"nested-{events}.parquet"
    eventlog.write(benchmark_log(events).frames(), nested)
    flat = pl.scan_parquet(nested).unnest("properties", "traits", "context", separator=".")
    flat.unnest(
        "context.device", "context.campaign", "context.library", separator="."
    ).sink_parquet(log)
    nested.unlink()
    log.with_suffix(".yaml").write_text(benchmark_program(events), encoding="utf-8")
    return log


def _book(log: Path) -> Book:
    return compile_book([Program.load(log.with_suffix(".yaml"))])


def _scan(log: Path) -> dict[str, float]:
    """What reading the same columns and grouping them by person costs Polars itself."""
    started = time.perf_counter()
    columns = [
        pl.col("type"),
        pl.col("messageId"),
        pl.col("anonymousId"),
        pl.col("timestamp"),
        pl.col("event"),
        *(pl.col(f"properties.{n}").alias(n) for n in ("order_id", "currency", "total", "code")),
    ]
    scan = pl.scan_parquet(log).select("userId", *columns)
    names = [n for n in scan.collect_schema().names() if n != "userId"]
    grouped = scan.group_by("userId").agg(
        pl.len(), pl.col("total").sum().alias("sum"), *(pl.col(n).max() for n in names)
    )
    rows = grouped.collect().height
    return {"seconds": time.perf_counter() - started, "rows": rows}


def _replay(log: Path, chunk: int | None) -> dict[str, float]:
    """From the file to the six tables in memory; those of a chunk make room for the next one's, as
    `banyan replay` lets them go when they are written."""
    started = time.perf_counter()
    book = _book(log)
    state = empty()
    events = decisions = 0
    for raw in EventFiles([log]).read(book.wanted, rows_per_chunk=chunk):
        outcomes, state = step(book, state, raw)
        events += raw.height
        decisions += outcomes.decisions.height
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "events": events, "decisions": decisions, "memory": _peak()}


def _replay_and_write(log: Path, out: Path) -> dict[str, float]:
    from banyan.pipeline.runs import run_replay

    program = log.with_suffix(".yaml")
    run = run_replay(
        [Program.load(program)],
        [str(log)],
        paths=[str(program)],
        out=out,
        batch=None,
        until=None,
        seeds={},
        form="parquet",
        engine="local",
        progress=lambda done, whole, note: None,
    )
    return {"seconds": run.figures["seconds"]}


def _small_batches(folder: Path) -> dict[str, float]:
    """Medians in milliseconds of steps over few events, their state already loaded."""
    book = compile_book([Program.parse(benchmark_program(SMALL))])
    raw = from_frame(benchmark_log(SMALL).frame(), book.wanted)
    half = raw.height // 2
    _, before = step(book, empty(), raw[:half])
    state = _loaded(before)
    single: dict[str, list[float]] = {}
    for place in range(half, half + 1_500):
        event = raw[place : place + 1]
        started = time.perf_counter()
        step(book, state, event)
        single.setdefault(event["event"][0], []).append(time.perf_counter() - started)
    thousand = [_timed(book, state, raw[half + 1_500 : half + 2_500]) for _ in range(20)]
    return {
        "click": 1000 * statistics.median(single["Referral Link Clicked"]),
        "order": 1000 * statistics.median(single["Order Completed"]),
        "thousand": 1000 * statistics.median(thousand),
    }


def _loaded(state: State) -> State:
    """A state as it comes from a database: every frame in one piece, of running counts the last."""
    return state.but(**{name: rows.rechunk() for name, rows in state.changes().rows.items()})


def _timed(book: Book, state: State, raw: pl.DataFrame) -> float:
    started = time.perf_counter()
    step(book, state, raw)
    return time.perf_counter() - started


def _json_lines(folder: Path) -> dict[str, float]:
    log = folder / "log.jsonl"
    eventlog.write(benchmark_log(LINES).frames(), log)
    book = compile_book([Program.parse(benchmark_program(LINES))])
    started = time.perf_counter()
    chunks = EventFiles([log]).read(book.wanted, rows_per_chunk=200_000)
    events = sum(chunk.height for chunk in chunks)
    return {"rate": events / (time.perf_counter() - started)}
