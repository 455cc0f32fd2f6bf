"""facts: what a stretch of the log brought, as the worker has it at hand or the tables keep it."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from banyan.core.events import read as log
from banyan.core.ledger.frames import transfers_between
from banyan.core.referrals import frames
from banyan.engine.raw import from_lines
from banyan.engine.values import Kind

ORDERED, REFUNDED = "Order Completed", "Order Refunded"
CLICKED, SUBMITTED, SHARED = "Referral Link Clicked", "Referral Submitted", "Referral Shared"
ANSWERED = "NPS Answered"
SIGNED_UP, ACCOUNT_CREATED = "Signed Up", "Account Created"
_COUNTED = (ORDERED, REFUNDED, CLICKED, SUBMITTED, SHARED, ANSWERED, SIGNED_UP, ACCOUNT_CREATED)
PROPERTIES = ("currency", "order_id", "code", "program", "advocate", "channel", "script")
_WANTED: dict[str, Kind] = {
    "properties.total": "number",
    **dict.fromkeys((f"properties.{name}" for name in PROPERTIES), "text"),
}
_EVENT = ("position", "name", "user_id", "anonymous_id", "occurred_at", "body")


class Facts(NamedTuple):
    """Frames of everything in a stretch of positions. All but `events` are as published."""

    events: pl.DataFrame
    """Those that are counted and could be used: position, name, user_id, anonymous_id, occurred_at,
    body, total (scaled by 10^12), the texts of `PROPERTIES`, and whether it names a code that
    nobody has (`is_code_unknown`)."""
    referrals: pl.DataFrame
    touches_lost: pl.DataFrame
    stages: pl.DataFrame
    decisions: pl.DataFrame
    transfers: pl.DataFrame


def counted(events: pl.DataFrame, typed: pl.DataFrame, rejects: pl.DataFrame) -> pl.DataFrame:
    """Of a batch's events, with their typed columns row by row, those that figures count.

    An event with an unknown code counts all the same, but its click is none.
    """
    values = typed.select(
        pl.col(f"properties.{name}").alias(name) for name in ("total", *PROPERTIES)
    )
    rows = events.select(_EVENT).hstack(values).filter(pl.col("name").is_in(_COUNTED))
    if rejects.is_empty():
        return rows.with_columns(is_code_unknown=pl.lit(False))
    faults = rejects.select("position", fault="code")
    useless = pl.col("fault").is_not_null() & (
        (pl.col("fault") != "unknown_code") | (pl.col("name") == CLICKED)
    )
    named = rows.join(faults, on="position", how="left", maintain_order="left")
    unknown = (pl.col("fault") == "unknown_code").fill_null(False)
    return named.filter(~useless).with_columns(is_code_unknown=unknown).drop("fault")


def facts_between(after: int, upto: int) -> Facts:
    """What the log and the tables keep of the positions in (after, upto]."""
    events = log.after(after, upto - after)
    decisions = frames.decisions_between(after, upto)
    people = pl.concat([events["user_id"], decisions["friend"]]).drop_nulls().unique()
    return Facts(
        counted(events, typed(events["body"]), frames.rejects_between(after, upto)),
        frames.referrals_between(after, upto),
        frames.lost_between(after, upto),
        frames.stages_between(after, upto, people.to_list()),
        decisions,
        transfers_between(after, upto),
    )


def typed(bodies: pl.Series) -> pl.DataFrame:
    """The columns that figures read of events, row by row."""
    return from_lines("\n".join(bodies).encode(), _WANTED)
