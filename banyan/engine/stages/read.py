"""read: raw events become typed events with a position and a log time, or rejects.

An event is dropped, never the run: what cannot be used is a row of `rejects` with a code and a
sentence, and a `messageId` already used makes an event a silent duplicate. Neither moves log time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import SCALE, Book
from banyan.engine.state import State

TYPES = ("track", "identify", "page", "screen", "group", "alias")

LARGEST = 10**12 * SCALE

SENTENCES = {
    "bad_json": "The line is not one JSON object; write one object a line.",
    "bad_timestamp": "`timestamp` is missing or not RFC 3339 with an offset, "
    "such as 2026-01-31T08:00:00Z.",
    "no_id": "The event has neither `userId` nor `anonymousId`; give one of them.",
    "bad_type": "`type` is none of track, identify, page, screen, group, alias.",
    "no_event": "A track event needs a name in `event`.",
    "number_too_large": "A number property is larger than 10^12; check its unit.",
    "unknown_code": "The referral code is unknown at this position and no advocate is named.",
}


class Events(NamedTuple):
    """Events that count, and what kinds are among them, so that a stage with nothing to do ends
    before it starts: most batches of a live line hold one event."""

    frame: pl.DataFrame
    names: frozenset[str]
    """Names of track events."""
    types: frozenset[str]

    def any_named(self, *names: str) -> bool:
        """Whether there is a track event of one of these names."""
        return not self.names.isdisjoint(names)

    def named(self, names: Iterable[str], columns: Sequence[str]) -> pl.DataFrame:
        """The track events of these names with these columns."""
        asked = self.names.intersection(names)
        rows = self.frame[list(columns)]
        if not asked:
            return rows.clear()
        if asked == self.names and self.types == {"track"}:
            return rows
        name = self.frame["event"]
        return rows.filter(reduce(or_, [name == each for each in asked]))


def read(
    book: Book, state: State, raw: pl.DataFrame, *, closing: int | None = None
) -> tuple[Events, pl.DataFrame, State]:
    """Type, number and de-duplicate a batch.

    `raw` has the columns of `book.wanted` and `bad_json`; `position` when the caller numbers the
    events itself; `left_out` marks events that only keep their positions. `closing` is the time to
    which log time moves at the last position of the batch. Returns the events that count
    (`position`, `at`, `log`, `type`, `event`, `user`, `anonymous`, their keys, and every wanted
    property), the rejects (`position`, `message_id`, `code`) and the state with position, log time
    and message ids moved on.
    """
    if "position" not in raw.columns:
        first = state.position + 1
        positions = pl.int_range(first, first + raw.height, dtype=pl.Int64, eager=True)
        raw = raw.hstack([positions.alias("position")])
    last = state.position if raw.is_empty() else int(raw["position"][-1])
    if "left_out" in raw.columns:
        raw = raw.filter(~pl.col("left_out"))
    faults = _faults(book, raw)
    if not faults.is_empty():
        raw = raw.join(faults, on="position", how="anti", maintain_order="left")
    raw, seen = _first_of_message(raw, state)
    frame = _typed(book, raw, state)
    log = state.log if frame.is_empty() else int(frame["log"][-1])
    if closing is not None and last > 0:
        log = closing if log is None else max(log, closing)
        at_last = pl.when(pl.col("position") == last).then(log).otherwise(pl.col("log"))
        frame = frame.with_columns(log=at_last)
    return events_of(frame), faults, state.plus(seen=seen).but(position=last, log=log)


def events_of(frame: pl.DataFrame) -> Events:
    """Rows of `read` as events again, whichever of its columns and rows they are.

    Needs `event` and `type`; rows must stand in position order.
    """
    return Events(frame, _present(frame["event"]), _present(frame["type"]))


_NO_FAULTS = pl.DataFrame(schema={"position": pl.Int64, "message_id": pl.String, "code": pl.String})


def _faults(book: Book, raw: pl.DataFrame) -> pl.DataFrame:
    """Rejects of the batch: (position, message_id, code)."""
    if _sound(book, raw):
        return _NO_FAULTS
    rows = raw.select(
        "position", pl.col("messageId").alias("message_id"), _fault(book).alias("code")
    )
    return rows.filter(pl.col("code").is_not_null())


def _sound(book: Book, raw: pl.DataFrame) -> bool:
    """Whether a glance at whole columns tells that no event has a fault: the usual case."""
    if raw["timestamp"].null_count() or raw["bad_json"].any():
        return False
    if raw["event"].null_count() and _any(raw, _unnamed()):
        return False
    if raw["userId"].null_count() and raw["anonymousId"].null_count() and _any(raw, _nobody()):
        return False
    if raw["type"].null_count() or not _present(raw["type"]).issubset(TYPES):
        return False
    return not any(_is_large(raw[name]) for name in book.too_large)


def _any(raw: pl.DataFrame, check: pl.Expr) -> bool:
    return bool(raw.select(check.any()).item())


def _is_large(numbers: pl.Series) -> bool:
    least, most = numbers.min(), numbers.max()
    return isinstance(least, int) and isinstance(most, int) and max(-least, most) > LARGEST


def _nobody() -> pl.Expr:
    return pl.col("userId").is_null() & pl.col("anonymousId").is_null()


def _unnamed() -> pl.Expr:
    return (pl.col("type") == "track") & pl.col("event").is_null()


def _too_large(book: Book) -> pl.Expr:
    return pl.any_horizontal(
        (pl.col(name) > LARGEST) | (pl.col(name) < -LARGEST) for name in book.too_large
    )


def _fault(book: Book) -> pl.Expr:
    """The first failing check's code; null for a good event."""
    return (
        pl.when(pl.col("bad_json"))
        .then(pl.lit("bad_json"))
        .when(pl.col("timestamp").is_null())
        .then(pl.lit("bad_timestamp"))
        .when(_nobody())
        .then(pl.lit("no_id"))
        .when(~pl.col("type").is_in(TYPES).fill_null(False))
        .then(pl.lit("bad_type"))
        .when(_unnamed())
        .then(pl.lit("no_event"))
        .when(_too_large(book))
        .then(pl.lit("number_too_large"))
    )


