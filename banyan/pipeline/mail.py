"""mail: frames on their way between shards.

A log that is too large for one process is decided in rounds. In a round every shard reads the
frames addressed to it and writes letters to shards of later rounds; what is addressed to `DONE`
goes home to the driver. A frame travels as the bytes of Polars' own format: Spark and Arrow know
neither 128-bit integers nor unsigned keys, and a shuffle of a few large rows is a cheap one.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NamedTuple

import polars as pl

from banyan.kernel.errors import Problem

DONE = -1
"""Round of what is finished: it goes to the driver."""

PROBLEM = "problem"
"""Name of a letter that holds a Problem instead of a frame: the run ends with it."""

_LARGEST_BYTES = 4 << 20


class Letter(NamedTuple):
    """One frame, to whom it goes and what it is."""

    round: int
    shard: int
    name: str
    data: bytes


@dataclass
class Inbox:
    """What one shard was sent for one round."""

    shard: int
    shards: int
    frames: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def put(self, name: str, data: bytes) -> None:
        """Take in a letter."""
        self.frames.setdefault(name, []).append(unpacked(data))

    def get(self, name: str, schema: Mapping[str, Any], *, by: str | Sequence[str]) -> pl.DataFrame:
        """The rows of that name, sorted, since letters arrive in any order; else none of `schema`.

        `by` must tell the rows apart, or be all that their order means.
        """
        frames = self.frames.get(name)
        if not frames:
            return pl.DataFrame(schema=dict(schema))
        return together(frames).sort(by)

    def find(self, name: str, *, by: str | Sequence[str]) -> pl.DataFrame | None:
        """The same; None if there are none."""
        frames = self.frames.get(name)
        return together(frames).sort(by) if frames else None

    def named(self, start: str) -> list[str]:
        """The names that begin so, sorted."""
        return sorted(name for name in self.frames if name.startswith(start))


def together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Frames of the same columns, in whatever order, as one."""
    if len(frames) == 1:
        return frames[0]
    columns = frames[0].columns
    return pl.concat([frame.select(columns) for frame in frames])


def letters(frame: pl.DataFrame, round_: int, shard: int, name: str) -> Iterator[Letter]:
    """A frame to one shard, in pieces of a few megabytes; none for an empty frame."""
    if frame.is_empty():
        return
    rows = max(1, frame.height * _LARGEST_BYTES // max(1, int(frame.estimated_size())))
    for start in range(0, frame.height, rows):
        yield Letter(round_, shard, name, packed(frame[start : start + rows]))


def by_key(
    frame: pl.DataFrame, key: str | pl.Expr, round_: int, name: str, shards: int
) -> Iterator[Letter]:
    """Each row to the home of its key; rows whose key is null to nobody."""
    if frame.is_empty():
        return
    key = pl.col(key) if isinstance(key, str) else key
    yield from by_shard(frame.with_columns(home(key, shards).alias("_to")), round_, name)


def by_shard(frame: pl.DataFrame, round_: int, name: str) -> Iterator[Letter]:
    """Each row to the shard in its column `_to`; nulls to nobody."""
    parts = frame.filter(pl.col("_to").is_not_null()).partition_by("_to", as_dict=True)
    for (shard,), rows in sorted(parts.items()):
        yield from letters(rows.drop("_to"), round_, shard, name)


def to_all(frame: pl.DataFrame, round_: int, to: Iterable[int], name: str) -> Iterator[Letter]:
    """A frame to every shard named."""
    for shard in to:
        yield from letters(frame, round_, shard, name)


def home(key: pl.Expr, shards: int) -> pl.Expr:
    """The shard a key lives on; null for null."""
    return (key % pl.lit(shards, dtype=pl.UInt64)).cast(pl.Int32)


def packed(frame: pl.DataFrame) -> bytes:
    """A frame as bytes, to be read by the same version of Polars."""
    stream = BytesIO()
    frame.write_ipc_stream(stream)
    return stream.getvalue()


def unpacked(data: bytes) -> pl.DataFrame:
    """The frame behind the bytes."""
    return pl.read_ipc_stream(BytesIO(data))


def problem(found: Problem) -> Letter:
    """A Problem on its way to the driver."""
    return Letter(DONE, 0, PROBLEM, pickle.dumps(found))


def delivered(found: Iterable[Letter]) -> Inbox:
    """Letters that came home. Raises the Problem among them, if there is one."""
    inbox = Inbox(0, 1)
    for letter in found:
        if letter.name == PROBLEM:
            raise pickle.loads(letter.data)
        inbox.put(letter.name, letter.data)
    return inbox
