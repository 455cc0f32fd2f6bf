"""sample: the demonstration's log and programs in an installation that ran for a year, as it were.

The year is moved by whole weeks so that it ends now; nothing else of it changes. What is decided
here is decided by the worker, like everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from banyan.core.events import read as log
from banyan.core.events.acts import append_one
from banyan.growth.planning import eventlog
from banyan.insight.segments.acts import refresh_all
from banyan.kernel.errors import Problem
from banyan.pipeline.importing.columns import Order
from banyan.pipeline.importing.run import Progressing, Reading, run_import
from banyan.pipeline.leader import leading
from banyan.pipeline.publish import publish, settled
from banyan.pipeline.verify import Report
from banyan.pipeline.verify import run as verified
from banyan.pipeline.wait import cursor_position
from banyan.pipeline.worker import Worker

ACTOR = "cli:demo"
WEEK = timedelta(weeks=1)
PATIENCE_S = 30.0


class OtherLog(Problem):
    """An installation that holds something else already."""


@dataclass(frozen=True)
class Loaded:
    """What was loaded; `weeks` is by how many the log was moved."""

    events: int
    weeks: int
    report: Report


def is_loaded(first: str) -> bool:
    """Whether the log is the sample's: it begins with the event of that id. Raises OtherLog."""
    if log.head() == 0:
        return False
    if log.at(1)["message_id"].to_list() != [first]:
        raise OtherLog(
            "BANYAN_HOME: this installation holds other events, and the demo goes into an empty "
            "one; name another folder, such as: BANYAN_HOME=banyan-demo"
        )
    return True


def first_id(file: Path) -> str:
    """The id of a log's first event."""
    return str(pl.scan_parquet(file).select("messageId").first().collect().item())


def load(
    file: Path,
    programs: Mapping[str, str],
    *,
    names: Iterable[str],
    now: datetime,
    progress: Progressing,
) -> Loaded:
    """Publish the programs, append the log's events and decide them; then prove the ledger.

    `file` is the demonstration's log as Parquet, `programs` texts by name, `names` the households
    that get a name and an address to sign in by, which are made up and labelled as simulated.
    """
    for name, text in programs.items():
        row = publish(ACTOR, _open(text), starts_at=None, now=now, name=f"{name}.yaml")
        settled(row.program, row.number, timeout_s=PATIENCE_S)
    moved = file.with_name("events-now.parquet")
    weeks = _move(file, moved, now)
    report = file.with_name("import-report.csv")
    run_import(
        [str(moved)],
        Order(),
        now=now,
        reading=Reading(),
        report=report,
        dry_run=False,
        progress=progress,
    )
    for household in names:
        append_one(ACTOR, _introduced(household), now=now)
    _decide(progress)
    refresh_all(now=now)
    return Loaded(log.head(), weeks, verified())


def _open(text: str) -> str:
    """A program without the dates of the real year: it runs on."""
    return "".join(line for line in text.splitlines(True) if not line.startswith("runs:"))


def _move(file: Path, to: Path, now: datetime) -> int:
    events = pl.read_parquet(file)
    last = events["timestamp"].max()
    assert isinstance(last, datetime)
    weeks = (now - last) // WEEK
    later = events.with_columns(pl.col("timestamp") + timedelta(weeks=weeks))
    eventlog.write(iter([later]), to)
    return weeks


def _introduced(household: str) -> dict[str, object]:
    traits = {"name": household.replace("-", " ").title(), "email": f"{household}@example.com"}
    return {
        "type": "identify",
        "messageId": f"demo-introduced-{household}",
        "userId": household,
        "traits": traits,
        "context": {"library": {"name": eventlog.LIBRARY}},
    }


def _decide(progress: Progressing) -> None:
    with leading() as leads:
        if not leads:
            raise OtherLog("Another worker is at work on this installation; stop it first.")
        worker, whole = Worker(), log.head()
        while worker.advance():
            at = cursor_position()
            progress(at, whole, f"{at:,} decided")
