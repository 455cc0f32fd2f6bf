"""shards: a replay on Spark, for logs that one machine does not hold.

The same stages decide as on one machine (`banyan.pipeline.rounds` says which, by what key), so the
tables are the same to the byte. One process on one machine is several times faster: a round costs
seconds whatever its size, and every event is shuffled about four times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Any

import polars as pl

from banyan.engine.language.book import Book
from banyan.engine.replay import EPOCH
from banyan.engine.stages.attribute import Attribution
from banyan.engine.stages.post import TRANSFERS, postings
from banyan.engine.stages.settle import RELEASES, REVERSALS, Settlement
from banyan.engine.stages.wallets import SPENDING
from banyan.engine.state import SCHEMAS, empty
from banyan.engine.step import Outcomes
from banyan.engine.tables import outcomes
from banyan.pipeline.courier import Courier, NoSpark, Piece, Place, Run
from banyan.pipeline.files import STANDARD_INPUT, EventFiles
from banyan.pipeline.mail import Inbox, together
from banyan.pipeline.rounds import (
    MESSAGES,
    ROUNDS,
    open_piece,
    use_messages,
    use_once,
)

Progressing = Callable[[float, float | None, str], None]

FAULTS = {"position": pl.Int64, "message_id": pl.String, "code": pl.String}


def replay_on_spark(
    book: Book, files: EventFiles, *, until: datetime | None, progress: Progressing
) -> tuple[Outcomes, int]:
    """A whole replay on Spark: its six tables, and how many positions the log has.

    Workers read the files, so they must find them under the same paths, and the same versions of
    Banyan and Polars with them. The tables come to this process: it must hold them. Raises NoSpark
    where Spark cannot be had, BadFile for a file that cannot be read.
    """
    if any(file.path == STANDARD_INPUT for file in files.files):
        raise NoSpark(
            "With --engine spark workers read the events, and they cannot see standard input (-); "
            "write it to a file and name that."
        )
    if find_spec("pyspark") is None or find_spec("pandas") is None:
        raise NoSpark("--engine spark needs PySpark and pandas: pip install 'banyan[spark]'")
    # Only now: without the extra there is nothing to import.
    from banyan.pipeline.spark import SparkCourier, spark_session

    with spark_session() as session:
        courier = SparkCourier(session, files, book.wanted)
        return replay_by_shards(book, files, courier, until=until, progress=progress)


def replay_by_shards(
    book: Book,
    files: EventFiles,
    courier: Courier,
    *,
    until: datetime | None,
    progress: Progressing,
) -> tuple[Outcomes, int]:
    """The same with any courier."""
    steps = len(ROUNDS) + 3
    closing = None if until is None else (until - EPOCH) // timedelta(microseconds=1)
    progress(0, steps, "reading")
    pieces = [piece for piece in sorted(courier.pieces()) if piece.height]
    run = Run(book, courier.shards, closing, _places(pieces))
    progress(1, steps, "message ids")
    order = courier.open(use_messages, run).find("order", by="out_of_order")
    files.was_read(
        events=run.last,
        without_message_id=sum(piece.nameless for piece in pieces),
        out_of_order=0 if order is None else int(order["out_of_order"].sum()),
    )
    run = _with_messages(run, courier.deliver(MESSAGES, use_once, run))
    progress(2, steps, f"{run.last:,} events")
    home = [courier.open(open_piece, run)]
    run = replace(run, used={})
    for number, (round_, (work, about)) in enumerate(ROUNDS.items(), start=3):
        progress(number, steps, about)
        home.append(courier.deliver(round_, work, run))
    progress(steps, steps, f"{run.last:,} events")
    return _outcomes(run, _gathered(home)), run.last


def _places(pieces: list[Piece]) -> dict[tuple[int, int], Place]:
    """Where each piece stands in the log, of which they are all in order."""
    places: dict[tuple[int, int], Place] = {}
    first = 1
    latest: int | None = None
    for number, piece in enumerate(pieces):
        places[piece.file, piece.number] = Place(number, first, piece.height, latest)
        first += piece.height
        times = [time for time in (latest, piece.latest) if time is not None]
        latest = max(times, default=None)
    return places


def _with_messages(run: Run, home: Inbox) -> Run:
    """What the message ids tell: which are used twice, and how log time runs."""
    again = home.find("again", by="piece")
    used = {}
    if again is not None:
        columns = list(SCHEMAS["seen"])
        parts = again.partition_by("piece", as_dict=True)
        used = {int(index): rows.select(columns).unique() for (index,), rows in parts.items()}
    times: dict[int, int] = {}
    found = home.find("times", by="piece")
    if found is not None:
        most = found.group_by("piece").agg(pl.col("at").max())
        times = dict(most.select("piece", "at").rows())
    ends: list[int | None] = []
    log: int | None = None
    for place in run.places.values():
        here = times.get(place.number)
        log = here if log is None else log if here is None else max(log, here)
        ends.append(log)
    return replace(run, used=used, ends=tuple(ends))


def _gathered(inboxes: Sequence[Inbox]) -> Mapping[str, pl.DataFrame]:
    """What came home, by name."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for inbox in inboxes:
        for name, found in inbox.frames.items():
            frames.setdefault(name, []).extend(found)
    return {name: together(found) for name, found in frames.items()}


def _outcomes(run: Run, home: Mapping[str, pl.DataFrame]) -> Outcomes:
    """The tables out of what the shards sent home, in their order."""
    none = pl.DataFrame()

    def blank(schema: Mapping[str, Any]) -> pl.DataFrame:
        return pl.DataFrame(schema=dict(schema))

    decided = ["position", "line", "place"]
    grants = home.get("grants", blank(SCHEMAS["grants"])).sort(decided)
    # Shards numbered theirs apart; here all are numbered as one process would have done.
    numbers = grants.select("grant").with_row_index("number").cast(pl.Int64)

    def renumbered(rows: pl.DataFrame) -> pl.DataFrame:
        found = rows.join(numbers, on="grant", how="left", maintain_order="left")
        return found.with_columns(grant="number").drop("number")

    grants = renumbered(grants)
    state = empty().but(grants=grants, grants_made=grants.height)
    spent = home.get("spending", blank(SPENDING))
    transfers = renumbered(home.get("transfers", blank(TRANSFERS)))
    decisions = home.get("decisions", none)
    tables = outcomes(
        run.book,
        state,
        home["referrals"].sort("join_position", "line") if "referrals" in home else none,
        Attribution(none, home.get("lost", none), home.get("unknown", blank(FAULTS))),
        Settlement(
            decisions if decisions.is_empty() else decisions.sort(decided),
            grants,
            renumbered(home.get("reversals", blank(REVERSALS))),
            blank(RELEASES),
        ),
        postings(run.book, state, transfers, spent),
        home.get("faults", blank(FAULTS)),
    )
    return Outcomes(*tables)
