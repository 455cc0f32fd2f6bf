"""commands: what a caller asks of the engine is an event; its answer is what the engine decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from banyan.core.events.acts import append_one
from banyan.core.events.incoming import Receipt
from banyan.doors.api.gate import Call
from banyan.doors.api.problems import Trouble
from banyan.kernel.database import one_transaction
from banyan.pipeline import wait
from banyan.trust.audit.acts import record

PATIENCE_S = 5.0
"""How long a request waits for the worker; its idempotency claim outlives that by far."""


@dataclass(frozen=True)
class Act:
    """What the audit says of a command: the verb, about whom, and why."""

    verb: str
    about: str
    reason: str


def decided(
    call: Call,
    event: str,
    properties: Mapping[str, object],
    *,
    user_id: str | None = None,
    act: Act | None = None,
) -> int:
    """Append a track event and wait until the worker has decided it; its position.

    Without `user_id` it is an event of nobody: a person who rules on a decision has no part in the
    program. The audit's entry stands with the event or not at all. Raises Trouble
    `not_decided_yet`, after which the same request may be sent again.
    """
    who = {"userId": user_id} if user_id is not None else {"anonymousId": call.actor}
    said: dict[str, object] = {"type": "track", "event": event, **who}
    said["properties"] = {**properties, "actor": call.actor}
    position = append(call, said) if act is None else _on_record(call, said, act)
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
    return _appended(call, event).position


def _on_record(call: Call, event: Mapping[str, object], act: Act) -> int:
    with one_transaction():
        receipt = _appended(call, event)
        if not receipt.is_duplicate:
            told = {"position": receipt.position}
            record(call.actor, act.verb, act.about, now=call.now, after=told, reason=act.reason)
    return receipt.position


def _appended(call: Call, event: Mapping[str, object]) -> Receipt:
    return append_one(call.actor, {**event, "messageId": call.message_id}, now=call.now)
