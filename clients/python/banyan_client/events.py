"""events: what customers did, sent in batches."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from banyan_client.requests import Requests

MOST_EVENTS = 500
MOST_BYTES = 400_000
"""Below the server's limit of 500 KB a batch."""


@dataclass(frozen=True)
class Refused:
    """An event that the server did not take, with a stable code and a sentence."""

    event: Mapping[str, Any]
    code: str
    sentence: str


class Events:
    """Collects events and sends them when there are enough, and at the end of the `with` block.

    Each event has a `messageId`, made here unless it is given, so that sending a batch again adds
    nothing twice. What was not taken stands in `refused`; a batch that could not be sent stays here
    for the next `flush`. Not to be shared by threads.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._waiting: list[dict[str, Any]] = []
        self._bytes = 0
        self.refused: list[Refused] = []

    def track(
        self,
        event: str,
        *,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> None:
        """Something happened, such as `Order Completed`. Raises Refusal, Unreachable."""
        self._add(
            {"type": "track", "event": event, "properties": dict(properties or {})},
            user_id=user_id,
            anonymous_id=anonymous_id,
            context=context,
            timestamp=timestamp,
            message_id=message_id,
        )

    def identify(
        self,
        user_id: str,
        traits: Mapping[str, Any],
        *,
        anonymous_id: str | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> None:
        """Something is known of a customer, such as an e-mail address."""
        self._add(
            {"type": "identify", "traits": dict(traits)},
            user_id=user_id,
            anonymous_id=anonymous_id,
            context=context,
            timestamp=timestamp,
            message_id=message_id,
        )

    def flush(self) -> None:
        """Send what waits. When it returns, what was taken is durable."""
        if not self._waiting:
            return
        reply = self._requests.post("batch", {"batch": self._waiting})
        sent, self._waiting, self._bytes = self._waiting, [], 0
        for error in reply.get("errors", ()):
            event = sent[error["index"]]
            self.refused.append(Refused(event, str(error["code"]), str(error["sentence"])))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()

    def _add(
        self,
        event: dict[str, Any],
        *,
        user_id: str | None,
        anonymous_id: str | None,
        context: Mapping[str, Any] | None,
        timestamp: datetime | None,
        message_id: str | None,
    ) -> None:
        at = timestamp or datetime.now(UTC)
        if at.tzinfo is None:
            raise ValueError("timestamp: needs a time zone, such as datetime.now(UTC)")
        named = {
            "userId": user_id,
            "anonymousId": anonymous_id,
            "context": dict(context) if context else None,
            "messageId": message_id or uuid.uuid4().hex,
            "timestamp": at.isoformat(),
        }
        event |= {name: value for name, value in named.items() if value is not None}
        size = len(json.dumps(event).encode())
        if self._waiting and self._bytes + size > MOST_BYTES:
            self.flush()
        self._waiting.append(event)
        self._bytes += size
        if len(self._waiting) >= MOST_EVENTS:
            self.flush()
