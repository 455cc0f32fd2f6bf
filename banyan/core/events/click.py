"""click: the event of a followed referral link.

It is ours from the first letter, so it is written as it stands in the log instead of being read and
taken apart by the intake: links are followed thousands of times a second.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from banyan.core.events.incoming import Incoming
from banyan.kernel.sealing import token

NAME = "Referral Link Clicked"

_encoder = msgspec.json.Encoder()


def clicked(
    properties: Mapping[str, str], visitor: str, *, ip: str, agent: str, now: datetime
) -> Incoming:
    """A click by that visitor (an `anonymousId`), now; `properties` hold the link's `code`.

    `ip` and `agent` may be empty: then the log is told nothing of them. The address itself never
    enters it, only its token.
    """
    message_id = os.urandom(16).hex()
    event: dict[str, object] = {
        "type": "track",
        "event": NAME,
        "messageId": message_id,
        "anonymousId": visitor,
        "timestamp": now.astimezone(UTC).isoformat(),
        "properties": properties,
    }
    context = {"ip": masked_ip(ip), "userAgent": agent}
    if told := {name: value for name, value in context.items() if value}:
        event["context"] = told
    body = _encoder.encode(event).decode()
    return Incoming(message_id, "track", NAME, "", visitor, now, now, "click", body)


def masked_ip(address: str) -> str:
    """The token that stands for an IP address in the log; empty for none."""
    plain = address.strip().lower()
    return token(plain, purpose="ip") if plain else ""
