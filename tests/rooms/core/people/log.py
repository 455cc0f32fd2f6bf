"""A log to save people from: events go in at the door, the worker's part is `decided`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

import polars as pl

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.core.events.person import forget_at
from banyan.core.events.read import after
from banyan.core.people.save import save
from banyan.kernel.database import one_transaction

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_numbers = count(1)


def event(kind: str, user: str = "", **fields: object) -> dict[str, object]:
    """One public event, a minute after the one made before."""
    number = next(_numbers)
    made = {"type": kind, "messageId": f"m{number}", "timestamp": NOW.isoformat()}
    return made | ({"userId": user} if user else {}) | fields


def track(name: str, user: str = "", **properties: object) -> dict[str, object]:
    return event("track", user, event=name, properties=properties)


def identify(user: str, **traits: object) -> dict[str, object]:
    return event("identify", user, traits=traits)


def sent(*events: Mapping[str, object], at: datetime = NOW) -> list[int]:
    """Put events in the log; their positions."""
    accepted = [
        accept(dict(each), now=at + timedelta(hours=1), source="test", role="secret")
        for each in events
    ]
    assert all(isinstance(each, Incoming) for each in accepted), accepted
    return [one.position for one in append([a for a in accepted if isinstance(a, Incoming)])]


def batch(after_position: int = 0, limit: int = 10_000) -> pl.DataFrame:
    return after(after_position, limit)


def decided(events: pl.DataFrame) -> list[int]:
    """What the worker does with a batch, as far as people go; positions it emptied."""
    with one_transaction():
        barred = save(events)
        forget_at(barred)
    return barred


def happens(*events: Mapping[str, object], at: datetime = NOW) -> list[int]:
    """Events are sent and decided; their positions."""
    positions = sent(*events, at=at)
    decided(batch(positions[0] - 1))
    return positions
