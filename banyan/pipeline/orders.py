"""orders: what the staff orders of the engine is events in the log, with the audit's entry beside
them or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from banyan.core.events.acts import NotAccepted, append
from banyan.core.events.incoming import Incoming, Receipt
from banyan.core.events.intake import accept

PATIENCE_S = 3.0
"""How long a page waits for the worker before it shows that work is under way."""


@dataclass(frozen=True)
class Order:
    """One event to append. `message` names it for ever: a repetition changes nothing. Without a
    `user_id` it is an event of nobody: who rules on a decision has no part in the program."""

    event: str
    properties: Mapping[str, object]
    message: str
    user_id: str = ""


def place(actor: str, orders: Sequence[Order], *, now: datetime) -> list[Receipt]:
    """Append them all, in their order, in the caller's transaction, which must take the log's lock
    before any other (`locked_head`). Raises NotAccepted."""
    return append([_accepted(actor, one, now) for one in orders])


def _accepted(actor: str, order: Order, now: datetime) -> Incoming:
    who = {"userId": order.user_id} if order.user_id else {"anonymousId": actor}
    found = accept(
        {
            "type": "track",
            "event": order.event,
            "messageId": order.message,
            "timestamp": now.isoformat(),
            "properties": {**order.properties, "actor": actor},
            **who,
        },
        now=now,
        source=actor,
        role="secret",
    )
    if not isinstance(found, Incoming):
        raise NotAccepted(found)
    return found
