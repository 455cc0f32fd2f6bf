"""news: what a batch decided, as messages to send once it stands; and what happened beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec
import polars as pl

from banyan.core.ledger.save import transfers_of
from banyan.engine.step import Outcomes
from banyan.growth.journeys.claims import Failure
from banyan.kernel.database import one_transaction, write
from banyan.pipeline.models import Cursor, Message
from banyan.pipeline.outbox.read import is_wanted
from banyan.pipeline.wait import cursor_position

NOTICE_FAILED = "notice.failed"
ALARM_OPENED = "alarm.opened"
ALARM_CLOSED = "alarm.closed"

_STAMP = "%Y-%m-%dT%H:%M:%S%.6fZ"


def save(outcomes: Outcomes, *, stages: pl.DataFrame, rulings: pl.DataFrame, now: datetime) -> None:
    """Write a message for everything that somebody outside may wait for, in log order.

    Nothing is written while nobody has asked for messages.
    """
    if not is_wanted():
        return
    parts = [part for part in _parts(outcomes, stages, rulings) if part.height]
    if parts:
        messages = pl.concat(parts).sort("position", maintain_order=True)
        stamp = pl.lit(now).cast(pl.Datetime("us", "UTC"))
        write("pipeline_message", messages.with_columns(created_at=stamp))


def of_failure(failure: Failure, *, position: int, now: datetime) -> None:
    """Write a message for a notice that reached nobody, if somebody outside waits for any."""
    if not is_wanted():
        return
    told = {
        "notice": failure.number,
        "kind": failure.kind,
        "user_id": failure.user_id or None,
        "channel": failure.channel or None,
        "reason": failure.reason,
    }
    # One that is sent again by hand may fail again.
    key = f"{failure.number}/{now:%Y%m%dT%H%M%S%f}"
    _write(NOTICE_FAILED, key, told, position=position, now=now)


def of_alarm(
    topic: str,
    *,
    number: int,
    kind: str,
    sentence: str,
    since: datetime,
    until: datetime | None,
    now: datetime,
) -> None:
    """Write a message that an alarm was opened, or is over (`until` then), if somebody outside
    waits for any."""
    if not is_wanted():
        return
    told = {"kind": kind, "sentence": sentence, "since": _stamped(since)}
    if until is not None:
        told["until"] = _stamped(until)
    _write(topic, str(number), told, position=cursor_position(), now=now)


def _write(
    topic: str, key: str, told: Mapping[str, object], *, position: int, now: datetime
) -> None:
    """Write one message from beside the line."""
    with one_transaction():
        # The worker holds this row while it writes. Otherwise a message with a lower number could
        # appear after a higher one was given out, and would be stepped over.
        list(Cursor.objects.select_for_update().filter(id=1))
        Message.objects.create(
            topic=topic,
            key=f"{topic}:{key}",
            position=position,
            payload=msgspec.json.encode(told).decode(),
            created_at=now,
        )


def _stamped(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _parts(
    outcomes: Outcomes, stages: pl.DataFrame, rulings: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    joined = outcomes.referrals.with_columns(position="join_position")
    friend = pl.format("{}/{}", "program", "friend")
    yield _messages(joined, pl.lit("referral.created"), friend)
    moved = pl.format("{}/{}/{}", "program", "friend", "stage")
    yield _messages(stages, pl.lit("referral.advanced"), moved)
    yield _messages(outcomes.decisions, pl.format("decision.{}", "outcome"), pl.col("decision_id"))
    ruled = pl.format("decision.{}", "verdict")
    yield _messages(rulings, ruled, pl.format("{}/{}", "decision_id", "position"))
    taken = pl.format("{}/{}", "decision_id", "position")
    yield _messages(outcomes.reversals, pl.lit("decision.reversed"), taken)
    if not outcomes.postings.is_empty():
        transfers = transfers_of(outcomes.postings).drop("place")
        yield _messages(transfers, _of_transfer(), pl.col("transfer_id"))


def _of_transfer() -> pl.Expr:
    """`wallet.granted`, `wallet.credited`, `wallet.spent` …, by its name."""
    name = pl.col("transfer_id")
    return (
        pl.when(pl.col("decision_id").is_null())
        .then(
            pl.when(name.str.starts_with("spend/"))
            .then(pl.lit("wallet.spent"))
            .when(name.str.starts_with("return/"))
            .then(pl.lit("wallet.returned"))
            .when(name.str.ends_with("/expiry"))
            .then(pl.lit("wallet.expired"))
            .otherwise(pl.lit("wallet.credited"))
        )
        .when(name.str.ends_with("/grant"))
        .then(pl.lit("wallet.granted"))
        .when(name.str.ends_with("/available"))
        .then(pl.lit("wallet.available"))
        .when(name.str.ends_with("/expiry"))
        .then(pl.lit("wallet.expired"))
        .otherwise(pl.lit("wallet.reversed"))
    )


def _messages(rows: pl.DataFrame, topic: pl.Expr, key: pl.Expr) -> pl.DataFrame:
    """A message a row: its columns are the payload. `key` is unique within its topic."""
    times = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Datetime)]
    told = rows.with_columns(pl.col(times).dt.strftime(_STAMP)) if times else rows
    return told.select(
        topic.alias("topic"),
        (topic + pl.lit(":") + key).alias("key"),
        "position",
        pl.struct(pl.all()).struct.json_encode().alias("payload"),
    )