def _first_of_message(raw: pl.DataFrame, state: State) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose message id was not used before, and the ids they use up."""
    given = pl.col("messageId")
    if raw["messageId"].null_count():
        given = pl.coalesce(given, pl.col("position").cast(pl.String))
    ids = raw.select(given.alias("message_id"), given.hash(1).alias("key"))
    fresh = None
    if ids.height > 1 and ids["key"].n_unique() < ids.height:
        # Equal keys are looked at as texts, so a clash of keys never loses an event.
        fresh = ids["message_id"].is_first_distinct()
    earlier = state.of("seen", ids, "key")
    if not earlier.is_empty():
        known = ids.join(earlier, on=["key", "message_id"], how="semi")
        again = ids["message_id"].is_in(known["message_id"].implode())
        fresh = ~again if fresh is None else fresh & ~again
    if fresh is None:
        return raw, ids
    return raw.filter(fresh), ids.filter(fresh)


def _present(column: pl.Series) -> frozenset[str]:
    values = column.to_list() if len(column) < 1_000 else column.unique().to_list()
    return frozenset(value for value in values if value is not None)


def _typed(book: Book, raw: pl.DataFrame, state: State) -> pl.DataFrame:
    before = pl.lit(state.log, dtype=pl.Int64)
    made = raw.select(
        pl.max_horizontal(pl.col("timestamp").cum_max(), before).alias("log"),
        pl.when(pl.col("type") == "track").then(pl.col("event")).alias("event"),
        key(pl.col("userId"), "user").alias("user_key"),
        key(pl.col("anonymousId"), "anonymous").alias("anonymous_key"),
    )
    rest = [name for name in book.wanted if "." in name]
    if "previousId" in book.wanted:
        rest.append("previousId")
    return raw[["position", *_RENAMED, "type", *rest]].rename(_RENAMED).hstack(made)


_RENAMED = {
    "timestamp": "at",
    "messageId": "message_id",
    "userId": "user",
    "anonymousId": "anonymous",
}
