"""A log replayed in one gulp and in pieces, whose tables must be the same to the byte."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import polars as pl

from banyan.engine import Outcomes, Program, compile_book, replay, replay_batches
from banyan.engine.raw import from_frame
from banyan.pipeline.tables import TableWriter


def in_one(texts: Sequence[str], events: pl.DataFrame) -> Outcomes:
    """What programs, given as YAML, decide over public events."""
    return replay([Program.parse(text) for text in texts], events)


def differing(
    texts: Sequence[str],
    events: pl.DataFrame,
    whole: Outcomes,
    *,
    cuts: Sequence[int],
    folder: Path,
) -> list[str]:
    """Names of tables whose files differ from those of `whole` when the log is cut before `cuts`
    (rows, ascending); a law of the engine says: none."""
    book = compile_book([Program.parse(text) for text in texts])
    raw = from_frame(events, book.wanted)
    edges = [0, *cuts, raw.height]
    batches = (raw[start:stop] for start, stop in pairwise(edges))
    with TableWriter(folder / "cut", "parquet") as writer:
        for part in replay_batches(book, batches):
            writer.append(part._asdict())
    with TableWriter(folder / "whole", "parquet") as writer:
        writer.append(whole._asdict())
    files = [f"{name}.parquet" for name in Outcomes._fields]
    return [
        file
        for file in files
        if (folder / "cut" / file).read_bytes() != (folder / "whole" / file).read_bytes()
    ]


def unbalanced(outcomes: Outcomes) -> pl.DataFrame:
    """Transfers whose postings do not sum to zero; the books' law says: none."""
    sums = outcomes.postings.group_by("transfer_id", "unit").agg(pl.col("amount").sum())
    return sums.filter(pl.col("amount") != 0)
