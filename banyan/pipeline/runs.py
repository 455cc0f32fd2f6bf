"""Runs: replays and comparisons over event files, their tables written beside a summary."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from banyan.engine.compare import Comparison, compare
from banyan.engine.language.book import Book, compile_book
from banyan.engine.language.program import Program
from banyan.engine.replay import replay_batches
from banyan.engine.step import Outcomes
from banyan.engine.summary import Summary
from banyan.kernel.errors import Problem
from banyan.pipeline.files import STANDARD_INPUT, BadFile, EventFiles
from banyan.pipeline.tables import TableWriter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Progressing = Callable[[float, float | None, str], None]


@dataclass(frozen=True)
class Run:
    """A finished replay: its figures as in `summary.json`, and where its tables are."""

    figures: Mapping[str, Any]
    out: Path
    digits: Mapping[str, int]
    """Decimal places of each unit of money."""
    warnings: tuple[str, ...]


def run_replay(
    programs: Sequence[Program],
    events: Sequence[str],
    *,
    paths: Sequence[str],
    out: Path,
    batch: int | None,
    until: datetime | None,
    seeds: Mapping[str, str],
    form: str,
    engine: str,
    progress: Progressing,
) -> Run:
    """Replay event files and write the six tables and `summary.json` into `out`.

    `paths` names the program files for the summary. Raises Problem for anything a user can mend.
    """
    started = time.perf_counter()
    _check_seeds(programs, seeds)
    book = compile_book(programs, seeds=seeds)
    files = EventFiles(events)
    summary = Summary()
    with TableWriter(out, form) as writer:
        _write(writer, summary, _outcomes(book, files, batch, until, engine, progress))
        figures = {
            "programs": [_named(p, path) for p, path in zip(programs, paths, strict=True)],
            "inputs": list(events),
            "until": until.isoformat().replace("+00:00", "Z") if until else None,
            **summary.as_dict(),
            "cost": summary.cost().to_dicts(),
            "seconds": round(time.perf_counter() - started, 3),
        }
        writer.write_summary(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    return Run(figures, out, digits_by_unit(programs), files.warnings())


class UnknownSeed(Problem):
    """A seed for a program that does not run: a slip would silently give other draws."""


def _check_seeds(programs: Sequence[Program], seeds: Mapping[str, str]) -> None:
    slugs = sorted({program.program for program in programs})
    for slug in seeds:
        if slug not in slugs:
            raise UnknownSeed(
                f"--seed names program {slug!r}, which is not among those given: "
                f"{', '.join(slugs)}."
            )


def _write(writer: TableWriter, summary: Summary, parts: Iterator[tuple[Outcomes, int]]) -> None:
    """Write and count each batch's tables while the next batch is decided."""

    def keep(outcomes: Outcomes, count: int) -> None:
        summary.add(outcomes, events=count)
        writer.append(outcomes._asdict())

    with ThreadPoolExecutor(max_workers=1) as beside:
        kept: Future[None] | None = None
        for outcomes, count in parts:
            if kept is not None:
                kept.result()
            kept = beside.submit(keep, outcomes, count)
        if kept is not None:
            kept.result()


def _outcomes(
    book: Book,
    files: EventFiles,
    batch: int | None,
    until: datetime | None,
    engine: str,
    progress: Progressing,
) -> Iterator[tuple[Outcomes, int]]:
    if engine == "spark":
        from banyan.pipeline.shards import replay_on_spark

        yield replay_on_spark(book, files, until=until, progress=progress)
        return
    sizes: list[int] = []

    def batches() -> Iterator[pl.DataFrame]:
        for frame in files.read(book.wanted, rows_per_chunk=batch):
            sizes.append(frame.height)
            yield frame

    done = 0
    for number, outcomes in enumerate(replay_batches(book, batches(), until=until)):
        done += sizes[number]
        progress(files.bytes_read, files.bytes, f"{done:,} events")
        yield outcomes, sizes[number]


def _named(program: Program, path: str) -> dict[str, Any]:
    source = "" if path == "-" else Path(path).read_text(encoding="utf-8")
    return {
        "program": program.program,
        "version": program.version,
        "path": path,
        "sha256": sha256(source.encode()).hexdigest(),
        "source": source,
    }


def digits_by_unit(programs: Sequence[Program]) -> dict[str, int]:
    """Decimal places of the money units the programs give."""
    return {p.unit(give): p.minor_digits for p in programs for give in ("cash", "credit")}


@dataclass(frozen=True)
class Compared:
    """A finished comparison and where its tables are."""

    comparison: Comparison
    out: Path
    digits: Mapping[str, int]
    events: int
    seconds: float
    warnings: tuple[str, ...]


def run_compare(
    a: Program,
    b: Program,
    events: Sequence[str],
    *,
    out: Path,
    seeds: Mapping[str, str],
    form: str,
    progress: Progressing,
) -> Compared:
    """Replay the same files under two programs and write the comparison's tables into `out`.

    Raises Problem for anything a user can mend, among it standard input.
    """
    started = time.perf_counter()
    _check_seeds([a, b], seeds)
    if STANDARD_INPUT in events:
        raise BadFile(
            "Two programs read the events, and standard input (-) can be read only once; write it "
            "to a file and name that."
        )
    books = [
        compile_book([p], seeds={k: v for k, v in seeds.items() if k == p.program}) for p in (a, b)
    ]
    logs = [EventFiles(events) for _ in books]
    # Opened first: a folder that cannot take the tables must not cost two replays.
    with TableWriter(out, form) as writer:
        sides = []
        for number, (book, files) in enumerate(zip(books, logs, strict=True)):
            half = _half(progress, number)
            parts = _outcomes(book, files, None, None, "local", half)
            sides.append(_together([outcomes for outcomes, _ in parts]))
        comparison = compare(*sides)
        seconds = time.perf_counter() - started
        writer.append(comparison._asdict())
        figures = {
            "a": _named_short(a),
            "b": _named_short(b),
            "inputs": list(events),
            "events": logs[-1].events_read,
            "totals": comparison.totals.to_dicts(),
            "rewards": comparison.rewards.to_dicts(),
            "reasons": comparison.reasons.to_dicts(),
            "seconds": round(seconds, 3),
        }
        writer.write_summary(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    digits = digits_by_unit([a, b])
    return Compared(comparison, out, digits, logs[-1].events_read, seconds, logs[-1].warnings())


def _half(progress: Progressing, number: int) -> Progressing:
    """Each of the two replays is half of the work."""

    def shown(done: float, whole: float | None, note: str) -> None:
        if whole:
            progress(done + number * whole, 2 * whole, note)
        else:
            progress(done, None, note)

    return shown


def _together(parts: Sequence[Outcomes]) -> Outcomes:
    return Outcomes(*(pl.concat(tables, rechunk=False) for tables in zip(*parts, strict=True)))


def _named_short(program: Program) -> dict[str, Any]:
    return {"program": program.program, "version": program.version}
