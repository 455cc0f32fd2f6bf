"""read: raw events become typed events with a position and a log time, or rejects.

An event is dropped, never the run: what cannot be used is a row of `rejects` with a code and a
sentence, and a `messageId` already used makes an event a silent duplicate. Neither moves log time.
"""

from __future__ import annotations

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import SCALE, Book
from banyan.engine.state import State, of

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


def read(
    book: Book, state: State, raw: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, State]:
    """Type, number and de-duplicate a batch.

    `raw` has the columns of `book.wanted` and `bad_json`; `position` when the caller numbers the
    events itself; `left_out` marks events that only keep their positions. Returns the events that count (`position`, `at`, `log`, `type`, `event`,
    `user`, `anonymous`, their keys, and every wanted property), the rejects (`position`,
    `message_id`, `code`) and the state with position, log time and message ids moved on.
    """
    if "position" not in raw.columns:
        first = state.position + 1
        raw = raw.with_columns(position=pl.int_range(first, first + pl.len(), dtype=pl.Int64))
    last = state.position if raw.is_empty() else int(raw["position"][-1])
    if "left_out" in raw.columns:
        raw = raw.filter(~pl.col("left_out"))
    faults = raw.select(position="position", message_id="messageId", code=_fault(book))
    bad = faults["code"].is_not_null()
    rejects = faults.filter(bad)
    if not rejects.is_empty():
        raw = raw.filter(~bad)
    raw, seen = _first_of_message(raw, state)
    events = _typed(book, raw, state)
    log = state.log if events.is_empty() else int(events["log"][-1])
    return events, rejects, state.plus(seen=seen).but(position=last, log=log)


def _fault(book: Book) -> pl.Expr:
    """The first failing check's code, in the order users meet them; null for a good event."""
    too_large = pl.any_horizontal(
        (pl.col(name) > LARGEST) | (pl.col(name) < -LARGEST) for name in book.too_large
    )
    return (
        pl.when(pl.col("bad_json"))
        .then(pl.lit("bad_json"))
        .when(pl.col("timestamp").is_null())
        .then(pl.lit("bad_timestamp"))
        .when(pl.col("userId").is_null() & pl.col("anonymousId").is_null())
        .then(pl.lit("no_id"))
        .when(~pl.col("type").is_in(TYPES).fill_null(False))
        .then(pl.lit("bad_type"))
        .when((pl.col("type") == "track") & pl.col("event").is_null())
        .then(pl.lit("no_event"))
        .when(too_large)
        .then(pl.lit("number_too_large"))
    )


def _first_of_message(raw: pl.DataFrame, state: State) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose message id was not used before, and the ids they use up."""
    ids = raw.select(
        message_id=pl.coalesce("messageId", pl.col("position").cast(pl.String)),
    ).with_columns(key=key(pl.col("message_id"), "message"))
    again = ids["key"].is_duplicated()
    fresh = ~again
    if again.any():
        # Equal keys are looked at as texts, so a clash of keys never loses an event.
        first = ids["message_id"].is_first_distinct()
        fresh = fresh | first
    earlier = of(state.seen, ids, "key")
    if not earlier.is_empty():
        known = ids.join(earlier, on=["key", "message_id"], how="semi")
        fresh = fresh & ~ids["message_id"].is_in(known["message_id"].implode())
    if fresh.all():
        return raw, ids
    return raw.filter(fresh), ids.filter(fresh)


def _typed(book: Book, raw: pl.DataFrame, state: State) -> pl.DataFrame:
    before = pl.lit(state.log, dtype=pl.Int64)
    rest = [name for name in book.wanted if "." in name]
    if "previousId" in book.wanted:
        rest.append("previousId")
    return raw.select(
        "position",
        pl.col("timestamp").alias("at"),
        pl.max_horizontal(pl.col("timestamp").cum_max(), before).alias("log"),
        pl.col("messageId").alias("message_id"),
        "type",
        pl.when(pl.col("type") == "track").then(pl.col("event")).alias("event"),
        pl.col("userId").alias("user"),
        pl.col("anonymousId").alias("anonymous"),
        key(pl.col("userId"), "user").alias("user_key"),
        key(pl.col("anonymousId"), "anonymous").alias("anonymous_key"),
        *rest,
    )

