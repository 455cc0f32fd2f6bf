"""commands: what a caller asks of the engine is an event; its answer is what the engine decided."""

from __future__ import annotations

from collections.abc import Mapping

from banyan.core.events.acts import append_one
from banyan.doors.api.gate import Call
from banyan.doors.api.problems import Trouble
from banyan.pipeline import wait

PATIENCE_S = 5.0
"""How long a request waits for the worker; its idempotency claim outlives that by far."""


def decided(
    call: Call, event: str, properties: Mapping[str, object], *, user_id: str | None = None
) -> int:
    """Append a track event and wait until the worker has decided it; its position.

    Without `user_id` it is an event of nobody: a person who rules on a decision has no part in the
    program. Raises Trouble `not_decided_yet`, after which the same request may be sent again.
    """
    who = {"userId": user_id} if user_id is not None else {"anonymousId": call.actor}
    said: dict[str, object] = {"type": "track", "event": event, **who}
    said["properties"] = {**properties, "actor": call.actor}
    position = append(call, said)
    if not wait.decided(position, timeout_s=PATIENCE_S):
        raise Trouble(
            "not_decided_yet",
            f"It stands in the log at position {position} and will be decided. Ask again with the "
            "same Idempotency-Key to learn the outcome.",
            headers={"Retry-After": "2"},
        )
    return position


def append(call: Call, event: Mapping[str, object]) -> int:
    """Append an event of this call, once for each idempotency key; its position."""
    named = {**event, "messageId": call.message_id}
    return append_one(call.actor, named, now=call.now).position
