"""incoming: an event that was read and found good, before it stands in the log."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Incoming(msgspec.Struct, frozen=True):
    """One event as it will stand in the log; see `banyan.core.events.models.Event`."""

    message_id: str
    kind: str
    name: str
    user_id: str
    anonymous_id: str
    occurred_at: datetime
    received_at: datetime
    source: str
    body: str
    sealed: bytes | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why an event was not accepted: a stable code, and a sentence that says what would mend it."""

    code: str
    sentence: str


class Receipt(msgspec.Struct, frozen=True):
    """Where an event stands in the log. `is_duplicate`: its `messageId` was there before."""

    position: int
    message_id: str
    is_duplicate: bool
